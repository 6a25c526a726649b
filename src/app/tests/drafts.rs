//! Drafts: which ones are kept, which are discarded, and where the screen goes after one is written.

use crate::app::dialogs::compose::{Draft, Field};
use crate::app::request::Slot;
use crate::app::{Edited, Effect, Event};
use crate::store::StoreError;
use crossterm::event::KeyCode;

use super::compose::compose;
use super::fake::Fake;
use super::screen::Screen;

/// Returns the types of the drafts that would survive a crash.
fn on_disk(screen: &Screen) -> Vec<String> {
    let saved = screen.outside.iter().rev().find_map(|effect| match effect {
        Effect::SaveDrafts(drafts) => Some(drafts.iter().map(|draft| draft.message_type.clone()).collect()),
        _ => None,
    });
    saved.unwrap_or_default()
}

/// Sets the type of a draft for account-1 and closes it.
fn put_aside(screen: &mut Screen, message_type: &str) {
    assert_eq!(compose(screen).text(Field::Stream), "account-1");
    while compose(screen).field != Field::Type {
        screen.key(KeyCode::BackTab);
    }
    screen.ctrl('u');
    screen.keys(message_type);
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn discards_an_untouched_draft() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    for key in ["w", "c"] {
        screen.keys(key);
        // The first Esc closes the completions of the type.
        while screen.state.dialogs.open.is_some() {
            screen.esc();
        }
        assert!(screen.state.dialogs.drafts.is_empty() && on_disk(&screen).is_empty());
        assert!(!screen.text().contains("Draft kept"), "{}", screen.text());
    }
}

#[test]
fn a_clone_does_not_replace_the_kept_draft() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    put_aside(&mut screen, "First");
    screen.keys("c");
    screen.esc();
    assert_eq!(on_disk(&screen), ["First"]);
    screen.keys("c");
    screen.ctrl('s');
    assert_eq!(screen.selected(), "account-1@5");
    assert_eq!(on_disk(&screen), ["First"], "only the written draft is gone");
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::Type), "First");
}

#[test]
fn ctrl_o_cycles_through_the_kept_drafts_and_a_new_one() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    put_aside(&mut screen, "First");
    screen.keys("c");
    put_aside(&mut screen, "Second");
    assert_eq!(on_disk(&screen), ["First", "Second"]);
    screen.keys("w");
    assert!(screen.text().contains("1 more draft"), "{}", screen.text());
    let mut seen = vec![compose(&screen).text(Field::Type)];
    for _ in 0..3 {
        screen.ctrl('o');
        seen.push(compose(&screen).text(Field::Type));
    }
    assert_eq!(seen, ["Second", "First", "", "Second"]);
    let mut kept = on_disk(&screen);
    kept.sort();
    assert_eq!(kept, ["First", "Second"]);
}

#[test]
fn discards_one_draft_after_confirmation_and_keeps_the_others() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    put_aside(&mut screen, "First");
    screen.keys("c");
    put_aside(&mut screen, "Second");
    screen.keys("w");
    screen.ctrl('g');
    screen.keys("n");
    assert_eq!(compose(&screen).text(Field::Type), "Second", "only y discards it");
    screen.ctrl('g');
    screen.keys("y");
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(on_disk(&screen), ["First"]);
}

#[test]
fn keeps_an_untouched_clone_if_writing_fails() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    let id = uuid::Uuid::nil();
    screen.fake.fail.push((Slot::Write, StoreError::OutcomeUnknown { id, reason: "connection closed".to_owned() }));
    screen.ctrl('s');
    screen.esc();
    assert_eq!(on_disk(&screen), ["Withdrawn"]);
}

#[test]
fn goes_to_the_namespace_of_the_written_draft() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    put_aside(&mut screen, "Late");
    screen.keys("1j");
    assert_eq!(screen.state.namespace().map(|namespace| namespace.id.as_str()), Some("audit"));
    screen.keys("w");
    screen.ctrl('s');
    assert_eq!(screen.state.namespace().map(|namespace| namespace.id.as_str()), Some("shop"));
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn opens_all_drafts_from_an_earlier_run() {
    let draft = |message_type: &str| Draft { message_type: message_type.to_owned(), ..Draft::default() };
    let mut screen = Screen::new(Fake::shop(2));
    screen.send(Event::DraftsFound(vec![draft("First"), draft("Second")]));
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::Type), "Second");
    screen.ctrl('o');
    assert_eq!(compose(&screen).text(Field::Type), "First");
}

#[test]
fn editing_a_stored_message_opens_a_clone() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("e");
    let Some(Effect::Edit { text, .. }) = screen.outside.last().cloned() else { panic!("the editor was not opened") };
    screen.send(Event::Edited(Edited::Text(text.clone())));
    assert!(screen.state.dialogs.open.is_none(), "nothing was changed");
    screen.keys("e");
    screen.send(Event::Edited(Edited::Text(text.replace("1.10", "1.20"))));
    let compose = compose(&screen);
    assert_eq!((compose.text(Field::Stream).as_str(), compose.text(Field::Type).as_str()), ("account-1", "Withdrawn"));
    assert!(compose.text(Field::Data).contains("1.20"), "{}", compose.text(Field::Data));
    assert!(compose.text(Field::Metadata).contains("correlationStreamName"));
    assert!(screen.text().contains("A stored message cannot be changed"), "{}", screen.text());
    screen.esc();
    assert_eq!(on_disk(&screen), ["Withdrawn"], "the edited draft is kept");
}

#[test]
fn a_draft_that_cannot_be_saved_is_not_lost_without_a_warning() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    let failed = || Event::DraftsSaved(Err("No space left on device".to_owned()));
    screen.send(failed());
    assert!(screen.text().contains("Drafts cannot be saved: No space left on device"), "{}", screen.text());
    put_aside(&mut screen, "First");
    assert!(screen.text().contains("Draft kept until streamscope ends. It cannot be saved"), "{}", screen.text());
    // Another database has drafts of its own.
    screen.keys("O");
    screen.keys("postgres://localhost/other");
    screen.enter();
    assert!(!screen.outside.iter().any(|effect| matches!(effect, Effect::Connect(_))));
    assert!(screen.text().contains("write or discard 1 draft first"), "{}", screen.text());
    screen.outside.clear();
    screen.ctrl('c');
    assert!(matches!(screen.outside.last(), Some(Effect::SaveDrafts(drafts)) if drafts.len() == 1), "tried once more");
    assert!(screen.text().contains("Press q again to quit without 1 draft"), "{}", screen.text());
    screen.keys("q");
    assert_eq!(screen.outside.last(), Some(&Effect::Quit));
    // Once they are saved, nothing is said.
    screen.outside.clear();
    screen.send(failed());
    screen.send(Event::DraftsSaved(Ok(())));
    screen.keys("q");
    assert_eq!(screen.outside, [Effect::Quit]);
}
