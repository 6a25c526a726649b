//! Following: what moves, what stays, what is counted.

use streamscope::app::Effect;

use super::fake::{Fake, Screen};

fn write(screen: &mut Screen, stream: &str) {
    screen.arrive(stream, "Deposited");
}

/// Global positions of the last rows, the last first.
fn newest(screen: &Screen, count: usize) -> Vec<i64> {
    screen.state.messages.window.rows().iter().rev().take(count).map(|row| row.head.global_position).collect()
}

fn following() -> Screen {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4F");
    screen
}

#[test]
fn what_comes_in_while_the_list_is_read_is_neither_lost_nor_doubled() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4");
    screen.hold = true;
    screen.keys("F");
    // The answer that is under way was given before these.
    write(&mut screen, "account-0");
    write(&mut screen, "account-1");
    screen.release();
    assert_eq!(newest(&screen, 3), [32, 31, 30]);
    assert!(screen.state.is_live());
    // Read again while following: the answer has the message already that following brings afterwards.
    screen.hold = true;
    let message = screen.fake.push("account-2", "Deposited", "{}", None);
    screen.ctrl('r');
    screen.deliver(&message, false);
    screen.release();
    assert_eq!(newest(&screen, 3), [33, 32, 31]);
}

#[test]
fn following_takes_the_end_even_while_another_place_is_being_read() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to_stream_and_hold("account-1@2");
    screen.keys("F");
    screen.release();
    assert_eq!(screen.selected(), "account-1@4");
    assert!(screen.state.is_live());
}

#[test]
fn a_filtered_list_follows_what_matches() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.keys("4&type:Refunded");
    screen.enter();
    screen.keys("F");
    screen.arrive("account-0", "Refunded");
    screen.arrive("account-0", "Deposited");
    screen.arrive("account-1", "Refunded");
    assert_eq!(screen.state.messages.window.len(), 2);
    assert_eq!(screen.selected(), "account-1@5");
    // Without the filter everything is followed.
    screen.esc();
    screen.arrive("account-2", "Deposited");
    assert_eq!(screen.selected(), "account-2@5");
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
    screen.deliver(&first, false);
    screen.deliver(&late, true);
    assert_eq!(newest(&screen, 2), [32, 31], "in the order of the store");
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
    let old = screen.followed.clone();
    screen.keys("F");
    assert_eq!(screen.outside.last(), Some(&Effect::StopFollowing));
    screen.keys("F");
    screen.followed = old;
    screen.deliver(&message, false);
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

#[test]
fn a_count_goes_along_with_what_is_written_and_followed() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account-1@4");
    assert!(screen.text().contains("5 of 5 "), "{}", screen.text());
    // Written by another program, seen by reading on; then followed.
    screen.fake.push("account-1", "Deposited", "{}", None);
    screen.ctrl('r');
    assert!(screen.text().contains("6 of 6 "), "{}", screen.text());
    screen.keys("F");
    screen.arrive("account-1", "Deposited");
    assert!(screen.text().contains("7 of 7 "), "{}", screen.text());
    screen.keys(" ");
    screen.arrive("account-1", "Deposited");
    assert!(screen.text().contains("7 of 8 "), "{}", screen.text());
}

#[test]
fn an_exact_count_of_a_category_becomes_rough_with_a_late_message_only() {
    let mut screen = following();
    screen.keys("#");
    assert!(screen.text().contains(" · 30 messages"), "{}", screen.text());
    write(&mut screen, "account-0");
    assert!(screen.text().contains(" · 31 messages"), "{}", screen.text());
    let late = screen.fake.push("account-2", "Deposited", "{}", None);
    write(&mut screen, "account-0");
    assert!(screen.text().contains(" · 32 messages"), "{}", screen.text());
    screen.deliver(&late, true);
    assert!(screen.text().contains(" · ~33 messages"), "{}", screen.text());
}

#[test]
fn a_stream_whose_first_messages_were_deleted_is_counted_from_what_is_left() {
    let mut fake = Fake::shop(3);
    fake.messages.retain(|message| message.stream.as_str() != "account-1" || message.position >= 2);
    let mut screen = Screen::new(fake);
    screen.go_to("account-1@3");
    assert!(screen.text().contains("2 of 3 "), "{}", screen.text());
}

#[test]
fn a_write_that_ends_following_is_told_before_that() {
    let mut screen = Screen::new(Fake::shop(2));
    screen.keys("F");
    screen.keys("w");
    for text in ["account-1", "Opened"] {
        screen.keys(text);
        screen.key(crossterm::event::KeyCode::Down);
    }
    screen.ctrl('s');
    assert!(screen.text().contains("written: account-1 at 5"), "{}", screen.text());
    assert!(screen.state.follow.is_none());
}
