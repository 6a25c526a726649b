//! The command `ns create`: creates a namespace and prints its token. The token is never stored, only its hash.

use clap::Args;

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::table::record;
use crate::store::{NewNamespace, Store};

const HELP: &str = "\
JSON keys: id, schema, description, token

Examples:
  streamscope ns create shop
  streamscope ns create shop --schema message_store  # for Message DB clients
  streamscope ns create shop --description 'orders and accounts' \\
    --format json | jq -r .token";

/// Create a namespace and print its token, which is shown only once
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct CreateArguments {
    /// ID of the namespace, 1 to 54 bytes
    id: String,
    /// What the namespace is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Schema to create, if clients expect a specific name such as `message_store` [default: `eventodb_` and the ID]
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// Let this role read and write, with the rights that Message DB grants to `message_store`; may be repeated
    #[arg(long, value_name = "ROLE")]
    grant: Vec<String>,
}

pub(super) async fn run(store: &Store, arguments: &CreateArguments, output: &mut Output) -> Result<()> {
    let CreateArguments { id, description, schema, grant } = arguments;
    let (description, schema) = (description.as_deref(), schema.as_deref());
    let created = store.create(&NewNamespace { id, description, schema, roles: grant }).await?;
    if output.is_json() {
        Object::begin(output.buffer())
            .string("id", &created.info.id)
            .string("schema", &created.info.schema)
            .string_or_null("description", created.info.description.as_deref())
            .string("token", &created.token)
            .end();
    } else {
        let (info, token) = (&created.info, &created.token);
        record(output, &[("namespace", &info.id), ("schema", &info.schema), ("token", token)])?;
    }
    // The token is stored nowhere else.
    output.finish_after(|| format!("namespace {} was created with the token {}", created.info.id, created.token))?;
    if !output.is_json() {
        output.note(
            "Save the token now. It is shown only once, because only its hash is stored. EventoDB servers ask for it.",
        );
    }
    Ok(())
}
