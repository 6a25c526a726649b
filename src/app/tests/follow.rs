//! Following: the view, the counts, the side panes and the status of blocking transactions.

use std::sync::Arc;
use std::time::Duration;

use crate::app::request::Slot;
use crate::app::{Effect, Event};
use crate::store::StoreError;
use crate::store::tail::{BlockingTransaction, Doubt};

use super::fake::Fake;
use super::screen::Screen;

fn write(screen: &mut Screen, stream: &str) {
    screen.arrive(stream, "Deposited");
}

/// Returns the global positions of the last rows, the last one first.
fn newest(screen: &Screen, count: usize) -> Vec<i64> {
    screen.state.browser.messages.window.rows().iter().rev().take(count).map(|row| row.head.global_position).collect()
}

fn following() -> Screen {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4F");
    screen
}

#[test]
fn messages_that_arrive_while_the_list_loads_appear_exactly_once() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4");
    screen.hold = true;
    screen.keys("F");
    // The held answer is older than these messages.
    write(&mut screen, "account-0");
    write(&mut screen, "account-1");
    screen.release();
    assert_eq!(newest(&screen, 3), [32, 31, 30]);
    assert!(screen.state.is_live());
    // A reload while following already contains the message that following delivers afterwards.
    screen.hold = true;
    let message = screen.fake.push("account-2", "Deposited", "{}", None);
    screen.ctrl('r');
    screen.deliver(&message, false);
    screen.release();
    assert_eq!(newest(&screen, 3), [33, 32, 31]);
}

#[test]
fn following_goes_to_the_end_even_while_another_page_loads() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to_stream_and_hold("account-1@2");
    screen.keys("F");
    screen.release();
    assert_eq!(screen.selected(), "account-1@4");
    assert!(screen.state.is_live());
}

#[test]
fn following_a_filtered_list_shows_only_matches() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4&type:Refunded");
    screen.enter();
    screen.keys("F");
    screen.arrive("account-0", "Refunded");
    screen.arrive("account-0", "Deposited");
    screen.arrive("account-1", "Refunded");
    assert_eq!(screen.state.browser.messages.window.len(), 2);
    assert_eq!(screen.selected(), "account-1@5");
    // Removing the filter follows all messages.
    screen.esc();
    screen.arrive("account-2", "Deposited");
    assert_eq!(screen.selected(), "account-2@5");
}

#[test]
fn the_newest_message_is_selected_while_live() {
    let mut screen = following();
    write(&mut screen, "account-0");
    assert_eq!(screen.selected(), "account-0@5");
    assert!(screen.text().contains("FOLLOWING · 1.0/s"), "{}", screen.text());
    assert!(screen.text().contains("final to 31"), "{}", screen.text());
}

#[test]
fn nothing_moves_while_scrolled_up_and_new_messages_are_counted() {
    let mut screen = following();
    screen.keys("kkk");
    let (selected, top) = (screen.selected(), screen.state.browser.messages.window.top());
    for _ in 0..3 {
        write(&mut screen, "account-1");
    }
    assert_eq!(screen.selected(), selected);
    assert_eq!(screen.state.browser.messages.window.top(), top);
    assert!(screen.text().contains("+3 new"), "{}", screen.text());
    screen.keys("G");
    assert_eq!(screen.selected(), "account-1@7");
    assert!(screen.state.is_live());
}

#[test]
fn a_paused_screen_does_not_move_and_one_key_goes_live() {
    let mut screen = following();
    screen.keys(" ");
    write(&mut screen, "account-0");
    assert_eq!(screen.selected(), "order-2@4");
    assert!(screen.text().contains("PAUSED · +1 new"), "{}", screen.text());
    screen.keys(" ");
    assert_eq!(screen.selected(), "account-0@5");
}

#[test]
fn pausing_without_following_says_how_to_follow() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4 ");
    let text = screen.text();
    assert!(text.contains("Nothing is followed, so nothing can be paused. F follows the list."), "{text}");
}

