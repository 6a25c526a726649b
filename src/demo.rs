//! The sample data of `--demo`: an event-sourced shop, a bank and a few odd messages, generated from
//! `assets/demo/shop.toml`.
//!
//! Every run generates the same messages, with times that end now. This module writes only to namespaces that it
//! creates.

mod consumers;

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::message::{ExpectedVersion, NewMessage, StreamName, Written, category};
use crate::store::import::{ImportError, ImportedMessage, Placement};
use crate::store::{Namespace, Result, Store, StoreError};

/// The namespace that [`generate`] writes to.
pub(crate) const SHOP: &str = "shop";

const ORDERS: u64 = 190;
const ACCOUNTS: u64 = 24;
const TRANSFERS: u64 = 110;
const DAYS: i64 = 6;

/// Creates the namespaces `shop`, `bank` and `odds`, and fills them with about 3,000 messages.
///
/// # Errors
/// [`crate::store::StoreError::NamespaceExists`] if one of them exists already, and errors from the server.
pub(crate) async fn fill(store: &Store) -> Result<()> {
    let scenario = Scenario::load();
    let now = Timestamp::now();
    for (id, description, plan) in [
        (SHOP, "Orders, payments and shipments of a coffee shop", shop(&scenario)),
        ("bank", "Accounts and transfers between them", bank(&scenario)),
        ("odds", "Messages from careless producers", odds(&scenario)),
    ] {
        store.create_namespace(id, Some(description)).await?;
        store.namespace(id).await?.import(&plan.messages(now)).await.map_err(|error| match error {
            ImportError::Store(error) | ImportError::Refused { error, .. } => error,
            // The plan contradicts itself, or someone else writes to the new namespace.
            other => StoreError::Invalid { field: "sample data", reason: other.to_string() },
        })?;
    }
    Ok(())
}

/// Writes a few messages per second to a namespace, like the shop's customers and components, until the future is
/// dropped.
///
/// # Errors
/// The first write that fails.
pub(crate) async fn generate(namespace: Namespace) -> Result<std::convert::Infallible> {
    let scenario = Scenario::load();
    let mut consumers = consumers::Running::start(&namespace).await?;
    // A new seed, because the order IDs must be new.
    let mut random = SeededRandom(Timestamp::now().as_microsecond().cast_unsigned());
    loop {
        let id = order_id(random.next());
        let mut plan = Plan::default();
        order(&mut plan, &scenario, &mut random, &id, 0);
        plan.sort();
        let mut written: Vec<Written> = Vec::new();
        for planned in &plan.messages {
            tokio::time::sleep(Duration::from_millis(150 + random.below(500))).await;
            let cause = planned.cause.and_then(|cause| {
                let at = plan.messages.iter().position(|message| message.number == cause)?;
                Some((plan.messages[at].stream.as_str(), written[at].position, written[at].global_position))
            });
            let message = NewMessage {
                id: Uuid::now_v7(),
                stream: StreamName::stored(planned.stream.clone()),
                message_type: planned.message_type.clone(),
                data: planned.data(|_, _| 0),
                metadata: planned.metadata(cause),
                expected_version: ExpectedVersion::Any,
            };
            let position = namespace.write(&message).await?;
            consumers.handle(&message.stream, position.global_position).await?;
            written.push(position);
        }
    }
}

/// The contents of `assets/demo/shop.toml`.
#[derive(Debug, Deserialize)]
struct Scenario {
    products: Vec<(String, String, u64)>,
    customers: Vec<(String, String)>,
    carriers: Vec<String>,
    notes: Vec<String>,
    declined: Vec<String>,
    odd: Vec<Oddity>,
}

#[derive(Debug, Deserialize)]
struct Oddity {
    stream: String,
    r#type: String,
    data: String,
    metadata: String,
}

impl Scenario {
    fn load() -> Self {
        toml::from_str(include_str!("../assets/demo/shop.toml"))
            .expect("the asset is part of the program and a test parses it")
    }
}

/// Pseudo-random numbers, the same in every run and every version (`SplitMix64`). A library for random numbers does not
/// promise the latter.
struct SeededRandom(u64);

impl SeededRandom {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from).unsigned_abs()).cast_signed()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.next() % from.len() as u64).expect("the remainder is less than the length");
        &from[index]
    }
}

