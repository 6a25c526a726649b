//! The timeline: loading, zooming, moving by bucket, and the rate while following.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;

use super::fake::Fake;
use super::screen::Screen;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::app::{Effect, Event};
use crate::store::StoreError;
use crate::store::browse::Scope;

/// Returns a screen with 50 messages of one stream, one a second from 11:00:01 on, and the last of them selected.
fn screen() -> Screen {
    let mut fake = Fake::default();
    for _ in 0..50 {
        fake.append("account-1", "Deposited");
    }
    let mut screen = Screen::new(fake);
    screen.go_to("account-1");
    screen
}

fn at(text: &str) -> Timestamp {
    format!("2026-03-01T{text}Z").parse().expect("a time")
}

/// Returns the row of the timeline.
fn row(screen: &Screen) -> String {
    let area = screen.state.browser.layout().timeline;
    let text = screen.text();
    let line: String = text.lines().nth(area.y.into()).expect("the row").chars().skip(area.x.into()).collect();
    line.chars().take(area.width.into()).collect()
}

fn last_range(screen: &Screen) -> Option<(Timestamp, Timestamp)> {
    screen.fake.timelines.last().expect("a timeline").1.clone().map(|range| (range.start, range.end))
}

fn selected(screen: &Screen) -> i64 {
    screen.state.browser.messages.selection().expect("a message").position
}

fn mouse(screen: &mut Screen, kind: MouseEventKind, cell: usize) {
    let area = screen.state.browser.layout().timeline;
    let column = screen.state.timeline_strip().expect("a strip").column(cell);
    let column = area.x + u16::try_from(column).expect("small");
    screen.send(Event::Mouse(MouseEvent { kind, column, row: area.y, modifiers: KeyModifiers::NONE }));
}

#[test]
fn the_timeline_is_asked_for_after_the_list_and_shown_above_it() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.hold = true;
    screen.go_to_stream_and_hold("account-1");
    screen.asked.clear();
    while screen.state.requests.since(Slot::Messages).is_some() {
        assert!(!screen.asked.iter().any(|(slot, _)| *slot == Slot::Timeline), "the list is still loading");
        assert!(screen.release_one());
    }
    let asked = screen.asked.iter().find(|(slot, _)| *slot == Slot::Timeline);
    assert!(asked.is_some_and(|(_, after)| *after > Duration::ZERO), "it does not hurry");
    screen.release();
    assert!(row(&screen).trim_end().starts_with("11:00:03"), "{}", row(&screen));
    assert!(screen.text().contains("11:00:19–11:00:20  1 message "), "{}", screen.text());
}

#[test]
fn the_part_on_screen_is_between_brackets() {
    let mut screen = screen();
    assert!(screen.text().contains("11:00:50–11:00:51  1 message "), "{}", screen.text());
    let shown = row(&screen);
    let bars: Vec<char> = shown.chars().collect();
    assert_eq!((shown.matches('[').count(), shown.matches(']').count()), (1, 1), "{shown}");
    assert!(shown.trim_end().ends_with("█] 11:00:51"), "{shown}");
    let cells = screen.state.timeline_strip().expect("a strip").heights.len();
    assert_eq!(bars.iter().filter(|bar| **bar == '█').count(), cells, "{shown}");
    screen.keys("g");
    assert!(row(&screen).starts_with("11:00:01 ["), "{}", row(&screen));
}

#[test]
fn keys_move_to_the_next_and_the_previous_bucket_with_messages() {
    let mut screen = screen();
    screen.keys("g");
    let top = screen.state.browser.messages.window.top();
    screen.keys("))");
    assert_eq!((selected(&screen), screen.state.browser.messages.window.top()), (2, top), "no row moves");
    screen.keys("(");
    assert_eq!(selected(&screen), 1);
    screen.keys("((");
    assert_eq!(selected(&screen), 0);
    assert!(screen.text().contains("This is the first part of the timeline"), "{}", screen.text());
    // Empty buckets are passed over.
    screen.fake.messages.drain(10..40);
    screen.ctrl('r');
    screen.keys("g");
    screen.keys("))))))))))");
    assert_eq!(selected(&screen), 40);
    screen.keys("(");
    assert_eq!(selected(&screen), 9);
}

