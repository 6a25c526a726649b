//! Creates a fresh namespace for one test, in each of the four kinds of store: a namespace created by streamscope, on
//! PostgreSQL or on the embedded store, the official Message DB, and a schema with the shape of EventoDB's.

use std::collections::HashMap;
use std::process::Command;

use streamscope::store::connect::Environment;
use streamscope::store::{Flavour, Namespace, Options, Settings, Store};
use tokio_postgres::Client;

use super::other_servers::Version;
use super::pair::{Pair, Server};
use super::pooler::Pooler;
use super::server::{self, Database};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A namespace created by streamscope on PostgreSQL.
    OursOnPostgres,
    /// A namespace created by streamscope on the embedded store.
    OursEmbedded,
    /// The official Message DB 1.3.
    MessageDb,
    /// A namespace with the shape of EventoDB's.
    EventoDb,
}

/// The way to a store on a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Directly.
    Direct,
    /// Through PgBouncer in transaction mode.
    Pooler,
    /// Through a URL that names a standby and its primary and asks for the primary. Every commit is on the standby too.
    Pair,
    /// Directly, on a server of another version.
    On(Version),
}

/// A namespace for one test. Its database is dropped with it.
#[derive(Debug)]
pub(crate) struct TestStore {
    pub kind: Kind,
    pub store: Store,
    /// The namespace under test.
    pub namespace: Namespace,
    pub schema: String,
    /// The database on a server. The embedded store has none.
    pub database: Option<Database>,
    /// The URL of the database, by the route of the test.
    pub url: Option<String>,
    _pooler: Option<Pooler>,
    #[cfg(feature = "embedded")]
    _embedded: Option<embedded::Running>,
}

impl TestStore {
    /// Creates a fresh namespace.
    pub(crate) async fn new(kind: Kind) -> Self {
        match kind {
            Kind::OursOnPostgres | Kind::MessageDb | Kind::EventoDb => Self::by_route(kind, Route::Direct).await,
            #[cfg(feature = "embedded")]
            Kind::OursEmbedded => {
                let running = embedded::Running::start().await;
                let store = Store::new(running.settings(), Options::default());
                store.create_namespace(OURS, None).await.unwrap();
                let namespace = store.namespace(OURS).await.unwrap();
                let schema = namespace.info().schema.clone();
                Self {
                    kind,
                    store,
                    namespace,
                    schema,
                    database: None,
                    url: None,
                    _pooler: None,
                    _embedded: Some(running),
                }
            }
            #[cfg(not(feature = "embedded"))]
            Kind::OursEmbedded => panic!("built without the feature embedded"),
        }
    }

    /// Creates a fresh namespace on a server and opens it by this route.
    pub(crate) async fn by_route(kind: Kind, route: Route) -> Self {
        let server = match route {
            Route::Direct | Route::Pooler => server::url(),
            Route::Pair => Pair::shared().url_of(Server::Primary, "postgres"),
            Route::On(version) => version.url(),
        };
        let (database, id) = match kind {
            Kind::OursOnPostgres => (Database::create_on(&server, "").await, OURS),
            Kind::MessageDb => (message_db_on(&server).await, "message_store"),
            Kind::EventoDb => (eventodb_on(&server).await, EVENTODB),
            Kind::OursEmbedded => panic!("the embedded store is not on a server"),
        };
        let pooler = match route {
            Route::Pooler => Some(Pooler::alternating(server::port(), database.name()).await),
            Route::Direct | Route::Pair | Route::On(_) => None,
        };
        let url = match (&pooler, route) {
            (Some(pooler), _) => pooler.url_of(database.name()),
            (None, Route::Pair) => Pair::shared().url_of_both(database.name(), "primary"),
            (None, _) => database.url(),
        };
        let store = Store::new(settings(&url), Options::default());
        if kind == Kind::OursOnPostgres {
            store.create_namespace(id, None).await.unwrap();
        }
        let namespace = store.namespace(id).await.unwrap();
        let schema = namespace.info().schema.clone();
        Self {
            kind,
            store,
            namespace,
            schema,
            database: Some(database),
            url: Some(url),
            _pooler: pooler,
            #[cfg(feature = "embedded")]
            _embedded: None,
        }
    }

