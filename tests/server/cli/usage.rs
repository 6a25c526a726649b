//! Tests of errors that need no server: invalid arguments, names and JSON. Each exits with status 2 and prints one or
//! two lines, without passwords.

use crate::support::program::{Outcome, User, outcome};

const SECRET: &str = "s3cr3tw0rd";

/// The URL of a server that does not exist. A command that connects to it exits with another status.
const NOWHERE: [&str; 2] = ["--url", "postgres://127.0.0.1:1/nowhere"];

fn refused(arguments: &[&str]) -> String {
    User::new().run(&[&NOWHERE, arguments].concat()).failed(2)
}

#[test]
fn reports_invalid_json_with_line_and_column() {
    let told = refused(&["write", "account-1", "Opened", "--data", "{\"a\": 1,\n \"b\" 2}"]);
    assert!(told.contains("--data") && told.contains("line 2") && told.contains("column 6"), "{told}");
    let told = refused(&["write", "account-1", "Opened", "--metadata", "[1,"]);
    assert!(told.contains("--metadata") && told.contains("line 1") && told.contains("column"), "{told}");
}

#[test]
fn refuses_json_that_postgres_cannot_store_before_sending_it() {
    for json in [r#"{"a": "\u0000"}"#, r#"{"a": "\ud800"}"#, r#"{"a": "\udc00\ud800"}"#] {
        let told = refused(&["write", "account-1", "Opened", "--data", json]);
        assert!(told.contains("line 1") && told.contains("column"), "{told}");
    }
}

#[test]
fn reports_the_first_byte_of_standard_input_that_is_not_utf_8() {
    let write = [&NOWHERE[..], &["write", "account-1", "Opened", "--data", "-"]].concat();
    let told = User::new().run_with_input(&write, b"{\"a\": \"\xff\"}").failed(2);
    assert!(told.contains("not UTF-8") && told.contains("offset 7"), "{told}");
    let told = User::new().run(&write).failed(2);
    assert!(told.contains("standard input is not valid JSON"), "{told}");
}

#[test]
fn refuses_invalid_names() {
    assert!(refused(&["write", "account", "Opened"]).contains("must be a stream name"));
    assert!(refused(&["get", ""]).contains("empty"));
    assert!(refused(&["trace", ""]).contains("an empty text does not name a message"));
    assert!(refused(&["get", "account", "--correlation", "order-1"]).contains("must be a category"));
    assert!(refused(&["get", "account-1", "--correlation", "order"]).contains("account-1 is a stream"));
}

#[test]
fn a_fold_cannot_end_before_it_begins() {
    let told = refused(&["fold", "account-1", "--from", "5", "--at", "3"]);
    assert!(told.contains("--at 3 is before the first message to fold, at position 5"), "{told}");
}

#[test]
fn an_empty_command_handles_no_messages() {
    assert!(refused(&["tail", "--exec", " "]).contains("--exec needs a command"));
}

