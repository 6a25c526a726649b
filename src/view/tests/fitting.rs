//! Dialogs, hints and the footer at the usual sizes: no word is cut, and no key reaches the panes through a dialog.

use std::collections::BTreeSet;

use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::request::Slot;
use crate::app::{Effect, Event, Profile, ScreenSettings};
use crate::store::StoreError;
use crossterm::event::KeyCode;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::app::tests::fake::Fake;
use crate::app::tests::fake::vitals::Vitals;
use crate::app::tests::screen::Screen;

const SIZES: [(u16, u16); 3] = [(160, 45), (100, 30), (80, 24)];

/// Lists the dialogs with the keys that open them in their different states. A new dialog does not compile without
/// them.
macro_rules! samples {
    ($($dialog:ident: $($keys:literal)+;)*) => {
        const SAMPLES: &[(&str, &str)] = &[$($((stringify!($dialog), $keys),)+)*];

        fn name_of(dialog: &Dialog) -> &'static str {
            match dialog {
                $(Dialog::$dialog { .. } => stringify!($dialog),)*
            }
        }
    };
}

samples! {
    Find: "4/" "4/opened";
    Filter: "&" "&type:Opened" "&since:x" "&type:Opened\u{13}" "&type:Opened\u{13}opened\r";
    Pulse: "P" "Pjjj\r" "P\t\r" "P\t\t\r";
    State: "4S" "4S[";
    Trace: "4T" "4Tv" "4Tvj" "4TG";
    Omnibox: ":" ":a" ":account-1" ":account-1@2" ":nothing\r" ":99999999999999999999" "\u{10}" "\u{10}fold";
    Bookmarks: "'" "b'" "b'r";
    Connections: "O" "Opostgres://ada:s3cret@db/shop" "O\r" "Opostgres://db/shop\r";
    Help: "?" "1?" "5?" "?/fold" "?/no such key";
    Members: ":account\rFM" ":account\rFM+";
    Log: "!";
    ListFilter: "1/" "2/acc" "3/no such name";
    Compare: "4mk=" "4mk=v";
    Export: "\u{5}" "4m\u{5}" "\u{5}\r";
    Copy: "5y" "1y" "4y" "4my";
    Columns: "," ",jj>" ",a" ",aitems[*]";
    Compose: "c" "w" "wacc" "wx\u{7}" "c\t\t\t\t\t\u{15}0\u{13}";
    CreateNamespace: "1a" "1aX";
    Token: "1an\r";
    DeleteNamespace: "1D" "1Dx\r";
}

fn press(screen: &mut Screen, keys: &str) {
    for key in keys.chars() {
        match key {
            '\u{5}' => screen.ctrl('e'),
            '\u{7}' => screen.ctrl('g'),
            '\u{10}' => screen.ctrl('p'),
            '\u{13}' => screen.ctrl('s'),
            '\u{15}' => screen.ctrl('u'),
            '\t' => screen.key(KeyCode::Tab),
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
    // Bars depend on the width.
    fake.vitals = Vitals { rates: Vec::new(), ..Vitals::of_a_troubled_shop() };
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
            assert!(line[left] == '┃' && matches!(line[right], '┃' | '█'), "the frame is intact: {text}");
            line[left + 1..right].iter().collect()
        })
        .collect();
    found.push(lines[top][left + 2..right].iter().collect());
    found
}

fn words_of(lines: &[String]) -> BTreeSet<String> {
    let words = lines.iter().flat_map(|line| line.split(|c: char| c.is_whitespace() || "┃│█━─┏┓┗┛┌┐└┘".contains(c)));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Returns the lines of the open dialog without the panes behind it.
fn dialog_lines(screen: &Screen) -> Vec<String> {
    let area = screen.state.browser.area;
    let theme = crate::view::theme::Theme::of(&screen.state.settings);
    let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).expect("a test back end");
    terminal.draw(|frame| crate::view::dialogs::draw(frame, area, &screen.state, &theme)).expect("drawing to memory");
    let buffer = terminal.backend().buffer();
    let line = |row| (0..area.width).map(|column| buffer[(column, row)].symbol()).collect();
    (0..area.height).map(line).collect()
}

/// Opens a dialog at a size.
fn sample(width: u16, height: u16, name: &str, keys: &str) -> Screen {
    let mut screen = screen(width, height);
    press(&mut screen, keys);
    let open = screen.state.dialogs.open.as_ref().map(name_of);
    assert_eq!(open, Some(name), "{keys:?} opens it at {width}×{height}: {}", screen.text());
    screen
}

