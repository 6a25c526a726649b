//! Properties of the screen under random sequences of keys, sizes, answers and waits: nothing panics, and the
//! invariants hold.

use crate::app::Event;
use crate::app::browser::layout::Pane;
use crate::app::browser::list_key::ListKey;
use crate::app::browser::window::CAPACITY;
use crate::app::connection::Connection;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::filter::with_text;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::message::MessageHead;
use crate::store::StoreError;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;

use super::fake::{Fake, number};
use super::screen::Screen;

/// A step of a random sequence.
#[derive(Debug, Clone)]
enum Step {
    Key(KeyCode, bool),
    Paste(String),
    Mouse(MouseEventKind, u16, u16),
    Resize(u16, u16),
    Wait(i64),
    Hold,
    Release,
    Fail(u8),
    Arrive(u8, bool),
    Filter(&'static str),
    GoTo(&'static str),
    Link,
}

fn step() -> impl Strategy<Value = Step> {
    let letters = "abcdefghijklmnopqrstuvwxyzACDEFGNUY0123456789/&:?!#@=-{}\"[] ".chars().collect::<Vec<_>>();
    let named = vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
    ];
    let mouse = vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ];
    prop_oneof![
        8 => proptest::sample::select(letters).prop_map(|letter| Step::Key(KeyCode::Char(letter), false)),
        6 => proptest::sample::select(named).prop_map(|code| Step::Key(code, false)),
        2 => proptest::sample::select(vec!['p', 's', 'e', 'f', 'd', 'u', 'r', 'g', 'o', 'n'])
            .prop_map(|letter| Step::Key(KeyCode::Char(letter), true)),
        1 => ".{0,20}".prop_map(Step::Paste),
        2 => (proptest::sample::select(mouse), 0..200_u16, 0..60_u16).prop_map(|(kind, x, y)| Step::Mouse(kind, x, y)),
        2 => (1..200_u16, 1..60_u16).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (0..20_i64).prop_map(Step::Wait),
        1 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => (0..11_u8).prop_map(Step::Fail),
        3 => (0..4_u8, any::<bool>()).prop_map(|(stream, late)| Step::Arrive(stream, late)),
        1 => proptest::sample::select(vec!["type:Opened", "type:Arrived", "type:Unheard", ""]).prop_map(Step::Filter),
        2 => proptest::sample::select(GO_TO.to_vec()).prop_map(Step::GoTo),
    ]
}

/// Steps that move between lists, set filters and delay answers.
fn way() -> impl Strategy<Value = Step> {
    let keys = [KeyCode::Esc, KeyCode::Enter, KeyCode::Up, KeyCode::Down, KeyCode::Tab];
    let letters = ['1', '2', '3', '4', '5', 'F', '&', ':', 'o', 'g', 'G', 'M'].map(KeyCode::Char);
    prop_oneof![
        6 => proptest::sample::select([&keys[..], &letters[..]].concat()).prop_map(|code| Step::Key(code, false)),
        3 => proptest::sample::select(GO_TO.to_vec()).prop_map(Step::GoTo),
        2 => proptest::sample::select(vec!["type:Opened", "type:Closed", "type:Unheard", ""]).prop_map(Step::Filter),
        2 => Just(Step::Link),
        1 => Just(Step::Key(KeyCode::Char('r'), true)),
        1 => Just(Step::Hold),
        2 => Just(Step::Release),
        1 => (0..4_u8, any::<bool>()).prop_map(|(stream, late)| Step::Arrive(stream, late)),
        1 => proptest::sample::select(vec![Slot::Messages, Slot::GoTo]).prop_map(|slot| Step::Fail(slot as u8)),
    ]
}

/// Targets for the omnibox.
const GO_TO: [&str; 9] =
    ["account", "order", "account-1", "order-2", "account-2@3", "17", "11:00:20", "account#0:2", "nothing-1"];

