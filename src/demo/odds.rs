//! Messages from careless producers: broken names, odd values, and texts that could harm a terminal.

use serde_json::{Value, json};

use super::plan::{Data, Metadata, Plan};
use super::random::SeededRandom;
use super::scenario::Scenario;

/// Returns the odd messages.
pub(super) fn odds(scenario: &Scenario) -> Plan {
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
