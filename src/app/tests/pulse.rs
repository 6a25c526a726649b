//! `P`: the pulse of the namespace: what it asks and when, where its rows lead, and how it uses followed messages.

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;

use super::fake::Fake;
use super::fake::vitals::{Vitals, blocker, consumer};
use super::screen::Screen;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::Dialog;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::request::Slot;
use crate::app::{Effect, Event, ScreenSettings};
use crate::store::StoreError;
use crate::store::browse::Scope;
use crate::store::consumers::{ConsumerState, Convention};

const ALL: [Slot; 4] = [Slot::PulseRates, Slot::PulseConsumers, Slot::PulseHoldups, Slot::PulseFindings];

/// Returns a screen over a shop with troubles, before the pulse is opened.
fn troubled() -> Screen {
    let mut fake = Fake::shop(3);
    fake.vitals = Vitals::of_a_troubled_shop();
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    screen.asked.clear();
    screen
}

fn opened() -> Screen {
    let mut screen = troubled();
    screen.keys("P");
    screen
}

/// Returns the slots that were asked in since the last time.
fn asked(screen: &mut Screen) -> Vec<Slot> {
    std::mem::take(&mut screen.asked).into_iter().map(|(slot, _)| slot).collect()
}

fn line_of(screen: &Screen, part: &str) -> String {
    let text = screen.text();
    text.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {text}")).to_owned()
}

/// Returns the column and row of a text on screen.
fn place_of(screen: &Screen, part: &str) -> (u16, u16) {
    let text = screen.text();
    let row = text.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {text}"));
    let line = text.lines().nth(row).expect("the row exists");
    let column = line[..line.find(part).expect("the text is there")].chars().count();
    (u16::try_from(column).expect("a column"), u16::try_from(row).expect("a row"))
}

