//! The line of links in the message pane, and the list of a workflow.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::fake::Fake;
use super::screen::Screen;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::app::{Effect, Event, ScreenSettings};

/// A command, its effect with two effects, a message without links, and one whose cause is absent.
fn checkout() -> Fake {
    let mut fake = Fake::default();
    let caused = |stream: &str, position: i64| {
        format!(
            r#"{{"causationMessageStreamName": "{stream}", "causationMessagePosition": {position}, "correlationStreamName": "checkout-7"}}"#
        )
    };
    fake.push("order:command-7", "Place", "{}", Some(r#"{"correlationStreamName": "checkout-7"}"#));
    fake.push("order-7", "Placed", "{}", Some(&caused("order:command-7", 0)));
    fake.push("payment-7", "Charged", "{}", Some(&caused("order-7", 0)));
    fake.push("noise-1", "Noise", "{}", Some(r#"{"note": 1}"#));
    fake.push("shipment-7", "Sent", "{}", Some(&caused("order-7", 0)));
    fake.push("shipment-8", "Lost", "{}", Some(&caused("payment-9", 4)));
    fake
}

fn at(target: &str) -> Screen {
    let mut screen = Screen::with(checkout(), ScreenSettings::default(), 240, 45);
    screen.go_to(target);
    screen
}

fn links(screen: &Screen) -> String {
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("effects →")).unwrap_or_else(|| panic!("no links in {text}"));
    line.rsplit('│').nth(1).unwrap_or(line).trim().to_owned()
}

fn on_screen(screen: &Screen) -> String {
    let head = screen.state.browser.messages.selection().expect("a message");
    format!("{}@{}", head.stream, head.position)
}

#[test]
fn the_line_names_the_cause_and_counts_effects_and_workflow() {
    assert_eq!(links(&at("order-7@0")), "caused by ← order:command-7@0 · effects → 2 · workflow 5");
    assert_eq!(links(&at("order:command-7@0")), "effects → 1 · workflow 5");
    assert_eq!(links(&at("shipment-8@0")), "caused by ← payment-9@4 (missing) · effects → none yet · workflow 5");
    assert!(!at("noise-1@0").text().contains("effects →"));
}

#[test]
fn the_store_is_asked_once_the_message_is_there_and_the_cursor_rests() {
    let mut screen = Screen::with(checkout(), ScreenSettings::default(), 240, 45);
    screen.hold = true;
    screen.go_to_stream_and_hold("order-7");
    while screen.state.browser.message.whole().is_none() {
        assert!(screen.release_one(), "the message was not asked for");
    }
    assert_eq!(links(&screen), "caused by ← order:command-7@0 · effects → … · workflow …");
    let (_, after) = screen.asked.iter().rfind(|(slot, _)| *slot == Slot::Relations).expect("a question");
    assert!(*after >= Duration::from_millis(200));
    screen.outside.clear();
    screen.act(Action::PaneNamespaces);
    assert!(screen.outside.contains(&Effect::Stop(Slot::Relations)));
}

#[test]
fn the_keyboard_reaches_the_line_above_the_first_row_and_follows_its_parts() {
    let mut screen = at("order-7@0");
    screen.enter();
    assert_eq!(screen.state.browser.focus, Pane::Message);
    screen.keys("k");
    screen.enter();
    assert_eq!(on_screen(&screen), "order:command-7@0");
    // The way back: the only effect.
    screen.enter();
    screen.keys("k");
    screen.enter();
    assert_eq!(on_screen(&screen), "order-7@0");
    screen.enter();
    screen.keys("kl");
    screen.enter();
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::Trace(_))), "several effects open the trace");
    screen.esc();
    screen.keys("l");
    screen.enter();
    let text = screen.text();
    assert!(text.contains("Workflow checkout-7") && text.contains("Charged") && text.contains("Lost"), "{text}");
    assert!(!text.contains("Noise @"), "{text}");
    screen.keys("G");
    screen.enter();
    assert_eq!(on_screen(&screen), "shipment-8@0");
    screen.enter();
    screen.keys("kj");
    assert_eq!(screen.state.browser.message.selected_link(), None);
}

