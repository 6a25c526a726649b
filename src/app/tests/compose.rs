//! Writing messages: drafts, checks, conflicts, clones and follow-ups.

use crate::app::dialogs::Dialog;
use crate::app::dialogs::compose::{DraftStage, Field};
use crate::app::request::Slot;
use crate::app::{Edited, Effect, Event, Profile, ScreenSettings};
use crate::store::StoreError;
use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;

/// Returns the open compose dialog.
pub(super) fn compose(screen: &Screen) -> &crate::app::dialogs::compose::Compose {
    match &screen.state.dialogs.open {
        Some(Dialog::Compose(compose)) => compose,
        other => panic!("the compose dialog is not open: {other:?}"),
    }
}

/// Opens a draft for account-1 with a type and without data.
fn draft(screen: &mut Screen) {
    screen.go_to("account-1");
    screen.keys("w");
    assert_eq!(compose(screen).text(Field::Stream), "account-1");
    while compose(screen).field != Field::Type {
        screen.key(KeyCode::BackTab);
    }
    screen.keys("Deposited");
    screen.esc();
    screen.keys("w");
}

#[test]
fn fills_in_the_expected_version_from_the_screen() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
}

#[test]
fn reads_the_expected_version_if_the_end_of_the_stream_is_not_on_screen() {
    // The list was left and entered again, so newer messages may exist.
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("3");
    screen.key(KeyCode::Up);
    screen.key(KeyCode::Down);
    screen.fake.push("account-1", "Overtaken", "{}", None);
    assert!(!screen.state.browser.messages.at_end());
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "5");
    // The list is filtered.
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("&type:Opened");
    screen.enter();
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
    // The user types the stream.
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1waccount-1");
    screen.enter();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
}

#[test]
fn a_version_that_arrives_while_another_stream_is_typed_is_replaced() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.hold = true;
    screen.keys("w0");
    screen.release();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "none", "of account-");
    screen.key(KeyCode::Tab);
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4", "of account-0");
}

#[test]
fn a_draft_that_is_kept_without_its_version_reads_it_when_it_is_opened() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    screen.keys("w0");
    while screen.state.dialogs.open.is_some() {
        screen.esc();
    }
    screen.keys("w");
    assert_eq!(compose(&screen).text(Field::Stream), "account-0");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
}

#[test]
fn tab_never_replaces_a_pasted_text_with_a_completion_of_the_text_before() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.keys("w");
    assert_eq!(compose(&screen).field, Field::Type);
    assert!(!compose(&screen).completions.is_empty(), "{}", screen.text());
    screen.send(Event::Paste("Renamed".to_owned()));
    screen.key(KeyCode::Tab);
    assert_eq!(compose(&screen).text(Field::Type), "Renamed");
    // What begins with a pasted text is offered.
    screen.key(KeyCode::BackTab);
    screen.ctrl('u');
    screen.send(Event::Paste("acc".to_owned()));
    let offered = &compose(&screen).completions;
    assert!(!offered.is_empty() && offered.iter().all(|name| name.starts_with("acc")), "{offered:?}");
}

#[test]
fn selects_the_written_message_in_its_stream() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    screen.ctrl('s');
    assert!(screen.state.dialogs.open.is_none(), "{}", screen.text());
    assert_eq!(screen.selected(), "account-1@5");
    assert!(screen.outside.contains(&Effect::SaveDrafts(Vec::new())));
}

#[test]
fn esc_keeps_the_draft() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    assert_eq!(compose(&screen).text(Field::Type), "Deposited");
    assert!(screen.outside.iter().any(|effect| matches!(effect, Effect::SaveDrafts(_))));
}

#[test]
fn shows_line_and_column_of_invalid_json_and_does_not_send_it() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    screen.send(Event::Paste("{\"a\": 1,\n  oops".to_owned()));
    screen.hold = true;
    screen.ctrl('s');
    assert!(screen.held.iter().all(|(slot, ..)| *slot != Slot::Write));
    assert!(screen.text().contains("data: line 2, column 3: expected a key in quotes"), "{}", screen.text());
}

#[test]
fn rejects_json_that_postgres_cannot_store_while_typing() {
    for text in [r#"{"a": "\u0000"}"#, r#"{"a": "\ud800"}"#] {
        let mut screen = Screen::new(Fake::shop(2));
        draft(&mut screen);
        screen.send(Event::Paste(text.to_owned()));
        assert!(screen.text().contains("cannot be stored"), "{}", screen.text());
        screen.hold = true;
        screen.ctrl('s');
        assert!(screen.held.iter().all(|(slot, ..)| *slot != Slot::Write));
        assert!(screen.text().contains(text), "the draft is kept: {}", screen.text());
    }
}

