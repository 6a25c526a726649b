//! The `ns` commands: list, create, inspect, migrate and delete namespaces. Messages are never read here.

mod create;
mod delete;
mod details;
mod info;
mod list;
mod migrate;

use clap::Subcommand;

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::store::Store;

const HELP: &str = "\
Examples:
  streamscope ns list
  streamscope ns create shop --description 'orders and accounts'
  streamscope ns info shop
  streamscope ns migrate shop
  streamscope ns delete shop --confirm shop";

/// List, create, inspect, migrate and delete namespaces
#[derive(Debug, Clone, Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum NsCommand {
    List(list::ListArguments),
    Create(create::CreateArguments),
    Delete(delete::DeleteArguments),
    Info(info::InfoArguments),
    Migrate(migrate::MigrateArguments),
}

impl NsCommand {
    /// Checks the arguments before anything is opened.
    pub(crate) fn check(&self) -> Result<()> {
        if let Self::Delete(arguments) = self { arguments.check() } else { Ok(()) }
    }

    /// Runs the command; `namespace` is the value of `--namespace`.
    pub(crate) async fn run(&self, store: &Store, namespace: Option<&str>, output: &mut Output) -> Result<()> {
        match self {
            Self::List(_) => list::run(store, output).await,
            Self::Create(arguments) => create::run(store, arguments, output).await,
            Self::Delete(arguments) => delete::run(store, arguments, output).await,
            Self::Info(arguments) => info::run(store, arguments, output).await,
            Self::Migrate(arguments) => migrate::run(store, arguments.id.as_deref().or(namespace), output).await,
        }
    }
}
