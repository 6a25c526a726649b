//! The mouse in dialogs: a click selects what is drawn under the pointer, another one accepts it, and the wheel moves the selection.

use std::path::PathBuf;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::fake::{Fake, Screen};
use crate::app::browser::list_key::ListKey;
use crate::app::connections::{Choice, ConnectTo, Connections};
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
