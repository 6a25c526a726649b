//! The asynchronous store over Postgres: namespaces found, made, migrated and deleted; messages written and read.
//!
//! A [`Store`] is a database, a [`Namespace`] one message store in it. Both are cheap to clone and can be used from many
//! tasks; a database that serves only one connection (the embedded default) is used by one task after the other. Dropping the
//! future of an operation ends it on the server too. Nothing in here knows a terminal.

pub mod browse;
mod columns;
pub mod connect;
#[cfg(feature = "embedded")]
pub mod embedded;
pub mod error;
pub mod export;
pub mod filter;
pub mod flavour;
pub mod import;
pub mod namespace;
mod query;
pub mod read;
mod registry;
mod row;
pub mod schema;
mod sequence;
pub mod session;
pub mod shape;
pub mod stats;
pub mod tail;
pub mod write;

use std::sync::Arc;
use std::time::Duration;

pub use connect::Settings;
pub use error::{Obstacle, Result, StoreError};
pub use filter::Filter;
pub use flavour::Flavour;
pub use namespace::{Migration, Namespace, NamespaceInfo, NewNamespace};
pub use registry::Lost;
use session::Sessions;
pub use shape::Shape;

/// How a store is used.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Sessions on the server are read-only, and the program refuses writes before it asks the server.
    pub read_only: bool,
    /// Connections at most; an embedded store always uses one.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { read_only: false, connections: 4 }
    }
}

/// One database with any number of message stores.
#[derive(Debug, Clone)]
pub struct Store {
    sessions: Arc<Sessions>,
}

impl Store {
    /// A store over a database; connects when first asked something.
    #[must_use]
    pub fn new(settings: Settings, options: Options) -> Self {
        Self { sessions: Arc::new(Sessions::new(settings, options)) }
    }

    /// What answers at the other end: version, database, and why writing is off where it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::NoPermission`] from connecting.
    pub async fn server(&self) -> Result<session::ServerInfo> {
        self.sessions.acquire().await?.on_own_path().server_info().await
    }

    /// Opens some connections at once, for a program whose first questions come together; an embedded store has one anyway.
    /// Call it within a tokio runtime.
    pub fn open_ahead(&self, connections: usize) {
        self.sessions.open_ahead(connections);
    }

    /// Closes the connections once every operation has ended, and waits at most `limit` for what was given up to end on the
    /// server too: for the end of a program.
    pub async fn close(&self, limit: Duration) {
        self.sessions.close(limit).await;
    }

    /// `user@host/database`, for people. Never a password.
    #[must_use]
    pub fn target(&self) -> String {
        self.sessions.settings().target()
    }
}
