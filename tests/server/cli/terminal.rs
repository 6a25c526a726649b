//! Tests of the commands in a pseudo-terminal: text by default, cut to the width, with questions answered by typing.

use std::io::{Read as _, Write as _};
use std::thread;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use unicode_width::UnicodeWidthStr as _;

use crate::support::place::Place;
use crate::support::program::User;
use crate::support::stores::Kind;

/// Runs the program on a terminal with this width and this input. Returns its output and its status.
fn on_terminal(user: &User, arguments: &[&str], columns: u16, typed: &str) -> (String, u32) {
    on_terminal_with(user, arguments, columns, typed, &[])
}

/// Like [`on_terminal`], with environment variables.
fn on_terminal_with(
    user: &User,
    arguments: &[&str],
    columns: u16,
    typed: &str,
    variables: &[(&str, &str)],
) -> (String, u32) {
    let pair = native_pty_system()
        .openpty(PtySize { rows: 50, cols: columns, pixel_width: 0, pixel_height: 0 })
        .expect("a pseudo-terminal");
    let plain = user.command();
    let mut command = CommandBuilder::new(plain.get_program());
    command.args(arguments);
    command.env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    command.cwd(user.home());
    let mut child = pair.slave.spawn_command(command).expect("the program starts");
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let screen = thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a pseudo-terminal is an error on Linux. Everything read before it is kept.
        let _ = reader.read_to_end(&mut bytes);
        String::from_utf8(bytes).expect("UTF-8").replace("\r\n", "\n")
    });
    let mut writer = pair.master.take_writer().expect("a writer");
    writer.write_all(typed.as_bytes()).expect("typed");
    let status = child.wait().expect("the program ends").exit_code();
    let screen = screen.join().expect("read");
    // Dropped last, because dropping it types a line end and Ctrl-D, which the terminal echoes.
    drop(writer);
    (screen, status)
}

#[tokio::test(flavor = "multi_thread")]
async fn prints_text_on_a_terminal_and_cuts_it_to_the_width() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let data = format!("{{\"text\": \"{}\"}}", "漢字 and more ".repeat(30));
    for stream in ["account-1", &format!("account-{}", "long".repeat(40))] {
        place.run(&["write", stream, "Opened", "--data", &data]).done();
    }
    for columns in [100, 60, 20] {
        let (output, status) = on_terminal(&place.user, &place.arguments(&["get", "account"]), columns, "");
        assert_eq!(status, 0, "{output}");
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 3, "{output}");
        assert!(lines[0].starts_with("STREAM"), "{output}");
        for line in &lines {
            assert!(line.width() <= usize::from(columns), "{} > {columns}: {line}", line.width());
        }
        assert!(lines[1].contains('…') && lines[2].contains('…'), "{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_on_a_terminal_escapes_control_characters() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["write", "account-1", "Opened", "--data", "{\"a\": \"\u{9b}31m\u{202e}\"}"]).done();
    let (output, status) =
        on_terminal(&place.user, &place.arguments(&["get", "account-1", "--format", "json"]), 80, "");
    assert_eq!(status, 0);
    assert!(output.contains(r#""data":{"a": "\u009b31m\u202e"}"#), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_hidden_and_bidirectional_characters_on_a_terminal_and_keeps_them_in_a_pipe() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let bidirectional =
        ['\u{61c}', '\u{200e}', '\u{200f}'].into_iter().chain('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
    let hidden: String = bidirectional.chain(['\u{200b}']).collect();
    assert_eq!(hidden.chars().count(), 13);
    let data = format!("{{\"a{hidden}\": \"b{hidden}\"}}");
    place.run(&["write", &format!("account-{hidden}"), &format!("Opened{hidden}"), "--data", &data]).done();
    for arguments in [&["get", "account"][..], &["get", "account", "--format", "json"], &["streams"], &["categories"]] {
        let (output, status) = on_terminal(&place.user, &place.arguments(arguments), 200, "");
        assert_eq!(status, 0);
        assert!(output.contains("account") && !output.contains(|c| hidden.contains(c)), "{arguments:?}: {output:?}");
    }
    let piped = place.run(&["get", "account"]).done();
    assert!(piped.contains(&format!("\"data\":{data}")), "{piped}");
    let parsed: serde_json::Value = serde_json::from_str(&piped).expect("one line of JSON");
    assert_eq!(parsed["type"], format!("Opened{hidden}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_asks_for_the_id() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["write", "account-1", "Opened"]).done();
    let arguments = place.arguments(&["ns", "delete", "test"]);

    let (output, status) = on_terminal(&place.user, &arguments, 200, "tes\n");
    assert_eq!(status, 2, "{output}");
    assert!(
        output.contains("This permanently deletes namespace test") && output.contains("nothing was deleted"),
        "{output}"
    );
    assert_eq!(place.run(&["version", "account-1"]).done(), "0\n");

    let (output, status) = on_terminal(&place.user, &arguments, 200, "test\n");
    assert_eq!(status, 0, "{output}");
    assert!(output.contains("Deleted namespace test with 1 message\n"), "{output}");
    place.run(&["version", "account-1"]).failed(4);
}

#[tokio::test(flavor = "multi_thread")]
async fn says_that_a_new_token_is_shown_only_once() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let (output, status) = on_terminal(&place.user, &place.arguments(&["ns", "create", "shop"]), 200, "");
    assert_eq!(status, 0);
    assert!(output.contains("token      ns_") && output.contains("shown only once"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_text_only_on_a_terminal_with_colours() {
    let place = Place::new(Kind::OursOnPostgres).await;
    place.run(&["write", "account-1", "WithdrawalRejected", "--data", "{\"amount\": 5}"]).done();
    let plain = place.run(&["get", "account-1", "--format", "text"]).done();
    let (get, tail) = (&["get", "account-1"][..], &["tail", "account-1", "--from", "start", "--until", "now"][..]);
    for arguments in [get, tail, &["last", "account-1"]] {
        let on = |variables: &[(&str, &str)]| {
            on_terminal_with(&place.user, &place.arguments(arguments), 200, "", variables).0
        };
        let coloured = on(&[("TERM", "xterm-256color")]);
        assert!(coloured.contains("\u{1b}[34m\"amount\"\u{1b}[0m: \u{1b}[35m5\u{1b}[0m"), "{coloured:?}");
        for variables in [&[("TERM", "xterm"), ("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
            assert!(!on(variables).contains('\u{1b}'), "{variables:?}");
        }
    }
    // Only the colours differ. They do not count towards the width.
    let arguments = place.arguments(get);
    let coloured = on_terminal_with(&place.user, &arguments, 70, "", &[("TERM", "xterm")]).0;
    let mut emulator = vt100::Parser::new(50.try_into().expect("rows"), 200.try_into().expect("columns"), 0);
    emulator.process(coloured.replace('\n', "\r\n").as_bytes());
    let uncoloured = on_terminal(&place.user, &arguments, 70, "").0;
    assert_eq!(emulator.screen().contents().trim_end(), uncoloured.trim_end());
    assert!(coloured.contains("\u{1b}[1;31mWithdra"), "{coloured:?}");
    assert!(plain.lines().last().is_some_and(|line| line.ends_with("WithdrawalRejected  {\"amount\": 5}")), "{plain}");
}
