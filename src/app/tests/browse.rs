//! Panes, locations, paging, the omnibox and lost connections.

use crate::app::Effect;
use crate::app::browser::layout::Pane;
use crate::app::connection::Connection;
use crate::app::request::Slot;
use crate::store::StoreError;
use crossterm::event::KeyCode;
use jiff::Timestamp;

use super::fake::Fake;
use super::screen::Screen;

#[test]
fn a_category_whose_name_was_replaced_does_not_look_empty() {
    let mut fake = Fake::shop(1);
    fake.push("zebra\u{fffd}-1", "Opened", "{}", None);
    let mut screen = Screen::new(fake);
    // The server knows another name than the one that it showed.
    screen.fake.messages.pop();
    screen.keys("2G");
    let text = screen.text();
    assert_eq!(text.matches("UTF-8").count(), 2, "in both panes: {text}");
    assert!(!text.contains("No streams") && !text.contains("No messages"), "{text}");
}

#[test]
fn a_time_that_is_no_point_in_time_is_shown_as_it_is_stored() {
    let mut fake = Fake::default();
    for (time, flaw) in [(Timestamp::MAX, None), (Timestamp::MIN, None), (Timestamp::MIN, Some("its time is NULL"))] {
        fake.push("account-1", "Opened", "{}", None);
        let message = fake.messages.last_mut().expect("the message");
        (message.time, message.flaw) = (time, flaw.map(str::to_owned));
    }
    let mut screen = Screen::new(fake);
    screen.keys("4g");
    // The column of ages is narrower.
    for cells in [[" infinity  ", " -infinity  ", " NULL  "], ["infinity ", "-infini", "    NULL "]] {
        for (cell, shown) in cells.into_iter().zip(["infinity", "-infinity", "NULL"]) {
            let text = screen.text();
            assert!(text.lines().any(|line| line.contains("Opened") && line.contains(cell)), "{cell:?}: {text}");
            assert!(text.contains(&format!("time    {shown}")), "{text}");
            assert!(!text.contains("9999"), "{text}");
            screen.keys("j");
        }
        screen.keys("ttg");
    }
}

#[test]
fn selecting_a_category_shows_its_messages_without_enter() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("2j");
    assert_eq!(screen.selected(), "order-2@4");
    screen.keys("k");
    assert_eq!(screen.selected(), "account-2@4");
}

#[test]
fn enter_goes_deeper_and_esc_restores_the_cursor() {
    let mut screen = Screen::new(Fake::shop(3));
    for expected in [Pane::Categories, Pane::Streams, Pane::Messages, Pane::Message] {
        screen.enter();
        assert_eq!(screen.state.browser.focus, expected);
    }
    screen.esc();
    screen.keys("kk");
    let before = screen.selected();
    assert_eq!(before, "account-0@2");
    screen.esc();
    screen.keys("j");
    assert_eq!(screen.selected(), "account-1@4");
    screen.keys("k");
    assert_eq!(screen.selected(), before, "the cursor is restored");
}

#[test]
fn a_list_that_loads_after_its_pane_got_the_focus_is_shown() {
    for key in [KeyCode::Char('3'), KeyCode::Enter] {
        let mut screen = Screen::new(Fake::shop(3));
        screen.keys("2");
        screen.hold = true;
        screen.keys("j");
        screen.key(key);
        assert_eq!(screen.state.browser.focus, Pane::Streams);
        screen.release();
        assert!(screen.state.browser.messages.is_stream());
        assert_eq!(screen.selected(), "order-0@4");
    }
}

#[test]
fn outdated_answers_are_dropped() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("2");
    screen.hold = true;
    screen.keys("jkj");
    screen.release();
    assert_eq!(screen.selected(), "order-2@4");
    assert!(
        screen.state.browser.messages.window.rows().iter().all(|row| row.head.stream.category().as_str() == "order")
    );
}

