//! Creating and deleting namespaces.

use crate::app::dialogs::Dialog;
use crate::app::request::Slot;
use crate::app::{Effect, Event, Profile, ScreenSettings};
use crate::store::StoreError;
use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;

#[test]
fn creates_a_namespace_and_shows_its_token_once() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("1anew");
    screen.enter();
    assert!(screen.text().contains("ns_dG9rZW4_0123456789abcdef"));
    screen.keys("y");
    assert!(matches!(screen.outside.last(), Some(Effect::Copy { what: "token", .. })));
    screen.esc();
    assert!(screen.text().contains("ns_dG9rZW4"), "Esc does not close the token, which is shown only once");
    screen.enter();
    assert!(!screen.text().contains("ns_dG9rZW4"));
    assert_eq!(screen.state.namespace().map(|namespace| namespace.id.as_str()), Some("new"));
}

#[test]
fn deletes_a_namespace_only_after_its_id_is_typed() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("1Dsho");
    screen.enter();
    assert!(screen.text().contains("The ID does not match"), "{}", screen.text());
    assert!(screen.text().contains("its 10 messages"), "the count is shown: {}", screen.text());
    screen.keys("p");
    screen.enter();
    assert!(screen.text().contains("Deleted the namespace and its 10 messages"), "{}", screen.text());
}

#[test]
fn a_second_enter_creates_no_second_namespace() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.hold = true;
    screen.keys("1anew");
    screen.enter();
    screen.enter();
    screen.keys("er");
    screen.send(Event::Paste("est".to_owned()));
    screen.esc();
    assert!(screen.text().contains("working"), "{}", screen.text());
    screen.release();
    assert_eq!(screen.fake.created, ["new"]);
    assert!(screen.text().contains("ns_dG9rZW4_0123456789abcdef"), "{}", screen.text());
}

#[test]
fn a_second_enter_deletes_only_once() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.keys("1Dshop");
    screen.hold = true;
    screen.enter();
    screen.enter();
    screen.esc();
    let sent = screen.held.iter().filter(|(slot, ..)| *slot == Slot::Admin).count();
    assert_eq!(sent, 1);
    screen.release();
    assert!(screen.text().contains("Deleted the namespace and its 10 messages"), "{}", screen.text());
}

#[test]
fn a_namespace_can_be_created_again_after_an_error() {
    let mut screen = Screen::new(Fake::shop(1));
    let lost = StoreError::Unavailable {
        target: "localhost".to_owned(),
        reason: "connection refused".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    screen.fake.fail.push((Slot::Admin, lost));
    screen.keys("1anew");
    screen.enter();
    assert!(screen.text().contains("connection refused"), "{}", screen.text());
    screen.enter();
    assert_eq!(screen.fake.created, ["new"]);
}

#[test]
fn creating_a_namespace_in_production_requires_an_upper_case_y() {
    let profile = Profile { name: "production".to_owned(), production: true, ..Profile::default() };
    let mut screen = Screen::with(Fake::shop(1), ScreenSettings { profile, ..ScreenSettings::default() }, 160, 45);
    screen.keys("1anew");
    screen.enter();
    screen.keys("y");
    assert!(screen.fake.created.is_empty() && matches!(screen.state.dialogs.open, Some(Dialog::CreateNamespace(_))));
    screen.key(KeyCode::Enter);
    screen.keys("Y");
    assert_eq!(screen.fake.created, ["new"]);
}

#[test]
fn says_once_what_is_wrong_with_a_namespace() {
    let caution = "_streamscope_version was not read: it is a view";
    let mut screen = Screen::new(Fake { caution: Some(caution.to_owned()), ..Fake::shop(1) });
    let told =
        |screen: &Screen| screen.state.notices.log().iter().filter(|notice| notice.text.contains(caution)).count();
    assert!(screen.text().contains(&format!("Namespace shop: {caution}")), "{}", screen.text());
    screen.keys("r");
    assert_eq!(told(&screen), 1, "not again when it is read again");
    screen.go_to("audit/");
    assert_eq!(told(&screen), 1, "nothing is wrong with the other one");
}
