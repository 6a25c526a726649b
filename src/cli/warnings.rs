//! Warnings that several commands print: transactions that block them, and tables in which messages can appear late.
//! This module never decides whether to wait.

use super::output::time::for_people;
use super::stderr;
use crate::store::tail::{BlockingTransaction, Doubt};

/// Warns that messages may appear below the final ones.
pub(super) fn doubt(doubt: &Doubt) {
    stderr::line(&format!("streamscope: {doubt}, so a message can appear below final ones and be missed"));
}

/// Reports the blocking transactions.
pub(super) fn blocking_transactions(holders: &[BlockingTransaction]) {
    for holder in holders {
        let pid = holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("PID {pid}"));
        let application = holder.application.as_deref().filter(|name| !name.is_empty());
        let application = application.map(|name| format!(" ({name})")).unwrap_or_default();
        let since = for_people(holder.since);
        stderr::line(&format!("streamscope: blocked by {pid}{application}, transaction open since {since}"));
    }
}