#[derive(Debug)]
enum Data {
    Json(Value),
    Text(String),
    /// The progress of a consumer in a category: the global position before so many of its last messages.
    Progress {
        category: &'static str,
        unread: usize,
    },
}

#[derive(Debug)]
enum Metadata {
    /// Built from the cause, the correlation and the reply stream, as Eventide does.
    Eventide,
    /// JSON text, or NULL without one.
    AsIs(Option<String>),
}

/// A message before its positions are known.
#[derive(Debug)]
struct PlannedMessage {
    number: usize,
    /// Seconds since the start of the plan.
    at: i64,
    stream: String,
    message_type: String,
    data: Data,
    /// Number of the message that caused this one.
    cause: Option<usize>,
    correlation: Option<String>,
    reply: Option<String>,
    metadata: Metadata,
}

impl PlannedMessage {
    fn data(&self, progress: impl Fn(&str, usize) -> i64) -> String {
        match &self.data {
            Data::Json(value) => value.to_string(),
            Data::Text(text) => text.clone(),
            Data::Progress { category, unread } => consumers::recorded(progress(category, *unread)),
        }
    }

    /// Returns metadata with Eventide's keys, or NULL if none applies.
    fn metadata(&self, cause: Option<(&str, i64, i64)>) -> Option<String> {
        if let Metadata::AsIs(text) = &self.metadata {
            return text.clone();
        }
        let mut metadata = serde_json::Map::new();
        if let Some((stream, position, global_position)) = cause {
            metadata.insert("causationMessageStreamName".to_owned(), json!(stream));
            metadata.insert("causationMessagePosition".to_owned(), json!(position));
            metadata.insert("causationMessageGlobalPosition".to_owned(), json!(global_position));
        }
        if let Some(correlation) = &self.correlation {
            metadata.insert("correlationStreamName".to_owned(), json!(correlation));
        }
        if let Some(reply) = &self.reply {
            metadata.insert("replyStreamName".to_owned(), json!(reply));
        }
        (!metadata.is_empty()).then(|| Value::Object(metadata).to_string())
    }
}

/// The messages of one namespace.
#[derive(Debug, Default)]
struct Plan {
    messages: Vec<PlannedMessage>,
}

impl Plan {
    /// Adds a message. Returns its number, which the messages that it causes refer to.
    fn add(&mut self, at: i64, stream: String, message_type: &str, data: Value, after: Option<usize>) -> usize {
        let correlation = after.and_then(|cause| self.messages[cause].correlation.clone());
        let number = self.messages.len();
        self.messages.push(PlannedMessage {
            number,
            at,
            stream,
            message_type: message_type.to_owned(),
            data: Data::Json(data),
            cause: after,
            correlation,
            reply: None,
            metadata: Metadata::Eventide,
        });
        number
    }

    /// Adds a record of a consumer that has read all but some messages of a category.
    fn progress(&mut self, at: i64, stream: &str, category: &'static str, unread: usize) {
        let number = self.add(at, stream.to_owned(), consumers::RECORDED, Value::Null, None);
        self.messages[number].data = Data::Progress { category, unread };
    }

    fn sort(&mut self) {
        self.messages.sort_by_key(|message| (message.at, message.number));
    }

    /// Returns the messages in the order of their global positions, which begin at 1 in a new namespace. The last
    /// message is from just before `now`.
    fn messages(mut self, now: Timestamp) -> Vec<ImportedMessage> {
        self.sort();
        let end = self.messages.last().map_or(0, |message| message.at);
        let mut versions: HashMap<String, i64> = HashMap::new();
        let mut read: HashMap<String, Vec<i64>> = HashMap::new();
        let mut places: HashMap<usize, (String, i64, i64)> = HashMap::new();
        let mut random = SeededRandom(7);
        let mut made = Vec::with_capacity(self.messages.len());
        for (planned, global_position) in self.messages.iter().zip(1_i64..) {
            let next = versions.entry(planned.stream.clone()).or_default();
            let position = *next;
            *next += 1;
            let ago = SignedDuration::from_secs(end - planned.at) + SignedDuration::from_millis(2);
            let time = now.checked_sub(ago).unwrap_or(now);
            let cause = planned.cause.and_then(|cause| places.get(&cause));
            made.push(ImportedMessage {
                id: uuid_v7_at(time, &mut random),
                stream: StreamName::stored(planned.stream.clone()),
                message_type: planned.message_type.clone(),
                data: Some(planned.data(|of, unread| {
                    read.get(of).and_then(|all| all.iter().rev().nth(unread)).copied().unwrap_or(0)
                })),
                metadata: planned
                    .metadata(cause.map(|(stream, position, global)| (stream.as_str(), *position, *global))),
                placement: Placement::Kept { position, global_position: None, time },
            });
            read.entry(category(&planned.stream).to_owned()).or_default().push(global_position);
            places.insert(planned.number, (planned.stream.clone(), position, global_position));
        }
        made
    }
}

