//! Chooses the database and the namespace of a command, from the command line and the environment.
//!
//! This module never connects, and never reads `PG*`, service files or password files. The store does.

use std::env;
use std::time::Duration;

use super::common::Common;
use super::error::{CommandError, Result, Status};
use super::stderr;
#[cfg(feature = "embedded")]
use crate::demo;
use crate::invocation::suggested;
use crate::store::connect::Environment;
#[cfg(feature = "embedded")]
use crate::store::embedded::Embedded;
use crate::store::{Namespace, Options, Settings, Store, StoreError};

/// The variables that can contain the connection string, the strongest first.
pub(crate) const URL_VARIABLES: [&str; 2] = ["STREAMSCOPE_URL", "DATABASE_URL"];

/// How many namespaces an error lists at most.
const NAMED: usize = 12;

/// How long closing a store may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// How password commands are found and run.
#[derive(Clone, Copy)]
pub(crate) struct PasswordCommands {
    /// Returns the command in the configuration for a target (`user@host/database`).
    pub configured: fn(target: &str) -> Result<Option<String>, String>,
    /// Whether the screen reads the terminal.
    pub on_screen: bool,
}

/// A store, with its embedded server if it has one.
pub(crate) struct Opened {
    /// The store.
    pub store: Store,
    /// What may be wrong with the settings, for the user.
    pub warnings: Vec<String>,
    /// The embedded server. It must stop after the connections of the store are closed.
    #[cfg(feature = "embedded")]
    _embedded: Option<Embedded>,
}

/// Resolves the settings of the database server; `None` for an embedded store.
pub(crate) fn settings(common: &Common, password_commands: PasswordCommands) -> Result<Option<Settings>> {
    if common.demo || common.embedded.is_some() {
        return Ok(None);
    }
    let url = match &common.url {
        Some(url) => Some(url.clone()),
        None => url_of_environment()?,
    };
    let environment = Environment::of_process();
    let mut settings = Settings::resolve(url.as_deref(), &environment)?;
    if let Some(settings) = settings.as_mut().filter(|settings| !settings.names_its_password())
        && let Some(command) = (password_commands.configured)(&settings.target()).map_err(CommandError::usage)?
    {
        settings.use_password_command(&command);
    }
    if let Some(settings) = settings.as_mut().filter(|_| password_commands.on_screen) {
        settings.keep_password_command_off_terminal();
    }
    Ok(settings)
}

/// Returns the first connection string in the environment that is not empty.
fn url_of_environment() -> Result<Option<String>> {
    for name in URL_VARIABLES {
        match env::var(name) {
            Ok(url) if !url.is_empty() => return Ok(Some(url)),
            Err(env::VarError::NotUnicode(_)) => {
                let what = format!("{name} is not valid UTF-8");
                return Err(CommandError::usage(what).remedy("Percent-encode other bytes in a URL"));
            }
            _ => {}
        }
    }
    Ok(None)
}

impl Opened {
    /// Opens the database of the command line, else that of the environment, else the user's embedded store.
    pub(crate) async fn open(common: &Common, connections: usize, password_commands: PasswordCommands) -> Result<Self> {
        let options = Options { read_only: common.read_only, connections };
        let Some(settings) = settings(common, password_commands)? else {
            return Self::embedded(common, options).await;
        };
        Ok(Self {
            warnings: settings.warnings().to_vec(),
            store: Store::new(settings, options),
            #[cfg(feature = "embedded")]
            _embedded: None,
        })
    }

    #[cfg(feature = "embedded")]
    async fn embedded(common: &Common, options: Options) -> Result<Self> {
        let embedded = match &common.embedded {
            _ if common.demo => Embedded::temporary().await?,
            Some(directory) => Embedded::open(directory).await?,
            None => Embedded::open(&Embedded::default_dir()?).await?,
        };
        if common.demo {
            let filling = Store::new(embedded.settings(), Options::default());
            demo::fill(&filling).await?;
            filling.close(CLOSE_LIMIT).await;
        }
        let store = Store::new(embedded.settings(), options);
        Ok(Self { store, warnings: Vec::new(), _embedded: Some(embedded) })
    }

    /// Closes the connections and cancels queries that still run on the server.
    pub(crate) async fn close(self) {
        self.store.close(CLOSE_LIMIT).await;
    }

    #[cfg(not(feature = "embedded"))]
    #[expect(clippy::unused_async, reason = "with the embedded store, this waits for it")]
    async fn embedded(_: &Common, _: Options) -> Result<Self> {
        Err(CommandError::usage("no database chosen, and this streamscope was built without the embedded store")
            .remedy("Pass --url, or set STREAMSCOPE_URL, DATABASE_URL or the PG* variables"))
    }
}

/// Opens the namespace with this ID, or the only one of the database.
///
/// # Errors
/// Returns [`Status::NotFound`] if it does not exist, and [`Status::Usage`] if there are several and none was chosen.
/// Both list the existing namespaces.
pub(crate) async fn namespace(store: &Store, asked: Option<&str>) -> Result<Namespace> {
    if let Some(id) = asked {
        return named(store, id).await;
    }
    let several = match store.only_namespace().await? {
        Ok(only) => return Ok(warned(only)),
        Err(several) => several,
    };
    if several.is_empty() {
        return Err(none(store));
    }
    let ids: Vec<String> = several.into_iter().map(|info| info.id).collect();
    Err(CommandError::usage(format!("the database has {} namespaces; choose one with -n", ids.len()))
        .remedy(listed(&ids)))
}

/// Opens the namespace with this ID.
///
/// # Errors
/// Returns [`Status::NotFound`], with a list of the existing namespaces.
pub(crate) async fn named(store: &Store, id: &str) -> Result<Namespace> {
    match store.namespace(id).await {
        Err(error @ StoreError::NamespaceNotFound(_)) => {
            let ids = ids(store).await?;
            Err(if ids.is_empty() { none(store) } else { CommandError::from(error).remedy(listed(&ids)) })
        }
        other => Ok(warned(other?)),
    }
}

/// Warns, once per command, that messages may be hidden: an empty result does not prove that there are none.
fn warned(namespace: Namespace) -> Namespace {
    if namespace.info().hides_rows {
        stderr::line("streamscope: row security policies apply to this role, so messages may be hidden");
    }
    namespace
}

async fn ids(store: &Store) -> Result<Vec<String>> {
    Ok(store.namespaces().await?.into_iter().map(|info| info.id).collect())
}

fn none(store: &Store) -> CommandError {
    CommandError::new(Status::NotFound, format!("{} has no namespace yet", store.target()))
        .remedy(format!("To create one: {}", create()))
}

/// Returns the command that creates a namespace.
fn create() -> String {
    suggested(&["ns", "create", "ID"], None, &[])
}

/// Says that the database has no namespace, in the place of a list.
pub(crate) fn no_namespaces() -> String {
    format!("No namespaces yet. To create one: {}", create())
}

fn listed(ids: &[String]) -> String {
    let list = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match ids.len().checked_sub(NAMED) {
        Some(more @ 1..) => {
            let all = suggested(&["ns", "list"], None, &[]);
            format!("Existing namespaces: {list} and {more} more ({all})")
        }
        _ => format!("Existing namespaces: {list}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_at_most_twelve_namespaces() {
        let ids: Vec<String> = (0..14).map(|i| format!("n{i}")).collect();
        assert_eq!(listed(&ids[..2]), "Existing namespaces: n0, n1");
        assert!(listed(&ids).ends_with("n10, n11 and 2 more (streamscope ns list)"));
    }
}
