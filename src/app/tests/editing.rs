//! Typing into the compose dialog and into prompts: cursor, scrolling, completions and pasting.

use crate::app::Event;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::compose::Field;
use crate::app::request::Answer;
use crossterm::event::KeyCode;

use super::compose::compose;
use super::fake::Fake;
use super::screen::Screen;

/// Moves to a field of the open dialog.
fn field(screen: &mut Screen, field: Field) {
    while compose(screen).field != field {
        screen.key(KeyCode::BackTab);
    }
}

/// Opens a dialog with 100 lines of data and the cursor in the last one.
fn hundred_lines() -> Screen {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("w");
    field(&mut screen, Field::Data);
    let lines: Vec<String> = (0..100).map(|line| format!("\"line {line}\"")).collect();
    screen.send(Event::Paste(format!("[{}]", lines.join(",\n"))));
    screen.text();
    screen
}

fn cursor_line(screen: &Screen) -> usize {
    compose(screen).data.cursor().0
}

/// Returns the character at the terminal's cursor.
fn under_cursor(screen: &Screen) -> String {
    let mut terminal = screen.terminal();
    let position = ratatui::backend::Backend::get_cursor_position(terminal.backend_mut()).expect("a cursor");
    terminal.backend().buffer()[position].symbol().to_owned()
}

#[test]
fn page_keys_move_by_the_height_of_the_editor() {
    let mut screen = hundred_lines();
    screen.key(KeyCode::PageUp);
    let above = cursor_line(&screen);
    assert!((50..99).contains(&above), "one page up from the last line: {above}");
    screen.text();
    screen.key(KeyCode::PageDown);
    assert!(cursor_line(&screen) > above, "and down again");
}

#[test]
fn the_cursor_moves_within_the_view_before_the_text_scrolls() {
    let mut screen = hundred_lines();
    assert!(screen.text().contains("line 99"));
    screen.key(KeyCode::Up);
    assert!(screen.text().contains("line 99"), "{}", screen.text());
}

#[test]
fn the_current_field_is_in_view_at_every_size() {
    for (width, height) in [(160, 45), (80, 24), (60, 16), (40, 10), (30, 6)] {
        let mut screen = Screen::with(Fake::shop(2), crate::app::ScreenSettings::default(), width, height);
        screen.keys("w");
        for wanted in Field::ALL {
            field(&mut screen, wanted);
            screen.ctrl('u');
            screen.keys("§");
            screen.key(KeyCode::Left);
            assert_eq!(under_cursor(&screen), "§", "{wanted:?} at {width}x{height}: {}", screen.text());
        }
    }
}

#[test]
fn shows_data_and_metadata_at_60x16() {
    let mut screen = Screen::with(Fake::shop(2), crate::app::ScreenSettings::default(), 60, 16);
    screen.go_to("account-1@2");
    screen.keys("c");
    let text = screen.text();
    assert!(text.contains("amount") && text.contains("correlationStreamName"), "{text}");
}

#[test]
fn a_long_line_scrolls_to_the_cursor() {
    let long = format!("{}§", "x".repeat(300));
    for prompt in ["/", "&", ":", "\u{10}", "w", "1a", "1D"] {
        let mut screen = Screen::with(Fake::shop(2), crate::app::ScreenSettings::default(), 80, 24);
        for key in prompt.chars() {
            if key == '\u{10}' { screen.ctrl('p') } else { screen.key(KeyCode::Char(key)) }
        }
        screen.send(Event::Paste(long.clone()));
        screen.key(KeyCode::Left);
        assert_eq!(under_cursor(&screen), "§", "{prompt:?}: {}", screen.text());
        screen.key(KeyCode::Home);
        assert_eq!(under_cursor(&screen), "x", "{prompt:?}: {}", screen.text());
    }
}

#[test]
fn shows_invisible_characters_while_typing_and_keeps_them() {
    let hidden = "abc\u{202e}\u{200b}\u{9b}def§";
    for wanted in [Field::Type, Field::Data] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys("w");
        field(&mut screen, wanted);
        screen.send(Event::Paste(hidden.to_owned()));
        assert!(screen.text().contains("abc<U+202E><U+200B><U+009B>def§"), "{}", screen.text());
        assert_eq!(compose(&screen).text(wanted), hidden);
        screen.key(KeyCode::Left);
        assert_eq!(under_cursor(&screen), "§");
    }
}

