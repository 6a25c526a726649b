//! `get`, `last` and `version`: messages read whole and printed as they arrive, never collected.

use futures_util::StreamExt as _;

use super::arguments::{GetArguments, LastArguments};
use super::failure::{Failure, Result, Status};
use super::output::table::{Column, Table, record};
use super::output::time::{for_people, rfc3339_text};
use super::output::{Output, json};
use crate::json::pretty;
use crate::message::{Category, ConsumerGroup, Message, Name, StreamName};
use crate::safe_text::safe;
use crate::store::read::{CategoryOptions, Messages};
use crate::store::{Namespace, StoreError};

/// What `get` is to read, checked before anything is opened.
#[derive(Debug)]
pub struct Get {
    name: Name,
    options: CategoryOptions,
    position: i64,
    batch_size: i64,
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
        let options = CategoryOptions { correlation, consumer_group };
        Ok(Self { name, options, position: arguments.position, batch_size: arguments.batch_size })
    }
}

/// `streamscope get`
///
/// # Errors
/// The store's; what came before is printed.
pub async fn get(namespace: &Namespace, get: &Get, output: &mut Output) -> Result<()> {
    let messages = match &get.name {
        Name::Stream(stream) => namespace.stream_messages(stream, get.position, get.batch_size).await?,
        Name::Category(category) => {
            namespace.category_messages(category, get.position, get.batch_size, &get.options).await?
        }
    };
    if output.is_json() {
        return lines(messages, output).await;
    }
    rows(messages, matches!(get.name, Name::Category(_)), output).await
}

async fn lines(mut messages: Messages, output: &mut Output) -> Result<()> {
    let terminal = output.terminal;
    while let Some(message) = messages.next().await {
        json::message(output.buffer(), &message?, terminal);
        output.line_done()?;
    }
    Ok(())
}

async fn rows(mut messages: Messages, of_category: bool, output: &mut Output) -> Result<()> {
    let number = [Column::number("POSITION"), Column::number("GLOBAL")];
    let rest = [Column::time("TIME"), Column::text("TYPE"), Column::text("DATA")];
    let stream = if of_category { vec![Column::text("STREAM")] } else { Vec::new() };
    let mut table = Table::new(&[stream.as_slice(), &number, &rest].concat());
    let mut failure = None;
    while let Some(message) = messages.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => {
                failure = Some(error);
                break;
            }
        };
        let (position, global) = (message.position.to_string(), message.global_position.to_string());
        let time = for_people(message.time);
        let data = message.data.as_deref().unwrap_or_default();
        let cells = [message.stream.as_str(), &position, &global, &time, &message.message_type, data];
        table.row(output, if of_category { &cells } else { &cells[1..] })?;
    }
    table.finish(output)?;
    failure.map_or(Ok(()), |error| Err(error.into()))
}

/// `streamscope last`
///
/// # Errors
/// [`Status::NotFound`] where there is none; the store's.
pub async fn last(namespace: &Namespace, arguments: &LastArguments, output: &mut Output) -> Result<()> {
    let stream = stored(&arguments.stream)?;
    let Some(message) = namespace.last_stream_message(&stream, arguments.message_type.as_deref()).await? else {
        return Err(match &arguments.message_type {
            Some(message_type) => {
                Failure::new(Status::NotFound, format!("no message of type {message_type} in stream {stream}"))
            }
            None => StoreError::StreamNotFound(arguments.stream.clone()).into(),
        });
    };
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
        for line in pretty(body).lines() {
            output.line(&format!("  {}", safe(line)))?;
        }
    }
    Ok(())
}

/// `streamscope version`: a bare number in both formats.
///
/// # Errors
/// The store's.
pub async fn version(namespace: &Namespace, stream: &str, output: &mut Output) -> Result<()> {
    let version = namespace.stream_version(&stored(stream)?).await?;
    Ok(output.line(&version.unwrap_or(-1).to_string())?)
}

/// A stream to look at: any name that a store could hold, also one without an id.
fn stored(name: &str) -> Result<StreamName> {
    Name::new(name)?;
    Ok(StreamName::stored(name))
}