fn take(screen: &mut Screen, step: Step) {
    match step {
        Step::Key(code, ctrl) => {
            let modifiers = if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            screen.send(Event::Key(KeyEvent::new(code, modifiers)));
        }
        Step::Paste(text) => screen.send(Event::Paste(text)),
        Step::Mouse(kind, column, row) => {
            screen.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        }
        Step::Resize(width, height) => screen.send(Event::Resize(width, height)),
        Step::Wait(seconds) => screen.wait(seconds),
        Step::Hold => screen.hold = true,
        Step::Release => screen.release(),
        Step::Fail(slot) => {
            let error = StoreError::Unavailable {
                target: "localhost".to_owned(),
                reason: "gone".to_owned(),
                obstacle: crate::store::Obstacle::Lost,
            };
            screen.fake.fail.push((Slot::ALL[usize::from(slot)], error));
        }
        Step::Arrive(stream, late) => {
            let message = screen.fake.push(&format!("account-{stream}"), "Arrived", "{}", None);
            screen.deliver(&message, late);
        }
        // A step that needs the panes does nothing while a dialog is open.
        Step::Filter(filter) if screen.state.dialogs.open.is_none() => {
            screen.act(Action::Filter);
            screen.ctrl('u');
            screen.keys(filter);
            screen.enter();
        }
        Step::GoTo(target) if screen.state.dialogs.open.is_none() => screen.go_to(target),
        // The last line of the metadata leads to another stream.
        Step::Link if screen.state.dialogs.open.is_none() => {
            screen.keys("5G");
            screen.enter();
        }
        Step::Filter(_) | Step::GoTo(_) | Step::Link => {}
    }
}

/// The filter that each list should have after the keys that were pressed.
#[derive(Default)]
struct Filters {
    set: Vec<(ListKey, String)>,
    /// The list that was on screen before the step.
    before: Option<ListKey>,
    /// The text of the search before the step, which Enter may continue on the server.
    searched: String,
    /// The list for which the open filter prompt was opened.
    opened_for: Option<ListKey>,
    /// The filter that Enter sets, and its list.
    typed: Option<(ListKey, String)>,
    /// The number of notices before the step.
    noticed: usize,
}

impl Filters {
    fn look_before(&mut self, screen: &Screen, step: &Step) {
        let list = &screen.state.browser.messages.key;
        self.before.clone_from(list);
        self.noticed = screen.state.notices.log().len();
        screen.state.browser.find_text().clone_into(&mut self.searched);
        let typed = match (&screen.state.dialogs.open, step) {
            (Some(Dialog::Filter(prompt)), Step::Key(KeyCode::Enter, false)) => {
                self.opened_for.clone().map(|list| (list, prompt.input.text().trim().to_owned()))
            }
            (None, Step::Filter(filter)) => list.clone().map(|list| (list, (*filter).to_owned())),
            _ => None,
        };
        self.typed = typed;
    }

    /// Checks that every list has the filter that was set for it. A filter is only removed while its list is on screen.
    fn check_after(&mut self, screen: &Screen) {
        let messages = &screen.state.browser.messages;
        match &screen.state.dialogs.open {
            Some(Dialog::Filter(_)) if self.opened_for.is_none() => self.opened_for.clone_from(&messages.key),
            Some(Dialog::Filter(_)) => {}
            _ => self.opened_for = None,
        }
        let Some(list) = messages.key.clone() else { return };
        let is_open = screen.state.dialogs.open.is_some();
        if let Some((of, typed)) = self.typed.take() {
            if is_open {
                // The prompt stays open, now for the list on screen.
                self.opened_for = Some(list);
                return;
            }
            self.set.retain(|(set, _)| *set != of);
            self.set.push((of, typed));
        }
        let index = self.set.iter().position(|(of, _)| *of == list);
        let set = index.map(|index| self.set.remove(index).1).unwrap_or_default();
        let continued = self.before.as_ref() == Some(&list) && messages.filter_text == with_text(&set, &self.searched);
        if set != messages.filter_text && !continued {
            assert!(
                messages.filter_text.is_empty(),
                "{list:?} has the filter {:?} instead of {set:?}",
                messages.filter_text
            );
            let mut new = screen.state.notices.log().iter().skip(self.noticed);
            let said = new.any(|notice| notice.text.contains("filter was"));
            assert!(
                said || self.before.as_ref() == Some(&list),
                "{list:?} lost its filter {set:?} while it was not on screen"
            );
        }
        self.set.push((list, messages.filter_text.clone()));
    }
}

