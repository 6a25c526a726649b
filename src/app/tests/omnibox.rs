//! `:` and Ctrl-P: results appear while the user types, nothing moves before Enter, and Esc leaves everything as it
//! was.

use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::omnibox::Omnibox;
use crate::app::dialogs::omnibox::entries::Group;
use crate::app::dialogs::omnibox::layout::BoxLayout;
use crate::app::request::Slot;
use crate::app::saved_filters::SavedFilter;
use crate::app::{Effect, Event, ScreenSettings};
use crate::store::StoreError;
use crate::store::browse::Scope;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::fake::Fake;
use super::screen::Screen;

/// A stream whose ID is a UUID.
const CUSTOMER: &str = "customer-f0a5a1c2-95d5-4c3e-9c58-0f4d2b7a7aa6";

fn screen() -> Screen {
    let mut fake = Fake::shop(3);
    fake.push(CUSTOMER, "Registered", "{}", None);
    Screen::new(fake)
}

fn omnibox(screen: &Screen) -> &Omnibox {
    match &screen.state.dialogs.open {
        Some(Dialog::Omnibox(omnibox)) => omnibox,
        _ => panic!("the box is open: {}", screen.text()),
    }
}

/// Returns the results of one group.
fn results(screen: &Screen, group: Group) -> Vec<&str> {
    omnibox(screen).entries.iter().filter(|entry| entry.group == group).map(|entry| entry.text.as_str()).collect()
}

fn scope(screen: &Screen) -> Scope {
    screen.state.browser.messages.key.clone().expect("a list is on screen").scope
}

fn shown(screen: &Screen) -> String {
    match scope(screen) {
        Scope::Namespace => screen.state.browser.shown_namespace.clone().unwrap_or_default() + "/",
        Scope::Category(category) | Scope::Member(category, _) => category.to_string(),
        Scope::Stream(stream) => stream.to_string(),
    }
}

#[test]
fn results_appear_in_groups_while_typing_and_enter_opens_the_first() {
    let mut screen = screen();
    screen.keys(":acc");
    assert_eq!(results(&screen, Group::Categories), ["account"]);
    assert_eq!(results(&screen, Group::Streams), ["account-0", "account-1", "account-2"]);
    let text = screen.text();
    assert!(text.contains("Categories") && text.contains("Streams") && text.contains("~15 messages"), "{text}");
    screen.enter();
    assert_eq!((shown(&screen), screen.state.dialogs.open.is_none()), ("account".to_owned(), true));
    screen.keys(":adt");
    screen.enter();
    assert_eq!(shown(&screen), "audit/", "fuzzy");
}

#[test]
fn a_name_that_contains_the_text_precedes_those_that_only_have_its_letters() {
    let mut fake = Fake::shop(3);
    fake.push("hoop-1", "Opened", "{}", None);
    let mut screen = Screen::new(fake);
    screen.keys(":hop");
    assert_eq!(results(&screen, Group::Categories), ["hoop"]);
    assert_eq!(omnibox(&screen).entries.first().map(|entry| entry.text.as_str()), Some("shop"));
    screen.enter();
    assert_eq!(shown(&screen), "shop/");
}

#[test]
fn any_part_of_an_id_finds_the_stream() {
    for part in ["f0a5", "7aa6", "95d5-4c3e", CUSTOMER] {
        let mut screen = screen();
        screen.keys(":");
        screen.keys(part);
        screen.enter();
        assert_eq!(shown(&screen), CUSTOMER, "{part}");
    }
    let mut screen = screen();
    screen.keys(":7AA6");
    assert_eq!(results(&screen, Group::Streams), Vec::<&str>::new(), "an upper-case letter makes case matter");
}

#[test]
fn the_beginning_of_an_id_is_found_without_searching_all_names() {
    let mut screen = screen();
    screen.keys(":f0a");
    screen.fake.fail.push((Slot::StreamSearch, StoreError::NoPermission("messages".to_owned())));
    screen.keys("5");
    assert_eq!(results(&screen, Group::Streams), [CUSTOMER]);
    assert!(screen.text().contains("messages"), "the error is shown: {}", screen.text());
    screen.enter();
    assert_eq!(shown(&screen), CUSTOMER);
}

