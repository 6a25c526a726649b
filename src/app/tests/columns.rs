//! The columns of the message table: choosing, ordering and resizing them, columns with a path, and lines between days.

use std::sync::Arc;

use crate::app::browser::columns::{Column, ColumnKind};
use crate::app::browser::layout::Pane;
use crate::app::request::Slot;
use crate::app::{Effect, Event, ScreenSettings};
use crate::message::{BodyPath, PathValue};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;
use proptest::prelude::*;

use super::fake::{Fake, noon};
use super::screen::Screen;

fn path(text: &str) -> BodyPath {
    text.parse().expect("a path")
}

/// Returns the titles of the columns on screen.
fn titles(screen: &Screen) -> Vec<String> {
    let browser = &screen.state.browser;
    let table = browser.table(&screen.state.settings.times, browser.layout().columns(Pane::Messages));
    table.placed.iter().map(|column| column.kind.title()).collect()
}

/// Returns the values of a path in the loaded rows.
fn values(screen: &Screen, path: &BodyPath) -> Vec<Option<PathValue>> {
    let rows = screen.state.browser.messages.window.rows().iter();
    rows.map(|row| row.head.values.get(path).cloned()).collect()
}

#[allow(clippy::unnecessary_wraps, reason = "compared with optional values")]
fn number(text: &str) -> Option<PathValue> {
    Some(PathValue::Number(text.to_owned()))
}

/// Adds a column with a path through the chooser.
fn add_path(screen: &mut Screen, path: &str) {
    screen.keys(",a");
    screen.ctrl('u');
    screen.keys(path);
    screen.enter();
    screen.esc();
}

#[test]
fn a_path_is_filled_for_loaded_and_arriving_rows_with_exact_numbers() {
    let mut fake = Fake::shop(1);
    fake.push("account-0", "Paid", r#"{"exact": 12345678901234567890.10}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("account-0");
    add_path(&mut screen, "exact");
    let exact = path("$.exact");
    let mut expected = vec![number("12345678901234567890123"); 5];
    expected.push(number("12345678901234567890.10"));
    assert_eq!(values(&screen, &exact), expected);
    assert!(screen.text().contains("12345678901234567890.10"), "{}", screen.text());
    screen.keys("F");
    let message = screen.fake.push("account-0", "Paid", r#"{"exact": 0.1000}"#, None);
    screen.deliver(&message, false);
    expected.push(number("0.1000"));
    assert_eq!(values(&screen, &exact), expected);
}

#[test]
fn a_column_that_is_added_while_following_is_filled_at_once() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    screen.keys("F");
    add_path(&mut screen, "amount");
    let paths: Arc<[BodyPath]> = Arc::from([path("$.amount")]);
    assert!(screen.outside.contains(&Effect::FollowPaths(Arc::clone(&paths))));
    screen.arrive("account-0", "Paid");
    assert_eq!(values(&screen, &paths[0]).last(), Some(&number("1")));
    // A poll that began before the column was added.
    screen.followed_paths = Arc::default();
    screen.arrive("account-0", "Paid");
    assert!(values(&screen, &paths[0]).iter().all(Option::is_some), "the list was read again");
    assert!(screen.state.is_live());
}

#[test]
fn a_large_body_is_read_for_a_column_only_when_the_message_is_opened() {
    let mut fake = Fake::default();
    let data = format!(r#"{{"amount": 7, "note": "{}"}}"#, "x".repeat(90_000));
    fake.push("account-1", "Opened", &data, None);
    fake.push("account-1", "Paid", r#"{"amount": 8}"#, None);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1");
    add_path(&mut screen, "$.amount");
    screen.hold = true;
    let shown = screen.text();
    assert!(shown.contains("(8.2 kB)"), "{shown}");
    screen.key(KeyCode::Up);
    screen.release();
    assert_eq!(values(&screen, &path("amount")), [number("7"), number("8")]);
    assert!(!screen.text().contains("(8.2 kB)"), "{}", screen.text());
}

#[test]
fn plus_adds_the_selected_node_of_the_message() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    screen.keys("5");
    screen.keys("+");
    assert!(screen.text().contains("Select a member"), "the document itself is no column: {}", screen.text());
    screen.keys("jjjjj+");
    assert!(titles(&screen).contains(&"items[1].sku".to_owned()), "{:?}", titles(&screen));
    assert_eq!(values(&screen, &path("items[1].sku"))[0], Some(PathValue::String("A-0".to_owned())));
    screen.keys("G+");
    assert!(titles(&screen).contains(&"meta:causationMessagePosition".to_owned()), "{:?}", titles(&screen));
    assert_eq!(values(&screen, &path("meta:causationMessagePosition"))[4], number("4"));
}

#[test]
fn a_choice_belongs_to_a_category_of_a_namespace() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    add_path(&mut screen, "amount");
    screen.go_to("order");
    assert!(!titles(&screen).contains(&"amount".to_owned()));
    screen.go_to("account-1");
    assert!(titles(&screen).contains(&"amount".to_owned()));
    assert!(values(&screen, &path("amount")).iter().all(Option::is_some));
    screen.keys(",R");
    screen.esc();
    screen.go_to("account");
    assert_eq!(titles(&screen), ["pos", "gpos", "time", "stream", "type", "size", "data"]);
}

#[test]
fn returning_to_a_list_reads_the_values_of_columns_that_were_added_elsewhere() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-0");
    screen.go_to("account-1");
    add_path(&mut screen, "amount");
    screen.go_to("account-0");
    assert_eq!(values(&screen, &path("amount"))[0], number("0"));
}

