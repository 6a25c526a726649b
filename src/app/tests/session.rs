//! What survives a restart, and what the screen says if it no longer exists.

use crate::app::request::Slot;
use crate::app::saved::Saved;
use crate::app::{Effect, ScreenSettings};
use crate::locator::Locator;
use crate::store::browse::Scope;
use crossterm::event::KeyCode;

use super::fake::{Fake, noon};
use super::screen::Screen;

/// Returns a session after it was stored and read again.
fn stored(screen: &Screen) -> Saved {
    let text = serde_json::to_string(&screen.state.saved()).expect("JSON");
    serde_json::from_str(&text).expect("a session")
}

fn settings(saved: Saved) -> ScreenSettings {
    ScreenSettings { target: "postgres@localhost/shop".to_owned(), saved, ..ScreenSettings::default() }
}

fn started(fake: Fake, saved: Saved) -> Screen {
    Screen::with(fake, settings(saved), 160, 45)
}

fn scope(screen: &Screen) -> String {
    screen.state.browser.messages.key.as_ref().map(crate::app::browser::list_key::ListKey::as_text).unwrap_or_default()
}

fn toast(screen: &Screen) -> &str {
    screen.state.notices.toast().map_or("", |notice| &notice.text)
}

#[test]
fn a_restart_returns_to_the_list_with_its_filter_order_and_message() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("account");
    screen.keys("o");
    screen.keys("&type:Deposited");
    screen.enter();
    screen.down();
    screen.keys("t");
    let selected = screen.selected();
    assert_eq!(selected, "account-2@1");
    let screen = started(Fake::shop(4), stored(&screen));
    assert_eq!((scope(&screen).as_str(), screen.selected()), ("shop › account", selected));
    let messages = &screen.state.browser.messages;
    assert!(messages.newest_first && messages.filter_text == "type:Deposited" && messages.window.len() == 4);
    assert!(screen.text().contains("· local") || screen.state.settings.times.chosen().is_some());
    assert_eq!(toast(&screen), "");
}

#[test]
fn a_restart_returns_to_the_message_in_its_stream_and_to_the_focused_pane() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("account-1@2");
    screen.enter();
    let screen = started(Fake::shop(4), stored(&screen));
    assert_eq!((scope(&screen).as_str(), screen.selected().as_str()), ("shop › account-1", "account-1@2"));
    assert!(screen.state.browser.message.whole().is_some_and(|message| message.position == 2));
    assert_eq!(screen.state.browser.focus, crate::app::browser::layout::Pane::Message);
    assert_eq!(toast(&screen), "");
}

#[test]
fn a_restart_on_the_newest_message_shows_newer_ones() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    assert_eq!(screen.selected(), "account-1@4");
    let mut fake = Fake::shop(2);
    fake.push("account-1", "Reopened", "{}", None);
    let screen = started(fake, stored(&screen));
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn a_restart_does_not_follow() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("F");
    assert!(screen.followed.is_some());
    let screen = started(Fake::shop(2), stored(&screen));
    assert_eq!(scope(&screen), "shop › account");
    assert!(screen.followed.is_none() && screen.state.following.current.is_none());
}

#[test]
fn says_that_the_stream_no_longer_exists_and_shows_its_category() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-2@1");
    let screen = started(Fake::shop(2), stored(&screen));
    assert_eq!(toast(&screen), "Stream account-2 no longer exists");
    assert_eq!((scope(&screen).as_str(), screen.selected().as_str()), ("shop › account", "account-1@4"));
}

#[test]
fn says_that_the_category_no_longer_exists_and_shows_the_namespace() {
    for place in ["account", "account-0", "account#0:2"] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.go_to(place);
        let mut fake = Fake::default();
        fake.push("order-1", "Placed", "{}", None);
        let screen = started(fake, stored(&screen));
        assert!(toast(&screen).ends_with(" no longer exists"), "{place}: {}", toast(&screen));
        assert_eq!((scope(&screen).as_str(), screen.selected().as_str()), ("shop", "order-1@0"), "{place}");
    }
}

#[test]
fn says_that_the_namespace_no_longer_exists_and_shows_another() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    let mut saved = stored(&screen);
    saved.place.as_mut().expect("a place").list.namespace = "gone".to_owned();
    let screen = started(Fake::shop(2), saved);
    assert_eq!((toast(&screen), scope(&screen).as_str()), ("Namespace gone no longer exists", "shop"));
}

#[test]
fn selects_the_nearest_message_if_the_saved_one_no_longer_exists() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@3");
    let mut fake = Fake::shop(2);
    fake.messages.retain(|message| message.position < 2);
    let screen = started(fake, stored(&screen));
    assert_eq!(screen.selected(), "account-1@1");
    assert_eq!(toast(&screen), "The message at position 3 no longer exists. The nearest one is selected.");
}

#[test]
fn a_location_on_the_command_line_wins_and_a_namespace_alone_keeps_the_place_in_it() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@1");
    let saved = stored(&screen);
    let started_at = |locator: Locator| {
        let settings = ScreenSettings { locator: Some(locator), ..settings(saved.clone()) };
        Screen::with(Fake::shop(2), settings, 160, 45)
    };
    let locator = Locator::parse("order-0", Some("shop"), noon()).expect("a location");
    assert_eq!(scope(&started_at(locator)), "shop › order-0");
    assert_eq!(started_at(Locator::of_namespace("shop")).selected(), "account-1@1");
    assert_eq!(scope(&started_at(Locator::of_namespace("audit"))), "audit");
}