#[test]
fn a_late_message_is_inserted_and_marked() {
    let mut screen = following();
    let late = screen.fake.push("account-0", "Deposited", "{}", None);
    let first = screen.fake.push("account-1", "Deposited", "{}", None);
    screen.deliver(&first, false);
    screen.deliver(&late, true);
    assert_eq!(newest(&screen, 2), [32, 31], "the rows are in order");
    assert!(screen.text().contains("1 late"), "{}", screen.text());
    assert_eq!(screen.selected(), "account-1@5", "the selection stays on its message");
}

#[test]
fn unloaded_rows_are_counted_and_can_be_reloaded() {
    let mut screen = following();
    for _ in 0..2_100 {
        write(&mut screen, "account-0");
    }
    assert_eq!(screen.state.browser.messages.window.len(), crate::app::browser::window::CAPACITY);
    let unloaded = screen.state.following.current.as_ref().expect("following").unloaded;
    assert_eq!(unloaded, 130);
    screen.keys("g");
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.global_position), Some(1));
}

#[test]
fn batches_of_an_earlier_following_are_dropped() {
    let mut screen = following();
    let message = screen.fake.push("account-0", "Deposited", "{}", None);
    let old = screen.followed.clone();
    screen.keys("F");
    assert_eq!(screen.outside.last(), Some(&Effect::StopFollowing));
    screen.keys("F");
    screen.followed = old;
    screen.deliver(&message, false);
    assert!(screen.state.following.current.as_ref().expect("following").rate(screen.now) < 0.1);
}

#[test]
fn the_rate_falls_to_zero() {
    let mut screen = following();
    write(&mut screen, "account-0");
    assert!(screen.state.animated());
    screen.wait(10);
    assert!(!screen.state.animated(), "an idle screen draws nothing");
    assert!(screen.text().contains("0.0/s"), "{}", screen.text());
}

#[test]
fn the_count_of_a_stream_includes_new_messages() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@4");
    assert!(screen.text().contains("5 of 5 "), "{}", screen.text());
    // Another program writes a message, which a reload shows. The next one arrives while following.
    screen.fake.push("account-1", "Deposited", "{}", None);
    screen.ctrl('r');
    assert!(screen.text().contains("6 of 6 "), "{}", screen.text());
    screen.keys("F");
    screen.arrive("account-1", "Deposited");
    assert!(screen.text().contains("7 of 7 "), "{}", screen.text());
    screen.keys(" ");
    screen.arrive("account-1", "Deposited");
    assert!(screen.text().contains("7 of 8 "), "{}", screen.text());
}

#[test]
fn an_estimate_includes_what_was_written_before_following_began() {
    let mut screen = Screen::new(Fake::shop(1));
    assert!(screen.text().contains("~10 messages"), "{}", screen.text());
    for _ in 0..5 {
        screen.fake.push("account-0", "Deposited", "{}", None);
    }
    screen.keys("F");
    assert!(screen.text().contains("~15 messages"), "{}", screen.text());
    screen.arrive("account-0", "Deposited");
    assert!(screen.text().contains("~16 messages"), "{}", screen.text());
}

#[test]
fn a_key_renews_the_estimate_after_a_while_and_never_an_exact_count() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.fake.push("account-0", "Deposited", "{}", None);
    screen.wait(60);
    assert!(screen.text().contains("~10 messages"), "{}", screen.text());
    screen.keys("k");
    assert!(screen.text().contains("~11 messages"), "{}", screen.text());
    screen.keys("4#");
    screen.fake.push("account-0", "Deposited", "{}", None);
    screen.wait(60);
    screen.keys("k");
    assert!(screen.text().contains("· 11 messages"), "{}", screen.text());
}