fn uuid_v7_at(time: Timestamp, random: &mut SeededRandom) -> Uuid {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random.next().to_be_bytes());
    bytes[8..].copy_from_slice(&random.next().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(time.as_millisecond().unsigned_abs(), &bytes).into_uuid()
}

fn order_id(number: u64) -> String {
    format!("{:08x}", number >> 32)
}

fn shop(scenario: &Scenario) -> Plan {
    let mut plan = Plan::default();
    let mut random = SeededRandom(1);
    let whole = DAYS * 86_400;
    for (sku, name, price) in &scenario.products {
        let stream = format!("product-{sku}");
        plan.add(0, stream.clone(), "Listed", json!({ "sku": sku, "name": name, "priceCents": price }), None);
        for _ in 0..12 {
            let delta = random.below(40).cast_signed() - 15;
            let at = random.seconds(60, whole);
            plan.add(at, stream.clone(), "StockAdjusted", json!({ "sku": sku, "delta": delta }), None);
        }
    }
    for (number, (name, city)) in scenario.customers.iter().enumerate() {
        let data =
            json!({ "customerId": number + 1, "name": name, "address": { "city": city, "lines": [name, city] } });
        let stream = format!("customer-{}", number + 1);
        plan.add(random.seconds(0, 3_600), stream, "Registered", data, None);
    }
    for number in 0..ORDERS {
        // The last orders are placed within the last hours.
        let share = i64::try_from(number * 1_000 / ORDERS).unwrap_or(0);
        let at = 3_600 + (whole - 7_200) * share / 1_000;
        let id = order_id(random.next());
        order(&mut plan, scenario, &mut random, &id, at);
        if number % 4 == 3 {
            plan.progress(at + 30, consumers::CURRENT.0, consumers::CURRENT.1, 0);
            plan.progress(at + 45, consumers::WITHIN_INTERVAL.0, consumers::WITHIN_INTERVAL.1, 0);
            plan.progress(at + 46, "payment:position-orderComponent", "payment", 0);
        }
    }
    retried_order(&mut plan, whole - 1_500);
    protean_checkout(&mut plan, whole - 900);
    plan.messages.retain(|message| message.at <= whole);
    consumers::add(&mut plan, whole);
    plan
}

/// Adds an order whose charge was sent again because the first answer was late. The customer paid twice until the refund.
fn retried_order(plan: &mut Plan, at: i64) {
    let id = "2e7a1ed0";
    let data = json!({ "orderId": id, "customerId": 2, "totalCents": 1_890 });
    let place = plan.add(at, format!("order:command-{id}"), "Place", data.clone(), None);
    plan.messages[place].correlation = Some(format!("checkout-{id}"));
    let placed = plan.add(at + 1, format!("order-{id}"), "Placed", data, Some(place));
    let amount = json!({ "orderId": id, "amountCents": 1_890, "currency": "EUR" });
    let mut charged = placed;
    for seconds in [3, 33] {
        let charge = plan.add(at + seconds, format!("payment:command-{id}"), "Charge", amount.clone(), Some(placed));
        charged = plan.add(at + seconds + 35, format!("payment-{id}"), "Charged", amount.clone(), Some(charge));
    }
    let twice = plan.add(at + 70, format!("order-{id}"), "PaidTwice", json!({ "orderId": id }), Some(charged));
    let refund = plan.add(at + 71, format!("payment:command-{id}"), "Refund", amount.clone(), Some(twice));
    plan.add(at + 74, format!("payment-{id}"), "Refunded", amount, Some(refund));
}

