//! Tests of commands that wait, for a reader of their output or for input: a signal still ends them, and they report
//! their progress.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::following::{following, signal};
use super::{fill, lines, number_after, positions};
use crate::support::place::Place;
use crate::support::stores::Kind;

/// More than a pipe holds.
const MANY: usize = 3_000;
/// What a command says that did not end by itself after a signal.
const FORCED: &str = "still busy 3 s after the signal; exiting anyway";
const LIMIT: Duration = Duration::from_secs(20);

fn start(place: &Place, arguments: &[&str]) -> Child {
    let arguments = place.arguments(arguments);
    let mut command = place.user.command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until a child has filled the pipe that is its standard output.
fn fills_its_output(child: &Child) {
    let limit = Instant::now() + LIMIT;
    let (mut before, mut same) = (0, 0);
    while same < 3 {
        assert!(Instant::now() < limit, "it fills the pipe");
        std::thread::sleep(Duration::from_millis(30));
        let now = rustix::io::ioctl_fionread(child.stdout.as_ref().unwrap()).unwrap();
        same = if now > 0 && now == before { same + 1 } else { 0 };
        before = now;
    }
}

/// Waits until a child ends, and returns its status.
fn ends(child: &mut Child) -> Option<i32> {
    let limit = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(Instant::now() < limit, "it ends");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal, which the child notices although nobody reads. Returns its status and the rest of its standard
/// error.
fn ended_by(child: &mut Child, told: &Receiver<String>, number: Signal) -> (Option<i32>, String) {
    signal(child, number);
    let status = ends(child);
    let rest: Vec<String> = told.iter().collect();
    let rest = rest.join("\n");
    assert!(!rest.contains(FORCED), "it does not wait for its reader: {rest}");
    (status, rest)
}

/// Returns the lines of a child's standard error as they arrive.
fn told_by(child: &mut Child) -> Receiver<String> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tell.send(line)));
    told
}

/// Asks a child for its progress.
fn asked(child: &Child, told: &Receiver<String>) -> String {
    signal(child, Signal::USR1);
    told.recv_timeout(LIMIT).expect("an answer")
}

