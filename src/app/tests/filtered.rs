//! Filtered lists: every match can be reached, a stopped search continues where it stopped, and the selection is
//! restored.

use crate::app::browser::window::CAPACITY;
use crate::app::request::Slot;
use crate::store::StoreError;
use crossterm::event::KeyCode;

use super::fake::Fake;
use super::screen::Screen;

/// Shows a stream whose messages are `Even` and `Odd` in turn, searched in small steps.
fn ledger(messages: usize) -> Screen {
    searched_in_steps_of(500, messages)
}

fn searched_in_steps_of(window: usize, messages: usize) -> Screen {
    let mut fake = Fake { search_window: Some(window), ..Fake::default() };
    for number in 0..messages {
        fake.append("ledger-main", ["Even", "Odd"][number % 2]);
    }
    let mut screen = Screen::new(fake);
    screen.go_to("ledger-main");
    screen
}

fn filter(screen: &mut Screen, text: &str) {
    screen.keys(&format!("&{text}"));
    screen.enter();
}

fn press_until(screen: &mut Screen, key: KeyCode, selected: &str) {
    for _ in 0..2_000 {
        if screen.selected() == selected {
            return;
        }
        screen.key(key);
    }
    panic!("{selected} was not reached: {}", screen.text());
}

#[test]
fn unloaded_matches_are_read_again_from_both_ends() {
    let mut screen = ledger(2 * CAPACITY + 1_000);
    filter(&mut screen, "type:Even");
    press_until(&mut screen, KeyCode::PageUp, "ledger-main@0");
    press_until(&mut screen, KeyCode::PageDown, "ledger-main@4998");
    press_until(&mut screen, KeyCode::PageUp, "ledger-main@0");
    assert!(screen.text().contains("2,500 matches · all 5,000 messages searched"), "{}", screen.text());
}

#[test]
fn rows_unloaded_while_following_a_filtered_list_are_read_again() {
    let mut screen = ledger(2);
    filter(&mut screen, "type:Even");
    screen.keys("F");
    for _ in 0..CAPACITY + 500 {
        screen.arrive("ledger-main", "Even");
    }
    assert!(screen.text().contains("501 older rows unloaded"), "{}", screen.text());
    assert!(screen.text().contains("2,501 matches"), "{}", screen.text());
    press_until(&mut screen, KeyCode::PageUp, "ledger-main@0");
}

#[test]
fn going_to_a_time_in_a_filtered_list_shows_matches_on_both_sides() {
    let mut screen = ledger(600);
    filter(&mut screen, "type:Even");
    screen.go_to("11:05:00");
    assert_eq!(screen.selected(), "ledger-main@300");
    screen.key(KeyCode::Up);
    assert_eq!(screen.selected(), "ledger-main@298");
    screen.key(KeyCode::Down);
    screen.key(KeyCode::Down);
    assert_eq!(screen.selected(), "ledger-main@302");
}

#[test]
fn going_to_a_message_removes_a_filter_that_may_exclude_it() {
    let mut screen = ledger(600);
    filter(&mut screen, "type:Even");
    screen.go_to("ledger-main@301");
    assert_eq!(screen.selected(), "ledger-main@301");
    assert!(screen.text().contains("The filter was removed"), "{}", screen.text());
}

#[test]
fn a_stopped_search_continues_with_the_next_key() {
    for (hit, expected) in [("Odd", "ledger-main@1"), ("First", "ledger-main@0")] {
        let mut fake = Fake { search_window: Some(500), ..Fake::default() };
        fake.append("ledger-main", "First");
        fake.append("ledger-main", "Odd");
        for _ in 0..5_000 {
            fake.append("ledger-main", "Even");
        }
        let mut screen = Screen::new(fake);
        screen.go_to("ledger-main");
        screen.hold = true;
        filter(&mut screen, &format!("type:{hit}"));
        for _ in 0..3 {
            assert!(screen.release_one());
        }
        screen.esc();
        while screen.release_one() {}
        assert!(screen.text().contains("No match · 1,500 messages searched"), "{}", screen.text());
        screen.hold = false;
        screen.key(KeyCode::Up);
        assert_eq!(screen.selected(), expected);
    }
}

