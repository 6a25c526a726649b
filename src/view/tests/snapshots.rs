//! Snapshots of the screen in four sizes, with and without colour, which are reviewed like code.

use std::fmt::Write as _;

use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::app::{Event, ScreenSettings};
use crate::config::themes::ThemeName;
use crossterm::event::KeyCode;
use ratatui::style::{Color, Modifier};

use crate::app::tests::fake::Fake;
use crate::app::tests::screen::Screen;

const SIZES: [(u16, u16); 4] = [(160, 45), (100, 30), (80, 24), (40, 10)];

fn screen(width: u16, height: u16, no_color: bool) -> Screen {
    let setup = ScreenSettings { target: "postgres@localhost/shop".to_owned(), no_color, ..ScreenSettings::default() };
    Screen::with(Fake::shop(4), setup, width, height)
}

/// Returns the text of the screen, followed by every run of styled cells.
fn picture(screen: &Screen) -> String {
    picture_on(screen, Color::Reset)
}

/// Returns a picture of a theme with a colour of its own for text without a style.
pub(super) fn picture_on(screen: &Screen, text: Color) -> String {
    let mut picture = screen.text();
    picture.push_str("\n\n");
    let terminal = screen.terminal();
    let buffer = terminal.backend().buffer();
    for row in 0..buffer.area.height {
        let mut column = 0;
        while column < buffer.area.width {
            let style = buffer[(column, row)].style();
            let begin = column;
            while column < buffer.area.width && buffer[(column, row)].style() == style {
                column += 1;
            }
            let foreground = style.fg.filter(|color| *color != text);
            let plain = foreground.is_none() && style.add_modifier == Modifier::empty();
            if !plain {
                let foreground = foreground.map(|color| format!(" {color}")).unwrap_or_default();
                let _ = writeln!(picture, "{row}:{begin}-{}{foreground} {:?}", column - 1, style.add_modifier);
            }
        }
    }
    picture
}

#[test]
fn a_stream_and_its_message() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        screen.go_to("account-1@3");
        insta::assert_snapshot!(format!("stream_{width}x{height}"), picture(&screen));
        screen.enter();
        insta::assert_snapshot!(format!("message_{width}x{height}"), picture(&screen));
    }
}

#[test]
fn no_color_uses_no_colour_and_still_shows_the_selection() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, true);
        screen.go_to("account-1@3");
        let picture = picture(&screen);
        let colors = ["Red", "Green", "Blue", "Magenta", "Cyan", "Yellow"];
        assert!(colors.iter().all(|color| !picture.contains(color)), "no colour is used");
        assert!(picture.contains("REVERSED"), "the selection shows");
        insta::assert_snapshot!(format!("no_color_{width}x{height}"), picture);
    }
}

#[test]
fn themes_colour_the_whole_screen() {
    for (name, theme, text, ground) in [
        ("light", ThemeName::Light, 235, 231),
        ("dark", ThemeName::Dark, 252, 234),
        ("high_contrast", ThemeName::HighContrast, 231, 16),
    ] {
        for (width, height) in SIZES {
            let mut screen = screen(width, height, false);
            screen.state.settings.theme = theme;
            screen.go_to("account-1@3");
            if theme != ThemeName::HighContrast {
                let snapshot = picture_on(&screen, Color::Indexed(text));
                insta::assert_snapshot!(format!("{name}_{width}x{height}"), snapshot);
            }
            screen.keys("?");
            let terminal = screen.terminal();
            let cells = terminal.backend().buffer().content();
            assert!(cells.iter().all(|cell| cell.bg == Color::Indexed(ground)), "also below a dialog");
        }
    }
}

#[test]
fn the_keys_of_a_dialog_are_those_of_the_key_map() {
    let mut keymap = KeyMap::default();
    let keys = |text: &str| [text.parse().expect("a key")];
    keymap.rebind_in_dialog(DialogKind::Compose, DialogAction::Write, &keys("f2"));
    keymap.rebind_in_dialog(DialogKind::Any, DialogAction::Close, &keys("f10"));
    let mut screen = screen(160, 45, false);
    screen.state.settings.keymap = keymap;
    screen.go_to("account-1");
    screen.keys("c");
    let text = screen.text();
    assert!(text.contains("F2 write · F10 close (keeps draft) · Ctrl-G discard"), "{text}");
    screen.ctrl('s');
    screen.esc();
    assert!(screen.text().contains("F2 write"), "the old keys do nothing");
    screen.key(KeyCode::F(10));
    assert!(!screen.text().contains("F2 write"), "{}", screen.text());
}

/// Keys that are written by hand would be wrong after the user has bound others.
#[test]
fn no_text_names_a_key_by_hand() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let key = regex::Regex::new(
        "(Ctrl-[A-Z]|\\b(Enter|Esc|Tab|Del|PgUp|PgDn) [a-z]|[Pp]ress [^{\\s]{1,7}\\b|· [a-zA-Z!?&:,'#<>+/] [a-z])",
    );
    let (key, text) = (key.expect("a pattern"), regex::Regex::new("\"[^\"]*\"").expect("a pattern"));
    let mut folders = vec![root.join("app"), root.join("view")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.extend((!path.ends_with("tests")).then_some(path));
                continue;
            }
            let code = std::fs::read_to_string(&path).expect("a source");
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let written = text.find_iter(line).find(|text| key.is_match(text.as_str()));
                assert!(written.is_none(), "{}: {line}", path.display());
            }
        }
    }
}

