//! `:` and the program's argument: what the box says is where Enter leads.

use crossterm::event::KeyCode;
use streamscope::app::layout::Pane;
use streamscope::app::request::Slot;
use streamscope::app::{Effect, Setup};
use streamscope::locator::Locator;
use streamscope::message::Category;
use streamscope::store::browse::Scope;

use super::fake::{Fake, Screen, noon};

/// Namespace and scope on screen.
fn place(screen: &Screen) -> (String, Scope) {
    let place = screen.state.messages.place.clone().expect("a list is on screen");
    (place.namespace, place.scope)
}

fn category(name: &str) -> Scope {
    Scope::Category(Category::stored(name))
}

#[test]
fn a_category_is_shown_whatever_had_the_focus_and_was_selected() {
    for pane in ["1", "2", "3", "4", "5"] {
        for before in ["account-1", "account-2@3", "order-1", "order"] {
            let mut screen = Screen::new(Fake::shop(3));
            screen.go_to(before);
            screen.keys(pane);
            screen.go_to("account");
            assert_eq!(place(&screen), ("shop".to_owned(), category("account")), "from {before} with pane {pane}");
            assert_eq!((screen.state.focus, screen.state.active), (Pane::Messages, Pane::Categories));
        }
    }
}

#[test]
fn a_namespace_is_opened_by_its_bare_name_and_with_a_slash() {
    for text in ["audit", "audit/"] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.go_to("account-1");
        screen.keys(":");
        screen.keys(text);
        assert!(screen.text().contains("→ namespace audit"), "{}", screen.text());
        screen.enter();
        assert_eq!(place(&screen), ("audit".to_owned(), Scope::Namespace), "{text}");
        assert_eq!(screen.state.namespace().map(|info| info.id.as_str()), Some("audit"));
        screen.esc();
        assert_eq!(place(&screen).0, "shop", "Esc leads back");
    }
}

#[test]
fn a_category_here_comes_before_a_namespace_of_the_same_name() {
    let mut fake = Fake::shop(2);
    fake.push("audit-1", "Seen", "{}", None);
    let mut screen = Screen::new(fake);
    screen.keys(":audit");
    assert!(screen.text().contains("→ category audit · audit/ opens the namespace"), "{}", screen.text());
    screen.enter();
    assert_eq!(place(&screen), ("shop".to_owned(), category("audit")));
    screen.go_to("audit/");
    assert_eq!(place(&screen), ("audit".to_owned(), Scope::Namespace));
}

#[test]
fn a_stream_that_is_not_there_gives_way_to_the_namespace_as_the_box_says() {
    let mut fake = Fake::shop(2);
    fake.created.push("my-shop".to_owned());
    fake.created.push("account-1".to_owned());
    let mut screen = Screen::new(fake);
    screen.keys(":my-shop");
    assert!(screen.text().contains("→ stream my-shop if it exists, otherwise namespace my-shop"), "{}", screen.text());
    screen.enter();
    assert_eq!(place(&screen), ("my-shop".to_owned(), Scope::Namespace));
    screen.go_to("shop/account-1");
    assert!(matches!(place(&screen), (namespace, Scope::Stream(_)) if namespace == "shop"));
    screen.go_to("account-1");
    assert_eq!(place(&screen).0, "shop", "the stream comes first");
    screen.go_to("account-1/");
    assert_eq!(place(&screen), ("account-1".to_owned(), Scope::Namespace));
}

#[test]
fn what_does_not_exist_is_said_and_nothing_moves() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    let before = place(&screen);
    for (text, said) in [
        ("unheard", "no category named unheard in namespace shop"),
        ("=audit", "no category named audit in namespace shop"),
        ("audits/", "no namespace named audits"),
        ("audits/account", "no category named audits/account in namespace shop"),
    ] {
        screen.go_to(text);
        assert!(screen.text().contains(said), "{text}: {}", screen.text());
        assert_eq!(place(&screen), before);
        screen.esc();
    }
}

#[test]
fn the_program_opens_what_its_argument_names_by_the_same_rule() {
    let opened = |text: &str, namespace: Option<&str>| {
        let locator = Some(Locator::parse(text, namespace, noon()).expect(text));
        Screen::with(Fake::shop(2), Setup { locator, ..Setup::default() }, 160, 45)
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
        assert_eq!(place(&screen), (expected.0.to_owned(), expected.1), "{text} with {namespace:?}");
    }
    let screen = opened("account", None);
    assert!(screen.text().contains("as in NAMESPACE/account"), "{}", screen.text());
    let screen = opened("unheard/", None);
    assert!(screen.text().contains("no namespace named unheard"), "{}", screen.text());
}

#[test]
fn a_filter_typed_for_one_list_is_not_set_for_another_without_a_word() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("order");
    screen.keys("5G");
    screen.hold = true;
    screen.enter();
    screen.keys("&type:Closed");
    screen.release();
    let (_, stream) = place(&screen);
    assert!(matches!(stream, Scope::Stream(_)), "the link was slow, and led elsewhere meanwhile");
    screen.enter();
    assert!(!screen.state.messages.is_filtered());
    assert!(screen.text().contains("press Enter to set the filter for it"), "{}", screen.text());
    screen.enter();
    assert!(screen.state.messages.is_filtered(), "it was said, and Enter was pressed again");
}

#[test]
fn filters_survive_a_refresh_and_many_other_lists() {
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
    assert_eq!(screen.state.messages.filter_text, "type:Closed");
    assert_eq!(screen.state.messages.window.len(), 12);
    screen.esc();
    screen.go_to("order");
    screen.go_to("account");
    assert_eq!(screen.state.messages.filter_text, "", "it was removed");
}

#[test]
fn opening_a_namespace_ends_what_was_under_way() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("5G");
    screen.hold = true;
    screen.enter();
    assert!(screen.state.requests.since(Slot::GoTo).is_some());
    screen.go_to("audit/");
    assert!(screen.outside.contains(&Effect::Stop(Slot::GoTo)));
    screen.release();
    assert_eq!(place(&screen).0, "audit");
    screen.key(KeyCode::Esc);
    assert_eq!(place(&screen).0, "shop");
}

#[test]
fn the_box_says_where_enter_leads_once_the_lists_are_there() {
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
    assert_eq!(place(&screen), ("new".to_owned(), Scope::Namespace));
}
