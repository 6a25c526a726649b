//! A user of the screen, with a store that the test can also reach directly.

use streamscope::message::{ExpectedVersion, NewMessage, StreamName, Written};
use streamscope::store::Namespace;
use uuid::Uuid;

use super::support::program::User;
use super::support::pty::{SIZE, Screen};
use super::support::stores::{Kind, TestStore};

/// A store on the server and a user of it.
pub(crate) struct Visit {
    pub user: User,
    pub store: TestStore,
}

impl Visit {
    /// Creates a visit with an empty store.
    pub(crate) async fn new(kind: Kind) -> Self {
        Self { user: User::new(), store: TestStore::new(kind).await }
    }

    /// Creates a visit with two accounts, of three and two messages.
    pub(crate) async fn with_accounts(kind: Kind) -> Self {
        let visit = Self::new(kind).await;
        for (stream, message_type, amount) in [
            ("account-1", "Opened", 0),
            ("account-1", "Deposited", 25),
            ("account-2", "Opened", 0),
            ("account-1", "Withdrawn", 10),
            ("account-2", "Deposited", 99),
        ] {
            visit.write(stream, message_type, &format!("{{\"amount\": {amount}}}")).await;
        }
        visit
    }

    /// Writes a message as another program.
    pub(crate) async fn write(&self, stream: &str, message_type: &str, data: &str) -> Written {
        write(&self.store.namespace, stream, message_type, data).await
    }

    /// Inserts a message without any checks, as a hostile or careless producer would.
    pub(crate) async fn plant(&self, stream: &str, position: i64, message_type: &str, data: &str) {
        let client = self.store.client().await.expect("a store on the server");
        let insert = format!(
            "insert into \"{}\".messages (id, stream_name, type, position, data, metadata)
             values (gen_random_uuid(), $1, $2, $3, $4::text::jsonb, null)",
            self.store.schema
        );
        client.execute(&insert, &[&stream, &message_type, &position, &data]).await.expect("planted");
    }

    /// Opens the screen with more arguments.
    pub(crate) fn screen(&self, arguments: &[&str]) -> Screen {
        self.screen_with(arguments, &[])
    }

    /// Opens the screen with more arguments and environment variables.
    pub(crate) fn screen_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Screen {
        let url = self.url();
        let arguments: Vec<&str> = ["--url", &url].into_iter().chain(arguments.iter().copied()).collect();
        Screen::start_with(&self.user, &arguments, variables, SIZE)
    }

    pub(crate) fn url(&self) -> String {
        self.store.database.as_ref().expect("a store on the server").url()
    }

    /// Repeats a query outside the program until it returns the wanted count.
    pub(crate) async fn wait_for_count(&self, query: &str, wanted: i64) {
        let client = self.store.client().await.expect("a store on the server");
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let count: i64 = client.query_one(query, &[]).await.expect("a count").get(0);
            if count == wanted {
                return;
            }
            assert!(std::time::Instant::now() < limit, "{query}: {count}, not {wanted}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

/// Writes a message with any expected version.
pub(crate) async fn write(namespace: &Namespace, stream: &str, message_type: &str, data: &str) -> Written {
    let message = NewMessage {
        id: Uuid::now_v7(),
        stream: StreamName::new(stream).expect("a stream's name"),
        message_type: message_type.to_owned(),
        data: data.to_owned(),
        metadata: None,
        expected_version: ExpectedVersion::Any,
    };
    namespace.write(&message).await.expect("written")
}