#[test]
fn a_filter_without_matches_is_kept_and_esc_restores_the_selection() {
    let mut screen = ledger(600);
    screen.go_to("ledger-main@250");
    filter(&mut screen, "type:Unknown");
    assert!(screen.state.browser.messages.window.is_empty());
    screen.keys("2");
    screen.keys("3");
    assert!(screen.state.browser.messages.is_filtered(), "the filter is kept");
    screen.keys("4");
    screen.esc();
    assert_eq!(screen.selected(), "ledger-main@250");
}

#[test]
fn a_failed_filter_shows_the_error_and_no_rows() {
    let mut screen = ledger(600);
    let error = StoreError::Invalid { field: "path on data", reason: "syntax error at end".to_owned() };
    screen.fake.fail.push((Slot::Messages, error));
    filter(&mut screen, "data:$.line >");
    assert!(screen.state.browser.messages.window.is_empty());
    let text = screen.text();
    assert!(text.contains("invalid path on data: syntax error at end · & edit the filter · Ctrl-R reload"), "{text}");
    assert!(!text.contains("continue") && !text.contains("no match"), "nothing continues it: {text}");
    screen.esc();
    screen.esc();
    assert_eq!(screen.selected(), "ledger-main@599");
}

/// One step can find more rows than the list can load without unloading the selection.
#[test]
fn a_step_with_many_matches_keeps_the_selection_loaded() {
    let mut screen = searched_in_steps_of(20_000, 9_000);
    filter(&mut screen, "type:Even");
    screen.go_to("12:15:01");
    assert_eq!(screen.selected(), "ledger-main@4500", "{}", screen.text());
    for (key, expected) in [(KeyCode::Up, "ledger-main@4498"), (KeyCode::Down, "ledger-main@4500")] {
        screen.key(key);
        assert_eq!(screen.selected(), expected);
    }
    press_until(&mut screen, KeyCode::PageUp, "ledger-main@0");
    press_until(&mut screen, KeyCode::PageDown, "ledger-main@8998");
    assert!(screen.text().contains("4,500 matches · all 9,000 messages searched"), "{}", screen.text());
}

#[test]
fn a_paused_search_says_so_and_continues_on_scrolling() {
    let mut screen = searched_in_steps_of(20_000, 9_000);
    filter(&mut screen, "type:Even");
    let text = screen.text();
    assert!(text.contains("First 500 matches · 1,001 of 9,000 searched · scroll for more"), "{text}");
    press_until(&mut screen, KeyCode::PageUp, "ledger-main@0");
    assert!(screen.text().contains("4,500 matches · all 9,000 messages searched"), "{}", screen.text());
}

#[test]
fn counts_the_matches_of_a_filtered_list_in_steps_until_stopped() {
    let mut screen = searched_in_steps_of(1_000, 9_001);
    filter(&mut screen, "type:Even");
    screen.hold = true;
    screen.keys("#");
    for _ in 0..2 {
        assert!(screen.release_one(), "there is another step");
    }
    let text = screen.text();
    assert!(text.contains("counting: 1,000 matches · 2,000 of 9,001 searched · Esc stop"), "{text}");
    screen.esc();
    assert!(screen.outside.contains(&crate::app::Effect::Stop(Slot::Count)));
    screen.release();
    assert!(!screen.text().contains("counting"), "{}", screen.text());
    assert!(screen.state.browser.messages.is_filtered(), "Esc stopped only the count");
    screen.keys("#");
    assert!(screen.text().contains("4,501 matches · all 9,001 messages searched"), "{}", screen.text());
    screen.esc();
    filter(&mut screen, "type:Odd");
    screen.keys("#");
    assert!(screen.text().contains("4,500 matches · all 9,001 messages searched"), "{}", screen.text());
}

#[test]
fn following_updates_the_count_of_matches() {
    let mut screen = searched_in_steps_of(1_000, 3_000);
    filter(&mut screen, "type:Even");
    screen.keys("F#");
    screen.arrive("ledger-main", "Even");
    screen.arrive("ledger-main", "Odd");
    assert!(screen.text().contains("1,501 matches · all 3,000 messages searched"), "{}", screen.text());
}

