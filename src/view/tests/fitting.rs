//! Dialogs, hints and the footer at the usual sizes: no word is cut, and no key reaches the panes through a dialog.

use std::collections::BTreeSet;

use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::{Effect, Event, Profile, ScreenSettings};
use crossterm::event::KeyCode;

use crate::app::tests::fake::{Fake, Screen};

const SIZES: [(u16, u16); 3] = [(160, 45), (100, 30), (80, 24)];

/// The keys that open each dialog, and the start of its title.
const DIALOGS: [(&str, &str); 12] = [
    ("?", "Help"),
    ("1?", "Help"),
    ("5?", "Help"),
    ("?/fold", "Help"),
    ("\u{10}", "Commands"),
    ("!", "Log"),
    ("5y", "Copy"),
    ("c", "Write a message"),
    ("w", "Write a message"),
    ("1a", "Create a namespace"),
    ("1an\r", "Namespace created"),
    ("1D", "Delete a namespace"),
];

fn press(screen: &mut Screen, keys: &str) {
    for key in keys.chars() {
        match key {
            '\u{10}' => screen.ctrl('p'),
            '\u{13}' => screen.ctrl('s'),
            '\r' => screen.enter(),
            key => screen.keys(&key.to_string()),
        }
    }
}

fn screen(width: u16, height: u16) -> Screen {
    let mut fake = Fake::default();
    for _ in 0..3 {
        fake.push("account-1", "Opened", "{}", Some("{}"));
    }
    let setup = ScreenSettings { target: "postgres@localhost/shop".to_owned(), ..ScreenSettings::default() };
    Screen::with(fake, setup, width, height)
}

/// Returns the lines inside the frame with this title, and the title line.
fn inside(text: &str, title: &str) -> Vec<String> {
    let begin = format!("┏ {title}");
    let lines: Vec<Vec<char>> = text.lines().map(|line| line.chars().collect()).collect();
    let (top, left) = lines
        .iter()
        .enumerate()
        .find_map(|(row, line)| {
            let line: String = line.iter().collect();
            line.find(&begin).map(|at| (row, line[..at].chars().count()))
        })
        .unwrap_or_else(|| panic!("{title} is on screen: {text}"));
    let right = (left + 1..lines[top].len()).find(|at| lines[top][*at] == '┓').expect("a corner");
    let bottom = (top + 1..lines.len()).find(|row| lines[*row].get(left) == Some(&'┗')).expect("a lower edge");
    let mut found: Vec<String> = lines[top + 1..bottom]
        .iter()
        .map(|line| {
            assert_eq!((line[left], line[right]), ('┃', '┃'), "the frame is intact: {text}");
            line[left + 1..right].iter().collect()
        })
        .collect();
    found.push(lines[top][left + 2..right].iter().collect());
    found
}

