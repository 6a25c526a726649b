//! The panes: resizing them with keys and with the mouse, collapsing the side panes, and dragging scrollbars.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use ratatui::layout::Rect;

use super::fake::Fake;
use super::screen::Screen;
use crate::app::browser::layout::Pane;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::app::{Event, ScreenSettings};
use crate::store::StoreError;

fn screen(width: u16, height: u16) -> Screen {
    Screen::with(Fake::shop(4), ScreenSettings::default(), width, height)
}

fn alt(screen: &mut Screen, code: KeyCode) {
    screen.send(Event::Key(KeyEvent::new(code, KeyModifiers::ALT)));
}

fn mouse(screen: &mut Screen, kind: MouseEventKind, column: u16, row: u16) {
    screen.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

fn drag(screen: &mut Screen, from: (u16, u16), to: (u16, u16)) {
    mouse(screen, MouseEventKind::Down(MouseButton::Left), from.0, from.1);
    mouse(screen, MouseEventKind::Drag(MouseButton::Left), to.0, to.1);
}

fn pane(screen: &Screen, pane: Pane) -> Rect {
    screen.state.browser.layout().pane(pane)
}

fn shown(screen: &Screen) -> Vec<Pane> {
    let layout = screen.state.browser.layout();
    Pane::ALL.into_iter().filter(|pane| layout.shows(*pane)).collect()
}

#[test]
fn alt_arrows_move_the_border_of_the_focused_pane() {
    let mut screen = screen(160, 45);
    screen.keys("4");
    let before = pane(&screen, Pane::Messages);
    alt(&mut screen, KeyCode::Right);
    assert_eq!(pane(&screen, Pane::Messages).width, before.width + 2);
    screen.keys("3");
    alt(&mut screen, KeyCode::Right);
    assert_eq!(pane(&screen, Pane::Messages).x, before.x + 2);
    let streams = pane(&screen, Pane::Streams);
    alt(&mut screen, KeyCode::Up);
    assert_eq!(pane(&screen, Pane::Streams).height, streams.height + 1);
    screen.keys("1");
    let namespaces = pane(&screen, Pane::Namespaces);
    alt(&mut screen, KeyCode::Down);
    assert_eq!(pane(&screen, Pane::Namespaces).height, namespaces.height + 1);
    screen.act(Action::ResetSizes);
    assert_eq!(pane(&screen, Pane::Messages), before);
}

#[test]
fn alt_arrows_resize_the_message_below_the_messages() {
    let mut screen = screen(100, 30);
    screen.keys("5");
    let before = pane(&screen, Pane::Message);
    alt(&mut screen, KeyCode::Up);
    assert_eq!(pane(&screen, Pane::Message).height, before.height + 1);
    // The border to its left is the one of the side panes.
    alt(&mut screen, KeyCode::Left);
    assert_eq!(pane(&screen, Pane::Message).width, before.width + 2);
}

#[test]
fn releasing_the_button_lets_go_of_a_border() {
    let mut screen = screen(160, 45);
    let messages = pane(&screen, Pane::Messages);
    drag(&mut screen, (messages.x, 20), (30, 20));
    mouse(&mut screen, MouseEventKind::Up(MouseButton::Left), 30, 20);
    let timeline = screen.state.browser.layout().timeline;
    drag(&mut screen, (timeline.x + 20, timeline.y), (timeline.x + 10, timeline.y));
    assert_eq!(pane(&screen, Pane::Messages).x, 30);
}

#[test]
fn the_mouse_drags_every_border() {
    let mut screen = screen(160, 45);
    let messages = pane(&screen, Pane::Messages);
    drag(&mut screen, (messages.x, 20), (30, 20));
    assert_eq!(pane(&screen, Pane::Messages).x, 30);
    let message = pane(&screen, Pane::Message);
    drag(&mut screen, (message.x, 20), (90, 20));
    assert_eq!(pane(&screen, Pane::Message).x, 90);
    let categories = pane(&screen, Pane::Categories);
    drag(&mut screen, (5, categories.y - 1), (5, 12));
    assert_eq!(pane(&screen, Pane::Categories).y, 12);
    let streams = pane(&screen, Pane::Streams);
    drag(&mut screen, (5, streams.y - 1), (5, 30));
    assert_eq!((pane(&screen, Pane::Categories).y, pane(&screen, Pane::Streams).y), (12, 30));
    screen.send(Event::Resize(100, 30));
    let message = pane(&screen, Pane::Message);
    drag(&mut screen, (60, message.y - 1), (60, 20));
    assert_eq!(pane(&screen, Pane::Message).y, 20);
}

#[test]
fn collapsing_leaves_the_room_to_the_messages_and_never_hides_the_focus() {
    let mut screen = screen(160, 45);
    screen.keys("3H");
    assert_eq!(screen.state.browser.focus, Pane::Messages);
    assert_eq!(shown(&screen), [Pane::Messages, Pane::Message]);
    assert_eq!(pane(&screen, Pane::Messages).x, 0);
    // The messages are still those of the selected stream.
    screen.keys("2");
    assert!(shown(&screen).contains(&Pane::Categories), "a side pane is shown while it has the focus");
    screen.keys("4");
    assert_eq!(shown(&screen), [Pane::Messages, Pane::Message]);
    screen.keys("H");
    assert_eq!(shown(&screen).len(), 5);
}

#[test]
fn a_press_on_a_scrollbar_shows_that_part_of_the_list() {
    let mut fake = Fake::default();
    for _ in 0..5_000 {
        fake.append("account-1", "Deposited");
    }
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    screen.go_to("account-1");
    let area = pane(&screen, Pane::Messages);
    let bar = area.right() - 1;
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), bar, area.y + area.height / 2);
    let middle = screen.state.browser.messages.selection().map(|head| head.position);
    assert!(middle.is_some_and(|middle| (2_000..3_000).contains(&middle)), "{middle:?}");
    mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), bar, 0);
    assert_eq!(
        screen.state.browser.messages.window.rows()[screen.state.browser.messages.window.top()].head.position,
        0
    );
    mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), bar, 60);
    let window = &screen.state.browser.messages.window;
    let last = window.rows().get(window.top() + screen.state.browser.layout().rows(Pane::Messages) - 1);
    assert_eq!(last.map(|row| row.head.position), Some(4_999));
}

