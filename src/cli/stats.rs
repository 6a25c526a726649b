//! `stats`: how many messages by category, type and stream, their share, and their rate over time as a sparkline or as numbers.

use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;

use super::failure::{Failure, Result};
use super::output::json::Object;
use super::output::table::{Column, Table};
use super::output::time::for_people;
use super::output::{Output, grouped};
use crate::message::Category;
use crate::store::Namespace;
use crate::store::stats::{By, StatsOptions, StatsRow};

/// Parts of the time in text and in json.
const PARTS: u32 = 24;
/// From few to many.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Counted {
    /// By category.
    Categories,
    /// By type.
    Types,
    /// By stream.
    Streams,
}

impl Counted {
    fn by(self) -> By {
        match self {
            Self::Categories => By::Category,
            Self::Types => By::Type,
            Self::Streams => By::Stream,
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

/// `streamscope stats …`
#[derive(Debug, Clone, Args)]
pub struct StatsArguments {
    /// What to count by
    #[arg(
        value_enum,
        default_value = "categories",
        value_name = "categories|types|streams",
        hide_possible_values = true
    )]
    pub what: Counted,
    /// Only messages of this category
    pub category: Option<String>,
    /// Count by this as well: categories, types or streams
    #[arg(long, value_enum, value_name = "categories|types|streams", hide_possible_values = true)]
    pub by: Option<Counted>,
    /// Only the N most frequent, the most frequent first
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

/// What can be refused before anything is opened.
///
/// # Errors
/// [`super::failure::Status::Usage`]
pub fn check(arguments: &StatsArguments) -> Result<()> {
    if arguments.by == Some(arguments.what) {
        return Err(Failure::usage("--by: it is counted by that already"));
    }
    arguments.category.clone().map(Category::new).transpose()?;
    Ok(())
}

/// `streamscope stats`
///
/// # Errors
/// The store's.
pub async fn stats(namespace: &Namespace, arguments: &StatsArguments, output: &mut Output) -> Result<()> {
    let options = StatsOptions {
        key: arguments.what.by(),
        by: arguments.by.map(Counted::by),
        category: arguments.category.clone().map(Category::new).transpose()?,
        buckets: PARTS,
        limit: arguments.limit,
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
        output.note(&format!("rate from {} to {}", for_people(first), for_people(last)));
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

/// Numbers as bars: the highest is full, and only nothing is empty.
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
    fn the_highest_bar_is_full_and_only_nothing_is_empty() {
        assert_eq!(sparkline(&[0, 1, 50, 100]), " ▁▄█");
        assert_eq!(sparkline(&[1]), "█");
        assert_eq!(sparkline(&[u64::MAX, 1]), "█▁");
    }
}
