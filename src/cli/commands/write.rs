//! `write`: builds a message from the command line and standard input, checks it before anything is opened, and writes
//! it once.
//!
//! Bodies go to the server unchanged. This module never prints or logs them.

use std::io::{self, IsTerminal as _};

use clap::Args;
use uuid::Uuid;

use crate::bounded;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::record;
use crate::cli::stderr;
use crate::json::check;
use crate::message::{ExpectedVersion, NewMessage, StreamName};
use crate::store::Namespace;
use crate::utf8;

const HELP: &str = "\
JSON is checked before anything is sent. Errors show the line and column.

JSON keys: id, stream, pos, gpos

Examples:
  streamscope -n shop write account-1 Deposited --data '{\"amount\": 11}'
  jq -n '{amount: 11}' | streamscope -n shop write account-1 Deposited --data -
  streamscope -n shop write account-1 Opened --expected-version none
  streamscope -n shop write account-1 Closed \\
    --metadata '{\"correlationStreamName\": \"order-7\"}'";

/// Write a message
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct WriteArguments {
    /// Stream to write to (category-id)
    pub stream: String,
    /// Type of the message
    #[arg(value_name = "TYPE")]
    pub message_type: String,
    /// Data as JSON, or - to read it from standard input
    #[arg(long, value_name = "JSON|-", default_value = "{}", allow_hyphen_values = true)]
    pub data: String,
    /// Metadata as JSON; NULL if omitted
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    pub metadata: Option<String>,
    /// ID of the message; a new UUID v7 if omitted
    #[arg(long, value_name = "UUID")]
    pub id: Option<Uuid>,
    /// Version that the stream must have: any, none (or -1: it must not exist), or the position of its last message
    #[arg(long, value_name = "any|none|N", default_value_t = ExpectedVersion::Any, allow_hyphen_values = true)]
    pub expected_version: ExpectedVersion,
}

/// Builds the message, and reads standard input if the arguments ask for it.
///
/// # Errors
/// Returns [`Status::Usage`] for a name that is not a stream name, for invalid JSON and for input that is not UTF-8.
pub(super) async fn message(arguments: &WriteArguments) -> Result<NewMessage> {
    let stream = StreamName::new(arguments.stream.clone())?;
    let (source, data) = if arguments.data == "-" {
        ("standard input", from_stdin().await?)
    } else {
        ("--data", utf8::argument(&arguments.data).to_owned())
    };
    checked(source, &data)?;
    let metadata = arguments.metadata.as_deref().map(|metadata| utf8::argument(metadata).to_owned());
    if let Some(metadata) = &metadata {
        checked("--metadata", metadata)?;
    }
    Ok(NewMessage {
        id: arguments.id.unwrap_or_else(Uuid::now_v7),
        stream,
        message_type: arguments.message_type.clone(),
        data,
        metadata,
        expected_version: arguments.expected_version,
    })
}

async fn from_stdin() -> Result<String> {
    if io::stdin().is_terminal() {
        stderr::line("streamscope: reading JSON from the terminal; press Ctrl-D to finish");
    }
    let read = tokio::task::spawn_blocking(|| bounded::read(io::stdin().lock(), bounded::MESSAGE));
    let bytes = read
        .await
        .map_err(io::Error::other)
        .flatten()
        .map_err(|error| CommandError::new(Status::Failed, format!("cannot read standard input: {error}")))?;
    utf8::into_text(bytes).map_err(|error| CommandError::usage(format!("standard input {error}")))
}

fn checked(source: &str, json: &str) -> Result<()> {
    check(json).map_err(|problem| CommandError::usage(format!("{source} is not valid JSON: {problem}")))
}

/// Runs the command.
///
/// # Errors
/// Returns the errors of the store, and [`Status::OutcomeUnknown`] if a signal comes before the answer.
pub(super) async fn run(
    namespace: &Namespace,
    message: &NewMessage,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let written = tokio::select! {
        biased;
        written = namespace.write(message) => written?,
        signal = interrupt.signalled() => {
            let reason = format!("interrupted by signal {signal} before the server answered");
            return Err(namespace.outcome_unknown(message, reason).into());
        }
    };
    if written.was_stored {
        stderr::line("streamscope: the message was already written by an earlier command with this ID");
    }
    if let Some(difference) = &written.differs {
        stderr::line(&format!("streamscope: {difference}"));
    }
    let (id, stream) = (written.id.to_string(), message.stream.as_str());
    if output.is_json() {
        Object::begin(output.buffer())
            .string("id", &id)
            .string("stream", stream)
            .number("pos", written.position)
            .number("gpos", written.global_position)
            .end();
    } else {
        let (position, global) = (written.position.to_string(), written.global_position.to_string());
        record(output, &[("id", &id), ("stream", stream), ("position", &position), ("global position", &global)])?;
    }
    output.finish_after(|| format!("the message was written as {stream}@{} with the ID {id}", written.position))
}
