//! A user with an empty namespace in one of the four kinds of store. It is reached only through the arguments of the
//! program.

use crate::support::program::{Outcome, User};
use crate::support::server::Database;
use crate::support::stores::{self, Kind};

/// A user, and the arguments that choose their store.
pub(crate) struct Place {
    pub user: User,
    arguments: Vec<String>,
    pub database: Option<Database>,
}

impl Place {
    /// Creates an empty namespace.
    pub(crate) async fn new(kind: Kind) -> Self {
        let user = User::new();
        let (database, arguments) = match kind {
            Kind::OursEmbedded => {
                let directory = user.home().join("store").to_string_lossy().into_owned();
                (None, vec!["--embedded".to_owned(), directory])
            }
            Kind::OursOnPostgres => on_server(Database::new().await),
            Kind::MessageDb => on_server(stores::message_db().await),
            Kind::EventoDb => on_server(stores::eventodb().await),
        };
        let place = Self { user, arguments, database };
        if matches!(kind, Kind::OursEmbedded | Kind::OursOnPostgres) {
            place.run(&["ns", "create", "test"]).done();
        }
        place
    }

    /// Prepends the arguments that choose the store. There is only one namespace, so none is chosen.
    pub(crate) fn arguments<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        self.arguments.iter().map(String::as_str).chain(arguments.iter().copied()).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.user.run(&self.arguments(arguments))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        self.user.run_with_input(&self.arguments(arguments), input.as_bytes())
    }

    pub(crate) fn url(&self) -> String {
        self.database.as_ref().expect("a store on the server").url()
    }
}

fn on_server(database: Database) -> (Option<Database>, Vec<String>) {
    let url = database.url();
    (Some(database), vec!["--url".to_owned(), url])
}

impl Outcome {
    /// Asserts that it succeeded without anything on standard error. Returns its output.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// Asserts its status and that it printed nothing. Returns the one or two lines of its error.
    #[track_caller]
    pub(crate) fn failed(self, status: i32) -> String {
        assert_eq!((self.status, self.stdout.as_str()), (status, ""), "{self:?}");
        assert!((1..=2).contains(&self.stderr.lines().count()), "one or two lines: {self:?}");
        self.stderr
    }
}

/// Turns each `fn body(place: &Place)` into a test for each kind of store.
macro_rules! in_each_place {
    ($($body:ident),+ $(,)?) => {$(
        mod $body {
            use $crate::support::place::Place;
            use $crate::support::stores::Kind;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn ours_on_postgres() {
                super::$body(&Place::new(Kind::OursOnPostgres).await);
            }

            #[cfg(feature = "embedded")]
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn ours_embedded() {
                super::$body(&Place::new(Kind::OursEmbedded).await);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn message_db() {
                super::$body(&Place::new(Kind::MessageDb).await);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn eventodb() {
                super::$body(&Place::new(Kind::EventoDb).await);
            }
        }
    )+};
}
pub(crate) use in_each_place;
