//! `get`, `last` and `version`: messages read whole and printed as they arrive, never collected.

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

/// What `get` is to read, checked before anything is opened.
#[derive(Debug)]
pub struct Get {
    name: Name,
    options: CategoryOptions,
    from: Point,
    /// None for all.
    limit: Option<i64>,
    matching: MatchingArguments,
}

impl Get {
    /// From the command line.
    ///
    /// # Errors
    /// [`Status::Usage`] for names and consumer groups that cannot be, and for options of a category on a stream.
    pub fn new(arguments: &GetArguments) -> Result<Self> {
        let name = Name::new(&arguments.name)?;
        let consumer_group = match (arguments.consumer_group_member, arguments.consumer_group_size) {
            (Some(member), Some(size)) => Some(ConsumerGroup::new(member, size).map_err(Failure::usage)?),
            _ => None,
        };
        let correlation = arguments.correlation.clone().map(Category::new).transpose()?;
        if matches!(name, Name::Stream(_)) && (consumer_group.is_some() || correlation.is_some()) {
            let what = format!("{} is a stream; --correlation and --consumer-group-… read a category", arguments.name);
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

    /// The number that orders the messages.
    fn number(&self, message: &Message) -> i64 {
        if matches!(self.name, Name::Stream(_)) { message.position } else { message.global_position }
    }

    /// Begins to read; one message more than is wanted tells whether there are more.
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
/// The store's; what came before is printed.
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
        tell(&format!("streamscope: there are more messages; the same command with --from {number} goes on"));
    }
    outcome
}

/// `streamscope last`
///
/// # Errors
/// [`Status::NotFound`] where there is none; the store's.
pub async fn last(namespace: &Namespace, arguments: &LastArguments, output: &mut Output) -> Result<()> {
    let stream = stored(&arguments.stream)?;
    let Some(message) = namespace.last_stream_message(&stream, arguments.message_type.as_deref()).await? else {
        return Err(match &arguments.message_type {
            _ if is_category(&stream) => no_stream(&stream, "last"),
            Some(message_type) => {
                Failure::new(Status::NotFound, format!("no message of type {message_type} in stream {stream}"))
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

/// `streamscope version`: a bare number in both formats.
///
/// # Errors
/// [`Status::Usage`] for a category; the store's.
pub async fn version(namespace: &Namespace, stream: &str, output: &mut Output) -> Result<()> {
    let stream = stored(stream)?;
    let version = namespace.stream_version(&stream).await?;
    if version.is_none() && is_category(&stream) {
        return Err(no_stream(&stream, "version"));
    }
    Ok(output.line(&version.unwrap_or(-1).to_string())?)
}

/// A stream to look at: any name that a store could hold, also one without an id.
fn stored(name: &str) -> Result<StreamName> {
    Name::new(name)?;
    Ok(StreamName::stored(name))
}

/// Whether a name is that of a category. A store can hold a stream of this name all the same.
fn is_category(name: &StreamName) -> bool {
    matches!(Name::new(name.as_str()), Ok(Name::Category(_)))
}

/// A command that wants a stream was given a category.
fn no_stream(category: &StreamName, command: &str) -> Failure {
    let streams = shell_word(category.as_str()).map(|word| format!("streamscope streams {word} lists its streams"));
    let failure = Failure::usage(format!("{category} is a category; {command} wants a stream, such as {category}-1"));
    if let Some(streams) = streams { failure.remedy(streams) } else { failure }
}
