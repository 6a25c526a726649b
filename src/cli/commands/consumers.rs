//! The command `consumers`: lists how far the consumers of a namespace have read, and fails if one is too far behind.
//! It reads only what consumers themselves have recorded.

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::config::Config;
use crate::locator::duration;
use crate::message::Category;
use crate::numbers::{count, grouped};
use crate::store::Namespace;
use crate::store::consumers::trend::{Readings, Trend};
use crate::store::consumers::{Consumer, ConsumerState};

const HELP: &str = "\
Finds every consumer that records its position where streamscope can see it: Eventide and Protean in streams, \
Propulsion and EventodbKit in tables, and others through queries in the configuration file ([[consumers]]). Up to \
10,000 unread messages are counted. The delay is the age of the first unread message.

States:
  current          the consumer has read everything
  within interval  behind, but by less than the interval at which it records its
                   position (100 messages for Eventide, 10 for Protean)
  behind           behind by the interval or more
  stuck            behind, with unread messages and no movement for five
                   minutes
  ahead            its position is above the newest message, because the store
                   was emptied or restored
  unknown          the position cannot be read

--watch updates the list every five seconds and shows a trend over the last five readings: falling behind, catching \
up or steady.

--fail-behind and --fail-delay exit with status 8 if a consumer is beyond the limit, ahead or unknown.

JSON keys: consumer, category, convention, position, head, behind, behindCapped, delaySeconds, movedAt, state, \
stuckSince, reason; with --watch also trend

Examples:
  streamscope -n shop consumers
  streamscope -n shop consumers account --fail-behind 1000 --fail-delay 5m
  streamscope -n shop consumers --watch";

/// The time between two readings of `--watch`.
const PAUSE: Duration = Duration::from_secs(5);

/// Show how far each consumer has read and how far it lags
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct ConsumersArguments {
    /// List only consumers of this category
    pub category: Option<String>,
    /// Fail if a consumer has more than N unread messages
    #[arg(long, value_name = "N")]
    pub fail_behind: Option<u64>,
    /// Fail if the first unread message of a consumer is older than this, such as 30s, 5m or 2h
    #[arg(long, value_name = "D", value_parser = length)]
    pub fail_delay: Option<SignedDuration>,
    /// Update every five seconds until interrupted
    #[arg(long, conflicts_with_all = ["fail_behind", "fail_delay"])]
    pub watch: bool,
}

fn length(text: &str) -> Result<SignedDuration, String> {
    duration(text).ok_or_else(|| "use a whole number and a unit: ms, s, m, h, d".to_owned())
}

/// The checked arguments.
pub(crate) struct Prepared<'a> {
    category: Option<Category>,
    arguments: &'a ConsumersArguments,
    config: Config,
}

impl<'a> Prepared<'a> {
    /// Checks the arguments and reads the user's queries before anything is opened.
    ///
    /// # Errors
    /// Returns [`Status::Usage`] for an invalid category, and for a configuration with a mistake.
    pub(super) fn new(arguments: &'a ConsumersArguments) -> Result<Self> {
        let category = arguments.category.clone().map(Category::new).transpose()?;
        let config = Config::load().map_err(CommandError::usage)?;
        Ok(Self { category, arguments, config })
    }
}

/// Runs the command.
///
/// # Errors
/// Returns [`Status::CheckFailed`] if a consumer is too far behind, and the errors of the store.
pub(super) async fn run(namespace: &Namespace, prepared: Prepared<'_>, output: &mut Output) -> Result<()> {
    let Prepared { category, arguments, config } = prepared;
    let queries = config.consumer_queries(&namespace.target(), &namespace.info().id);
    let mut readings = Readings::default();
    let mut before = HashMap::new();
    loop {
        let mut consumers = namespace.consumers(category.as_ref(), &queries).await?;
        if !arguments.watch {
            list(&consumers, None, output)?;
            if consumers.is_empty() {
                output.finish()?;
                output.note("No consumer has recorded a position in this namespace");
            }
            return check_limits(&consumers, arguments);
        }
        readings.add(&mut consumers);
        list(&consumers, Some(&before), output)?;
        output.finish()?;
        if Output::reader_is_gone() {
            return Ok(());
        }
        before = consumers.iter().filter_map(|one| Some((key(one), one.behind?))).collect();
        tokio::time::sleep(PAUSE).await;
    }
}

