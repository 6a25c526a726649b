//! Following: what moves, what stays, what is counted.

use streamscope::app::{Effect, Event};
use streamscope::message::MessageHead;
use streamscope::store::tail::{TailBatch, Tailed};

use super::fake::{Fake, Screen, head};

fn batch(screen: &Screen, heads: Vec<(MessageHead, bool)>) -> Event {
    let generation = screen.state.follow.as_ref().expect("following").generation;
    let last_value = heads.iter().map(|(head, _)| head.global_position).max().unwrap_or(0);
    let messages = heads.into_iter().map(|(message, late)| Tailed { message, late }).collect();
    let batch = TailBatch {
        messages,
        complete_to: last_value,
        last_value,
        waiting_for: Vec::new(),
        server_time: screen.now,
        standby: false,
    };
    Event::Followed { generation, batch }
}

fn write(screen: &mut Screen, stream: &str) {
    let message = screen.fake.push(stream, "Deposited", r#"{"amount": 1}"#, None);
    let event = batch(screen, vec![(head(&message), false)]);
    screen.send(event);
}

fn following() -> Screen {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4F");
    screen
}

#[test]
fn following_begins_behind_what_is_on_screen() {
    let screen = following();
    let follow = screen.outside.iter().find_map(|effect| match effect {
        Effect::Follow { after, .. } => Some(*after),
        _ => None,
    });
    assert_eq!(follow, Some(Some(30)));
}

#[test]
fn the_newest_message_is_selected_while_live() {
    let mut screen = following();
    write(&mut screen, "account-0");
    assert_eq!(screen.selected(), "account-0@5");
    assert!(screen.text().contains("FOLLOWING · 0.2/s"), "{}", screen.text());
    assert!(screen.text().contains("complete to 31"), "{}", screen.text());
}

#[test]
fn nothing_moves_while_scrolled_up_and_what_is_new_is_counted() {
    let mut screen = following();
    screen.keys("kkk");
    let (place, before) = (screen.selected(), screen.state.messages.window.top());
    for _ in 0..3 {
        write(&mut screen, "account-1");
    }
    assert_eq!(screen.selected(), place);
    assert_eq!(screen.state.messages.window.top(), before);
    assert!(screen.text().contains("+3 new"), "{}", screen.text());
    screen.keys("G");
    assert_eq!(screen.selected(), "account-1@7");
    assert!(screen.state.is_live());
}

#[test]
fn a_paused_screen_stays_and_goes_live_with_one_key() {
    let mut screen = following();
    screen.keys(" ");
    write(&mut screen, "account-0");
    assert_eq!(screen.selected(), "order-2@4");
    assert!(screen.text().contains("PAUSED · +1 new"), "{}", screen.text());
    screen.keys(" ");
    assert_eq!(screen.selected(), "account-0@5");
}

#[test]
fn a_late_message_is_filled_in_and_marked() {
    let mut screen = following();
    let late = screen.fake.push("account-0", "Deposited", "{}", None);
    let first = screen.fake.push("account-1", "Deposited", "{}", None);
    let event = batch(&screen, vec![(head(&first), false)]);
    screen.send(event);
    let event = batch(&screen, vec![(head(&late), true)]);
    screen.send(event);
    let rows: Vec<i64> =
        screen.state.messages.window.rows().iter().rev().take(2).map(|row| row.head.global_position).collect();
    assert_eq!(rows, [32, 31], "in the order of the store");
    assert!(screen.text().contains("1 late"), "{}", screen.text());
    assert_eq!(screen.selected(), "account-1@5", "the selection stays on its message");
}

#[test]
fn what_the_bounded_list_lets_go_is_counted_and_can_be_read_again() {
    let mut screen = following();
    for _ in 0..2_100 {
        write(&mut screen, "account-0");
    }
    assert_eq!(screen.state.messages.window.len(), streamscope::app::window::CAPACITY);
    let let_go = screen.state.follow.as_ref().expect("following").let_go;
    assert_eq!(let_go, 130);
    screen.keys("g");
    assert_eq!(screen.state.messages.selection().map(|head| head.global_position), Some(1));
}

#[test]
fn a_batch_of_an_earlier_following_is_dropped() {
    let mut screen = following();
    let message = screen.fake.push("account-0", "Deposited", "{}", None);
    let old = batch(&screen, vec![(head(&message), false)]);
    screen.keys("F");
    assert_eq!(screen.outside.last(), Some(&Effect::StopFollowing));
    screen.keys("F");
    screen.send(old);
    assert!(screen.state.follow.as_ref().expect("following").rate(screen.now) < 0.1);
}

#[test]
fn the_rate_comes_to_rest() {
    let mut screen = following();
    write(&mut screen, "account-0");
    assert!(screen.state.animated());
    screen.wait(10);
    assert!(!screen.state.animated(), "an idle screen draws nothing");
    assert!(screen.text().contains("0.0/s"), "{}", screen.text());
}
