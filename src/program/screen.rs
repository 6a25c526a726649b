//! Opens the screen for a command line. The screen appears at once, while the store opens in the background. This
//! module never draws and never handles keys.

use std::sync::Arc;

use clap::error::{ContextKind, ContextValue};
use jiff::Timestamp;

use super::databases::Databases;
use crate::cli::arguments::Arguments;
use crate::cli::error::{CommandError, Result, Status};
use crate::config::Config;
use crate::demo;
use crate::locator::Locator;
use crate::runtime::session_file::Session;
use crate::runtime::{self, Ended};

/// Runs the screen and returns the exit status.
///
/// # Errors
/// Returns [`Status::Usage`] if there is no terminal for the screen, and errors from the terminal.
pub(super) async fn run(arguments: Arguments) -> Result<u8> {
    if let Some(refusal) = runtime::refusal() {
        let word = arguments.locator.as_deref();
        if let Some((word, command)) = word.and_then(|word| Some((word, nearest_command(word)?))) {
            let error = CommandError::usage(format!("unknown command \"{word}\""));
            return Err(error.remedy(format!("Did you mean \"{command}\"?")));
        }
        let error = match word {
            Some(word) => format!("\"{word}\" is not a command, and the screen cannot open: {refusal}"),
            None => format!("cannot open the screen: {refusal}"),
        };
        return Err(CommandError::usage(error).remedy("The other commands work everywhere: streamscope --help"));
    }
    let config = Config::load().map_err(CommandError::usage)?;
    let mouse = config.mouse;
    let databases = Databases::new(arguments.common.clone(), config);
    let mut first = databases.prepare(&arguments.common)?;
    let session = Session::open(&first.session, arguments.fresh);
    let common = &arguments.common;
    let demo = common.demo.then_some(demo::SHOP);
    let namespace =
        common.namespace().or(demo.filter(|_| arguments.locator.is_some() || session.loaded.place.is_none()));
    first.settings.locator = match arguments.locator.as_deref() {
        Some(text) => Some(Locator::parse(text, namespace, Timestamp::now()).map_err(CommandError::usage)?),
        None => namespace.map(Locator::of_namespace),
    };
    first.settings.saved.clone_from(&session.loaded);
    let ended = Box::pin(runtime::run(first, session, Arc::new(databases), mouse)).await;
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