#[test]
fn only_a_late_message_turns_an_exact_count_into_an_estimate() {
    let mut screen = following();
    screen.keys("#");
    assert!(screen.text().contains(" · 30 messages"), "{}", screen.text());
    write(&mut screen, "account-0");
    assert!(screen.text().contains(" · 31 messages"), "{}", screen.text());
    let late = screen.fake.push("account-2", "Deposited", "{}", None);
    write(&mut screen, "account-0");
    assert!(screen.text().contains(" · 32 messages"), "{}", screen.text());
    screen.deliver(&late, true);
    assert!(screen.text().contains(" · ~33 messages"), "{}", screen.text());
}

#[test]
fn the_count_of_a_stream_excludes_deleted_messages() {
    let mut fake = Fake::shop(3);
    fake.messages.retain(|message| message.stream.as_str() != "account-1" || message.position >= 2);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@3");
    assert!(screen.text().contains("2 of 3 "), "{}", screen.text());
}

#[test]
fn the_toast_of_a_write_outlasts_the_toast_that_following_stopped() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("F");
    screen.keys("w");
    for text in ["account-1", "Opened"] {
        screen.keys(text);
        screen.key(crossterm::event::KeyCode::Down);
    }
    screen.ctrl('s');
    assert!(screen.text().contains("Written to account-1 at position 5"), "{}", screen.text());
    assert!(screen.state.following.current.is_none());
}

/// Returns the note that a side pane shows beside a name.
fn beside(screen: &Screen, name: &str) -> String {
    let text = screen.text();
    let of_name = |line: &&str| line.starts_with('│') || line.starts_with('┃');
    let mut cells = text
        .lines()
        .filter(of_name)
        .filter_map(|line| line.chars().skip(1).collect::<String>().split(['│', '┃']).next().map(str::to_owned));
    let row = cells.find(|cell| cell.trim_start_matches(['▌', '▏', ' ']).split_whitespace().next() == Some(name));
    row.unwrap_or_else(|| panic!("no {name} in\n{text}")).split_whitespace().last().unwrap_or_default().to_owned()
}

#[test]
fn the_side_panes_include_new_messages() {
    let mut screen = following();
    assert_eq!((beside(&screen, "account"), beside(&screen, "1")), ("~15".to_owned(), "v4".to_owned()));
    write(&mut screen, "account-1");
    write(&mut screen, "account-1");
    write(&mut screen, "order-0");
    assert_eq!((beside(&screen, "account"), beside(&screen, "1")), ("~17".to_owned(), "v6".to_owned()));
    assert_eq!(beside(&screen, "order"), "~16");
    // New categories and streams are inserted in order, and the selection stays.
    let selected = screen.state.browser.categories.selection().cloned().map(|row| row.category);
    write(&mut screen, "aardvark-1");
    write(&mut screen, "account-05");
    assert_eq!((beside(&screen, "aardvark"), beside(&screen, "05")), ("~1".to_owned(), "v0".to_owned()));
    assert_eq!(screen.state.browser.categories.selection().cloned().map(|row| row.category), selected);
    let names: Vec<&str> = screen.state.browser.streams.window.rows().iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["account-0", "account-05", "account-1", "account-2"]);
    // While paused, the list does not move, but the side panes are updated.
    screen.keys(" ");
    write(&mut screen, "account-1");
    assert_eq!(beside(&screen, "1"), "v7");
}

#[test]
fn streams_by_activity_include_new_messages() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("3o");
    let selected = screen.state.browser.streams.window.selection().cloned().map(|row| row.stream);
    screen.keys("14F");
    write(&mut screen, "account-0");
    write(&mut screen, "account-9");
    let names: Vec<&str> = screen.state.browser.streams.window.rows().iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["account-9", "account-0", "account-2", "account-1"]);
    assert_eq!(screen.state.browser.streams.window.selection().cloned().map(|row| row.stream), selected);
}

#[test]
fn the_side_panes_include_messages_written_just_before_following_began() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.fake.push("account-1", "Deposited", "{}", None);
    screen.keys("4F");
    assert_eq!(beside(&screen, "1"), "v5");
}