#[test]
fn no_dialog_cuts_a_word() {
    for (name, keys) in SAMPLES {
        let whole = words_of(&dialog_lines(&sample(300, 130, name, keys)));
        for (width, height) in SIZES {
            let lines = dialog_lines(&sample(width, height, name, keys));
            for word in words_of(&lines) {
                // JSON, IDs and names are data and may be truncated.
                let is_data = word.contains(['"', '{', '-', '_']);
                assert!(
                    word == "…" || whole.contains(&word) || is_data,
                    "{word:?} of {keys:?} at {width}×{height}: {}",
                    lines.join("\n")
                );
            }
        }
    }
}

#[test]
fn the_dialog_shows_a_long_error_of_a_write_in_whole_words() {
    let sequence = "eventodb_shop.messages_global_position_seq";
    let behind = || StoreError::SequenceBehind {
        sequence: sequence.to_owned(),
        last: 17,
        highest: 4_711,
        repair: format!("select setval('{sequence}', 4711)"),
    };
    let endless = || StoreError::Server { code: "XX000".to_owned(), message: "no such luck ".repeat(80) };
    for (width, height) in SIZES {
        let failed = |error: StoreError| {
            let mut screen = screen(width, height);
            press(&mut screen, "4c");
            screen.fake.fail.push((Slot::Write, error));
            press(&mut screen, "\u{13}");
            inside(&dialog_lines(&screen).join("\n"), "Write a message").join("\n")
        };
        let text = failed(behind());
        let shown = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains(&behind().to_string()), "{width}×{height}: {text}");
        let text = failed(endless());
        assert!(text.contains(" …  (Esc, then ! shows it all)"), "{width}×{height}: {text}");
        for text in [text, shown] {
            assert!(text.contains("Ctrl-S write") && text.contains("Opened"), "{width}×{height}: {text}");
        }
    }
}

#[test]
fn the_text_of_a_dialog_keeps_a_distance_from_its_border() {
    for (name, keys) in SAMPLES {
        for (width, height) in SIZES {
            let lines = dialog_lines(&sample(width, height, name, keys));
            let text = lines.join("\n");
            let lines: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
            let corner =
                |line: &Vec<char>| line.iter().position(|c| *c == '┏').zip(line.iter().rposition(|c| *c == '┓'));
            // Prompts have no frame. The first frame is the outer one.
            let Some((top, (left, right))) =
                lines.iter().enumerate().find_map(|(row, line)| Some((row, corner(line)?)))
            else {
                continue;
            };
            for line in lines[top + 1..].iter().take_while(|line| line[left] == '┃') {
                assert_eq!((line[left + 1], line[right - 1]), (' ', ' '), "{name}: {text}");
                assert!(matches!(line[right], '┃' | '█'), "{name}: {text}");
            }
        }
    }
}

#[test]
fn the_key_that_closes_a_dialog_stays_on_a_narrow_terminal() {
    for (name, keys) in SAMPLES {
        let closes = |width| {
            let lines = dialog_lines(&sample(width, 24, name, keys)).join("\n");
            (lines.contains("Esc c") || lines.contains("Enter close"), lines)
        };
        let (is_shown, _) = closes(300);
        for width in [30, 40, 50, 60, 70].into_iter().filter(|_| is_shown) {
            let (is_kept, lines) = closes(width);
            assert!(is_kept, "{keys:?} at {width}: {lines}");
        }
    }
}

#[test]
fn a_toast_is_in_front_of_every_dialog() {
    for (name, keys) in SAMPLES {
        let mut screen = sample(80, 24, name, keys);
        screen.send(Event::Notice("the connection was lost".to_owned()));
        assert!(screen.text().contains("! the connection was lost"), "{keys:?}: {}", screen.text());
    }
}

