//! `bench`: measures how fast a store can be written, read and followed, with the operations that all other commands
//! use. Its messages go to a new category and cannot be deleted, so it asks first. It never inspects message bodies.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use clap::builder::RangedI64ValueParser;
use clap::{Args, Subcommand};
use futures_util::TryStreamExt as _;
use uuid::Uuid;

use crate::cli::common::Common;
use crate::cli::confirmation::{ask, can_ask};
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::message::{Category, ExpectedVersion, NewMessage, StreamName};
use crate::numbers::grouped;
use crate::store::browse::{Scope, StreamsFrom, StreamsOf};
use crate::store::read::CategoryOptions;
use crate::store::tail::{Delivery, TailFrom, TailOptions};
use crate::store::{Filter, Namespace, StoreError};

const HELP: &str = "\
Messages go to a new category, streamscopeBench…, and can only be deleted together with the namespace. So bench write and \
bench tail ask first; --yes skips the question. An embedded store has only one connection.

JSON keys: what, count, perSecond, medianMs, p99Ms, maxMs

Examples:
  streamscope -n scratch bench write --connections 8 --seconds 20 --yes
  streamscope -n shop bench read --category account
  streamscope -n scratch bench tail --rate 500";

const WRITE_HELP: &str = "\
Calls write_message on N connections, each with its own streams. All streams are in one category, and the store admits \
one writer per category at a time, so the connections take turns.

Examples:
  streamscope -n scratch bench write
  streamscope -n scratch bench write --connections 8 --seconds 20 --yes";

const READ_HELP: &str = "\
Reads the categories, pages of 100 streams, and 1,000 messages at a time from across a category, on one connection. \
Writes nothing.

Examples:
  streamscope -n shop bench read
  streamscope -n shop bench read --category account --seconds 20";

const TAIL_HELP: &str = "\
Writes on one connection and follows on another. The lag is the time from the answer to the writer until the message is \
delivered in order.

Examples:
  streamscope -n scratch bench tail
  streamscope -n scratch bench tail --rate 500 --seconds 60 --yes";

/// Measure how fast the store is from this machine
#[derive(Debug, Clone, Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum BenchCommand {
    /// Write messages as fast as possible
    #[command(after_help = WRITE_HELP)]
    Write {
        /// Number of connections
        #[arg(long, value_name = "N", default_value_t = 4, allow_negative_numbers = true,
              value_parser = clap::value_parser!(u16).range(1..=200))]
        connections: u16,
        /// Options shared by the writing benchmarks
        #[command(flatten)]
        run: RunArguments,
    },
    /// Read categories, pages of streams, and messages
    #[command(after_help = READ_HELP)]
    Read {
        /// Category to read from; the one with the most messages if omitted
        #[arg(long, value_name = "CATEGORY")]
        category: Option<String>,
        /// How long to run each of the three measurements, in seconds
        #[arg(long, value_name = "N", default_value_t = 5, allow_negative_numbers = true,
              value_parser = RangedI64ValueParser::<u64>::new().range(1..=3_600))]
        seconds: u64,
    },
    /// Write at a fixed rate and measure how far a follower lags
    #[command(after_help = TAIL_HELP)]
    Tail {
        /// Messages per second
        #[arg(long, value_name = "N", default_value_t = 100, allow_negative_numbers = true,
              value_parser = clap::value_parser!(u32).range(1..=10_000))]
        rate: u32,
        /// Options shared by the writing benchmarks
        #[command(flatten)]
        run: RunArguments,
    },
}

/// Options of the benchmarks that write.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunArguments {
    /// How long to run, in seconds
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true,
              value_parser = RangedI64ValueParser::<u64>::new().range(1..=3_600))]
    pub seconds: u64,
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,
}

impl BenchCommand {
    /// Returns how many connections the benchmark uses.
    #[must_use]
    pub(crate) fn connections(&self) -> usize {
        match self {
            Self::Write { connections, .. } => usize::from(*connections),
            Self::Read { .. } => 1,
            Self::Tail { .. } => 2,
        }
    }

    fn writes(&self) -> Option<&RunArguments> {
        match self {
            Self::Write { run, .. } | Self::Tail { run, .. } => Some(run),
            Self::Read { .. } => None,
        }
    }
}

/// Refuses, before anything is opened, to write if writes are off or if there is no terminal to ask on.
pub(super) fn check(command: &BenchCommand, common: &Common) -> Result<()> {
    let Some(run) = command.writes() else { return Ok(()) };
    if common.read_only {
        return Err(StoreError::ReadOnly("--read-only is set".to_owned()).into());
    }
    if run.yes || can_ask() {
        return Ok(());
    }
    Err(CommandError::usage(
        "bench writes messages that cannot be deleted afterwards, and there is no terminal to ask on",
    )
    .remedy("Pass --yes to write them, preferably to a namespace that is used for nothing else"))
}

