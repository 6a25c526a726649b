//! Connecting to another database: the choices, the attempt, and what is never shown.

use std::path::PathBuf;

use crate::app::connections::{Choice, ConnectTo, Connections};
use crate::app::request::Slot;
use crate::app::{Effect, Event, ScreenSettings};
use crate::store::StoreError;
use crossterm::event::KeyCode;

use super::compose::compose;
use super::fake::Fake;
use super::screen::Screen;

fn choices() -> Vec<Choice> {
    [
        (ConnectTo::Profile("staging".to_owned()), "app@staging/shop"),
        (ConnectTo::Service("billing".to_owned()), "app@billing/billing"),
        (ConnectTo::Demo, "sample data"),
        (ConnectTo::Embedded, "/store"),
    ]
    .map(|(to, detail)| Choice { to, detail: detail.to_owned() })
    .into()
}

fn screen(fake: Fake, default_store: Option<&str>) -> Screen {
    let connections =
        Connections { choices: choices(), default_store: default_store.map(PathBuf::from), were_offered: false };
    let settings =
        ScreenSettings { target: "postgres@localhost/shop".to_owned(), connections, ..ScreenSettings::default() };
    Screen::with(fake, settings, 100, 30)
}

/// Returns what the screen asked the runtime to connect to.
fn attempts(screen: &Screen) -> Vec<ConnectTo> {
    let attempt = |effect: &Effect| match effect {
        Effect::Connect(to) => Some(to.clone()),
        _ => None,
    };
    screen.outside.iter().filter_map(attempt).collect()
}

#[test]
fn connects_to_a_choice_and_shows_the_attempt() {
    let mut screen = screen(Fake::shop(1), None);
    screen.keys("O");
    let text = screen.text();
    for shown in
        ["Connected to postgres@localhost/shop", "profile staging", "app@staging/shop", "service billing", "the demo"]
    {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    screen.down();
    screen.enter();
    assert_eq!(attempts(&screen), [ConnectTo::Service("billing".to_owned())]);
    assert!(screen.state.animated());
    screen.wait(3);
    assert!(screen.text().contains("Connecting to service billing · 3s"), "{}", screen.text());
    // Keys do nothing until the attempt has ended.
    screen.enter();
    assert_eq!(attempts(&screen).len(), 1);
}

#[test]
fn esc_cancels_the_attempt_and_then_closes_the_dialog() {
    let mut screen = screen(Fake::shop(1), None);
    let selected = screen.selected();
    screen.keys("O");
    screen.enter();
    screen.esc();
    assert_eq!(screen.outside.last(), Some(&Effect::StopConnecting));
    assert!(screen.state.dialogs.open.is_some());
    // A failure that arrives late is ignored.
    screen.send(Event::ConnectingFailed("too late".to_owned()));
    assert!(!screen.text().contains("too late"));
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.selected(), selected);
}

#[test]
fn a_failure_is_shown_and_another_attempt_can_follow() {
    let mut screen = screen(Fake::shop(1), None);
    screen.keys("O");
    screen.enter();
    screen.send(Event::ConnectingFailed("no such host".to_owned()));
    assert!(screen.text().contains("no such host"), "{}", screen.text());
    screen.enter();
    assert_eq!(attempts(&screen).len(), 2);
}

#[test]
fn the_password_of_a_typed_url_is_neither_shown_nor_in_debug_output_nor_saved() {
    let mut screen = screen(Fake::shop(1), None);
    screen.keys("Opostgres://ada:s3cret@db/shop");
    assert!(screen.text().contains("postgres://ada:******@db/shop"), "{}", screen.text());
    screen.enter();
    assert_eq!(attempts(&screen), [ConnectTo::Url("postgres://ada:s3cret@db/shop".to_owned())]);
    assert!(!screen.text().contains("s3cret"), "{}", screen.text());
    assert!(!format!("{:?}", screen.outside).contains("s3cret"));
    assert!(!serde_json::to_string(&screen.state.saved()).expect("JSON").contains("s3cret"));
}

#[test]
fn the_embedded_store_on_screen_is_not_opened_twice() {
    let mut screen = screen(Fake::shop(1), Some("/store"));
    screen.keys("O");
    screen.key(KeyCode::PageDown);
    screen.key(KeyCode::Up);
    screen.enter();
    assert!(attempts(&screen).is_empty() && screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("This is already your embedded store"), "{}", screen.text());
}

#[test]
fn an_empty_url_connects_to_nothing() {
    let mut screen = screen(Fake::shop(1), None);
    screen.keys("O");
    screen.key(KeyCode::PageDown);
    screen.enter();
    assert!(attempts(&screen).is_empty() && screen.text().contains("Type a URL"), "{}", screen.text());
}

#[test]
fn does_not_leave_a_database_before_the_result_of_a_write() {
    let mut screen = screen(Fake::shop(1), None);
    screen.go_to("account-0");
    screen.keys("c");
    screen.hold = true;
    screen.ctrl('s');
    assert!(compose(&screen).text(crate::app::dialogs::compose::Field::Stream).contains("account-0"));
    let effects = screen.state.connect(ConnectTo::Demo);
    assert!(effects.is_empty(), "{effects:?}");
}

#[test]
fn the_first_start_says_where_the_store_is_and_offers_what_is_configured() {
    let mut screen =
        screen(Fake { without_namespaces: true, ..Fake::default() }, Some("/home/ada/.local/share/streamscope"));
    // The dialog opens by itself.
    assert!(screen.text().contains("profile staging"), "{}", screen.text());
    screen.esc();
    let text = screen.text();
    for shown in [
        "your embedded store",
        "/home/ada/.local/share/streamscope",
        "create a namespace",
        "1 profile, 1 service or a URL",
        "streamscope --url postgres://user@host/database",
        "streamscope --demo",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    screen.act(crate::keymap::Action::Refresh);
    assert!(screen.state.dialogs.open.is_none(), "the choices are offered once");
}

#[test]
fn a_store_with_namespaces_or_a_named_database_offers_nothing_by_itself() {
    assert!(screen(Fake::shop(1), Some("/store")).state.dialogs.open.is_none());
    let screen = screen(Fake { without_namespaces: true, ..Fake::default() }, None);
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("postgres@localhost/shop has no message store yet"), "{}", screen.text());
}

#[test]
fn the_dialog_does_not_claim_a_connection_that_was_refused() {
    let mut fake = Fake::shop(1);
    let refused = StoreError::Server { code: "28P01".to_owned(), message: "password authentication failed".to_owned() };
    fake.fail.push((Slot::Server, refused));
    let mut screen = screen(fake, None);
    screen.keys("O");
    assert!(screen.text().contains("Not connected to postgres@localhost/shop"), "{}", screen.text());
}

#[test]
fn the_log_goes_on_in_another_database() {
    let mut first = screen(Fake::shop(1), None);
    first.send(Event::Notice("something failed".to_owned()));
    first.state.switch_to(screen(Fake::shop(2), None).state);
    let log: Vec<&str> = first.state.notices.log().iter().map(|notice| notice.text.as_str()).collect();
    assert_eq!(log, ["something failed", "Connected to postgres@localhost/shop"]);
}

#[test]
fn the_first_namespace_can_be_created_from_every_pane() {
    for pane in ["1", "2", "3", "4", "5"] {
        let mut screen = screen(Fake { without_namespaces: true, ..Fake::default() }, None);
        screen.keys(pane);
        screen.keys("a");
        assert!(screen.text().contains("Create a namespace"), "{pane}: {}", screen.text());
    }
}