#[test]
fn a_list_of_unknown_length_has_no_scrollbar() {
    let mut fake = Fake::default();
    for _ in 0..5_000 {
        fake.append("account-1", "Deposited");
    }
    fake.fail.push((Slot::Timeline, StoreError::Server { code: "XX000".to_owned(), message: "no".to_owned() }));
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    let extent = screen.state.browser.extent(Pane::Messages);
    assert_eq!(extent, None, "only the newest messages of the namespace are known");
    screen.ctrl('r');
    let extent = screen.state.browser.extent(Pane::Messages).expect("the timeline shows where the list begins");
    assert_eq!(extent.first + extent.shown, extent.total);
    screen.keys("&type:Deposited");
    screen.enter();
    assert_eq!(screen.state.browser.extent(Pane::Messages), None, "how many messages match is unknown");
}

#[test]
fn the_log_and_the_help_scroll_to_both_ends_with_the_mouse() {
    let mut screen = screen(80, 24);
    for number in 0..40 {
        screen.send(Event::Notice(format!("notice {number} {}", "of several lines ".repeat(12))));
    }
    let bar = 79;
    screen.keys("!");
    assert!(screen.text().contains("notice 39"), "{}", screen.text());
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), bar, 1);
    assert!(screen.text().contains("notice 0 "), "{}", screen.text());
    mouse(&mut screen, MouseEventKind::Drag(MouseButton::Left), bar, 22);
    assert!(screen.text().contains("notice 39"), "{}", screen.text());
    screen.keys("g");
    assert!(screen.text().contains("notice 0 "), "{}", screen.text());
    mouse(&mut screen, MouseEventKind::ScrollDown, 40, 10);
    assert!(!screen.text().contains("notice 0 "), "{}", screen.text());
    screen.esc();
    screen.keys("4?");
    assert!(screen.text().contains("Everywhere") || screen.text().contains("In the messages pane"));
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), bar, 22);
    assert!(screen.text().contains("At the token of a new namespace"), "{}", screen.text());
}

#[test]
fn one_side_pane_has_a_strong_marker_whatever_has_the_focus() {
    for (width, height) in [(160, 45), (100, 30)] {
        for keys in ["", "1", "2", "3", "4", "5", "2\r", "3\r", "1\r\r\r", "2F", "4o", "3j4"] {
            let mut screen = screen(width, height);
            for key in keys.chars() {
                if key == '\r' { screen.enter() } else { screen.keys(&key.to_string()) }
            }
            let text = screen.text();
            let side = usize::from(pane(&screen, Pane::Messages).x);
            let strong = text.lines().filter(|line| line.chars().take(side).any(|c| c == '▌')).count();
            assert_eq!(strong, 1, "{keys:?} at {width}×{height}: {text}");
        }
    }
}

