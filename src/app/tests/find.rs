//! Finding in a pane, filtering on the server, the palette, copying and help.

use crate::app::Effect;
use crate::app::browser::layout::Pane;
use crate::app::request::Slot;
use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;

#[test]
fn find_selects_the_nearest_match_while_typing_and_esc_returns() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@4");
    screen.keys("/withdr");
    assert_eq!(screen.selected(), "account-1@2");
    screen.esc();
    assert_eq!(screen.selected(), "account-1@4");
    screen.keys("/opened");
    screen.enter();
    assert_eq!(screen.selected(), "account-1@0");
    assert!(screen.text().contains("1 match in 5 loaded rows"), "{}", screen.text());
}

#[test]
fn next_and_previous_match_wrap_around() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4g/Closed");
    screen.enter();
    let first = screen.selected();
    screen.keys("n");
    let second = screen.selected();
    assert_ne!(first, second);
    screen.keys("N");
    assert_eq!(screen.selected(), first);
}

#[test]
fn a_filter_shows_its_matches_and_the_number_of_messages_searched() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4&type:Withdrawn");
    screen.enter();
    let rows = screen.state.browser.messages.window.rows();
    assert_eq!(rows.len(), 6);
    assert!(rows.iter().all(|row| row.head.message_type == "Withdrawn"));
    assert!(screen.text().contains("6 matches · all 30 messages searched"), "{}", screen.text());
    screen.esc();
    assert_eq!(screen.state.browser.messages.window.len(), 30);
    assert!(screen.selected().ends_with("@2"), "the match stays selected: {}", screen.selected());
}

#[test]
fn a_filter_searches_in_steps_and_esc_stops_it() {
    let mut fake = Fake::default();
    for _ in 0..60_000 {
        fake.append("ledger-main", "Posted");
    }
    let mut screen = Screen::new(fake);
    screen.keys("4");
    screen.hold = true;
    screen.keys("&type:Missing");
    screen.enter();
    for _ in 0..2 {
        assert!(screen.release_one(), "there is another step");
    }
    assert!(screen.text().contains("40,000 of ~60,000 searched"), "{}", screen.text());
    screen.esc();
    assert!(screen.outside.contains(&Effect::Stop(crate::app::request::Slot::Messages)));
    screen.release();
    assert!(screen.text().contains("No match · 40,000 messages searched"), "{}", screen.text());
}

#[test]
fn an_invalid_filter_is_not_sent() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("4&since:nonsense");
    screen.enter();
    assert!(screen.text().contains("\"nonsense\" is not a time"), "{}", screen.text());
}

#[test]
fn the_palette_runs_an_action_by_name() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.ctrl('p');
    screen.keys("newest");
    screen.enter();
    assert!(screen.state.browser.messages.newest_first || screen.state.browser.focus == Pane::Streams);
}

#[test]
fn copies_the_raw_text() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("yd");
    let Some(Effect::Copy { text, .. }) = screen.outside.last() else { panic!("nothing was copied") };
    assert!(text.contains("12345678901234567890123") && text.contains("1.10"), "{text}");
    screen.keys("yc");
    let Some(Effect::Copy { text, .. }) = screen.outside.last() else { panic!("nothing was copied") };
    assert_eq!(text, "streamscope -n shop get account-1 --from 2 --limit 1");
    screen.state.settings.to_connect = vec!["--url".to_owned(), "host=db user=ada".to_owned()];
    for (keys, command) in
        [("yc", "get account-1 --from 2 --limit 1"), ("yl", "get account-1"), ("3yc", "get account-1")]
    {
        screen.keys(keys);
        let Some(Effect::Copy { text, .. }) = screen.outside.last() else { panic!("nothing was copied") };
        assert_eq!(*text, format!("streamscope --url 'host=db user=ada' -n shop {command}"));
    }
    screen.keys("y");
    assert!(screen.text().contains("streamscope … -n shop get account-1"), "{}", screen.text());
}

#[test]
fn the_command_of_the_filtered_list_can_be_copied_from_its_messages() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("&type:Deposited");
    screen.enter();
    for pane in ["4", "5"] {
        screen.keys(pane);
        screen.keys("yl");
        let Some(Effect::Copy { text, .. }) = screen.outside.last() else { panic!("nothing was copied") };
        assert_eq!(text, "streamscope -n shop tail account --from start --until now --type Deposited");
    }
}

#[test]
fn help_shows_the_live_key_map() {
    let mut setup = crate::app::ScreenSettings::default();
    let keys = ["Q".parse().expect("a key")];
    setup.keymap.rebind(crate::app::keymap::Context::Anywhere, crate::app::keymap::Action::Follow, &keys);
    let mut screen = Screen::with(Fake::shop(1), setup, 100, 70);
    screen.keys("?");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("Follow new messages")).expect("follow is listed");
    assert!(line.contains("Q "), "{line}");
    // The keys of dialogs have columns, too.
    screen.keys("/in a trace");
    let text = screen.text();
    let column = |title: &str| {
        let line = text.lines().find(|line| line.contains(title)).expect("the keys of a trace are listed");
        line.find(title).map(|at| line[..at].chars().count())
    };
    assert_eq!(column("lanes or tree"), column("next message"), "{text}");
}

