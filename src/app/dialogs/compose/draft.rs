//! A draft: everything that the compose dialog holds, as text. It knows neither the dialog nor where drafts are saved.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json;
use crate::message::Message;

/// A draft as it is stored on disk. All fields are text as typed, so an invalid draft is kept too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// The namespace's ID.
    pub namespace: String,
    pub stream: String,
    pub message_type: String,
    /// A UUID. An empty one is replaced by a new one when the draft is sent.
    pub id: String,
    /// `any`, `none` or a version.
    pub expected_version: String,
    pub data: String,
    /// Empty for NULL.
    pub metadata: String,
}

impl Draft {
    /// Copies a message, except its ID and version.
    #[must_use]
    pub(crate) fn clone_of(namespace: String, message: &Message, id: Uuid) -> Self {
        Self {
            namespace,
            stream: message.stream.to_string(),
            message_type: message.message_type.clone(),
            id: id.to_string(),
            expected_version: String::new(),
            data: json::pretty(message.data.as_deref().unwrap_or("null")),
            metadata: message.metadata.as_deref().map(json::pretty).unwrap_or_default(),
        }
    }
}
