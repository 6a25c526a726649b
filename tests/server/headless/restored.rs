//! Tests of `tail` while a restore in several steps takes its table, or the whole database, away for a time, and after
//! a restore.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout};

use tokio_postgres::Client;

use super::following::following;
use super::{fill, lines};
use crate::support::place::Place;
use crate::support::server;
use crate::support::stores::Kind;

/// A running `tail` of all messages.
struct Followed {
    child: Child,
    messages: Lines<BufReader<ChildStdout>>,
    reports: Lines<BufReader<ChildStderr>>,
}

impl Followed {
    /// Starts, and waits until it has printed the first messages.
    fn after(place: &Place, messages: usize) -> Self {
        let mut child = following(place, &["--from", "start"]);
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (messages_of, reports) = (BufReader::new(out).lines(), BufReader::new(err).lines());
        let mut followed = Self { child, messages: messages_of, reports };
        followed.printed(messages);
        followed
    }

    fn printed(&mut self, messages: usize) -> Vec<serde_json::Value> {
        let lines = self.messages.by_ref().take(messages).map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        let lines: Vec<_> = lines.collect();
        assert_eq!(lines.len(), messages);
        lines
    }

    /// Waits for a report that contains a text.
    fn reports(&mut self, text: &str) {
        let mut before = Vec::new();
        let found = self.reports.by_ref().map(Result::unwrap).any(|line| {
            before.push(line);
            before.last().is_some_and(|line| line.contains(text))
        });
        assert!(found, "{text:?} in {before:?}");
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn database_of(place: &Place) -> Client {
    place.database.as_ref().unwrap().client().await
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_waits_for_a_table_that_is_restored_and_prints_each_new_message() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place, 5);
    let client = database_of(&place).await;
    let mut followed = Followed::after(&place, 5);
    client.batch_execute("alter table message_store.messages rename to before").await.unwrap();
    followed.reports("relation \"message_store.messages\" does not exist (SQLSTATE 42P01); interrupted for 0 s");
    let restore = "begin;
        create table message_store.messages (like message_store.before including all);
        insert into message_store.messages (global_position, stream_name, position, type)
            values (1, 'new-1', 0, 'Restored'), (2, 'new-1', 1, 'Restored');
        commit";
    client.batch_execute(restore).await.unwrap();
    followed.reports("continues after");
    let streams = followed.printed(2).into_iter().map(|line| line["stream"].as_str().unwrap().to_owned());
    assert_eq!(streams.collect::<Vec<_>>(), ["new-1", "new-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tail_waits_for_a_database_that_accepts_no_connections() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place, 5);
    let client = database_of(&place).await;
    let name = place.database.as_ref().unwrap().name();
    let admin = server::connect(&server::url()).await;
    let mut followed = Followed::after(&place, 5);
    let close = format!("alter database \"{name}\" with allow_connections false");
    admin.batch_execute(&close).await.unwrap();
    let end = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1";
    admin.query(end, &[&name]).await.unwrap();
    drop(client);
    followed.reports("not currently accepting connections");
    admin.batch_execute(&close.replace("false", "true")).await.unwrap();
    followed.reports("resumed after");
    fill(&place, 2);
    followed.printed(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_file_of_a_store_with_other_messages_is_refused() {
    let place = Place::new(Kind::MessageDb).await;
    fill(&place, 5);
    let file = place.user.home().join("position");
    let tail = ["tail", "--from", "start", "--until", "now", "--position-file", file.to_str().unwrap()];
    assert_eq!(place.run(&tail).stdout.lines().count(), 5);
    let record = std::fs::read_to_string(&file).unwrap();
    let all = lines(&place.run(&["export"]).stdout);
    let last = all.last().unwrap();
    assert_eq!(record, format!("5 {}\n", last["id"].as_str().unwrap()));
    fill(&place, 1);
    assert_eq!(place.run(&tail).stdout.lines().count(), 1, "the same store continues");

    let empty = "truncate message_store.messages restart identity";
    database_of(&place).await.batch_execute(empty).await.unwrap();
    fill(&place, 9);
    let error = place.run(&tail).failed(1);
    assert!(error.contains("the message at global position 6 was") && error.contains("Delete the file"), "{error}");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(place.run(&tail).stdout.lines().count(), 9);
}
