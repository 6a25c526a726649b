//! `tail`: prints messages as they become final, each once, in order of global position, until an end, a limit or a
//! signal.
//!
//! It reconnects after a lost connection and continues exactly where it left off. Standard output contains nothing but
//! messages.

mod delivered;
mod exec;
mod following;
mod kept_position;
mod position_file;
mod server;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;

use crate::cli::error::{CommandError, Result};
use crate::cli::interrupt::{Interrupt, ProgressText};
use crate::cli::output::Output;
use crate::cli::selection::{self, Limit, MatchingArguments, Point};
use crate::cli::stderr;
use crate::cli::unreadable::Unreadable;
use crate::locator::duration;
use crate::message::{ConsumerGroup, Message};
use crate::store::browse::Scope;
use crate::store::tail::TailBatch;
use crate::store::{Namespace, StoreError};
use delivered::Delivered;
use exec::{Exec, OnError};
use following::Following;
use kept_position::{Keeper, KeptPosition, position_stream};

const HELP: &str = "\
Prints each message once, in order of global position, as soon as it is final: nothing can appear below it any more. \
If the server goes away, tail reconnects and continues where it left off. When tail ends, and on SIGUSR1, standard \
error shows the --from value to continue with.

--exec runs a shell command for each message instead of printing it. The command gets the message as JSON on \
standard input, and STREAMSCOPE_MESSAGE_ID, _STREAM, _TYPE, _POSITION and _GLOBAL_POSITION in its environment.

With a position file or stream, a message may be handled again after a crash, but none is skipped.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop tail
  streamscope -n shop tail account --from start --until now > account.ndjson
  streamscope -n shop tail account --from -2h --type Withdrawn \\
    --where '$.amount > 100' | jq -c .data
  streamscope -n shop tail account --consumer-group-member 0 \\
    --consumer-group-size 3
  streamscope -n shop tail order:command --limit 1 --exit-when-idle 5s
  streamscope -n shop tail order:command --exec ./handle \\
    --position-stream order:command+position-mine";

/// The time between two checks for a closed output.
const READER: Duration = Duration::from_millis(250);

/// Follow a stream, category or namespace, and print each message once, in order of global position
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct TailArguments {
    /// Stream (category-id) or category; the whole namespace if omitted
    pub name: Option<String>,
    /// Where to start: now, start, a global position (inclusive), or a time
    #[arg(long, value_name = "now|start|POSITION|TIME", default_value = "now", allow_hyphen_values = true)]
    pub from: Point,
    /// Where to stop: now (the newest message at the start), a global position (inclusive), or a time
    #[arg(long, value_name = "now|POSITION|TIME", allow_hyphen_values = true)]
    pub until: Option<Point>,
    /// Stop after N messages; without it, or with -1, there is no limit
    #[arg(long, value_name = "N", default_value_t = Limit::All, hide_default_value = true, allow_negative_numbers = true)]
    pub limit: Limit,
    /// Filters.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Only messages of this consumer group member; the first is 0
    #[arg(long, value_name = "M", requires = "consumer_group_size", allow_negative_numbers = true)]
    pub consumer_group_member: Option<i64>,
    /// Number of members in the consumer group
    #[arg(long, value_name = "N", requires = "consumer_group_member", allow_negative_numbers = true)]
    pub consumer_group_size: Option<i64>,
    /// Stop after this long without messages: 500ms, 5s, 2m
    #[arg(long, value_name = "DURATION", allow_hyphen_values = true, value_parser = length)]
    pub exit_when_idle: Option<Duration>,
    /// Run this shell command for each message instead of printing it
    #[arg(long, value_name = "COMMAND")]
    pub exec: Option<String>,
    /// Number of commands to run at the same time; messages of one stream stay in order
    #[arg(long, value_name = "N", default_value_t = 1, requires = "exec", value_parser = RangedU64ValueParser::<usize>::new().range(1..=256))]
    pub jobs: usize,
    /// What to do if the command fails
    #[arg(
        long,
        value_enum,
        value_name = "stop|skip|retry",
        default_value = "stop",
        requires = "exec",
        hide_possible_values = true
    )]
    pub on_error: OnError,
    /// Keep the position in this file and continue from it; --from applies only if the file does not exist yet
    #[arg(long, value_name = "FILE", conflicts_with = "position_stream")]
    pub position_file: Option<PathBuf>,
    /// Keep the position in this stream, as Eventide's consumers do, and continue from there
    #[arg(long, value_name = "STREAM")]
    pub position_stream: Option<String>,
}

