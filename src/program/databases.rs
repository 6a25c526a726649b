//! Prepares the databases that the screen can connect to: the one of the command line, and those that are offered for
//! switching. Their stores open in the background.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;

use super::password_commands;
use crate::app::ScreenSettings;
use crate::app::connections::{Choice, ConnectTo, Connections};
use crate::app::times::Times;
use crate::cli::common::Common;
use crate::cli::database::{self, Opened};
use crate::cli::error::{CommandError, Result, Status};
use crate::config::Config;
use crate::config::type_rules::TypeRules;
use crate::demo;
use crate::locator::Locator;
use crate::runtime::connecting::{Closing, Connector, Prepared};
use crate::runtime::{Attempt, Opening};
use crate::store::Settings;
use crate::store::connect::Environment;
use crate::store::trace::Links;

/// The maximum number of connections: panes, following, a count and a write can run at the same time.
const CONNECTIONS: usize = 6;

/// Connections opened in advance: the first two questions are asked together. More would compete with them for the
/// server.
const AHEAD: usize = 2;

/// A store that must live as long as its screen, and the generator of the demo.
#[derive(Default)]
struct Kept {
    opened: Option<Opened>,
    generator: Option<tokio::task::JoinHandle<()>>,
    /// The screen has left the store, perhaps while it was still being opened.
    is_closed: bool,
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The configured databases.
pub(super) struct Databases {
    /// The options of this run, which apply to every database.
    common: Common,
    config: Config,
    choices: Vec<Choice>,
}

impl Databases {
    pub(super) fn new(common: Common, config: Config) -> Self {
        let environment = Environment::of_process();
        let target = |url: &str| match Settings::resolve(Some(url), &environment) {
            Ok(Some(settings)) => settings.target(),
            Ok(None) => String::new(),
            Err(error) => error.to_string(),
        };
        let profiles = config.databases().map(|(name, url)| {
            let to = ConnectTo::Profile(name.to_owned());
            Choice { to, detail: target(url) }
        });
        let services = environment.services().into_iter().map(|name| {
            let detail = target(&service_url(&name));
            Choice { to: ConnectTo::Service(name), detail }
        });
        let choices: Vec<Choice> = profiles.chain(services).chain(embedded_stores()).collect();
        Self { common, config, choices }
    }

    /// Prepares the database of the options.
    pub(super) fn prepare(&self, common: &Common) -> Result<Prepared> {
        let settings = database::settings(common, password_commands(true))?;
        let warnings = settings.as_ref().map_or_else(Vec::new, |settings| settings.warnings().to_vec());
        let directory = common.embedded.as_ref().filter(|directory| Some(*directory) != default_store().as_ref());
        let is_default = settings.is_none() && !common.demo && directory.is_none();
        let target = match settings {
            Some(settings) => settings.target(),
            None if common.demo => "demo".to_owned(),
            None => directory.map_or_else(|| "embedded".to_owned(), |directory| directory.display().to_string()),
        };
        // A relative directory names different stores in different places.
        let session = directory.map_or_else(
            || target.clone(),
            |directory| std::path::absolute(directory).unwrap_or_else(|_| directory.clone()).display().to_string(),
        );
        let settings = ScreenSettings {
            profile: self.config.profile_of(&target),
            target,
            to_connect: common.database_options(),
            read_only: common.read_only,
            keymap: self.config.keymap(),
            // The generator writes to this namespace, so there is something to follow.
            locator: common.demo.then(|| Locator::of_namespace(demo::SHOP)),
            theme: self.config.theme,
            colors: self.config.colors.clone(),
            ascii: self.config.ascii,
            no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
            times: Times::new(self.config.times),
            types: TypeRules(self.config.types.clone()),
            links: Links::with_rules(self.config.link_rules()),
            pulse: self.config.pulse,
            seed: getrandom::u64().map_err(|error| {
                CommandError::new(Status::Failed, format!("cannot get random numbers from the system: {error}"))
            })?,
            connections: Connections {
                choices: self.choices.clone(),
                default_store: is_default.then(default_store).flatten(),
                ..Connections::default()
            },
            ..ScreenSettings::default()
        };
        let kept = Arc::new(Mutex::new(Kept::default()));
        let opening = {
            let (common, kept) = (common.clone(), Arc::clone(&kept));
            // Naming a namespace on the command line means that the user trusts it.
            let named = common.namespace().map(str::to_owned).or_else(|| common.demo.then(|| demo::SHOP.to_owned()));
            Opening::new(named, move || attempt(common.clone(), Arc::clone(&kept)))
        };
        let closing = Closing::new(async move {
            let closed = Kept { is_closed: true, ..Kept::default() };
            let Kept { opened, generator, .. } = std::mem::replace(&mut *lock(&kept), closed);
            if let Some(generator) = generator {
                generator.abort();
            }
            if let Some(opened) = opened {
                opened.close().await;
            }
        });
        Ok(Prepared { opening, settings, warnings, closing, session })
    }

