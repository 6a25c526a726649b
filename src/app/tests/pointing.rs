//! The mouse in dialogs: a click selects what is drawn under the pointer, another one accepts it, and the wheel moves
//! the selection.

use std::path::PathBuf;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::fake::Fake;
use super::screen::Screen;
use crate::app::browser::list_key::ListKey;
use crate::app::connections::{Choice, ConnectTo, Connections};
use crate::app::dialogs::Dialog;
use crate::app::{Effect, Event, ScreenSettings};

fn send(screen: &mut Screen, kind: MouseEventKind, column: usize, row: usize) {
    let cell = |number: usize| u16::try_from(number).expect("a cell");
    let event = MouseEvent { kind, column: cell(column), row: cell(row), modifiers: KeyModifiers::NONE };
    screen.send(Event::Mouse(event));
}

/// Clicks on the last place of a text on the screen.
fn click(screen: &mut Screen, text: &str) {
    let drawn = screen.text();
    let mut lines = drawn.lines().enumerate().collect::<Vec<_>>().into_iter().rev();
    let place = lines.find_map(|(row, line)| Some((line[..line.find(text)?].chars().count(), row)));
    let (column, row) = place.unwrap_or_else(|| panic!("no {text}: {drawn}"));
    send(screen, MouseEventKind::Down(MouseButton::Left), column, row);
}

#[test]
fn a_click_selects_a_bookmark_and_another_goes_there() {
    let mut screen = Screen::new(Fake::shop(30));
    for number in 0..25 {
        screen.go_to(&format!("account-{number}"));
        screen.keys("b");
    }
    screen.keys("'");
    // The list scrolls, and a click is on what is drawn.
    for _ in 0..20 {
        send(&mut screen, MouseEventKind::ScrollDown, 50, 12);
    }
    click(&mut screen, "› account-9");
    assert!(screen.state.dialogs.open.is_some());
    click(&mut screen, "› account-9");
    assert!(screen.state.dialogs.open.is_none());
    let shown = screen.state.browser.messages.key.as_ref().map(ListKey::as_text);
    assert_eq!(shown.as_deref(), Some("shop › account-9"));
}

#[test]
fn a_click_selects_a_connection_and_another_connects() {
    let choice = |to: ConnectTo, detail: &str| Choice { to, detail: detail.to_owned() };
    let choices = vec![
        choice(ConnectTo::Profile("staging".to_owned()), "app@staging/shop"),
        choice(ConnectTo::Service("billing".to_owned()), "app@billing/billing"),
    ];
    let connections = Connections { choices, default_store: Some(PathBuf::from("/store")), were_offered: true };
    let settings = ScreenSettings { connections, ..ScreenSettings::default() };
    let mut screen = Screen::with(Fake::shop(1), settings, 100, 30);
    screen.keys("O");
    click(&mut screen, "URL:");
    assert!(screen.text().contains("▌URL:"), "{}", screen.text());
    click(&mut screen, "service billing");
    assert!(!screen.text().contains("▌URL:"), "{}", screen.text());
    let attempts = |screen: &Screen| -> Vec<ConnectTo> {
        let attempt = |effect: &Effect| match effect {
            Effect::Connect(to) => Some(to.clone()),
            _ => None,
        };
        screen.outside.iter().filter_map(attempt).collect()
    };
    assert!(attempts(&screen).is_empty());
    click(&mut screen, "service billing");
    assert_eq!(attempts(&screen), [ConnectTo::Service("billing".to_owned())]);
}

fn wheel(screen: &mut Screen, kind: MouseEventKind, notches: usize) {
    for _ in 0..notches {
        send(screen, kind, 50, 12);
    }
}

#[test]
fn a_click_selects_a_column_and_another_hides_it() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys(",");
    click(&mut screen, "[x] type");
    assert!(screen.text().contains("[x] type"), "the first click only selects: {}", screen.text());
    click(&mut screen, "[x] type");
    assert!(screen.text().contains("[ ] type"), "{}", screen.text());
    wheel(&mut screen, MouseEventKind::ScrollUp, 2);
    screen.keys(" ");
    assert!(screen.text().contains("[x] age"), "two above the type: {}", screen.text());
}