fn mouse(screen: &mut Screen, kind: MouseEventKind, (column, row): (u16, u16)) {
    screen.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn each_part_is_asked_for_again_when_it_is_due() {
    let mut screen = opened();
    assert_eq!(asked(&mut screen), ALL);
    for _ in 0..4 {
        screen.wait(1);
    }
    assert_eq!(asked(&mut screen), []);
    screen.wait(1);
    assert_eq!(asked(&mut screen), [Slot::PulseConsumers, Slot::PulseHoldups]);
    screen.wait(10);
    assert_eq!(asked(&mut screen), [Slot::PulseRates, Slot::PulseConsumers, Slot::PulseHoldups]);
    screen.wait(45);
    assert_eq!(asked(&mut screen), ALL);
    screen.ctrl('r');
    assert_eq!(asked(&mut screen), ALL, "the user wants to see it now");
}

#[test]
fn the_longer_an_answer_takes_the_less_often_it_is_asked_for() {
    let mut screen = troubled();
    screen.hold = true;
    screen.keys("P");
    assert_eq!(asked(&mut screen), ALL);
    screen.wait(1);
    assert_eq!(asked(&mut screen), [], "one question for each part at a time");
    screen.now -= SignedDuration::from_millis(900);
    // The server is far away: the short statement took 5 of 55 ms there, the five for the consumers 50 of 300 ms.
    let answer = |screen: &mut Screen, slot: Slot, after: i64| {
        let index = screen.held.iter().position(|(held, ..)| *held == slot).expect("a held answer");
        let held = screen.held.remove(index).expect("the answer");
        screen.held.push_front(held);
        screen.now += SignedDuration::from_millis(after);
        screen.release_one();
    };
    screen.now -= SignedDuration::from_millis(45);
    answer(&mut screen, Slot::PulseHoldups, 0);
    answer(&mut screen, Slot::PulseConsumers, 245);
    screen.hold = false;
    screen.wait(19);
    assert_eq!(asked(&mut screen), [Slot::PulseHoldups], "50 ms of work are worth 20 s");
    screen.wait(1);
    assert_eq!(asked(&mut screen), [Slot::PulseConsumers]);
}

#[test]
fn nothing_is_asked_while_it_is_closed() {
    let mut screen = opened();
    screen.esc();
    asked(&mut screen);
    for _ in 0..600 {
        screen.wait(1);
    }
    assert_eq!(asked(&mut screen), []);
    assert!(screen.state.tick_after().is_none(), "and nothing moves");
    screen.hold = true;
    screen.keys("P");
    screen.outside.clear();
    screen.esc();
    assert_eq!(screen.outside, ALL.map(Effect::Stop));
}

#[test]
fn the_error_of_a_part_shows_there_and_the_others_continue() {
    let mut screen = troubled();
    let error = || StoreError::Server { code: "XX000".to_owned(), message: "out of luck".to_owned() };
    screen.fake.fail.push((Slot::PulseConsumers, error()));
    screen.keys("P");
    let text = screen.text();
    assert!(text.contains("out of luck") && text.contains("PID 4711") && text.contains("sequence"), "{text}");
    assert!(screen.state.notices.toast().is_none());
    screen.enter();
    assert!(line_of(&screen, "Error").contains("Error"), "it can be read as a whole");
    screen.esc();
    screen.wait(5);
    assert!(!screen.text().contains("out of luck") && screen.text().contains("mailer"), "{}", screen.text());
    screen.fake.fail.push((Slot::PulseConsumers, error()));
    screen.wait(5);
    let text = screen.text();
    assert!(text.contains("out of luck") && text.contains("mailer"), "what was seen stays: {text}");
}

#[test]
fn it_waits_for_a_lost_server() {
    let mut screen = opened();
    let lost = || StoreError::Unavailable {
        target: "postgres@localhost/shop".to_owned(),
        reason: "gone".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    screen.hold = true;
    screen.fake.fail.extend(ALL.map(|slot| (slot, lost())));
    screen.ctrl('r');
    while screen.held.iter().any(|(slot, ..)| ALL.contains(slot)) {
        screen.release_one();
    }
    asked(&mut screen);
    screen.wait(120);
    assert!(!asked(&mut screen).iter().any(|slot| ALL.contains(slot)));
    assert!(screen.text().contains("mailer"), "what was seen stays");
    screen.fake.fail.clear();
    screen.release();
    screen.wait(60);
    assert!(ALL.iter().all(|slot| screen.asked.iter().any(|(asked, _)| asked == slot)), "{:?}", screen.asked);
}

#[test]
fn consumers_are_listed_by_urgency_and_delay_with_their_trend() {
    let mut screen = opened();
    let text = screen.text();
    let at = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name}: {text}"));
    assert!(at("mailer") < at("order:position-copy") && at("order:position-copy") < at("order:position "));
    assert!(at("order:position ") < at("account:position-audit"), "{text}");
    assert!(line_of(&screen, "mailer").contains("!!") && line_of(&screen, "mailer").contains("10,000+"));
    assert!(line_of(&screen, "mailer").contains("stuck 42m00s"), "{text}");
    assert!(line_of(&screen, "order:position ").contains("! ") && !line_of(&screen, "projector").contains('!'));
    assert!(text.contains("Pulse of shop · 4 red, 3 amber"), "{text}");
    for consumer in &mut screen.fake.vitals.consumers {
        consumer.behind = consumer.behind.map(|behind| if behind == 1_204 { 1_500 } else { behind });
    }
    screen.wait(5);
    let line = line_of(&screen, "order:position ");
    assert!(line.contains("1,500") && line.contains("falling behind"), "{line}");
    assert!(line_of(&screen, "projector").contains("steady"), "{}", screen.text());
}

#[test]
fn the_limits_of_the_configuration_apply() {
    let mut screen = troubled();
    let config =
        crate::config::Config::parse("[pulse]\nbehind-amber = 2\nblocking-red = \"2h\"\nblocking-amber = \"1h\"\n");
    screen.state.settings.pulse = config.expect("a configuration").pulse;
    screen.keys("P");
    assert!(line_of(&screen, "projector").contains("! "), "{}", screen.text());
    assert!(!line_of(&screen, "PID 4711").contains('!'), "{}", screen.text());
}

#[test]
fn enter_on_a_consumer_goes_to_its_first_unread_message() {
    let mut screen = opened();
    screen.keys("jj");
    screen.enter();
    assert!(screen.state.dialogs.open.is_none());
    let list = screen.state.browser.messages.key.clone().expect("a list");
    assert!(matches!(&list.scope, Scope::Category(category) if category.as_str() == "order"), "{list:?}");
    let first = screen.fake.of(&list.scope).into_iter().find(|head| head.global_position > 20).expect("an unread one");
    assert_eq!(screen.state.browser.messages.selection().map(|head| head.global_position), Some(first.global_position));
    asked(&mut screen);
    screen.wait(60);
    assert_eq!(asked(&mut screen), [], "the page is closed");
}

#[test]
fn a_consumer_whose_position_is_unknown_opens_the_reason() {
    let mut screen = opened();
    let (column, row) = place_of(&screen, "jobs.checkpoints");
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), (column, row));
    screen.enter();
    assert!(screen.text().contains("Its position is unknown: no rights"), "{}", screen.text());
    screen.esc();
    assert!(!screen.text().contains("no rights") && screen.state.dialogs.open.is_some(), "only the text closes");
}

