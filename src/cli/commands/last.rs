//! The command `last`: prints the last message of a stream, or the last one of a type. In text, it prints the whole
//! message with its metadata and never cuts it.

use clap::Args;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::paint::{Look, paint};
use crate::cli::output::table::record;
use crate::cli::output::time::rfc3339_text;
use crate::cli::output::{Output, json};
use crate::cli::selection::{is_category, needs_a_stream, stored_stream};
use crate::cli::unreadable::Unreadable;
use crate::json::pretty;
use crate::message::Message;
use crate::safe_text::safe;
use crate::store::{Namespace, StoreError};

const HELP: &str = "\
If the stream has no messages, or none of the given type, the exit status is 4.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop last account-1
  streamscope -n shop last account-1 --type Deposited --format json | jq .data";

/// Print the last message of a stream
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct LastArguments {
    /// Stream (category-id)
    pub stream: String,
    /// Print the last message of this type
    #[arg(long = "type", value_name = "TYPE", allow_hyphen_values = true)]
    pub message_type: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Returns [`Status::NotFound`] if there is no such message, and the errors of the store.
pub(super) async fn run(namespace: &Namespace, arguments: &LastArguments, output: &mut Output) -> Result<()> {
    let stream = stored_stream(&arguments.stream)?;
    let Some(message) = namespace.last_stream_message(&stream, arguments.message_type.as_deref()).await? else {
        return Err(match &arguments.message_type {
            _ if is_category(&stream) => needs_a_stream(&stream, "last"),
            Some(message_type) => {
                CommandError::new(Status::NotFound, format!("stream {stream} has no message of type {message_type}"))
            }
            None => StoreError::StreamNotFound(arguments.stream.clone()).into(),
        });
    };
    let mut unreadable = Unreadable::default();
    unreadable.see(&message);
    unreadable.print_report();
    if output.is_json() {
        let terminal = output.terminal;
        json::message(output.buffer(), &message, terminal);
        return Ok(());
    }
    print_whole(&message, output)
}

fn print_whole(message: &Message, output: &mut Output) -> Result<()> {
    let fields = [
        ("stream", message.stream.as_str()),
        ("position", &message.position.to_string()),
        ("global position", &message.global_position.to_string()),
        ("type", &message.message_type),
        ("id", &message.id.to_string()),
        ("time", &rfc3339_text(message.time).replacen('T', " ", 1)),
    ];
    record(output, &fields)?;
    for (label, body) in [("data", &message.data), ("metadata", &message.metadata)] {
        let Some(body) = body else { continue };
        output.line(label)?;
        let text = pretty(body).lines().map(|line| safe(line).to_string()).collect::<Vec<_>>().join("\n");
        let text = if output.colour { paint(Look::Json, &text) } else { text };
        for line in text.lines() {
            output.line(&format!("  {line}"))?;
        }
    }
    Ok(())
}