#[test]
fn lists_load_by_pages_in_both_directions() {
    let mut fake = Fake::default();
    for _ in 0..5_000 {
        fake.append("ledger-main", "Posted");
    }
    let mut screen = Screen::new(fake);
    screen.keys("4");
    assert_eq!(screen.selected(), "ledger-main@4999");
    for _ in 0..200 {
        screen.key(KeyCode::PageUp);
    }
    assert_eq!(screen.selected(), "ledger-main@0");
    assert!(screen.state.browser.messages.window.len() <= crate::app::browser::window::CAPACITY);
    for _ in 0..200 {
        screen.key(KeyCode::PageDown);
    }
    assert_eq!(screen.selected(), "ledger-main@4999");
    screen.keys("g");
    assert_eq!(screen.selected(), "ledger-main@0");
    screen.keys("G");
    assert_eq!(screen.selected(), "ledger-main@4999");
}

#[test]
fn newest_first_reverses_the_list_and_keeps_the_selection() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    screen.keys("o");
    assert_eq!(screen.selected(), "account-1@2");
    screen.keys("j");
    assert_eq!(screen.selected(), "account-1@1");
    screen.keys("g");
    assert_eq!(screen.selected(), "account-1@4");
}

#[test]
fn the_omnibox_accepts_streams_positions_ids_and_times() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("order-1@3");
    assert_eq!(screen.selected(), "order-1@3");
    assert_eq!(screen.state.browser.focus, Pane::Messages);
    screen.go_to("00000000-0000-0000-0000-000000000001");
    assert_eq!(screen.selected(), "account-0@0");
    screen.keys("1");
    screen.go_to("7");
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.global_position), Some(7));
    screen.go_to("11:00:09");
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.global_position), Some(9));
    screen.go_to("order");
    assert_eq!(
        screen.state.browser.messages.key.as_ref().map(|list| format!("{:?}", list.scope)),
        Some("Category(Category(\"order\"))".to_owned())
    );
}

#[test]
fn the_omnibox_shows_its_interpretation_and_names_a_missing_stream() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys(":account-1@3");
    assert!(screen.text().contains("→ stream account-1 at position 3"), "{}", screen.text());
    screen.esc();
    screen.go_to("nowhere-1");
    assert!(screen.text().contains("no stream named nowhere-1 in namespace shop"), "{}", screen.text());
}

#[test]
fn going_to_a_stream_selects_it_in_the_left_panes() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("order-1");
    assert_eq!(
        screen.state.browser.categories.selection().map(|row| row.category.to_string()).as_deref(),
        Some("order")
    );
    assert_eq!(screen.state.browser.streams.of.as_ref().map(|of| of.category.to_string()).as_deref(), Some("order"));
}

#[test]
fn reconnects_after_a_lost_connection_and_keeps_the_location() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    let lost = || StoreError::Unavailable {
        target: "localhost".to_owned(),
        reason: "connection refused".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    screen.fake.fail.push((Slot::Count, lost()));
    screen.hold = true;
    screen.keys("#");
    assert!(screen.release_one(), "the count was asked for");
    assert!(matches!(screen.state.connection, Connection::Down { .. }));
    assert!(screen.text().contains("OFFLINE for 0s, retry in 1s"), "{}", screen.text());
    screen.release();
    assert!(matches!(screen.state.connection, Connection::Up(_)));
    assert_eq!(screen.selected(), "account-1@2");
}

#[test]
fn refused_credentials_are_not_retried() {
    let mut fake = Fake::shop(1);
    fake.fail.push((Slot::Server, StoreError::NoPermission("password authentication failed".to_owned())));
    let screen = Screen::new(fake);
    assert!(matches!(screen.state.connection, Connection::Refused { .. }));
    assert!(screen.held.is_empty());
}

#[test]
fn a_server_that_refused_and_then_answers_a_question_is_connected_again() {
    let mut fake = Fake::shop(1);
    fake.fail.push((Slot::Server, StoreError::NoPermission("password authentication failed".to_owned())));
    let mut screen = Screen::new(fake);
    assert!(screen.text().contains("REFUSED"), "{}", screen.text());
    screen.wait(1);
    // Creating a namespace asks the store whatever the header says.
    screen.keys("1anew");
    screen.enter();
    assert!(matches!(screen.state.connection, Connection::Up(_)));
    assert!(!screen.text().contains("REFUSED"), "{}", screen.text());
}