fn key(consumer: &Consumer) -> (String, String) {
    (consumer.name.clone(), consumer.category.as_ref().map(Category::to_string).unwrap_or_default())
}

/// Fails if a consumer is beyond a limit, or if that cannot be known.
fn check_limits(consumers: &[Consumer], arguments: &ConsumersArguments) -> Result<()> {
    if arguments.fail_behind.is_none() && arguments.fail_delay.is_none() {
        return Ok(());
    }
    let failing: Vec<&Consumer> = consumers.iter().filter(|one| is_beyond(one, arguments)).collect();
    let Some(first) = failing.first() else { return Ok(()) };
    let others = if failing.len() > 1 { format!(", and {} more", failing.len() - 1) } else { String::new() };
    let what = format!("{}{others}: {}", first.name, described(first));
    Err(CommandError::new(Status::CheckFailed, what))
}

fn is_beyond(consumer: &Consumer, arguments: &ConsumersArguments) -> bool {
    let too_many = arguments
        .fail_behind
        .zip(consumer.behind)
        .is_some_and(|(most, behind)| behind > most || (consumer.capped && behind >= most));
    let too_old = arguments.fail_delay.zip(consumer.delay).is_some_and(|(most, delay)| delay > most);
    too_many || too_old || matches!(consumer.state, ConsumerState::Ahead | ConsumerState::Unknown(_))
}

/// Describes a consumer that is beyond a limit.
fn described(consumer: &Consumer) -> String {
    match (&consumer.state, consumer.behind) {
        (ConsumerState::Unknown(reason), _) => reason.clone(),
        (ConsumerState::Ahead, _) => "its position is above the newest message".to_owned(),
        (_, behind) => {
            let delay = consumer.delay.map(|delay| format!(", the first {} old", age(delay))).unwrap_or_default();
            let more = if consumer.capped { "more than " } else { "" };
            format!("{more}{} unread{delay}", count(behind.unwrap_or(0), "message"))
        }
    }
}