#[test]
fn all_of_the_help_can_be_read_at_every_size() {
    let mut large = screen(300, 130);
    press(&mut large, "?");
    let whole = words_of(&inside(&large.text(), "Help"));
    for (width, height) in SIZES {
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
    let cases = ["&", "&type:Opened", "&type:Opened\r", "4/opened\r", "&since:x", "F", "5", "1", "#"];
    for keys in cases {
        let last_lines = |width: u16, height: u16| {
            let mut screen = screen(width, height);
            press(&mut screen, keys);
            let text = screen.text();
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            (words_of(&lines[lines.len() - 2..]), text)
        };
        // On a large screen, the timeline is described above the messages instead of below them.
        let whole = words_of(&[last_lines(300, 130).1]);
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
fn the_footer_names_no_key_of_the_panes_while_a_dialog_takes_the_keys() {
    let mut screen = screen(100, 30);
    let footer = |screen: &Screen| screen.text().lines().last().unwrap_or_default().to_owned();
    assert!(footer(&screen).contains("? help"), "{}", screen.text());
    for keys in ["4T", "4S", "P", "4,"] {
        press(&mut screen, keys);
        assert!(screen.state.dialogs.open.is_some());
        assert!(!footer(&screen).contains("help") && !footer(&screen).contains("go to"), "{}", screen.text());
        screen.esc();
    }
}

#[test]
fn slash_filters_the_help_and_enter_runs_the_action() {
    let mut screen = screen(160, 45);
    screen.keys("4?/");
    screen.keys("follow new messages");
    let text = inside(&screen.text(), "Help").join("\n");
    assert!(text.contains("Follow new messages") && !text.contains("Fold all"), "{text}");
    assert!(text.contains("/follow new messages"), "{text}");
    screen.esc();
    assert!(inside(&screen.text(), "Help").join("\n").contains("Filter messages"), "Esc clears the filter first");
    screen.keys("/follow new messages");
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
fn help_begins_with_everything_that_concerns_the_focused_pane() {
    for (pane, heading, expected, other) in [
        ("1", "In the namespaces pane", "Create a namespace", "Follow new messages"),
        ("2", "In the categories pane", "Show the messages of a consumer", "Follow new messages"),
        ("4", "In the messages pane", "Follow new messages", "Create a namespace"),
        ("5", "In the message pane", "Fold all", "Follow new messages"),
    ] {
        let mut screen = screen(160, 60);
        screen.keys(pane);
        screen.keys("?");
        let lines = inside(&screen.text(), "Help");
        let first = lines.iter().find(|line| !line.trim().is_empty()).expect("a line");
        assert!(first.contains(heading), "{first}");
        let row_of = |text: &str| lines.iter().position(|line| line.contains(text));
        let everywhere = row_of("Everywhere").expect("a heading");
        assert!(row_of(expected).is_some_and(|row| row < everywhere), "{expected} in {lines:?}");
        assert!(row_of(other).is_none_or(|row| row > everywhere), "{other} in {lines:?}");
    }
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
fn a_long_value_is_shown_whole_and_the_beginning_of_a_folded_one_ends_with_an_ellipsis() {
    let name = "account-with-a-name-that-is-longer-than-every-pane-is-wide-in-this-test-1";
    for width in 70..130 {
        let mut fake = Fake::default();
        let data = format!(r#"{{"folded": {{"inside": "{name}"}}}}"#);
        let metadata = format!(r#"{{"causationMessageStreamName": "{name}"}}"#);
        fake.push("account-1", "Opened", &data, Some(&metadata));
        let mut screen = Screen::with(fake, ScreenSettings::default(), width, 45);
        screen.keys("5C");
        let pane = screen.state.browser.layout().pane(Pane::Message);
        let text = screen.text();
        let inside =
            |line: &str| line.chars().skip(usize::from(pane.x) + 1).take(usize::from(pane.width) - 2).collect();
        let lines: Vec<String> = text.lines().skip(usize::from(pane.y)).map(inside).collect();
        let joined: String = lines.iter().map(|line| line.trim()).collect();
        assert!(joined.contains(&format!("\"{name}\"")), "{width}: {text}");
        let folded = lines.iter().find(|line| line.contains("▸ folded {1}")).expect("the folded row");
        assert!(folded.trim_end().ends_with('…'), "{width}: {text}");
    }
}

#[test]
fn on_a_tiny_terminal_nothing_is_drawn_over_a_text_field() {
    for (keys, field) in
        [("\u{5}", "┃File: shop.ndjson ┃"), ("O", "URL:             ┃"), ("b'r", " Name:            ┃")]
    {
        let mut screen = screen(20, 5);
        press(&mut screen, keys);
        assert!(screen.text().contains(field), "{keys:?}\n{}", screen.text());
    }
}

#[test]
fn the_keys_for_renaming_a_bookmark_are_below_its_name() {
    let mut screen = screen(80, 24);
    press(&mut screen, "b'r");
    let text = screen.text();
    let row =
        |part: &str| text.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}\n{text}"));
    assert_eq!(row(" Name: ") + 1, row("Enter save the name"), "{text}");
}