#[test]
fn the_chooser_hides_moves_and_resizes_columns() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account");
    screen.keys(", ");
    assert_eq!(titles(&screen), ["gpos", "time", "stream", "type", "size", "data"], "position is hidden");
    screen.keys("jJ");
    assert_eq!(titles(&screen), ["time", "gpos", "stream", "type", "size", "data"]);
    screen.send(Event::Key(KeyEvent::new(KeyCode::Up, KeyModifiers::ALT)));
    assert_eq!(titles(&screen), ["gpos", "time", "stream", "type", "size", "data"]);
    screen.keys("jjj");
    screen.keys(">>");
    let text = screen.text();
    assert!(text.contains("[x] stream") && text.contains("width 10"), "{text}");
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn a_mistake_in_a_path_keeps_the_input_and_says_why() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account");
    screen.keys(",aitems[*]");
    screen.enter();
    assert!(screen.text().contains("expected a number"), "{}", screen.text());
    screen.esc();
    assert!(screen.state.dialogs.open.is_some(), "Esc leaves the input first");
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn a_whole_path_replaces_the_beginning_that_the_input_offers() {
    for (typed, expected) in [
        ("$.amount", "$.amount"),
        ("meta:$.userId", "meta:$.userId"),
        ("$[0]", "$[0]"),
        ("$x.y", "$.\"$x\".y"),
        ("price", "$.price"),
    ] {
        let mut screen = Screen::new(Fake::shop(1));
        screen.go_to("account");
        screen.keys(",a");
        screen.send(Event::Paste(typed.to_owned()));
        assert!(screen.text().contains(&format!("→ {expected}")), "{typed}: {}", screen.text());
        screen.enter();
        screen.esc();
        let columns = screen.state.browser.columns.of(screen.state.browser.messages.key.as_ref());
        assert!(columns.iter().any(|column| column.kind == ColumnKind::Path(path(expected))), "{typed}");
    }
}

