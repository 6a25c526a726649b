//! Shared parts of the tests: the temporary servers, the four kinds of store, and the program as a user runs it.
//!
//! Assertions about behaviour belong to the tests, not here.
#![allow(dead_code, unused_imports, unused_macros, reason = "each test binary uses only a part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "a test without its server fails with a panic"
)]

pub(crate) mod agreement;
pub(crate) mod history;
pub(crate) mod other_servers;
pub(crate) mod own_servers;
pub(crate) mod pair;
pub(crate) mod place;
pub(crate) mod pooler;
pub(crate) mod program;
pub(crate) mod proxy;
#[cfg(unix)]
pub(crate) mod pty;
pub(crate) mod round_trips;
pub(crate) mod server;
pub(crate) mod shared;
pub(crate) mod stores;

/// Runs a test body, `async fn body(store: &TestStore)`, once for each of the four kinds of store. The tests are named
/// `body::ours_on_postgres`, `body::ours_embedded`, `body::message_db` and `body::eventodb`. Attributes such as
/// `#[ignore]` apply to each test.
macro_rules! for_each_store {
    ($($(#[$attribute:meta])* $body:ident),+ $(,)?) => {$(
        mod $body {
            use $crate::support::stores::{Kind, TestStore};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn ours_on_postgres() {
                let store = TestStore::new(Kind::OursOnPostgres).await;
                super::$body(&store).await;
            }

            #[cfg(feature = "embedded")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn ours_embedded() {
                let store = TestStore::new(Kind::OursEmbedded).await;
                super::$body(&store).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn message_db() {
                let store = TestStore::new(Kind::MessageDb).await;
                super::$body(&store).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            $(#[$attribute])*
            async fn eventodb() {
                let store = TestStore::new(Kind::EventoDb).await;
                super::$body(&store).await;
            }
        }
    )+};
}
pub(crate) use for_each_store;

/// Like [`for_each_store`], and also for each kind of store on a server, through a pooler and on a primary whose
/// standby must then give the same answers. The additional tests are named `routed::body::message_db_behind_a_pooler`,
/// `routed::body::message_db_on_a_pair` and so on.
macro_rules! for_each_route {
    ($($(#[$attribute:meta])* $body:ident),+ $(,)?) => {
        $crate::support::for_each_store!($($(#[$attribute])* $body),+);

        mod routed {$(
            mod $body {
                use $crate::support::agreement::same_answers;
                use $crate::support::stores::{Kind, Route, TestStore};

                async fn behind_a_pooler(kind: Kind) {
                    let store = TestStore::by_route(kind, Route::Pooler).await;
                    super::super::$body(&store).await;
                }

                async fn on_a_pair(kind: Kind) {
                    let store = TestStore::by_route(kind, Route::Pair).await;
                    super::super::$body(&store).await;
                    same_answers(&store.namespace, &store.on_the_standby().await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn ours_behind_a_pooler() {
                    behind_a_pooler(Kind::OursOnPostgres).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn message_db_behind_a_pooler() {
                    behind_a_pooler(Kind::MessageDb).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn eventodb_behind_a_pooler() {
                    behind_a_pooler(Kind::EventoDb).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn ours_on_a_pair() {
                    on_a_pair(Kind::OursOnPostgres).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn message_db_on_a_pair() {
                    on_a_pair(Kind::MessageDb).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                $(#[$attribute])*
                async fn eventodb_on_a_pair() {
                    on_a_pair(Kind::EventoDb).await;
                }
            }
        )+}
    };
}
pub(crate) use for_each_route;

/// Runs test bodies, `module::body`, on servers of other versions. The modules must be in scope. The tests are named
/// `body::message_db_on_the_oldest` and so on. The oldest server cannot have namespaces created by streamscope.
/// PostgreSQL 14 is the oldest that can.
macro_rules! for_each_version {
    ($($module:ident::$body:ident),+ $(,)?) => {$(
        mod $body {
            use $crate::support::other_servers::Version;
            use $crate::support::stores::{Kind, Route, TestStore};

            async fn on(version: Version, kind: Kind) {
                let store = TestStore::by_route(kind, Route::On(version)).await;
                super::$module::$body(&store).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn message_db_on_the_oldest() {
                on(Version::Oldest, Kind::MessageDb).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn eventodb_on_the_oldest() {
                on(Version::Oldest, Kind::EventoDb).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn ours_on_postgres_14() {
                on(Version::Postgres14, Kind::OursOnPostgres).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn message_db_on_the_newest() {
                on(Version::Newest, Kind::MessageDb).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn eventodb_on_the_newest() {
                on(Version::Newest, Kind::EventoDb).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn ours_on_the_newest() {
                on(Version::Newest, Kind::OursOnPostgres).await;
            }
        }
    )+};
}
pub(crate) use for_each_version;