fn length(text: &str) -> Result<Duration, String> {
    let length = duration(text).and_then(|length| Duration::try_from(length).ok());
    length.ok_or_else(|| "use a whole number and a unit: ms, s, m, h, d".to_owned())
}

/// The arguments of `tail`, checked before anything is opened.
#[derive(Debug)]
pub(crate) struct Prepared {
    scope: Scope,
    keeper: Option<Keeper>,
    arguments: TailArguments,
}

impl Prepared {
    /// Checks the arguments.
    ///
    /// # Errors
    /// Returns [`crate::cli::error::Status::Usage`] for an invalid name, consumer group or end.
    pub(crate) fn new(arguments: &TailArguments) -> Result<Self> {
        let scope = selection::scope(arguments.name.as_deref())?;
        let scope = match (arguments.consumer_group_member, arguments.consumer_group_size, scope) {
            (Some(member), Some(size), Scope::Category(category)) => {
                Scope::Member(category, ConsumerGroup::new(member, size).map_err(CommandError::usage)?)
            }
            (Some(_), ..) => return Err(CommandError::usage("--consumer-group-member needs a category")),
            (_, _, scope) => scope,
        };
        if arguments.until == Some(Point::Start) {
            return Err(CommandError::usage("--until start selects no messages; use now, a global position or a time"));
        }
        if let (Point::Position(from), Some(Point::Position(until))) = (arguments.from, arguments.until)
            && until < from
            && arguments.position_file.is_none()
            && arguments.position_stream.is_none()
        {
            let what = format!("--until {until} is before --from {from}, so no message is selected");
            return Err(CommandError::usage(what));
        }
        if arguments.exec.as_ref().is_some_and(|command| command.trim().is_empty()) {
            return Err(CommandError::usage("--exec needs a command, but it is empty"));
        }
        let keeper = match (&arguments.position_file, &arguments.position_stream) {
            (Some(path), _) => Some(Keeper::File(path.clone())),
            (None, Some(stream)) => Some(Keeper::Stream(position_stream(stream)?)),
            (None, None) => None,
        };
        Ok(Self { scope, keeper, arguments: arguments.clone() })
    }
}

/// Runs the command.
///
/// # Errors
/// Returns the errors of the store, except for lost connections, which it re-establishes.
pub(super) async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let mut unreadable = Unreadable::default();
    let outcome = Box::pin(follow(namespace, prepared, interrupt, output, &mut unreadable)).await;
    unreadable.print_report();
    outcome
}

async fn follow(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
    unreadable: &mut Unreadable,
) -> Result<()> {
    let delivered = Arc::new(Delivered::new(output.written()));
    let progress: ProgressText = {
        let delivered = Arc::clone(&delivered);
        Arc::new(move || delivered.line())
    };
    let _report = interrupt.reports(Arc::clone(&progress));
    let _last_words = interrupt.last_words(Arc::clone(&progress));
    let Prepared { scope, keeper, mut arguments } = prepared;
    let kept = match keeper {
        Some(keeper) => Some(unless_signalled(interrupt, &progress, KeptPosition::load(keeper, namespace)).await??),
        None => None,
    };
    if let Some(position) = kept.as_ref().and_then(KeptPosition::recorded) {
        arguments.from = Point::Position(position.saturating_add(1));
    }
    let exec = arguments.exec.take().map(|line| Exec::new(line, arguments.jobs, arguments.on_error));
    let begin = Following::begin(namespace, scope, arguments, Arc::clone(&delivered));
    let following = unless_signalled(interrupt, &progress, begin).await??;
    let ended = Box::pin(each_batch(following, exec, kept, namespace, interrupt, output, unreadable)).await;
    if !matches!(ended, Ok(Ended::ReaderGone)) {
        stderr::line(&progress());
    }
    ended.map(drop)
}

