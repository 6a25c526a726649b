//! `tail`: messages as they settle, each once, in the order of global positions, until something ends it. It outlives the server:
//! a lost connection is made again, and following goes on exactly where it was. What is told beside the messages goes to standard error.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use tokio::time::Instant;

use super::failure::{Failure, Result};
use super::interrupt::{Interrupt, Report};
use super::output::time::for_people;
use super::output::{Output, grouped, json, tell};
use super::selection::{self, MatchingArguments, Point};
use super::unless_signalled;
use crate::locator::duration;
use crate::message::{ConsumerGroup, GlobalPosition, Message};
use crate::safe_text::safe;
use crate::store::browse::Scope;
use crate::store::tail::{Holder, Settling, Tail, TailBatch, TailFrom, TailOptions};
use crate::store::{Namespace, StoreError};

/// Messages asked for at once.
const BATCH: usize = 2_000;
/// Between two attempts to reach a server that went away: at first, and at most.
const PAUSES: std::ops::RangeInclusive<Duration> = Duration::from_millis(200)..=Duration::from_secs(10);

/// Between two looks whether anybody reads the output.
const READER: Duration = Duration::from_millis(250);

/// `streamscope tail …`
#[derive(Debug, Clone, Args)]
pub struct TailArguments {
    /// A stream (category-id) or a category; the whole namespace where left out
    pub name: Option<String>,
    /// Where to begin: now, start, a global position (which is given too), or a time
    #[arg(long, value_name = "now|start|POSITION|TIME", default_value = "now", allow_hyphen_values = true)]
    pub from: Point,
    /// Where to end: a global position (which is given too), or a time; now is what is there at the start
    #[arg(long, value_name = "now|POSITION|TIME", allow_hyphen_values = true)]
    pub until: Option<Point>,
    /// End after so many messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Which messages.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Only the streams of this member of a consumer group, counted from 0
    #[arg(long, value_name = "M", requires = "consumer_group_size", allow_negative_numbers = true)]
    pub consumer_group_member: Option<i64>,
    /// How many members the consumer group has
    #[arg(long, value_name = "N", requires = "consumer_group_member", allow_negative_numbers = true)]
    pub consumer_group_size: Option<i64>,
    /// End when no message came for so long: 500ms, 5s, 2m
    #[arg(long, value_name = "D", value_parser = length)]
    pub exit_when_idle: Option<Duration>,
}

fn length(text: &str) -> Result<Duration, String> {
    let length = duration(text).and_then(|length| Duration::try_from(length).ok());
    length.ok_or_else(|| "a whole number and one of ms, s, m, h, d".to_owned())
}

/// What to follow, checked before anything is opened.
#[derive(Debug)]
pub struct Followed {
    scope: Scope,
    arguments: TailArguments,
}

impl Followed {
    /// From the command line.
    ///
    /// # Errors
    /// [`super::failure::Status::Usage`] for names and consumer groups that cannot be.
    pub fn new(arguments: &TailArguments) -> Result<Self> {
        let scope = selection::scope(arguments.name.as_deref())?;
        let scope = match (arguments.consumer_group_member, arguments.consumer_group_size, scope) {
            (Some(member), Some(size), Scope::Category(category)) => {
                Scope::Member(category, ConsumerGroup::new(member, size).map_err(Failure::usage)?)
            }
            (Some(_), ..) => return Err(Failure::usage("--consumer-group-… needs a category to take a part of")),
            (_, _, scope) => scope,
        };
        if arguments.until == Some(Point::Start) {
            return Err(Failure::usage("--until start: nothing is before the start"));
        }
        Ok(Self { scope, arguments: arguments.clone() })
    }
}

/// Where it ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Never,
    /// Behind this global position.
    Position(GlobalPosition),
    /// At the first message of this time, or when the server's clock is there and everything was given.
    Time(Timestamp),
}