#[test]
fn s_goes_to_the_stream_with_the_positions_of_a_consumer() {
    let mut screen = troubled();
    let mut reader = consumer("account-1", "order", 5, 7_200, ConsumerState::Behind);
    reader.convention = Convention::Eventide;
    screen.fake.vitals.consumers = vec![reader.clone()];
    screen.keys("Ps");
    let list = screen.state.browser.messages.key.clone().expect("a list");
    assert!(matches!(&list.scope, Scope::Stream(stream) if stream.as_str() == "account-1"), "{list:?}");
    reader.convention = Convention::Propulsion;
    screen.fake.vitals.consumers = vec![reader];
    screen.keys("Ps");
    assert!(screen.text().contains("This consumer keeps its position outside"), "{}", screen.text());
}

#[test]
fn enter_on_a_category_goes_there() {
    let mut screen = opened();
    screen.key(KeyCode::BackTab);
    screen.keys("j");
    screen.enter();
    let list = screen.state.browser.messages.key.clone().expect("a list");
    assert!(matches!(&list.scope, Scope::Category(category) if category.as_str() == "account"), "{list:?}");
}

#[test]
fn findings_and_transactions_open_their_full_text() {
    let mut screen = opened();
    screen.keys("G");
    screen.down();
    screen.enter();
    let text = screen.text();
    for part in
        ["Open for 1m15s", "User: loader", "State: idle in transaction", "2 sessions waiting: PID 4712 of checkout"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    screen.esc();
    screen.down();
    screen.enter();
    let text = screen.text();
    for part in ["sequence · fail", "what the check of sequence saw", "Readers miss messages.", "→ select repaired()"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    screen.enter();
    assert!(!screen.text().contains("Readers miss"), "Enter closes it again");
    screen.keys("G");
    assert!(line_of(&screen, "replication").contains("skipped"), "worst first, and the ones that could not run last");
    assert!(!screen.text().contains("functions"), "those that are ok are left out");
}

#[test]
fn a_healthy_namespace_says_so() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 80, 24);
    screen.keys("P");
    let text = screen.text();
    for part in [
        "Pulse of shop · all is well",
        "Final to 30, the newest message",
        "no messages",
        "no consumer has recorded a position",
        "no transaction has been open for a second or longer",
        "1 check, all ok",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn esc_returns_to_the_previous_place() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@2");
    screen.keys("5");
    let before = (screen.selected(), screen.state.browser.focus);
    screen.keys("P");
    screen.keys("Gj");
    screen.esc();
    assert_eq!((screen.selected(), screen.state.browser.focus), before);
    assert_eq!(before.1, Pane::Message);
    screen.keys("PP");
    assert!(screen.state.dialogs.open.is_none(), "the key that opened it closes it, too");
}

#[test]
fn the_selection_stays_on_its_row_when_others_come() {
    let mut screen = opened();
    let (column, row) = place_of(&screen, "projector");
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), (column, row));
    let late = consumer("late", "order", 9_999, 9_999, ConsumerState::Behind);
    screen.fake.vitals.consumers.push(late);
    screen.wait(5);
    assert!(screen.text().contains("late"), "{}", screen.text());
    screen.enter();
    let list = screen.state.browser.messages.key.clone().expect("a list");
    assert!(matches!(&list.scope, Scope::Category(category) if category.as_str() == "account"), "{list:?}");
}

