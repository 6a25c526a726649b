//! The shop: products, customers, and orders from the cart to the door.

use serde_json::{Value, json};

use super::consumers;
use super::plan::{DAYS, Metadata, Plan};
use super::random::{SeededRandom, order_id};
use super::scenario::Scenario;

const ORDERS: u64 = 190;

/// Returns the messages of the shop.
pub(super) fn shop(scenario: &Scenario) -> Plan {
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

/// Adds an order whose charge was sent again because the first answer was late. The customer paid twice until the
/// refund.
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
pub(super) fn order(plan: &mut Plan, scenario: &Scenario, random: &mut SeededRandom, id: &str, at: i64) {
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