#[test]
fn typing_fills_in_or_replaces_the_empty_object() {
    for (typed, expected) in [(r#"{"a": 1}"#, r#"{"a": 1}"#), ("[1]", "[1]"), (r#""a": 1"#, r#"{"a": 1}"#)] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys("w");
        field(&mut screen, Field::Data);
        screen.keys(typed);
        assert_eq!(compose(&screen).text(Field::Data), expected);
    }
}

#[test]
fn any_completion_can_be_selected() {
    for choose in [Screen::down as fn(&mut Screen), |screen| screen.ctrl('n')] {
        let mut screen = Screen::new(Fake::shop(4));
        screen.keys("1worder-");
        choose(&mut screen);
        choose(&mut screen);
        screen.key(KeyCode::Up);
        screen.key(KeyCode::Tab);
        assert_eq!(compose(&screen).text(Field::Stream), "order-1");
    }
}

#[test]
fn long_completions_keep_the_ends_in_which_they_differ() {
    let mut fake = Fake::shop(0);
    let name = |end: &str| format!("invoice-{}-{end}", "9".repeat(200));
    for end in ["north", "south"] {
        fake.push(&name(end), "Sent", "{}", None);
    }
    let mut screen = Screen::new(fake);
    screen.keys("1winv");
    let text = screen.text();
    assert!(text.contains("…") && text.contains("99-north") && text.contains("99-south"), "{text}");
}

#[test]
fn esc_closes_the_completions_before_the_dialog() {
    for wanted in [Field::Stream, Field::Type] {
        let mut screen = Screen::new(Fake::shop(4));
        screen.go_to("order-1");
        screen.keys("w");
        field(&mut screen, wanted);
        screen.ctrl('u');
        screen.keys("order-");
        assert!(!compose(&screen).completions.is_empty());
        screen.esc();
        assert!(compose(&screen).completions.is_empty());
        screen.esc();
        assert!(screen.state.dialogs.open.is_none());
    }
}

#[test]
fn ignores_completions_of_a_field_that_was_left() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("order-1");
    screen.keys("w");
    field(&mut screen, Field::Type);
    screen.hold = true;
    screen.keys("order-");
    screen.key(KeyCode::BackTab);
    field(&mut screen, Field::Data);
    screen.release();
    assert!(compose(&screen).completions.is_empty());
}

#[test]
fn an_empty_id_becomes_a_new_one() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    field(&mut screen, Field::Id);
    screen.ctrl('u');
    assert!(screen.text().contains("(new UUID)"), "{}", screen.text());
    screen.ctrl('s');
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn a_clone_of_a_message_without_data_gets_json_null_and_a_note() {
    let mut fake = Fake::shop(2);
    fake.messages[0].data = None;
    let mut screen = Screen::new(fake);
    screen.go_to("account-0@0");
    screen.keys("c");
    assert_eq!(compose(&screen).text(Field::Data), "null");
    assert!(screen.text().contains("data is NULL"), "{}", screen.text());
}

#[test]
fn ignores_a_paste_into_a_sent_draft() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    screen.hold = true;
    screen.ctrl('s');
    let sent = compose(&screen).draft();
    screen.send(Event::Paste("more".to_owned()));
    assert_eq!(compose(&screen).draft(), sent);
    assert!(matches!(screen.state.dialogs.open, Some(Dialog::Compose(_))));
}

#[test]
fn pasted_line_breaks_and_tabs_stay_in_editors_and_become_spaces_elsewhere() {
    for (pasted, lines, line) in [
        ("a\r\nb", ["a", "b"], "a b"),
        ("a\rb", ["a", "b"], "a b"),
        ("a\nb", ["a", "b"], "a b"),
        ("a\rb\r\n", ["a", "b"], "a b"),
        ("a\tc\nb", ["a\tc", "b"], "a c b"),
    ] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys("w");
        field(&mut screen, Field::Data);
        screen.send(Event::Paste(pasted.to_owned()));
        assert_eq!(compose(&screen).data.lines()[..2], lines, "{pasted:?}");
        field(&mut screen, Field::Type);
        screen.send(Event::Paste(pasted.to_owned()));
        assert_eq!(compose(&screen).text(Field::Type), line, "{pasted:?}");
    }
}

#[test]
fn keys_right_after_a_paste_write_nothing() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1a");
    screen.send(Event::Paste("new\r".to_owned()));
    screen.enter();
    assert!(screen.fake.created.is_empty() && screen.text().contains("Press Enter again"), "{}", screen.text());
    screen.wait(1);
    screen.enter();
    assert_eq!(screen.fake.created, ["new"]);

    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1D");
    screen.hold = true;
    screen.send(Event::Paste("shop\r".to_owned()));
    screen.enter();
    assert!(screen.held.iter().all(|(.., outcome)| !matches!(outcome, Ok(Answer::Deleted { .. }))));
    screen.wait(1);
    screen.enter();
    assert!(screen.held.iter().any(|(.., outcome)| matches!(outcome, Ok(Answer::Deleted { .. }))), "{}", screen.text());

    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("w");
    field(&mut screen, Field::Type);
    screen.send(Event::Paste("Deposited\r".to_owned()));
    let before = screen.fake.messages.len();
    screen.ctrl('s');
    assert_eq!(screen.fake.messages.len(), before);
    assert!(screen.text().contains("Press Ctrl-S again"), "{}", screen.text());
    screen.wait(1);
    screen.ctrl('s');
    assert_eq!(screen.fake.messages.len(), before + 1);
}

#[test]
fn ignores_a_paste_without_a_text_field() {
    for keys in ["", "?", "!", "y"] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys(keys);
        let before = screen.text();
        screen.send(Event::Paste("q\rD\ry\u{1b}c\rw".to_owned()));
        assert_eq!(screen.text(), before, "{keys:?}");
        assert!(!screen.outside.contains(&crate::app::Effect::Quit));
    }
}
