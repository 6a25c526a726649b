//! An open connection and the means to cancel its statements. Sends no statements itself.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::{CancelToken, Client};

use super::route::Route;
use super::wire::{AuthTerms, NoHandshake};

/// An open connection.
#[derive(Debug)]
pub(in crate::store) struct Connected {
    pub(in crate::store) client: Arc<Client>,
    pub(in crate::store) canceller: Canceller,
    /// The server did not confirm the read-only start-up option, so each statement needs a read-only transaction around
    /// it.
    pub(in crate::store) wrap_read_only: bool,
    /// Major version of the server, or 0 if the server does not report it.
    pub(in crate::store) version: u32,
    /// The database has the encoding `SQL_ASCII`, so its text can be any bytes.
    pub(in crate::store) any_bytes: bool,
    /// Why the connection ended, once it has.
    pub(in crate::store) end: Arc<OnceLock<String>>,
    /// The task that drives the connection. It ends with the connection.
    pub(in crate::store) driver: JoinHandle<()>,
}

/// Sends cancel requests over the same route and with the same encryption as the connection itself.
#[derive(Clone)]
pub(in crate::store) struct Canceller {
    token: CancelToken,
    route: Route,
}

impl Canceller {
    pub(super) fn new(token: CancelToken, route: Route) -> Self {
        Self { token, route }
    }

    /// Asks the server to cancel the running statement and waits at most `limit`. Failures are ignored because the
    /// connection is closed anyway.
    pub(in crate::store) async fn cancel(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, async {
            if let Ok(wire) = self.route.open(AuthTerms::default()).await {
                let _ = self.token.cancel_query_raw(wire, NoHandshake).await;
            }
        })
        .await;
    }
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canceller")
    }
}
