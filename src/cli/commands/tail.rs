//! `tail`: prints messages as they become final, each once, in order of global position, until an end, a limit or a
//! signal.
//!
//! It reconnects after a lost connection and continues exactly where it was. Standard output never has anything but
//! messages.

mod delivered;
mod exec;
mod kept_position;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use clap::builder::{RangedI64ValueParser, RangedU64ValueParser};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::{Interrupt, ProgressReporter, ProgressText};
use crate::cli::output::messages::MessageTable;
use crate::cli::output::{Output, json};
use crate::cli::selection::{self, MatchingArguments, Point};
use crate::cli::stderr;
use crate::cli::unreadable::Unreadable;
use crate::cli::warnings;
use crate::locator::duration;
use crate::message::{ConsumerGroup, GlobalPosition, Message};
use crate::store::browse::Scope;
use crate::store::tail::{BlockingTransaction, Delivery, Doubt, Tail, TailBatch, TailFrom, TailOptions, Tailed};
use crate::store::{Namespace, StoreError};
use delivered::Delivered;
use exec::{Exec, OnError};
use kept_position::{Keeper, KeptPosition, position_stream};

const HELP: &str = "\
Prints each message once, in order of global position, as soon as it is final: nothing can appear below it any more. \
If the server goes away, tail reconnects and continues where it was. When tail ends, and on SIGUSR1, standard error \
shows the --from value to continue with.

--exec runs a shell command for each message instead of printing it. The command gets the message as JSON on \
standard input, and STREAMSCOPE_MESSAGE_ID, _STREAM, _TYPE, _POSITION and _GLOBAL_POSITION in its environment.

With a position file or stream, a message may be handled again after a crash, but none is left out.

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

/// Messages per batch.
const BATCH: usize = 2_000;
/// Messages that commands handle between two records of the position.
const PART: usize = 100;
/// The longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How often an absent server is reported.
const AWAY: Duration = Duration::from_secs(10);
/// The time between two checks for a closed output.
const READER: Duration = Duration::from_millis(250);

/// Follow a stream, category or namespace, and print each message once in final order
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
    /// Stop after N messages
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = RangedI64ValueParser::<u64>::new().range(1..))]
    pub limit: Option<u64>,
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
    /// Commands that run at the same time; messages of one stream stay in order
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
    /// Keep the position in this file, and continue from there; --from applies if there is none yet
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
        let keeper = match (&arguments.position_file, &arguments.position_stream) {
            (Some(path), _) => Some(Keeper::File(path.clone())),
            (None, Some(stream)) => Some(Keeper::Stream(position_stream(stream)?)),
            (None, None) => None,
        };
        Ok(Self { scope, keeper, arguments: arguments.clone() })
    }
}

/// Where following stops.
#[derive(Debug, Clone, Copy)]
enum End {
    Never,
    /// After this global position.
    Position(GlobalPosition),
    /// After the messages that exist at this time.
    Time(Timestamp),
}

