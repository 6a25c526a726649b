//! The command `ns info`: prints the details and the estimated size of a namespace. It never counts messages.

use clap::Args;

use super::details::{describe, version};
use crate::cli::database::named;
use crate::cli::error::Result;
use crate::cli::output::json::Object;
use crate::cli::output::table::record;
use crate::cli::output::time::for_people;
use crate::cli::output::{Output, estimate};
use crate::store::Store;
use crate::store::browse::Scope;

const HELP: &str = "\
The message count is an estimate from the server's statistics.

JSON keys: those of `ns list`, categories, estimate

Examples:
  streamscope ns info shop
  streamscope ns info shop --format json | jq .estimate";

/// Show the details and the estimated size of a namespace
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct InfoArguments {
    /// ID of the namespace
    id: String,
}

pub(super) async fn run(store: &Store, arguments: &InfoArguments, output: &mut Output) -> Result<()> {
    let namespace = named(store, &arguments.id).await?;
    let info = namespace.info();
    let messages = namespace.estimate(&Scope::Namespace).await?.map(|estimate| estimate.messages);
    let categories = namespace.category_names().await?.len();
    if output.is_json() {
        let object = describe(Object::begin(output.buffer()), info);
        object.number("categories", categories).number_or_null("estimate", messages).end();
        return Ok(());
    }
    let (version, created) = (version(info), info.created_at.map(for_people).unwrap_or_default());
    let (categories, messages) = (categories.to_string(), estimate(messages));
    let mut fields = vec![
        ("namespace", info.id.as_str()),
        ("schema", &info.schema),
        ("flavour", info.flavour.as_str()),
        ("version", &version),
        ("description", info.description.as_deref().unwrap_or_default()),
        ("created", &created),
        ("categories", &categories),
        ("messages", &messages),
    ];
    if let Some(caution) = &info.caution {
        fields.push(("note", caution));
    }
    Ok(record(output, &fields)?)
}