/// Formats a delay in its largest unit.
fn age(delay: SignedDuration) -> String {
    match delay.as_secs().max(0) {
        seconds @ ..120 => format!("{seconds}s"),
        seconds @ ..7_200 => format!("{}m", seconds / 60),
        seconds @ ..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

fn list(consumers: &[Consumer], before: Option<&HashMap<(String, String), u64>>, output: &mut Output) -> Result<()> {
    let mut columns = vec![
        Column::text("CONSUMER"),
        Column::text("CATEGORY"),
        Column::text("CONVENTION").dim(),
        Column::number("POSITION"),
        Column::number("HEAD"),
        Column::number("BEHIND"),
    ];
    if before.is_some() {
        columns.extend([Column::number("CHANGE"), Column::text("TREND")]);
    }
    columns.extend([Column::number("DELAY"), Column::time("MOVED"), Column::text("STATE")]);
    let mut table = Table::new(&columns);
    for consumer in consumers {
        if output.is_json() {
            object(consumer, before.is_some(), output)?;
            continue;
        }
        let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let behind =
            consumer.behind.map(|behind| format!("{}{}", grouped(behind), if consumer.capped { "+" } else { "" }));
        let state = match &consumer.state {
            ConsumerState::Unknown(reason) => format!("unknown: {reason}"),
            ConsumerState::Stuck(since) => format!("stuck since {}", for_people(*since)),
            state => state.name().to_owned(),
        };
        let mut cells = vec![
            consumer.name.clone(),
            consumer.category.as_ref().map(Category::to_string).unwrap_or_default(),
            consumer.convention.name().to_owned(),
            number(consumer.position),
            number(consumer.head),
            behind.unwrap_or_default(),
        ];
        if let Some(before) = before {
            let earlier = before.get(&key(consumer));
            cells.push(earlier.zip(consumer.behind).map(|(earlier, now)| change(*earlier, now)).unwrap_or_default());
            cells.push(consumer.trend.map(|trend| trend.name().to_owned()).unwrap_or_default());
        }
        cells.extend([
            consumer.delay.map(age).unwrap_or_default(),
            consumer.moved_at.map(for_people).unwrap_or_default(),
            state,
        ]);
        table.row(output, &cells.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    table.finish(output)?;
    Ok(())
}

/// Formats how the number of unread messages changed.
fn change(before: u64, now: u64) -> String {
    let sign = if now > before { "+" } else { "-" };
    if now == before { "0".to_owned() } else { format!("{sign}{}", grouped(now.abs_diff(before))) }
}

fn object(consumer: &Consumer, watching: bool, output: &mut Output) -> Result<()> {
    let since = if let ConsumerState::Stuck(since) = consumer.state { Some(since) } else { None };
    let reason = if let ConsumerState::Unknown(reason) = &consumer.state { Some(reason.as_str()) } else { None };
    let object = Object::begin(output.buffer())
        .string("consumer", &consumer.name)
        .string_or_null("category", consumer.category.as_ref().map(Category::as_str))
        .string("convention", consumer.convention.name())
        .number_or_null("position", consumer.position)
        .number_or_null("head", consumer.head)
        .number_or_null("behind", consumer.behind)
        .raw("behindCapped", if consumer.capped { "true" } else { "false" })
        .number_or_null("delaySeconds", consumer.delay.map(|delay| delay.as_secs().max(0)))
        .time_or_null("movedAt", consumer.moved_at)
        .string("state", consumer.state.name())
        .time_or_null("stuckSince", since)
        .string_or_null("reason", reason);
    if watching { object.string_or_null("trend", consumer.trend.map(Trend::name)) } else { object }.end();
    Ok(output.line_done()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::consumers::Convention;

    fn consumer(behind: u64, capped: bool, delay: i64, state: ConsumerState) -> Consumer {
        Consumer {
            name: "account:position".to_owned(),
            category: Some(Category::stored("account")),
            convention: Convention::Eventide,
            position: Some(1),
            head: Some(2),
            behind: Some(behind),
            capped,
            delay: Some(SignedDuration::from_secs(delay)),
            moved_at: None,
            seen_at: None,
            state,
            trend: None,
        }
    }

    #[test]
    fn consumers_beyond_a_limit_or_in_an_unknown_state_fail() {
        let limits =
            |behind, delay| ConsumersArguments { category: None, fail_behind: behind, fail_delay: delay, watch: false };
        let fails =
            |one: Consumer, limits: &ConsumersArguments| check_limits(&[one], limits).err().map(|error| error.what);
        let behind = || consumer(101, false, 90, ConsumerState::Behind);
        assert_eq!(fails(behind(), &limits(Some(101), None)), None);
        let said = "account:position: 101 messages unread, the first 90s old";
        assert_eq!(fails(behind(), &limits(Some(100), None)).as_deref(), Some(said));
        assert_eq!(fails(behind(), &limits(None, Some(SignedDuration::from_secs(90)))), None);
        assert!(fails(behind(), &limits(None, Some(SignedDuration::from_secs(89)))).is_some());
        let capped = consumer(10_000, true, 90, ConsumerState::Behind);
        assert!(fails(capped, &limits(Some(10_000), None)).is_some(), "it has more than were counted");
        let unknown = consumer(0, false, 0, ConsumerState::Unknown("no rights".to_owned()));
        assert_eq!(fails(unknown, &limits(Some(100), None)).as_deref(), Some("account:position: no rights"));
        assert_eq!(fails(consumer(0, false, 0, ConsumerState::Ahead), &limits(None, None)), None, "no limits");
    }
}