/// `streamscope tail`
///
/// # Errors
/// The store's, but a server that goes away is waited for.
pub async fn tail(
    namespace: &Namespace,
    followed: Followed,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let mut report = Report::listen()?;
    // A reader that goes away while nothing comes would only be noticed at the next message.
    let mut reader = tokio::time::interval(READER);
    let mut following = Following::begin(namespace, followed).await?;
    loop {
        let (idle, until) = (following.idle.is_some(), following.quiet_until());
        let woken = {
            let next = following.tail.next();
            tokio::pin!(next);
            // A look at the reader must not end the poll that is under way: a slow one would never come to its end.
            loop {
                tokio::select! {
                    biased;
                    number = interrupt.signalled() => break Woken::Signal(number),
                    () = report.asked_for() => break Woken::Asked,
                    () = tokio::time::sleep_until(until), if idle => break Woken::Idle,
                    _ = reader.tick() => {
                        if output.reader_is_gone() {
                            break Woken::ReaderGone;
                        }
                    }
                    batch = &mut next => break Woken::Batch(batch),
                }
            }
        };
        let done = match woken {
            Woken::Batch(Ok(batch)) => following.take(&batch, output)?,
            Woken::Batch(Err(error)) => {
                let pause = following.lost(error)?;
                let waited = async {
                    tokio::time::sleep(pause).await;
                    Ok(())
                };
                unless_signalled(interrupt, waited).await.inspect_err(|_| following.tell_place())?;
                false
            }
            Woken::Asked => {
                following.tell_place();
                false
            }
            Woken::Idle => true,
            Woken::ReaderGone => return Ok(()),
            Woken::Signal(number) => {
                following.tell_place();
                return Err(Failure::signalled(number));
            }
        };
        if done {
            following.tell_place();
            return Ok(());
        }
    }
}

/// What following waits for.
enum Woken {
    Batch(Result<TailBatch<Message>, StoreError>),
    Signal(u8),
    Asked,
    Idle,
    ReaderGone,
}

/// Following, and what is known of it.
struct Following {
    tail: Tail<Message>,
    end: End,
    limit: Option<u64>,
    idle: Option<Duration>,
    given: u64,
    /// Everything up to here was given where the rest of a batch was not.
    cut: Option<GlobalPosition>,
    last_activity: Instant,
    /// Since when the server is away, and how long the next attempt is waited for.
    lost: Option<(Instant, Duration)>,
    waiting_for: Vec<String>,
    standby: bool,
}

impl Following {
    async fn begin(namespace: &Namespace, followed: Followed) -> Result<Self> {
        let Followed { scope, arguments } = followed;
        let filter = arguments.matching.filter(namespace).await?;
        let from = match arguments.from {
            Point::Now => TailFrom::Now,
            Point::Start => TailFrom::Start,
            Point::Position(position) => TailFrom::After(position.saturating_sub(1)),
            Point::Time(time) => selection::before(namespace, time).await?.map_or(TailFrom::Now, TailFrom::After),
        };
        let end = match arguments.until {
            None | Some(Point::Start) => End::Never,
            Some(Point::Now) => End::Position(namespace.settled_end(tell_holders).await?),
            Some(Point::Position(position)) => End::Position(position),
            Some(Point::Time(time)) => End::Time(time),
        };
        let options = TailOptions { scope, from, settling: Settling::HoldBack, batch: BATCH, filter };
        Ok(Self {
            tail: namespace.tail(options),
            end,
            limit: arguments.limit,
            idle: arguments.exit_when_idle,
            given: 0,
            cut: None,
            last_activity: Instant::now(),
            lost: None,
            waiting_for: Vec::new(),
            standby: false,
        })
    }

    fn quiet_until(&self) -> Instant {
        self.last_activity + self.idle.unwrap_or_default()
    }

