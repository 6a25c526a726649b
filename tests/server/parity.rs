//! Compares streamscope's namespaces with the official Message DB 1.3: the same calls must return the same rows, and
//! the same errors word for word.

mod callers;
mod calls;
mod creation;
mod names;
mod notices;
mod numbers;
mod planner;
mod search_path;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::support::stores::{Kind, TestStore};

/// The two stores, each with a connection whose `search_path` contains its schema, as a Message DB client sets it.
struct Pair {
    official: (TestStore, Client),
    ours: (TestStore, Client),
}

impl Pair {
    async fn new() -> Self {
        Self { official: one(Kind::MessageDb).await, ours: one(Kind::OursOnPostgres).await }
    }

    /// Runs a statement on both. Returns the rows as text, or the SQLSTATE and message of the error.
    async fn both(&self, sql: &str) -> (Vec<String>, Vec<String>) {
        (outcome(&self.official.1, sql).await, outcome(&self.ours.1, sql).await)
    }

    async fn same(&self, sql: &str) -> Vec<String> {
        let (official, ours) = self.both(sql).await;
        assert_eq!(ours, official, "{sql}");
        ours
    }
}

async fn one(kind: Kind) -> (TestStore, Client) {
    let store = TestStore::new(kind).await;
    let client = store.client().await.expect("a server");
    client.batch_execute(&format!("set search_path = \"{}\", public", store.schema)).await.expect("a path");
    (store, client)
}

async fn outcome(client: &Client, sql: &str) -> Vec<String> {
    match client.simple_query(sql).await {
        Ok(messages) => messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    let cells = (0..row.len()).map(|column| format!("{:?}", row.get(column)));
                    Some(cells.collect::<Vec<_>>().join("|"))
                }
                _ => None,
            })
            .collect(),
        Err(error) => {
            let error = error.as_db_error().expect("the server's error");
            vec![format!("ERROR {} {}", error.code().code(), error.message())]
        }
    }
}
