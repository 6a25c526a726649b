//! `categories`, `streams`, and the overview that is printed without a command.
//!
//! Streams are read page by page: memory stays bounded whatever the limit, and no more than one page is ever held.

use super::arguments::StreamsArguments;
use super::failure::Result;
use super::output::json::Object;
use super::output::table::{Column, Table};
use super::output::time::for_people;
use super::output::{Output, estimate};
use crate::message::{Category, StreamName};
use crate::pasteable::shell_word;
use crate::store::browse::{StreamRow, StreamsFrom, StreamsOf};
use crate::store::{Namespace, Store, StoreError};

/// Streams per query.
const PAGE: usize = 1_000;

/// `streamscope categories`
pub async fn categories(namespace: &Namespace, output: &mut Output) -> Result<()> {
    let rows = namespace.categories().await?;
    if rows.is_empty() {
        output.note("No messages yet. To write one: streamscope write STREAM TYPE");
    }
    let mut table = Table::new(&[Column::text("CATEGORY"), Column::number("MESSAGES")]);
    for row in &rows {
        if output.is_json() {
            let object = Object::begin(output.buffer()).string("category", row.category.as_str());
            object.number_or_null("estimate", row.estimate).end();
            output.line_done()?;
        } else {
            table.row(output, &[row.category.as_str(), &estimate(row.estimate)])?;
        }
    }
    Ok(table.finish(output)?)
}

/// `streamscope streams`
///
/// # Errors
/// Returns [`super::failure::Status::Usage`] for an invalid category, and the errors of the store.
pub async fn streams(namespace: &Namespace, arguments: &StreamsArguments, output: &mut Output) -> Result<()> {
    let Some(of) = which(arguments)? else { return Ok(()) };
    let mut table = Table::new(&[
        Column::text("STREAM"),
        Column::number("VERSION"),
        Column::number("GLOBAL"),
        Column::time("LAST MESSAGE"),
    ]);
    // A negative limit means all.
    let mut left = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let mut after = arguments.after.as_deref().map(StreamName::stored);
    while left > 0 {
        let wanted = left.min(PAGE);
        let rows = namespace.streams(&of, &StreamsFrom::after(after.clone()), wanted).await?;
        for row in &rows {
            stream(row, &mut table, output)?;
        }
        left -= rows.len();
        if let Some(last) = rows.last() {
            after = Some(last.stream.clone());
        }
        if rows.len() < wanted {
            table.finish(output)?;
            return Ok(());
        }
    }
    table.finish(output)?;
    output.finish()?;
    if !output.is_json()
        && let Some(last) = &after
        && !namespace.streams(&of, &StreamsFrom::After(last.clone()), 1).await?.is_empty()
    {
        let after = shell_word(last.as_str()).map(|last| format!("--after {last} or ")).unwrap_or_default();
        output.note(&format!("More streams follow. Continue with {after}--limit -1"));
    }
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

/// Lists every category of every namespace.
pub async fn overview(store: &Store, output: &mut Output) -> Result<()> {
    let mut table = Table::new(&[Column::text("NAMESPACE"), Column::text("CATEGORY"), Column::number("MESSAGES")]);
    let namespaces = store.list().await?;
    if namespaces.is_empty() {
        output.note("No namespaces yet. To create one: streamscope ns create ID");
    }
    for (info, namespace) in &namespaces {
        let namespace = match namespace {
            Some(namespace) => Ok(namespace.clone()),
            None => store.namespace_unasked(&info.id).await,
        };
        let categories = match namespace {
            Err(error @ StoreError::NamespaceClosed { .. }) => {
                output.note(&error.to_string());
                continue;
            }
            namespace => namespace?.categories().await?,
        };
        for row in categories {
            if output.is_json() {
                Object::begin(output.buffer())
                    .string("namespace", &info.id)
                    .string("category", row.category.as_str())
                    .number_or_null("estimate", row.estimate)
                    .end();
                output.line_done()?;
            } else {
                table.row(output, &[&info.id, row.category.as_str(), &estimate(row.estimate)])?;
            }
        }
    }
    Ok(table.finish(output)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(category: Option<&str>, prefix: Option<&str>) -> Option<StreamsOf> {
        let arguments = StreamsArguments {
            category: category.map(str::to_owned),
            prefix: prefix.map(str::to_owned),
            after: None,
            limit: 10,
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
