//! The texts that led somewhere, for recalling them. They survive the end of the program; a text that led nowhere is
//! not kept.

use serde::{Deserialize, Serialize};

/// The most texts that are kept.
const MOST: usize = 100;

/// The texts, the most recent first, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Entered(Vec<String>);

impl Entered {
    pub(crate) fn add(&mut self, text: String) {
        self.0.retain(|entered| *entered != text);
        self.0.insert(0, text);
        self.0.truncate(MOST);
    }

    /// Returns a text by its number, the most recent first.
    #[must_use]
    pub(crate) fn get(&self, number: usize) -> Option<&str> {
        self.0.get(number).map(String::as_str)
    }
}
