//! `S`: the state of a stream at a message.

use crate::app::Event;
use crate::app::dialogs::Dialog;

use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;

fn stated() -> Screen {
    let mut fake = Fake::default();
    fake.push("account-1", "Opened", r#"{"owner": {"name": "Ada", "city": "Paris"}, "balance": 0}"#, None);
    fake.push("account-1", "Deposited", r#"{"balance": 12345678901234567890.10}"#, None);
    fake.push("account-1", "Moved", r#"{"owner": {"city": null}}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@1");
    screen.keys("S");
    screen
}

fn line_with<'a>(text: &'a str, part: &str) -> &'a str {
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("no {part} in {text}"))
}

#[test]
fn each_value_names_its_message_and_a_step_marks_what_it_changed() {
    let mut screen = stated();
    let text = screen.text();
    assert!(text.contains("State of account-1@1"), "{text}");
    let balance = line_with(&text, "$.balance");
    assert!(balance.contains("~ $.balance") && balance.contains("12345678901234567890.10"), "{balance}");
    assert!(balance.contains("← 1 Deposited"), "{balance}");
    assert!(line_with(&text, "$.owner.city").contains("← 0 Opened"), "{text}");
    screen.keys("]");
    let text = screen.text();
    assert!(text.contains("account-1@2") && text.contains("- $.owner.city"), "{text}");
    assert!(!line_with(&text, "$.balance").contains("~ $.balance"), "{text}");
    screen.keys("]");
    assert!(screen.text().contains("account-1@2"), "there is no later message");
    screen.keys("[[[[");
    let text = screen.text();
    assert!(text.contains("account-1@0") && line_with(&text, "$.balance").contains("← 0 Opened"), "{text}");
    assert!(line_with(&text, "$.balance").contains("+ $.balance"), "{text}");
}

#[test]
fn the_state_is_beside_the_list_whose_cursor_follows_its_steps() {
    let mut screen = stated();
    let position = |screen: &Screen| screen.state.browser.messages.selection().map(|head| head.position);
    assert_eq!(position(&screen), Some(1));
    let text = screen.text();
    assert!(text.contains("Deposited") && text.contains("State of account-1@1"), "the list stays in view\n{text}");
    assert!(text.contains("Esc close"), "{text}");
    screen.keys("]");
    assert_eq!(position(&screen), Some(2));
    screen.keys("[[");
    assert_eq!(position(&screen), Some(0));
    // Without a message pane, the state has the place of all panes.
    screen.esc();
    screen.send(Event::Resize(60, 12));
    screen.keys("S");
    let text = screen.text();
    assert!(text.contains("State of account-1@0") && text.contains("← 0 Opened"), "{text}");
}

#[test]
fn a_long_path_keeps_its_last_step() {
    let mut fake = Fake::default();
    fake.push("order-1", "Placed", r#"{"customer": {"deliveryAddress": {"postalCode": "75001"}}}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("order-1@0");
    screen.keys("S");
    let text = screen.text();
    assert!(line_with(&text, "75001").contains("Code  "), "{text}");
}

#[test]
fn a_value_that_is_set_again_is_no_change() {
    let mut fake = Fake::default();
    fake.push("order-1", "Placed", r#"{"orderId": "7"}"#, None);
    fake.push("order-1", "Paid", r#"{"orderId": "7", "paid": true}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("order-1@1");
    screen.keys("S");
    let text = screen.text();
    let line = line_with(&text, "$.orderId");
    assert!(line.contains("← 1 Paid") && !line.contains('+') && !line.contains('~'), "{line}");
    assert!(line_with(&text, "$.paid").contains("+ $.paid"), "{text}");
}

#[test]
fn the_list_stays_on_the_message_of_the_state_while_newer_ones_are_followed() {
    let mut screen = stated();
    screen.esc();
    screen.keys("F");
    screen.arrive("account-1", "Deposited");
    screen.keys("S");
    screen.arrive("account-1", "Deposited");
    assert_eq!(screen.selected(), "account-1@3");
    assert!(screen.text().contains("State of account-1@3"), "{}", screen.text());
    assert!(screen.text().contains("PAUSED · +1 new"), "{}", screen.text());
    screen.esc();
    assert_eq!((screen.selected(), screen.state.is_live()), ("account-1@4".to_owned(), true));
    // After a step, closing leaves the list there.
    screen.keys("S[");
    screen.arrive("account-1", "Deposited");
    screen.esc();
    assert_eq!((screen.selected(), screen.state.is_live()), ("account-1@3".to_owned(), false));
    assert!(screen.text().contains("FOLLOWING (scrolled) · +1 new"), "{}", screen.text());
}

#[test]
fn the_help_of_the_state_returns_to_it() {
    let mut screen = stated();
    screen.keys("?");
    let text = screen.text();
    assert!(text.contains("In the state of a stream") && text.contains("begin here"), "{text}");
    screen.keys("?");
    assert!(screen.text().contains("State of account-1@1") && !screen.text().contains("begin here"));
}

#[test]
fn the_fold_begins_where_the_user_wants() {
    let mut screen = stated();
    screen.keys("]}");
    let text = screen.text();
    assert!(text.contains("Computed from position 2 on") && !text.contains("$.balance"), "{text}");
    screen.keys("{");
    let text = screen.text();
    assert!(!text.contains("Computed from position") && text.contains("$.balance"), "{text}");
}

#[test]
fn b_goes_to_the_message_that_set_the_value() {
    let mut screen = stated();
    let text = screen.text();
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("← ")).collect();
    let city = rows.iter().position(|row| row.contains("$.owner.city")).expect("a row");
    for _ in 0..city {
        screen.key(KeyCode::Down);
    }
    screen.keys("B");
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.position), Some(0));
    screen.keys("S");
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::State(_))));
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}