#[test]
fn a_consumer_group_needs_member_and_size_in_range() {
    let group = |member: &str, size: &str| {
        refused(&["get", "account", "--consumer-group-member", member, "--consumer-group-size", size])
    };
    assert!(group("0", "0").contains("Consumer group size must not be less than 1"));
    assert!(group("-1", "2").contains("Consumer group member must not be less than 0"));
    assert!(group("2", "2").contains("Consumer group member must be less than the group size"));
    let outcome = User::new().run(&["get", "account", "--consumer-group-member", "0"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("--consumer-group-size"), "{}", outcome.stderr);
}

#[test]
fn refuses_two_databases_wherever_the_options_are() {
    for arguments in [
        &["--demo", "categories", "--url", "postgres://h/d"][..],
        &["--url", "postgres://h/d", "--embedded", "x", "categories"],
        &["categories", "--embedded", "x", "--demo"],
        &["postgres://h/d", "--demo", "categories"],
        &["postgres://h/d", "--url", "postgres://h/e", "categories"],
        &["postgres://h/d", "--url", "postgres://h/e"],
    ] {
        let told = User::new().run(arguments).failed(2);
        assert!(told.contains("different databases"), "{told}");
    }
}

#[test]
fn takes_a_leading_url_for_the_database() {
    for url in ["postgres://ada:s3cr3tw0rd@127.0.0.1:1/nowhere", "postgresql://127.0.0.1:1/nowhere"] {
        let told = User::new().run(&[url, "categories"]).failed(5);
        assert!(told.contains("127.0.0.1:1") && !told.contains(SECRET), "{told}");
    }
}

#[test]
fn refuses_a_locator_before_a_command() {
    let told = refused(&["shop/order", "get", "order-1"]);
    assert!(told.contains("shop/order") && told.contains("-n"), "{told}");
}

#[test]
fn tail_refuses_an_end_before_its_beginning() {
    let told = refused(&["tail", "--from", "10", "--until", "5"]);
    assert!(told.contains("--until 5 is before --from 10, so no message is selected"), "{told}");
}

#[test]
fn deleting_without_a_terminal_needs_the_id_twice() {
    let told = refused(&["ns", "delete", "shop"]);
    assert!(told.contains("--confirm shop"), "{told}");
    let told = refused(&["ns", "delete", "shop", "--confirm", "ship"]);
    assert!(told.contains("nothing was deleted"), "{told}");
}

#[test]
fn without_a_command_and_a_terminal_the_error_points_to_help() {
    let told = User::new().run(&[]).failed(2);
    assert!(told.contains("not a terminal") && told.contains("--help"), "{told}");
    // The error names each fact once.
    let told = User::new().run(&["shop/account"]).failed(2);
    assert!(
        told.contains("\"shop/account\" is not a command, and the screen cannot open: this is not a terminal"),
        "{told}"
    );
}

#[test]
fn suggests_the_nearest_command_for_an_unknown_word() {
    let told = User::new().run(&["catgories"]).failed(2);
    assert!(told.contains("unknown command \"catgories\"") && told.contains("Did you mean \"categories\"?"), "{told}");
    let told = User::new().run(&["shop/account-1"]).failed(2);
    assert!(told.contains("shop/account-1") && !told.contains("Did you mean"), "{told}");
}

#[test]
fn refuses_an_empty_url_but_ignores_an_empty_variable() {
    let told = User::new().run(&["--url", "", "ns", "list"]).failed(2);
    assert!(told.contains("--url is empty"), "{told}");
    let user = User::new();
    let mut command = user.command();
    command.arg("categories").env("STREAMSCOPE_URL", "").env("DATABASE_URL", NOWHERE[1]);
    let told = outcome(&mut command).failed(5);
    assert!(told.contains("127.0.0.1:1"), "{told}");
}

#[test]
fn refuses_export_as_text() {
    assert!(refused(&["export", "--format", "text"]).contains("JSON lines"));
}

#[test]
fn a_number_out_of_range_is_answered_with_the_range() {
    for (arguments, expected) in [
        (&["tail", "--exit-when-idle", "-5s"][..], "ms, s, m, h, d"),
        (&["trace", "1", "--limit", "-1"], "1 to 100,000"),
        (&["import", "--batch", "-1"], "1..=100000"),
        (&["bench", "read", "--seconds", "-1"], "1..=3600"),
    ] {
        let told = User::new().run(arguments);
        assert!(told.status == 2 && told.stderr.contains(expected), "{told:?}");
    }
}

#[test]
fn every_limit_accepts_the_same_numbers() {
    for command in [&["get", "account"][..], &["tail"], &["streams"], &["stats"]] {
        let run = |limit| User::new().run(&[&NOWHERE[..], command, &["--limit", limit]].concat());
        for limit in ["0", "-2", "x"] {
            let told = run(limit);
            assert!(told.status == 2 && told.stderr.contains("use 1 or more, or -1 for all"), "{told:?}");
        }
        for limit in ["1", "-1"] {
            assert_eq!(run(limit).status, 5, "{command:?} --limit {limit} is valid, but there is no server");
        }
    }
}

#[test]
fn unknown_arguments_are_usage_errors() {
    for arguments in
        [&["gte", "account"][..], &["get"], &["get", "a", "--batch-size", "-2"], &["write", "a-1", "T", "--id", "7"]]
    {
        let outcome = User::new().run(arguments);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
    }
}

/// Returns the names of the commands that a help text lists.
fn commands(help: &str) -> Vec<&str> {
    let listed = help.split_once("Commands:\n").map_or("", |(_, rest)| rest);
    let lines = listed.lines().take_while(|line| line.starts_with("  "));
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|name| !name.starts_with(' ')));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

