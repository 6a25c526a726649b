//! The command `streams`: lists the streams of a namespace or category. They are read page by page: memory stays
//! bounded whatever the limit, and no more than one page is ever held.

mod containing;

use clap::Args;

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::cli::selection::Limit;
use crate::cli::stderr;
use crate::message::{Category, StreamName};
use crate::pasteable::shell_word;
use crate::store::Namespace;
use crate::store::browse::{NamePart, StreamRow, StreamsFrom, StreamsOf};
use containing::Search;

const HELP: &str = "\
Streams are listed by name, each with its version (the position of its last message) and the time of its last message.

--contains searches all names step by step and prints each stream as soon as it is found. The search is case-sensitive \
only if TEXT contains an upper-case letter; otherwise it ignores the case of ASCII letters.

JSON keys: stream, version, gpos, time

Examples:
  streamscope -n shop streams account
  streamscope -n shop streams --prefix account-12 --limit 20
  streamscope -n shop streams --contains 9f3a-7aa6
  streamscope -n shop streams account --after account-129";

/// Streams per query.
const PAGE: usize = 1_000;

/// List the streams of a namespace or category
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct StreamsArguments {
    /// List only streams of this category
    pub category: Option<String>,
    /// List only streams whose names begin with this text
    #[arg(long, value_name = "PREFIX", allow_hyphen_values = true)]
    pub prefix: Option<String>,
    /// List only streams whose names contain this text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub contains: Option<String>,
    /// List only streams after this one, to continue an earlier list
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    pub after: Option<String>,
    /// List at most N streams; -1 for all
    #[arg(long, value_name = "N", default_value_t = Limit::AtMost(1_000), allow_negative_numbers = true)]
    pub limit: Limit,
}

/// Runs the command.
///
/// # Errors
/// Returns [`crate::cli::error::Status::Usage`] for an invalid category, and the errors of the store.
pub(super) async fn run(namespace: &Namespace, arguments: &StreamsArguments, output: &mut Output) -> Result<()> {
    let Some(of) = which(arguments)? else { return Ok(()) };
    let mut table = Table::new(&[
        Column::text("STREAM"),
        Column::number("VERSION"),
        Column::number("GLOBAL"),
        Column::time("LAST MESSAGE"),
    ]);
    let mut left = arguments.limit.number().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut after = arguments.after.as_deref().map(StreamName::stored);
    if let Some(text) = &arguments.contains {
        let search = Search { of: &of, part: NamePart::new(text), after, limit: left };
        return containing::run(namespace, search, table, output).await;
    }
    loop {
        let wanted = left.min(PAGE);
        // One more stream shows whether others follow.
        let rows = namespace.streams(&of, &StreamsFrom::after(after.clone()), wanted + 1).await?;
        let page = &rows[..wanted.min(rows.len())];
        for row in page {
            stream(row, &mut table, output)?;
        }
        if page.len() == rows.len() {
            return Ok(table.finish(output)?);
        }
        left -= wanted;
        if let Some(last) = page.last() {
            after = Some(last.stream.clone());
        }
        if left == 0 {
            break;
        }
    }
    table.finish(output)?;
    output.finish()?;
    let after = after.and_then(|last| shell_word(last.as_str())).map(|last| format!("--after {last} or "));
    let after = after.unwrap_or_default();
    stderr::line(&format!("streamscope: more streams follow; continue with {after}--limit -1"));
    Ok(())
}

/// Returns what to list, or `None` if no stream of the category can start with the prefix.
fn which(arguments: &StreamsArguments) -> Result<Option<StreamsOf>> {
    let Some(category) = &arguments.category else {
        return Ok(Some(arguments.prefix.clone().map_or(StreamsOf::Namespace, StreamsOf::Prefix)));
    };
    let category = Category::new(category.clone())?;
    let Some(prefix) = &arguments.prefix else { return Ok(Some(StreamsOf::Category(category))) };
    let own = format!("{category}-");
    if prefix.starts_with(&own) {
        return Ok(Some(StreamsOf::Prefix(prefix.clone())));
    }
    Ok(own.starts_with(prefix.as_str()).then_some(StreamsOf::Category(category)))
}

fn stream(row: &StreamRow, table: &mut Table, output: &mut Output) -> Result<()> {
    if output.is_json() {
        Object::begin(output.buffer())
            .string("stream", row.stream.as_str())
            .number("version", row.version)
            .number("gpos", row.last_global_position)
            .time("time", row.last_time)
            .end();
        return Ok(output.line_done()?);
    }
    let cells = [
        row.stream.as_str(),
        &row.version.to_string(),
        &row.last_global_position.to_string(),
        &for_people(row.last_time),
    ];
    Ok(table.row(output, &cells)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(category: Option<&str>, prefix: Option<&str>) -> Option<StreamsOf> {
        let arguments = StreamsArguments {
            category: category.map(str::to_owned),
            prefix: prefix.map(str::to_owned),
            contains: None,
            after: None,
            limit: Limit::AtMost(10),
        };
        which(&arguments).expect("a category")
    }

    #[test]
    fn category_and_prefix_both_restrict_the_list() {
        let account = || Some(StreamsOf::Category(Category::stored("account")));
        assert_eq!(asked(None, None), Some(StreamsOf::Namespace));
        assert_eq!(asked(Some("account"), None), account());
        assert_eq!(asked(Some("account"), Some("acc")), account());
        assert_eq!(asked(Some("account"), Some("account-12")), Some(StreamsOf::Prefix("account-12".to_owned())));
        assert_eq!(asked(Some("account"), Some("order-")), None);
    }
}
