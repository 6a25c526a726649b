//! Message stores in Postgres: finds, creates, migrates and deletes namespaces, and reads and writes their messages.
//!
//! A [`Store`] is a database, and a [`Namespace`] is one message store in it. Both are cheap to clone and can be shared
//! between tasks. If the database accepts only one connection, as the embedded store does, tasks take turns. Dropping
//! the future of an operation cancels it on the server too. Nothing here knows about terminals.
//!
//! | to | use |
//! | --- | --- |
//! | connect | [`Settings`], [`Store::new`], `embedded` |
//! | find, create, delete and upgrade namespaces | [`Store::namespace`], [`Store::namespaces`], [`Store::create`] |
//! | write a message | [`Namespace::write`] |
//! | read messages | [`Namespace::stream_messages`], [`Namespace::category_messages`], [`Namespace::message`], [`read`] |
//! | follow new messages | [`Namespace::tail`], [`tail`] |
//! | list, page, search and count | [`browse`], [`Filter`] |
//! | find causes, effects and workflows | [`Namespace::trace`], [`trace`] |
//! | report | [`Namespace::stats`], [`stats`] |
//! | examine for faults | [`Namespace::examine`], [`doctor`] |
//! | copy between stores | [`export`], [`import`] |
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "embedded")]
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use futures_util::TryStreamExt as _;
//! use streamscope::message::{ExpectedVersion, Message, NewMessage, StreamName};
//! use streamscope::store::embedded::Embedded;
//! use streamscope::store::{Options, Store};
//!
//! let server = Embedded::temporary().await?;
//! let store = Store::new(server.settings(), Options::default());
//! store.create_namespace("shop", None).await?;
//! let namespace = store.namespace("shop").await?;
//!
//! let stream = StreamName::new("account-1")?;
//! let written = namespace
//!     .write(&NewMessage {
//!         id: uuid::Uuid::now_v7(),
//!         stream: stream.clone(),
//!         message_type: "Opened".to_owned(),
//!         data: r#"{"owner": "Ada"}"#.to_owned(),
//!         metadata: None,
//!         expected_version: ExpectedVersion::NoStream,
//!     })
//!     .await?;
//! assert_eq!(written.position, 0);
//!
//! let messages: Vec<Message> = namespace.stream_messages(&stream, 0, -1).await?.try_collect().await?;
//! assert_eq!(messages[0].data.as_deref(), Some(r#"{"owner": "Ada"}"#));
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "embedded"))]
//! # fn main() {}
//! ```

mod administration;
mod blocking;
pub mod browse;
mod columns;
pub mod connect;
pub mod consumers;
pub mod doctor;
#[cfg(feature = "embedded")]
pub mod embedded;
mod error;
pub mod export;
mod filter;
mod fingerprints;
mod flavour;
pub mod import;
mod namespace;
mod open;
pub mod pulse;
mod query;
pub mod read;
mod refused_write;
mod registration;
mod registry;
mod renamed;
mod row;
mod schema;
/// Public only for the tests of connections.
#[doc(hidden)]
pub mod session;
pub mod shape;
pub mod stats;
pub mod tail;
mod template;
pub mod trace;
mod untrusted;
mod write;

use std::sync::Arc;
use std::time::Duration;

pub use administration::{CreatedNamespace, Migration, NewNamespace};
pub use connect::Settings;
pub use error::{Obstacle, Result, StoreError, Taken};
pub use filter::Filter;
pub use flavour::Flavour;
pub use namespace::{Namespace, NamespaceInfo};
pub use registry::LostNamespace;
pub use schema::NAMESPACE_VERSION;
pub use session::Options;
use session::Sessions;
pub use shape::Shape;

/// A database with any number of message stores.
#[derive(Debug, Clone)]
pub struct Store {
    sessions: Arc<Sessions>,
}

impl Store {
    /// Creates a store without connecting. The first operation connects.
    ///
    /// ```no_run
    /// # async fn example() -> streamscope::store::Result<()> {
    /// use streamscope::store::connect::Environment;
    /// use streamscope::store::{Options, Settings, Store};
    ///
    /// let environment = Environment::of_process();
    /// let settings = Settings::resolve(Some("postgres://localhost/app"), &environment)?.expect("the URL names a server");
    /// let store = Store::new(settings, Options { read_only: true, ..Options::default() });
    /// for namespace in store.namespaces().await? {
    ///     println!("{} ({})", namespace.id, namespace.flavour.as_str());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn new(settings: Settings, options: Options) -> Self {
        Self { sessions: Arc::new(Sessions::new(settings, options)) }
    }

    /// Returns the server's version and database, and why it is read-only if it is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] or [`StoreError::NoPermission`] if connecting fails.
    pub async fn server(&self) -> Result<session::ServerInfo> {
        self.sessions.acquire().await?.with_system_path().server_info().await
    }

    /// Starts opening connections for the first queries, at most as many as the pool may have. Must be called within a
    /// tokio runtime.
    pub fn open_ahead(&self, connections: usize) {
        self.sessions.open_ahead(connections);
    }

    /// Closes the connections once every operation has ended. Waits at most `limit` for cancelled operations to end on
    /// the server. Call it before the program exits.
    pub async fn close(&self, limit: Duration) {
        self.sessions.close(limit).await;
    }

    /// Returns `user@host/database` for display, without the password.
    #[must_use]
    pub fn target(&self) -> String {
        self.sessions.settings().target()
    }
}