    /// Returns the options of this run for another database.
    fn options(&self, to: &ConnectTo) -> Result<Common, String> {
        let common = Common { url: None, embedded: None, demo: false, namespace: None, ..self.common.clone() };
        Ok(match to {
            ConnectTo::Profile(wanted) => {
                let url = self.config.databases().find(|(name, _)| name == wanted).map(|(_, url)| url.to_owned());
                Common { url: Some(url.ok_or("the profile has no URL")?), ..common }
            }
            ConnectTo::Service(name) => Common { url: Some(service_url(name)), ..common },
            ConnectTo::Embedded => Common { embedded: default_store(), ..common },
            ConnectTo::Demo => Common { demo: true, ..common },
            ConnectTo::Url(url) => Common { url: Some(url.clone()), ..common },
        })
    }
}

impl Connector for Databases {
    fn prepare(&self, to: &ConnectTo) -> Result<Prepared, String> {
        let mut prepared = self.prepare(&self.options(to)?).map_err(|error| error.what)?;
        // The user has just chosen.
        prepared.settings.connections.were_offered = true;
        Ok(prepared)
    }
}

/// Returns the connection string of a service.
fn service_url(name: &str) -> String {
    format!("service='{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(feature = "embedded")]
fn default_store() -> Option<std::path::PathBuf> {
    crate::store::embedded::Embedded::default_dir().ok()
}

#[cfg(not(feature = "embedded"))]
fn default_store() -> Option<std::path::PathBuf> {
    None
}

/// Opens the store in a task of its own, so that cancelling a request does not stop it. Starts the generator of the
/// demo.
fn attempt(common: Common, kept: Arc<Mutex<Kept>>) -> Attempt {
    let open = async move {
        let opened = Opened::open(&common, CONNECTIONS, password_commands(true)).await.map_err(|error| error.what)?;
        let store = opened.store.clone();
        store.open_ahead(AHEAD);
        let unwanted = {
            let mut kept = lock(&kept);
            if kept.is_closed { Some(opened) } else { kept.opened.replace(opened) }
        };
        if let Some(unwanted) = unwanted {
            unwanted.close().await;
        }
        if common.demo && !common.read_only {
            let namespace = store.namespace(demo::SHOP).await.map_err(|error| error.to_string())?;
            let mut kept = lock(&kept);
            if !kept.is_closed {
                kept.generator = Some(tokio::spawn(async move {
                    let Err(error) = demo::generate(namespace).await;
                    tracing::warn!(error = error.without_values(), "the demo's generator stopped");
                }));
            }
        }
        Ok(store)
    };
    async { tokio::spawn(open).await.unwrap_or_else(|error| Err(format!("cannot open the store: {error}"))) }.boxed()
}

/// Returns the stores that need no server.
#[cfg(feature = "embedded")]
fn embedded_stores() -> Vec<Choice> {
    let directory = crate::store::embedded::Embedded::default_dir();
    let directory = directory.map(|directory| directory.display().to_string()).unwrap_or_default();
    let sample = "a shop, a bank and odd messages; nothing is kept".to_owned();
    vec![Choice { to: ConnectTo::Embedded, detail: directory }, Choice { to: ConnectTo::Demo, detail: sample }]
}

/// Returns no stores, because all need a server.
#[cfg(not(feature = "embedded"))]
fn embedded_stores() -> Vec<Choice> {
    Vec::new()
}
