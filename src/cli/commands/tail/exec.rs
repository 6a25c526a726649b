//! `tail --exec`: runs a command for each message. Messages of one stream are handled in order, and those of several
//! streams side by side if `--jobs` allows it. It never decides which messages are handled.

use std::collections::{BTreeSet, VecDeque};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::AsyncWriteExt as _;

use super::position_file::HandledMessage;
use crate::backoff::Backoff;
use crate::child_environment::without_secrets;
use crate::cli::output::json;
use crate::cli::stderr;
use crate::message::{GlobalPosition, Message};

/// The longest pause between two attempts with `--on-error retry`.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a waiting retry checks whether it should stop.
const LOOK: Duration = Duration::from_millis(100);

/// What to do if the command fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// End with an error, so that the message is handled again next time.
    Stop,
    /// Report the failure and go on.
    Skip,
    /// Run the command again, with growing pauses.
    Retry,
}

/// A command that handles messages.
pub(super) struct Exec {
    line: String,
    jobs: usize,
    on_error: OnError,
    /// No further command is started.
    stopped: AtomicBool,
}

/// What became of some messages.
pub(super) struct Handled {
    /// Every message up to this one was handled. None if not even the first was.
    pub complete: Option<HandledMessage>,
    /// The number of messages handled.
    pub messages: u64,
    /// The first message that was not handled.
    pub open: Option<GlobalPosition>,
    /// Why the command failed, if that ended the work.
    pub failure: Option<String>,
}

impl Exec {
    pub(super) fn new(line: String, jobs: usize, on_error: OnError) -> Self {
        Self { line, jobs: jobs.max(1), on_error, stopped: AtomicBool::new(false) }
    }

    /// Starts no further command. Those that run are waited for.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Handles messages, given in order of global position. Starts them in this order, except that a message waits for
    /// the one before it in its stream.
    pub(super) async fn handle(&self, messages: &[&Message]) -> Handled {
        let mut waiting: VecDeque<usize> = (0..messages.len()).collect();
        let mut busy: BTreeSet<&str> = BTreeSet::new();
        let mut running = FuturesUnordered::new();
        let (mut done, mut failure) = (vec![false; messages.len()], None);
        loop {
            while running.len() < self.jobs && !self.is_stopped() {
                let free = waiting.iter().position(|index| !busy.contains(messages[*index].stream.as_str()));
                let Some(index) = free.and_then(|place| waiting.remove(place)) else { break };
                busy.insert(messages[index].stream.as_str());
                running.push(async move { (index, self.run_until_done(messages[index]).await) });
            }
            let Some((index, outcome)) = running.next().await else { break };
            busy.remove(messages[index].stream.as_str());
            match outcome {
                Ok(handled) => done[index] = handled,
                Err(why) => {
                    self.stop();
                    failure.get_or_insert(why);
                }
            }
        }
        let first_open = done.iter().position(|done| !done);
        let prefix = first_open.unwrap_or(messages.len());
        Handled {
            complete: prefix.checked_sub(1).map(|last| messages[last].into()),
            messages: done.iter().filter(|done| **done).count() as u64,
            open: first_open.map(|index| messages[index].global_position),
            failure,
        }
    }

    /// Runs the command for one message. Returns false if it should stop before the message was handled.
    async fn run_until_done(&self, message: &Message) -> Result<bool, String> {
        let mut backoff = Backoff::up_to(LONGEST_PAUSE);
        loop {
            let Err(why) = self.run(message).await else { return Ok(true) };
            let (stream, position) = (&message.stream, message.position);
            let why =
                format!("the command {why} for {stream}@{position} (global position {})", message.global_position);
            match self.on_error {
                OnError::Stop => return Err(why),
                OnError::Skip => {
                    stderr::line(&format!("streamscope: {why}; skipped"));
                    return Ok(true);
                }
                OnError::Retry => {
                    let pause = backoff.pause();
                    stderr::line(&format!("streamscope: {why}; next attempt in {:.1} s", pause.as_secs_f64()));
                    let until = tokio::time::Instant::now() + pause;
                    while tokio::time::Instant::now() < until {
                        if self.is_stopped() {
                            return Ok(false);
                        }
                        tokio::time::sleep(LOOK.min(pause)).await;
                    }
                }
            }
        }
    }

    /// Runs the command once. The error says how it ended.
    async fn run(&self, message: &Message) -> Result<(), String> {
        let mut line = Vec::new();
        json::message(&mut line, message, false);
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(&self.line).stdin(Stdio::piped());
        without_secrets(&mut command);
        // Ctrl-C ends this program, which waits for the command, but not the command.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        for (name, value) in [
            ("STREAMSCOPE_MESSAGE_ID", message.id.to_string()),
            ("STREAMSCOPE_MESSAGE_STREAM", message.stream.to_string()),
            ("STREAMSCOPE_MESSAGE_TYPE", message.message_type.clone()),
            ("STREAMSCOPE_MESSAGE_POSITION", message.position.to_string()),
            ("STREAMSCOPE_MESSAGE_GLOBAL_POSITION", message.global_position.to_string()),
        ] {
            command.env(name, value);
        }
        let mut child = tokio::process::Command::from(command)
            .spawn()
            .map_err(|error| format!("could not be started ({error})"))?;
        let input = child.stdin.take();
        let feed = async {
            if let Some(mut input) = input {
                // A command need not read its input.
                let _ = input.write_all(&line).await;
                let _ = input.shutdown().await;
            }
        };
        let ((), status) = tokio::join!(feed, child.wait());
        let status: ExitStatus = status.map_err(|error| format!("ended without a status ({error})"))?;
        if status.success() { Ok(()) } else { Err(format!("failed ({status})")) }
    }
}
