//! Positions of consumers, written as their libraries write them, and compared with a count of the messages.

use streamscope::message::NewMessage;
use streamscope::store::Namespace;
use streamscope::store::consumers::trend::{Readings, Trend};
use streamscope::store::consumers::{Consumer, ConsumerQuery, ConsumerState, Convention};
use tokio_postgres::Client;

use super::messages::{category, new, of_category, write, write_many};
use crate::support::stores::TestStore;
use crate::support::{for_each_route, for_each_store};

for_each_route! {
    positions_in_streams_are_compared_with_their_categories,
}

for_each_store! {
    positions_in_tables_are_read_if_that_runs_no_foreign_code,
    configured_queries_only_read_and_their_mistakes_are_reported,
    a_history_of_consumers_that_move_stop_and_jump,
}

/// Records a position as Eventide and Protean do.
async fn record(namespace: &Namespace, stream: &str, data: &str, origin: Option<&str>) {
    let metadata = origin.map(|origin| format!(r#"{{"domain": {{"origin_stream": "{origin}"}}}}"#));
    let message = NewMessage { data: data.to_owned(), metadata, ..new(stream, "Recorded") };
    namespace.write(&message).await.unwrap();
}

fn seen(consumer: &Consumer) -> (&str, Option<&str>, &'static str, Option<u64>, &'static str) {
    let category = consumer.category.as_ref().map(streamscope::message::Category::as_str);
    (&consumer.name, category, consumer.convention.name(), consumer.behind, consumer.state.name())
}

pub(super) async fn positions_in_streams_are_compared_with_their_categories(store: &TestStore) {
    let namespace = &store.namespace;
    assert_eq!(namespace.consumers(None, &[]).await.unwrap(), []);
    let written = write_many(namespace, "account-1", 120).await;
    write(namespace, "account:command-1", "Open").await;
    write(namespace, "account:snapshot-1", "Taken").await;
    let at = |index: usize| format!(r#"{{"position": {}}}"#, written[index].global_position);
    record(namespace, "account:position", &at(3), None).await;
    record(namespace, "account:position", &at(10), None).await;
    record(namespace, "account:position-audit", &at(60), None).await;
    record(namespace, "account:position-mail", &at(119), None).await;
    record(namespace, "account:command+position", r#"{"position": 999999}"#, None).await;
    record(namespace, "order:position", r#"{"position": "7"}"#, None).await;
    record(namespace, "position-app.Handler-account", &at(115), Some("account")).await;
    record(namespace, "position-lost", &at(115), None).await;
    let consumers = namespace.consumers(None, &[]).await.unwrap();
    let of = |name: &str| consumers.iter().find(|consumer| consumer.name == name).map(seen).expect(name);
    assert_eq!(consumers.len(), 7, "{consumers:#?}");
    let account = Some("account");
    assert_eq!(of("account:position"), ("account:position", account, "eventide", Some(109), "behind"));
    assert_eq!(of("account:position-audit").3, Some(59));
    assert_eq!(of("account:position-audit").4, "within interval");
    assert_eq!((of("account:position-mail").3, of("account:position-mail").4), (Some(0), "current"));
    assert_eq!(of("account:command+position").1, Some("account:command"));
    assert_eq!(of("account:command+position").4, "ahead");
    assert_eq!((of("order:position").3, of("order:position").4), (None, "unknown"));
    assert_eq!(of("app.Handler"), ("app.Handler", account, "protean", Some(4), "within interval"));
    assert_eq!((of("position-lost").1, of("position-lost").4), (None, "unknown"));
    // The counts are those of the messages above the position.
    let messages = of_category(namespace, "account").await;
    for consumer in consumers.iter().filter(|consumer| consumer.category == Some(category("account"))) {
        let above = messages.iter().filter(|message| Some(message.global_position) > consumer.position).count();
        assert_eq!(consumer.behind, Some(above as u64), "{consumer:?}");
        assert_eq!(consumer.head, messages.last().map(|message| message.global_position));
        assert_eq!(consumer.delay.is_some(), above > 0);
        assert!(consumer.moved_at.is_some());
    }
    let of_account = namespace.consumers(Some(&category("account")), &[]).await.unwrap();
    assert_eq!(of_account.iter().filter(|consumer| consumer.category.is_none()).count(), 1, "it may read the category");
    assert_eq!(of_account.len(), 5);
}

async fn positions_in_tables_are_read_if_that_runs_no_foreign_code(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let namespace = &store.namespace;
    let written = write_many(namespace, "account-1", 12).await;
    let id = &namespace.info().id;
    let sql = format!(
        "create schema jobs; \
         create table jobs.propulsion_checkpoint (source text, tranche text, consumer_group text, position bigint); \
         insert into jobs.propulsion_checkpoint values ('store', 'account', 'mailer', {next}), ('store', 'account', 'audit', 0); \
         create schema kit; \
         create table kit.evento_consumer_positions \
           (namespace varchar, category varchar, consumer_id varchar, position bigint, updated_at timestamp); \
         insert into kit.evento_consumer_positions values \
           ('{id}', 'account', 'projector', {third}, now() at time zone 'utc' - interval '1 hour'), \
           (encode(convert_to('{id}', 'UTF8'), 'base64'), 'account', 'encoded', {last}, now() at time zone 'utc'), \
           ('another', 'account', 'elsewhere', 1, now()); \
         create schema trap; \
         create function trap.boom() returns text language plpgsql as $$begin raise 'foreign code ran'; end$$; \
         create view trap.propulsion_checkpoint as \
           select trap.boom() as source, trap.boom() as tranche, trap.boom() as consumer_group, 1::bigint as position",
        next = written[4].global_position + 1,
        third = written[2].global_position,
        last = written[11].global_position,
    );
    client.batch_execute(&sql).await.unwrap();
    // Time must have passed for a message to be old.
    let age = format!("update \"{}\".messages set time = time - interval '1 hour'", store.schema);
    client.batch_execute(&age).await.unwrap();
    let consumers = namespace.consumers(None, &[]).await.unwrap();
    let of = |name: &str| consumers.iter().find(|consumer| consumer.name == name).map(seen).expect(name);
    assert_eq!(consumers.len(), 5, "{consumers:#?}");
    let account = Some("account");
    assert_eq!(of("mailer"), ("mailer", account, "propulsion", Some(7), "behind"));
    assert_eq!(of("audit"), ("audit", account, "propulsion", Some(12), "behind"));
    assert_eq!(of("projector"), ("projector", account, "eventodbkit", Some(9), "stuck"));
    assert_eq!(of("encoded"), ("encoded", account, "eventodbkit", Some(0), "current"));
    let trap = consumers.iter().find(|consumer| consumer.name == "trap.propulsion_checkpoint").expect("the view");
    assert_eq!(trap.convention, Convention::Propulsion);
    assert!(matches!(&trap.state, ConsumerState::Unknown(reason) if reason == "it is a view"));
}

/// Returns the reason for which the only consumer of a query is unknown.
async fn refused(namespace: &Namespace, sql: &str) -> String {
    let queries = [ConsumerQuery { name: "jobs".to_owned(), sql: sql.to_owned() }];
    let consumers = namespace.consumers(None, &queries).await.unwrap();
    match &consumers[..] {
        [Consumer { name, convention: Convention::Configured, state: ConsumerState::Unknown(reason), .. }] => {
            assert_eq!(name, "jobs");
            reason.clone()
        }
        other => panic!("{sql}: {other:#?}"),
    }
}

async fn configured_queries_only_read_and_their_mistakes_are_reported(store: &TestStore) {
    let namespace = &store.namespace;
    let written = write_many(namespace, "account-1", 12).await;
    let sql = format!(
        "select v.name as consumer, 'account'::varchar as category, v.position::numeric, now() as moved_at \
         from (values ('mailer', {}), ('audit', {})) as v(name, position) order by 1 -- all of them\n;",
        written[4].global_position, written[11].global_position,
    );
    let query = |sql: &str| ConsumerQuery { name: "jobs".to_owned(), sql: sql.to_owned() };
    let half_broken = "select 'broken' as consumer, 'account' as category, 'x' as position";
    let consumers = namespace.consumers(None, &[query(&sql), query(half_broken)]).await.unwrap();
    let account = Some("account");
    assert_eq!(
        consumers.iter().map(seen).collect::<Vec<_>>(),
        [
            ("broken", None, "configured", None, "unknown"),
            ("audit", account, "configured", Some(0), "current"),
            ("mailer", account, "configured", Some(7), "behind"),
        ]
    );
    assert!(consumers[1].moved_at.is_some());
    assert!(refused(namespace, "select 1").await.contains("no column consumer"));
    assert!(refused(namespace, "select * from nowhere").await.contains("\"nowhere\" does not exist"));
    assert!(refused(namespace, "selec").await.contains("syntax error"));
    // Whatever would write is refused, and so is a function that could be planted in public.
    let table = format!("\"{}\".messages", store.schema);
    let deleting = format!("with gone as (delete from {table} returning 1) select 1");
    assert!(refused(namespace, &deleting).await.starts_with("the query failed: "));
    assert!(refused(namespace, &format!("select 1) as x; delete from {table} where ((true)")).await.contains("failed"));
    assert_eq!(of_category(namespace, "account").await.len(), 12);
    if let Some(client) = store.client().await {
        assert_eq!(refused(namespace, "select pg_sleep(60)").await, "the query took longer than 2 s");
        let planting = "create function public.planted() returns text language sql as $$select 'ran'$$; \
                        create sequence public.numbers";
        client.batch_execute(planting).await.unwrap();
        assert!(refused(namespace, "select planted()").await.contains("planted() does not exist"));
        assert!(refused(namespace, "select nextval('public.numbers')").await.contains("read-only transaction"));
    }
}

/// A store whose consumers keep their positions in a table.
struct History<'a> {
    store: &'a TestStore,
    client: Client,
    readings: Readings,
}

impl History<'_> {
    async fn execute(&self, sql: &str) {
        let sql = sql.replace("{messages}", &format!("\"{}\".messages", self.store.schema));
        self.client.batch_execute(&sql).await.expect(&sql);
    }

    /// Moves a consumer to the message with this index, counted from the first.
    async fn moves(&self, consumer: &str, messages: i64) {
        self.execute(&format!(
            "insert into kit.evento_consumer_positions select '{id}', 'account', '{consumer}', \
               (select global_position from {{messages}} where stream_name = 'account-1' \
                order by global_position offset {messages} - 1 limit 1), \
               now() at time zone 'utc' \
             on conflict (consumer_id) do update \
               set position = excluded.position, updated_at = excluded.updated_at",
            id = self.store.namespace.info().id,
        ))
        .await;
    }

    /// Lets time pass, as the messages and the positions see it.
    async fn minutes_pass(&self, minutes: u32) {
        self.execute(&format!(
            "update {{messages}} set time = time - interval '{minutes} minutes'; \
             update kit.evento_consumer_positions set updated_at = updated_at - interval '{minutes} minutes'"
        ))
        .await;
    }

    /// Takes a reading, compares each number of unread messages with a count in SQL, and returns `consumer: unread,
    /// state, trend`.
    async fn read(&mut self) -> Vec<String> {
        let mut consumers = self.store.namespace.consumers(None, &[]).await.unwrap();
        self.readings.add(&mut consumers);
        let sql = format!(
            "select count(*) from \"{}\".messages where stream_name like 'account-%' and global_position > $1",
            self.store.schema
        );
        let mut shown = Vec::new();
        for consumer in &consumers {
            let unread: i64 = self.client.query_one(&sql, &[&consumer.position]).await.unwrap().get(0);
            assert_eq!(consumer.behind, Some(unread.unsigned_abs()), "{consumer:?}");
            let trend = consumer.trend.map_or("none", Trend::name);
            shown.push(format!("{}: {unread}, {}, {trend}", consumer.name, consumer.state.name()));
        }
        shown
    }
}

async fn a_history_of_consumers_that_move_stop_and_jump(store: &TestStore) {
    let Some(client) = store.client().await else { return };
    let mut history = History { store, client, readings: Readings::default() };
    history
        .execute(
            "create schema kit; create table kit.evento_consumer_positions (namespace varchar, category varchar, \
             consumer_id varchar primary key, position bigint, updated_at timestamp)",
        )
        .await;
    write_many(&store.namespace, "account-1", 30).await;
    for (consumer, position) in [("mover", 20), ("stopper", 25), ("jumper", 5)] {
        history.moves(consumer, position).await;
    }
    assert_eq!(
        history.read().await,
        ["jumper: 25, behind, none", "mover: 10, behind, none", "stopper: 5, behind, none"]
    );

    write_many(&store.namespace, "account-1", 4).await;
    history.moves("mover", 28).await;
    assert_eq!(
        history.read().await,
        ["jumper: 29, behind, falling behind", "mover: 6, behind, catching up", "stopper: 9, behind, falling behind"]
    );

    // After six minutes, consumers that have not moved are stuck.
    history.minutes_pass(6).await;
    history.moves("mover", 34).await;
    let expected =
        ["jumper: 29, stuck, falling behind", "mover: 0, current, catching up", "stopper: 9, stuck, falling behind"];
    assert_eq!(history.read().await, expected);

    // One jumps to the end, and one is set back: its trend starts over.
    write_many(&store.namespace, "account-1", 1).await;
    history.moves("jumper", 35).await;
    history.moves("mover", 10).await;
    let expected = ["jumper: 0, current, catching up", "mover: 25, behind, none", "stopper: 10, stuck, falling behind"];
    assert_eq!(history.read().await, expected);

    // The store is emptied, and messages arrive again.
    history.execute("truncate {messages} restart identity").await;
    let expected = ["jumper: 0, ahead, none", "mover: 0, ahead, none", "stopper: 0, ahead, none"];
    assert_eq!(history.read().await, expected);
    write_many(&store.namespace, "account-1", 12).await;
    let expected = ["jumper: 0, ahead, none", "mover: 2, behind, none", "stopper: 0, ahead, none"];
    assert_eq!(history.read().await, expected);
}