#[test]
fn zooming_in_shows_the_part_on_screen_and_then_the_selected_bucket() {
    let mut screen = screen();
    screen.keys("gz");
    let (from, to) = last_range(&screen).expect("a range");
    assert_eq!(from, at("11:00:01"));
    assert!(to > at("11:00:30") && to < at("11:00:45"), "as many rows as fit: {to}");
    assert!(row(&screen).starts_with("11:00:01 ["), "{}", row(&screen));
    screen.keys("z");
    assert_eq!(last_range(&screen), Some((at("11:00:01"), at("11:00:02"))), "{}", screen.text());
    screen.keys("z");
    assert!(screen.text().contains("cannot show more detail"), "{}", screen.text());
    screen.keys("Z");
    assert_eq!(last_range(&screen), Some((from, to)));
    screen.keys("ZZ");
    assert_eq!(last_range(&screen), None);
    assert!(screen.text().contains("The timeline shows the whole list"), "{}", screen.text());
}

#[test]
fn moving_out_of_the_zoomed_part_says_so() {
    let mut screen = screen();
    screen.keys("gzz");
    screen.keys("G");
    assert!(!row(&screen).contains('['), "{}", row(&screen));
    screen.keys("z");
    assert!(screen.text().contains("The selected message is outside the timeline"), "{}", screen.text());
    screen.keys("(");
    assert_eq!(selected(&screen), 0, "the last bucket before the selection");
}

#[test]
fn answers_for_a_list_that_was_left_are_dropped() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    let shown = screen.state.browser.messages.timeline.shown.clone();
    assert!(shown.is_some());
    screen.hold = true;
    screen.ctrl('r');
    while screen.state.requests.since(Slot::Timeline).is_none() {
        assert!(screen.release_one());
    }
    let stale = screen.held.pop_back().expect("the held timeline");
    assert_eq!(stale.0, Slot::Timeline);
    screen.hold = false;
    screen.outside.clear();
    screen.go_to("order-0");
    assert!(screen.outside.contains(&Effect::Stop(Slot::Timeline)), "it is cancelled on the server");
    let (slot, generation, outcome) = stale;
    let before = screen.state.browser.messages.timeline.shown.clone();
    screen.send(Event::Answered { slot, generation, outcome });
    assert_eq!(screen.state.browser.messages.timeline.shown, before);
    // The list that was left asks again, because its answer was dropped.
    screen.fake.timelines.clear();
    screen.go_to("account-1");
    assert_eq!(screen.fake.timelines.len(), 1);
}

#[test]
fn a_kept_list_keeps_its_timeline_and_a_reload_renews_it() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account-1");
    screen.go_to("order-0");
    screen.fake.timelines.clear();
    screen.esc();
    assert_eq!(screen.selected(), "account-1@4");
    assert_eq!(screen.fake.timelines, []);
    assert!(screen.state.browser.messages.timeline.shown.is_some());
    screen.ctrl('r');
    assert_eq!(screen.fake.timelines.len(), 1);
}

#[test]
fn an_error_is_shown_in_the_row_and_only_there() {
    let mut screen = screen();
    screen.fake.fail.push((Slot::Timeline, StoreError::NoPermission("no rights".to_owned())));
    screen.ctrl('r');
    assert!(row(&screen).starts_with("No timeline: "), "{}", row(&screen));
    assert!(!screen.state.notices.showing());
    screen.ctrl('r');
    assert!(row(&screen).starts_with("11:00:01 "), "{}", row(&screen));
}

#[test]
fn a_filter_does_not_change_the_counts_but_its_times_limit_them() {
    let mut screen = screen();
    screen.fake.timelines.clear();
    screen.keys("&type:Deposited");
    screen.enter();
    assert_eq!(screen.fake.timelines, [], "the timeline stays");
    assert!(screen.text().contains("11:00:50–11:00:51  1 message, unfiltered"), "{}", screen.text());
    screen.keys("&");
    screen.ctrl('u');
    screen.keys("since:2026-03-01T11:00:30");
    screen.enter();
    assert_eq!(last_range(&screen), Some((at("11:00:30"), Timestamp::MAX)));
    screen.esc();
    assert_eq!(last_range(&screen), None);
}