#[test]
fn the_place_stays_saved_until_a_list_is_shown() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@1");
    let saved = stored(&screen);
    let fake = Fake {
        fail: vec![(Slot::Namespaces, crate::store::StoreError::NotOpened("down".to_owned()))],
        ..Fake::shop(2)
    };
    let screen = started(fake, saved.clone());
    assert_eq!(scope(&screen), "");
    assert_eq!(stored(&screen), saved);
}

#[test]
fn contains_nothing_from_messages_but_their_numbers() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@1");
    screen.enter();
    screen.keys("b");
    let text = serde_json::to_string(&screen.state.saved()).expect("JSON");
    for secret in ["12345678901234567890123", "sku", "correlation", "Deposited"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_configured_format_of_times_applies_until_another_one_is_chosen() {
    let mut screen = Screen::new(Fake::shop(1));
    assert_eq!(stored(&screen).times, None);
    screen.keys("tt");
    assert!(stored(&screen).times.is_some());
    let screen = started(Fake::shop(1), stored(&screen));
    assert!(screen.state.settings.times.is_relative());
}

#[test]
fn bookmarks_the_list_with_its_filter_or_the_message_and_returns_to_both() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.keys("&type:Opened");
    screen.enter();
    screen.keys("b");
    assert!(toast(&screen).starts_with("Bookmarked shop › account · type:Opened."), "{}", toast(&screen));
    screen.go_to("order-1@2");
    screen.enter();
    screen.keys("b");
    let mut screen = started(Fake::shop(3), stored(&screen));
    screen.go_to("account-2");
    screen.keys("'");
    assert!(screen.text().contains("shop › order-1 @ 2"), "{}", screen.text());
    screen.enter();
    assert_eq!(screen.selected(), "order-1@2");
    screen.keys("'");
    screen.down();
    screen.enter();
    assert_eq!(scope(&screen), "shop › account");
    assert_eq!(
        (screen.state.browser.messages.filter_text.as_str(), screen.state.browser.messages.window.len()),
        ("type:Opened", 3)
    );
    // Esc returns to the place from which the bookmark was opened.
    screen.esc();
    screen.esc();
    assert_eq!(scope(&screen), "shop › order-1");
}

#[test]
fn a_second_b_removes_the_bookmark() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    screen.keys("b");
    assert_eq!(screen.state.bookmarks.all().len(), 1);
    screen.keys("b");
    assert!(screen.state.bookmarks.all().is_empty());
    assert_eq!(toast(&screen), "Removed the bookmark shop › account-0");
}

#[test]
fn bookmarks_are_renamed_and_removed_in_their_list() {
    let mut screen = Screen::new(Fake::shop(2));
    for place in ["account-0", "account-1"] {
        screen.go_to(place);
        screen.keys("b");
    }
    screen.keys("'");
    screen.down();
    screen.keys("rAda");
    screen.enter();
    assert!(screen.text().contains("Ada"), "{}", screen.text());
    let names =
        |screen: &Screen| screen.state.bookmarks.all().iter().map(|bookmark| bookmark.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&screen), ["", "Ada"]);
    // Esc keeps the name.
    screen.keys("r!");
    screen.esc();
    assert_eq!(names(&screen), ["", "Ada"]);
    screen.key(KeyCode::Up);
    screen.keys("d");
    assert_eq!(names(&screen), ["Ada"]);
    screen.keys("d");
    assert!(names(&screen).is_empty() && screen.text().contains("No bookmarks yet"));
    screen.enter();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn a_filter_is_saved_under_a_name_and_offered_in_every_list() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("&type:Opened");
    screen.ctrl('s');
    screen.keys("openings");
    screen.enter();
    screen.esc();
    let mut screen = started(Fake::shop(2), stored(&screen));
    screen.go_to("order");
    screen.keys("&");
    assert!(screen.text().contains("openings"), "{}", screen.text());
    screen.down();
    screen.enter();
    let messages = &screen.state.browser.messages;
    assert_eq!((messages.filter_text.as_str(), messages.window.len()), ("type:Opened", 2));
    // Typing narrows what is offered, and Del removes the selected filter.
    screen.keys("&x");
    assert!(!screen.text().contains("openings"), "{}", screen.text());
    screen.key(KeyCode::Backspace);
    screen.down();
    screen.key(KeyCode::Delete);
    assert!(screen.state.saved_filters.for_list(None).is_empty());
}

#[test]
fn a_filter_that_cannot_be_read_is_not_saved() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("&since:x");
    screen.ctrl('s');
    screen.keys("name");
    screen.enter();
    assert!(screen.state.saved_filters.for_list(None).is_empty());
}

#[test]
fn recent_places_are_the_lists_whose_messages_had_the_focus() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1");
    screen.keys("2");
    screen.down();
    screen.keys("3");
    screen.down();
    screen.go_to("order-2");
    screen.go_to("account-1");
    let names: Vec<String> =
        screen.state.browser.recent.all().iter().map(crate::app::browser::list_key::ListKey::as_text).collect();
    assert_eq!(names, ["shop › account-1", "shop › order-2"]);
}

#[test]
fn orders_of_several_lists_survive() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("o");
    screen.go_to("order-1");
    screen.keys("o");
    let mut screen = started(Fake::shop(2), stored(&screen));
    assert!(matches!(&screen.state.browser.messages.key, Some(list) if matches!(&list.scope, Scope::Stream(_))));
    assert!(!screen.state.browser.messages.newest_first);
    screen.go_to("account-1");
    assert!(screen.state.browser.messages.newest_first);
    assert!(!screen.outside.iter().any(|effect| matches!(effect, Effect::Follow { .. })));
}