#[test]
fn esc_cancels_a_count_on_the_server_too() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4");
    screen.hold = true;
    screen.keys("#");
    let text = screen.text();
    assert!(text.contains("counting 0s (Esc stop)") && !text.contains("(Esc stop) messages"), "{text}");
    screen.esc();
    assert!(screen.outside.contains(&Effect::Stop(Slot::Count)));
}

#[test]
fn an_empty_namespace_explains_itself_and_names_the_next_key() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("1j");
    let text = screen.text();
    assert!(text.contains("No messages yet") && text.contains("w write"), "{text}");
}

#[test]
fn a_locator_opens_its_message() {
    let locator = crate::locator::Locator::parse("shop/order-1@3", None, super::fake::noon()).expect("a locator");
    let setup = crate::app::ScreenSettings { locator: Some(locator), ..Default::default() };
    let screen = Screen::with(Fake::shop(3), setup, 160, 45);
    assert_eq!(screen.selected(), "order-1@3");
}

#[test]
fn the_streams_pane_reaches_both_ends_with_a_bounded_list() {
    let mut screen = Screen::new(Fake::shop(2_500));
    screen.keys("2");
    screen.keys("3G");
    let selected = |screen: &Screen| screen.state.browser.streams.window.selection().map(|row| row.stream.to_string());
    assert_eq!(selected(&screen).as_deref(), Some("account-999"));
    assert_eq!(
        screen.state.browser.messages.selection().map(|head| head.stream.to_string()).as_deref(),
        Some("account-999")
    );
    let mut pages = 0;
    while selected(&screen).as_deref() != Some("account-0") {
        screen.key(KeyCode::PageUp);
        pages += 1;
        assert!(pages < 500, "the first stream is never reached");
        assert!(screen.state.browser.streams.window.len() <= crate::app::browser::window::CAPACITY);
    }
    assert!(screen.state.browser.streams.window.at_first);
    for _ in 0..pages {
        screen.key(KeyCode::PageDown);
    }
    assert_eq!(selected(&screen).as_deref(), Some("account-999"));
    screen.keys("g");
    assert_eq!(selected(&screen).as_deref(), Some("account-0"));
}

#[test]
fn reloading_the_streams_keeps_the_selection_and_redraws_the_screen() {
    let mut screen = Screen::new(Fake::shop(1_000));
    screen.go_to("account-500@2");
    screen.ctrl('r');
    assert!(screen.outside.contains(&Effect::Redraw));
    assert_eq!(
        screen.state.browser.streams.window.selection().map(|row| row.stream.to_string()).as_deref(),
        Some("account-500")
    );
    assert_eq!(screen.selected(), "account-500@2");
}

#[test]
fn a_move_while_the_list_reloads_is_kept() {
    let mut screen = Screen::new(Fake::shop(1));
    for position in 5..1_000 {
        screen.fake.push("account-0", "Deposited", &format!("{{\"amount\": {position}}}"), None);
    }
    screen.go_to("account-0@0");
    let reload_and = |screen: &mut Screen, keys: &str| {
        screen.hold = true;
        screen.ctrl('r');
        screen.keys(keys);
        screen.hold = false;
        screen.release();
        screen.selected()
    };
    assert_eq!(reload_and(&mut screen, "jj"), "account-0@2", "a row of the new page");
    assert_eq!(reload_and(&mut screen, "G"), "account-0@999", "the end, which the new page does not contain");
    assert_eq!(reload_and(&mut screen, "k"), "account-0@998", "a row before the end");
    assert_eq!(reload_and(&mut screen, "g"), "account-0@0");
    screen.go_to("account-0@500");
    screen.hold = true;
    screen.ctrl('r');
    for _ in 0..12 {
        screen.key(KeyCode::PageUp);
    }
    let far = screen.selected();
    screen.hold = false;
    screen.release();
    assert_eq!(screen.selected(), far, "a row that was loaded, outside the new page");
}