/// Checks the invariants after a step.
fn check(screen: &Screen) {
    let state = &screen.state;
    let window = &state.browser.messages.window;
    assert!(window.len() <= CAPACITY, "the list is bounded");
    assert!(window.is_empty() || window.selected() < window.len(), "the selected row exists");
    assert!(window.is_empty() || window.top() < window.len(), "the first visible row exists");
    assert!(
        state.browser.namespaces.is_empty() || state.browser.namespaces.selected() < state.browser.namespaces.len()
    );
    assert!(
        state.browser.categories.is_empty() || state.browser.categories.selected() < state.browser.categories.len()
    );
    let numbers: Vec<i64> = window.rows().iter().map(|row| state.browser.messages.number(&row.head)).collect();
    let in_order = numbers
        .windows(2)
        .all(|pair| if state.browser.messages.newest_first { pair[0] > pair[1] } else { pair[0] < pair[1] });
    assert!(in_order, "the rows are in order without duplicates: {numbers:?}");
    let answered = !screen.hold && screen.held.is_empty() && matches!(state.connection, Connection::Up(_));
    if answered {
        let has_rows = match state.browser.focus {
            Pane::Namespaces | Pane::Messages | Pane::Message => false,
            Pane::Categories => !state.browser.categories.is_empty(),
            Pane::Streams => !state.browser.streams.window.is_empty(),
        };
        assert!(!has_rows || state.browser.active == state.browser.focus, "the selection of the focused list is shown");
    }
    if answered {
        nothing_is_missing(screen);
    }
    the_count_is_true(screen);
}

/// Checks that an exact count is the number of stored messages up to the number that it names, and that no newer one is
/// shown.
fn the_count_is_true(screen: &Screen) {
    let messages = &screen.state.browser.messages;
    let Some((list, count)) = messages.key.as_ref().zip(messages.count.total) else { return };
    let Some(through) = count.through else { return };
    let stored = screen.fake.of(&list.scope).into_iter().filter(|head| number(&list.scope, head) <= through);
    assert_eq!(count.messages, stored.count() as u64, "{count:?} of {list:?}");
    let rows = messages.window.rows().iter();
    assert!(rows.map(|row| messages.number(&row.head)).all(|number| number <= through), "{count:?} of {list:?}");
}

/// Checks that the rows have no gap. While following, they must reach the newest message.
fn nothing_is_missing(screen: &Screen) {
    let messages = &screen.state.browser.messages;
    let Some(list) = &messages.key else { return };
    let mut rows: Vec<i64> = messages.window.rows().iter().map(|row| row.head.global_position).collect();
    rows.sort_unstable();
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
    let matches =
        |head: &&MessageHead| messages.filter.types.is_empty() || messages.filter.types.contains(&head.message_type);
    let heads = screen.fake.of(&list.scope);
    let mut stored: Vec<i64> = heads.iter().filter(matches).map(|head| head.global_position).collect();
    if list.namespace == "audit" {
        stored.clear();
    }
    let to_the_end = screen.state.following.current.is_some() && messages.at_end();
    stored.retain(|position| position >= first && (to_the_end || position <= last));
    assert_eq!(rows, stored, "the rows have no gap");
}

/// Takes all steps and checks the invariants after each.
fn run(steps: Vec<Step>) -> Screen {
    let mut screen = Screen::new(Fake { search_window: Some(7), ..Fake::shop(4) });
    let mut filters = Filters::default();
    for step in steps {
        filters.look_before(&screen, &step);
        take(&mut screen, step);
        check(&screen);
        filters.check_after(&screen);
    }
    screen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_events_panics_or_breaks_an_invariant(steps in proptest::collection::vec(step(), 1..120)) {
        run(steps).terminal();
    }

    #[test]
    fn a_filter_stays_with_its_list_and_never_reaches_another(steps in proptest::collection::vec(way(), 1..60)) {
        run(steps);
    }

    #[test]
    fn no_size_panics(width in 1..220_u16, height in 1..70_u16, keys in "[12345fw?:/jF ]{0,8}") {
        let mut screen = Screen::new(Fake::shop(4));
        screen.keys(&keys);
        screen.send(Event::Resize(width, height));
        screen.terminal();
    }
}