#[test]
fn the_first_category_of_a_namespace_appears_with_its_streams() {
    let mut screen = Screen::new(Fake::default());
    screen.keys("4F");
    write(&mut screen, "account-1");
    assert_eq!((beside(&screen, "account"), beside(&screen, "1")), ("~1".to_owned(), "v0".to_owned()));
}

#[test]
fn following_also_refreshes_the_other_rows_of_the_side_panes() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1");
    screen.keys("F");
    screen.fake.push("account-2", "Deposited", "{}", None);
    screen.fake.push("account-9", "Opened", "{}", None);
    screen.fake.push("order-0", "Opened", "{}", None);
    screen.fake.push("zebra-0", "Opened", "{}", None);
    // The panes were last read when following began.
    screen.wait(7);
    screen.asked.clear();
    screen.hold = true;
    write(&mut screen, "account-1");
    assert_eq!((beside(&screen, "2"), beside(&screen, "order")), ("v4".to_owned(), "~15".to_owned()));
    // Nothing else comes, so the panes are read as soon as it is time, and only once.
    write(&mut screen, "account-1");
    screen.keys("k");
    let waits = screen.asked.iter().filter(|(slot, _)| *slot == Slot::FreshCategories).map(|(_, after)| *after);
    assert_eq!(waits.collect::<Vec<_>>(), [Duration::from_secs(3)]);
    screen.release();
    assert_eq!([beside(&screen, "1"), beside(&screen, "2"), beside(&screen, "9")], ["v6", "v5", "v0"]);
    assert_eq!([beside(&screen, "order"), beside(&screen, "zebra")], ["~16", "~1"]);
    assert_eq!(screen.state.browser.streams.window.selection().map(|row| row.stream.as_str()), Some("account-1"));
}

#[test]
fn a_key_reads_the_side_panes_again_after_a_while_and_an_idle_screen_asks_nothing() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.fake.push("account-2", "Deposited", "{}", None);
    screen.wait(60);
    assert_eq!(beside(&screen, "2"), "v4");
    screen.keys("k");
    assert_eq!(beside(&screen, "2"), "v5");
    screen.fake.push("account-2", "Deposited", "{}", None);
    screen.keys("k");
    assert_eq!(beside(&screen, "2"), "v5", "not more often than every few seconds");
    // By activity, the list keeps its order up to date.
    screen.keys("3o");
    screen.fake.push("account-0", "Deposited", "{}", None);
    screen.wait(5);
    screen.keys("j");
    let names: Vec<&str> = screen.state.browser.streams.window.rows().iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["account-0", "account-2", "account-1"]);
}

#[test]
fn only_the_pane_whose_selection_is_shown_has_a_strong_marker() {
    let mut screen = Screen::new(Fake::shop(2));
    let text = screen.text();
    assert!(text.contains("▌shop") && !text.contains("▌account") && !text.contains("▏account"), "{text}");
    screen.keys("2");
    let text = screen.text();
    assert!(text.contains("▏shop") && text.contains("▌account ") && !text.contains("▌0 "), "{text}");
    screen.keys("34");
    let text = screen.text();
    assert!(text.contains("▏shop") && text.contains("▏account ") && text.contains("▌0 "), "{text}");
}

fn style_of(screen: &Screen, text: &str) -> ratatui::style::Style {
    let row = screen.text().lines().position(|line| line.contains(text)).expect("the text is on screen");
    let line = screen.text().lines().nth(row).expect("the row exists").to_owned();
    let column = line[..line.find(text).expect("the text is in the row")].chars().count();
    let terminal = screen.terminal();
    terminal.backend().buffer()[(u16::try_from(column).expect("a column"), u16::try_from(row).expect("a row"))].style()
}

