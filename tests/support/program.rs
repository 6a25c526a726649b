//! Runs the built program as a user would, with a clean environment and an empty home directory.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A user with an empty home directory and no settings.
#[derive(Debug)]
pub(crate) struct User {
    home: TempDir,
}

/// The result of a run of the program.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Exit status, or 128 + n if signal n ended the program.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl User {
    pub(crate) fn new() -> Self {
        Self { home: TempDir::new().unwrap() }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Returns a command that runs the program in this user's environment, without the caller's `PG*`, URLs and XDG
    /// directories.
    pub(crate) fn command(&self) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_streamscope"))
    }

    /// Returns a command that runs another program in the same environment.
    pub(crate) fn command_of(&self, program: &str) -> Command {
        let home = self.home.path();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            // All users share the cache, because the embedded server unpacks 100 MB into an empty one.
            .env("XDG_CACHE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .env("XDG_RUNTIME_DIR", home)
            .env("LANG", "C.UTF-8")
            .current_dir(home)
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end with an empty standard input.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(self.command().args(arguments))
    }

    /// Runs the program to its end with `input` on standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Outcome {
        outcome_with_input(self.command().args(arguments), input)
    }
}

impl Default for User {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a command to its end.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    Outcome::from(output)
}

/// Returns the CPU time of a running process so far, in clock ticks.
pub(crate) fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the program is running");
    let fields: Vec<&str> = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Runs a command to its end with `input` on standard input.
pub(crate) fn outcome_with_input(command: &mut Command, input: &[u8]) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program may close its input without reading it.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Outcome::from(output)
}

impl From<std::process::Output> for Outcome {
    fn from(output: std::process::Output) -> Self {
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
        #[cfg(not(unix))]
        let signal: Option<i32> = None;
        Self {
            status: output.status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