#[test]
fn a_value_longer_than_the_pane_is_scrolled_through() {
    let words: Vec<String> = (0..400).map(|word| format!("word{word}")).collect();
    let mut fake = Fake::default();
    fake.push("account-1", "Opened", &format!(r#"{{"note": "{}", "end": 1}}"#, words.join(" ")), Some("{}"));
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 20);
    screen.keys("5j");
    let thumb = |screen: &Screen| screen.state.browser.extent(Pane::Message).and_then(|extent| extent.thumb(16));
    assert!(thumb(&screen).is_some_and(|(start, length)| start <= 1 && length < 16), "{:?}", thumb(&screen));
    let mut seen = String::new();
    while !screen.text().contains("end: 1") {
        seen.push_str(&screen.text());
        screen.down();
    }
    assert!(words.iter().all(|word| seen.contains(word)), "{}", screen.text());
    screen.keys("kG");
    assert!(screen.text().contains("metadata"), "{}", screen.text());
    let area = pane(&screen, Pane::Message);
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), area.right() - 1, area.y + 9);
    assert!(screen.text().contains("word200") && !screen.text().contains("word399"), "{}", screen.text());
    screen.keys("Cg");
    assert!(screen.text().contains("data {2}"), "{}", screen.text());
}

/// A step of a user who resizes.
#[derive(Debug, Clone)]
enum Step {
    Arrow(KeyCode),
    Key(char),
    Drag((u16, u16), (u16, u16)),
    Resize(u16, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let arrows = vec![KeyCode::Left, KeyCode::Right, KeyCode::Up, KeyCode::Down];
    let cell = || (0..200_u16, 0..60_u16);
    prop_oneof![
        6 => proptest::sample::select(arrows).prop_map(Step::Arrow),
        3 => proptest::sample::select("12345Hf\t".chars().collect::<Vec<_>>()).prop_map(Step::Key),
        3 => (cell(), cell()).prop_map(|(from, to)| Step::Drag(from, to)),
        1 => (1..200_u16, 1..60_u16).prop_map(|(width, height)| Step::Resize(width, height)),
    ]
}

/// Checks that the panes fill the body without overlapping and that none is smaller than its least size.
fn check(screen: &Screen) {
    let browser = &screen.state.browser;
    let (layout, panes) = (browser.layout(), shown(screen));
    assert!(panes.contains(&browser.focus), "the focused pane is shown");
    let covered: u32 = panes.iter().map(|shown| layout.pane(*shown).area()).sum();
    let lines = layout.header.height + layout.footer.height;
    assert_eq!(covered, u32::from(browser.area.width) * u32::from(browser.area.height - lines), "the body is filled");
    for (index, one) in panes.iter().enumerate() {
        let area = layout.pane(*one);
        for other in &panes[index + 1..] {
            assert!(!area.intersects(layout.pane(*other)), "{one:?} and {other:?} do not overlap");
        }
        if panes.len() > 1 {
            assert!(area.width >= 16 && layout.rows(*one) > 0, "{one:?} is {area} of {}", browser.area);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn resizing_never_loses_a_pane_or_makes_it_too_small(
        width in 1..200_u16, height in 1..60_u16, steps in proptest::collection::vec(step(), 1..60),
    ) {
        let mut screen = screen(width, height);
        for step in steps {
            let before = (shown(&screen), screen.state.browser.focus);
            match step {
                Step::Arrow(code) => alt(&mut screen, code),
                Step::Key('\t') => screen.key(KeyCode::Tab),
                Step::Key(key) => screen.keys(&key.to_string()),
                Step::Drag(from, to) => drag(&mut screen, from, to),
                Step::Resize(width, height) => screen.send(Event::Resize(width, height)),
            }
            check(&screen);
            if matches!(step, Step::Arrow(_)) {
                prop_assert_eq!((shown(&screen), screen.state.browser.focus), before);
            }
        }
        let sizes = screen.state.browser.sizes;
        let saved = serde_json::to_string(&sizes).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<crate::app::browser::sizes::Sizes>(&saved).expect("sizes"), sizes);
    }
}
