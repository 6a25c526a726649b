//! The command `version`: prints the version of a stream as a bare number in both formats, so that scripts can use it.
//! It never reads a message.

use clap::Args;

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::selection::{is_category, needs_a_stream, stored_stream};
use crate::store::Namespace;

const HELP: &str = "\
The version is the position of the last message, printed as a bare number, or -1 if the stream does not exist.

Examples:
  streamscope -n shop version account-1
  V=$(streamscope -n shop version account-1)
  streamscope -n shop write account-1 Deposited --expected-version \"$V\"";

/// Print the version of a stream
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct VersionArguments {
    /// Stream (category-id)
    pub stream: String,
}

/// Runs the command.
///
/// # Errors
/// Returns [`crate::cli::error::Status::Usage`] for a category, and the errors of the store.
pub(super) async fn run(namespace: &Namespace, arguments: &VersionArguments, output: &mut Output) -> Result<()> {
    let stream = stored_stream(&arguments.stream)?;
    let version = namespace.stream_version(&stream).await?;
    if version.is_none() && is_category(&stream) {
        return Err(needs_a_stream(&stream, "version"));
    }
    Ok(output.line(&version.unwrap_or(-1).to_string())?)
}
