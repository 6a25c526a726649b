//! The place of the selection in a message. It stays the same from one message to the next, so that the user sees how
//! one value changes.

use super::{Body, Form, MessagePane, Part};
use crate::json::document::Step;

/// A place in a message that is no longer shown.
#[derive(Debug)]
pub(super) struct Place {
    part: Part,
    steps: Vec<Step>,
    /// The number of lines that were in view above it.
    above: usize,
}

impl MessagePane {
    /// Returns the place of the selection. Before the message has been read, this is the place that it will take over.
    pub(super) fn leave(&mut self) -> Option<Place> {
        if self.open.is_none() {
            return self.left.take();
        }
        let (part, _) = self.line(self.selected)?;
        let steps = self.row(self.selected).map(|(_, document, row)| document.steps_to(row)).unwrap_or_default();
        Some(Place { part, steps, above: self.selected.saturating_sub(self.top) })
    }

    /// Selects the place that was selected in the message before, or its nearest ancestor.
    pub(super) fn return_to_place(&mut self) {
        let Some(place) = self.left.take().filter(|_| self.form == Form::Tree) else { return };
        let Some(open) = &self.open else { return };
        let row = match open.body(place.part) {
            Body::Tree(document) => document.follow(&place.steps),
            _ => 0,
        };
        self.selected = self.line_of(place.part, row);
        self.put_below(place.above);
    }
}
