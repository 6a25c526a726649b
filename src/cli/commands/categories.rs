//! The command `categories`: lists the categories of a namespace. It never counts messages; the numbers are estimates.

use clap::Args;

use crate::cli::error::Result;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::{Output, estimate};
use crate::invocation::suggested;
use crate::store::Namespace;

const HELP: &str = "\
Counts are estimates from the server's statistics.

JSON keys: category, estimate

Examples:
  streamscope -n shop categories
  streamscope -n shop categories --format json | jq -r .category";

/// List categories with estimated message counts
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct CategoriesArguments {}

pub(super) async fn run(namespace: &Namespace, output: &mut Output) -> Result<()> {
    let rows = namespace.categories().await?;
    if rows.is_empty() {
        output.note(&format!("No messages yet. To write one: {}", suggested(&["write", "STREAM", "TYPE"], None, &[])));
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
