//! Pastes the commands and the SQL that the screen copies into real shells and into psql, without bracketed paste.
//! Nothing may run before Enter, and then the program must receive exactly the copied names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::support::program::User;
use super::support::pty::Screen;
use super::support::stores::{Kind, TestStore};
use super::visit::Visit;
use pasteable::{command_line, shell_command, sql_identifier, sql_string};

// The functions are private, and only this binary has terminals and servers to paste into.
#[path = "../../src/pasteable.rs"]
#[allow(dead_code, reason = "the tests use only a part of it")]
mod pasteable;

/// Wide enough that no line wraps.
const WIDE: (u16, u16) = (1_500, 60);

/// Names with characters that are keys, quotes, expansions or comments in some shell.
const NAMES: [&str; 20] = [
    "account-1",
    "\u{15}touch ran\r",
    "\u{1b}[201~touch ran\r",
    "a'; touch ran; echo '",
    "\n",
    "touch ran\ntouch ran\n",
    "\ttab\t\t",
    "hi!touch",
    "!!",
    "^a^b",
    "~",
    "=ls",
    "-n",
    "%s\\n%",
    "\"$(touch ran)`touch ran`\\",
    "{a,b}*?[x] #no",
    "gr\u{f6}\u{df}e \u{8d26}\u{6237} \u{1f600}",
    "\u{c5}\u{8d}\u{9b}\u{85}v#",
    "\u{202e}\u{2028}\u{7f}\u{3}\u{4}\u{16}\u{1a}\u{1c}1",
    ":x :'y' $$ E'\\'",
];

/// Creates a `streamscope` that records its arguments, and returns its directory, which must come first in `PATH`.
fn noting(user: &User) -> PathBuf {
    let directory = user.home().join("bin");
    std::fs::create_dir(&directory).expect("a directory");
    let program = directory.join("streamscope");
    let script =
        "#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done > \"$HOME/new\"\nmv \"$HOME/new\" \"$HOME/words\"\n";
    std::fs::write(&program, script).expect("written");
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("executable");
    directory
}

