//! The statements of the polls, each built when it is first needed. They stay the same from poll to poll.

use std::sync::OnceLock;

/// The statements by what they read.
#[derive(Debug, Default)]
pub(super) struct Statements([OnceLock<String>; 4]);

impl Statements {
    /// Returns the statement with or without reading messages and details.
    pub(super) fn get(&self, messages: bool, detailed: bool, build: impl FnOnce() -> String) -> &str {
        self.0[usize::from(messages) * 2 + usize::from(detailed)].get_or_init(build)
    }
}
