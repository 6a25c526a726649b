//! A message whose data and metadata have been read.

use crate::app::browser::wrapped::Wrapped;
use crate::json::document::Document;
use crate::message::Message;

/// The largest body that is shown as a tree, in bytes.
const LARGE: usize = 32 * 1024 * 1024;

/// The document that a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Data,
    Metadata,
}

/// Data or metadata.
#[derive(Debug)]
pub(crate) enum Body {
    /// The column is NULL.
    Null,
    Tree(Document),
    /// Raw text, and the reason why it cannot be a tree.
    Text(String, String),
}

impl Body {
    pub(super) fn new(text: Option<&str>) -> Self {
        match text {
            None => Self::Null,
            Some(text) if text.len() <= LARGE => match Document::parse(text.to_owned()) {
                Ok(document) => Self::Tree(document),
                Err(problem) => Self::Text(text.to_owned(), problem.reason),
            },
            Some(text) => Self::Text(text.to_owned(), format!("larger than {} MiB", LARGE >> 20)),
        }
    }

    pub(super) fn lines(&self) -> usize {
        match self {
            Self::Null | Self::Text(..) => 1,
            Self::Tree(document) => document.visible(),
        }
    }
}

/// A message whose body has been read.
#[derive(Debug)]
pub(crate) struct Open {
    pub message: Message,
    pub data: Body,
    pub metadata: Body,
    /// The pretty or raw text; empty while the tree is shown.
    pub text: Wrapped,
}

impl Open {
    pub(super) fn body(&self, part: Part) -> &Body {
        if part == Part::Data { &self.data } else { &self.metadata }
    }

    pub(super) fn body_mut(&mut self, part: Part) -> &mut Body {
        if part == Part::Data { &mut self.data } else { &mut self.metadata }
    }
}