#[test]
fn the_keys_and_the_mouse_resize_a_column() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account");
    let width = |screen: &Screen, kind: &ColumnKind| {
        let browser = &screen.state.browser;
        let table = browser.table(&screen.state.settings.times, browser.layout().columns(Pane::Messages));
        table.placed.iter().find(|column| column.kind == kind).map_or(0, |column| column.width)
    };
    let before = width(&screen, &ColumnKind::Type);
    screen.keys(">>");
    assert_eq!(width(&screen, &ColumnKind::Type), before + 4);
    let area = screen.state.browser.layout().pane(Pane::Messages);
    let click = MouseEvent {
        kind: MouseEventKind::Down(MouseButton::Left),
        column: area.x + 4,
        row: area.y + screen.state.browser.layout().above_rows(Pane::Messages) - 1,
        modifiers: KeyModifiers::NONE,
    };
    screen.send(Event::Mouse(click));
    let before = width(&screen, &ColumnKind::Position);
    screen.keys("<");
    assert_eq!(width(&screen, &ColumnKind::Position), before.saturating_sub(2).max(2));
}

#[test]
fn adding_a_column_keeps_the_selection_and_a_filter() {
    let mut screen = Screen::new(Fake::shop(4));
    screen.go_to("account");
    screen.keys("&type:Deposited");
    screen.enter();
    screen.keys("g");
    screen.down();
    let selected = screen.selected();
    add_path(&mut screen, "amount");
    assert_eq!(screen.selected(), selected);
    assert!(screen.state.browser.messages.is_filtered());
    assert!(values(&screen, &path("amount")).iter().all(Option::is_some));
}

#[test]
fn columns_survive_a_restart_and_a_damaged_choice_is_repaired() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account");
    add_path(&mut screen, "meta:user");
    screen.keys(", ");
    screen.esc();
    screen.keys(">");
    let before = titles(&screen);
    let saved = serde_json::to_string(&screen.state.saved()).expect("JSON");
    let restarted = |saved: &str| {
        let saved = serde_json::from_str(saved).expect("the saved state");
        let mut screen = Screen::with(Fake::shop(1), ScreenSettings { saved, ..ScreenSettings::default() }, 160, 45);
        screen.go_to("account");
        screen
    };
    assert_eq!(titles(&restarted(&saved)), before);
    let twice = r#"{"columns": [{"namespace": "shop", "category": "account", "columns": [
        {"kind": "type", "shown": true, "width": 65000}, {"kind": "type", "shown": false},
        {"kind": "$.amount", "shown": true}]}, {"namespace": "shop", "category": "account", "columns": []}]}"#;
    let screen = restarted(twice);
    assert_eq!(titles(&screen), ["type", "amount"], "a wide column leaves the others the least that they need");
    assert_eq!(screen.state.browser.columns.of(screen.state.browser.messages.key.as_ref()).len(), 9);
    assert!(values(&screen, &path("amount")).iter().all(Option::is_some));
}

/// A store with three messages on each of some days.
fn days(days: i64) -> Fake {
    let mut fake = Fake::default();
    for day in 0..days {
        for hour in 0..30 {
            fake.push("account-1", "Opened", "{}", None);
            let message = fake.messages.last_mut().expect("a message");
            message.time = noon() - SignedDuration::from_hours(24 * (days - day)) + SignedDuration::from_mins(hour);
        }
    }
    fake
}

#[test]
fn a_line_separates_days_and_the_title_has_the_first_date() {
    let mut screen = Screen::with(days(3), ScreenSettings::default(), 120, 45);
    screen.go_to("account-1");
    screen.keys("g");
    let text = screen.text();
    assert!(text.contains("26-02-26") && text.contains("── Fri 2026-02-27 ─"), "{text}");
    assert!(text.contains(" 12:01:00 Opened"), "no row has its date: {text}");
    screen.keys("ttt");
    screen.keys("tt");
    assert!(!screen.text().contains("── Fri"), "ages need no dates: {}", screen.text());
}

#[test]
fn every_row_has_its_date_if_nearly_every_row_is_on_another_day() {
    let mut fake = days(3);
    for (index, message) in fake.messages.iter_mut().enumerate() {
        message.time = noon() - SignedDuration::from_hours(24 * (100 - index as i64));
    }
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    screen.go_to("account-1");
    let text = screen.text();
    assert!(text.contains("2026-02-18 12:00:00") && !text.contains("── "), "{text}");
}

