//! Questions on the terminal before something that cannot be undone. This module never asks if there is no terminal.

use std::io::{self, BufRead as _, IsTerminal as _};

use super::error::{CommandError, Result, Status};
use super::stderr;

/// Returns whether there is a terminal to ask on.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Prints a warning and a prompt, and returns the typed line without its end.
pub(super) async fn ask(warning: &str, prompt: &str) -> Result<String> {
    stderr::line(warning);
    stderr::raw(prompt);
    let read = tokio::task::spawn_blocking(|| {
        let mut typed = String::new();
        io::stdin().lock().read_line(&mut typed).map(|_| typed)
    });
    let typed = read.await.map_err(|error| CommandError::new(Status::Failed, error.to_string()))??;
    Ok(typed.trim_end_matches(['\r', '\n']).to_owned())
}
