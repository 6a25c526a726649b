//! `get`, `last` and `version`: reads messages and prints them as they arrive. This module never collects them.

use futures_util::StreamExt as _;
use futures_util::stream;

use super::arguments::{GetArguments, LastArguments};
use super::failure::{Failure, Result, Status};
use super::output::messages::MessageTable;
use super::output::paint::{Look, paint};
use super::output::table::record;
use super::output::time::rfc3339_text;
use super::output::{Output, json, tell};
use super::selection::{MatchingArguments, Point};
use super::unreadable::Unreadable;
use crate::json::pretty;
use crate::message::{Category, ConsumerGroup, Message, Name, StreamName};
use crate::pasteable::shell_word;
use crate::safe_text::safe;
use crate::store::read::{CategoryOptions, Messages};
use crate::store::{Namespace, StoreError};

/// The arguments of `get`, checked before anything is opened.
#[derive(Debug)]
pub struct Get {
    name: Name,
    options: CategoryOptions,
    from: Point,
    /// `None` for all.
    limit: Option<i64>,
    matching: MatchingArguments,
}

impl Get {
    /// Checks the arguments.
    ///
    /// # Errors
    /// Returns [`Status::Usage`] for invalid names and consumer groups, and for options of categories with a stream.
    pub fn new(arguments: &GetArguments) -> Result<Self> {
        let name = Name::new(&arguments.name)?;
        let consumer_group = match (arguments.consumer_group_member, arguments.consumer_group_size) {
            (Some(member), Some(size)) => Some(ConsumerGroup::new(member, size).map_err(Failure::usage)?),
            _ => None,
        };
        let correlation = arguments.correlation.clone().map(Category::new).transpose()?;
        if matches!(name, Name::Stream(_)) && (consumer_group.is_some() || correlation.is_some()) {
            let what =
                format!("{} is a stream; --correlation and --consumer-group-member need a category", arguments.name);
            return Err(Failure::usage(what));
        }
        Ok(Self {
            name,
            options: CategoryOptions { correlation, consumer_group },
            from: arguments.from,
            limit: (arguments.limit >= 0).then_some(arguments.limit),
            matching: arguments.matching.clone(),
        })
    }

    /// Returns the position by which the messages are ordered.
    fn number(&self, message: &Message) -> i64 {
        if matches!(self.name, Name::Stream(_)) { message.position } else { message.global_position }
    }

    /// Starts reading. Asks for one message above the limit, to learn whether more follow.
    async fn messages(&self, namespace: &Namespace) -> Result<Messages> {
        let mut filter = self.matching.filter(namespace).await?;
        let from = match self.from {
            Point::Start => 0,
            Point::Position(position) => position,
            Point::Now => return Ok(stream::empty().boxed()),
            Point::Time(time) => {
                filter.since = Some(time);
                match self.name {
                    Name::Stream(_) => 0,
                    Name::Category(_) => namespace.between(Some(time), None).await?.0.saturating_add(1),
                }
            }
        };
        let wanted = self.limit.map_or(-1, |limit| limit.saturating_add(1));
        Ok(namespace.matching_messages(&self.name, from, wanted, &self.options, &filter).await?)
    }
}

/// `streamscope get`
///
/// # Errors
/// Returns the errors of the store, after printing the messages before the error.
pub async fn get(namespace: &Namespace, get: &Get, output: &mut Output) -> Result<()> {
    let mut messages = get.messages(namespace).await?;
    let mut table = MessageTable::new(matches!(get.name, Name::Stream(_)));
    let (mut given, mut beyond, mut unreadable) = (0, None, Unreadable::default());
    let outcome = loop {
        let message = match messages.next().await {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.into()),
            Some(Ok(message)) => message,
        };
        if get.limit.is_some_and(|limit| given >= limit) {
            beyond = Some(get.number(&message));
            break Ok(());
        }
        given += 1;
        unreadable.see(&message);
        if output.is_json() {
            let terminal = output.terminal;
            json::message(output.buffer(), &message, terminal);
            output.line_done()?;
        } else {
            table.row(output, &message, &mut |_, _| ())?;
        }
    };
    table.flush(output, &mut |_, _| ())?;
    let unreadable = unreadable.report();
    if beyond.is_some() || unreadable.is_some() {
        output.finish()?;
    }
    if let Some(what) = unreadable {
        tell(&format!("streamscope: {what}"));
    }
    if let Some(number) = beyond {
        tell(&format!("streamscope: more messages follow; continue with --from {number}"));
    }
    outcome
}

/// `streamscope last`
///
/// # Errors
/// Returns [`Status::NotFound`] if there is no such message, and the errors of the store.
pub async fn last(namespace: &Namespace, arguments: &LastArguments, output: &mut Output) -> Result<()> {
    let stream = stored(&arguments.stream)?;
    let Some(message) = namespace.last_stream_message(&stream, arguments.message_type.as_deref()).await? else {
        return Err(match &arguments.message_type {
            _ if is_category(&stream) => no_stream(&stream, "last"),
            Some(message_type) => {
                Failure::new(Status::NotFound, format!("stream {stream} has no message of type {message_type}"))
            }
            None => StoreError::StreamNotFound(arguments.stream.clone()).into(),
        });
    };
    let mut unreadable = Unreadable::default();
    unreadable.see(&message);
    if let Some(what) = unreadable.report() {
        tell(&format!("streamscope: {what}"));
    }
    if output.is_json() {
        let terminal = output.terminal;
        json::message(output.buffer(), &message, terminal);
        return Ok(());
    }
    whole(&message, output)
}

fn whole(message: &Message, output: &mut Output) -> Result<()> {
    let fields = [
        ("stream", message.stream.as_str()),
        ("position", &message.position.to_string()),
        ("global position", &message.global_position.to_string()),
        ("type", &message.message_type),
        ("id", &message.id.to_string()),
        ("time", &rfc3339_text(message.time)),
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

/// `streamscope version`: prints a bare number in both formats.
///
/// # Errors
/// Returns [`Status::Usage`] for a category, and the errors of the store.
pub async fn version(namespace: &Namespace, stream: &str, output: &mut Output) -> Result<()> {
    let stream = stored(stream)?;
    let version = namespace.stream_version(&stream).await?;
    if version.is_none() && is_category(&stream) {
        return Err(no_stream(&stream, "version"));
    }
    Ok(output.line(&version.unwrap_or(-1).to_string())?)
}

/// Parses the name of a stream to read. A store can hold streams whose names have no ID part.
fn stored(name: &str) -> Result<StreamName> {
    Name::new(name)?;
    Ok(StreamName::stored(name))
}

/// Returns whether a name is that of a category. A store can still hold a stream with this name.
fn is_category(name: &StreamName) -> bool {
    matches!(Name::new(name.as_str()), Ok(Name::Category(_)))
}

/// A category was passed to a command that needs a stream.
fn no_stream(category: &StreamName, command: &str) -> Failure {
    let streams = shell_word(category.as_str()).map(|word| format!("To list its streams: streamscope streams {word}"));
    let failure = Failure::usage(format!("{category} is a category; {command} needs a stream such as {category}-1"));
    if let Some(streams) = streams { failure.remedy(streams) } else { failure }
}
