//! The pulse of a namespace: messages per category and period, compared with a count, and the transactions that block
//! others.
#![allow(clippy::cast_precision_loss, reason = "small numbers of a test")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use streamscope::store::doctor::{CheckStatus, DoctorLimits};
use streamscope::store::pulse::{Blocker, CategoryRates, Holdups};
use streamscope::store::{Namespace, Options, Store};

use super::messages::{write, write_many};
use crate::support::pair::{Pair, Server};
use crate::support::server::connect;
use crate::support::stores::{TestStore, settings};
use crate::support::{for_each_route, for_each_store};

for_each_route! {
    few_messages_are_counted_by_category_and_period,
}

for_each_store! {
    shares_of_many_messages_are_estimated,
    blocking_transactions_and_waiting_sessions_are_listed,
}

/// Returns the rates of the last 15 minutes.
async fn rates(namespace: &Namespace) -> CategoryRates {
    let end = (Timestamp::now().as_second() / 30 + 2) * 30;
    let time = |second| Timestamp::from_second(second).unwrap();
    namespace.category_rates(time(end - 900)..time(end), 30).await.unwrap()
}

fn totals(rates: &CategoryRates) -> Vec<(&str, u64)> {
    rates.categories.iter().map(|rate| (rate.category.as_str(), rate.total())).collect()
}

async fn few_messages_are_counted_by_category_and_period(store: &TestStore) {
    let namespace = &store.namespace;
    assert_eq!(rates(namespace).await.categories, []);
    write_many(namespace, "account-1", 20).await;
    write_many(namespace, "order-1", 3).await;
    write(namespace, "account-2", "Opened").await;
    let rates = rates(namespace).await;
    assert_eq!(totals(&rates), [("account", 21), ("order", 3)]);
    assert_eq!((rates.width, rates.exact), (SignedDuration::from_secs(30), true));
    // They were written now, so that all older periods are empty.
    let old: u64 = rates.categories.iter().flat_map(|rate| &rate.messages[..20]).sum();
    assert_eq!(old, 0, "{rates:?}");
}

async fn shares_of_many_messages_are_estimated(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    // Old messages, then 12,000 over the last ten minutes. Every tenth is an order, which samples at even distances
    // would miss or find too often.
    let sql = format!(
        "insert into \"{0}\".messages (stream_name, position, type, data, time, id) \
         select case when n % 10 = 0 then 'order-' else 'account-' end || n, 0, 'Copied', '{{}}', \
           (now() at time zone 'utc') - interval '10 minutes' + (n - 20000) * interval '50 milliseconds', gen_random_uuid() \
         from generate_series(0, 31999) as n order by n",
        store.schema
    );
    client.batch_execute(&sql).await.unwrap();
    let rates = rates(&store.namespace).await;
    assert!(!rates.exact);
    let [("account", accounts), ("order", orders)] = totals(&rates)[..] else { panic!("{rates:?}") };
    let near = |estimate: u64, count: f64| (estimate as f64 / count - 1.0).abs() < 0.25;
    // The range of 15 minutes also has old messages, at the same rate.
    let range = 20.0 * (Timestamp::now().duration_since(rates.start).as_secs_f64());
    assert!(
        near(accounts, 0.9 * range.min(18_000.0)) && near(orders, 0.1 * range.min(18_000.0)),
        "{accounts} {orders}"
    );
    let busiest = rates.categories[0].messages.iter().max().copied().unwrap_or(0);
    assert!(near(busiest, 540.0), "{rates:?}");
}