#[test]
fn a_blocking_transaction_is_named_and_turns_the_status_amber_then_red() {
    use ratatui::style::Color;
    let mut screen = following();
    write(&mut screen, "account-0");
    assert_eq!(style_of(&screen, "FOLLOWING").fg, Some(Color::Green));
    let holder = BlockingTransaction {
        transaction: "3/14".to_owned(),
        pid: Some(4_711),
        since: screen.now - jiff::SignedDuration::from_secs(5),
        user: Some("loader".to_owned()),
        application: Some("nightly-import".to_owned()),
        state: Some("idle in transaction".to_owned()),
        query: Some("insert into messages values (\u{1b}[31m)".to_owned()),
    };
    let long = BlockingTransaction { query: Some(format!("select f('{}')", "x".repeat(300))), ..holder.clone() };
    screen.held_back(Some(long), 2);
    assert!(screen.text().contains("last query: select f('xxxxx"), "{}", screen.text());
    screen.held_back(Some(holder), 2);
    let waiting = "WAITING: blocked by PID 4711, open 5s";
    let details = "PID 4711 · nightly-import · idle in transaction · last query: insert into messages values (␛[31m)";
    assert!(screen.text().contains(waiting) && screen.text().contains(details), "{}", screen.text());
    assert!(screen.text().contains("lag 2000 ms"), "{}", screen.text());
    assert_eq!(
        (style_of(&screen, waiting).fg, style_of(&screen, details).fg),
        (Some(Color::Yellow), Some(Color::Yellow))
    );
    // The status changes with time, without a new batch.
    assert!(screen.state.animated());
    screen.wait(10);
    let stalled = "STALLED: blocked by PID 4711, open 15s";
    assert!(screen.text().contains(stalled) && screen.text().contains("lag 12 s"), "{}", screen.text());
    assert_eq!((style_of(&screen, stalled).fg, style_of(&screen, details).fg), (Some(Color::Red), Some(Color::Red)));
    screen.held_back(None, 0);
    assert!(!screen.text().contains("STALLED") && !screen.text().contains("nightly-import"), "{}", screen.text());
    assert_eq!(style_of(&screen, "FOLLOWING").fg, Some(Color::Green));
}

#[test]
fn a_server_that_does_not_answer_turns_the_footer_amber_and_then_red_until_it_does() {
    use ratatui::style::Color;
    let mut screen = following();
    let generation = screen.followed.as_ref().expect("following").0;
    let since = Some(screen.now - jiff::SignedDuration::from_secs(4));
    screen.send(Event::FollowUnanswered { generation, since });
    let waiting = "WAITING: no answer for 4s";
    assert_eq!(style_of(&screen, waiting).fg, Some(Color::Yellow));
    assert!(!screen.text().contains("FOLLOWING"), "{}", screen.text());
    assert!(screen.state.animated(), "the status changes with time");
    screen.wait(8);
    assert_eq!(style_of(&screen, "STALLED: no answer for 12s").fg, Some(Color::Red));
    screen.send(Event::FollowUnanswered { generation: generation - 1, since: None });
    assert!(screen.text().contains("STALLED"), "a report of an earlier following changes nothing");
    screen.send(Event::FollowUnanswered { generation, since: None });
    assert_eq!(style_of(&screen, "FOLLOWING").fg, Some(Color::Green));
    screen.send(Event::FollowUnanswered { generation, since });
    write(&mut screen, "account-0");
    assert_eq!(style_of(&screen, "FOLLOWING").fg, Some(Color::Green));
}

#[test]
fn the_blocking_transaction_is_described_as_far_as_the_role_may_see_it() {
    let mut screen = following();
    let holder = BlockingTransaction {
        transaction: "3/14".to_owned(),
        pid: Some(4_711),
        since: screen.now,
        user: None,
        application: None,
        state: None,
        query: None,
    };
    screen.held_back(Some(holder.clone()), 2);
    let text = screen.text();
    assert!(text.contains("PID 4711 · this role may not see its application and query"), "{text}");
    screen.held_back(Some(BlockingTransaction { pid: None, application: Some("tx-7".to_owned()), ..holder }), 2);
    assert!(screen.text().contains("a prepared transaction · tx-7"), "{}", screen.text());
    // Nothing of it is logged.
    assert!(screen.state.notices.log().iter().all(|notice| !notice.text.contains("4711")));
}

