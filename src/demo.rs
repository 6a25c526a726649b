//! The sample data of `--demo`: an event-sourced shop, a bank and a few odd messages.
//!
//! Every run generates the same messages, with times that end now. This module writes only to namespaces that it
//! creates.

mod bank;
mod consumers;
mod odds;
mod plan;
mod random;
mod scenario;
mod shop;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::message::{ExpectedVersion, NewMessage, StreamName, Written};
use crate::store::import::ImportError;
use crate::store::{Namespace, Result, Store, StoreError};
use bank::bank;
use odds::odds;
use plan::Plan;
use random::{SeededRandom, order_id};
use scenario::Scenario;
use shop::{order, shop};

/// The namespace that [`generate`] writes to.
pub(crate) const SHOP: &str = "shop";

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
