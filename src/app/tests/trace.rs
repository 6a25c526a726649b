//! `T`: the trace beside the message pane.

use crate::app::Effect;
use crate::app::ScreenSettings;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::request::Slot;

use super::fake::Fake;
use super::screen::Screen;
use std::time::Duration;

/// Opens the trace of `account-1@2` in a stream of five messages.
fn traced(width: u16, height: u16) -> Screen {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), width, height);
    screen.go_to("account-1@2");
    screen.keys("T");
    screen
}

fn shown(screen: &Screen) -> i64 {
    screen.state.browser.message.head().expect("a message is shown").position
}

#[test]
fn the_tree_marks_the_given_message_and_the_message_pane_follows_the_selection() {
    let mut screen = traced(160, 45);
    let text = screen.text();
    assert!(text.contains("Trace") && text.contains("searched for effects"), "{text}");
    let marked: Vec<&str> = text.lines().filter(|line| line.contains('▶')).collect();
    assert!(marked.len() == 1 && marked[0].contains("account-1@2") && marked[0].contains("+1 s"), "{text}");
    assert_eq!(shown(&screen), 2);
    screen.down();
    assert_eq!(shown(&screen), 3);
    screen.keys("gj");
    assert_eq!(shown(&screen), 1);
    assert!(screen.text().contains("Message 1"), "{}", screen.text());
}

#[test]
fn esc_returns_to_the_selected_message_and_enter_goes_to_the_traced_one() {
    let mut screen = traced(160, 45);
    screen.down();
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(shown(&screen), 2);
    screen.keys("TG");
    screen.enter();
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.state.browser.focus, Pane::Messages);
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.position), Some(4));
}

#[test]
fn v_shows_streams_as_lanes() {
    let mut screen = traced(160, 45);
    screen.keys("v");
    let text = screen.text();
    assert!(text.contains("Trace · lanes") && text.contains("● "), "{text}");
    screen.down();
    assert_eq!(shown(&screen), 3);
    screen.keys("v");
    assert!(!screen.text().contains("lanes ─"), "{}", screen.text());
}

#[test]
fn the_message_pane_keeps_the_traced_message_while_newer_ones_are_followed() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account-1");
    screen.keys("F");
    screen.arrive("account-1", "Deposited");
    screen.keys("T");
    assert_eq!(shown(&screen), 5);
    screen.arrive("account-1", "Deposited");
    assert_eq!((shown(&screen), screen.selected()), (5, "account-1@5".to_owned()));
    assert!(screen.text().contains("PAUSED · +1 new"), "{}", screen.text());
    screen.esc();
    assert_eq!(shown(&screen), 6, "the list shows its newest message again");
    assert!(screen.state.is_live());
}

#[test]
fn closing_reads_only_the_message_that_is_shown_afterwards() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account-1");
    screen.keys("F");
    screen.arrive("account-1", "Deposited");
    screen.keys("Tk");
    screen.arrive("account-1", "Deposited");
    screen.asked.clear();
    screen.esc();
    assert_eq!(shown(&screen), 6);
    // A question that waits is replaced by the next one.
    let at_once = screen.asked.iter().filter(|asked| **asked == (Slot::Message, Duration::ZERO)).count();
    assert_eq!(at_once, 1, "{:?}", screen.asked);
}

#[test]
fn following_that_was_scrolled_or_paused_before_a_trace_stays_so_after_it() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account-1");
    screen.keys("FkT");
    screen.arrive("account-1", "Deposited");
    screen.esc();
    assert_eq!((screen.selected(), screen.state.is_live()), ("account-1@3".to_owned(), false));
    screen.keys("G T");
    screen.arrive("account-1", "Deposited");
    screen.esc();
    assert!(screen.text().contains("PAUSED · +1 new"), "{}", screen.text());
}

#[test]
fn the_help_of_a_trace_lists_its_keys_and_returns_to_it() {
    let mut screen = traced(160, 45);
    screen.down();
    screen.keys("?");
    let text = screen.text();
    assert!(
        text.contains("In a trace") && text.contains("lanes or tree") && text.contains("In every dialog"),
        "{text}"
    );
    assert!(!text.contains("Everywhere") && !text.contains("In the messages pane"), "{text}");
    screen.esc();
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::Trace(_))));
    assert!(!screen.text().contains("In a trace"));
    assert_eq!(shown(&screen), 3, "the selection is where it was");
    // Enter presses the selected key in the trace.
    screen.keys("?/lanes");
    screen.enter();
    assert!(screen.text().contains("Trace · lanes"), "{}", screen.text());
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn a_trace_goes_on_behind_its_help() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account-1@2");
    screen.hold = true;
    screen.keys("T?");
    screen.release();
    screen.keys("?");
    let text = screen.text();
    assert!(text.contains("searched for effects") && !text.contains("searching"), "{text}");
}

#[test]
fn closing_ends_the_search() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account-1@2");
    screen.hold = true;
    screen.keys("T");
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::Trace(_))));
    assert!(screen.text().contains("searching"), "{}", screen.text());
    screen.esc();
    assert!(screen.outside.contains(&Effect::Stop(Slot::Trace)));
}

#[test]
fn a_small_terminal_shows_the_trace_without_a_panic() {
    for (width, height) in [(80, 24), (40, 10), (20, 6), (1, 1)] {
        let mut screen = traced(width, height);
        screen.keys("jvj");
        let _ = screen.text();
    }
    // The messages come before the report of the search.
    for (width, height) in [(30, 7), (20, 5)] {
        let screen = traced(width, height);
        assert!(screen.text().contains('▶'), "{}", screen.text());
    }
}

#[test]
fn the_report_is_whole_if_there_is_room_and_a_search_does_not_move_the_messages() {
    let mut screen = traced(26, 45);
    let text: String = screen.text().chars().filter(|sign| !"┃│".contains(*sign)).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("positions 1 to 9; the rest was not searched"), "{}", screen.text());
    let messages = |screen: &Screen| match &screen.state.dialogs.open {
        Some(Dialog::Trace(trace)) => trace.layout(&screen.state.browser).messages,
        other => panic!("no trace: {other:?}"),
    };
    let small = traced(26, 10);
    assert!(small.text().contains("positions 1…"), "the rest is not shown: {}", small.text());
    let before = messages(&screen);
    screen.hold = true;
    screen.keys("+");
    assert!(screen.text().contains("searching"), "{}", screen.text());
    assert_eq!(messages(&screen), before);
}
