//! The error of a text that is not valid JSON, with its position in the text.

use std::fmt;

/// The first problem of a text that Postgres would not store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) struct JsonProblem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, such as `expected a value, found ']'`.
    pub reason: String,
}

impl JsonProblem {
    /// A problem at a byte offset of the text.
    pub(super) fn new(text: &str, at: usize, reason: String) -> Self {
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { line, column, reason }
    }
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}