/// Repeats a reading until it shows what is expected.
async fn awaited(namespace: &Namespace, is_so: impl Fn(&Holdups) -> bool) -> Holdups {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let holdups = namespace.holdups().await.unwrap();
        if is_so(&holdups) {
            return holdups;
        }
        assert!(Instant::now() < limit, "{holdups:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn blocking_transactions_and_waiting_sessions_are_listed(store: &TestStore) {
    let namespace = &store.namespace;
    let before = write(namespace, "account-1", "Opened").await.global_position;
    let holdups = namespace.holdups().await.unwrap();
    assert_eq!((holdups.newest, holdups.final_to), (before, Some(before)));
    assert_eq!((holdups.standby, holdups.replay_delay), (false, None));
    assert_eq!(holdups.blockers, []);
    let Some(client) = store.client().await else { return };
    let write_message = format!(
        "set search_path = \"{0}\"; set application_name = 'nightly'; begin; \
         select \"{0}\".write_message(gen_random_uuid()::text, 'account-2', 'Opened', '{{}}'::jsonb)",
        store.schema
    );
    client.batch_execute(&write_message).await.unwrap();
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let later = write(namespace, "order-1", "Opened").await.global_position;
    let waiting = tokio::spawn({
        let namespace = namespace.clone();
        async move { write(&namespace, "account-3", "Opened").await }
    });
    let holdups =
        awaited(namespace, |holdups| holdups.blockers.iter().any(|blocker| !blocker.waiting.is_empty())).await;
    let blocker =
        holdups.blockers.iter().find(|blocker| blocker.transaction.pid == Some(pid)).expect("the transaction");
    let Blocker { transaction, writes, waiting: sessions } = blocker;
    assert!(*writes && transaction.user.is_some(), "{blocker:?}");
    assert_eq!(transaction.application.as_deref(), Some("nightly"));
    assert_eq!(transaction.state.as_deref(), Some("idle in transaction"));
    assert_eq!(sessions.len(), 1, "{blocker:?}");
    assert_eq!(holdups.newest, later);
    assert!(holdups.final_to.is_some_and(|position| (before..later).contains(&position)), "{holdups:?}");
    client.batch_execute("commit").await.unwrap();
    let written = waiting.await.unwrap();
    let holdups = awaited(namespace, |holdups| holdups.blockers.is_empty()).await;
    assert_eq!(holdups.final_to, Some(written.global_position));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_reports_how_far_it_is_behind() {
    let pair = tokio::task::block_in_place(Pair::start);
    let url = |server| pair.url_of(server, "postgres");
    let primary = Store::new(settings(&url(Server::Primary)), Options::default());
    primary.create_namespace("shop", None).await.unwrap();
    let primary = primary.namespace("shop").await.unwrap();
    write(&primary, "account-1", "Opened").await;
    pair.caught_up().await;
    let standby = Store::new(settings(&url(Server::Standby)), Options::default()).namespace("shop").await.unwrap();
    let current = |holdups: &Holdups| holdups.replay_delay == Some(SignedDuration::ZERO);
    let holdups = awaited(&standby, current).await;
    assert_eq!((holdups.standby, holdups.newest, holdups.final_to), (true, 1, None));

    let client = connect(&url(Server::Standby)).await;
    client.batch_execute("select pg_wal_replay_pause()").await.unwrap();
    write(&primary, "account-1", "Closed").await;
    let behind = awaited(&standby, |holdups| !current(holdups)).await;
    let longer = awaited(&standby, |holdups| holdups.replay_delay > behind.replay_delay).await;
    assert_eq!((longer.newest, longer.final_to), (1, None));
    let findings = standby.examine(&DoctorLimits::default(), |id| id == "replication").await.unwrap();
    assert!(findings[0].seen.starts_with("this standby is ") && findings[0].seen.ends_with(" behind"), "{findings:?}");

    client.batch_execute("select pg_wal_replay_resume()").await.unwrap();
    awaited(&standby, |holdups| current(holdups) && holdups.newest == 2).await;
    let findings = standby.examine(&DoctorLimits::default(), |_| true).await.unwrap();
    assert!(
        findings.iter().all(|finding| !matches!(finding.status, CheckStatus::Warn | CheckStatus::Fail)),
        "{findings:#?}"
    );
}