#[test]
fn clicks_reach_every_column_on_a_low_terminal() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 60, 12);
    screen.keys(",");
    assert!(!screen.text().contains("] data"), "the list scrolls: {}", screen.text());
    wheel(&mut screen, MouseEventKind::ScrollDown, 20);
    click(&mut screen, "] data");
    assert!(screen.text().contains("[ ] data"), "{}", screen.text());
}

#[test]
fn a_click_selects_what_to_copy_and_another_copies_it() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    screen.keys("y");
    click(&mut screen, "stream name");
    assert!(screen.state.dialogs.open.is_some());
    click(&mut screen, "stream name");
    assert!(screen.state.dialogs.open.is_none());
    let copied = |screen: &Screen| match screen.outside.last() {
        Some(Effect::Copy { text, .. }) => text.clone(),
        other => panic!("nothing was copied: {other:?}"),
    };
    assert_eq!(copied(&screen), "account-1");
    // Keys select as well.
    screen.keys("y");
    screen.down();
    screen.down();
    screen.enter();
    assert_eq!(copied(&screen), screen.state.browser.messages.selection().expect("a message").id.to_string());
}

#[test]
fn the_wheel_and_the_scrollbar_scroll_a_comparison() {
    let mut fake = Fake::default();
    let data =
        |value: i64| format!("{{{}}}", (0..40).map(|n| format!("\"v{n}\": {value}")).collect::<Vec<_>>().join(","));
    fake.push("account-1", "Opened", &data(1), None);
    fake.push("account-1", "Opened", &data(2), None);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@0");
    screen.keys("m");
    screen.down();
    screen.keys("=");
    assert!(screen.text().contains("~ $.v0 ") && !screen.text().contains("~ $.v39"), "{}", screen.text());
    wheel(&mut screen, MouseEventKind::ScrollDown, 100);
    assert!(screen.text().contains("~ $.v39"), "{}", screen.text());
    wheel(&mut screen, MouseEventKind::ScrollUp, 100);
    assert!(screen.text().contains("~ $.v0 "), "{}", screen.text());
    let area = screen.state.browser.area;
    let last = (usize::from(area.width) - 1, usize::from(area.height) - 2);
    send(&mut screen, MouseEventKind::Down(MouseButton::Left), last.0, last.1);
    assert!(screen.text().contains("~ $.v39"), "{}", screen.text());
}

#[test]
fn a_click_selects_a_message_of_a_trace_and_another_goes_there() {
    for lanes in ["", "v"] {
        let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
        screen.go_to("account-1@2");
        screen.keys("T");
        screen.keys(lanes);
        let shown = |screen: &Screen| screen.state.browser.message.head().map(|head| head.position);
        let rows = |screen: &Screen| match &screen.state.dialogs.open {
            Some(Dialog::Trace(dialog)) => dialog.layout(&screen.state.browser).messages,
            _ => panic!("no trace"),
        };
        let list = rows(&screen);
        let (column, last) = (usize::from(list.x), usize::from(list.y) + 4);
        send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, last);
        assert_eq!(shown(&screen), Some(4), "{}", screen.text());
        send(&mut screen, MouseEventKind::ScrollUp, column, last);
        assert_eq!(shown(&screen), Some(3), "{}", screen.text());
        send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, last - 1);
        assert!(screen.state.dialogs.open.is_none());
        assert_eq!(screen.state.browser.messages.selection().map(|head| head.position), Some(3));
    }
}

