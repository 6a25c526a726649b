//! The command `ns delete`: deletes a namespace and all its messages. It never deletes without a confirmation.

use clap::Args;

use crate::cli::confirmation::{ask, can_ask};
use crate::cli::database::named;
use crate::cli::error::{CommandError, Result};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::invocation::suggested;
use crate::numbers::count;
use crate::safe_text::safe;
use crate::store::browse::Scope;
use crate::store::{Flavour, Store};

const HELP: &str = "\
JSON keys: id, messages

Examples:
  streamscope ns delete shop
  streamscope ns delete shop --confirm shop";

/// Delete a namespace and all its messages
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct DeleteArguments {
    /// ID of the namespace
    id: String,
    /// The ID again, as confirmation; required if there is no terminal to ask on
    #[arg(long, value_name = "ID")]
    confirm: Option<String>,
}

impl DeleteArguments {
    /// Refuses, before anything is opened, a deletion that is not confirmed and cannot be asked about.
    pub(crate) fn check(&self) -> Result<()> {
        let id = &self.id;
        match &self.confirm {
            Some(confirm) if confirm == id => Ok(()),
            Some(confirm) => Err(CommandError::usage(format!(
                "--confirm {confirm} does not match the namespace {id}; nothing was deleted"
            ))),
            None if can_ask() => Ok(()),
            None => Err(CommandError::usage(format!(
                "deleting namespace {id} needs confirmation, and there is no terminal to ask on"
            ))
            .remedy(format!("To confirm: {}", confirmed(id)))),
        }
    }
}

/// Returns the command that deletes without asking.
fn confirmed(id: &str) -> String {
    if id.starts_with('-') {
        suggested(&["ns", "delete"], Some(id), &[&format!("--confirm={id}")])
    } else {
        suggested(&["ns", "delete"], Some(id), &["--confirm", id])
    }
}

pub(super) async fn run(store: &Store, arguments: &DeleteArguments, output: &mut Output) -> Result<()> {
    let DeleteArguments { id, confirm: confirmation } = arguments;
    match named(store, id).await {
        Ok(namespace) if confirmation.is_none() && namespace.info().flavour != Flavour::MessageDb => {
            let messages = namespace.estimate(&Scope::Namespace).await?.map(|estimate| estimate.messages);
            confirm(id, &namespace.info().schema, messages).await?;
        }
        Ok(_) => {}
        // A registry entry without a schema has no data to lose, so nothing is asked.
        Err(failure) => {
            if !store.survey().await?.1.iter().any(|lost| lost.id == *id) {
                return Err(failure);
            }
        }
    }
    let messages = store.delete_namespace(id).await?;
    if output.is_json() {
        Object::begin(output.buffer()).string("id", id).number("messages", messages).end();
    } else {
        output.line(&format!("Deleted namespace {} with {}", safe(id), count(messages, "message")))?;
    }
    output.finish_after(|| format!("namespace {id} was deleted"))
}

async fn confirm(id: &str, schema: &str, messages: Option<u64>) -> Result<()> {
    let count =
        messages.map_or_else(|| "all messages".to_owned(), |messages| format!("~{}", count(messages, "message")));
    let warning = format!("This permanently deletes namespace {id} (schema {schema}) with {count}.");
    if ask(&warning, "Type its ID to continue: ").await? == *id {
        return Ok(());
    }
    Err(CommandError::usage("the ID does not match; nothing was deleted"))
}