#[test]
fn a_search_that_a_lost_connection_ended_is_repeated_once_the_server_answers() {
    let mut screen = screen();
    screen.keys(":");
    let lost = StoreError::Unavailable {
        target: "localhost".to_owned(),
        reason: "connection refused".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    screen.fake.fail.push((Slot::Suggest, lost));
    screen.keys("f0a5");
    assert_eq!(results(&screen, Group::Streams), [CUSTOMER]);
    assert!(!screen.text().contains("connection refused"), "{}", screen.text());
}

#[test]
fn the_search_shows_its_progress_and_esc_or_a_newer_text_ends_it() {
    let mut screen = Screen::new(Fake { search_window: Some(1), ..Fake::shop(3) });
    screen.hold = true;
    screen.keys(":zz");
    for _ in 0..4 {
        screen.release_one();
    }
    let (searched, text) = (omnibox(&screen).streams.searched, screen.text());
    assert!(searched > 0 && text.contains(&format!("searched {searched} of ~6 streams")), "{text}");
    screen.keys("y");
    assert_eq!(omnibox(&screen).streams.searched, searched, "a narrower text continues the search");
    screen.key(KeyCode::Backspace);
    assert_eq!(omnibox(&screen).streams.searched, 0, "a wider one begins again");
    screen.outside.clear();
    screen.esc();
    assert!(screen.state.dialogs.open.is_none());
    assert!(screen.outside.contains(&Effect::Stop(Slot::StreamSearch)), "{:?}", screen.outside);
    screen.release();
    screen.keys(":zzy");
    assert!(screen.text().contains("searched all 6 streams"), "{}", screen.text());
}

#[test]
fn the_number_of_searched_streams_agrees_with_its_noun() {
    let mut fake = Fake::default();
    fake.push("account-1", "Opened", "{}", None);
    let mut screen = Screen::new(fake);
    screen.keys(":zzy");
    assert!(screen.text().contains("searched the only stream"), "{}", screen.text());
}

#[test]
fn the_category_on_screen_is_searched_first() {
    let mut screen = Screen::new(Fake { search_window: Some(1), ..Fake::shop(3) });
    screen.go_to("order");
    screen.hold = true;
    screen.keys(":r-");
    while results(&screen, Group::Streams).len() < 2 {
        assert!(screen.release_one(), "the search goes on");
    }
    assert_eq!(results(&screen, Group::Streams), ["order-0", "order-1"]);
    assert!(screen.text().contains("searched 2 streams of order"), "{}", screen.text());
    screen.release();
    assert_eq!(results(&screen, Group::Streams), ["order-0", "order-1", "order-2"]);
    assert!(screen.text().contains("searched all 6 streams"), "{}", screen.text());
}

#[test]
fn the_search_pauses_when_it_has_found_many_and_continues_near_the_last() {
    let mut fake = Fake::default();
    for stream in 0..150 {
        fake.push(&format!("account-{stream:03}"), "Opened", "{}", None);
    }
    let mut screen = Screen::new(fake);
    screen.keys(":count-");
    assert_eq!(results(&screen, Group::Streams).len(), 100);
    assert!(screen.text().contains("first 100 streams · searched 100"), "{}", screen.text());
    for _ in 0..99 {
        screen.down();
    }
    assert_eq!(results(&screen, Group::Streams).len(), 150);
    let selected = &omnibox(&screen).entries[omnibox(&screen).selected];
    assert_eq!(selected.text, "account-099", "the selection stays");
    assert!(screen.text().contains("account-099"), "and is visible: {}", screen.text());
}

#[test]
fn a_name_that_does_not_exist_gives_way_to_those_that_do() {
    let mut screen = screen();
    screen.keys(":ccount-1");
    assert_eq!(results(&screen, Group::Missing), ["stream ccount-1"]);
    screen.enter();
    assert_eq!(shown(&screen), "account-1");
    screen.keys(":account-1");
    assert_eq!(results(&screen, Group::GoTo), ["stream account-1"]);
    assert_eq!(results(&screen, Group::Streams), Vec::<&str>::new(), "no result is shown twice");
}

#[test]
fn a_selected_result_stays_selected_while_others_arrive() {
    let mut screen = screen();
    screen.hold = true;
    screen.keys(":order");
    screen.ctrl('n');
    let before = omnibox(&screen).entries[omnibox(&screen).selected].clone();
    screen.release();
    assert_eq!(omnibox(&screen).entries[omnibox(&screen).selected], before);
    screen.ctrl('p');
    assert_eq!(omnibox(&screen).selected, 0);
}

#[test]
fn a_number_is_a_global_position_and_a_position_of_the_stream_on_screen() {
    let mut screen = screen();
    screen.go_to("account-1");
    screen.keys(":3");
    assert_eq!(results(&screen, Group::GoTo), ["global position 3", "stream account-1 at position 3"]);
    screen.down();
    screen.enter();
    assert_eq!(screen.selected(), "account-1@3");
    screen.keys(":@2");
    assert_eq!(results(&screen, Group::GoTo), ["stream account-1 at position 2"]);
    assert!(!screen.text().contains("the name is empty"), "{}", screen.text());
    screen.enter();
    assert_eq!(screen.selected(), "account-1@2");
    screen.go_to("order");
    screen.keys(":3");
    assert_eq!(results(&screen, Group::GoTo), ["global position 3"]);
}

#[test]
fn commands_run_from_the_omnibox() {
    let mut screen = screen();
    screen.go_to("account");
    screen.keys(":follow new messages");
    assert!(results(&screen, Group::Here).iter().any(|title| title.starts_with("Follow new messages")));
    screen.enter();
    assert!(screen.state.following.current.is_some() && screen.state.dialogs.open.is_none());
    screen.keys(":acc");
    assert_eq!(results(&screen, Group::Commands), Vec::<&str>::new(), "scattered letters are no match");
}

#[test]
fn up_recalls_what_led_somewhere() {
    let mut screen = screen();
    screen.go_to("account");
    screen.go_to("nothing");
    screen.esc();
    screen.go_to("7aa6");
    screen.go_to("audit");
    screen.keys(":");
    for expected in ["audit/", CUSTOMER, "account", "account"] {
        screen.key(KeyCode::Up);
        assert_eq!(omnibox(&screen).input.text(), expected);
    }
    for expected in [CUSTOMER, "audit/", ""] {
        screen.down();
        assert_eq!(omnibox(&screen).input.text(), expected);
    }
    screen.key(KeyCode::Up);
    screen.key(KeyCode::Up);
    screen.keys("x");
    screen.key(KeyCode::Backspace);
    screen.key(KeyCode::Up);
    assert_eq!(omnibox(&screen).input.text(), CUSTOMER, "after an edit, Up selects");
}

#[test]
fn tab_completes_names_and_goes_deeper() {
    let mut screen = screen();
    screen.keys(":acc");
    for expected in ["account", "account-"] {
        screen.key(KeyCode::Tab);
        assert_eq!(omnibox(&screen).input.text(), expected);
    }
    screen.keys("2");
    screen.key(KeyCode::Tab);
    screen.key(KeyCode::Tab);
    assert_eq!(omnibox(&screen).input.text(), "account-2@");
    screen.keys("1");
    screen.enter();
    assert_eq!(screen.selected(), "account-2@1");
    screen.keys(":aud");
    screen.key(KeyCode::Tab);
    assert_eq!(omnibox(&screen).input.text(), "audit/");
}

#[test]
fn nothing_is_selected_in_an_empty_omnibox() {
    let mut screen = screen();
    screen.go_to("account");
    screen.keys(":");
    screen.enter();
    assert_eq!((shown(&screen), screen.state.dialogs.open.is_some()), ("account".to_owned(), true));
    screen.down();
    let first = omnibox(&screen).entries[0].text.clone();
    screen.enter();
    assert_eq!(shown(&screen), first);
}

#[test]
fn recent_lists_bookmarks_and_saved_filters_are_found() {
    let mut screen = screen();
    screen.go_to("account-1");
    screen.keys("b");
    screen.go_to("order");
    screen.keys(":");
    assert_eq!(results(&screen, Group::Recent), ["shop › account-1"]);
    assert_eq!(results(&screen, Group::Bookmarks), ["shop › account-1"]);
    screen.down();
    screen.enter();
    assert_eq!(shown(&screen), "account-1");
    screen.go_to("order");
    let filter = SavedFilter { name: "closings".to_owned(), text: "type:Closed".to_owned(), category: None };
    screen.state.saved_filters.save(filter);
    screen.keys(":clos");
    assert_eq!(results(&screen, Group::Filters), ["closings"]);
    screen.enter();
    assert_eq!(screen.state.browser.messages.filter_text, "type:Closed");
    screen.keys(":acc");
    assert_eq!(results(&screen, Group::Bookmarks), ["shop › account-1"]);
    assert_eq!(results(&screen, Group::Streams), ["account-0", "account-2"], "no place is listed twice");
}

#[test]
fn entries_survive_a_restart() {
    let mut before = screen();
    before.go_to("account-1");
    let saved = before.state.saved();
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings { saved, ..ScreenSettings::default() }, 160, 45);
    screen.keys(":");
    screen.key(KeyCode::Up);
    assert_eq!(omnibox(&screen).input.text(), "account-1");
}