#[test]
fn the_status_warns_that_late_messages_may_be_missed() {
    let mut screen = following();
    screen.doubted(vec![Doubt::Subscribed, Doubt::Trigger("renumbers".to_owned())]);
    let told = "subscription, trigger sets positions: late messages may be missed";
    assert!(screen.text().contains(told), "{}", screen.text());
}

#[test]
fn a_replaced_store_is_reported_and_its_messages_are_shown() {
    let mut screen = following();
    screen.fake.messages.clear();
    let first = screen.fake.push("account-9", "Refilled", "{}", None);
    screen.replaced(&[first]);
    assert!(screen.text().contains("emptied, restored or failed over"), "{}", screen.text());
    assert_eq!(screen.state.browser.messages.window.len(), 1);
    assert_eq!(screen.selected(), "account-9@0");
}

#[test]
fn the_newest_body_is_read_once_messages_pause() {
    let mut screen = following();
    screen.asked.clear();
    write(&mut screen, "account-0");
    let [(Slot::Message, delay)] = screen.asked[..] else { panic!("{:?}", screen.asked) };
    assert!(delay > Duration::ZERO);
    // A selection that a key moves is read at once.
    screen.asked.clear();
    screen.keys("k");
    screen.asked.retain(|(slot, _)| *slot != Slot::Relations);
    assert_eq!(screen.asked, [(Slot::Message, Duration::ZERO)]);
}

#[test]
fn an_unfollowed_list_asks_nothing_while_nobody_acts() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4");
    screen.asked.clear();
    screen.outside.clear();
    for _ in 0..600 {
        screen.wait(1);
    }
    assert_eq!((screen.asked, screen.outside), (vec![], vec![]));
}

#[test]
fn an_error_that_keeps_interrupting_following_is_logged_once() {
    let mut screen = following();
    let generation = screen.followed.as_ref().expect("following").0;
    let logged = |screen: &Screen| {
        screen.state.notices.log().iter().filter(|notice| notice.text.starts_with("Following interrupted")).count()
    };
    let fails = |screen: &mut Screen, error| screen.send(Event::FollowFailed { generation, error: Arc::new(error) });
    for _ in 0..3 {
        fails(&mut screen, StoreError::NamespaceNotFound("shop".to_owned()));
    }
    assert_eq!(logged(&screen), 1);
    fails(&mut screen, StoreError::NoPermission("denied".to_owned()));
    assert_eq!(logged(&screen), 2, "another error is news");
}

#[test]
fn esc_leaves_the_list_in_spite_of_a_toast() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    let kept = screen.state.browser.messages.key.clone();
    screen.go_to("order-1");
    screen.keys("FF");
    assert!(screen.state.notices.showing(), "{}", screen.text());
    screen.esc();
    assert_eq!(screen.state.browser.messages.key, kept);
    assert!(!screen.state.notices.showing());
}

#[test]
fn the_lag_of_an_old_message_is_not_shown() {
    let mut screen = following();
    write(&mut screen, "account-0");
    assert!(screen.text().contains(" · lag "), "{}", screen.text());
    let generation = screen.followed.as_ref().expect("following").0;
    screen.send(Event::FollowUnanswered { generation, since: Some(screen.now) });
    assert!(!screen.text().contains(" · lag "), "{}", screen.text());
    screen.send(Event::FollowUnanswered { generation, since: None });
    assert!(screen.text().contains(" · lag "), "{}", screen.text());
    screen.wait(6);
    assert!(!screen.text().contains(" · lag "), "{}", screen.text());
}
