//! `:` and the program's argument: Enter leads where the box says.

use crate::app::browser::layout::Pane;
use crate::app::request::Slot;
use crate::app::{Effect, ScreenSettings};
use crate::locator::Locator;
use crate::message::Category;
use crate::store::browse::Scope;
use crossterm::event::KeyCode;

use super::fake::{Fake, noon};
use super::screen::Screen;

/// Returns the namespace and scope on screen.
fn location(screen: &Screen) -> (String, Scope) {
    let location = screen.state.browser.messages.key.clone().expect("a list is on screen");
    (location.namespace, location.scope)
}

fn category(name: &str) -> Scope {
    Scope::Category(Category::stored(name))
}

#[test]
fn opens_a_category_from_every_pane_and_selection() {
    for pane in ["1", "2", "3", "4", "5"] {
        for before in ["account-1", "account-2@3", "order-1", "order"] {
            let mut screen = Screen::new(Fake::shop(3));
            screen.go_to(before);
            screen.keys(pane);
            screen.go_to("account");
            assert_eq!(location(&screen), ("shop".to_owned(), category("account")), "from {before} with pane {pane}");
            assert_eq!((screen.state.browser.focus, screen.state.browser.active), (Pane::Messages, Pane::Categories));
        }
    }
}

#[test]
fn opens_a_namespace_by_name_with_and_without_a_slash() {
    for text in ["audit", "audit/"] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.go_to("account-1");
        screen.keys(":");
        screen.keys(text);
        assert!(screen.text().contains("→ namespace audit"), "{}", screen.text());
        screen.enter();
        assert_eq!(location(&screen), ("audit".to_owned(), Scope::Namespace), "{text}");
        assert_eq!(screen.state.namespace().map(|info| info.id.as_str()), Some("audit"));
        screen.esc();
        assert_eq!(location(&screen).0, "shop", "Esc goes back");
    }
}

#[test]
fn prefers_a_category_here_to_a_namespace_of_the_same_name() {
    let mut fake = Fake::shop(2);
    fake.push("audit-1", "Seen", "{}", None);
    let mut screen = Screen::new(fake);
    screen.keys(":audit");
    let text = screen.text();
    assert!(text.contains("→ category audit") && text.contains("audit/ opens the namespace"), "{text}");
    screen.enter();
    assert_eq!(location(&screen), ("shop".to_owned(), category("audit")));
    screen.go_to("audit/");
    assert_eq!(location(&screen), ("audit".to_owned(), Scope::Namespace));
}

#[test]
fn opens_the_namespace_if_the_stream_does_not_exist() {
    let mut fake = Fake::shop(2);
    fake.created.push("my-shop".to_owned());
    fake.created.push("account-1".to_owned());
    let mut screen = Screen::new(fake);
    screen.keys(":my-shop");
    assert!(screen.text().contains("→ stream my-shop if it exists, otherwise namespace my-shop"), "{}", screen.text());
    screen.enter();
    assert_eq!(location(&screen), ("my-shop".to_owned(), Scope::Namespace));
    screen.go_to("shop/account-1");
    assert!(matches!(location(&screen), (namespace, Scope::Stream(_)) if namespace == "shop"));
    screen.go_to("account-1");
    assert_eq!(location(&screen).0, "shop", "the stream comes first");
    screen.go_to("account-1/");
    assert_eq!(location(&screen), ("account-1".to_owned(), Scope::Namespace));
}

#[test]
fn a_missing_target_is_reported_and_nothing_moves() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    let before = location(&screen);
    for (text, said) in [
        ("unknown", "no category named unknown in namespace shop"),
        ("=audit", "no category named audit in namespace shop"),
        ("audits/", "no namespace named audits"),
        ("audits/account", "no category named audits/account in namespace shop"),
    ] {
        screen.go_to(text);
        assert!(screen.text().contains(said), "{text}: {}", screen.text());
        assert_eq!(location(&screen), before);
        screen.esc();
    }
}