    /// Opens the same namespace on the standby. The store must use [`Route::Pair`].
    pub(crate) async fn on_the_standby(&self) -> Namespace {
        let database = self.database.as_ref().expect("a store on the pair");
        let url = Pair::shared().url_of_both(database.name(), "standby");
        let store = Store::new(settings(&url), Options::default());
        assert!(store.server().await.unwrap().standby);
        store.namespace(&self.namespace.info().id).await.unwrap()
    }

    /// Returns the flavour that streamscope must recognise.
    pub(crate) fn flavour(&self) -> Flavour {
        match self.kind {
            Kind::OursOnPostgres | Kind::OursEmbedded => Flavour::Streamscope,
            Kind::MessageDb => Flavour::MessageDb,
            Kind::EventoDb => Flavour::EventoDb,
        }
    }

    /// Connects as superuser, independently of the program under test. The embedded store serves only one connection,
    /// so it returns none.
    pub(crate) async fn client(&self) -> Option<Client> {
        match &self.database {
            Some(database) => Some(database.client().await),
            None => None,
        }
    }
}

const OURS: &str = "test";
const EVENTODB: &str = "shop";

/// Returns a store with default options over a database.
pub(crate) fn store(database: &Database) -> Store {
    Store::new(settings(&database.url()), Options::default())
}

/// Returns the settings of a URL, ignoring the environment.
pub(crate) fn settings(url: &str) -> Settings {
    let environment = Environment::new(HashMap::new(), None, None);
    Settings::resolve(Some(url), &environment).unwrap().expect("a URL names a server")
}

/// Creates a database with the official Message DB. Its own script installs it once, into a template that is then
/// copied.
pub(crate) async fn message_db() -> Database {
    message_db_on(&server::url()).await
}

async fn message_db_on(server: &str) -> Database {
    const TEMPLATE: &str = "streamscope_message_db";
    let admin = server::connect(server).await;
    // Test programs can run concurrently, so only the one that holds this lock installs.
    admin.batch_execute("select pg_advisory_lock(7823641)").await.unwrap();
    let there = admin.query_opt("select from pg_database where datname = $1", &[&TEMPLATE]).await.unwrap();
    if there.is_none() {
        let half = format!("{TEMPLATE}_half");
        admin.batch_execute(&format!("drop database if exists {half}")).await.unwrap();
        let script = server::message_db_package().join("database/install.sh");
        let output = tokio::task::block_in_place(|| {
            Command::new("bash")
                .arg(&script)
                .env("DATABASE_NAME", &half)
                .env("PGHOST", "127.0.0.1")
                .env("PGPORT", server::port_of(server).to_string())
                .env("PGUSER", "postgres")
                .output()
                .unwrap()
        });
        assert!(output.status.success(), "{} failed: {output:?}", script.display());
        admin.batch_execute(&format!("alter database {half} rename to {TEMPLATE}")).await.unwrap();
    }
    admin.batch_execute("select pg_advisory_unlock(7823641)").await.unwrap();
    Database::create_on(server, &format!("template {TEMPLATE}")).await
}

/// Creates a database with the registry and one namespace `shop`, as EventoDB would.
pub(crate) async fn eventodb() -> Database {
    eventodb_on(&server::url()).await
}

async fn eventodb_on(server: &str) -> Database {
    let database = Database::create_on(server, "").await;
    let client = database.client().await;
    // Before PostgreSQL 13, `gen_random_uuid` comes with an extension.
    let missing = "select where to_regproc('gen_random_uuid') is null";
    if client.query_opt(missing, &[]).await.unwrap().is_some() {
        client.batch_execute("create extension pgcrypto").await.unwrap();
    }
    client.batch_execute(include_str!("eventodb.sql")).await.unwrap();
    database
}

#[cfg(feature = "embedded")]
mod embedded {
    use streamscope::store::Settings;
    use streamscope::store::embedded::Embedded;
    use tokio::sync::{Semaphore, SemaphorePermit};

    // Each embedded store is a whole server in memory, and starting one keeps a core busy.
    static AT_ONCE: Semaphore = Semaphore::const_new(2);

    #[derive(Debug)]
    pub(super) struct Running {
        server: Embedded,
        _permit: SemaphorePermit<'static>,
    }

    impl Running {
        pub(super) async fn start() -> Self {
            let permit = AT_ONCE.acquire().await.unwrap();
            Self { server: Embedded::temporary().await.unwrap(), _permit: permit }
        }

        pub(super) fn settings(&self) -> Settings {
            self.server.settings()
        }
    }
}
