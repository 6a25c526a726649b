//! Reads the links in the metadata of a message by Eventide's well-known keys, and builds the metadata of a follow-up
//! message. Keys that Eventide does not define are never interpreted.

use super::members::{members, string_value};

/// The target of a key in metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// A stream or category.
    pub name: String,
    /// A position in the stream, if the metadata has one.
    pub position: Option<i64>,
}

/// Returns the target of a top-level key of metadata, if it has one.
#[must_use]
pub(crate) fn link(metadata: &str, key: &str) -> Option<Link> {
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

/// Builds the metadata of a follow-up message as Eventide's `follow` does: causation points to the given message;
/// correlation stream, reply stream and all properties that are not local are copied. Everything else is omitted.
#[must_use]
pub(crate) fn follow_up_metadata(metadata: &str, stream: &str, position: i64, global_position: i64) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut parts = vec![
        format!("\"causationMessageStreamName\":{}", quoted(stream)),
        format!("\"causationMessagePosition\":{position}"),
        format!("\"causationMessageGlobalPosition\":{global_position}"),
    ];
    for (key, raw) in members(metadata) {
        match key.as_str() {
            "correlationStreamName" | "replyStreamName" if raw != "null" => parts.push(format!("\"{key}\":{raw}")),
            "properties" => {
                let passed: Vec<String> = members(raw)
                    .into_iter()
                    .filter(|(_, property)| !is_local(property))
                    .map(|(name, property)| format!("{}:{property}", quoted(&name)))
                    .collect();
                if !passed.is_empty() {
                    parts.push(format!("\"properties\":{{{}}}", passed.join(",")));
                }
            }
            _ => {}
        }
    }
    format!("{{{}}}", parts.join(","))
}

/// Returns true for `{"value": …, "local": true}`. A local property is not copied to follow-up messages.
fn is_local(property: &str) -> bool {
    members(property).iter().any(|(key, raw)| key == "local" && *raw == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causation_links_to_a_position_in_a_stream() {
        let metadata = r#"{"causationMessageStreamName": "cart-1", "causationMessagePosition": 5, "correlationStreamName": "order-7", "x": "y-1"}"#;
        let to = |key| link(metadata, key).map(|link| (link.name, link.position));
        assert_eq!(to("causationMessageStreamName"), Some(("cart-1".to_owned(), Some(5))));
        assert_eq!(to("correlationStreamName"), Some(("order-7".to_owned(), None)));
        assert_eq!(to("x"), None);
    }

    #[test]
    fn follow_up_metadata_names_the_cause_and_copies_the_same_keys_as_eventide() {
        let metadata = r#"{"correlationStreamName": "order-7", "replyStreamName": null, "causationMessagePosition": 1,
            "schemaVersion": "2", "somebodysOwn": 1,
            "properties": {"kept": {"value": 1.10}, "own": {"value": 2, "local": true}, "open": {"value": 3, "local": false}}}"#;
        let expected = r#"{"causationMessageStreamName":"account-1","causationMessagePosition":4,"causationMessageGlobalPosition":52,"correlationStreamName":"order-7","properties":{"kept":{"value": 1.10},"open":{"value": 3, "local": false}}}"#;
        assert_eq!(follow_up_metadata(metadata, "account-1", 4, 52), expected);
        let alone = r#"{"properties": {"own": {"value": 2, "local": true}}}"#;
        assert!(!follow_up_metadata(alone, "account-1", 4, 52).contains("properties"));
    }
}