#[test]
fn the_mouse_selects_opens_and_scrolls() {
    let mut screen = opened();
    let at = place_of(&screen, "what the check of transactions");
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), at);
    assert!(!screen.text().contains("Readers miss"), "the first click selects");
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), at);
    assert!(screen.text().contains("Readers miss"), "the second one opens");
    mouse(&mut screen, MouseEventKind::Down(MouseButton::Left), at);
    assert!(!screen.text().contains("Readers miss"));
    for number in 0..80 {
        let name = format!("reader-{number:02}");
        screen.fake.vitals.consumers.push(consumer(&name, "order", 0, 0, ConsumerState::Current));
    }
    screen.ctrl('r');
    assert!(!screen.text().contains("reader-60"), "{}", screen.text());
    let at = place_of(&screen, "mailer");
    for _ in 0..30 {
        mouse(&mut screen, MouseEventKind::ScrollDown, at);
    }
    assert!(screen.text().contains("reader-79"), "{}", screen.text());
    assert!(screen.text().contains("sequence"), "the other parts keep their places");
}

#[test]
fn followed_messages_are_counted_instead_of_asked_for() {
    let mut screen = troubled();
    screen.keys("4F");
    assert!(screen.state.following.current.is_some());
    screen.wait(1);
    for _ in 0..90 {
        screen.arrive("cart-1", "Filled");
    }
    screen.keys("P");
    asked(&mut screen);
    let line = line_of(&screen, "Messages in the last 15 min");
    assert!(line.contains("followed"), "{line}");
    screen.wait(31);
    let line = line_of(&screen, "cart");
    assert!(line.contains("1.5/s"), "{line}");
    assert!(!asked(&mut screen).contains(&Slot::PulseRates));
    assert!(screen.text().contains("order"), "the time before was asked for: {}", screen.text());
    screen.ctrl('r');
    screen.keys("P");
    screen.keys("F");
    screen.keys("P");
    assert!(asked(&mut screen).contains(&Slot::PulseRates), "nothing is followed");
}

#[test]
fn a_short_transaction_is_not_shown() {
    let mut screen = troubled();
    let now = screen.now;
    screen.fake.vitals.holdups.blockers = vec![blocker(now - SignedDuration::from_millis(-900), 1)];
    screen.keys("P");
    assert!(!screen.text().contains("4711"), "{}", screen.text());
}

#[test]
fn a_standby_shows_its_lag() {
    let mut screen = troubled();
    let holdups = &mut screen.fake.vitals.holdups;
    (holdups.standby, holdups.final_to, holdups.blockers) = (true, None, Vec::new());
    holdups.replay_delay = Some(SignedDuration::from_secs(20));
    screen.keys("P");
    let line = line_of(&screen, "This standby is 20s behind its primary");
    assert!(line.contains("! "), "{line}");
    assert!(screen.text().contains("a standby does not show the transactions"), "{}", screen.text());
}

#[test]
fn the_keys_can_be_rebound() {
    let mut screen = opened();
    let keymap = &mut screen.state.settings.keymap;
    keymap.rebind_in_dialog(DialogKind::Pulse, DialogAction::Refresh, &["f5".parse().expect("a key")]);
    assert!(screen.text().contains("F5 refresh"), "{}", screen.text());
    asked(&mut screen);
    screen.ctrl('r');
    assert_eq!(asked(&mut screen), []);
    screen.key(KeyCode::F(5));
    assert_eq!(asked(&mut screen), ALL);
}

#[test]
fn a_stall_shows_in_front_of_every_dialog() {
    let mut screen = troubled();
    screen.keys("4F");
    let holder = blocker(screen.now, 30).transaction;
    screen.held_back(Some(holder), 20);
    for keys in ["", "P", "?", "!", "T", "S", "y", "w", ",", ":", "&", "/", "'", "O"] {
        screen.keys(keys);
        assert_eq!(screen.state.dialogs.open.is_some(), !keys.is_empty(), "{keys}");
        let text = screen.text();
        assert!(text.contains("STALLED: blocked by PID 4711, open 30s"), "{keys}: {text}");
        if screen.state.dialogs.open.is_some() {
            screen.esc();
        }
        assert!(screen.state.dialogs.open.is_none(), "{keys}");
    }
}