/// Adds a checkout in the form of Protean: each message has an identity of its own, by which its effects name it.
fn protean_checkout(plan: &mut Plan, at: i64) {
    let id = "5c0ffee5";
    let steps = [
        ("basket:command", "CheckOut"),
        ("basket", "CheckedOut"),
        ("invoice:command", "IssueInvoice"),
        ("invoice", "InvoiceIssued"),
        ("notice", "NoticeSent"),
    ];
    let identity = |step: usize| format!("shop::{}-{id}-0", steps[step].0);
    for (step, (category, message_type)) in steps.into_iter().enumerate() {
        let cause = step.checked_sub(1).map(identity);
        let metadata = json!({
            "headers": { "id": identity(step), "type": format!("Shop.{message_type}.v1") },
            "domain": { "fqn": format!("shop.{message_type}"), "causation_id": cause, "correlation_id": identity(0) },
        });
        let seconds = i64::try_from(step).unwrap_or(0) * 2;
        let stream = format!("shop::{category}-{id}");
        let number = plan.add(at + seconds, stream, message_type, json!({ "basketId": id, "totalCents": 2_450 }), None);
        plan.messages[number].metadata = Metadata::AsIs(Some(metadata.to_string()));
    }
}

/// Adds one order from the cart to the door, in about a dozen messages. Commands go to `order:command-…` and the
/// resulting events to `order-…`.
fn order(plan: &mut Plan, scenario: &Scenario, random: &mut SeededRandom, id: &str, at: i64) {
    let customer = random.below(scenario.customers.len() as u64) + 1;
    let mut total = 0;
    let lines: Vec<Value> = (0..=random.below(3))
        .map(|_| {
            let (sku, _, price) = random.pick(&scenario.products);
            let quantity = random.below(3) + 1;
            total += price * quantity;
            json!({ "sku": sku, "quantity": quantity, "priceCents": price })
        })
        .collect();
    let note = if random.below(4) == 0 { json!(random.pick(&scenario.notes)) } else { Value::Null };
    let data = json!({ "orderId": id, "customerId": customer, "lines": lines, "totalCents": total, "note": note });
    let place = plan.add(at, format!("order:command-{id}"), "Place", data.clone(), None);
    plan.messages[place].correlation = Some(format!("checkout-{id}"));
    plan.messages[place].reply = Some(format!("checkout:reply-{customer}"));
    let order = format!("order-{id}");
    let placed = plan.add(at + 1, order.clone(), "Placed", data, Some(place));
    plan.add(at + 2, format!("customer-{customer}"), "OrderCounted", json!({ "orderId": id }), Some(placed));
    let amount = json!({ "orderId": id, "amountCents": total, "currency": "EUR" });
    let charge = plan.add(at + 3, format!("payment:command-{id}"), "Charge", amount.clone(), Some(placed));
    if random.below(9) == 0 {
        let reason = random.pick(&scenario.declined);
        let data = json!({ "orderId": id, "reason": reason });
        let declined = plan.add(at + 8, format!("payment-{id}"), "Declined", data.clone(), Some(charge));
        plan.add(at + 9, order, "Cancelled", data, Some(declined));
        return;
    }
    let charged = plan.add(at + 7, format!("payment-{id}"), "Charged", amount, Some(charge));
    let paid = plan.add(at + 8, order.clone(), "Paid", json!({ "orderId": id }), Some(charged));
    let carrier = random.pick(&scenario.carriers);
    let data = json!({ "orderId": id, "carrier": carrier });
    let ship = plan.add(at + 9, format!("shipment:command-{id}"), "Ship", data.clone(), Some(paid));
    let shipment = format!("shipment-{id}");
    let packed_at = at + random.seconds(1_200, 14_400);
    let packed = plan.add(packed_at, shipment.clone(), "Packed", json!({ "orderId": id, "parcels": 1 }), Some(ship));
    let tracking = json!({ "orderId": id, "carrier": carrier, "tracking": random.next() });
    let sent = plan.add(packed_at + 900, shipment.clone(), "Dispatched", tracking, Some(packed));
    let shipped = plan.add(packed_at + 901, order.clone(), "Shipped", data, Some(sent));
    let delivered_at = packed_at + random.seconds(40_000, 120_000);
    let data = json!({ "orderId": id, "signedBy": null });
    let delivered = plan.add(delivered_at, shipment, "Delivered", data.clone(), Some(shipped));
    plan.add(delivered_at + 1, order, "Completed", data, Some(delivered));
}