/// Runs the command.
pub(super) async fn run(namespace: &Namespace, command: &BenchCommand, output: &mut Output) -> Result<()> {
    if let Some(run) = command.writes().filter(|run| !run.yes) {
        confirm(namespace, run.seconds).await?;
    }
    let results = match command {
        BenchCommand::Write { run, .. } => vec![write(namespace, run.seconds).await?],
        BenchCommand::Read { category, seconds } => read(namespace, category.as_deref(), *seconds).await?,
        BenchCommand::Tail { rate, run } => vec![tail(namespace, *rate, run.seconds).await?],
    };
    print(results, output)
}

async fn confirm(namespace: &Namespace, seconds: u64) -> Result<()> {
    let id = &namespace.info().id;
    let warning = format!("This writes to namespace {id} for {seconds} s. Messages cannot be deleted afterwards.");
    if ask(&warning, "Type yes to continue: ").await?.trim() == "yes" {
        return Ok(());
    }
    Err(CommandError::usage("nothing was written"))
}

/// The durations of one kind of operation.
struct Measured {
    what: String,
    /// The total duration in seconds.
    elapsed: f64,
    times: Vec<Duration>,
}

/// Returns the name of a new category.
fn own_category() -> String {
    format!("streamscopeBench{}", Uuid::now_v7().simple())
}

fn message(stream: &str, number: u64) -> NewMessage {
    NewMessage {
        id: Uuid::now_v7(),
        stream: StreamName::stored(stream),
        message_type: "Measured".to_owned(),
        data: format!("{{\"number\": {number}, \"note\": \"written by streamscope bench\"}}"),
        metadata: None,
        expected_version: ExpectedVersion::Any,
    }
}

