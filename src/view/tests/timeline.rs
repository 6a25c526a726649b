//! Snapshots of the timeline in four sizes, in ASCII, and while following.

use crate::app::ScreenSettings;
use crate::app::tests::fake::Fake;
use crate::app::tests::screen::Screen;

const SIZES: [(u16, u16); 4] = [(160, 45), (100, 30), (80, 24), (44, 12)];

/// Returns a screen with a stream that is busy twice.
fn screen(width: u16, height: u16, ascii: bool) -> Screen {
    let mut fake = Fake::default();
    for second in 0..300 {
        let messages = if (90..110).contains(&second) || second == 250 { second % 7 * 9 } else { 1 };
        for _ in 0..messages {
            fake.append("account-1", "Deposited");
            let last = fake.messages.last_mut().expect("a message");
            last.time = "2026-03-01T11:00:00Z".parse::<jiff::Timestamp>().expect("a time")
                + jiff::SignedDuration::from_secs(second);
        }
    }
    let settings = ScreenSettings { target: "postgres@localhost/shop".to_owned(), ascii, ..ScreenSettings::default() };
    let mut screen = Screen::with(fake, settings, width, height);
    screen.go_to("account-1@120");
    screen
}

/// Returns the pane of messages down to its first row, and its lower border.
fn picture(screen: &Screen) -> String {
    let layout = screen.state.browser.layout();
    let pane = layout.pane(crate::app::browser::layout::Pane::Messages);
    let text = screen.text();
    let lines = text.lines().skip(pane.y.into()).take(pane.height.into());
    let lines: Vec<String> = lines
        .map(|line| line.chars().skip(pane.x.into()).take(pane.width.into()).collect::<String>().trim_end().to_owned())
        .collect();
    [&lines[..4], &lines[lines.len() - 1..]].concat().join("\n")
}

#[test]
fn the_timeline_of_a_list() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        insta::assert_snapshot!(format!("timeline_{width}x{height}"), picture(&screen));
        screen.keys("z");
        insta::assert_snapshot!(format!("timeline_zoomed_{width}x{height}"), picture(&screen));
    }
}

#[test]
fn the_timeline_in_ascii() {
    insta::assert_snapshot!("timeline_ascii", picture(&screen(120, 30, true)));
}

#[test]
fn the_rate_while_following() {
    for (width, height) in SIZES {
        let mut screen = screen(width, height, false);
        screen.keys("F");
        for messages in [2, 40, 0, 7, 1] {
            for _ in 0..messages {
                screen.arrive("account-1", "Deposited");
            }
            screen.wait(5);
        }
        insta::assert_snapshot!(format!("rate_{width}x{height}"), picture(&screen));
    }
}
