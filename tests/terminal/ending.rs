//! The terminal is restored however the program ends or stops.

use rustix::process::Signal;

use super::support::program::User;
use super::support::pty::{Ended, Screen};
use super::support::stores::Kind;
use super::visit::Visit;

/// Alternate screen, mouse (press, drag, motion and two encodings) and bracketed paste.
const MODES: [&str; 7] = ["1049", "1000", "1002", "1003", "1015", "1006", "2004"];

/// A server that accepts connections and never answers.
struct Mute {
    _listener: std::net::TcpListener,
    url: String,
}

impl Mute {
    fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("postgres://someone@{}/nowhere", listener.local_addr().expect("an address"));
        Self { _listener: listener, url }
    }

    fn screen(&self, variables: &[(&str, &str)]) -> Screen {
        Screen::start_with(&User::new(), &["--url", &self.url], variables, (100, 30))
    }
}

fn last_position(bytes: &[u8], sequence: &str) -> Option<usize> {
    bytes.windows(sequence.len()).rposition(|window| window == sequence.as_bytes())
}

fn assert_sane(ended: &Ended) {
    assert!(ended.settings_kept, "the settings of the terminal were not restored");
    for mode in MODES {
        let on = last_position(&ended.bytes, &format!("\x1b[?{mode}h"));
        let off = last_position(&ended.bytes, &format!("\x1b[?{mode}l"));
        assert!(on < off, "mode {mode} was left on: {on:?} {off:?}");
    }
    let (hidden, shown) = (last_position(&ended.bytes, "\x1b[?25l"), last_position(&ended.bytes, "\x1b[?25h"));
    assert!(hidden < shown, "the cursor was left hidden");
}

#[test]
fn the_screen_opens_and_responds_while_the_server_never_answers() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting").shows("Namespaces");
    screen.keys("?").shows("Everywhere").keys("\x1b").hides("Everywhere");
    screen.keys("q");
    let ended = screen.end();
    assert_eq!(ended.status, 0);
    assert_sane(&ended);
}

#[test]
fn a_signal_ends_the_program_with_its_status_and_restores_the_terminal() {
    let server = Mute::new();
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP] {
        let mut screen = server.screen(&[]);
        screen.shows("connecting");
        screen.signal(signal);
        let ended = screen.end();
        assert_eq!(ended.status, 128 + u32::try_from(signal.as_raw()).expect("a positive number"), "{signal:?}");
        assert_sane(&ended);
    }
}

#[test]
fn ends_when_the_terminal_goes_away() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting");
    assert!(screen.hang_up() != 0);
}

