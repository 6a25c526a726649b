//! The command `diff`: compares two messages, or the state of one stream at two points.

use clap::Args;
use futures_util::TryStreamExt as _;

use super::message_name;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::paint::{Look, paint};
use crate::cli::output::{Output, json};
use crate::cli::unreadable::Unreadable;
use crate::fold::Merged;
use crate::json::difference::{Change, Difference};
use crate::json::document::Document;
use crate::message::{Message, Position, StreamName};
use crate::safe_text::safe;
use crate::store::Namespace;
use crate::store::trace::Reference;

const HELP: &str = "\
A message is named by STREAM@POSITION, a global position or an ID. For two positions of one stream, diff compares the \
states at these points, merged as fold does without a program. With --messages, it compares the two messages, as for \
any other pair. Values are compared exactly, by JSON path: 1 and 1.0 count as respelled.

Lines begin with + (added), - (removed), ~ (changed) or = (the same number, respelled).

JSON keys: path, change (added, removed, changed or respelled), before, after

Exit status: 0, or with --exit-code 1 if there are differences

Examples:
  streamscope -n shop diff account-1@3 account-1@7
  streamscope -n shop diff account-1@3 account-1@7 --messages
  streamscope -n shop diff 4711 4712 --format json
  streamscope -n shop diff order-1@0 order-2@0 --exit-code > /dev/null";

/// Compare two messages, or the state of a stream at two points
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct DiffArguments {
    /// First message: STREAM@POSITION, global position or ID
    pub a: String,
    /// Second message
    pub b: String,
    /// Compare the messages, even if both are positions of one stream
    #[arg(long)]
    pub messages: bool,
    /// Exit with status 1 if there are differences
    #[arg(long)]
    pub exit_code: bool,
}

/// A comparison whose arguments are valid.
#[derive(Debug)]
pub(crate) struct Prepared {
    names: [String; 2],
    references: [Reference; 2],
    messages: bool,
    exit_code: bool,
}

impl Prepared {
    /// Checks the arguments.
    ///
    /// # Errors
    /// [`Status::Usage`] for anything but messages.
    pub(crate) fn new(arguments: &DiffArguments) -> Result<Self> {
        Ok(Self {
            names: [arguments.a.clone(), arguments.b.clone()],
            references: [message_name::reference(&arguments.a)?, message_name::reference(&arguments.b)?],
            messages: arguments.messages,
            exit_code: arguments.exit_code,
        })
    }
}

/// Runs the command.
///
/// # Errors
/// [`Status::NotFound`] for an absent message, [`Status::Failed`] without a text for differences with `--exit-code`,
/// and the errors of the store.
pub(super) async fn run(namespace: &Namespace, prepared: &Prepared, output: &mut Output) -> Result<()> {
    let [a, b] = &prepared.references;
    let [a_name, b_name] = &prepared.names;
    let (first, second) = (message(namespace, a_name, a).await?, message(namespace, b_name, b).await?);
    let mut unreadable = Unreadable::default();
    let (before, after) = if first.stream == second.stream && first.position != second.position && !prepared.messages {
        let (before, seen) = state(namespace, &first.stream, first.position).await?;
        let (after, seen_too) = state(namespace, &second.stream, second.position).await?;
        // The later state includes the messages of the earlier one.
        unreadable.and(if first.position > second.position { seen } else { seen_too });
        (before, after)
    } else {
        unreadable.see(&first);
        unreadable.see(&second);
        (content(&first), content(&second))
    };
    let difference = between(before, after)?;
    print(&difference, "", output)?;
    output.finish()?;
    unreadable.print_report();
    if prepared.exit_code && difference.len() > 0 {
        return Err(CommandError::new(Status::Failed, String::new()));
    }
    Ok(())
}

async fn message(namespace: &Namespace, name: &str, reference: &Reference) -> Result<Message> {
    let found = match reference {
        Reference::Position(stream, position) => namespace.message_at(stream, *position).await?,
        Reference::GlobalPosition(position) => namespace.message(*position).await?,
        Reference::Id(id) => namespace.message_by_id(*id).await?,
        Reference::Metadata(..) => None,
    };
    found.ok_or_else(|| message_name::absent(namespace, name, reference))
}

/// Returns the merged state of a stream up to a position, and which of its messages cannot be read.
async fn state(namespace: &Namespace, stream: &StreamName, position: Position) -> Result<(String, Unreadable)> {
    let (mut merged, mut unreadable) = (Merged::new(), Unreadable::default());
    let mut messages = namespace.stream_messages(stream, 0, -1).await?;
    while let Some(message) = messages.try_next().await? {
        if message.position > position {
            break;
        }
        unreadable.see(&message);
        merged.merge(message.data.as_deref(), 0).map_err(|problem| {
            CommandError::new(
                Status::Failed,
                format!("the data at position {} is not JSON: {problem}", message.position),
            )
        })?;
    }
    Ok((merged.text(), unreadable))
}

/// Returns what can differ between two messages on purpose: type, data and metadata.
fn content(message: &Message) -> String {
    let body = |body: &Option<String>| body.clone().unwrap_or_else(|| "null".to_owned());
    format!(
        "{{\"type\": {}, \"data\": {}, \"meta\": {}}}",
        serde_json::Value::from(message.message_type.as_str()),
        body(&message.data),
        body(&message.metadata)
    )
}

fn between(before: String, after: String) -> Result<Difference> {
    let document = |text: String| {
        Document::parse(text).map_err(|problem| CommandError::new(Status::Failed, format!("cannot compare: {problem}")))
    };
    Ok(Difference::between(document(before)?, document(after)?))
}

/// Prints the differences between two JSON texts, each line after an indentation.
pub(super) fn print_changes(before: String, after: String, indentation: &str, output: &mut Output) -> Result<()> {
    print(&between(before, after)?, indentation, output)
}

fn print(difference: &Difference, indentation: &str, output: &mut Output) -> Result<()> {
    for (path, change) in difference.iter() {
        let (sign, name, before, after) = match change {
            Change::Added(after) => ('+', "added", None, Some(after)),
            Change::Removed(before) => ('-', "removed", Some(before), None),
            Change::Changed { before, after } => ('~', "changed", Some(before), Some(after)),
            Change::Respelled { before, after } => ('=', "respelled", Some(before), Some(after)),
        };
        if output.is_json() {
            let mut object = json::Object::begin(output.buffer()).string("path", &path).string("change", name);
            for (key, value) in [("before", before), ("after", after)] {
                if let Some(value) = value {
                    object = object.raw(key, value);
                }
            }
            object.end();
            output.line_done()?;
            continue;
        }
        let values: Vec<String> = [before, after].into_iter().flatten().map(|value| safe(value).to_string()).collect();
        let line = format!("{sign} {} = {}", safe(&path), values.join(" → "));
        let look = match sign {
            '+' => Look::Added,
            '-' => Look::Failure,
            _ => Look::Changed,
        };
        let line = if output.colour { paint(look, &line) } else { line };
        output.line(&format!("{indentation}{line}"))?;
    }
    Ok(())
}