#[test]
fn a_click_selects_a_value_of_a_state_and_another_goes_to_the_message_that_set_it() {
    let mut fake = Fake::default();
    fake.push("account-1", "Opened", r#"{"owner": "Ada", "gone": 1}"#, None);
    fake.push("account-1", "Deposited", r#"{"balance": 2, "gone": null}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@1");
    screen.keys("S");
    // The value that was removed is listed above the others.
    assert!(screen.text().contains("- $.gone"), "{}", screen.text());
    wheel(&mut screen, MouseEventKind::ScrollDown, 5);
    click(&mut screen, "$.owner");
    assert!(screen.state.dialogs.open.is_some());
    click(&mut screen, "$.owner");
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.position), Some(0));
}

#[test]
fn a_click_selects_a_saved_filter_and_another_applies_it() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    for kind in ["Opened", "Withdrawn"] {
        screen.keys("&");
        screen.ctrl('u');
        screen.keys(&format!("type:{kind}"));
        screen.ctrl('s');
        screen.keys(&format!("only {kind}"));
        screen.enter();
        screen.esc();
    }
    screen.keys("&");
    click(&mut screen, "only Opened");
    assert!(screen.state.dialogs.open.is_some());
    click(&mut screen, "only Opened");
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.state.browser.messages.filter_text, "type:Opened");
}

#[test]
fn a_click_selects_a_row_of_the_help_and_another_at_the_same_place_runs_it() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("?");
    wheel(&mut screen, MouseEventKind::ScrollDown, 8);
    let drawn = screen.text();
    let (row, line) =
        drawn.lines().enumerate().find(|(_, line)| line.contains("Filter messages")).expect("a row of the help");
    let column = line[..line.find("Filter messages").expect("a title")].chars().count();
    send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, row);
    assert_eq!(screen.text(), drawn, "only the selection moves");
    send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, row);
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::Filter(_))), "{}", screen.text());
}

#[test]
fn a_click_on_a_heading_of_the_help_does_nothing() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("?");
    let drawn = screen.text();
    click(&mut screen, "In the namespaces pane");
    assert_eq!(screen.text(), drawn);
}

#[test]
fn a_click_selects_a_member_and_another_shows_its_messages() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.keys("FM");
    let selected = |screen: &Screen| match &screen.state.dialogs.open {
        Some(Dialog::Members(members)) => members.selected,
        _ => panic!("the members are shown: {}", screen.text()),
    };
    wheel(&mut screen, MouseEventKind::ScrollDown, 9);
    assert_eq!(selected(&screen), 2);
    wheel(&mut screen, MouseEventKind::ScrollUp, 9);
    assert_eq!(selected(&screen), 0);
    let drawn = screen.text();
    let (row, line) = drawn.lines().enumerate().find(|(_, line)| line.contains(" member ")).expect("the numbers");
    let column = line.chars().position(|drawn| drawn == '1').expect("member 1");
    send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, row);
    assert_eq!(selected(&screen), 1);
    send(&mut screen, MouseEventKind::Down(MouseButton::Left), column, row);
    let shown = screen.state.browser.messages.key.as_ref().map(ListKey::as_text);
    assert_eq!(shown.as_deref(), Some("shop › account (member 1 of 3)"));
}

#[test]
fn a_click_in_a_scrolled_list_moves_no_row_away_from_the_pointer() {
    let mut screen = Screen::with(Fake::shop(30), ScreenSettings::default(), 100, 24);
    for number in 0..30 {
        screen.go_to(&format!("account-{number}"));
        screen.keys("b");
    }
    screen.keys("'");
    wheel(&mut screen, MouseEventKind::ScrollDown, 29);
    let rows = |screen: &Screen| {
        let text = screen.text();
        text.lines().filter(|line| line.contains("› account-")).map(str::to_owned).collect::<Vec<_>>()
    };
    let before = rows(&screen);
    let third = before[2].split("account-").nth(1).expect("a stream").split(' ').next().expect("a number").to_owned();
    click(&mut screen, &format!("› account-{third}"));
    assert_eq!(rows(&screen), before);
    click(&mut screen, &format!("› account-{third}"));
    let shown = screen.state.browser.messages.key.as_ref().map(ListKey::as_text);
    assert_eq!(shown, Some(format!("shop › account-{third}")));
}