/// Asks a child for its progress until it counts messages. Before, it only says how long it has been running.
fn asked_for_messages(child: &Child, told: &Receiver<String>) -> String {
    let limit = Instant::now() + LIMIT;
    loop {
        let answer = asked(child, told);
        if answer.contains("messages") {
            return answer;
        }
        assert!(answer.contains("running for ") && Instant::now() < limit, "{answer}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_answers_sigusr1_and_goes_on() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, 3);
    let client = place.database.as_ref().unwrap().client().await;
    for arguments in [
        &["get", "account"][..],
        &["streams"],
        &["categories"],
        &["stats"],
        &["fold", "account-0"],
        &["last", "account-0"],
        &["write", "account-0", "T", "--data", "{}"],
        &["consumers"],
        &["trace", "1"],
    ] {
        let expected = place.run(arguments);
        client.batch_execute("begin; lock eventodb_test.messages").await.unwrap();
        let mut child = start(&place, arguments);
        let told = told_by(&mut child);
        wait_until_it_catches(&child, Signal::USR1);
        let answer = asked(&child, &told);
        assert!(answer.starts_with("streamscope: running for 0 s"), "{arguments:?}: {answer}");
        client.batch_execute("commit").await.unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(expected.status), "{arguments:?}");
        if arguments[0] != "write" {
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected.stdout, "{arguments:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_waits_for_a_lock_names_the_transaction_that_holds_it() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, 3);
    let client = place.database.as_ref().unwrap().client().await;
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let blocked_by = format!("blocked by PID {pid}");
    let hash = "begin; select pg_advisory_xact_lock(eventodb_test.hash_64('account'))";
    client.batch_execute(hash).await.unwrap();
    let mut child = start(&place, &["write", "account-0", "T", "--data", "{}"]);
    let told = told_by(&mut child);
    assert!(told.recv_timeout(LIMIT).unwrap().contains("waiting for a lock"));
    assert!(told.recv_timeout(LIMIT).unwrap().contains(&blocked_by));
    client.batch_execute("commit").await.unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    // Opening a namespace stops waiting after a few seconds, because another role may own it.
    for (table, command, expected) in [
        ("eventodb_test.messages", &["get", "account"][..], "another session has locked the messages of a namespace"),
        ("eventodb_store.namespaces", &["-n", "test", "get", "account"], "another session has locked it"),
    ] {
        client.batch_execute(&format!("begin; lock {table}")).await.unwrap();
        let told = place.run(command);
        assert!(told.stderr.contains(&blocked_by) && told.stderr.contains(expected), "{told:?}");
        assert!(matches!(told.status, 1 | 5), "{told:?}");
        client.batch_execute("commit").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_ends_although_nobody_reads_and_another_tail_continues_exactly() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, MANY);
    let all = positions(&lines(&place.run(&["export"]).stdout));
    let mut given = Vec::new();
    let mut from = "start".to_owned();
    for number in [Signal::TERM, Signal::INT] {
        let mut child = following(&place, &["--from", &from]);
        let told = told_by(&mut child);
        fills_its_output(&child);
        let answer = asked(&child, &told);
        let (status, rest) = ended_by(&mut child, &told, number);
        assert_eq!(status, Some(128 + number.as_raw()));
        assert_eq!(rest, answer, "the progress has not changed since it was asked for");
        let mut output = String::new();
        child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        // An incomplete line does not count.
        let whole = &output[..=output.rfind('\n').unwrap()];
        let positions = positions(&lines(whole));
        assert_eq!(number_after(&rest, "streamscope: "), i64::try_from(positions.len()).unwrap(), "{rest}");
        given.extend(positions);
        from = number_after(&rest, "--from ").to_string();
    }
    assert!(given.len() < MANY);
    let rest = place.run(&["tail", "--from", &from, "--until", "now"]);
    given.extend(positions(&lines(&rest.stdout)));
    assert_eq!(given, all, "nothing is lost and nothing is repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_larger_than_a_pipe_counts_only_once_it_is_written() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let line = format!("{{\"stream\":\"account-1\",\"type\":\"T\",\"data\":\"{}\"}}\n", "x".repeat(300_000));
    assert_eq!(place.run_with_input(&["import", "-"], &line.repeat(2)).status, 0);
    let mut child = following(&place, &["--from", "start"]);
    let told = told_by(&mut child);
    fills_its_output(&child);
    let answer = asked(&child, &told);
    assert!(answer.contains("0 messages, complete to 0; continue with --from 1"), "{answer}");
    // Reads one of the two messages.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    let limit = Instant::now() + LIMIT;
    while !asked(&child, &told).contains("1 message, complete to 1; continue with --from 2") {
        assert!(Instant::now() < limit);
    }
    assert_eq!(ended_by(&mut child, &told, Signal::TERM).0, Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_ends_and_reports_its_progress_on_a_terminal_that_nobody_reads() {
    use portable_pty::{CommandBuilder, PtySize, native_pty_system};
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, MANY);
    let program = place.user.command();
    let mut command = CommandBuilder::new("sh");
    command.env_clear();
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap());
    }
    command.args(["-c", "exec \"$0\" \"$@\" 2>told", program.get_program().to_str().unwrap()]);
    command.args(place.arguments(&["tail", "--from", "start"]));
    command.cwd(place.user.home());
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    // Its first byte shows that it has started. From then on, nobody reads.
    let mut reader = pair.master.try_clone_reader().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    let pid = rustix::process::Pid::from_raw(child.process_id().unwrap().try_into().unwrap()).unwrap();
    let said = || std::fs::read_to_string(place.user.home().join("told")).unwrap();
    let answers = || said().lines().count();
    let given = || number_after(said().lines().last().unwrap(), "streamscope: ");
    let limit = Instant::now() + LIMIT;
    let (mut before, mut same) = (0, 0);
    while same < 3 {
        let asked = answers();
        rustix::process::kill_process(pid, Signal::USR1).unwrap();
        while answers() == asked {
            assert!(Instant::now() < limit, "it answers");
            std::thread::sleep(Duration::from_millis(20));
        }
        same = if given() > 0 && given() == before { same + 1 } else { 0 };
        before = given();
    }
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    let limit = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < limit, "it ends");
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!((status.exit_code(), given()), (143, before), "{}", said());
    assert!(!said().contains(FORCED), "it does not wait for its reader: {}", said());
    assert!(i64::try_from(MANY).unwrap() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_ends_on_a_signal_although_nobody_reads() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let line = |n: usize| format!("{{\"stream\":\"account-{n}\",\"type\":\"T\",\"data\":{{\"n\":{n}}}}}\n");
    let filled = place.run_with_input(&["import", "-"], &(0..MANY).map(line).collect::<String>());
    assert_eq!(filled.status, 0, "{filled:?}");
    for arguments in [
        &["get", "account", "--batch-size", "-1"][..],
        &["get", "account", "--batch-size", "-1", "--format", "text"],
        &["export"],
        &["export", "-o", "/dev/stdout"],
        &["completions", "bash"],
        &["stats", "streams"],
    ] {
        let mut child = start(&place, arguments);
        let told = told_by(&mut child);
        fills_its_output(&child);
        assert_eq!(ended_by(&mut child, &told, Signal::TERM).0, Some(143), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn export_reports_its_progress_although_nobody_reads() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, MANY);
    let mut child = start(&place, &["export"]);
    let told = told_by(&mut child);
    fills_its_output(&child);
    let answer = asked(&child, &told);
    assert!(answer.contains(" messages, ") && answer.contains(" a second"), "{answer}");
    assert_eq!(ended_by(&mut child, &told, Signal::TERM).0, Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn export_to_a_named_pipe_that_nobody_opens_ends_on_a_signal() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, 3);
    let path = place.user.home().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let mut child = start(&place, &["export", "-o", path.to_str().unwrap()]);
    let told = told_by(&mut child);
    // It also answers while it waits for somebody to open the pipe.
    wait_until_it_catches(&child, Signal::USR1);
    assert!(asked_for_messages(&child, &told).contains("0 messages"));
    assert_eq!(ended_by(&mut child, &told, Signal::TERM).0, Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn import_reports_its_progress_and_ends_without_input() {
    let place = Place::new(Kind::OursOnPostgres).await;
    let mut child = start(&place, &["import"]);
    let told = told_by(&mut child);
    wait_until_it_catches(&child, Signal::USR1);
    assert!(asked_for_messages(&child, &told).contains("0 messages"));
    assert_eq!(ended_by(&mut child, &told, Signal::TERM).0, Some(143));
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_reports_its_position_although_a_command_that_it_runs_does_not_end() {
    let place = Place::new(Kind::OursOnPostgres).await;
    fill(&place, 3);
    let [begun, end] = ["begun", "end"].map(|name| place.user.home().join(name));
    let line = format!("touch {}; until [ -e {} ]; do sleep 0.05; done", begun.display(), end.display());
    let mut child = start(&place, &["tail", "--from", "start", "--exec", &line]);
    let told = told_by(&mut child);
    let limit = Instant::now() + LIMIT;
    while !begun.exists() {
        assert!(Instant::now() < limit, "the command runs");
        std::thread::sleep(Duration::from_millis(10));
    }
    signal(&child, Signal::TERM);
    let status = ends(&mut child);
    // The command has a process group of its own and goes on.
    std::fs::write(&end, "").unwrap();
    let rest: Vec<String> = told.iter().collect();
    let expected =
        [format!("streamscope: {FORCED}"), "streamscope: 0 messages, complete to 0; continue with --from 1".to_owned()];
    assert_eq!((status, &rest[..]), (Some(143), &expected[..]));
}

/// Waits until a child has a handler for a signal. Without one, the signal would end it.
pub(super) fn wait_until_it_catches(child: &Child, number: Signal) {
    let limit = Instant::now() + LIMIT;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim();
        if u64::from_str_radix(caught, 16).unwrap() & (1 << (number.as_raw() - 1)) != 0 {
            return;
        }
        assert!(Instant::now() < limit, "it listens");
        std::thread::sleep(Duration::from_millis(10));
    }
}
