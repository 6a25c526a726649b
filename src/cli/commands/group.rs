//! The command `group`: shows how a consumer group of a given size divides the streams of a category, from the newest
//! messages. Which member gets a stream depends only on its name.

use clap::Args;

use crate::cli::error::{CommandError, Result};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::group_load::{hundredths, loads, skew};
use crate::message::{Category, ConsumerGroup, StreamName};
use crate::numbers::{count, grouped};
use crate::store::Namespace;

const HELP: &str = "\
A stream belongs to the member that its cardinal ID hashes to, as in Message DB. A stream without an ID belongs to \
no member, so no member ever reads it.

Messages and streams are counted over the last messages of the category. Skew is the share of the busiest member, as \
a multiple of an even share.

Without --size, sizes 1 to 16 are compared. With --member, the streams of that member are listed. With --stream, \
only the member of that stream is printed, and no message is read.

JSON keys: size, member, messages, streams, percent. Without --size: size, skew. With --member: stream, size, \
member, messages

Examples:
  streamscope -n shop group account
  streamscope -n shop group account --size 3
  streamscope -n shop group account --size 3 --member 0 --last 1000
  streamscope -n shop group account --size 3 --stream account-123";

/// The sizes that are compared.
const SIZES: std::ops::RangeInclusive<i64> = 1..=16;
/// The largest size that Message DB's hash accepts in every version.
const LARGEST: i64 = 32_767;
/// The busiest streams to name.
const HOTTEST: usize = 5;

/// Show how a consumer group divides the streams of a category
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct GroupArguments {
    /// Category that the group reads
    pub category: String,
    /// Number of members
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub size: Option<i64>,
    /// List the streams of this member, counted from 0
    #[arg(long, value_name = "M", requires = "size", conflicts_with = "stream", allow_negative_numbers = true)]
    pub member: Option<i64>,
    /// Count over the last N messages
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub last: u32,
    /// Print the member of this stream
    #[arg(long, value_name = "NAME", requires = "size", allow_hyphen_values = true)]
    pub stream: Option<String>,
}

/// The checked arguments.
pub(crate) struct Prepared {
    category: Category,
    last: u32,
    show: Show,
}

enum Show {
    Sizes,
    Members(i64),
    Member(ConsumerGroup),
    Stream(StreamName, i64),
}

impl Prepared {
    /// Checks the arguments before anything is opened.
    pub(super) fn new(arguments: &GroupArguments) -> Result<Self> {
        let category = Category::new(arguments.category.clone())?;
        let show = match (arguments.size, arguments.member, &arguments.stream) {
            (None, ..) => Show::Sizes,
            (Some(size), ..) if size > LARGEST => {
                return Err(CommandError::usage(format!("size {size} is above the maximum, {}", grouped(32_767))));
            }
            (Some(size), Some(member), _) => {
                Show::Member(ConsumerGroup::new(member, size).map_err(CommandError::usage)?)
            }
            (Some(size), None, stream) => {
                ConsumerGroup::new(0, size).map_err(CommandError::usage)?;
                match stream {
                    Some(name) => {
                        let stream = StreamName::stored(name);
                        if stream.category() != category {
                            return Err(CommandError::usage(format!("{name} is not a stream of category {category}")));
                        }
                        Show::Stream(stream, size)
                    }
                    None => Show::Members(size),
                }
            }
        };
        Ok(Self { category, last: arguments.last, show })
    }
}

/// Runs the command.
///
/// # Errors
/// The errors of the store.
pub(super) async fn run(namespace: &Namespace, prepared: Prepared, output: &mut Output) -> Result<()> {
    let Prepared { category, last, show } = prepared;
    if let Show::Stream(stream, size) = &show {
        return one_stream(stream, *size, output);
    }
    let streams = namespace.activity(&category, last).await?;
    match show {
        Show::Sizes => sizes(&streams, output)?,
        Show::Members(size) => members(&streams, size, output)?,
        Show::Member(group) => streams_of(&streams, group, output)?,
        Show::Stream(..) => {}
    }
    output.finish()?;
    let messages: u64 = streams.iter().map(|(_, messages)| messages).sum();
    let counted = format!("{} in {}", count(messages, "message"), count(streams.len() as u64, "stream"));
    output.note(&format!("Counted over the last {counted}"));
    let without: Vec<&StreamName> =
        streams.iter().map(|(stream, _)| stream).filter(|stream| stream.cardinal_id().is_none()).collect();
    if let Some(first) = without.first() {
        let others = if without.len() > 1 { format!(" and {} more", without.len() - 1) } else { String::new() };
        let have = if without.len() > 1 { "they have" } else { "it has" };
        output.note(&format!("No member ever reads {first}{others}, because {have} no ID"));
    }
    Ok(())
}

