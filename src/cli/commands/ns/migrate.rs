//! The command `ns migrate`: upgrades namespaces that an older streamscope created, and repairs those whose schema was
//! renamed or whose functions were changed. It never changes namespaces of Message DB or EventoDB.

use clap::Args;

use crate::cli::database::named;
use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::stderr;
use crate::safe_text::safe;
use crate::store::{Migration, Store, StoreError};

const HELP: &str = "\
With an ID, functions that are missing or changed are installed again.

JSON keys: id, from, to, renamedFrom, reinstalled

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
    let mut refused: Option<StoreError> = None;
    for namespace in ids {
        let migrated = match id {
            Some(_) => store.migrate_namespace(&namespace).await,
            None => store.migrate_unasked(&namespace).await,
        };
        let Migration { from, to, renamed_from, reinstalled } = match migrated {
            // It does not keep the others from being upgraded.
            Err(error @ StoreError::NamespaceClosed { .. }) => {
                if let Some(earlier) = refused.replace(error) {
                    stderr::line(&format!("streamscope: {earlier}"));
                }
                continue;
            }
            migrated => migrated?,
        };
        if output.is_json() {
            Object::begin(output.buffer())
                .string("id", &namespace)
                .string("from", &from.to_string())
                .string("to", &to.to_string())
                .string_or_null("renamedFrom", renamed_from.as_deref())
                .number("reinstalled", reinstalled)
                .end();
            output.line_done()?;
            continue;
        }
        let id = safe(&namespace);
        output.line(&match (renamed_from, from == to) {
            _ if reinstalled => format!("{id} repaired: its functions were missing or changed (version {to})"),
            (Some(old), _) => format!("{id} repaired: its schema was renamed from {} (version {to})", safe(&old)),
            (None, true) => format!("{id} is up to date (version {to})"),
            (None, false) => format!("{id} upgraded from version {from} to {to}"),
        })?;
    }
    refused.map_or(Ok(()), |error| Err(error.into()))
}