/// The messages are one second apart, from position 0 at 11:00:01.
#[test]
fn a_filter_with_times_searches_only_between_them() {
    let mut screen = searched_in_steps_of(500, 40_000);
    filter(&mut screen, "type:Even since:2026-03-01T20:00:00Z until:2026-03-01T20:05:00Z");
    assert_eq!(screen.selected(), "ledger-main@32698");
    assert!(screen.text().contains("150 matches in this time range"), "{}", screen.text());
    screen.keys("g");
    assert_eq!(screen.selected(), "ledger-main@32400");
    screen.keys("G");
    assert_eq!(screen.selected(), "ledger-main@32698");
    assert!(screen.fake.looked_at < 10_000, "{} messages were searched", screen.fake.looked_at);
    screen.keys("#");
    assert!(screen.text().contains("150 matches in this time range"), "{}", screen.text());
    assert!(screen.fake.looked_at < 12_000, "{} messages were searched", screen.fake.looked_at);
    screen.esc();
    filter(&mut screen, "type:Even since:2026-03-01T20:00:00Z");
    screen.fake.looked_at = 0;
    screen.keys("g");
    assert_eq!(screen.selected(), "ledger-main@32400");
    assert!(screen.fake.looked_at < 2_500, "{} messages were searched", screen.fake.looked_at);
}

#[test]
fn a_search_without_a_match_shows_its_progress() {
    let mut screen = searched_in_steps_of(500, 9_000);
    screen.hold = true;
    filter(&mut screen, "type:Missing");
    assert!(screen.release_one());
    screen.wait(3);
    let text = screen.text();
    assert!(text.contains("searching for 3s · no match yet in 500 of 9,000 · Esc stop"), "{text}");
    // The user has waited since the first step.
    assert!(screen.release_one());
    screen.wait(2);
    let text = screen.text();
    assert!(text.contains("searching for 5s · no match yet in 1,000 of 9,000 · Esc stop"), "{text}");
    screen.esc();
    screen.release();
    assert!(screen.text().contains("No match · 1,000 messages searched · Up continue"), "{}", screen.text());
}

#[test]
fn a_search_among_the_messages_of_a_member_names_no_total_of_that_member() {
    let mut screen = Screen::new(Fake { search_window: Some(2), ..Fake::shop(8) });
    screen.go_to("account#0:3");
    screen.hold = true;
    filter(&mut screen, "type:None");
    for _ in 0..4 {
        assert!(screen.release_one());
    }
    // The messages of all members are searched.
    let text = screen.text();
    assert!(text.contains("no match yet in ") && !text.contains(" of ~"), "{text}");
}

#[test]
fn a_list_at_its_end_looks_for_newer_messages_on_a_key_that_leads_beyond_it() {
    let asked = |screen: &Screen| screen.asked.iter().filter(|(slot, _)| *slot == Slot::Messages).count();
    for (text, turned) in [("", false), ("", true), ("type:Even", false), ("type:Even", true)] {
        let mut screen = ledger(5);
        if turned {
            screen.keys("o");
        }
        if !text.is_empty() {
            filter(&mut screen, text);
        }
        let (newest, oldest, beyond) = if turned { ("g", "G", KeyCode::Up) } else { ("G", "g", KeyCode::Down) };
        screen.asked.clear();
        screen.keys(oldest);
        screen.key(beyond);
        assert_eq!(asked(&screen), 0, "the end is not reached: {text}");
        screen.fake.append("ledger-main", "Odd");
        screen.fake.append("ledger-main", "Even");
        screen.keys(newest);
        assert_eq!((screen.selected().as_str(), asked(&screen)), ("ledger-main@6", 1), "{text} {turned}");
        screen.fake.append("ledger-main", "Odd");
        screen.fake.append("ledger-main", "Even");
        screen.hold = true;
        screen.key(beyond);
        screen.key(beyond);
        assert_eq!((screen.selected().as_str(), asked(&screen)), ("ledger-main@6", 2), "one question at a time");
        screen.release();
        assert_eq!(screen.selected(), "ledger-main@6", "nothing moves by itself");
        screen.key(beyond);
        assert_eq!(screen.selected(), if text.is_empty() { "ledger-main@7" } else { "ledger-main@8" });
        let said = if text.is_empty() { "message 8 of 9" } else { "5 matches · all 9 messages searched" };
        assert!(screen.text().contains(said), "{}", screen.text());
    }
}

#[test]
fn a_list_that_is_followed_asks_for_nothing_beyond_its_end() {
    let mut screen = ledger(5);
    screen.keys("F");
    screen.asked.clear();
    screen.keys("Gj");
    screen.key(KeyCode::PageDown);
    assert!(screen.asked.iter().all(|(slot, _)| *slot != Slot::Messages), "{:?}", screen.asked);
    assert!(screen.state.is_live());
}