/// Writes on all connections of the namespace.
async fn write(namespace: &Namespace, seconds: u64) -> Result<Measured> {
    let connections = namespace.connections();
    let category = own_category();
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds);
    let mut writers = tokio::task::JoinSet::new();
    for connection in 0..connections {
        let namespace = namespace.clone();
        let category = category.clone();
        writers.spawn(async move {
            let mut times = Vec::new();
            let mut number = 0;
            while Instant::now() < end {
                // A new stream after every thousand messages.
                let stream = format!("{category}-{connection}+{}", number / 1_000);
                let started = Instant::now();
                namespace.write(&message(&stream, number)).await?;
                times.push(started.elapsed());
                number += 1;
            }
            Ok::<_, StoreError>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(done) = writers.join_next().await {
        times.extend(done.map_err(|error| CommandError::new(Status::Failed, error.to_string()))??);
    }
    let connections = if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") };
    let what = format!("messages written, {connections}, category {category}");
    Ok(Measured { what, elapsed: begun.elapsed().as_secs_f64(), times })
}

/// Repeats an operation for a number of seconds, at least once. The first run is a warm-up and not counted.
async fn repeated(what: String, seconds: u64, mut work: impl AsyncFnMut(u32) -> Result<()>) -> Result<Measured> {
    work(0).await?;
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < Duration::from_secs(seconds) {
        let started = Instant::now();
        work(u32::try_from(times.len()).unwrap_or(u32::MAX)).await?;
        times.push(started.elapsed());
    }
    Ok(Measured { what, elapsed: begun.elapsed().as_secs_f64(), times })
}

async fn read(namespace: &Namespace, category: Option<&str>, seconds: u64) -> Result<Vec<Measured>> {
    let category = if let Some(category) = category {
        Category::new(category)?
    } else {
        let rows = namespace.categories().await?;
        let most = rows.into_iter().max_by_key(|row| row.estimate);
        most.ok_or_else(|| CommandError::new(Status::NotFound, "the namespace has no messages to read"))?.category
    };
    let scope = Scope::Category(category.clone());
    let newest = namespace.newest(&scope).await?;
    if newest == 0 {
        return Err(CommandError::new(Status::NotFound, format!("category {category} has no messages to read")));
    }
    let categories = repeated("lists of categories".to_owned(), seconds, async |_| {
        namespace.categories().await?;
        Ok(())
    });
    let categories = categories.await?;
    let of = StreamsOf::Category(category.clone());
    let mut from = StreamsFrom::Start;
    let pages = repeated(format!("pages of 100 streams of {category}"), seconds, async |_| {
        let page = namespace.streams(&of, &from, 100).await?;
        // Starts over after the last page.
        let last = (page.len() == 100).then(|| page.into_iter().next_back()).flatten();
        from = StreamsFrom::after(last.map(|row| row.stream));
        Ok(())
    });
    let pages = pages.await?;
    let options = CategoryOptions::default();
    let messages = repeated(format!("reads of up to 1,000 messages of {category}"), seconds, async |number| {
        // 61 positions, ordered so that consecutive reads are far apart.
        let from = newest / 61 * i64::from(number.wrapping_mul(23) % 61);
        let messages = namespace.category_messages(&category, from, 1_000, &options).await?;
        messages.try_for_each(|_| async { Ok(()) }).await?;
        Ok(())
    });
    Ok(vec![categories, pages, messages.await?])
}

async fn tail(namespace: &Namespace, rate: u32, seconds: u64) -> Result<Measured> {
    let category = own_category();
    let mut tail = namespace.tail(TailOptions {
        scope: Scope::Category(Category::new(category.clone())?),
        from: TailFrom::After(namespace.newest(&Scope::Namespace).await?),
        delivery: Delivery::WhenFinal,
        batch: 1_000,
        filter: Filter::default(),
    });
    // Both halves run in one task, and neither keeps it borrowed across an await.
    let answered = RefCell::new(HashMap::new());
    let total = u64::from(rate) * seconds;
    let writing = async {
        let begun = tokio::time::Instant::now();
        for number in 0..total {
            // Scheduled by the clock, so that a slow write does not lower the rate.
            tokio::time::sleep_until(begun + Duration::from_secs(number) / rate).await;
            let message = message(&format!("{category}-{}", number / 1_000), number);
            namespace.write(&message).await?;
            answered.borrow_mut().insert(message.id, Instant::now());
        }
        Ok::<_, StoreError>(begun.elapsed())
    };
    let following = async {
        let mut delivered = HashMap::new();
        let mut times = Vec::new();
        while (times.len() as u64) < total {
            let batch = tail.next().await?;
            let now = Instant::now();
            delivered.extend(batch.messages.iter().map(|tailed| (tailed.message.id, now)));
            let mut answered = answered.borrow_mut();
            // The message can be delivered before the writer has its answer. Then the lag is zero.
            delivered.retain(|id, delivered: &mut Instant| match answered.remove(id) {
                Some(at) => {
                    times.push(delivered.saturating_duration_since(at));
                    false
                }
                None => true,
            });
        }
        Ok::<_, StoreError>(times)
    };
    let (elapsed, times) = tokio::try_join!(writing, following)?;
    let what = format!("messages followed, {rate} per second, category {category}");
    Ok(Measured { what, elapsed: elapsed.as_secs_f64(), times })
}

#[allow(clippy::cast_precision_loss, reason = "counts of measurements are far below 2^52")]
fn print(results: Vec<Measured>, output: &mut Output) -> Result<()> {
    let mut table = Table::new(&[
        Column::text("OPERATION"),
        Column::number("COUNT"),
        Column::number("PER SECOND"),
        Column::number("MEDIAN MS"),
        Column::number("P99 MS"),
        Column::number("MAX MS"),
    ]);
    let json = output.is_json();
    for Measured { what, elapsed, mut times } in results {
        times.sort_unstable();
        let milliseconds = |per_cent: usize| format!("{:.2}", at(&times, per_cent).as_secs_f64() * 1e3);
        let (median, p99, max) = (milliseconds(50), milliseconds(99), milliseconds(100));
        let rate = times.len() as f64 / elapsed.max(f64::EPSILON);
        if json {
            Object::begin(output.buffer())
                .string("what", &what)
                .number("count", times.len())
                .number("perSecond", format!("{rate:.1}"))
                .number("medianMs", median)
                .number("p99Ms", p99)
                .number("maxMs", max)
                .end();
            output.line_done()?;
        } else {
            let rate = if rate < 100.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
            table.row(output, &[&what, &grouped(times.len() as u64), &rate, &median, &p99, &max])?;
        }
    }
    Ok(table.finish(output)?)
}

/// Returns a percentile of sorted times, zero if there are none.
fn at(times: &[Duration], per_cent: usize) -> Duration {
    let rank = (times.len() * per_cent).div_ceil(100).max(1);
    times.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_this_share_does_not_exceed() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!([50, 99, 100].map(|per_cent| at(&times, per_cent).as_millis()), [100, 198, 200]);
        assert_eq!(at(&times[..1], 99).as_millis(), 1);
        assert_eq!(at(&[], 50), Duration::ZERO);
    }
}