#[test]
fn the_messages_of_a_group_member_can_be_shown_and_followed() {
    let mut screen = Screen::new(Fake::shop(8));
    screen.go_to("account");
    screen.keys("M1:3");
    assert!(screen.text().contains("member 1 of 3 of category account"), "{}", screen.text());
    screen.enter();
    let group = crate::message::ConsumerGroup::new(1, 3).expect("a member");
    let rows = screen.state.browser.messages.window.rows();
    assert!(!rows.is_empty() && rows.iter().all(|row| group.has(row.head.stream.as_str())));
    assert!(screen.text().contains("member 1 of 3"), "{}", screen.text());
    screen.keys("F");
    assert!(screen.state.following.current.is_some());
    screen.keys("M3:3");
    assert!(screen.text().contains("must be less than the group size"), "{}", screen.text());
}

#[test]
fn a_key_while_the_list_loads_does_not_lose_the_target_of_the_omnibox() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to_stream_and_hold("account-1@2");
    screen.keys("k");
    screen.release();
    assert_eq!(screen.selected(), "account-1@2");
}

#[test]
fn esc_returns_from_the_omnibox_step_by_step() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("2");
    screen.keys("4kkk");
    let before = screen.selected();
    screen.go_to("order-2@1");
    screen.go_to("account-1@3");
    assert_eq!((screen.selected().as_str(), screen.state.browser.focus), ("account-1@3", Pane::Messages));
    screen.esc();
    assert_eq!(screen.selected(), "order-2@1");
    screen.esc();
    assert_eq!(screen.selected(), before);
    assert!(!screen.state.browser.messages.is_stream(), "the list of the category is shown again");
    screen.esc();
    assert_eq!(screen.state.browser.focus, Pane::Categories);
}

#[test]
fn esc_goes_one_pane_back_after_leaving_the_target_through_the_panes() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("order-2@1");
    screen.keys("3k4");
    screen.esc();
    assert_eq!(screen.state.browser.focus, Pane::Streams);
}

#[test]
fn the_omnibox_explains_targets_past_the_end() {
    let mut screen = Screen::new(Fake::shop(3));
    for (target, said) in [
        ("account-1@99", "account-1 ends at position 4. There is no position 99."),
        ("9999", "No global position 9999. The last message is at global position 30."),
        ("2030-01-01", "No message at or after 2030-01-01 00:00:00 UTC. This is the last one."),
    ] {
        screen.go_to(target);
        assert!(screen.text().contains(said), "{}", screen.text());
    }
}

#[test]
fn the_omnibox_centres_the_message() {
    let mut fake = Fake::default();
    for _ in 0..5_000 {
        fake.append("ledger-main", "Posted");
    }
    let mut screen = Screen::new(fake);
    screen.go_to("ledger-main@2500");
    let window = &screen.state.browser.messages.window;
    let below = window.selected() - window.top();
    assert!((10..30).contains(&below), "row {below} of the view");
}

#[test]
fn reordering_the_streams_keeps_the_selection() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("3j");
    assert_eq!(screen.selected(), "account-1@4");
    for _ in 0..2 {
        screen.keys("o");
        let highlighted = screen.state.browser.streams.window.selection().map(|row| row.stream.to_string());
        assert_eq!(highlighted.as_deref(), Some("account-1"), "the selection stays on its stream");
        assert_eq!(screen.selected(), "account-1@4");
    }
}