#[test]
fn resolves_the_programs_argument_by_the_same_rules() {
    let opened = |text: &str, namespace: Option<&str>| {
        let locator = Some(Locator::parse(text, namespace, noon()).expect(text));
        Screen::with(Fake::shop(2), ScreenSettings { locator, ..ScreenSettings::default() }, 160, 45)
    };
    for (text, namespace, expected) in [
        ("audit", None, ("audit", Scope::Namespace)),
        ("audit/", None, ("audit", Scope::Namespace)),
        ("audit", Some("shop"), ("audit", Scope::Namespace)),
        ("account", Some("shop"), ("shop", category("account"))),
        ("shop/account", None, ("shop", category("account"))),
        ("shop/account", Some("audit"), ("shop", category("account"))),
    ] {
        let screen = opened(text, namespace);
        assert_eq!(location(&screen), (expected.0.to_owned(), expected.1), "{text} with {namespace:?}");
    }
    let screen = opened("account", None);
    assert!(screen.text().contains("as in NAMESPACE/account"), "{}", screen.text());
    let screen = opened("unknown/", None);
    assert!(screen.text().contains("no namespace named unknown"), "{}", screen.text());
}

#[test]
fn asks_again_before_filtering_a_list_that_has_changed() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("order");
    screen.keys("5G");
    screen.hold = true;
    screen.enter();
    screen.keys("&type:Closed");
    screen.release();
    let (_, stream) = location(&screen);
    assert!(matches!(stream, Scope::Stream(_)), "the slow link has changed the list");
    screen.enter();
    assert!(!screen.state.browser.messages.is_filtered());
    assert!(screen.text().contains("press Enter again to filter the new one"), "{}", screen.text());
    screen.enter();
    assert!(screen.state.browser.messages.is_filtered(), "Enter confirms");
}

#[test]
fn filters_survive_a_reload_and_visits_to_other_lists() {
    let mut screen = Screen::new(Fake::shop(12));
    screen.go_to("account");
    screen.keys("&type:Closed");
    screen.enter();
    screen.go_to("order");
    screen.ctrl('r');
    for stream in 0..12 {
        screen.go_to(&format!("order-{stream}"));
    }
    screen.go_to("account");
    assert_eq!(screen.state.browser.messages.filter_text, "type:Closed");
    assert_eq!(screen.state.browser.messages.window.len(), 12);
    screen.esc();
    screen.go_to("order");
    screen.go_to("account");
    assert_eq!(screen.state.browser.messages.filter_text, "", "Esc removed the filter");
}

#[test]
fn opening_a_namespace_cancels_a_pending_lookup() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("5G");
    screen.hold = true;
    screen.enter();
    assert!(screen.state.requests.since(Slot::GoTo).is_some());
    screen.go_to("audit/");
    assert!(screen.outside.contains(&Effect::Stop(Slot::GoTo)));
    screen.release();
    assert_eq!(location(&screen).0, "audit");
    screen.key(KeyCode::Esc);
    assert_eq!(location(&screen).0, "shop");
}

#[test]
fn resolves_the_input_again_when_the_lists_arrive() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.hold = true;
    screen.ctrl('r');
    screen.fake.created.push("order-5".to_owned());
    screen.keys(":order-5");
    assert!(screen.text().contains("→ stream order-5"), "{}", screen.text());
    screen.ctrl('u');
    screen.keys("new");
    assert!(screen.text().contains("→ category new"), "{}", screen.text());
    screen.esc();
    screen.release();
    screen.hold = true;
    screen.fake.created.push("new".to_owned());
    screen.ctrl('r');
    screen.keys(":new");
    assert!(screen.text().contains("→ category new"), "{}", screen.text());
    screen.release();
    assert!(screen.text().contains("→ namespace new"), "{}", screen.text());
    screen.enter();
    assert_eq!(location(&screen), ("new".to_owned(), Scope::Namespace));
}
