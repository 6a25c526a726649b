//! Positions of consumers, written as their libraries write them, and compared with a count of the messages.

use streamscope::message::NewMessage;
use streamscope::store::Namespace;
use streamscope::store::consumers::{Consumer, ConsumerState, Convention};

use super::messages::{category, new, of_category, write, write_many};
use crate::support::stores::TestStore;
use crate::support::{for_each_route, for_each_store};

for_each_route! {
    positions_in_streams_are_compared_with_their_categories,
}

for_each_store! {
    positions_in_tables_are_read_if_that_runs_no_foreign_code,
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
    assert_eq!(namespace.consumers(None).await.unwrap(), []);
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
    let consumers = namespace.consumers(None).await.unwrap();
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
    let of_account = namespace.consumers(Some(&category("account"))).await.unwrap();
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
    let consumers = namespace.consumers(None).await.unwrap();
    let of = |name: &str| consumers.iter().find(|consumer| consumer.name == name).map(seen).expect(name);
    assert_eq!(consumers.len(), 5, "{consumers:#?}");
    let account = Some("account");
    assert_eq!(of("mailer"), ("mailer", account, "propulsion", Some(7), "behind"));
    assert_eq!(of("audit"), ("audit", account, "propulsion", Some(12), "behind"));
    assert_eq!(of("projector"), ("projector", account, "eventodbkit", Some(9), "stuck"));
    assert_eq!(of("encoded"), ("encoded", account, "eventodbkit", Some(0), "current"));
    let trap = consumers.iter().find(|consumer| consumer.name == "trap.propulsion_checkpoint").expect("the view");
    assert_eq!(trap.convention, Convention::Propulsion);
    assert!(matches!(&trap.state, ConsumerState::Unknown(reason) if reason.contains("not an ordinary table")));
}