/// Runs the command.
///
/// # Errors
/// Returns the errors of the store, except for lost connections, which are made again.
pub(super) async fn run(
    namespace: &Namespace,
    prepared: Prepared,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let mut unreadable = Unreadable::default();
    let outcome = Box::pin(follow(namespace, prepared, interrupt, output, &mut unreadable)).await;
    if let Some(what) = unreadable.report() {
        stderr::line(&format!("streamscope: {what}"));
    }
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
    let _report = ProgressReporter::start(Arc::clone(&progress))?;
    interrupt.last_words(Arc::clone(&progress));
    // Without this, a closed output would go unnoticed until the next message.
    let mut reader = tokio::time::interval(READER);
    let Prepared { scope, keeper, mut arguments } = prepared;
    let mut kept = match keeper {
        Some(keeper) => Some(unless_signalled(interrupt, &progress, KeptPosition::load(keeper, namespace)).await??),
        None => None,
    };
    if let Some(position) = kept.as_ref().and_then(KeptPosition::recorded) {
        arguments.from = Point::Position(position.saturating_add(1));
    }
    let exec = arguments.exec.take().map(|line| Exec::new(line, arguments.jobs, arguments.on_error));
    let begin = Following::begin(namespace, scope, arguments, Arc::clone(&delivered));
    let mut following = unless_signalled(interrupt, &progress, begin).await??;
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
                    _ = reader.tick() => {
                        if Output::reader_is_gone() {
                            break Woken::ReaderGone;
                        }
                    }
                }
            }
        };
        let done = match woken {
            Woken::Batch(Ok(batch)) => {
                let taken = match &exec {
                    Some(exec) => following.hand_over(&batch, exec, kept.as_mut(), namespace, interrupt).await,
                    None => following.print(&batch, output, unreadable),
                };
                let done = taken.inspect_err(|_| stderr::line(&progress()))?;
                if let (Some(kept), Some((position, messages))) = (&mut kept, following.handled.take()) {
                    kept.advance(position, messages, namespace).await?;
                }
                Ok(done)
            }
            Woken::Batch(Err(error)) => Err(error),
            Woken::Due => unless_signalled(interrupt, &progress, following.find_end(namespace)).await?,
            Woken::Idle => Ok(true),
            Woken::ReaderGone => return Ok(()),
            Woken::Signal(number) => {
                if let Some(kept) = &mut kept {
                    kept.record(namespace).await?;
                }
                stderr::line(&progress());
                return Err(CommandError::signalled(number));
            }
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                let pause = tokio::time::sleep(following.lost(error)?);
                unless_signalled(interrupt, &progress, pause).await?;
                false
            }
        };
        if done {
            if let Some(kept) = &mut kept {
                kept.record(namespace).await?;
            }
            stderr::line(&progress());
            return Ok(());
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

/// The state of following.
struct Following {
    tail: Tail<Message>,
    end: End,
    table: MessageTable,
    limit: Option<u64>,
    idle: Option<Duration>,
    given: u64,
    /// The global position of the last message printed since it was last asked for, and the number of messages.
    handled: Option<(GlobalPosition, u64)>,
    delivered: Arc<Delivered>,
    last_activity: Instant,
    /// Whether more messages are available at once.
    behind: bool,
    /// How far the server's clock is ahead of ours, once the server has answered.
    clock_ahead: Option<SignedDuration>,
    /// Set while the server is away.
    lost: Option<Lost>,
    blocked_by: Vec<String>,
    standby: bool,
    doubts: Vec<Doubt>,
}

/// A lost connection.
struct Lost {
    since: Instant,
    reported: Instant,
    backoff: Backoff,
}

impl Following {
    async fn begin(
        namespace: &Namespace,
        scope: Scope,
        arguments: TailArguments,
        delivered: Arc<Delivered>,
    ) -> Result<Self> {
        let mut filter = arguments.matching.filter(namespace).await?;
        let from = match arguments.from {
            Point::Now => TailFrom::Now,
            Point::Start => TailFrom::Start,
            Point::Position(position) => TailFrom::After(position.saturating_sub(1)),
            Point::Time(time) => {
                filter.since = Some(time);
                TailFrom::After(namespace.between(Some(time), None).await?.0)
            }
        };
        let end = match arguments.until {
            None | Some(Point::Start) => End::Never,
            Some(Point::Now) => End::Position(namespace.newest(&Scope::Namespace).await?),
            Some(Point::Position(position)) => End::Position(position),
            Some(Point::Time(time)) => {
                filter.until = Some(time);
                End::Time(time)
            }
        };
        if let End::Position(last) = end {
            delivered.ends_at(last);
        }
        let table = MessageTable::new(matches!(scope, Scope::Stream(_)));
        let options = TailOptions { scope, from, delivery: Delivery::WhenFinal, batch: BATCH, filter };
        Ok(Self {
            tail: namespace.tail(options),
            end,
            table,
            limit: arguments.limit,
            idle: arguments.exit_when_idle,
            given: 0,
            handled: None,
            delivered,
            last_activity: Instant::now(),
            behind: true,
            clock_ahead: None,
            lost: None,
            blocked_by: Vec::new(),
            standby: false,
            doubts: Vec::new(),
        })
    }

    /// Returns whether silence means that there are no more messages for now.
    fn may_be_idle(&self) -> bool {
        self.idle.is_some() && !self.behind
    }

    fn quiet_until(&self) -> Instant {
        self.last_activity + self.idle.unwrap_or_default()
    }

    /// Returns when the end time is reached by the server's clock, once that clock is known.
    fn due(&self) -> Option<Instant> {
        let (End::Time(end), Some(ahead)) = (self.end, self.clock_ahead) else { return None };
        let left = Timestamp::now().duration_until(end).saturating_sub(ahead);
        Some(Instant::now() + Duration::try_from(left).unwrap_or_default())
    }

    /// Fixes the end once its time is reached: the newest message now, or an earlier position if no later message can
    /// be from before that time.
    async fn find_end(&mut self, namespace: &Namespace) -> Result<bool, StoreError> {
        let End::Time(time) = self.end else { return Ok(false) };
        let newest = namespace.newest(&Scope::Namespace).await?;
        let end = newest.min(namespace.between(None, Some(time)).await?.1);
        self.end = End::Position(end);
        // Otherwise, the last poll may start only a second later.
        self.tail.poll_trigger().fire();
        self.delivered.ends_at(end);
        Ok(self.tail.resume_position() >= end)
    }

    /// Takes in what a batch says besides its messages. Returns the messages to hand on, and whether they are the last.
    fn receive<'a>(&mut self, batch: &'a TailBatch<Message>) -> (&'a [Tailed<Message>], bool) {
        self.report_server(batch);
        self.behind = batch.has_more;
        self.clock_ahead = Some(batch.server_time.duration_since(Timestamp::now()));
        let left = self.limit.map_or(usize::MAX, |limit| usize::try_from(limit - self.given).unwrap_or(usize::MAX));
        let messages = &batch.messages;
        let inside = match self.end {
            End::Position(last) => messages.partition_point(|tailed| tailed.message.global_position <= last),
            End::Never | End::Time(_) => messages.len(),
        };
        let wanted = inside.min(left);
        if let Some(next) = messages.get(wanted) {
            self.delivered.ends_at(next.message.global_position - 1);
        }
        self.given += wanted as u64;
        let at_end = matches!(self.end, End::Position(last) if batch.final_to >= last);
        let over = at_end || wanted < messages.len() || self.limit.is_some_and(|limit| self.given >= limit);
        (&messages[..wanted], over)
    }

    /// Prints a batch and returns whether it was the last.
    fn print(&mut self, batch: &TailBatch<Message>, output: &mut Output, unreadable: &mut Unreadable) -> Result<bool> {
        let (messages, over) = self.receive(batch);
        self.delivered.completes(self.tail.resume_position());
        let delivered = Arc::clone(&self.delivered);
        let mut printed = |end, position| delivered.printed(end, position);
        for Tailed { message, .. } in messages {
            if output.is_json() {
                let terminal = output.terminal;
                json::message(output.buffer(), message, terminal);
                printed(output.printed(), message.global_position);
                output.line_done()?;
            } else {
                self.table.row(output, message, &mut printed)?;
            }
            unreadable.see(message);
        }
        self.table.flush(output, &mut printed)?;
        output.finish()?;
        if let Some(last) = messages.last() {
            self.handled = Some((last.message.global_position, messages.len() as u64));
            // Measured after printing, so that a slow reader does not count as idleness.
            self.last_activity = Instant::now();
        }
        Ok(over)
    }

    /// Runs a command for each message of a batch and returns whether it was the last. After a signal, waits for the commands that run.
    async fn hand_over(
        &mut self,
        batch: &TailBatch<Message>,
        exec: &Exec,
        mut kept: Option<&mut KeptPosition>,
        namespace: &Namespace,
        interrupt: &mut Interrupt,
    ) -> Result<bool> {
        let (messages, over) = self.receive(batch);
        if let Some(first) = messages.first() {
            self.delivered.handled(0, Some(first.message.global_position - 1));
        }
        for part in messages.chunks(PART) {
            let part: Vec<&Message> = part.iter().map(|tailed| &tailed.message).collect();
            let handled = {
                let work = exec.handle(&part);
                tokio::pin!(work);
                tokio::select! {
                    biased;
                    handled = &mut work => handled,
                    _ = interrupt.signalled() => {
                        exec.stop();
                        work.await
                    }
                }
            };
            self.last_activity = Instant::now();
            self.delivered.handled(handled.messages, handled.complete);
            if let Some(open) = handled.open {
                self.delivered.ends_at(open - 1);
            }
            if let (Some(kept), Some(complete)) = (kept.as_deref_mut(), handled.complete) {
                kept.advance(complete, handled.messages, namespace).await?;
                if handled.open.is_some() {
                    kept.record(namespace).await?;
                }
            }
            if let Some(failure) = handled.failure {
                return Err(CommandError::new(Status::Failed, failure));
            }
            if let Some(number) = interrupt.so_far() {
                return Err(CommandError::signalled(number));
            }
        }
        self.delivered.completes(self.tail.resume_position());
        Ok(over)
    }

    /// Reports what a batch says about the server.
    fn report_server(&mut self, batch: &TailBatch<Message>) {
        if let Some(lost) = self.lost.take() {
            stderr::line(&format!("streamscope: reconnected after {:.1} s", lost.since.elapsed().as_secs_f64()));
        }
        if batch.standby && !self.standby {
            stderr::line(
                "streamscope: the server is a standby, which shows no locks, so tail waits 2 s at a gap, then skips it",
            );
        }
        for doubt in batch.doubts.iter().filter(|doubt| !self.doubts.contains(doubt)) {
            warnings::doubt(doubt);
        }
        if batch.begins_above {
            let (first, newest) = (self.tail.resume_position().saturating_add(1), batch.newest);
            stderr::line(&format!(
                "streamscope: --from {first} is above the newest message, {newest}. If an earlier run printed messages up to \
                 there, the store has been emptied or restored since; check its contents"
            ));
        }
        if let Some(part) = batch.diverges_above {
            let (what, last) = (if part > 0 { format!(" above {part}") } else { String::new() }, part.max(0));
            stderr::line(&format!(
                "streamscope: the store was emptied, restored or failed over, and its messages{what} have changed; tail \
                 continues after {last} with every message that it has not printed"
            ));
        } else if let Some(before) = batch.receded_from {
            let now = batch.newest;
            stderr::line(&format!(
                "streamscope: the newest message moved back from {before} to {now}, because messages were deleted or the server \
                 lost them; tail continues after {now}"
            ));
        }
        if let Some(before) = batch.receded_from {
            let now = batch.newest;
            if let End::Position(last) = &mut self.end
                && *last <= before
            {
                *last = now.min(*last);
                self.delivered.ends_at(*last);
            }
        }
        self.standby = batch.standby;
        self.doubts.clone_from(&batch.doubts);
        self.report_blocking(&batch.blocked_by);
    }

    /// Returns how long to wait before the next attempt after an error that can pass. Returns other errors.
    fn lost(&mut self, error: StoreError) -> Result<Duration> {
        if !error.is_passing() {
            stderr::line(&self.delivered.line());
            return Err(error.into());
        }
        let now = Instant::now();
        self.last_activity = now;
        let is_news = self.lost.as_ref().is_none_or(|lost| now - lost.reported >= AWAY);
        let new = || Lost { since: now, reported: now, backoff: Backoff::up_to(LONGEST_PAUSE) };
        let lost = self.lost.get_or_insert_with(new);
        let pause = lost.backoff.pause();
        if is_news {
            lost.reported = now;
            let (waited, wait) = (lost.since.elapsed().as_secs(), pause.as_secs_f64());
            stderr::line(&format!("streamscope: {error}; disconnected for {waited} s, next attempt in {wait:.1} s"));
        }
        Ok(pause)
    }

    fn report_blocking(&mut self, holders: &[BlockingTransaction]) {
        let names: Vec<String> = holders.iter().map(|holder| holder.transaction.clone()).collect();
        if names != self.blocked_by {
            warnings::blocking_transactions(holders);
            self.blocked_by = names;
        }
    }
}