fn click(screen: &mut Screen, row: u16) {
    let list = BoxLayout::of(screen.state.browser.area).list;
    let kind = MouseEventKind::Down(MouseButton::Left);
    let (column, row) = (list.x + 20, list.y + row);
    screen.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn a_click_selects_and_another_goes() {
    let mut screen = screen();
    screen.keys(":acc");
    let index = omnibox(&screen).entries.iter().position(|entry| entry.text == "account-1").expect("a result");
    let row = u16::try_from(index).expect("a row");
    click(&mut screen, row);
    assert_eq!(omnibox(&screen).selected, index);
    click(&mut screen, 19);
    assert_eq!(omnibox(&screen).selected, index, "below the results, a click does nothing");
    click(&mut screen, row);
    assert_eq!(shown(&screen), "account-1");
}

#[test]
fn the_palette_begins_with_the_focused_pane_and_reaches_places() {
    let mut screen = screen();
    screen.keys("5");
    screen.ctrl('p');
    let first = &omnibox(&screen).entries[0];
    assert_eq!((first.group, first.text.as_str()), (Group::Here, "Filter names or search messages"));
    assert!(results(&screen, Group::Here).contains(&"Fold all"));
    assert!(!results(&screen, Group::Commands).contains(&"Fold all"));
    screen.keys("order");
    assert_eq!(results(&screen, Group::Categories), ["order"]);
    screen.esc();
    screen.ctrl('p');
    screen.keys("flwup");
    assert_eq!(omnibox(&screen).entries[0].text, "Write a follow-up (causation and correlation filled in)");
    screen.ctrl('u');
    screen.keys("messages pane");
    screen.enter();
    assert_eq!(screen.state.browser.focus, Pane::Messages);
}

#[test]
fn titles_that_contain_the_text_come_before_those_with_only_its_letters() {
    let mut screen = screen();
    screen.keys("4");
    screen.ctrl('p');
    screen.keys("state");
    let texts: Vec<&str> = omnibox(&screen).entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["Show the state of the stream at the message"]);
}

