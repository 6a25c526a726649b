//! `M`: the members of a consumer group side by side while following, and the box for a member otherwise.

use super::fake::Fake;
use super::screen::Screen;
use crate::app::ScreenSettings;
use crate::message::ConsumerGroup;

fn following() -> Screen {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.keys("F");
    screen
}

#[test]
fn the_members_of_a_followed_category_are_shown_while_messages_arrive() {
    let mut screen = following();
    for stream in ["account-0", "account-0", "account-0", "account-1"] {
        screen.arrive(stream, "Deposited");
    }
    screen.keys("M");
    let text = screen.text();
    assert!(text.contains("Members of account · group of 3"), "{text}");
    assert!(text.contains("4 messages in "), "{text}");
    let arrivals = &screen.state.following.current.as_ref().expect("following").arrivals;
    let loads = arrivals.loads(3);
    for (stream, messages) in [("account-0", 3), ("account-1", 1)] {
        let member = ConsumerGroup::member_of(stream, 3).expect("a member");
        let load = &loads[usize::try_from(member).expect("small")];
        assert!(load.messages >= messages && text.contains(stream), "{text}");
    }
    assert_eq!(loads.iter().map(|load| load.messages).sum::<u64>(), 4);
    // The list below follows on, and so do the numbers.
    screen.arrive("account-2", "Deposited");
    assert!(screen.text().contains("5 messages in "), "{}", screen.text());
    screen.wait(61);
    assert!(screen.text().contains("0 messages in 60 s"), "{}", screen.text());
}

#[test]
fn the_hottest_stream_is_shown_without_its_category_and_whole_if_there_is_room() {
    let mut screen = Screen::with(Fake::shop(3), ScreenSettings::default(), 160, 45);
    screen.go_to("account");
    screen.keys("F");
    let id = "f0a5944c-6a81-5b7b-b443-23d783eede4d";
    screen.arrive(&format!("account-{id}"), "Deposited");
    screen.keys("M");
    let text = screen.text();
    let line = text.lines().find(|line| line.contains("hottest")).expect("the row");
    assert!(line.contains(id) && !line.contains("account-"), "{line}");
}

#[test]
fn the_omnibox_says_what_to_type_for_a_member() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.keys("M");
    assert!(screen.text().contains("MEMBER:SIZE of the consumer group, such as 0:3"), "{}", screen.text());
    screen.keys("0:3");
    assert!(!screen.text().contains("MEMBER:SIZE"), "{}", screen.text());
}

#[test]
fn the_group_grows_and_shrinks_and_its_size_is_kept() {
    let mut screen = following();
    screen.keys("M++");
    assert!(screen.text().contains("group of 5"), "{}", screen.text());
    screen.keys("M");
    assert!(!screen.text().contains("group of"), "the key closes it");
    screen.keys("M-");
    assert!(screen.text().contains("group of 4"), "{}", screen.text());
    screen.keys("------");
    assert!(screen.text().contains("group of 1"), "{}", screen.text());
    screen.esc();
    assert!(screen.state.following.current.is_some(), "following goes on");
}

#[test]
fn enter_goes_to_the_selected_member() {
    let mut screen = following();
    screen.keys("Ml");
    screen.enter();
    assert!(screen.text().contains("account#1:3"), "{}", screen.text());
    assert!(screen.state.dialogs.open.is_none());
}

#[test]
fn without_following_the_omnibox_asks_for_a_member() {
    let mut screen = Screen::new(Fake::shop(3));
    screen.go_to("account");
    screen.keys("M");
    assert!(screen.text().contains("account#"), "{}", screen.text());
    assert!(!screen.text().contains("group of 3"), "{}", screen.text());
    // A stream has no members.
    screen.esc();
    screen.go_to("account-1");
    screen.keys("FM");
    assert!(!screen.text().contains("group of 3"), "{}", screen.text());
}
