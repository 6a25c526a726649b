//! The name of a list of messages: its namespace and its scope, as values and as they are stored.

use serde::{Deserialize, Serialize};

use crate::message::{Category, ConsumerGroup, StreamName};
use crate::store::browse::Scope;

/// The namespace and the scope whose messages are shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ListRecord", into = "ListRecord")]
pub(crate) struct ListKey {
    /// The ID of the namespace.
    pub namespace: String,
    pub scope: Scope,
}

impl ListKey {
    /// Returns the list as text, as in `shop › account-1`.
    #[must_use]
    pub(crate) fn as_text(&self) -> String {
        let namespace = &self.namespace;
        match &self.scope {
            Scope::Namespace => namespace.clone(),
            Scope::Category(category) => format!("{namespace} › {category}"),
            Scope::Member(category, group) => {
                format!("{namespace} › {category} (member {} of {})", group.member(), group.size())
            }
            Scope::Stream(stream) => format!("{namespace} › {stream}"),
        }
    }
}

/// A list as it is stored. A stream or a member implies its category.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct ListRecord {
    namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    /// Number and size of a consumer group member.
    #[serde(skip_serializing_if = "Option::is_none")]
    member: Option<(i64, i64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
}

impl From<ListKey> for ListRecord {
    fn from(ListKey { namespace, scope }: ListKey) -> Self {
        let list = Self { namespace, ..Self::default() };
        match scope {
            Scope::Namespace => list,
            Scope::Category(category) => Self { category: Some(category.to_string()), ..list },
            Scope::Member(category, group) => {
                Self { category: Some(category.to_string()), member: Some((group.member(), group.size())), ..list }
            }
            Scope::Stream(stream) => Self { stream: Some(stream.to_string()), ..list },
        }
    }
}

impl From<ListRecord> for ListKey {
    fn from(ListRecord { namespace, category, member, stream }: ListRecord) -> Self {
        let group = member.and_then(|(member, size)| ConsumerGroup::new(member, size).ok());
        let scope = match (stream, category, group) {
            (Some(stream), ..) => Scope::Stream(StreamName::stored(stream)),
            (None, Some(category), Some(group)) => Scope::Member(Category::stored(category), group),
            (None, Some(category), None) => Scope::Category(Category::stored(category)),
            (None, None, _) => Scope::Namespace,
        };
        Self { namespace, scope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_list_is_stored_and_read_back() {
        let group = ConsumerGroup::new(1, 3).expect("a member");
        for (scope, stored) in [
            (Scope::Namespace, r#"{"namespace":"shop"}"#),
            (Scope::Category(Category::stored("account")), r#"{"namespace":"shop","category":"account"}"#),
            (
                Scope::Member(Category::stored("account"), group),
                r#"{"namespace":"shop","category":"account","member":[1,3]}"#,
            ),
            // A stream without an ID is not confused with its category.
            (Scope::Stream(StreamName::stored("account")), r#"{"namespace":"shop","stream":"account"}"#),
        ] {
            let list = ListKey { namespace: "shop".to_owned(), scope };
            assert_eq!(serde_json::to_string(&list).expect("JSON"), stored);
            assert_eq!(serde_json::from_str::<ListKey>(stored).expect("a list"), list);
        }
    }
}
