//! A server that is killed during writes, and a network that is lost silently.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use streamscope::message::{NewMessage, Written};
use streamscope::store::tail::{Delivery, TailFrom};
use streamscope::store::{Namespace, Options, Store, StoreError};
use uuid::Uuid;

use crate::standby::{LIMIT, OwnPair, message, options};
use crate::support::pair::Server;
use crate::support::proxy::Proxy;
use crate::support::server;
use crate::support::stores::{Kind, TestStore, settings, store};

/// Writes a message until it succeeds. Returns its position if the store reported it.
async fn write_until_stored(namespace: &Namespace, message: &NewMessage) -> Option<Written> {
    let limit = Instant::now() + LIMIT;
    loop {
        match namespace.write(message).await {
            Ok(written) => return Some(written),
            // An earlier attempt with an unknown outcome wrote the message.
            Err(StoreError::DuplicateId(_)) => return None,
            Err(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. } | StoreError::TimedOut { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        assert!(Instant::now() < limit, "the server does not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_during_writes_keeps_each_acknowledged_message_once() {
    const MESSAGES: usize = 1_000;
    let OwnPair { database, pair } = OwnPair::new().await;
    let namespace = store(&database).namespace("test").await.expect("the namespace");
    let writing = tokio::spawn(async move {
        let mut said = BTreeMap::new();
        for number in 0..MESSAGES {
            let message = message(&format!("account-{}", number % 7));
            said.insert(message.id, write_until_stored(&namespace, &message).await);
        }
        said
    });
    let mut kills = 0;
    while !writing.is_finished() {
        tokio::task::block_in_place(|| {
            pair.crash(Server::Primary);
            pair.run(Server::Primary);
        });
        kills += 1;
        tokio::time::sleep(Duration::from_millis(150 + 37 * (kills % 5))).await;
    }
    let said = writing.await.expect("the writer");
    let client = database.client().await;
    let rows = client
        .query("select id, position, global_position from eventodb_test.messages order by stream_name, position", &[])
        .await
        .expect("the messages");
    assert_eq!(rows.len(), MESSAGES, "each message once, after {kills} kills");
    for row in rows {
        let (id, position, global_position): (Uuid, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let said = said.get(&id).expect("a message of this test");
        if let Some(written) = said {
            assert_eq!((written.position, written.global_position), (position, global_position));
        }
    }
    assert!(kills > 1, "the server was killed during the writes");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute, the timeout of a request: tests/run --long"]
async fn a_silently_lost_network_is_noticed_and_following_catches_up() {
    let direct = TestStore::new(Kind::OursOnPostgres).await;
    let name = direct.database.as_ref().expect("a store on the server").name().to_owned();
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], server::port()))).await;
    let url = format!("postgres://postgres@{}/{name}?sslmode=disable", proxy.address());
    let seen = Store::new(settings(&url), Options::default()).namespace("test").await.expect("the namespace");
    let mut tail = seen.tail(options(TailFrom::Start, Delivery::WhenFinal));
    let first = direct.namespace.write(&message("account-1")).await.expect("a write");
    loop {
        let batch = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time").expect("a batch");
        if batch.messages.iter().any(|tailed| tailed.message.id == first.id) {
            break;
        }
    }
    proxy.silence(true);
    let second = direct.namespace.write(&message("account-1")).await.expect("a write");
    let error = loop {
        let stated = Duration::from_mins(1);
        if let Err(error) = tokio::time::timeout(stated + LIMIT, tail.next()).await.expect("noticed") {
            break error;
        }
    };
    assert!(matches!(error, StoreError::TimedOut { .. } | StoreError::Unavailable { .. }), "{error:?}");
    proxy.silence(false);
    loop {
        if let Ok(batch) = tokio::time::timeout(LIMIT, tail.next()).await.expect("in time")
            && let Some(tailed) = batch.messages.first()
        {
            assert_eq!(tailed.message.id, second.id);
            return;
        }
    }
}