#[test]
fn esc_removes_the_filter_while_an_estimate_is_pending() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4&type:Deposited");
    screen.enter();
    screen.hold = true;
    screen.ctrl('r');
    while screen.state.requests.since(Slot::Messages).is_some() {
        assert!(screen.release_one(), "the search ends");
    }
    assert!(screen.state.requests.since(Slot::Count).is_some(), "the estimate is pending");
    screen.esc();
    assert!(!screen.state.browser.messages.is_filtered(), "{}", screen.text());
}

#[test]
fn a_search_without_a_match_restores_the_selection() {
    let mut screen = Screen::new(Fake::shop(30));
    screen.keys("4");
    screen.key(KeyCode::PageUp);
    screen.keys("k");
    let view = |screen: &Screen| (screen.selected(), screen.state.browser.messages.window.top());
    let before = view(&screen);
    screen.keys("/opened");
    assert_ne!(view(&screen), before, "a part of the text matches elsewhere");
    screen.keys("x");
    assert_eq!(view(&screen), before);
    assert!(screen.text().contains("No match in the "), "{}", screen.text());
    screen.esc();
    assert_eq!(view(&screen), before);
    for pane in ["1", "2", "3"] {
        screen.keys(pane);
        screen.down();
        let before = screen.text();
        screen.keys("/a-no-such-name");
        screen.enter();
        screen.esc();
        assert_eq!(screen.text(), before);
    }
}

#[test]
fn enter_without_a_match_searches_the_server() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4&type:Opened,Closed");
    screen.enter();
    screen.keys("/it's not there");
    screen.enter();
    let messages = &screen.state.browser.messages;
    assert_eq!(messages.filter.text.as_deref(), Some("it's not there"));
    assert_eq!(messages.filter.types, ["Opened", "Closed"]);
    assert_eq!(messages.filter_text, "type:Opened,Closed text:\"it's not there\"");
    assert!(screen.state.browser.find_text().is_empty() && screen.state.dialogs.open.is_none());
}

#[test]
fn the_last_match_offers_the_server_before_the_search_wraps() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4g/Closed");
    screen.enter();
    screen.keys("nnnnn");
    let last = screen.selected();
    screen.keys("n");
    assert_eq!(screen.selected(), last);
    assert!(screen.text().contains("Last match in 30 loaded messages. Press Enter"), "{}", screen.text());
    screen.keys("n");
    assert_ne!(screen.selected(), last, "it wraps");
    screen.keys("N");
    assert!(screen.text().contains("First match in 30 loaded messages"), "{}", screen.text());
    screen.keys("k");
    screen.enter();
    assert!(!screen.state.browser.messages.is_filtered(), "another key drops the offer");
    screen.keys("4N");
    screen.enter();
    assert_eq!(screen.state.browser.messages.filter.text.as_deref(), Some("Closed"));
}

#[test]
fn a_search_in_a_message_without_a_match_restores_the_selection() {
    let mut screen = Screen::with(Fake::shop(2), crate::app::ScreenSettings::default(), 100, 14);
    screen.go_to("account-1@2");
    screen.keys("5jjj");
    let before = (screen.state.browser.message.selected(), screen.state.browser.message.top());
    screen.keys("/causation");
    assert_ne!(screen.state.browser.message.selected(), before.0);
    screen.keys("xyz");
    assert_eq!((screen.state.browser.message.selected(), screen.state.browser.message.top()), before);
}

#[test]
fn shows_the_number_of_matches_only_for_the_rows_searched() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1");
    screen.keys("/opened");
    screen.enter();
    assert!(screen.text().contains("1 match in 5 loaded rows"), "{}", screen.text());
    screen.keys("3");
    assert!(!screen.text().contains("loaded"), "another pane: {}", screen.text());
    screen.keys("4");
    assert!(screen.text().contains("1 match in 5 loaded rows"), "{}", screen.text());
    screen.keys("F");
    screen.arrive("account-1", "Opened");
    assert!(!screen.text().contains("loaded"), "another row: {}", screen.text());
    screen.keys("n");
    assert!(screen.text().contains("2 matches in 6 loaded rows"), "{}", screen.text());
    screen.esc();
    assert!(!screen.text().contains("loaded"), "Esc ends the search: {}", screen.text());
    screen.keys("/opened");
    screen.enter();
    screen.go_to("account-2");
    assert!(!screen.text().contains("loaded"), "another list: {}", screen.text());
}

#[test]
fn a_letter_of_the_copy_menu_that_has_nothing_to_copy_says_so() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("4yv");
    assert!(screen.text().contains("No value to copy from this pane."), "{}", screen.text());
    assert!(screen.state.dialogs.open.is_some(), "the menu stays open");
    screen.esc();
    // In a side pane, the command of the list is the only command.
    screen.keys("2yl");
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.outside.iter().any(|effect| matches!(effect, Effect::Copy { .. })));
}
