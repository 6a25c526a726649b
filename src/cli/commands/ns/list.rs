//! The command `ns list`: prints one row for each namespace, including those that cannot be opened. It never opens one.

use clap::Args;

use super::details::{describe, version};
use crate::cli::database::no_namespaces;
use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::cli::stderr;
use crate::invocation::suggested;
use crate::safe_text::safe;
use crate::store::{LostNamespace, NamespaceInfo, Store};

const HELP: &str = "\
JSON keys: id, schema, flavour, version, outdated, description, created, hidesRows, closed, caution

Examples:
  streamscope ns list
  streamscope ns list --format json | jq -r .id";

/// List the namespaces in the database
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct ListArguments {}

pub(super) async fn run(store: &Store, output: &mut Output) -> Result<()> {
    let (namespaces, lost) = store.survey().await?;
    for LostNamespace { id, schema } in lost {
        stderr::line(&format!(
            "Namespace {} is registered, but its schema {} is gone. To remove the entry: {}",
            safe(&id),
            safe(&schema),
            suggested(&["ns", "delete"], Some(&id), &[])
        ));
    }
    if output.is_json() {
        for info in &namespaces {
            describe(Object::begin(output.buffer()), info).end();
            output.line_done()?;
        }
        return Ok(());
    }
    if namespaces.is_empty() {
        output.note(&no_namespaces());
    }
    let columns = [
        Column::text("NAMESPACE"),
        Column::text("FLAVOUR"),
        Column::text("VERSION"),
        Column::time("CREATED"),
        Column::text("SCHEMA"),
        Column::text("DESCRIPTION"),
        Column::text("NOTE"),
    ];
    let noted = namespaces.iter().any(|info| !note(info).is_empty());
    let columns = if noted { &columns[..] } else { &columns[..6] };
    let mut table = Table::new(columns);
    for info in &namespaces {
        let created = info.created_at.map(for_people).unwrap_or_default();
        let note = note(info);
        let cells = [
            &info.id,
            info.flavour.as_str(),
            &version(info),
            &created,
            &info.schema,
            info.description.as_deref().unwrap_or_default(),
            &note,
        ];
        table.row(output, &cells[..columns.len()])?;
    }
    Ok(table.finish(output)?)
}

/// Returns why a namespace cannot be opened, or which part of it was not read.
fn note(info: &NamespaceInfo) -> String {
    let closed = info.closed.as_ref().map(|closed| format!("cannot be opened: {closed}"));
    closed.or_else(|| info.caution.clone()).unwrap_or_default()
}
