//! Typing into the compose dialog and into prompts: where the cursor is, what is in view, what is offered.

use crossterm::event::KeyCode;
use streamscope::app::Event;
use streamscope::app::compose::Field;
use streamscope::app::dialog::Dialog;
use streamscope::app::request::Answer;

use super::compose::compose;
use super::fake::{Fake, Screen};

/// Goes to a field of an open dialog.
fn field(screen: &mut Screen, field: Field) {
    while compose(screen).field != field {
        screen.key(KeyCode::BackTab);
    }
}

/// A dialog over a document of a hundred lines, the cursor in the last one.
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

/// The character that the terminal's cursor stands on.
fn under_cursor(screen: &Screen) -> String {
    let mut terminal = screen.terminal();
    let position = ratatui::backend::Backend::get_cursor_position(terminal.backend_mut()).expect("a cursor");
    terminal.backend().buffer()[position].symbol().to_owned()
}

#[test]
fn page_keys_go_by_what_is_in_view() {
    let mut screen = hundred_lines();
    screen.key(KeyCode::PageUp);
    let above = cursor_line(&screen);
    assert!((50..99).contains(&above), "one page up from the last line: {above}");
    screen.text();
    screen.key(KeyCode::PageDown);
    assert!(cursor_line(&screen) > above, "and down again");
}

#[test]
fn the_cursor_moves_up_before_the_text_does() {
    let mut screen = hundred_lines();
    assert!(screen.text().contains("line 99"));
    screen.key(KeyCode::Up);
    assert!(screen.text().contains("line 99"), "{}", screen.text());
}

#[test]
fn the_field_in_use_is_in_view_however_small_the_screen_is() {
    for (width, height) in [(160, 45), (80, 24), (60, 16), (40, 10), (30, 6)] {
        let mut screen = Screen::with(Fake::shop(2), streamscope::app::Setup::default(), width, height);
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
fn both_bodies_are_in_view_where_there_is_a_little_room() {
    let mut screen = Screen::with(Fake::shop(2), streamscope::app::Setup::default(), 60, 16);
    screen.go_to("account-1@2");
    screen.keys("c");
    let text = screen.text();
    assert!(text.contains("amount") && text.contains("correlationStreamName"), "{text}");
}

#[test]
fn a_line_that_is_longer_than_its_field_shows_where_one_types() {
    let long = format!("{}§", "x".repeat(300));
    for prompt in ["/", "&", ":", "\u{10}", "w", "1a", "1D"] {
        let mut screen = Screen::with(Fake::shop(2), streamscope::app::Setup::default(), 80, 24);
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
fn what_nobody_would_see_is_shown_while_typing_and_kept_as_it_is() {
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
fn the_empty_object_is_filled_or_replaced_by_what_is_typed() {
    for (typed, expected) in [(r#"{"a": 1}"#, r#"{"a": 1}"#), ("[1]", "[1]"), (r#""a": 1"#, r#"{"a": 1}"#)] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys("w");
        field(&mut screen, Field::Data);
        screen.keys(typed);
        assert_eq!(compose(&screen).text(Field::Data), expected);
    }
}

#[test]
fn any_completion_can_be_chosen() {
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
fn esc_closes_what_is_offered_before_the_dialog() {
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
        assert!(screen.state.dialog.is_none());
    }
}

#[test]
fn what_was_offered_for_a_field_that_was_left_is_not_put_into_another() {
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
fn an_emptied_id_becomes_a_new_one() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    field(&mut screen, Field::Id);
    screen.ctrl('u');
    assert!(screen.text().contains("(a new one)"), "{}", screen.text());
    screen.ctrl('s');
    assert_eq!(screen.selected(), "account-1@5");
}

#[test]
fn a_clone_of_a_message_without_data_says_that_it_gets_some() {
    let mut fake = Fake::shop(2);
    fake.messages[0].data = None;
    let mut screen = Screen::new(fake);
    screen.go_to("account-0@0");
    screen.keys("c");
    assert_eq!(compose(&screen).text(Field::Data), "null");
    assert!(screen.text().contains("data is NULL"), "{}", screen.text());
}

#[test]
fn nothing_is_pasted_into_what_was_sent() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1@2");
    screen.keys("c");
    screen.hold = true;
    screen.ctrl('s');
    let sent = compose(&screen).draft();
    screen.send(Event::Paste("more".to_owned()));
    assert_eq!(compose(&screen).draft(), sent);
    assert!(matches!(screen.state.dialog, Some(Dialog::Compose(_))));
}

#[test]
fn pasted_line_breaks_become_lines_in_editors_and_blanks_elsewhere() {
    for (pasted, lines, line) in [
        ("a\r\nb", ["a", "b"], "a b"),
        ("a\rb", ["a", "b"], "a b"),
        ("a\nb", ["a", "b"], "a b"),
        ("a\rb\r\n", ["a", "b"], "a b"),
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
fn nothing_is_written_by_a_key_that_comes_with_a_paste() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("1a");
    screen.send(Event::Paste("new\r".to_owned()));
    screen.enter();
    assert!(screen.fake.created.is_empty() && screen.text().contains("press Enter again"), "{}", screen.text());
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
    assert!(screen.text().contains("press Ctrl-S again"), "{}", screen.text());
    screen.wait(1);
    screen.ctrl('s');
    assert_eq!(screen.fake.messages.len(), before + 1);
}

#[test]
fn a_paste_where_nothing_is_typed_does_nothing() {
    for keys in ["", "?", "!", "y"] {
        let mut screen = Screen::new(Fake::shop(2));
        screen.keys(keys);
        let before = screen.text();
        screen.send(Event::Paste("q\rD\ry\u{1b}c\rw".to_owned()));
        assert_eq!(screen.text(), before, "{keys:?}");
        assert!(!screen.outside.contains(&streamscope::app::Effect::Quit));
    }
}