#[test]
fn the_reason_for_a_failed_first_connection_stays_on_screen() {
    type Error = fn() -> StoreError;
    let away: Error = || StoreError::Unavailable {
        target: "localhost".to_owned(),
        reason: "no route to host".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    let refused: Error = || StoreError::NoPermission("password authentication failed".to_owned());
    for (error, said) in [(away, "no route to host"), (refused, "password authentication failed")] {
        // The second attempt fails as well.
        let fail = [Slot::Server, Slot::Server, Slot::Namespaces].map(|slot| (slot, error())).into();
        let mut screen = Screen::new(Fake { fail, ..Fake::default() });
        assert!(screen.state.notices.log().iter().any(|notice| notice.text.contains(said)));
        screen.wait(60);
        let text = screen.text();
        assert!(text.contains("Not connected") && text.contains(said), "{text}");
    }
}

#[test]
fn a_list_that_fails_to_load_shows_the_error_and_does_not_look_empty() {
    let fail = [Slot::Categories, Slot::Messages];
    let refused = |slot| (slot, StoreError::NoPermission("no select on messages".to_owned()));
    let screen = Screen::new(Fake { fail: fail.map(refused).into(), ..Fake::shop(1) });
    let text = screen.text();
    assert!(text.contains("not allowed: no select on"), "{text}");
    assert!(!text.contains("w write the first") && !text.contains("No streams"), "{text}");
}

#[test]
fn categories_are_listed_before_their_estimates() {
    let mut screen = Screen::starting(Fake::shop(1));
    let estimates =
        |screen: &Screen| -> Vec<_> { screen.state.browser.categories.all().map(|row| row.estimate).collect() };
    while screen.state.browser.categories.is_empty() {
        assert!(screen.release_one(), "the names are asked for");
    }
    assert!(estimates(&screen).iter().all(Option::is_none));
    screen.release();
    assert!(estimates(&screen).iter().all(Option::is_some));
}

#[test]
fn dragging_a_border_resizes_and_selects_nothing() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut screen = Screen::new(Fake::shop(1));
    let border = screen.state.browser.layout().pane(Pane::Messages).x;
    let mut mouse = |kind, column| {
        let event = MouseEvent { kind, column, row: 10, modifiers: KeyModifiers::NONE };
        screen.send(crate::app::Event::Mouse(event));
    };
    mouse(MouseEventKind::Down(MouseButton::Left), border);
    mouse(MouseEventKind::Drag(MouseButton::Left), border + 15);
    assert_eq!(screen.state.browser.layout().pane(Pane::Messages).x, border + 15);
    assert_eq!(screen.state.browser.focus, Pane::Namespaces, "a click on a border selects no row");
}

#[test]
fn a_size_is_the_length_of_the_text_or_is_marked_as_stored() {
    let mut fake = Fake::default();
    let large = format!(r#"{{"text": "{}"}}"#, "x".repeat(422_000));
    fake.push("note-1", "Small", "{\"a\": 1}", None);
    fake.push("note-1", "Large", &large, Some("{}"));
    let mut screen = Screen::new(fake);
    screen.keys("3");
    screen.hold = true;
    screen.keys("4");
    screen.ctrl('r');
    while screen.state.requests.since(Slot::Messages).is_some() && screen.release_one() {}
    assert!(screen.text().contains("stored 38 kB"), "{}", screen.text());
    assert!(screen.text().contains(" 8 B"), "{}", screen.text());
    screen.release();
    let text = screen.text();
    assert!(
        text.contains("422 kB") && !text.contains("stored"),
        "the exact size is known once the message was read: {text}"
    );
    assert!(text.contains("data 422,012 bytes · metadata 2 bytes"), "{text}");
}

#[test]
fn a_list_of_a_deleted_namespace_says_so_before_the_words_of_the_server() {
    let mut screen = Screen::new(Fake::shop(2));
    let message = "relation \"eventodb_shop.messages\" does not exist".to_owned();
    screen.fake.fail.push((Slot::Messages, StoreError::Server { code: "42P01".to_owned(), message }));
    screen.keys("2");
    let text = screen.text();
    assert!(text.contains("the namespace was deleted or renamed, or is being restored: relation"), "{text}");
}

#[test]
fn whatever_waits_for_the_server_says_how_long() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    screen.hold = true;
    for (keys, waits) in [("T", "searching … 7s"), ("S", "@2 · "), ("1a", "working … 7s")] {
        screen.keys(keys);
        if keys == "1a" {
            screen.keys("new");
            screen.enter();
        }
        for _ in 0..7 {
            screen.wait(1);
        }
        let text = screen.text();
        let line = text.lines().find(|line| line.contains(waits)).unwrap_or_else(|| panic!("{waits}: {text}"));
        assert!(line.contains(" 7s"), "{line}");
        screen.esc();
    }
}
