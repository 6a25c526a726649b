//! Stepping through messages in the message pane: the selected value stays the same, so that the user can compare it.

use super::fake::Fake;
use super::screen::Screen;
use crossterm::event::KeyCode;

fn path(screen: &Screen) -> String {
    screen.state.browser.message.selected_path().unwrap_or_default()
}

/// Opens a stream of messages with the given data in the message pane.
fn opened(bodies: &[&str]) -> Screen {
    let mut fake = Fake::default();
    for data in bodies {
        fake.push("account-1", "Changed", data, Some(r#"{"user": "ada"}"#));
    }
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@0");
    screen.keys("5");
    screen
}

#[test]
fn the_next_message_is_open_at_the_same_path_or_its_nearest_ancestor() {
    let mut screen = opened(&[
        r#"{"note": "a", "items": [{"sku": 1}, {"sku": 2}]}"#,
        r#"{"items": [{"sku": 3}, {"size": 1, "sku": 4}], "note": "b"}"#,
        r#"{"items": [{"sku": 5}]}"#,
        "[]",
    ]);
    screen.keys("/2");
    screen.enter();
    assert_eq!(path(&screen), "$.items[1].sku");
    for expected in ["$.items[1].sku", "$.items", "$", "$"] {
        screen.keys("]");
        assert_eq!(path(&screen), expected, "{}", screen.text());
    }
}

#[test]
fn a_message_that_is_passed_before_it_was_read_keeps_the_path() {
    let mut screen = opened(&[r#"{"a": 1, "b": 2}"#; 3]);
    screen.keys("jj");
    screen.hold = true;
    screen.keys("]]");
    screen.release();
    assert_eq!((path(&screen).as_str(), screen.selected().as_str()), ("$.b", "account-1@2"));
}

#[test]
fn a_path_in_the_metadata_stays_there_and_in_view() {
    let long = format!("[{}]", vec!["1"; 100].join(","));
    let mut screen = opened(&[&long, "[]", &long]);
    screen.key(KeyCode::End);
    for _ in 0..2 {
        assert!(screen.state.browser.message.is_in_metadata());
        assert_eq!(path(&screen), "$.user");
        assert!(screen.text().contains("user: \"ada\""), "{}", screen.text());
        screen.keys("]");
    }
}

#[test]
fn a_line_of_the_pretty_or_raw_text_stands_for_no_node_of_the_tree() {
    let mut screen = opened(&[r#"{"items": [{"sku": "one"}], "note": "two"}"#]);
    screen.keys("jj");
    let tree = screen.text();
    assert_eq!(path(&screen), "$.items[0]");
    for form in ["pretty", "raw"] {
        screen.keys("v");
        // Keys that fold, follow links or add a column have no node to act on.
        screen.keys("jj lC+");
        screen.enter();
        assert!(screen.text().contains(&format!("· {form}")), "{}", screen.text());
        assert_eq!(path(&screen), "", "no path in the footer");
        assert!(!screen.text().contains("Space fold"), "{}", screen.text());
        screen.keys("y");
        let menu = screen.text();
        assert!(menu.contains("message as JSON") && !menu.contains(" path "), "{menu}");
        screen.esc();
    }
    screen.wait(9);
    screen.keys("vjj");
    assert_eq!(screen.text(), tree, "the tree is as it was");
}
