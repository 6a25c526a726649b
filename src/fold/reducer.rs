//! Runs a jq program over the messages of a stream: each step gets `{state, message}` and returns the next state. The
//! program runs in a process of its own, with limits on time and memory.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::protocol::{Answer, COMMAND, ProgramError, Request};

/// How long one step may take.
const STEP: Duration = Duration::from_secs(10);
/// Messages sent before their answers are read.
const AHEAD: usize = 64;
/// How much of what the process says before its end is read.
const LAST_WORDS: u64 = 4 * 1024;

/// A failed step, with the message that it failed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepError<M> {
    /// `None` if the program never began.
    pub message: Option<M>,
    pub error: ProgramError,
}

/// A program at work. `M` names a message in errors. Dropping it ends the process.
#[derive(Debug)]
pub(crate) struct Reducer<M> {
    child: Child,
    input: BufWriter<ChildStdin>,
    output: BufReader<ChildStdout>,
    /// Messages that were sent and not answered yet.
    sent: VecDeque<M>,
}

impl<M> Reducer<M> {
    /// Starts the process and compiles the program. `state` is a JSON text.
    ///
    /// # Errors
    /// The program is not valid, or the process cannot be started.
    pub(crate) async fn begin(program: &str, state: &str) -> Result<Self, ProgramError> {
        let mut child = std::env::current_exe()
            .and_then(|this| {
                Command::new(this)
                    .arg(COMMAND)
                    .env_clear()
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .kill_on_drop(true)
                    .spawn()
            })
            .map_err(|error| failed(format!("cannot start the jq process: {error}")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("cannot communicate with the jq process"));
        };
        let (input, output) = (BufWriter::new(input), BufReader::new(output));
        let mut reducer = Self { child, input, output, sent: VecDeque::new() };
        reducer.send(&Request::Begin { program: program.to_owned(), state: state.to_owned() }).await;
        match reducer.answer().await? {
            Answer::Failed(error) => Err(error),
            _ => Ok(reducer),
        }
    }

    /// Takes a step with a message, given as JSON. The failure can be that of an earlier step.
    ///
    /// # Errors
    /// The program failed, or exceeded its limits.
    pub(crate) async fn step(&mut self, message: String, named: M) -> Result<(), StepError<M>> {
        self.send(&Request::Message(message)).await;
        self.sent.push_back(named);
        if self.sent.len() >= AHEAD { self.settle().await } else { Ok(()) }
    }

    /// Takes a step with a message, given as JSON, and returns the state after it.
    ///
    /// # Errors
    /// The program failed, exceeded its limits, or the state is not JSON.
    pub(crate) async fn next_state(&mut self, message: String, named: M) -> Result<String, StepError<M>> {
        self.send(&Request::Message(message)).await;
        self.sent.push_back(named);
        self.state().await
    }

    /// Returns the state after all steps, as JSON.
    ///
    /// # Errors
    /// The program failed, exceeded its limits, or the state is not JSON.
    pub(crate) async fn state(&mut self) -> Result<String, StepError<M>> {
        self.settle().await?;
        let last = |error| StepError { message: None, error };
        self.send(&Request::State).await;
        match self.answer().await.map_err(last)? {
            Answer::State(state) => match crate::json::check_stored(&state) {
                Ok(()) => Ok(state),
                Err(problem) => Err(last(failed(format!("the state is not JSON: {problem}")))),
            },
            Answer::Failed(error) => Err(last(error)),
            Answer::Done => Err(last(failed("the jq process returned no state"))),
        }
    }

    /// Waits for the answers to all messages.
    async fn settle(&mut self) -> Result<(), StepError<M>> {
        while let Some(message) = self.sent.pop_front() {
            let error = match self.answer().await {
                Ok(Answer::Done) => continue,
                Ok(Answer::Failed(error)) | Err(error) => error,
                Ok(Answer::State(_)) => failed("the jq process returned an unexpected answer"),
            };
            return Err(StepError { message: Some(message), error });
        }
        Ok(())
    }

    /// Sends a request. A process that has ended is noticed when its answer is read.
    async fn send(&mut self, request: &Request) {
        // A process at its time limit reads nothing more, and its pipe is full.
        let _ = tokio::time::timeout(STEP, self.input.write_all(&request.encode())).await;
    }

    async fn answer(&mut self) -> Result<Answer, ProgramError> {
        let _ = tokio::time::timeout(STEP, self.input.flush()).await;
        let mut line = String::new();
        match tokio::time::timeout(STEP, self.output.read_line(&mut line)).await {
            Err(_) => Err(failed(format!("the program took longer than {} seconds and was stopped", STEP.as_secs()))),
            Ok(Ok(1..)) => Answer::decode(line.trim_end_matches('\n'))
                .ok_or_else(|| failed("the jq process returned an unexpected answer")),
            Ok(_) => Err(self.ended().await),
        }
    }

    /// Returns why the process has ended.
    async fn ended(&mut self) -> ProgramError {
        let mut words = String::new();
        if let Some(stderr) = self.child.stderr.take() {
            let _ = tokio::time::timeout(STEP, stderr.take(LAST_WORDS).read_to_string(&mut words)).await;
        }
        if words.contains("memory allocation") {
            return failed("the program used more than 2 GiB of memory and was stopped");
        }
        if words.contains("overflowed its stack") {
            return failed("the program or a value nests too deeply");
        }
        failed(format!("the jq process has ended: {}", words.lines().next().unwrap_or("no reason given")))
    }
}

fn failed(what: impl Into<String>) -> ProgramError {
    ProgramError { place: None, what: what.into() }
}