fn one_stream(stream: &StreamName, size: i64, output: &mut Output) -> Result<()> {
    let member = ConsumerGroup::member_of(stream.as_str(), size);
    if output.is_json() {
        Object::begin(output.buffer())
            .string("stream", stream.as_str())
            .number("size", size)
            .number_or_null("member", member)
            .end();
        return Ok(output.line_done()?);
    }
    Ok(output
        .line(&member.map_or_else(|| "no member: the stream has no ID".to_owned(), |member| member.to_string()))?)
}

/// Returns the streams as [`loads`] takes them.
fn counted(streams: &[(StreamName, u64)]) -> impl Iterator<Item = (&StreamName, u64)> {
    streams.iter().map(|(stream, messages)| (stream, *messages))
}

fn members(streams: &[(StreamName, u64)], size: i64, output: &mut Output) -> Result<()> {
    let loads = loads(counted(streams), size);
    let total: u64 = loads.iter().map(|load| load.messages).sum();
    let mut table = Table::new(&[
        Column::text("MEMBER"),
        Column::number("MESSAGES"),
        Column::number("PERCENT"),
        Column::number("STREAMS"),
    ]);
    let without = loads.len() - 1;
    for (member, load) in loads.iter().enumerate() {
        if member == without && load.streams == 0 {
            continue;
        }
        let member = (member < without).then_some(member);
        let percent = hundredths(load.messages.saturating_mul(100), total);
        let percent = format!("{}.{:02}", percent / 100, percent % 100);
        if output.is_json() {
            Object::begin(output.buffer())
                .number("size", size)
                .number_or_null("member", member)
                .number("messages", load.messages)
                .number("streams", load.streams)
                .raw("percent", &percent)
                .end();
            output.line_done()?;
        } else {
            let member = member.map_or_else(|| "none".to_owned(), |member| member.to_string());
            table.row(output, &[&member, &grouped(load.messages), &percent, &grouped(load.streams)])?;
        }
    }
    table.finish(output)?;
    output.finish()?;
    output.note(&format!("Skew {}", skew(&loads[..without])));
    let hottest: Vec<String> = streams
        .iter()
        .take(HOTTEST)
        .map(|(stream, messages)| {
            let member = ConsumerGroup::member_of(stream.as_str(), size);
            let member = member.map_or_else(|| "none".to_owned(), |member| member.to_string());
            format!("{stream} ({}, member {member})", grouped(*messages))
        })
        .collect();
    if !hottest.is_empty() {
        output.note(&format!("Hottest streams: {}", hottest.join(", ")));
    }
    Ok(())
}

fn sizes(streams: &[(StreamName, u64)], output: &mut Output) -> Result<()> {
    let mut table = Table::new(&[
        Column::number("SIZE"),
        Column::number("SKEW"),
        Column::number("BUSIEST"),
        Column::number("LEAST BUSY"),
    ]);
    for size in SIZES {
        let mut members = loads(counted(streams), size);
        members.pop();
        let skew = skew(&members);
        let messages = || members.iter().map(|load| load.messages);
        if output.is_json() {
            Object::begin(output.buffer()).number("size", size).raw("skew", &skew).end();
            output.line_done()?;
        } else {
            let (most, least) = (messages().max().unwrap_or(0), messages().min().unwrap_or(0));
            table.row(output, &[&size.to_string(), &skew, &grouped(most), &grouped(least)])?;
        }
    }
    Ok(table.finish(output)?)
}

fn streams_of(streams: &[(StreamName, u64)], group: ConsumerGroup, output: &mut Output) -> Result<()> {
    let mut table = Table::new(&[Column::text("STREAM"), Column::number("MESSAGES")]);
    for (stream, messages) in streams.iter().filter(|(stream, _)| group.has(stream.as_str())) {
        if output.is_json() {
            Object::begin(output.buffer())
                .string("stream", stream.as_str())
                .number("size", group.size())
                .number("member", group.member())
                .number("messages", messages)
                .end();
            output.line_done()?;
        } else {
            table.row(output, &[stream.as_str(), &grouped(*messages)])?;
        }
    }
    Ok(table.finish(output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_sizes_that_message_db_refuses() {
        let prepared = |size, member| {
            let category = "account".to_owned();
            Prepared::new(&GroupArguments { category, size: Some(size), member, last: 10, stream: None })
        };
        assert!(prepared(32_767, Some(32_766)).is_ok());
        for (size, member) in [(32_768, None), (0, None), (-1, None), (3, Some(3)), (3, Some(-1))] {
            assert!(prepared(size, member).is_err(), "{member:?} of {size}");
        }
    }
}