#[test]
fn only_the_themes_know_colours() {
    let view = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/view");
    let mut folders = vec![view.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.extend((!path.ends_with("tests")).then_some(path));
            } else if path != view.join("theme.rs") {
                let code = std::fs::read_to_string(&path).expect("a source");
                let raw = ["Color::", "Stylize", ".fg(", ".bg("].into_iter().find(|raw| code.contains(raw));
                assert_eq!(raw, None, "{}", path.display());
            }
        }
    }
}

#[test]
fn colours_are_readable_on_light_and_dark_backgrounds() {
    let mut screen = screen(160, 45, false);
    screen.go_to("account-1@3");
    let terminal = screen.terminal();
    let cells = terminal.backend().buffer().content();
    assert!(cells.iter().all(|cell| cell.bg == Color::Reset));
    let readable = |color: Color| !matches!(color, Color::White | Color::Black | Color::Rgb(..) | Color::Indexed(_));
    assert!(cells.iter().all(|cell| readable(cell.fg)), "white or black would be invisible on one of them");
}

#[test]
fn ascii_mode_draws_only_ascii() {
    for keys in [
        "",
        "4F",
        "4o",
        "5v",
        "&type:X",
        "&type:X text\n",
        ":account-1@3",
        "?",
        "!",
        "w",
        "c",
        "1a",
        "1D",
        "y",
        "\u{10}",
    ] {
        for (width, height) in SIZES {
            let setup = ScreenSettings {
                ascii: true,
                target: "postgres@localhost/shop".to_owned(),
                ..ScreenSettings::default()
            };
            let mut fake = Fake::shop(4);
            fake.messages[0].stream = crate::message::StreamName::stored("account-\u{1b}");
            let mut screen = Screen::with(fake, setup, width, height);
            screen.go_to("account-1@3");
            for key in keys.chars() {
                match key {
                    '\u{10}' => screen.ctrl('p'),
                    '\n' => screen.enter(),
                    key => screen.keys(&key.to_string()),
                }
            }
            let text = screen.text();
            assert!(text.is_ascii(), "{keys:?}: {text}");
        }
    }
}

#[test]
fn dialogs() {
    let keys = [
        ("help", "?"),
        ("palette", "\u{10}"),
        ("copy", "5y"),
        ("go_to", ":account-1@3"),
        ("omnibox", ":acc"),
        ("filter", "&type:X"),
    ];
    for (name, keys) in keys {
        for (width, height) in SIZES {
            let mut screen = screen(width, height, false);
            for key in keys.chars() {
                if key == '\u{10}' { screen.ctrl('p') } else { screen.keys(&key.to_string()) }
            }
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), screen.text());
        }
    }
}

#[test]
fn a_comparison() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        screen.go_to("account-1@3");
        screen.keys("m");
        screen.go_to("account-2@3");
        screen.keys("m=");
        insta::assert_snapshot!(format!("differences_{width}x{height}"), picture(&screen));
        screen.keys("v");
        insta::assert_snapshot!(format!("side_by_side_{width}x{height}"), screen.text());
    }
}

#[test]
fn composing_and_a_conflict() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        screen.go_to("account-1");
        screen.keys("c");
        // The ID is new in every run.
        let hidden = |text: String| {
            text.lines().map(|line| if line.contains("ID    ") { "<id>" } else { line }).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(format!("compose_{width}x{height}"), hidden(screen.text()));
        let Some(crate::app::dialogs::Dialog::Compose(compose)) = &mut screen.state.dialogs.open else {
            panic!("the dialog is open")
        };
        compose.lines[3].set("2");
        screen.ctrl('s');
        insta::assert_snapshot!(format!("conflict_{width}x{height}"), hidden(screen.text()));
    }
}

#[test]
fn control_characters_from_the_store_never_reach_a_cell() {
    let mut fake = Fake::default();
    let hostile = "a-\u{1b}[31m\u{7}\u{202e}\u{200b}\u{9b}e\u{301}\u{301}";
    fake.push(hostile, hostile, "{\"\u{202e}key\": \"\u{9b}31m\u{200b}\u{7f}\"}", None);
    let mut screen = Screen::new(fake);
    screen.keys("5");
    let terminal = screen.terminal();
    for cell in terminal.backend().buffer().content() {
        for c in cell.symbol().chars() {
            assert!(!c.is_control(), "{c:?}");
            assert!(!('\u{202a}'..='\u{202e}').contains(&c) && c != '\u{200b}', "{c:?}");
        }
    }
    let error = crate::store::StoreError::NoPermission(hostile.to_owned());
    screen.fake.fail.push((crate::app::request::Slot::Messages, error));
    screen.keys("4o");
    screen.send(Event::Notice(hostile.to_owned()));
    assert!(screen.terminal().backend().buffer().content().iter().all(|cell| !cell.symbol().contains('\u{1b}')));
}

#[test]
fn the_members_of_a_consumer_group() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        screen.go_to("account");
        screen.keys("F");
        for number in 0..9 {
            screen.arrive(&format!("account-{}", number % 4), "Deposited");
        }
        screen.keys("Ml");
        insta::assert_snapshot!(format!("members_{width}x{height}"), picture(&screen));
    }
}
