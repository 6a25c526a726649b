//! The command `fold`: computes the state of a stream up to a point, by merging data or with a jq program.

mod print;

use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;

use clap::Args;
use futures_util::stream::{Peekable, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use self::print::{Printer, Step};
use crate::bounded;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::{Output, json};
use crate::cli::selection::{is_category, needs_a_stream, stored_stream};
use crate::cli::unreadable::Unreadable;
use crate::fold::Merged;
use crate::fold::reducer::{Reducer, StepError};
use crate::json::{JsonProblem, check_stored};
use crate::locator::parse_time;
use crate::message::{Message, Position, StreamName};
use crate::store::read::Messages;
use crate::store::{Namespace, StoreError};
use crate::utf8;

const HELP: &str = "\
Without a program, fold merges the data of all messages by RFC 7386: members replace members, null removes them, and \
a message without data changes nothing. It prints each value with the message that set it last. An array is one \
value. Numbers keep their digits.

With a program, each message is one step: the jq program gets {\"state\", \"message\"} and returns the next state. The \
message has the keys of export: id, stream, type, pos, gpos, data, meta, time. The initial state is --init, or null. \
Integers and decimals keep their digits unless the program computes with decimals. A step may take 10 seconds, and on \
Linux the program may use 2 GiB of address space.

JSON keys: path, value, pos, type, time; with --steps: pos, gpos, type, time, state

Examples:
  streamscope -n shop fold account-1
  streamscope -n shop fold account-1 --at 7 --state
  streamscope -n shop fold account-1 --at '2026-03-01 12:00' --steps
  streamscope -n shop fold account-1 --init '{\"balance\": 0}' \\
    --jq '.message.data.amount as $n | .state | .balance += ($n // 0)'";

/// Compute the state of a stream at a point, and which message set each value
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct FoldArguments {
    /// Stream (category-id)
    pub stream: String,
    /// Fold up to this point, inclusive: a position, a time, or global:N
    #[arg(long, value_name = "POSITION|TIME|global:N", allow_hyphen_values = true)]
    pub at: Option<At>,
    /// Start with the message at this position
    #[arg(long, value_name = "POSITION", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    pub from: Position,
    /// Compute the next state with this jq program
    #[arg(long, value_name = "PROGRAM", conflicts_with = "jq_file", allow_hyphen_values = true)]
    pub jq: Option<String>,
    /// Read the jq program from a file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub jq_file: Option<PathBuf>,
    /// Start with this state
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub init: Option<String>,
    /// Print the state after each message
    #[arg(long)]
    pub steps: bool,
    /// Print the state as one JSON value, without the messages that set it
    #[arg(long, conflicts_with = "steps")]
    pub state: bool,
}

/// The last point to fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Position(i64),
    Global(i64),
    Time(Timestamp),
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(number) = text.strip_prefix("global:") {
            return number.parse().map(Self::Global).map_err(|_| format!("{number} is not a global position"));
        }
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        parse_time(text, Timestamp::now())
            .map(Self::Time)
            .ok_or_else(|| "use a position, global:N, or a time such as 2026-03-01, 12:00 or -2h (UTC)".to_owned())
    }
}

impl At {
    fn includes(self, message: &Message) -> bool {
        match self {
            Self::Position(position) => message.position <= position,
            Self::Global(position) => message.global_position <= position,
            Self::Time(time) => message.time <= time,
        }
    }
}

/// A fold whose arguments are valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    stream: StreamName,
    at: Option<At>,
    from: Position,
    program: Option<String>,
    init: Option<String>,
    steps: bool,
    state: bool,
}

impl Prepared {
    /// Checks the arguments and reads the program.
    ///
    /// # Errors
    /// [`Status::Usage`] for an invalid name, an initial state that is not JSON, or a program that cannot be read.
    pub(crate) fn new(arguments: &FoldArguments) -> Result<Self> {
        let program = match &arguments.jq_file {
            Some(path) => Some(read(path)?),
            None => arguments.jq.clone(),
        };
        let init = arguments.init.as_deref().map(|init| utf8::argument(init).to_owned());
        if let Some(init) = &init {
            check_stored(init)
                .map_err(|problem| CommandError::usage(format!("--init is not valid JSON: {problem}")))?;
        }
        if let Some(At::Position(at)) = arguments.at
            && at < arguments.from
        {
            let from = arguments.from;
            let wrong = format!("--at {at} is before the first message to fold, at position {from}");
            return Err(CommandError::usage(wrong));
        }
        Ok(Self {
            stream: stored_stream(&arguments.stream)?,
            at: arguments.at,
            from: arguments.from,
            program,
            init,
            steps: arguments.steps,
            state: arguments.state,
        })
    }
}