#[test]
fn a_slash_searches_the_other_namespace() {
    let mut screen = screen();
    screen.keys(":audit/acc");
    assert_eq!(results(&screen, Group::Missing), ["category acc in namespace audit"]);
    assert_eq!(results(&screen, Group::Streams), Vec::<&str>::new(), "audit is empty");
    screen.esc();
    screen.go_to("audit");
    screen.keys(":shop/7aa6");
    assert_eq!(results(&screen, Group::Streams), [CUSTOMER]);
    screen.ctrl('u');
    screen.keys("shop/cust");
    assert_eq!(results(&screen, Group::Categories), ["customer"]);
    screen.key(KeyCode::Tab);
    assert_eq!(omnibox(&screen).input.text(), "shop/customer");
    screen.enter();
    assert_eq!((screen.state.browser.shown_namespace.as_deref(), shown(&screen).as_str()), (Some("shop"), "customer"));
}

/// Returns what must not change before Enter.
fn place(screen: &Screen) -> String {
    let browser = &screen.state.browser;
    let selected = (browser.namespaces.selected(), browser.categories.selected(), browser.streams.window.selected());
    let rows = (browser.messages.window.selected(), browser.messages.window.top(), browser.message.selected());
    format!("{:?} {:?} {:?} {selected:?} {rows:?}", browser.messages.key, browser.focus, browser.active)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_typed_esc_restores_everything(
        palette in any::<bool>(),
        keys in proptest::collection::vec(
            prop_oneof![
                6 => proptest::char::range(' ', '~').prop_map(|letter| (KeyCode::Char(letter), false)),
                2 => "[acou0-9/@#=-]".prop_map(|text| (KeyCode::Char(text.chars().next().unwrap_or('a')), false)),
                4 => proptest::sample::select(vec![
                    KeyCode::Up, KeyCode::Down, KeyCode::Tab, KeyCode::PageUp, KeyCode::PageDown, KeyCode::Backspace,
                    KeyCode::Left, KeyCode::Right, KeyCode::Home, KeyCode::End, KeyCode::Delete,
                ]).prop_map(|code| (code, false)),
                2 => proptest::sample::select(vec!['n', 'p', 'u', 'w', 'k']).prop_map(|letter| (KeyCode::Char(letter), true)),
            ],
            0..40,
        ),
        width in 1..200_u16,
        height in 1..60_u16,
    ) {
        let mut screen = screen();
        screen.go_to("account-1@3");
        let before = place(&screen);
        if palette { screen.ctrl('p') } else { screen.keys(":") }
        for (code, ctrl) in keys {
            let modifiers = if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            screen.send(Event::Key(KeyEvent::new(code, modifiers)));
            let omnibox = omnibox(&screen);
            prop_assert!(omnibox.entries.is_empty() || omnibox.selected < omnibox.entries.len());
            prop_assert!(omnibox.top <= omnibox.selected);
        }
        screen.send(Event::Resize(width, height));
        screen.terminal();
        screen.send(Event::Resize(160, 45));
        screen.esc();
        prop_assert!(screen.state.dialogs.open.is_none());
        prop_assert_eq!(place(&screen), before);
    }
}