    /// Prints what came; gives whether that was the end.
    fn take(&mut self, batch: &TailBatch<Message>, output: &mut Output) -> Result<bool> {
        if let Some((since, _)) = self.lost.take() {
            tell(&format!("streamscope: connected again after {:.1} s", since.elapsed().as_secs_f64()));
        }
        if batch.standby && !self.standby {
            tell("streamscope: the server is a standby, which shows no locks: a gap is waited for 2 s, then passed");
        }
        self.standby = batch.standby;
        self.tell_waiting(&batch.waiting_for);
        let caught_up = batch.complete_to >= batch.last_value;
        if !batch.messages.is_empty() {
            self.last_activity = Instant::now();
        }
        for tailed in &batch.messages {
            let message = &tailed.message;
            let over = match self.end {
                End::Never => false,
                End::Position(last) => message.global_position > last,
                End::Time(end) => message.time >= end,
            };
            if over || self.limit.is_some_and(|limit| self.given >= limit) {
                self.cut = Some(message.global_position - 1);
                output.finish()?;
                return Ok(true);
            }
            print(message, output)?;
            self.given += 1;
        }
        output.finish()?;
        let over = match self.end {
            End::Never => false,
            End::Position(last) => batch.complete_to >= last,
            End::Time(end) => batch.server_time >= end && caught_up,
        };
        Ok(over || self.limit.is_some_and(|limit| self.given >= limit))
    }

    /// A failure: one that can pass is waited for, for as long as this gives.
    fn lost(&mut self, error: StoreError) -> Result<Duration> {
        let passing = matches!(error, StoreError::Unavailable { .. } | StoreError::TimedOut { .. });
        if !passing {
            self.tell_place();
            return Err(error.into());
        }
        let (since, pause) = self.lost.unwrap_or((Instant::now(), *PAUSES.start()));
        let next = (pause * 2).min(*PAUSES.end());
        if self.lost.is_none() || next == *PAUSES.end() {
            let (waited, wait) = (since.elapsed().as_secs(), pause.as_secs_f64());
            tell(&format!("streamscope: {error}; away for {waited} s, next attempt in {wait:.1} s"));
        }
        self.lost = Some((since, next));
        // Not all at once: followers that lost the same server come back at different moments.
        let mut random = [0];
        // Without random bytes they come back together, which is no reason to end.
        let _ = getrandom::fill(&mut random);
        self.last_activity = Instant::now();
        Ok(pause.mul_f64(0.75 + f64::from(random[0]) / 512.0))
    }

    fn tell_waiting(&mut self, holders: &[Holder]) {
        let names: Vec<String> = holders.iter().map(|holder| holder.transaction.clone()).collect();
        if names != self.waiting_for {
            tell_holders(holders);
            self.waiting_for = names;
        }
    }

    /// Where another `tail` would go on.
    fn tell_place(&self) {
        let mut settled = self.tail.resume_position();
        // What lies behind the end was not asked for, even where it was looked at.
        if let End::Position(last) = self.end {
            settled = settled.min(last);
        }
        let complete = self.cut.map_or(settled, |cut| cut.min(settled)).max(0);
        let given = grouped(self.given);
        tell(&format!(
            "streamscope: {given} messages, complete to {complete}; --from {} goes on",
            complete.saturating_add(1)
        ));
    }
}

/// Who keeps messages back: nothing at all where nobody does any more.
pub fn tell_holders(holders: &[Holder]) {
    for holder in holders {
        let pid = holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("process {pid}"));
        let application = holder.application.as_deref().filter(|name| !name.is_empty());
        let application = application.map(|name| format!(" ({name})")).unwrap_or_default();
        let since = for_people(holder.since);
        tell(&format!("streamscope: waiting for {pid}{application}, whose transaction is open since {since}"));
    }
}

fn print(message: &Message, output: &mut Output) -> Result<()> {
    if output.is_json() {
        let terminal = output.terminal;
        json::message(output.buffer(), message, terminal);
        return Ok(output.line_done()?);
    }
    let data = message.data.as_deref().unwrap_or_default();
    // A line holds no more than the widest terminal shows.
    let start: String = data.chars().take(output.width.unwrap_or(2_000)).collect();
    let line = format!(
        "{} {:>8} {}@{} {} {start}",
        for_people(message.time),
        message.global_position,
        message.stream,
        message.position,
        message.message_type
    );
    let line = safe(&line);
    let line = if let Some(width) = output.width { line.cut(width) } else { line };
    Ok(output.line(line.as_str())?)
}