#[test]
fn a_conflict_keeps_the_draft_and_shows_the_messages_written_since() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    screen.fake.push("account-1", "Overtaken", r#"{"by": "someone"}"#, None);
    screen.ctrl('s');
    let text = screen.text();
    assert!(text.contains("expected version 4, but the stream is at version 5"), "{text}");
    assert!(text.contains("Overtaken") && text.contains("someone"), "{text}");
    assert_eq!(compose(&screen).text(Field::Type), "Deposited");
    assert!(text.contains("Conflict · Written since version 4"), "{text}");
    // Another writer is first again.
    screen.fake.push("account-1", "OvertakenAgain", "{}", None);
    screen.keys("t");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "5");
    assert!(screen.text().contains("OvertakenAgain"), "{}", screen.text());
    screen.keys("t");
    assert!(screen.state.dialogs.open.is_none());
    assert_eq!(screen.selected(), "account-1@7");
}

#[test]
fn retrying_after_a_conflict_asks_for_confirmation_in_production() {
    let profile = Profile { production: true, name: "prod".to_owned(), ..Default::default() };
    let setup = ScreenSettings { profile, ..ScreenSettings::default() };
    let mut screen = Screen::with(Fake::shop(2), setup, 160, 45);
    draft(&mut screen);
    screen.fake.push("account-1", "Overtaken", "{}", None);
    screen.ctrl('s');
    screen.keys("Y");
    assert!(matches!(compose(&screen).stage, DraftStage::Conflict(_)), "{}", screen.text());
    screen.keys("t");
    assert!(matches!(compose(&screen).stage, DraftStage::Confirming), "{}", screen.text());
    screen.keys("Y");
    assert_eq!(screen.selected(), "account-1@6");
}

#[test]
fn a_draft_with_a_conflict_can_be_edited_or_discarded() {
    for (key, open) in [('e', true), ('x', false)] {
        let mut screen = Screen::new(Fake::shop(2));
        draft(&mut screen);
        screen.fake.push("account-1", "Overtaken", "{}", None);
        screen.ctrl('s');
        screen.key(KeyCode::Char(key));
        assert!(screen.state.dialogs.open.is_some(), "one key discards nothing: {}", screen.text());
        screen.keys("y");
        assert_eq!(screen.state.dialogs.open.is_some(), open);
    }
}

#[test]
fn a_failed_write_keeps_the_draft_and_shows_the_error() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    let id = uuid::Uuid::nil();
    screen.fake.fail.push((Slot::Write, StoreError::OutcomeUnknown { id, reason: "connection closed".to_owned() }));
    screen.ctrl('s');
    assert!(matches!(compose(&screen).stage, DraftStage::Editing));
    assert!(screen.text().contains("cannot tell whether message"), "{}", screen.text());
}

#[test]
fn a_sent_draft_stays_open_until_the_answer() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    screen.hold = true;
    screen.ctrl('s');
    screen.esc();
    assert!(matches!(compose(&screen).stage, DraftStage::Writing));
    screen.release();
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn a_clone_copies_everything_except_the_id() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    let compose = compose(&screen);
    assert_eq!(compose.text(Field::Type), "Withdrawn");
    assert!(compose.text(Field::Data).contains("12345678901234567890123"));
    assert_ne!(compose.text(Field::Id), screen.state.browser.messages.selection().expect("a message").id.to_string());
}

#[test]
fn fills_in_causation_and_correlation_of_a_follow_up() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    let global_position = screen.state.browser.messages.selection().expect("a message").global_position;
    screen.keys("r");
    let metadata: serde_json::Value =
        serde_json::from_str(&compose(&screen).text(Field::Metadata)).expect("metadata is JSON");
    assert_eq!(metadata["causationMessageStreamName"], "account-1");
    assert_eq!(metadata["causationMessagePosition"], 2);
    assert_eq!(metadata["causationMessageGlobalPosition"], global_position);
    assert_eq!(metadata["correlationStreamName"], "order-1");
}

#[test]
fn writing_in_production_requires_an_upper_case_y() {
    let profile = Profile { name: "production".to_owned(), production: true, ..Profile::default() };
    let mut screen = Screen::with(Fake::shop(2), ScreenSettings { profile, ..ScreenSettings::default() }, 160, 45);
    draft(&mut screen);
    screen.ctrl('s');
    screen.keys("y");
    assert!(matches!(compose(&screen).stage, DraftStage::Editing));
    screen.ctrl('s');
    screen.keys("Y");
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn read_only_opens_no_dialog_that_writes() {
    let mut screen =
        Screen::with(Fake::shop(2), ScreenSettings { read_only: true, ..ScreenSettings::default() }, 160, 45);
    screen.keys("w");
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.text().contains("read-only"), "{}", screen.text());
    screen.keys("1D");
    assert!(screen.state.dialogs.open.is_none());
    screen.go_to("account-1");
    screen.keys("e");
    assert!(!screen.outside.iter().any(|effect| matches!(effect, Effect::Edit { .. })), "no edit is discarded later");
}

#[test]
fn opens_a_draft_from_an_earlier_run() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    let kept = compose(&screen).draft();
    let mut later = Screen::new(Fake::shop(2));
    later.send(Event::DraftsFound(vec![kept.clone()]));
    later.keys("w");
    assert_eq!(compose(&later).draft(), kept);
}

#[test]
fn tab_completes_the_stream() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1w");
    screen.keys("order-");
    assert!(screen.text().contains("order-0"), "{}", screen.text());
    screen.key(KeyCode::Tab);
    assert_eq!(compose(&screen).text(Field::Stream), "order-0");
}