#[test]
fn prints_help_and_version_on_standard_output() {
    let help = User::new().run(&["--help"]).done();
    for word in ["Examples:", "Exit status:", "--read-only", "STREAMSCOPE_URL"] {
        assert!(help.contains(word), "{help}");
    }
    let commands = commands(&help);
    assert!(commands.contains(&"write") && commands.contains(&"ns"), "{commands:?}");
    for command in commands {
        let help = User::new().run(&[command, "--help"]).done();
        assert!(help.contains("Examples:"), "{command}: {help}");
        for part in self::commands(&help) {
            assert!(User::new().run(&[command, part, "--help"]).done().contains("Examples:"), "{command} {part}");
        }
    }
    assert_eq!(User::new().run(&["--version"]).done(), format!("streamscope {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_never_shows_values_of_the_environment() {
    let url = format!("postgres://ada:{SECRET}@h/d");
    let help =
        outcome(User::new().command().arg("--help").env("STREAMSCOPE_URL", &url).env("STREAMSCOPE_NAMESPACE", SECRET));
    assert!(!help.done().contains(SECRET));
}

#[test]
fn never_repeats_a_password_from_the_command_line() {
    let url = format!("postgres://ada:{SECRET}@127.0.0.1:1/nowhere");
    let wrong = format!("postgres://ada:{SECRET}@127.0.0.1:port/?nonsense=1");
    let pairs = format!("host=127.0.0.1 port=1 password={SECRET} nonsense=1");
    for arguments in [
        &[url.as_str()][..],
        &["--url", &url, "categories"],
        &["--url", &url, "--url", &url, "categories"],
        &["--url", &wrong, "categories"],
        &["--url", &pairs, "categories"],
        &["categories", "--format", &url],
        &["get", "a", &url],
    ] {
        let outcome = User::new().run(arguments);
        assert_ne!(outcome.status, 0, "{outcome:?}");
        assert!(!outcome.stderr.is_empty());
        assert!(!format!("{outcome:?}").contains(SECRET), "{outcome:?}");
    }
}

#[test]
fn a_panic_shows_no_password_and_no_colour() {
    let message = format!("while at postgres://ada:{SECRET}@h/d and with {SECRET}-of-the-environment");
    let outcome = outcome(
        User::new()
            .command()
            .arg("categories")
            .env("PGPASSWORD", format!("{SECRET}-of-the-environment"))
            .env("STREAMSCOPE_TEST_PANIC", message),
    );
    assert_eq!((outcome.status, outcome.stdout.as_str()), (101, ""));
    assert!(outcome.stderr.contains("while at postgres://ada:***@h/d"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains(SECRET), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains('\u{1b}'), "{}", outcome.stderr);
}

/// Returns the arguments of a process, which all users can read.
#[cfg(target_os = "linux")]
fn seen_arguments(pid: u32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).expect("the process exists")
}

#[cfg(target_os = "linux")]
#[test]
fn a_password_does_not_stay_in_the_process_list() {
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = mute.local_addr().expect("its address");
    let url = |user: &str| format!("postgres://{user}@{address}/nowhere?connect_timeout=20");
    let whole = url(&format!("ada:{SECRET}"));
    for arguments in [&["--url", &whole, "categories"][..], &[&whole, "categories"]] {
        let mut child = User::new().command().args(arguments).spawn().expect("started");
        // Once it connects, it has removed the password from its arguments.
        let reached = mute.accept();
        let (seen, running) = (seen_arguments(child.id()), child.try_wait().expect("asked").is_none());
        child.kill().expect("killed");
        child.wait().expect("ended");
        reached.expect("a connection");
        assert!(running && seen.ends_with(&format!("{}\0categories\0", url("ada"))), "{seen:?}");
    }
}

#[test]
fn a_suggested_command_has_the_options_that_choose_the_database() {
    let user = User::new();
    let store = user.home().join("a store");
    let store = store.to_str().expect("UTF-8");
    let told = user.run(&["--embedded", store, "-n", "bank", "ns", "delete", "shop"]).failed(2);
    let command = format!("To confirm: streamscope --embedded '{store}' ns delete shop --confirm shop");
    assert!(told.contains(&command), "{told}");
    let url = format!("postgres://ada:{SECRET}@db/shop");
    let told = user.run(&["--url", &url, "ns", "delete", "shop"]).failed(2);
    assert!(told.contains("streamscope --url postgres://ada@db/shop ns delete shop --confirm shop"), "{told}");
}

#[test]
fn a_variable_that_is_not_utf_8_never_leads_to_another_database() {
    use std::os::unix::ffi::OsStrExt as _;
    let user = User::new();
    for name in ["STREAMSCOPE_URL", "DATABASE_URL", "PGHOST", "PGDATABASE"] {
        let mut command = user.command();
        let told =
            outcome(command.arg("categories").env(name, std::ffi::OsStr::from_bytes(b"127.0.0.1\xe9"))).failed(2);
        assert!(told.contains(&format!("{name} is not valid UTF-8")), "{told}");
    }
}

#[test]
fn a_password_with_a_special_character_is_not_shown_as_a_host() {
    for url in ["postgres://ada:hunter@2secret@127.0.0.1:1/shop", "host=h password=a 2secret=b user=ada"] {
        let told = User::new().run(&["--url", url, "categories"]).failed(2);
        assert!(!told.contains("2secret"), "{told}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_result_that_cannot_be_printed_says_what_was_done() {
    let user = User::new();
    let told = |arguments: &[&str]| {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a full device");
        let output = user.command().args(arguments).stdout(full).output().expect("it ran");
        Outcome::from(output).failed(1)
    };
    let created = told(&["ns", "create", "shop"]);
    assert!(created.contains("namespace shop was created with the token "), "{created}");
    let written = told(&["write", "account-1", "Opened"]);
    assert!(written.contains("the message was written as account-1@0 with the ID "), "{written}");
    user.run(&["version", "account-1"]).done();
}

#[test]
fn an_unreachable_server_exits_with_5() {
    let told = User::new().run(&[&NOWHERE[..], &["categories"]].concat()).failed(5);
    assert!(told.contains("127.0.0.1") && told.contains("--url"), "{told}");
}

#[test]
fn reports_a_log_that_cannot_be_written() {
    let told = User::new().run(&["categories", "--log", "/nowhere/at/all.log"]).failed(2);
    assert!(told.contains("/nowhere/at/all.log"), "{told}");
}
