//! `stats`: counts messages by category, type and stream, with their share and their rate over time. It prints rows as
//! they arrive and never collects them.

use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;

use crate::cli::error::{CommandError, Result};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::cli::selection::Limit;
use crate::message::Category;
use crate::numbers::grouped;
use crate::store::Namespace;
use crate::store::stats::{GroupBy, StatsOptions, StatsRow};

const HELP: &str = "\
Shows what the summary views of Message DB show, for every kind of store. All selected messages are read, which \
takes a while on a large store. The rate covers the time from the earliest to the latest message.

JSON keys: category, type or stream; messages, percent, rate, from, to

Examples:
  streamscope -n shop stats
  streamscope -n shop stats types account
  streamscope -n shop stats streams account --limit 20
  streamscope -n shop stats categories --by types --format json";

/// The number of time intervals of a rate.
const PARTS: u32 = 24;
/// The bars of a sparkline, in ascending order.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A property by which messages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Counted {
    Categories,
    Types,
    Streams,
}

impl Counted {
    fn by(self) -> GroupBy {
        match self {
            Self::Categories => GroupBy::Category,
            Self::Types => GroupBy::Type,
            Self::Streams => GroupBy::Stream,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Categories => "CATEGORY",
            Self::Types => "TYPE",
            Self::Streams => "STREAM",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Categories => "category",
            Self::Types => "type",
            Self::Streams => "stream",
        }
    }
}

/// Count messages by category, type or stream, with their rate over time
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct StatsArguments {
    /// Count messages by this property
    #[arg(
        value_enum,
        default_value = "categories",
        value_name = "categories|types|streams",
        hide_possible_values = true
    )]
    pub what: Counted,
    /// Only messages of this category
    pub category: Option<String>,
    /// Also count by this property
    #[arg(long, value_enum, value_name = "categories|types|streams", hide_possible_values = true)]
    pub by: Option<Counted>,
    /// Print only the N most frequent, in descending order; without it, or with -1, print all by name
    #[arg(long, value_name = "N", default_value_t = Limit::All, hide_default_value = true, allow_negative_numbers = true)]
    pub limit: Limit,
}

/// Checks the arguments before anything is opened.
pub(super) fn check(arguments: &StatsArguments) -> Result<()> {
    if arguments.by == Some(arguments.what) {
        let name = arguments.what.key();
        return Err(CommandError::usage(format!(
            "messages are already counted by {name}; choose another --by, or omit it"
        )));
    }
    arguments.category.clone().map(Category::new).transpose()?;
    Ok(())
}

pub(super) async fn run(namespace: &Namespace, arguments: &StatsArguments, output: &mut Output) -> Result<()> {
    let options = StatsOptions {
        key: arguments.what.by(),
        by: arguments.by.map(Counted::by),
        category: arguments.category.clone().map(Category::new).transpose()?,
        buckets: PARTS,
        limit: arguments.limit.number().map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
    };
    let mut rows = namespace.stats(&options).await?;
    let mut columns = vec![Column::text(arguments.what.title())];
    columns.extend(arguments.by.map(|by| Column::text(by.title())));
    columns.extend([Column::number("MESSAGES"), Column::number("PERCENT"), Column::text("RATE")]);
    let mut table = Table::new(&columns);
    let mut times = None;
    while let Some(row) = rows.try_next().await? {
        times = row.first.zip(row.last);
        if output.is_json() {
            object(arguments, &row, output)?;
        } else {
            let (messages, rate) = (grouped(row.messages), sparkline(&row.rate));
            let mut cells = vec![row.key.as_str()];
            cells.extend(row.by.as_deref());
            cells.extend([messages.as_str(), &row.percent, &rate]);
            table.row(output, &cells)?;
        }
    }
    table.finish(output)?;
    if let Some((first, last)) = times {
        output.finish()?;
        output.note(&format!("Rate from {} to {}", for_people(first), for_people(last)));
    }
    Ok(())
}

fn object(arguments: &StatsArguments, row: &StatsRow, output: &mut Output) -> Result<()> {
    let rate = row.rate.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    let object = Object::begin(output.buffer()).string(arguments.what.key(), &row.key);
    let object = match (arguments.by, &row.by) {
        (Some(by), Some(value)) => object.string(by.key(), value),
        _ => object,
    };
    let object = object.number("messages", row.messages).raw("percent", &row.percent).raw("rate", &format!("[{rate}]"));
    object.time_or_null("from", row.first).time_or_null("to", row.last).end();
    Ok(output.line_done()?)
}

/// Draws numbers as bars. The highest bar is full, and only zero has no bar.
fn sparkline(rate: &[u64]) -> String {
    let most = rate.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: &u64| match count {
        0 => ' ',
        _ => BARS[usize::try_from((u128::from(*count) * 8).div_ceil(u128::from(most)) - 1).unwrap_or(0).min(7)],
    };
    rate.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_is_full_and_only_zero_is_empty() {
        assert_eq!(sparkline(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(sparkline(&[1]), "█");
        assert_eq!(sparkline(&[u64::MAX, 1]), "█▁");
    }
}
