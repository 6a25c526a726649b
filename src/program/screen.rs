//! Opens the screen for a command line. The screen appears at once, while the store opens in the background. This
//! module never draws and never handles keys.

use std::sync::{Arc, Mutex, PoisonError};

use clap::error::{ContextKind, ContextValue};
use futures_util::FutureExt as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::password_command;
use crate::app::ScreenSettings;
use crate::app::times::Times;
use crate::cli::arguments::Arguments;
use crate::cli::database::{self, Opened};
use crate::cli::error::{CommandError, Result, Status};
use crate::config::Config;
use crate::demo;
use crate::locator::Locator;
use crate::runtime::{self, Attempt, Ended, Opening};

/// The maximum number of connections: panes, following, a count and a write can run at the same time.
const CONNECTIONS: usize = 6;

/// Connections opened in advance, in addition to those of the first two requests, because their answers cause more
/// requests.
const AHEAD: usize = 2;

/// The store, which must live as long as the screen.
type Kept = Arc<Mutex<Option<Opened>>>;

/// Runs the screen and returns the exit status.
///
/// # Errors
/// Returns [`Status::Usage`] if there is no terminal for the screen, and errors from the terminal.
pub(super) async fn run(arguments: Arguments) -> Result<u8> {
    if let Some(refusal) = runtime::refusal() {
        let Some(word) = &arguments.locator else { return Err(CommandError::usage(refusal)) };
        return Err(match nearest_command(word) {
            Some(command) => CommandError::usage(format!("unknown command \"{word}\""))
                .remedy(format!("Did you mean \"{command}\"?")),
            None => CommandError::usage(format!("\"{word}\" is not a command, and the screen cannot open: {refusal}")),
        });
    }
    let common = &arguments.common;
    // The demo opens the namespace to which the generator writes, so that there is something to follow.
    let namespace = common.namespace().or(common.demo.then_some(demo::SHOP));
    let locator = match arguments.locator.as_deref() {
        Some(text) => Some(Locator::parse(text, namespace, Timestamp::now()).map_err(CommandError::usage)?),
        None => namespace.map(Locator::of_namespace),
    };
    let target = match database::settings(common, password_command)? {
        Some(settings) => settings.target(),
        None if common.demo => "demo".to_owned(),
        None => {
            common.embedded.as_ref().map_or_else(|| "embedded".to_owned(), |directory| directory.display().to_string())
        }
    };
    let config = Config::load().map_err(CommandError::usage)?;
    let setup = ScreenSettings {
        profile: config.profile_of(&target),
        target,
        read_only: common.read_only,
        keymap: config.keymap(),
        locator,
        theme: config.theme,
        colors: config.colors,
        ascii: config.ascii,
        no_color: std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()),
        times: Times::new(config.times, TimeZone::system()),
        seed: getrandom::u64().map_err(|error| {
            CommandError::new(Status::Failed, format!("cannot get random numbers from the system: {error}"))
        })?,
    };
    let kept = Kept::default();
    let opening = {
        let (arguments, kept) = (arguments.clone(), Arc::clone(&kept));
        let named = setup.locator.as_ref().and_then(|locator| locator.namespace.clone());
        Opening::new(named, move || attempt(arguments.clone(), Arc::clone(&kept)))
    };
    let ended = runtime::run(opening, setup, config.mouse).await;
    let opened = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(opened) = opened {
        opened.close().await;
    }
    match ended {
        Ok(Ended::Quit) => Ok(Status::Done.code()),
        Ok(Ended::Signal(number)) => Ok(u8::try_from(128 + number).unwrap_or(Status::Failed.code())),
        Ok(Ended::TerminalGone) => Ok(Status::Failed.code()),
        Err(error) => Err(CommandError::new(Status::Failed, format!("{error:#}"))),
    }
}

/// Returns the command that is most similar to a word.
fn nearest_command(word: &str) -> Option<String> {
    let error = Arguments::without_locator().try_get_matches_from(["streamscope", word]).err()?;
    match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::Strings(commands) => commands.first().cloned(),
        _ => None,
    }
}

/// Opens the store in a task of its own, so that cancelling a request does not stop it. Starts the generator of the
/// demo.
fn attempt(arguments: Arguments, kept: Kept) -> Attempt {
    let open = async move {
        let opened =
            Opened::open(&arguments.common, CONNECTIONS, password_command).await.map_err(|error| error.what)?;
        let store = opened.store.clone();
        store.open_ahead(AHEAD);
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        if arguments.common.demo && !arguments.common.read_only {
            let namespace = store.namespace(demo::SHOP).await.map_err(|error| error.to_string())?;
            tokio::spawn(async move {
                let Err(error) = demo::generate(namespace).await;
                tracing::warn!(error = error.without_values(), "the demo's generator stopped");
            });
        }
        Ok(store)
    };
    async { tokio::spawn(open).await.unwrap_or_else(|error| Err(format!("cannot open the store: {error}"))) }.boxed()
}