/// Returns and deletes the recorded arguments.
fn words(home: &Path) -> Option<Vec<String>> {
    let noted = home.join("words");
    let text = std::fs::read_to_string(&noted).ok()?;
    std::fs::remove_file(&noted).expect("deleted");
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

/// Pastes the command for each name into a shell, without bracketed paste.
fn pasted_into(shell: &[&str], variables: &[(&str, &str)]) {
    let user = User::new();
    let path = format!("{}:{}", noting(&user).display(), std::env::var("PATH").expect("a PATH"));
    let variables = [&[("PATH", path.as_str()), ("PS1", "ready> "), ("PROMPT", "ready> ")], variables].concat();
    let mut screen = Screen::start_other(&user, shell, &variables, WIDE);
    for (index, name) in NAMES.into_iter().enumerate() {
        // The end of the paste on screen shows that the shell has read all of it.
        let end = format!("end-{index}");
        let command = command_line(&[], Some(name), &["get"], Some(name), &["--from", "7"]);
        let command = match command.strip_suffix(')').filter(|_| command.starts_with('(')) {
            Some(inside) => format!("{inside} {end})"),
            None => format!("{command} {end}"),
        };
        screen.wait("a prompt", |screen| screen.contents().matches("ready> ").count() == index + 1);
        screen.keys(&command).shows(&end);
        assert_eq!(words(user.home()), None, "{shell:?}: {command} ran before Enter");
        screen.keys("\r").wait(&command, |_| user.home().join("words").exists());
        let words = words(user.home()).expect("the recorded arguments");
        let given = if name.starts_with('-') {
            [&format!("--namespace={name}"), "get", "--from", "7", "--", name, &end].map(str::to_owned)
        } else {
            ["-n", name, "get", name, "--from", "7", &end].map(str::to_owned)
        };
        assert_eq!(words, given, "{shell:?}: {command}");
    }
    assert!(!user.home().join("ran").exists(), "{shell:?} ran a part of a name");
}

#[test]
fn copied_commands_wait_for_enter_in_sh_and_pass_exact_names() {
    pasted_into(&["sh", "-i"], &[]);
}

#[test]
fn copied_commands_wait_for_enter_in_bash_and_pass_exact_names() {
    for locale in ["C.UTF-8", "C"] {
        pasted_into(&["bash", "--norc", "-i"], &[("LC_ALL", locale), ("HISTFILE", "/dev/null")]);
    }
}

#[test]
fn copied_commands_wait_for_enter_in_zsh_and_pass_exact_names() {
    for locale in ["C.UTF-8", "C"] {
        pasted_into(&["zsh", "-f", "-i"], &[("LC_ALL", locale)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_sql_waits_for_enter_in_psql_and_has_the_same_meaning_under_both_settings_of_strings() {
    let store = TestStore::new(Kind::OursOnPostgres).await;
    let (client, url) = (store.client().await.expect("a server"), store.database.as_ref().expect("a database").url());
    client.batch_execute("create table pasted (setting text, name text)").await.expect("made");
    for setting in ["on", "off"] {
        let user = User::new();
        let options = format!("-c standard_conforming_strings={setting}");
        let variables = [("PGOPTIONS", options.as_str()), ("PSQL_HISTORY", "/dev/null"), ("PAGER", "cat")];
        let psql = ["psql", "-X", "-q", "-v", "PROMPT1=ready> ", "-v", "PROMPT2=more> ", url.as_str()];
        let mut screen = Screen::start_other(&user, &psql, &variables, WIDE);
        for (index, name) in NAMES.into_iter().enumerate() {
            let (string, column) = (sql_string(name), sql_identifier(name));
            let sql = format!(
                "insert into pasted select '{setting}', {column} from (select {string} as {column}) as end_{index};"
            );
            let pasted = async || -> Vec<String> {
                let names = "select name from pasted where setting = $1 order by ctid";
                let rows = client.query(names, &[&setting]).await.expect("the names");
                rows.iter().map(|row| row.get(0)).collect()
            };
            screen.wait("a prompt", |screen| screen.contents().matches("ready> ").count() == index + 1);
            screen.keys(&sql).shows(&format!("end_{index};"));
            assert_eq!(pasted().await, NAMES[..index], "{sql} ran before Enter");
            screen.keys("\r").wait(&sql, |screen| screen.contents().matches("ready> ").count() == index + 2);
            assert_eq!(pasted().await, NAMES[..=index], "{sql}\n{}", screen.contents());
        }
    }
}

/// Pasted lines as a terminal without bracketed paste sends them.
const UNMARKED: &str = "{\r\t\"amount\": 10,\r\t\"note\": \"quit with q, delete with D\"\r}\r";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paste_never_triggers_keys_and_never_writes() {
    let visit = Visit::with_accounts(Kind::OursOnPostgres).await;
    let mut screen = visit.screen(&["test/account-1"]);
    screen.shows("amount: 10");
    // Pastes into the panes: with marks, with an end mark inside, and without marks.
    screen.paste("q\rq").paste("x\x1b[201~q\r\x03").keys(UNMARKED);
    // A paste ends when no more text arrives. Keys work again after that.
    screen.keys_until("g", "1 of 3").keys("w").shows("Write a message").keys("Noted\r\r\r");
    screen.paste("{\"one\": 1,\r\"two\": 2}\x1b[201~\x13").shows_line(&["\"two\": 2}"]);
    // Nothing was written: the dialog is still open, and the stream is unchanged.
    screen.shows("Write a message");
    visit.wait_for_count(&format!("select count(*) from \"{}\".messages", visit.store.schema), 5).await;
    screen.keys_until("\x13", "Written to account-1 at position 3");
    let stored =
        visit.store.namespace.last_stream_message(&streamscope::message::StreamName::stored("account-1"), None).await;
    let data = stored.expect("read").expect("a message").data.expect("data");
    assert_eq!(data, "{\"one\": 1, \"two\": 2}");
    screen.keys("q");
    assert_eq!(screen.end().status, 0);
}

/// Returns the words that a shell parses from commands in a file, where no character is a key.
fn words_in(shell: &str, commands: &[String]) -> Vec<Vec<String>> {
    let script = commands.iter().fold(String::new(), |script, command| format!("{script}{command}\nprintf '\\1'\n"));
    let defined = format!("words() {{ for word; do printf '%s\\0' \"$word\"; done; }}\n{script}");
    let output = std::process::Command::new(shell).arg("-c").arg(defined).output().expect("the shell runs");
    assert!(output.stderr.is_empty(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let of_one = |words: &str| words.split_terminator('\0').map(str::to_owned).collect();
    // U+0001 separates the commands and is in none of the names.
    text.split_terminator('\u{1}').map(of_one).collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn every_shell_parses_any_quoted_text_as_one_word(texts in proptest::collection::vec("[^\0\u{1}]{0,20}", 20)) {
        let commands: Vec<String> = texts.iter().map(|text| shell_command(["words", text])).collect();
        for shell in ["sh", "bash", "zsh"] {
            let words: Vec<String> = words_in(shell, &commands).into_iter().flatten().collect();
            proptest::prop_assert_eq!(&words, &texts);
        }
    }
}