#[test]
fn a_stuck_terminal_blocks_neither_keys_nor_the_end() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting").stuck(true);
    screen.fill_the_terminal("?", [(90, 30), (100, 30)]);
    let before = screen.memory();
    for _ in 0..200 {
        screen.keys("??").resize(90, 30).resize(100, 30);
    }
    assert!(screen.memory() < before + 4_096, "{} KiB, then {} KiB", before, screen.memory());
    screen.keys("q");
    assert_eq!(screen.end_stuck(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_screen_uses_no_processor_time() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("amount: 10").shows("RW").keys("?").shows("Everywhere").keys("\x1b").hides("Everywhere");
    // This pause is measured. Drawing all the time, or reading without waiting, would take tens of ticks.
    let before = screen.processor_ticks();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let ticks = screen.processor_ticks() - before;
    assert!(ticks <= 3, "{ticks} hundredths of a second");
}

#[test]
fn an_incomplete_escape_sequence_blocks_nothing() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting 0s").keys("\x1b[").hides("connecting 0s").shows("connecting");
    screen.signal(Signal::TERM);
    let ended = screen.end();
    assert_eq!(ended.status, 143);
    assert_sane(&ended);
}

#[test]
fn ends_when_the_terminal_goes_away_in_the_middle_of_a_sequence() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting").keys("\x1b[200~half a paste");
    assert!(screen.hang_up() != 0);
}

#[test]
fn a_panic_in_the_loop_or_a_task_restores_the_terminal_and_is_reported() {
    let server = Mute::new();
    for place in ["loop", "task"] {
        let screen = server.screen(&[("STREAMSCOPE_TEST_PANIC_IN", place)]);
        let ended = screen.end();
        assert!(ended.status != 0, "{place}");
        assert_sane(&ended);
        let left = last_position(&ended.bytes, "\x1b[?1049l").expect("the alternate screen is left");
        let told = String::from_utf8_lossy(&ended.bytes[left..]);
        assert!(told.contains("a test asked for it"), "{place}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redraws_after_being_suspended_with_ctrl_z() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let url = visit.url();
    let mut screen = Screen::start_under_shell(&visit.user, &["--url", &url], &[]);
    screen.shows("account").keys("\x1a").shows("back at the shell");
    let sane = |screen: &vt100::Screen| {
        !screen.alternate_screen()
            && !screen.bracketed_paste()
            && !screen.hide_cursor()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    };
    screen.wait("a sane terminal", sane);
    assert!(screen.settings_kept());
    visit.write("order-7", "Placed", "{}").await;
    screen.keys("\r").wait("the alternate screen", vt100::Screen::alternate_screen).shows("Categories");
    screen.keys("\x12").shows("order").keys("q").shows("ended with 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn redraws_when_continued_after_a_stop_signal() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let mut screen = visit.screen(&[]);
    screen.shows("account");
    for stop in [Signal::TSTP, Signal::STOP] {
        screen.signal(stop);
        screen.wait_for_process_state('T');
        let before = screen.bytes().len();
        assert!(stop == Signal::STOP || screen.settings_kept());
        screen.signal(Signal::CONT);
        screen.wait("the alternate screen", vt100::Screen::alternate_screen).shows("account");
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !screen.bytes()[before..].windows(4).any(|bytes| bytes == b"\x1b[2J") {
            assert!(std::time::Instant::now() < limit, "not drawn again after {stop:?}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    screen.keys("?").shows("Everywhere").keys("\x1b").hides("Everywhere").keys("q");
    assert_sane(&screen.end());
}

#[test]
fn refuses_to_suspend_if_no_shell_could_continue_the_program() {
    let server = Mute::new();
    let mut screen = server.screen(&[]);
    screen.shows("connecting").keys("\x1a").shows("no shell");
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

#[test]
fn no_color_sends_no_colour_codes() {
    let server = Mute::new();
    let mut screen = server.screen(&[("NO_COLOR", "1")]);
    screen.shows("connecting").keys("?").shows("Everywhere").keys("\x1b").hides("Everywhere").keys("q");
    let ended = screen.end();
    assert_eq!(ended.status, 0);
    let text = String::from_utf8_lossy(&ended.bytes).into_owned();
    for sequence in text.split("\x1b[").skip(1) {
        let Some((parameters, _)) = sequence.split_once('m') else { continue };
        if !parameters.chars().all(|c| c.is_ascii_digit() || c == ';') {
            continue;
        }
        for parameter in parameters.split(';').filter_map(|number| number.parse::<u8>().ok()) {
            assert!(!matches!(parameter, 30..=38 | 40..=48 | 90..=107), "{parameters}");
        }
    }
}

#[test]
fn refuses_to_open_the_screen_without_a_capable_terminal() {
    let user = User::new();
    let outcome = user.run(&["--url", "postgres://nobody@localhost/x"]);
    assert_eq!(outcome.status, 2, "{outcome:?}");
    assert!(outcome.stderr.contains("not a terminal") && outcome.stdout.is_empty(), "{outcome:?}");
    let dumb = Screen::start_with(&user, &[], &[("TERM", "dumb")], (80, 24)).end();
    assert_eq!(dumb.status, 2);
    assert!(dumb.settings_kept && !dumb.bytes.contains(&0x1b));
    assert!(String::from_utf8_lossy(&dumb.bytes).contains("TERM=dumb"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_the_editor_is_open_ends_both_and_keeps_the_text_that_was_saved() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    let editor = visit.user.home().join("editor");
    std::fs::write(
        &editor,
        "#!/bin/sh\necho $$ > pid; echo '{\"saved\": true}' > \"$1\"; stty -echo; echo editing; read line\n",
    )
    .expect("written");
    std::fs::set_permissions(&editor, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("executable");
    let editor = editor.to_string_lossy().into_owned();
    let mut screen = visit.screen_with(&["account-1"], &[("EDITOR", &editor)]);
    screen.shows("amount: 10").keys("w").shows("Write a message").keys("\x05").shows("editing");
    screen.signal(Signal::TERM);
    let ended = screen.end();
    assert_eq!(ended.status, 143);
    assert_sane(&ended);
    let pid = std::fs::read_to_string(visit.user.home().join("pid")).expect("the PID of the editor");
    assert!(!std::path::Path::new("/proc").join(pid.trim()).exists(), "the editor is still running");
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("draft from an earlier run").shows("amount: 10").keys("w").shows("\"saved\": true");
}

#[cfg(feature = "embedded")]
#[test]
fn the_embedded_store_also_ends_when_the_terminal_goes_away() {
    let mut screen = Screen::start(&User::new(), &["--demo"]);
    screen.shows("shop").shows("RW").keys("F").shows("FOLLOWING");
    assert!(screen.hang_up() != 0);
}