#[test]
fn a_click_on_a_part_follows_it() {
    let mut screen = at("order-7@0");
    let text = screen.text();
    let row = text.lines().position(|line| line.contains("caused by ←")).expect("the line");
    let line: Vec<char> = text.lines().nth(row).expect("the line").chars().collect();
    let wanted: Vec<char> = "order:command-7@0".chars().collect();
    let column = line.windows(wanted.len()).rposition(|part| part == wanted).expect("the cause");
    screen.send(Event::Mouse(MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: u16::try_from(column).expect("a column"),
        row: u16::try_from(row).expect("a row"),
        modifiers: KeyModifiers::NONE,
    }));
    assert_eq!(on_screen(&screen), "order:command-7@0");
}

/// Moves to the row of the message pane that contains a text.
fn select(screen: &mut Screen, text: &str) {
    screen.enter();
    screen.keys("/");
    screen.keys(text);
    screen.enter();
}

#[test]
fn a_correlation_value_that_is_no_stream_lists_its_messages() {
    let mut screen = at("payment-7@0");
    select(&mut screen, "checkout-7");
    screen.enter();
    let text = screen.text();
    assert!(text.contains("Workflow checkout-7") && text.contains("shipment-8@0"), "{text}");
    assert!(!text.contains("no stream named"), "{text}");
}

#[test]
fn a_correlation_id_lists_its_messages_and_a_causation_id_leads_to_the_cause() {
    let mut fake = Fake::default();
    let cause = fake.push("a-1", "Began", "{}", Some(r#"{"correlationId": "c1"}"#)).id;
    fake.push("b-1", "Ended", "{}", Some(&format!(r#"{{"correlationId": "c1", "causationId": "{cause}"}}"#)));
    let mut screen = Screen::new(fake);
    screen.go_to("b-1@0");
    select(&mut screen, "causationId");
    screen.enter();
    assert_eq!(on_screen(&screen), "a-1@0");
    select(&mut screen, "c1");
    screen.enter();
    let text = screen.text();
    assert!(text.contains("Workflow c1") && text.contains("Ended"), "{text}");
}

#[test]
fn an_open_trace_continues_with_messages_that_arrive_while_following() {
    let mut screen = at("order-7@0");
    let traces = |screen: &Screen| screen.asked.iter().filter(|(slot, _)| *slot == Slot::Trace).count();
    screen.keys("T");
    let before = traces(&screen);
    screen.arrive("order-7", "Unseen");
    assert_eq!(traces(&screen), before, "without following, nothing is asked");
    screen.esc();
    screen.keys("FT");
    let before = traces(&screen);
    screen.arrive("order-7", "Shipped");
    assert!(traces(&screen) > before, "new messages are searched");
    assert!(screen.text().contains("Shipped"), "{}", screen.text());
    // While a search is under way, many messages lead to one more.
    screen.hold = true;
    let before = traces(&screen);
    for _ in 0..5 {
        screen.arrive("order-7", "Returned");
    }
    assert_eq!(traces(&screen), before + 1);
    screen.release();
    assert!(traces(&screen) <= before + 2);
}

#[test]
fn the_line_is_counted_again_when_messages_arrive_while_following() {
    let mut screen = at("order-7@0");
    let asked = |screen: &Screen| screen.asked.iter().filter(|(slot, _)| *slot == Slot::Relations).count();
    let metadata = r#"{"causationMessageStreamName": "order-7", "causationMessagePosition": 0, "correlationStreamName": "checkout-7"}"#;
    let arrive = |screen: &mut Screen| {
        let message = screen.fake.push("order-7", "Noted", "{}", Some(metadata));
        screen.deliver(&message, false);
    };
    let before = asked(&screen);
    arrive(&mut screen);
    assert_eq!(asked(&screen), before, "without following, nothing is asked");
    screen.keys("F");
    screen.go_to("order-7@0");
    arrive(&mut screen);
    assert_eq!(links(&screen), "caused by ← order:command-7@0 · effects → 4 · workflow 7");
    let (_, after) = screen.asked.iter().rfind(|(slot, _)| *slot == Slot::Relations).expect("a question");
    assert!(*after >= Duration::from_secs(5));
    // While a question is under way, many messages lead to one more.
    screen.hold = true;
    let before = asked(&screen);
    for _ in 0..5 {
        arrive(&mut screen);
    }
    assert_eq!(asked(&screen), before + 1);
    screen.release();
    assert_eq!(asked(&screen), before + 2);
    screen.release();
    assert_eq!(links(&screen), "caused by ← order:command-7@0 · effects → 9 · workflow 12");
}
