//! The message table: pictures in four sizes, and what its colours mean.

use crate::app::tests::fake::{Fake, noon};
use crate::app::tests::screen::Screen;
use crate::app::{Event, ScreenSettings};
use jiff::SignedDuration;
use ratatui::style::{Color, Modifier, Style};

/// A category of streams with UUIDs, over three days.
fn payments() -> Fake {
    let mut fake = Fake::default();
    let streams = [
        "payment-f0a5b3c2-9d1e-4c55-8f1a-5e6d7c8b7aa6",
        "payment-f0a5b3c2-9d1e-4c55-8f1a-5e6d7c8b9bb7",
        "payment-日本語-カテゴリ-ストリーム-1",
    ];
    let types = ["PaymentRequested", "PaymentAccepted", "PaymentFailed"];
    for number in 0..24_i64 {
        let data = match number % 4 {
            0 => format!(r#"{{"amount": {}.10, "currency": "EUR", "items": [1, 2, 3], "ok": true}}"#, 414 * number),
            1 => r#"{"items": [{"sku": "A-1"}], "address": {"street": "Élysée", "no": 1}, "amount": 7, "note": null}"#
                .to_owned(),
            2 => format!(r#"{{"note": "{}", "amount": 12345678901234567890.10}}"#, "x".repeat(9_000)),
            _ => r#"{"name": "山田太郎", "code": "0042"}"#.to_owned(),
        };
        let index = usize::try_from(number).expect("a small number");
        fake.push(streams[index / 2 % 3], types[index % 3], &data, None);
        let message = fake.messages.last_mut().expect("a message");
        message.time = noon() - SignedDuration::from_hours(48 - 2 * number) + SignedDuration::from_millis(7 * number);
    }
    fake
}

fn screen(width: u16, height: u16) -> Screen {
    let setup = ScreenSettings { target: "postgres@localhost/shop".to_owned(), ..ScreenSettings::default() };
    let mut screen = Screen::with(payments(), setup, width, height);
    screen.go_to("payment");
    screen.keys(",aamount");
    screen.enter();
    screen.esc();
    screen
}

#[test]
fn a_category_with_a_path_as_a_column() {
    for (width, height) in [(160, 45), (100, 30), (80, 24), (40, 10)] {
        let mut screen = screen(width, height);
        screen.keys("g");
        insta::assert_snapshot!(format!("table_{width}x{height}"), screen.text());
        screen.keys(",");
        insta::assert_snapshot!(format!("columns_{width}x{height}"), screen.text());
    }
}

#[test]
fn columns_with_paths_leave_the_time_its_room_at_80_columns() {
    let mut screen = screen(80, 24);
    screen.keys(",acurrency");
    screen.enter();
    screen.esc();
    let text = screen.text();
    let heading = text.lines().find(|line| line.contains(" type ") && line.contains("amount")).expect("a heading");
    assert!(heading.contains("┃  26-0"), "the date stands above the times\n{text}");
}

#[test]
fn a_long_name_keeps_its_end_and_leaves_the_filter_its_room() {
    let stream = format!("account-{}-end", "0123456789".repeat(12));
    for (width, height) in [(160, 45), (100, 30), (80, 24)] {
        let mut fake = Fake::default();
        fake.push(&stream, "Deposited", r#"{"amount": 1}"#, None);
        let mut screen = Screen::with(fake, ScreenSettings::default(), width, height);
        screen.go_to(&stream);
        let text = screen.text();
        assert!(text.lines().next().is_some_and(|header| header.contains("account-") && header.contains("-end")));
        screen.keys("4&type:Deposited amount");
        screen.enter();
        let text = screen.text();
        let title = text.lines().find(|line| line.contains(" Messages  ")).expect("a title");
        assert!(title.contains("account") && title.contains("-end · & type:Deposited"), "{text}");
        assert!(text.contains("1 match · 1 message searched"), "{text}");
    }
}

/// Returns the style of the first cell of a text on screen.
fn style_of(screen: &Screen, text: &str) -> Style {
    let terminal = screen.terminal();
    let buffer = terminal.backend().buffer();
    for row in 0..buffer.area.height {
        let cells: Vec<&str> = (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()).collect();
        let line = cells.concat();
        if let Some(at) = line.find(text) {
            let mut bytes = 0;
            let column = cells.iter().position(|cell| {
                bytes += cell.len();
                bytes > at
            });
            let column = u16::try_from(column.expect("a cell")).expect("a small number");
            return buffer[(column, row)].style();
        }
    }
    panic!("{text} is on screen: {}", screen.text())
}

#[test]
fn failures_are_red_other_types_neutral_and_only_repetition_is_grey() {
    let mut fake = Fake::default();
    for message_type in ["Requested", "Repeated", "Repeated", "PaymentFailed", "Ended"] {
        fake.push("payment-1", message_type, r#"{"amount": 414, "currency": "EUR"}"#, None);
    }
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 30);
    screen.go_to("payment-1");
    assert_eq!(style_of(&screen, "PaymentFailed").fg, Some(Color::Red));
    let neutral = style_of(&screen, "Requested");
    assert_eq!((neutral.fg, neutral.add_modifier), (Some(Color::Reset), Modifier::empty()));
    assert_eq!(style_of(&screen, "amount 414").fg, Some(Color::Blue));
    assert_eq!(style_of(&screen, "414  currency").fg, Some(Color::Magenta));
    assert_eq!(style_of(&screen, "EUR").fg, Some(Color::Green));
    let dim: Vec<String> = dim_words(&screen);
    assert!(dim.contains(&"Repeated".to_owned()) && !dim.contains(&"Requested".to_owned()), "{dim:?}");
    assert!(!dim.contains(&"amount".to_owned()), "{dim:?}");
}

/// Returns the words in the rows that are drawn grey.
fn dim_words(screen: &Screen) -> Vec<String> {
    let terminal = screen.terminal();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for row in 3..buffer.area.height - 2 {
        for column in 0..buffer.area.width {
            let cell = &buffer[(column, row)];
            text.push_str(if cell.modifier.contains(Modifier::DIM) { cell.symbol() } else { " " });
        }
        text.push(' ');
    }
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_rule_of_the_configuration_colours_a_type() {
    let types = toml::from_str::<crate::config::Config>("[[types]]\nmatch = \"*Opened\"\ncolor = \"green\"")
        .expect("rules")
        .types;
    let setup = ScreenSettings { types: crate::config::type_rules::TypeRules(types), ..ScreenSettings::default() };
    let mut screen = Screen::with(Fake::shop(1), setup, 160, 30);
    screen.go_to("account-0");
    assert_eq!(style_of(&screen, "Opened").fg, Some(Color::Green));
    screen.state.settings.no_color = true;
    assert_eq!(style_of(&screen, "Opened").fg, Some(Color::Reset));
}

#[test]
fn ids_are_shortened_in_the_middle_so_that_rows_differ() {
    let text = screen(160, 45).text();
    assert!(text.contains("…") && text.contains("7aa6") && text.contains("9bb7"), "{text}");
    let mut wide = screen(300, 45);
    wide.keys("f");
    assert!(wide.text().contains(" f0a5b3c2-9d1e-4c55-8f1a-5e6d7c8b7aa6 "), "{}", wide.text());
    assert!(!wide.text().contains("payment-f0a5b3c2"), "the prefix is not repeated");
}

#[test]
fn the_table_fits_every_pane_without_a_cut_character() {
    let mut screen = screen(160, 45);
    screen.keys(",jj ");
    screen.esc();
    for width in 1..170 {
        for height in [1, 2, 3, 5, 10, 24] {
            screen.send(Event::Resize(width, height));
            let terminal = screen.terminal();
            let buffer = terminal.backend().buffer();
            for row in 0..buffer.area.height {
                // A wide character never hangs over the right border.
                let last = buffer[(buffer.area.width - 1, row)].symbol();
                assert!(unicode_width::UnicodeWidthStr::width(last) <= 1, "{width}x{height}: {}", screen.text());
            }
        }
    }
}

#[test]
fn omnibox_results_are_not_grey_like_their_notes() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys(":");
    let terminal = screen.terminal();
    let buffer = terminal.backend().buffer();
    let style_of = |row: u16, part: &str| -> Style {
        let line: String = (0..buffer.area.width).map(|column| buffer[(column, row)].symbol()).collect();
        let column = line[..line.find(part).expect("the part is in the line")].chars().count();
        buffer[(u16::try_from(column).expect("a small number"), row)].style()
    };
    let rows = screen.text();
    let is_listed = |line: &str| line.matches("order ").count() == 1 && line.contains(" messages ");
    let row = rows.lines().position(|line| line.contains('┃') && is_listed(line));
    let row = u16::try_from(row.expect("the category is listed")).expect("a small number");
    assert!(!style_of(row, "order ").add_modifier.contains(Modifier::DIM), "{rows}");
    assert!(style_of(row, " messages").add_modifier.contains(Modifier::DIM), "{rows}");
}