#[test]
fn lines_between_days_disturb_neither_the_selection_nor_the_mouse() {
    let mut screen = Screen::with(days(3), ScreenSettings::default(), 120, 45);
    screen.go_to("account-1");
    for keys in ["g", "G"] {
        screen.keys(keys);
        for _ in 0..95 {
            let text = screen.text();
            let selected = screen.state.browser.messages.selection().expect("a message").position;
            let marked: Vec<&str> = text.lines().filter(|line| line.contains("┃▌")).collect();
            assert_eq!(marked.len(), 1, "{text}");
            let position = marked[0].split("┃▌").nth(1).and_then(|rest| rest.split_whitespace().next());
            assert_eq!(position, Some(selected.to_string().as_str()), "{text}");
            screen.key(if keys == "g" { KeyCode::Down } else { KeyCode::Up });
        }
    }
    screen.keys("g");
    let text = screen.text();
    let line = |wanted: &str| {
        let line = text.lines().position(|line| line.contains(wanted)).expect(wanted);
        u16::try_from(line).expect("a line of the screen")
    };
    let click = |screen: &mut Screen, row: u16| {
        let x = screen.state.browser.layout().pane(Pane::Messages).x + 10;
        let kind = MouseEventKind::Down(MouseButton::Left);
        screen.send(Event::Mouse(MouseEvent { kind, column: x, row, modifiers: KeyModifiers::NONE }));
        screen.selected()
    };
    let day = line("── Fri");
    assert_eq!(click(&mut screen, day + 1), "account-1@30");
    assert_eq!(click(&mut screen, day), "account-1@30", "the line between the days is no row");
    assert_eq!(click(&mut screen, day - 1), "account-1@29");
}

#[test]
fn neighbours_in_one_second_have_milliseconds() {
    let mut fake = Fake::shop(1);
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    assert!(screen.text().contains(" 11:00:01 "), "{}", screen.text());
    for message in &mut fake.messages {
        message.time = noon() + SignedDuration::from_millis(message.global_position);
    }
    let mut screen = Screen::new(fake);
    screen.go_to("account-0");
    assert!(screen.text().contains(" 12:00:00.001 "), "{}", screen.text());
}

#[test]
fn an_age_column_is_redrawn_as_time_passes() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    assert!(!screen.state.animated());
    screen.keys(",jjj ");
    screen.esc();
    assert!(screen.state.animated());
    assert!(screen.text().contains("59m59s"), "{}", screen.text());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_key_in_the_chooser_loses_a_column(keys in "[,jkJK <>=aRgG]{0,30}", width in 1..200_u16, height in 1..50_u16) {
        let mut screen = Screen::new(Fake::shop(1));
        screen.go_to("account");
        add_path(&mut screen, "amount");
        screen.send(Event::Resize(width, height));
        screen.keys(",");
        screen.keys(&keys);
        screen.terminal();
        let columns = screen.state.browser.columns.of(screen.state.browser.messages.key.as_ref());
        let mut fixed: Vec<&Column> =
            columns.iter().filter(|column| !matches!(column.kind, ColumnKind::Path(_))).collect();
        prop_assert_eq!(fixed.len(), 8);
        fixed.dedup_by_key(|column| column.kind.to_string());
        prop_assert_eq!(fixed.len(), 8);
        prop_assert!(columns.iter().any(|column| column.shown));
    }
}

#[test]
fn the_slot_of_messages_is_asked_again_only_for_new_paths() {
    let mut screen = Screen::new(Fake::shop(1));
    screen.go_to("account-0");
    let asked = |screen: &Screen| screen.asked.iter().filter(|(slot, _)| *slot == Slot::Messages).count();
    let before = asked(&screen);
    screen.keys(", j jJ>");
    assert_eq!(asked(&screen), before, "no column needs values");
    screen.esc();
    add_path(&mut screen, "amount");
    assert_eq!(asked(&screen), before + 1);
}
