//! Reports on standard error whose locks a command waits for, so that no command hangs without a word. It never ends a
//! wait.

use std::convert::Infallible;
use std::time::Duration;

use super::{stderr, warnings};
use crate::store::Store;

/// How long a statement may be unanswered before the command asks for the reason, on another connection.
const ASK_AFTER: Duration = Duration::from_secs(2);
/// The time between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// The time between two questions while the wait goes on. It doubles up to [`SELDOM`], because a slow statement need
/// not wait for anyone.
const ASK_AGAIN: Duration = Duration::from_secs(5);
const SELDOM: Duration = Duration::from_secs(40);

/// Reports the transactions that block the commands of a store, each once, until it is dropped.
pub(super) async fn report(store: &Store) -> Infallible {
    let (mut reported, mut pause) = (Vec::new(), ASK_AGAIN);
    loop {
        tokio::time::sleep(LOOK).await;
        if store.unanswered_for().is_none_or(|waited| waited < ASK_AFTER) {
            pause = ASK_AGAIN;
            continue;
        }
        match store.blocked_by().await {
            Ok(mut holders) => {
                holders.retain(|holder| !reported.contains(&holder.transaction));
                if !holders.is_empty() {
                    stderr::line("streamscope: waiting for a lock of another transaction; Ctrl-C ends the wait");
                    warnings::blocking_transactions(&holders);
                }
                reported.extend(holders.into_iter().map(|holder| holder.transaction));
            }
            // The command itself reports what is wrong with the server.
            Err(error) => tracing::debug!(%error, "cannot ask which transactions block the command"),
        }
        tokio::time::sleep(pause).await;
        pause = (2 * pause).min(SELDOM);
    }
}