fn words_of(lines: &[String]) -> BTreeSet<String> {
    let words = lines.iter().flat_map(|line| line.split(|c: char| c.is_whitespace() || "┃│━─┏┓┗┛┌┐└┘".contains(c)));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn no_dialog_cuts_a_word() {
    for (keys, title) in DIALOGS {
        let mut large = screen(300, 130);
        press(&mut large, keys);
        let whole = words_of(&inside(&large.text(), title));
        for (width, height) in SIZES {
            let mut screen = screen(width, height);
            press(&mut screen, keys);
            let text = screen.text();
            for word in words_of(&inside(&text, title)) {
                // JSON, IDs and names are data and may be truncated.
                let is_data = word.contains(['"', '{', '-', '_']);
                assert!(
                    word == "…" || whole.contains(&word) || is_data,
                    "{word:?} of {keys:?} at {width}×{height}: {text}"
                );
            }
        }
    }
}

#[test]
fn all_of_the_help_can_be_read_at_every_size() {
    for (width, height) in SIZES {
        let mut large = screen(300, 130);
        press(&mut large, "?");
        let whole = words_of(&inside(&large.text(), "Help"));
        let mut screen = screen(width, height);
        press(&mut screen, "?");
        let mut seen = words_of(&inside(&screen.text(), "Help"));
        for _ in 0..120 {
            screen.key(KeyCode::Down);
            seen.extend(words_of(&inside(&screen.text(), "Help")));
        }
        let missing: Vec<_> = whole.difference(&seen).collect();
        assert!(missing.is_empty(), "{missing:?} at {width}×{height}: {}", screen.text());
    }
}

#[test]
fn prompts_and_the_footer_keep_their_words_whole() {
    let cases =
        ["&", ":", ":a", ":account-1", "&type:Opened", "&type:Opened\r", "4/opened\r", "&since:x", "F", "5", "1", "#"];
    for keys in cases {
        let last_lines = |width: u16, height: u16| {
            let mut screen = screen(width, height);
            press(&mut screen, keys);
            let text = screen.text();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (words_of(&lines[lines.len() - 2..]), text)
        };
        let (whole, _) = last_lines(300, 130);
        for (width, height) in SIZES {
            let (words, text) = last_lines(width, height);
            for word in words {
                assert!(word == "…" || whole.contains(&word), "{word:?} of {keys:?} at {width}×{height}: {text}");
            }
        }
    }
}

#[test]
fn a_long_error_keeps_its_words_whole() {
    let reason = "something went wrong that takes a long sentence to explain to a reader on a small terminal, \
                  because the server sent a long message, and the reader needs to see all of it";
    for (width, height) in SIZES {
        let mut screen = screen(width, height);
        screen.send(Event::Notice(reason.to_owned()));
        let text = screen.text();
        let toast = text.lines().find(|line| line.contains("! something")).expect("a toast");
        let known = words_of(&[format!("{reason} ! … (! log)")]);
        assert!(words_of(&[toast.to_owned()]).is_subset(&known), "{toast}");
        assert!(toast.contains("(! log)"), "{toast}");
    }
}

/// Keys that run actions in the panes.
const RISKY: [char; 12] = ['F', 'o', 'w', 'c', 't', 'D', 'a', '#', '2', 'f', '&', ':'];

#[test]
fn no_key_reaches_the_panes_through_a_dialog() {
    for keys in ["?", "!", "5y", "\u{10}", "1D", "1an\r"] {
        let mut screen = screen(100, 30);
        press(&mut screen, keys);
        let kind = |screen: &Screen| screen.state.dialogs.open.as_ref().map(std::mem::discriminant::<Dialog>);
        let before = (kind(&screen), screen.state.browser.focus, screen.state.settings.times.clone());
        let copies =
            |screen: &Screen| screen.outside.iter().filter(|effect| matches!(effect, Effect::Copy { .. })).count();
        for key in RISKY {
            let copied = copies(&screen);
            screen.keys(&key.to_string());
            if copies(&screen) > copied {
                press(&mut screen, keys);
            }
            let now = (kind(&screen), screen.state.browser.focus, screen.state.settings.times.clone());
            assert_eq!(now, before, "{key:?} in {keys:?}: {}", screen.text());
            assert!(screen.state.following.current.is_none() && !screen.state.browser.fullscreen);
        }
    }
}

#[test]
fn slash_filters_the_help_and_enter_runs_the_action() {
    let mut screen = screen(160, 45);
    screen.keys("4?/");
    screen.keys("follow live");
    let text = inside(&screen.text(), "Help").join("\n");
    assert!(text.contains("Follow live") && !text.contains("Fold all"), "{text}");
    assert!(text.contains("/follow live"), "{text}");
    screen.esc();
    assert!(inside(&screen.text(), "Help").join("\n").contains("Filter messages"), "Esc clears the filter first");
    screen.keys("/follow live");
    screen.enter();
    assert!(screen.state.dialogs.open.is_none() && screen.state.following.current.is_some());
    screen.keys("?");
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
    screen.keys("?/no such action");
    screen.enter();
    assert!(screen.state.dialogs.open.is_none() && screen.state.browser.focus == Pane::Messages);
}

#[test]
fn help_begins_with_the_focused_pane() {
    let mut screen = screen(80, 24);
    screen.keys("5?");
    let first = inside(&screen.text(), "Help").into_iter().next().unwrap_or_default();
    assert!(first.contains("In the message pane"), "{first}");
}

#[test]
fn production_and_conflicts_keep_their_words_whole() {
    for (width, height) in SIZES {
        let profile = Profile { name: "production".to_owned(), production: true, ..Profile::default() };
        let setup = ScreenSettings { profile, ..ScreenSettings::default() };
        let mut fake = Fake::default();
        fake.push("account-1", "Opened", "{}", Some("{}"));
        let mut screen = Screen::with(fake, setup, width, height);
        screen.keys("1an");
        screen.enter();
        let text = screen.text();
        assert!(text.contains("press upper-case Y") && text.contains("keep editing"), "{text}");
    }
}

#[test]
fn a_truncated_value_ends_with_an_ellipsis() {
    for width in 70..130 {
        let mut fake = Fake::default();
        let name = "account-with-a-name-that-is-longer-than-every-pane-is-wide-in-this-test-1";
        let data = format!(r#"{{"link": "{name}", "folded": {{"inside": "{name}"}}}}"#);
        let metadata = format!(r#"{{"causationMessageStreamName": "{name}"}}"#);
        fake.push(name, "Opened", &data, Some(&metadata));
        let mut screen = Screen::with(fake, ScreenSettings::default(), width, 24);
        screen.keys("5C");
        screen.key(KeyCode::Enter);
        let text = screen.text();
        for line in text.lines().filter(|line| line.contains("Name: ") || line.contains("link: ")) {
            let shown = line.rsplit('│').next().unwrap_or(line).trim_end_matches('┃');
            assert!(shown.contains('…') || shown.contains("-1\""), "{width}: {text}");
        }
    }
}