#[test]
fn while_following_the_timeline_is_the_rate_of_arrivals() {
    let mut screen = screen();
    screen.fake.timelines.clear();
    screen.keys("F");
    for _ in 0..12 {
        screen.arrive("account-1", "Deposited");
    }
    screen.wait(6);
    screen.arrive("account-1", "Deposited");
    assert_eq!(screen.fake.timelines, [], "no question is asked");
    let shown = row(&screen);
    assert!(shown.starts_with('-') && shown.trim_end().ends_with("█▁ now"), "{shown}");
    assert!(screen.text().contains(" peak 12 in 5s "), "{}", screen.text());
    screen.keys(")");
    assert!(screen.text().contains("F stops following"), "{}", screen.text());
    screen.keys("F");
    assert_eq!(screen.fake.timelines.len(), 1, "{:?}", screen.fake.timelines);
}

#[test]
fn a_click_goes_to_the_bucket_and_the_wheel_zooms() {
    let mut screen = screen();
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), 0);
    assert_eq!(selected(&screen), 0);
    mouse(&mut screen, MouseEventKind::ScrollUp, 0);
    assert_eq!(last_range(&screen), Some((at("11:00:01"), at("11:00:13"))));
    mouse(&mut screen, MouseEventKind::ScrollDown, 0);
    assert_eq!(last_range(&screen), None);
    let cells = screen.state.timeline_strip().expect("a strip").heights.len();
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), cells - 1);
    assert_eq!(selected(&screen), 49);
}

#[test]
fn the_timeline_can_be_hidden_and_gives_way_to_rows() {
    let mut screen = screen();
    let rows = screen.state.browser.layout().rows(crate::app::browser::layout::Pane::Messages);
    screen.fake.timelines.clear();
    screen.act(Action::Timeline);
    assert_eq!(screen.state.browser.layout().rows(crate::app::browser::layout::Pane::Messages), rows + 1);
    screen.ctrl('r');
    assert_eq!(screen.fake.timelines, []);
    assert!(screen.state.saved().hides_timeline, "it stays hidden after a restart");
    screen.act(Action::Timeline);
    assert_eq!(screen.fake.timelines.len(), 1);
    screen.send(Event::Resize(38, 12));
    assert_eq!(screen.state.browser.layout().timeline.area(), 0);
}

#[test]
fn each_scope_has_its_own_timeline() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.go_to("account");
    assert!(matches!(screen.fake.timelines.last(), Some((Scope::Category(_), None))));
    screen.go_to("account#0:2");
    assert!(matches!(screen.fake.timelines.last(), Some((Scope::Member(..), None))));
}

#[test]
fn messages_written_after_the_timeline_was_read_are_in_it_once_they_are_loaded() {
    let mut screen = screen();
    let read = screen.fake.timelines.len();
    screen.keys("GG");
    assert_eq!(screen.fake.timelines.len(), read, "there is nothing new");
    screen.fake.append("account-1", "Deposited");
    screen.keys("G");
    assert_eq!((selected(&screen), screen.fake.timelines.len()), (50, read + 1));
    assert!(screen.text().contains("11:00:51–11:00:52  1 message "), "{}", screen.text());
    // The end of the list was not loaded when the timeline was read.
    let mut fake = Fake::default();
    for _ in 0..1_000 {
        fake.append("account-1", "Deposited");
    }
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@200");
    let read = screen.fake.timelines.len();
    for _ in 0..100 {
        screen.fake.append("account-1", "Deposited");
    }
    screen.keys("k");
    assert_eq!(screen.fake.timelines.len(), read);
    screen.keys("G");
    assert_eq!((selected(&screen), screen.fake.timelines.len()), (1_099, read + 1));
    assert!(screen.state.timeline_strip().is_some_and(|strip| strip.visible.is_some()), "{}", row(&screen));
}

#[test]
fn the_timeline_does_not_end_in_the_future() {
    let mut screen = screen();
    screen.now = at("11:00:50") + jiff::SignedDuration::from_millis(400);
    assert!(row(&screen).trim_end().ends_with("11:00:51"), "{}", row(&screen));
    screen.send(Event::Tick);
    assert!(row(&screen).trim_end().ends_with("11:00:50"), "{}", row(&screen));
}