fn bank(scenario: &Scenario) -> Plan {
    let mut plan = Plan::default();
    let mut random = SeededRandom(2);
    for number in 1..=ACCOUNTS {
        let (owner, _) = random.pick(&scenario.customers);
        let data = json!({ "accountId": number, "owner": owner });
        let open = plan.add(random.seconds(0, 600), format!("account:command-{number}"), "Open", data.clone(), None);
        let at = plan.messages[open].at + 1;
        plan.add(at, format!("account-{number}"), "Opened", data, Some(open));
    }
    for number in 0..TRANSFERS {
        let at = 1_000 + (DAYS * 86_400 - 2_000) * number.cast_signed() / TRANSFERS.cast_signed();
        let id = order_id(random.next());
        let (from, to) = (random.below(ACCOUNTS) + 1, random.below(ACCOUNTS) + 1);
        let cents = random.below(500_000) + 1;
        let data = json!({ "transferId": id, "from": from, "to": to, "amount": format!("{}.{:02}", cents / 100, cents % 100) });
        let start = plan.add(at, format!("transfer-{id}"), "Initiated", data.clone(), None);
        plan.messages[start].correlation = Some(format!("transfer-{id}"));
        let take = plan.add(at + 1, format!("account:command-{from}"), "Withdraw", data.clone(), Some(start));
        let taken = plan.add(at + 2, format!("account-{from}"), "Withdrawn", data.clone(), Some(take));
        let give = plan.add(at + 3, format!("account:command-{to}"), "Deposit", data.clone(), Some(taken));
        let given = plan.add(at + 4, format!("account-{to}"), "Deposited", data.clone(), Some(give));
        plan.add(at + 5, format!("transfer-{id}"), "Completed", data, Some(given));
        if number % 5 == 4 {
            plan.progress(at + 10, "account:command+position-accountComponent", "account:command", 0);
            plan.progress(at + 11, "account:position-transferComponent", "account", 0);
        }
    }
    plan
}

