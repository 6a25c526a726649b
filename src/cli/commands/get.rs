//! The command `get`: prints the messages of a stream or category as they arrive. It never collects them.

use clap::Args;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::cli::error::{CommandError, Result};
use crate::cli::output::messages::MessageTable;
use crate::cli::output::{Output, json};
use crate::cli::selection::{Limit, MatchingArguments, Point};
use crate::cli::stderr;
use crate::cli::unreadable::Unreadable;
use crate::message::{Category, ConsumerGroup, Message, Name};
use crate::store::Namespace;
use crate::store::read::{CategoryOptions, DEFAULT_BATCH_SIZE, Messages};

const HELP: &str = "\
A name with a hyphen is a stream, read by position. Any other name is a category, read by global position. If the \
stream or category does not exist, get prints nothing and exits with status 0. If --limit cuts the result short, \
standard error shows the --from value to continue with.

In JSON output, data and metadata are exactly as the server prints them. Text output truncates data to the width of \
the terminal and omits metadata.

JSON keys: id, stream, type, pos, gpos, data, meta, time

Examples:
  streamscope -n shop get account-1
  streamscope -n shop get account-1 --from 10 --limit 5
  streamscope -n shop get account --from -2h --type Withdrawn \\
    --where '$.amount > 100'
  streamscope -n shop get account --limit -1 > account.ndjson
  streamscope -n shop get account --consumer-group-member 0 \\
    --consumer-group-size 3
  streamscope -n shop get account:command --correlation order | head";

/// Print the messages of a stream or category
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct GetArguments {
    /// Stream (category-id) or category
    pub name: String,
    /// Where to start, inclusive: start, now, a time, a position (for a stream) or a global position (for a category)
    #[arg(
        long,
        value_name = "now|start|POSITION|TIME",
        alias = "position",
        overrides_with = "from",
        default_value = "start",
        allow_hyphen_values = true
    )]
    pub from: Point,
    /// Print at most N messages; -1 for all
    #[arg(
        long,
        value_name = "N",
        alias = "batch-size",
        overrides_with = "limit",
        default_value_t = Limit::AtMost(DEFAULT_BATCH_SIZE.unsigned_abs()),
        allow_negative_numbers = true
    )]
    pub limit: Limit,
    /// Filters.
    #[command(flatten)]
    pub matching: MatchingArguments,
    /// Only messages correlated with this category (correlationStreamName in metadata)
    #[arg(long, value_name = "CATEGORY")]
    pub correlation: Option<String>,
    /// Only messages of this consumer group member; the first is 0
    #[arg(long, value_name = "M", requires = "consumer_group_size", allow_negative_numbers = true)]
    pub consumer_group_member: Option<i64>,
    /// Number of members in the consumer group
    #[arg(long, value_name = "N", requires = "consumer_group_member", allow_negative_numbers = true)]
    pub consumer_group_size: Option<i64>,
}

/// The arguments of `get`, checked before anything is opened.
#[derive(Debug)]
pub(crate) struct Get {
    name: Name,
    options: CategoryOptions,
    from: Point,
    limit: Limit,
    matching: MatchingArguments,
}

impl Get {
    /// Checks the arguments.
    ///
    /// # Errors
    /// Returns [`Status::Usage`] for invalid names and consumer groups, and for options of categories with a stream.
    pub(crate) fn new(arguments: &GetArguments) -> Result<Self> {
        let name = Name::new(&arguments.name)?;
        let consumer_group = match (arguments.consumer_group_member, arguments.consumer_group_size) {
            (Some(member), Some(size)) => Some(ConsumerGroup::new(member, size).map_err(CommandError::usage)?),
            _ => None,
        };
        let correlation = arguments.correlation.clone().map(Category::new).transpose()?;
        if matches!(name, Name::Stream(_)) && (consumer_group.is_some() || correlation.is_some()) {
            let what =
                format!("{} is a stream; --correlation and --consumer-group-member need a category", arguments.name);
            return Err(CommandError::usage(what));
        }
        Ok(Self {
            name,
            options: CategoryOptions { correlation, consumer_group },
            from: arguments.from,
            limit: arguments.limit,
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
        let wanted = match self.limit {
            Limit::All => -1,
            Limit::AtMost(limit) => i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
        };
        Ok(namespace.matching_messages(&self.name, from, wanted, &self.options, &filter).await?)
    }
}

/// Runs the command.
///
/// # Errors
/// Returns the errors of the store, after printing the messages before the error.
pub(super) async fn run(namespace: &Namespace, get: &Get, output: &mut Output) -> Result<()> {
    let mut messages = get.messages(namespace).await?;
    let mut table = MessageTable::new(matches!(get.name, Name::Stream(_)));
    let (mut given, mut beyond, mut unreadable) = (0, None, Unreadable::default());
    let outcome = loop {
        let message = match messages.next().await {
            None => break Ok(()),
            Some(Err(error)) => break Err(error.into()),
            Some(Ok(message)) => message,
        };
        if get.limit.number().is_some_and(|limit| given >= limit) {
            // Dropping an answer before its end cancels the query, which takes a connection of its own.
            beyond = Some(get.number(&message));
            continue;
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
    output.finish()?;
    unreadable.print_report();
    if let Some(number) = beyond {
        stderr::line(&format!("streamscope: more messages follow; continue with --from {number}"));
    }
    outcome
}