fn read(path: &std::path::Path) -> Result<String> {
    let failed = |what: String| CommandError::usage(format!("cannot read {}: {what}", path.display()));
    let bytes = bounded::read_file(path).map_err(|error| failed(error.to_string()))?;
    utf8::into_text(bytes).map_err(|error| failed(format!("it {error}")))
}

/// Runs the command.
///
/// # Errors
/// [`Status::NotFound`] for an absent stream, [`Status::Usage`] for a program that is not valid, [`Status::Failed`] for
/// one that fails, and the errors of the store.
pub(super) async fn run(namespace: &Namespace, prepared: Prepared, output: &mut Output) -> Result<()> {
    let mut messages = namespace.stream_messages(&prepared.stream, prepared.from, -1).await?.peekable();
    let is_empty = Pin::new(&mut messages).peek().await.is_none();
    if is_empty && namespace.stream_version(&prepared.stream).await?.is_none() {
        return Err(if is_category(&prepared.stream) {
            needs_a_stream(&prepared.stream, "fold")
        } else {
            StoreError::StreamNotFound(prepared.stream.to_string()).into()
        });
    }
    let mut unreadable = Unreadable::default();
    let outcome = match &prepared.program {
        Some(program) => reduce(messages, &prepared, program, output, &mut unreadable).await,
        None => merge(messages, &prepared, output, &mut unreadable).await,
    };
    output.finish()?;
    unreadable.print_report();
    outcome
}

async fn merge(
    mut messages: Peekable<Messages>,
    prepared: &Prepared,
    output: &mut Output,
    unreadable: &mut Unreadable,
) -> Result<()> {
    let not_json = |problem: JsonProblem, position: i64| {
        CommandError::new(Status::Failed, format!("the data at position {position} is not JSON: {problem}"))
    };
    let mut merged = match &prepared.init {
        Some(init) => Merged::with(init).map_err(|problem| not_json(problem, 0))?,
        None => Merged::new(),
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut printer = Printer::new(prepared.steps.then(|| merged.text()));
    while let Some(message) = messages.try_next().await? {
        if prepared.at.is_some_and(|at| !at.includes(&message)) {
            break;
        }
        unreadable.see(&message);
        let setter = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        merged.merge(message.data.as_deref(), setter).map_err(|problem| not_json(problem, message.position))?;
        let step = Step::of(&message);
        if prepared.steps {
            printer.step(&step, merged.text(), output)?;
        }
        steps.push(step);
    }
    match (prepared.steps, prepared.state) {
        (true, _) => Ok(()),
        (false, true) => print::state(&merged.text(), output),
        (false, false) => print::leaves(&merged, &steps, output),
    }
}

async fn reduce(
    mut messages: Peekable<Messages>,
    prepared: &Prepared,
    program: &str,
    output: &mut Output,
    unreadable: &mut Unreadable,
) -> Result<()> {
    let init = prepared.init.as_deref().unwrap_or("null");
    let mut reducer = Reducer::<Step>::begin(program, init).await.map_err(|error| {
        CommandError::new(if error.place.is_some() { Status::Usage } else { Status::Failed }, error.to_string())
    })?;
    let failed = |StepError { message, error }: StepError<Step>| {
        let at =
            message.map(|step| format!("at position {} ({}): ", step.position, step.message_type)).unwrap_or_default();
        let shown = format!("{at}{error}");
        CommandError { logged: Some(format!("{at}the program failed")), ..CommandError::new(Status::Failed, shown) }
    };
    let mut printer = Printer::new(prepared.steps.then(|| init.to_owned()));
    while let Some(message) = messages.try_next().await? {
        if prepared.at.is_some_and(|at| !at.includes(&message)) {
            break;
        }
        unreadable.see(&message);
        let step = Step::of(&message);
        let mut line = Vec::new();
        json::message(&mut line, &message, false);
        reducer.step(String::from_utf8_lossy(&line).into_owned(), step.clone()).await.map_err(failed)?;
        if prepared.steps {
            let state = reducer.state().await.map_err(failed)?;
            printer.step(&step, state, output)?;
        }
    }
    if prepared.steps {
        return Ok(());
    }
    print::state(&reducer.state().await.map_err(failed)?, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_every_form_of_a_point() {
        assert_eq!("7".parse(), Ok(At::Position(7)));
        assert_eq!("global:4711".parse(), Ok(At::Global(4_711)));
        assert!(matches!("2026-03-01 12:00".parse(), Ok(At::Time(_))));
        for wrong in ["", "global:", "global:x", "yesterday"] {
            assert!(wrong.parse::<At>().is_err(), "{wrong}");
        }
    }
}
