//! Runs the password command, which prints a password that expires, such as a cloud token. The command runs again for each
//! connection, and its output is neither stored nor shown.

use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::child_environment::without_secrets;

const LIMIT: Duration = Duration::from_secs(30);
/// Bytes kept of the output. Tokens take one or two kilobytes.
const LONGEST: u64 = 64 * 1024;
/// Characters of standard error in the error message.
const TOLD: usize = 500;

/// A command line for `sh` that prints a password.
#[derive(Clone)]
pub(super) struct PasswordCommand {
    line: String,
    limit: Duration,
}

impl PasswordCommand {
    pub(super) fn new(line: impl Into<String>) -> Self {
        Self { line: line.into(), limit: LIMIT }
    }

    /// Runs the command and returns the password.
    ///
    /// # Errors
    /// The reason, with the command's standard error and never its output.
    pub(super) async fn run(&self) -> Result<String, String> {
        let limit = self.limit;
        let ran = tokio::time::timeout(limit, self.output()).await;
        ran.unwrap_or_else(|_| Err(format!("the password command did not finish within {} s", limit.as_secs_f64())))
    }

    async fn output(&self) -> Result<String, String> {
        let failed = |what: String| format!("the password command {what}");
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        without_secrets(&mut command);
        let mut command = tokio::process::Command::from(command);
        let mut child =
            command.kill_on_drop(true).spawn().map_err(|error| failed(format!("could not be started: {error}")))?;
        let (printed, said) = (child.stdout.take(), child.stderr.take());
        // Both pipes are read at once, because the command blocks if either is full.
        let (printed, said, status) = tokio::join!(read(printed), read(said), child.wait());
        let status = status.map_err(|error| failed(format!("ended without a status: {error}")))?;
        if !status.success() {
            let said = String::from_utf8_lossy(&said);
            let said: String = said.trim().chars().take(TOLD).collect();
            return Err(failed(if said.is_empty() {
                format!("failed ({status})")
            } else {
                format!("failed ({status}): {said}")
            }));
        }
        let password = String::from_utf8(printed).map_err(|_| failed("printed text that is not UTF-8".to_owned()))?;
        let password =
            password.strip_suffix('\n').map_or(password.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
        match password {
            "" => Err(failed("printed nothing".to_owned())),
            text if text.contains(['\n', '\0']) => Err(failed("printed more than one line".to_owned())),
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

/// Reads a pipe to its end but keeps only the first [`LONGEST`] bytes, so that the command can end.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // A command that stops early shows this in its status.
        let _ = (&mut pipe).take(LONGEST).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
    }
    bytes
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
        assert_eq!(run("printf 'x\\r\\n'").await.as_deref(), Ok("x"));
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
    async fn endless_output_takes_no_memory() {
        assert!(run("yes").await.is_err());
    }
}
