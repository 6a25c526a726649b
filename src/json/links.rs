//! What metadata says about where a message comes from, by Eventide's well-known keys, and the metadata of a message that
//! follows another.

use super::{members, string_value};

/// Where a row of metadata leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// A stream or category.
    pub name: String,
    /// A position of it.
    pub position: Option<i64>,
}

/// Where a top-level member of metadata leads, if anywhere.
#[must_use]
pub fn link(metadata: &str, key: &str) -> Option<Link> {
    let members = members(metadata);
    let value = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, raw)| *raw);
    let name = |key: &str| value(key).and_then(string_value).filter(|name| !name.is_empty());
    let number = |key: &str| value(key).and_then(|raw| raw.parse().ok());
    match key {
        "causationMessageStreamName" | "causationMessagePosition" => {
            Some(Link { name: name("causationMessageStreamName")?, position: number("causationMessagePosition") })
        }
        "streamName" | "position" => Some(Link { name: name("streamName")?, position: number("position") }),
        "correlationStreamName" | "replyStreamName" => Some(Link { name: name(key)?, position: None }),
        _ => None,
    }
}

/// Keys that say where the followed message itself stands; the message that follows has its own.
const OWN: [&str; 4] = ["streamName", "position", "globalPosition", "time"];

/// Metadata of a message that is caused by another: causation is that message, correlation and reply stream are passed on with
/// everything else that is not about the other message's own place.
#[must_use]
pub fn follow_up_metadata(metadata: &str, stream: &str, position: i64, global_position: i64) -> String {
    let quoted = serde_json::Value::from(stream).to_string();
    let mut parts = vec![
        format!("\"causationMessageStreamName\":{quoted}"),
        format!("\"causationMessagePosition\":{position}"),
        format!("\"causationMessageGlobalPosition\":{global_position}"),
    ];
    for (key, raw) in members(metadata) {
        if !OWN.contains(&key.as_str()) && !key.starts_with("causationMessage") && key != "schemaVersion" {
            parts.push(format!("{}:{raw}", serde_json::Value::from(key)));
        }
    }
    format!("{{{}}}", parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causation_leads_to_a_position_of_a_stream() {
        let metadata = r#"{"causationMessageStreamName": "cart-1", "causationMessagePosition": 5, "correlationStreamName": "order-7", "x": "y-1"}"#;
        let to = |key| link(metadata, key).map(|link| (link.name, link.position));
        assert_eq!(to("causationMessageStreamName"), Some(("cart-1".to_owned(), Some(5))));
        assert_eq!(to("correlationStreamName"), Some(("order-7".to_owned(), None)));
        assert_eq!(to("x"), None);
    }

    #[test]
    fn a_follow_up_is_caused_by_the_message_and_passes_the_rest_on() {
        let metadata = r#"{"correlationStreamName": "order-7", "replyStreamName": "r-1", "causationMessagePosition": 1, "time": "t", "local": 1.10}"#;
        let expected = r#"{"causationMessageStreamName":"account-1","causationMessagePosition":4,"causationMessageGlobalPosition":52,"correlationStreamName":"order-7","replyStreamName":"r-1","local":1.10}"#;
        assert_eq!(follow_up_metadata(metadata, "account-1", 4, 52), expected);
    }
}