#[test]
fn a_name_entered_before_the_namespaces_are_listed_is_opened_once_they_are() {
    for (typed, opened) in [(":account", "account"), (":shop/order", "order"), (":account-1@2", "account-1")] {
        let mut screen = Screen::starting(Fake::shop(3));
        screen.keys(typed);
        screen.enter();
        assert_eq!(screen.state.browser.shown_namespace, None, "nothing is open yet");
        screen.release();
        assert_eq!(shown(&screen), opened);
        assert!(screen.state.dialogs.open.is_none(), "{}", screen.text());
    }
}

#[test]
fn a_text_changed_after_an_early_enter_is_not_opened_by_itself() {
    let mut screen = Screen::starting(Fake::shop(3));
    screen.keys(":acc");
    screen.enter();
    screen.keys("o");
    screen.release();
    assert_eq!(shown(&screen), "shop/");
    assert_eq!(results(&screen, Group::Categories), ["account"]);
    assert_eq!(results(&screen, Group::Streams), ["account-0", "account-1", "account-2"]);
}

#[test]
fn a_location_that_is_being_typed_says_what_comes_next_and_is_not_missing() {
    let mut screen = screen();
    screen.keys(":account-1");
    screen.enter();
    screen.keys("M");
    for typed in ["", "0", ":"] {
        screen.keys(typed);
        let text = screen.text();
        assert!(text.contains("type MEMBER:SIZE") && !text.contains("Not found"), "{text}");
        assert!(omnibox(&screen).entries.is_empty(), "Enter opens no other list: {text}");
        screen.enter();
        assert!(screen.state.dialogs.open.is_some());
    }
    screen.keys("3");
    screen.enter();
    assert_eq!(shown(&screen), "account");
    assert!(matches!(scope(&screen), Scope::Member(..)));
    screen.keys(":account-2@");
    let text = screen.text();
    assert!(text.contains("type a position") && !text.contains("Not found"), "{text}");
    screen.enter();
    assert_eq!(shown(&screen), "account-2");
    // Without such a category, the text is a name like any other.
    screen.keys(":nothing#");
    assert!(screen.text().contains("Not found"), "{}", screen.text());
}

#[test]
fn a_long_stream_keeps_both_ends_of_its_name_and_its_marks() {
    let mut fake = Fake::default();
    let name = format!("customer-{}", "0123456789abcdef".repeat(5));
    let streams = ["1", "2"].map(|end| format!("{name}{end}"));
    for stream in &streams {
        fake.push(stream, "Registered", "{}", None);
    }
    let mut screen = Screen::with(fake, ScreenSettings::default(), 60, 20);
    screen.keys(":ef2");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("customer-0123")).expect("a stream");
    assert!(line.contains('…') && line.contains("cdef2"), "{text}");
    let row = text.lines().position(|shown| shown == line).expect("a row");
    let marked = screen.state.settings.clone();
    let theme = crate::view::theme::Theme::of(&marked);
    let terminal = screen.terminal();
    let buffer = terminal.backend().buffer();
    let end = line[..line.find("cdef2").expect("the end") + "cdef2".len()].chars().count();
    let is_marked = |column: usize| {
        let cell = &buffer[(u16::try_from(column).expect("a column"), u16::try_from(row).expect("a row"))];
        cell.modifier.contains(theme.matched.add_modifier)
    };
    let columns: Vec<bool> = (end - 5..end).map(is_marked).collect();
    assert_eq!(columns, [false, false, true, true, true], "{text}");
}

#[test]
fn a_time_is_recalled_as_it_was_typed() {
    let mut screen = screen();
    screen.go_to("-2h");
    screen.keys(":");
    screen.key(KeyCode::Up);
    assert_eq!(omnibox(&screen).input.text(), "-2h");
}

#[test]
fn a_position_without_a_stream_on_screen_says_so() {
    let mut screen = screen();
    screen.go_to("order");
    screen.keys(":@4");
    assert!(screen.text().contains("no stream is on screen"), "{}", screen.text());
}
