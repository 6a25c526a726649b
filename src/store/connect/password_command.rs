//! Runs the password command, which prints a password that expires, such as a cloud token. The command runs again for
//! each connection, and its output is neither stored nor shown.

#[cfg(all(unix, feature = "cli"))]
mod background;

use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

#[cfg(all(unix, feature = "cli"))]
use self::background::Group;
use crate::child_environment::without_secrets;
use crate::utf8;

const LIMIT: Duration = Duration::from_secs(30);
/// Longest password in bytes, with line breaks. Tokens take one or two kilobytes.
const LONGEST: u64 = 64 * 1024;
/// Characters of standard error in the error message. The last ones say most, because programs print traces first.
const TOLD: usize = 500;
/// Bytes kept of standard error.
const KEPT: usize = 4 * TOLD;
/// How long standard error may stay open after the command has failed. A process that the command leaves behind, such
/// as the shared connection of ssh, may never close it.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A command line for `sh` that prints a password.
#[derive(Clone)]
pub(super) struct PasswordCommand {
    line: String,
    limit: Duration,
    /// The screen reads the terminal, so the command must not.
    #[cfg_attr(not(all(unix, feature = "cli")), expect(dead_code, reason = "only Unix has process groups"))]
    on_screen: bool,
}

impl PasswordCommand {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), limit: LIMIT, on_screen: false }
    }

    /// Keeps the command from reading the terminal.
    #[cfg(feature = "cli")]
    pub(super) fn keep_off_terminal(&mut self) {
        self.on_screen = true;
    }

    /// Runs the command and returns the password.
    ///
    /// # Errors
    /// The reason, with the command's standard error and never its output.
    pub(super) async fn run(&self) -> Result<String, String> {
        let limit = self.limit;
        let ran = tokio::time::timeout(limit, self.output()).await;
        let outcome = ran.unwrap_or_else(|_| Err(format!("did not finish within {} s", limit.as_secs_f64())));
        outcome.map_err(|what| format!("the password command {what}"))
    }

    async fn output(&self) -> Result<String, String> {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        without_secrets(&mut command);
        #[cfg(all(unix, feature = "cli"))]
        if self.on_screen {
            background::start_in_group(&mut command);
        }
        let mut command = tokio::process::Command::from(command);
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| format!("could not be started: {error}"))?;
        let (printed, said) = (child.stdout.take(), child.stderr.take());
        #[cfg(all(unix, feature = "cli"))]
        let group = self.on_screen.then(|| Group::of(&child)).flatten();
        let mut words = Vec::new();
        let finished = {
            let work = async {
                tokio::try_join!(read(printed), async {
                    child.wait().await.map_err(|error| format!("ended without a status: {error}"))
                })
            };
            #[cfg(all(unix, feature = "cli"))]
            let work = async {
                tokio::select! {
                    done = work => done,
                    () = background::stopped(group.as_ref()) => Err(
                        "asks for input on the terminal, which it cannot do while the screen runs".to_owned()
                    ),
                }
            };
            with_last_words(work, listen(said, &mut words)).await
        };
        let (printed, status): (Vec<u8>, ExitStatus) = finished?;
        #[cfg(all(unix, feature = "cli"))]
        if let Some(group) = group {
            group.let_live();
        }
        if !status.success() {
            let words = String::from_utf8_lossy(&words);
            let words = words.trim();
            let left_out = words.chars().count().saturating_sub(TOLD);
            let told: String = words.chars().skip(left_out).collect();
            let cut = if left_out > 0 { "…" } else { "" };
            return Err(match told.as_str() {
                "" => format!("failed ({status})"),
                told => format!("failed ({status}): {cut}{told}"),
            });
        }
        match utf8::text(&printed)
            .map_err(|problem| format!("printed text that {problem}"))?
            .trim_end_matches(['\r', '\n'])
        {
            "" => Err("printed nothing".to_owned()),
            text if text.contains(['\n', '\0']) => Err("printed more than one line".to_owned()),
            text => Ok(text.to_owned()),
        }
    }
}

impl std::fmt::Debug for PasswordCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The command line itself can contain a secret.
        f.write_str("PasswordCommand")
    }
}