fn odds(scenario: &Scenario) -> Plan {
    let mut plan = Plan::default();
    let mut random = SeededRandom(3);
    for (odd, at) in scenario.odd.iter().zip((0..).step_by(3_600)) {
        let number = plan.add(at, odd.stream.clone(), "", Value::Null, None);
        let planned = &mut plan.messages[number];
        planned.message_type.clone_from(&odd.r#type);
        planned.data = Data::Text(odd.data.clone());
        planned.metadata = Metadata::AsIs((!odd.metadata.is_empty()).then(|| odd.metadata.clone()));
    }
    for at in 0..120 {
        // With compound IDs, a consumer group keeps the sensors of a room together.
        let stream = format!("reading-{}+{}", random.below(4), random.below(3));
        let celsius = format!("{}.{}", 18 + random.below(6), random.below(10));
        plan.add(at * 300, stream, "Read", json!({ "celsius": celsius, "samples": [at, [at + 1]] }), None);
    }
    let long = "All work and no play makes a very long line. ".repeat(400);
    plan.add(36_000, "text-long".to_owned(), "LongText", json!({ "text": long }), None);
    plan
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "embedded")]
    use futures_util::StreamExt as _;

    use super::*;
    #[cfg(feature = "embedded")]
    use crate::{
        message::Category,
        store::consumers::Consumer,
        store::{Options, embedded::Embedded, read::CategoryOptions},
    };

    fn position_of(message: &ImportedMessage) -> i64 {
        match message.placement {
            Placement::Kept { position, .. } => position,
            Placement::Next { .. } => panic!("the plan sets positions"),
        }
    }

    fn time_of(message: &ImportedMessage) -> Timestamp {
        match message.placement {
            Placement::Kept { time, .. } => time,
            Placement::Next { .. } => panic!("the plan sets times"),
        }
    }

    #[test]
    fn the_sample_data_is_a_few_thousand_messages_that_end_now() {
        let scenario = Scenario::load();
        let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
        let shop = shop(&scenario).messages(now);
        let all = shop.len() + bank(&scenario).messages(now).len() + odds(&scenario).messages(now).len();
        assert!((2_500..4_000).contains(&all), "{all}");
        assert!(shop.is_sorted_by_key(time_of));
        assert!(shop.iter().all(|message| time_of(message) < now));
    }

    #[test]
    fn causation_metadata_names_the_position_of_the_cause() {
        let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
        let messages = shop(&Scenario::load()).messages(now);
        let mut seen = 0;
        for message in &messages {
            let Some(metadata) = &message.metadata else { continue };
            let metadata: Value = serde_json::from_str(metadata).expect("JSON");
            let Some(global) = metadata["causationMessageGlobalPosition"].as_u64() else { continue };
            let cause = &messages[usize::try_from(global).expect("small") - 1];
            assert_eq!(metadata["causationMessageStreamName"], cause.stream.as_str());
            assert_eq!(metadata["causationMessagePosition"].as_i64(), Some(position_of(cause)));
            assert!(time_of(cause) <= time_of(message));
            seen += 1;
        }
        assert!(seen > 1_000, "{seen}");
    }

    #[test]
    fn the_shop_tells_stories_in_several_conventions() {
        use crate::store::trace::{Links, Reference};
        let now: Timestamp = "2026-01-15T12:00:00Z".parse().expect("a time");
        let messages = shop(&Scenario::load()).messages(now);
        let named = |stream: &str| {
            let causes = messages.iter().filter(|message| message.stream.as_str().starts_with(stream));
            causes.filter_map(|message| Links::default().cause(message.metadata.as_deref()?)).collect::<Vec<_>>()
        };
        let protean = named("shop::");
        assert_eq!(protean.len(), 4);
        let first =
            Reference::Metadata("$.headers.id".parse().expect("a path"), "shop::basket:command-5c0ffee5-0".into());
        assert!(protean.iter().all(|cause| cause.link == "protean") && protean[0].reference == first);
        let charges = named("payment:command-2e7a1ed0");
        assert_eq!(charges.len(), 3);
        assert_eq!(charges[0], charges[1], "the retry names the same cause");
    }

    #[test]
    fn data_and_metadata_are_valid_json() {
        let scenario = Scenario::load();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1_000_000);
        for message in odds(&scenario).messages(now).iter().chain(&shop(&scenario).messages(now)) {
            for text in [&message.data, &message.metadata].into_iter().flatten() {
                serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            }
        }
    }

    #[cfg(feature = "embedded")]
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_demo_has_three_namespaces_and_keeps_writing_to_the_shop() {
        let embedded = Embedded::temporary().await.expect("an embedded store");
        let store = Store::new(embedded.settings(), Options::default());
        fill(&store).await.expect("filled");
        let ids: Vec<_> = store.namespaces().await.expect("the namespaces").into_iter().map(|info| info.id).collect();
        assert_eq!(ids, ["bank", "odds", "shop"]);
        let shop = store.namespace(SHOP).await.expect("the shop");
        let consumers = async || shop.consumers(None, &[]).await.expect("the consumers");
        let of = |all: &[Consumer], name: &str| {
            let found = all.iter().find(|consumer| consumer.name == name).expect(name);
            (found.position, found.state.name())
        };
        let first = consumers().await;
        let states = ["current", "within interval", "behind", "stuck", "ahead"];
        let streams = consumers::ALL.map(|stream| of(&first, stream).1);
        assert_eq!(streams, states);
        let before = last_global_position(&shop).await;
        assert!(before > 2_000, "{before}");
        let generator = tokio::spawn(generate(shop.clone()));
        let more = async {
            while last_global_position(&shop).await == before {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), more).await.expect("the generator writes messages");
        // The consumers that read move, and keep their states.
        let moving = async {
            loop {
                let now = consumers().await;
                let moved = |stream: &&str| of(&now, stream).0 > of(&first, stream).0;
                if [consumers::CURRENT.0, consumers::BEHIND.0].iter().all(moved) {
                    break now;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let now = tokio::time::timeout(Duration::from_mins(1), moving).await.expect("consumers move");
        // Just after a message, the current one may not have recorded its position yet.
        let states = consumers::ALL.map(|stream| of(&now, stream).1);
        assert!(["current", "within interval"].contains(&states[0]), "{states:?}");
        assert_eq!(states[1..], ["within interval", "behind", "stuck", "ahead"]);
        generator.abort();
    }

    /// Returns the global position of the last command to an order.
    #[cfg(feature = "embedded")]
    async fn last_global_position(namespace: &Namespace) -> i64 {
        let category = Category::new("order:command").expect("a category");
        let all = CategoryOptions::default();
        let mut messages = namespace.category_messages(&category, 1, -1, &all).await.expect("a stream");
        let mut last = 0;
        while let Some(message) = messages.next().await {
            last = message.expect("a message").global_position;
        }
        last
    }
}