#[test]
fn takes_the_fields_text_from_the_editor() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    screen.ctrl('e');
    assert!(matches!(screen.outside.last(), Some(Effect::Edit { suffix: ".json", .. })));
    screen.send(Event::Edited(Edited::Text("{\"edited\": true}\n".to_owned())));
    assert_eq!(compose(&screen).text(Field::Data), "{\"edited\": true}");
}

#[test]
fn an_editor_that_fails_or_empties_its_file_loses_no_text() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    let (before, kind) = (compose(&screen).text(Field::Data), compose(&screen).text(Field::Type));
    assert!(!kind.is_empty());
    for (edited, said) in [
        (Edited::Text("\n".to_owned()), "left an empty file"),
        (Edited::AtOnce("code".to_owned()), "The text is unchanged: code exited at once"),
        (Edited::Failed("vi: exit status: 1".to_owned(), None), "The editor failed: vi: exit status: 1"),
    ] {
        screen.ctrl('e');
        screen.send(Event::Edited(edited));
        assert_eq!(compose(&screen).text(Field::Data), before);
        assert!(screen.text().contains(said), "{}", screen.text());
    }
    screen.ctrl('e');
    screen.send(Event::Edited(Edited::Failed("vi: signal: 9".to_owned(), Some("{\"half\":".to_owned()))));
    assert_eq!(compose(&screen).text(Field::Data), "{\"half\":");
    let id = compose(&screen).text(Field::Id);
    screen.ctrl('o');
    let kept = (compose(&screen).text(Field::Data), compose(&screen).text(Field::Type));
    assert_eq!(kept, (before, kind), "the text from before is kept as another draft");
    assert_ne!(compose(&screen).text(Field::Id), id);
}

#[test]
fn lists_a_category_after_its_first_message_is_written() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1waudit-1");
    screen.enter();
    screen.keys("Noted");
    screen.ctrl('s');
    assert_eq!(screen.selected(), "audit-1@0");
    assert_eq!(
        screen.state.browser.categories.selection().map(|row| row.category.to_string()).as_deref(),
        Some("audit")
    );
}

#[test]
fn ctrl_u_deletes_to_the_start_of_the_line() {
    let mut screen = Screen::new(Fake::shop(2));
    draft(&mut screen);
    while compose(&screen).field != Field::Type {
        screen.key(KeyCode::BackTab);
    }
    assert_eq!(compose(&screen).text(Field::Type), "Deposited");
    screen.ctrl('u');
    assert_eq!(compose(&screen).text(Field::Type), "");
}

#[test]
fn a_clone_expects_the_streams_current_version() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
    // A message that another program writes in the meantime causes a conflict, so it cannot be repeated unnoticed.
    screen.fake.push("account-1", "Overtaken", "{}", None);
    screen.ctrl('s');
    assert!(matches!(compose(&screen).stage, DraftStage::Conflict(_)), "{}", screen.text());
}

/// Selects a message of account-1 in the list of its category, which does not show the stream's version.
fn in_category(screen: &mut Screen) {
    screen.go_to("account");
    screen.keys("4");
    for _ in 0..10 {
        if screen.selected() != "account-1@2" {
            screen.key(KeyCode::Up);
        }
    }
    assert_eq!(screen.selected(), "account-1@2");
}

#[test]
fn reads_a_version_that_is_not_on_screen_before_writing_a_clone() {
    let mut screen = Screen::new(Fake::shop(2));
    in_category(&mut screen);
    screen.hold = true;
    screen.keys("c");
    screen.ctrl('s');
    assert!(screen.text().contains("Still reading the stream's version"), "{}", screen.text());
    screen.release();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
    screen.esc();
    assert!(screen.state.dialogs.drafts.is_empty(), "nothing was typed, so no draft is kept");
}

#[test]
fn writes_nothing_if_the_version_cannot_be_read() {
    let mut screen = Screen::new(Fake::shop(2));
    let reason = StoreError::TimedOut { limit: std::time::Duration::from_secs(5) };
    screen.fake.fail.push((Slot::Version, reason));
    in_category(&mut screen);
    screen.keys("c");
    assert!(screen.text().contains("Cannot read the stream's version"), "{}", screen.text());
    let before = screen.fake.messages.len();
    screen.ctrl('s');
    // Ctrl-S asks again, and this time the server answers.
    assert_eq!(screen.fake.messages.len(), before);
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
}

#[test]
fn the_version_follows_the_stream_until_the_user_types_one() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("r");
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "any");
    screen.keys("order-1");
    screen.enter();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "4");
    screen.key(KeyCode::BackTab);
    screen.keys("23");
    screen.enter();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "none");
    while compose(&screen).field != Field::ExpectedVersion {
        screen.key(KeyCode::Tab);
    }
    screen.ctrl('u');
    screen.keys("any");
    while compose(&screen).field != Field::Stream {
        screen.key(KeyCode::BackTab);
    }
    screen.ctrl('u');
    screen.keys("order-0");
    screen.enter();
    assert_eq!(compose(&screen).text(Field::ExpectedVersion), "any");
}