/// Reads standard output to its end.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A command that stops early shows this in its status.
        let _ = pipe.take(LONGEST + 1).read_to_end(&mut bytes).await;
    }
    if bytes.len() as u64 > LONGEST { Err(format!("printed more than {} KiB", LONGEST / 1024)) } else { Ok(bytes) }
}

/// Reads standard error to its end, because the command blocks if the pipe is full, and keeps the last bytes.
async fn listen(pipe: Option<impl AsyncRead + Unpin>, last: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    while let Ok(1..) = pipe.read_buf(last).await {
        last.drain(..last.len().saturating_sub(KEPT));
    }
}

/// Waits for the work, and then a moment for the rest of what is listened to.
async fn with_last_words<T>(work: impl Future<Output = T>, listening: impl Future<Output = ()>) -> T {
    tokio::pin!(work, listening);
    tokio::select! {
        done = &mut work => {
            let _ = tokio::time::timeout(LAST_WORDS, listening).await;
            done
        }
        () = &mut listening => work.await,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    async fn run(line: &str) -> Result<String, String> {
        PasswordCommand { limit: Duration::from_millis(500), ..PasswordCommand::new(line) }.run().await
    }

    #[tokio::test]
    async fn the_password_is_the_output_without_the_line_break() {
        assert_eq!(run("echo t0ken").await.as_deref(), Ok("t0ken"));
        assert_eq!(run("printf 'a b '").await.as_deref(), Ok("a b "));
        for printed in ["x\\r\\n", "x\\n\\n", "\\357\\273\\277x\\n"] {
            assert_eq!(run(&format!("printf '{printed}'")).await.as_deref(), Ok("x"), "{printed}");
        }
    }

    #[tokio::test]
    async fn a_failure_quotes_standard_error_but_not_the_output() {
        let error = run("echo s3cret; echo 'no session' >&2; exit 3").await.expect_err("it fails");
        assert!(
            error.contains("exit status: 3") && error.contains("no session") && !error.contains("s3cret"),
            "{error}"
        );
        for line in ["true", "echo a; echo b", "printf '\\377'", "exec sleep 600", "absent-command"] {
            assert!(run(line).await.is_err(), "{line}");
        }
    }

    #[tokio::test]
    async fn reports_too_much_output_at_once_instead_of_cutting_the_password() {
        for line in ["yes", "yes | tr -d '\\n'"] {
            assert_eq!(run(line).await, Err("the password command printed more than 64 KiB".to_owned()));
        }
    }

    #[tokio::test]
    async fn quotes_the_end_of_a_long_standard_error() {
        let error = run("yes trace | head -n 100000 >&2; echo 'run: login' >&2; exit 1").await.expect_err("it fails");
        assert!(error.ends_with("run: login") && error.len() < 2 * TOLD, "{error}");
    }

    #[tokio::test]
    async fn does_not_wait_for_a_process_that_the_command_leaves_behind() {
        // It must not outlive the test by much, because it keeps what this process has inherited, such as a lock.
        assert_eq!(run("sleep 20 >/dev/null & echo t0ken").await.as_deref(), Ok("t0ken"));
        let error = run("sleep 20 >/dev/null & echo no >&2; exit 1").await.expect_err("it fails");
        assert!(error.ends_with(": no"), "{error}");
    }

    #[tokio::test]
    async fn names_another_encoding() {
        let error = run("printf 'x\\0y\\0'").await.expect_err("it is UTF-16");
        assert!(error.contains("UTF-16"), "{error}");
    }

    #[cfg(feature = "cli")]
    #[tokio::test]
    async fn on_the_screen_a_command_that_hangs_ends_with_all_its_processes() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let pid = directory.path().join("pid");
        let line = format!("sh -c 'echo $$ > {}; sleep 600' | cat", pid.display());
        let command =
            PasswordCommand { limit: Duration::from_millis(500), on_screen: true, ..PasswordCommand::new(line) };
        assert!(command.run().await.expect_err("it hangs").contains("did not finish"));
        let pid =
            std::fs::read_to_string(&pid).expect("a PID").trim().parse().ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.expect("a PID");
        for _ in 0..200 {
            if rustix::process::test_kill_process(pid).is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the process still runs");
    }
}