/// How following ended without an error.
enum Ended {
    Complete,
    /// There is nobody to report to.
    ReaderGone,
}

/// Prints or handles each batch, until an end, a signal or an error.
async fn each_batch(
    mut following: Following,
    exec: Option<Exec>,
    mut kept: Option<KeptPosition>,
    namespace: &Namespace,
    interrupt: &mut Interrupt,
    output: &mut Output,
    unreadable: &mut Unreadable,
) -> Result<Ended> {
    // Without this, a closed output would go unnoticed until the next message.
    let mut reader = tokio::time::interval(READER);
    loop {
        let (idle, until, due) = (following.may_be_idle(), following.quiet_until(), following.due());
        let woken = {
            let next = following.tail.next();
            tokio::pin!(next);
            // Checking the output must not cancel the running poll, or a slow poll would never finish.
            loop {
                tokio::select! {
                    biased;
                    number = interrupt.signalled() => break Woken::Signal(number),
                    batch = &mut next => break Woken::Batch(batch),
                    () = tokio::time::sleep_until(due.unwrap_or(until)), if due.is_some() => break Woken::Due,
                    () = tokio::time::sleep_until(until), if idle => break Woken::Idle,
                    // Commands print nothing here.
                    _ = reader.tick(), if exec.is_none() => {
                        if Output::reader_is_gone() {
                            break Woken::ReaderGone;
                        }
                    }
                }
            }
        };
        let done = match woken {
            Woken::Batch(Ok(batch)) => {
                if let Some(kept) = kept.as_mut().filter(|_| batch.messages.is_empty())
                    && kept.begins_after(following.tail.resume_position())
                {
                    following.record(kept, namespace, interrupt).await?;
                }
                let taken = match &exec {
                    Some(exec) => {
                        following.hand_over(&batch, exec, kept.as_mut(), namespace, interrupt, unreadable).await
                    }
                    None => following.print(&batch, output, unreadable),
                };
                let done = taken?;
                if let (Some(kept), Some((last, messages))) = (&mut kept, following.handled.take())
                    && kept.advance(last, messages)
                {
                    following.record(kept, namespace, interrupt).await?;
                }
                Ok(done)
            }
            Woken::Batch(Err(error)) => Err(error),
            Woken::Due => interrupt.unless_signalled(async { Ok(following.find_end(namespace).await) }).await?,
            Woken::Idle => Ok(true),
            Woken::ReaderGone => return Ok(Ended::ReaderGone),
            Woken::Signal(number) => {
                if let Some(kept) = &mut kept {
                    following.record(kept, namespace, interrupt).await?;
                }
                return Err(CommandError::signalled(number));
            }
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                let pause = tokio::time::sleep(following.lost(error)?);
                tokio::select! {
                    () = pause => {}
                    // Noticed above, where the position is recorded.
                    _ = interrupt.signalled() => {}
                }
                false
            }
        };
        if done {
            if let Some(kept) = &mut kept {
                following.record(kept, namespace, interrupt).await?;
            }
            return Ok(Ended::Complete);
        }
    }
}

/// Waits for work to end. Reports the progress if a signal ends the wait.
async fn unless_signalled<T>(
    interrupt: &mut Interrupt,
    progress: &ProgressText,
    work: impl Future<Output = T>,
) -> Result<T> {
    tokio::select! {
        biased;
        number = interrupt.signalled() => {
            stderr::line(&progress());
            Err(CommandError::signalled(number))
        }
        done = work => Ok(done),
    }
}

/// An event that ends a wait.
enum Woken {
    Batch(Result<TailBatch<Message>, StoreError>),
    Signal(u8),
    Due,
    Idle,
    ReaderGone,
}
