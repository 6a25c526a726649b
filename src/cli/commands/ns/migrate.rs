//! The command `ns migrate`: upgrades namespaces that an older streamscope created, and repairs those whose schema was
//! renamed. It never changes namespaces of Message DB or EventoDB.

use clap::Args;

use crate::cli::database::named;
use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::safe_text::safe;
use crate::store::{Migration, Store};

const HELP: &str = "\
JSON keys: id, from, to, renamed_from

Examples:
  streamscope ns migrate
  streamscope ns migrate shop";

/// Upgrade namespaces created by an older streamscope, and repair those whose schema was renamed
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct MigrateArguments {
    /// ID of the namespace; if omitted, all that need it
    pub id: Option<String>,
}

pub(super) async fn run(store: &Store, id: Option<&str>, output: &mut Output) -> Result<()> {
    let ids = match id {
        Some(id) => vec![named(store, id).await?.info().id.clone()],
        None => store.namespaces().await?.into_iter().filter(|info| info.outdated).map(|info| info.id).collect(),
    };
    if ids.is_empty() {
        output.note("All namespaces created by streamscope are up to date");
    }
    for id in ids {
        let Migration { from, to, renamed_from } = store.migrate_namespace(&id).await?;
        if output.is_json() {
            Object::begin(output.buffer())
                .string("id", &id)
                .string("from", &from.to_string())
                .string("to", &to.to_string())
                .string_or_null("renamed_from", renamed_from.as_deref())
                .end();
            output.line_done()?;
            continue;
        }
        let id = safe(&id);
        output.line(&match (renamed_from, from == to) {
            (Some(old), _) => format!("{id} repaired: its schema was renamed from {} (version {to})", safe(&old)),
            (None, true) => format!("{id} is up to date (version {to})"),
            (None, false) => format!("{id} upgraded from version {from} to {to}"),
        })?;
    }
    Ok(())
}
