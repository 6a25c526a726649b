//! What panes say if they have nothing to show: the reason, wrapped at words, and the next key.

use std::collections::BTreeSet;

use crate::app::ScreenSettings;
use crate::app::browser::layout::Pane;
use crate::app::request::Slot;
use crate::app::tests::fake::Fake;
use crate::app::tests::screen::Screen;
use crate::store::StoreError;

const SIZES: [(u16, u16); 4] = [(160, 45), (100, 30), (80, 24), (40, 10)];

/// Returns the text inside the border of a pane.
fn inside(screen: &Screen, pane: Pane) -> String {
    let area = screen.state.browser.layout().pane(pane);
    let inner = |line: &str| -> String {
        line.chars().skip(usize::from(area.x) + 1).take(usize::from(area.width) - 2).collect()
    };
    let text = screen.text();
    let rows = text.lines().skip(usize::from(area.y) + 1).take(usize::from(area.height) - 2);
    rows.map(inner).collect::<Vec<_>>().join("\n")
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| c.is_whitespace() || c == '·').filter(|word| !word.is_empty()).collect()
}

#[test]
fn an_error_keeps_its_words_whole_and_names_the_next_key() {
    let reason = "the server closed the transaction because another session held a lock on the table for too long";
    for (width, height) in SIZES {
        for (slot, pane, keys) in [
            (Slot::Categories, Pane::Categories, "2"),
            (Slot::Streams, Pane::Streams, "3"),
            (Slot::Message, Pane::Message, "5"),
        ] {
            let mut screen = Screen::with(Fake::default(), ScreenSettings::default(), width, height);
            screen.fake = Fake::shop(2);
            screen.fake.fail.push((slot, StoreError::Server { code: "57014".to_owned(), message: reason.to_owned() }));
            screen.ctrl('r');
            screen.keys(keys);
            let text = inside(&screen, pane);
            let whole =
                format!("{reason} … Ctrl-R reload {}", screen.state.notices.log().back().map_or("", |n| &n.text));
            assert!(text.contains("Ctrl-R reload"), "{width}×{height} {pane:?}: {}", screen.text());
            let shown = text.split_once("the server").map_or("", |(_, shown)| shown);
            assert!(words(shown).is_subset(&words(&whole)), "{width}×{height} {pane:?}: {}", screen.text());
        }
    }
}

#[test]
fn an_empty_store_names_the_next_key() {
    for (width, height) in SIZES {
        let mut screen = Screen::with(Fake::default(), ScreenSettings::default(), width, height);
        screen.keys("2");
        let text = inside(&screen, Pane::Categories);
        assert!(text.contains("No messages yet") && text.contains("w write"), "{width}×{height}: {}", screen.text());
        screen.keys("4");
        let text = inside(&screen, Pane::Messages);
        assert!(text.contains("No messages") && text.contains("w write"), "{width}×{height}: {}", screen.text());
    }
}

#[test]
fn the_footer_shows_no_unknown_count_and_no_estimate_of_zero() {
    let mut screen = Screen::with(Fake::default(), ScreenSettings::default(), 80, 24);
    let footer = |screen: &Screen| screen.text().lines().last().unwrap_or_default().to_owned();
    assert!(footer(&screen).contains("0 messages") && !footer(&screen).contains('~'), "{}", screen.text());
    screen.fake.without_namespaces = true;
    screen.ctrl('r');
    assert!(!footer(&screen).contains("messages"), "{}", screen.text());
}

#[test]
fn a_database_without_a_namespace_is_explained_whole_in_its_pane() {
    for (width, height) in SIZES {
        let fake = Fake { without_namespaces: true, ..Fake::default() };
        let mut screen = Screen::with(fake, ScreenSettings::default(), width, height);
        screen.esc();
        screen.keys("1");
        let text = inside(&screen, Pane::Namespaces);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("No message store in this database"), "{width}×{height}: {}", screen.text());
        assert!(!words.ends_with(&["a", "…"]), "no part is cut after its first word: {}", screen.text());
    }
}

#[test]
fn keys_that_need_a_list_say_so_if_there_is_none() {
    let fake = Fake { without_namespaces: true, ..Fake::default() };
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    screen.esc();
    for (key, said) in [
        ("F", "No list of messages is on screen"),
        ("#", "No list of messages is on screen"),
        (",", "No list of messages is on screen"),
        ("&", "No list of messages is on screen"),
        ("y", "There is nothing to copy here"),
        ("S", "No message is selected"),
        ("b", "Nothing to bookmark"),
    ] {
        screen.esc();
        screen.keys(key);
        assert!(screen.text().contains(said), "{key}\n{}", screen.text());
        assert!(screen.state.dialogs.open.is_none());
    }
}

#[test]
fn the_title_of_the_list_says_that_policies_may_hide_rows() {
    for (width, height) in [(160, 45), (100, 30), (80, 24)] {
        for hides_rows in [true, false] {
            for messages in [Fake::default(), Fake::shop(2)] {
                let fake = Fake { hides_rows, ..messages };
                let mut screen = Screen::with(fake, ScreenSettings::default(), width, height);
                screen.keys("4");
                let said = |screen: &Screen| screen.text().contains("rows may be hidden");
                assert_eq!(said(&screen), hides_rows, "{width}×{height}: {}", screen.text());
                screen.go_to("audit/");
                assert!(!said(&screen), "policies apply to the other namespace: {}", screen.text());
            }
        }
    }
}