#[test]
fn a_small_terminal_shows_it_without_a_panic() {
    for (width, height) in [(80, 24), (40, 10), (20, 6), (3, 3), (1, 1)] {
        let mut screen = troubled();
        screen.send(Event::Resize(width, height));
        for keys in ["P", "j", "G", "j", "j"] {
            screen.keys(keys);
            let _ = screen.text();
        }
        screen.enter();
        let _ = screen.text();
        assert!(matches!(screen.state.dialogs.open, Some(Dialog::Pulse(_))));
    }
}

#[test]
fn a_server_that_answers_again_is_asked_for_every_part_at_once() {
    let mut screen = opened();
    let silent = || StoreError::Unavailable {
        target: "postgres@localhost/shop".to_owned(),
        reason: "localhost:5432: connected, but got no answer".to_owned(),
        obstacle: crate::store::Obstacle::Lost,
    };
    screen.fake.fail.push((Slot::PulseConsumers, silent()));
    screen.hold = true;
    screen.wait(5);
    // Ten seconds of silence are not work of the server.
    screen.wait(10);
    screen.release_one();
    assert!(screen.state.connection.is_down());
    assert!(screen.text().contains("got no answer"), "{}", screen.text());
    asked(&mut screen);
    screen.release();
    assert!(!screen.state.connection.is_down());
    let asked = asked(&mut screen);
    assert!(ALL.iter().all(|slot| asked.contains(slot)), "{asked:?}");
    assert!(!screen.text().contains("got no answer"), "{}", screen.text());
}

#[test]
fn the_error_of_a_part_is_wrapped_rather_than_cut() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 80, 24);
    let message = format!("the beginning, {}and at last the reason", "then more of it, ".repeat(6));
    screen.fake.fail.push((Slot::PulseHoldups, StoreError::Server { code: "XX000".to_owned(), message }));
    screen.keys("P");
    let text = screen.text();
    assert!(line_of(&screen, "the beginning").contains("!! "), "{text}");
    assert!(text.contains("the reason"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let heading = lines.iter().position(|line| line.contains("Doctor")).expect("the next part");
    let last = lines.iter().position(|line| line.contains("the reason")).expect("the last line");
    assert!(last < heading, "{text}");
    let message = "much ".repeat(200);
    screen.fake.fail.push((Slot::PulseHoldups, StoreError::Server { code: "XX000".to_owned(), message }));
    screen.wait(5);
    assert_eq!(screen.text().lines().filter(|line| line.contains("much much")).count(), 3, "{}", screen.text());
    assert!(screen.text().contains("much …"), "{}", screen.text());
}

#[test]
fn the_part_with_the_focus_shows_rows_on_a_small_terminal() {
    let mut fake = Fake::shop(3);
    fake.vitals = Vitals::of_a_troubled_shop();
    let mut screen = Screen::with(fake, ScreenSettings::default(), 40, 12);
    screen.keys("P");
    for shown in ["mailer  ", "PID 4711", "sequence", "order  "] {
        assert!(screen.text().contains(shown), "{shown}: {}", screen.text());
        screen.key(KeyCode::Tab);
    }
    screen.down();
    assert!(screen.text().contains("name  ") && !screen.text().contains("mailer"), "{}", screen.text());
}

#[test]
fn a_long_word_of_a_query_is_cut_and_not_left_out() {
    let mut fake = Fake::shop(3);
    fake.vitals = Vitals::of_a_troubled_shop();
    let query = format!("select write_message('{}')", "x".repeat(300));
    for blocker in &mut fake.vitals.holdups.blockers {
        blocker.transaction.query = Some(query.clone());
    }
    let mut screen = Screen::with(fake, ScreenSettings::default(), 160, 45);
    screen.keys("P");
    assert!(line_of(&screen, "select write_message('").contains("xxxx…"), "{}", screen.text());
}
