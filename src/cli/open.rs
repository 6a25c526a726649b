//! Which database and which namespace a command works on, from the command line and the environment.
//!
//! It chooses; connecting and reading `PG*`, service and password files is the store's.

use std::env;
use std::time::Duration;

use super::arguments::{Arguments, Command, Common, Format};
use super::failure::{Failure, Result, Status};
use super::output::tell;
#[cfg(feature = "embedded")]
use crate::demo;
use crate::runtime::config::Config;
use crate::store::connect::Environment;
#[cfg(feature = "embedded")]
use crate::store::embedded::Embedded;
use crate::store::{Namespace, Options, Settings, Store, StoreError};

/// Namespaces named in a failure, at most.
const NAMED: usize = 12;

/// How long giving up may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A store, and what must live as long as it does.
pub struct Opened {
    /// The database.
    pub store: Store,
    /// The server, where it runs inside this program. It stops after the store's connections are closed.
    #[cfg(feature = "embedded")]
    _embedded: Option<Embedded>,
}

/// Where a server is named, and by whom; none for the embedded store.
///
/// # Errors
/// The store's, for what cannot be right.
pub fn settings(common: &Common) -> Result<Option<Settings>> {
    if common.demo || common.embedded.is_some() {
        return Ok(None);
    }
    let variables = ["STREAMSCOPE_URL", "DATABASE_URL"].iter().filter_map(|name| env::var(name).ok());
    let url = common.url.clone().or_else(|| variables.into_iter().find(|url| !url.is_empty()));
    let environment = Environment::of_process();
    let mut settings = Settings::resolve(url.as_deref(), &environment)?;
    if let Some(settings) = settings.as_mut().filter(|settings| !settings.names_its_password()) {
        let config = Config::load().map_err(Failure::usage)?;
        if let Some(command) = config.password_command_of(&settings.target()) {
            settings.use_password_command(command);
        }
    }
    Ok(settings)
}

/// What cannot be asked for together. (Checked here, because clap does not see conflicts between options of which one stands
/// before the command and one after it.)
///
/// # Errors
/// [`Status::Usage`].
pub fn check(arguments: &Arguments) -> Result<()> {
    if let (Some(locator), Some(_)) = (&arguments.locator, &arguments.command) {
        return Err(Failure::usage(format!("{locator} stands in front of a command, which opens no screen"))
            .remedy("a namespace is chosen with -n; a command comes first: streamscope get NAME"));
    }
    let common = &arguments.common;
    if common.url.as_deref() == Some("") {
        return Err(Failure::usage("--url is empty").remedy(
            "a variable that is not set? without --url, the environment names the database, or it is your own",
        ));
    }
    if matches!(arguments.command, Some(Command::Export(_))) && common.format == Some(Format::Text) {
        return Err(Failure::usage("--format text: an export is json lines")
            .remedy("get, and tail --from start --until now, print text"));
    }
    let given = [("--url", common.url.is_some()), ("--embedded", common.embedded.is_some()), ("--demo", common.demo)];
    let given: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
    match given.as_slice() {
        [first, second, ..] => {
            Err(Failure::usage(format!("{first} and {second} name different databases: give one of them")))
        }
        _ => Ok(()),
    }
}

impl Opened {
    /// Opens what the command line names, else what the environment names, else the user's own embedded store.
    ///
    /// # Errors
    /// The store's.
    pub async fn open(common: &Common, connections: usize) -> Result<Self> {
        let options = Options { read_only: common.read_only, connections };
        let Some(settings) = settings(common)? else {
            return Self::embedded(common, options).await;
        };
        for warning in settings.warnings() {
            tell(&format!("streamscope: {warning}"));
        }
        Ok(Self {
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
        Ok(Self { store: Store::new(embedded.settings(), options), _embedded: Some(embedded) })
    }

    /// Ends it: what was given up ends on the server too.
    pub async fn close(self) {
        self.store.close(CLOSE_LIMIT).await;
    }

    #[cfg(not(feature = "embedded"))]
    async fn embedded(_: &Common, _: Options) -> Result<Self> {
        Err(Failure::usage("no database is given, and this streamscope was built without one of its own")
            .remedy("give --url, STREAMSCOPE_URL, DATABASE_URL or the PG* variables"))
    }
}

/// The namespace that was asked for, or the only one.
///
/// # Errors
/// [`Status::NotFound`] where it is not there or there is none at all, [`Status::Usage`] where there are several and none was
/// asked for; each with what there is.
pub async fn namespace(store: &Store, asked: Option<&str>) -> Result<Namespace> {
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
    Err(Failure::usage(format!("the database has {} namespaces: choose one with -n", ids.len())).remedy(listed(&ids)))
}

/// The namespace with an id.
///
/// # Errors
/// [`Status::NotFound`], with what there is.
pub async fn named(store: &Store, id: &str) -> Result<Namespace> {
    match store.namespace(id).await {
        Err(error @ StoreError::NamespaceNotFound(_)) => {
            let ids = ids(store).await?;
            Err(if ids.is_empty() {
                none(store)
            } else {
                Failure::from(error).remedy(format!("there are: {}", listed(&ids)))
            })
        }
        other => Ok(warned(other?)),
    }
}

/// Says that messages may be hidden, once for each command: an empty answer then does not mean that there is nothing.
fn warned(namespace: Namespace) -> Namespace {
    if namespace.info().hides_rows {
        tell("streamscope: row security policies apply to this role: messages may be hidden");
    }
    namespace
}

async fn ids(store: &Store) -> Result<Vec<String>> {
    Ok(store.namespaces().await?.into_iter().map(|info| info.id).collect())
}

fn none(store: &Store) -> Failure {
    Failure::new(Status::NotFound, format!("there is no namespace in {} yet", store.target()))
        .remedy("make one: streamscope ns create ID")
}

fn listed(ids: &[String]) -> String {
    let list = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match ids.len().checked_sub(NAMED) {
        Some(more @ 1..) => format!("{list} and {more} more (streamscope ns list)"),
        _ => list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_namespaces_is_cut() {
        let ids: Vec<String> = (0..14).map(|i| format!("n{i}")).collect();
        assert_eq!(listed(&ids[..2]), "n0, n1");
        assert!(listed(&ids).ends_with("n10, n11 and 2 more (streamscope ns list)"));
    }
}
