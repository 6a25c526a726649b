//! Folds the rows of the tree.

use super::{Body, Form, MessagePane};
use crate::json::document::JsonRow;

impl MessagePane {
    /// Folds or unfolds the selected row, which stays selected.
    pub(in crate::app) fn toggle(&mut self) {
        if self.selected_link().is_some() {
            return;
        }
        let folded = self.row(self.selected).and_then(|(_, document, row)| document.row(row)).map(JsonRow::is_folded);
        if let Some(folded) = folded {
            self.set_folded(!folded);
        }
    }

    fn set_folded(&mut self, folded: bool) -> bool {
        let Some((part, _, row)) = self.row(self.selected) else { return false };
        let Some(open) = &mut self.open else { return false };
        match open.body_mut(part) {
            Body::Tree(document) => document.set_folded(row, folded),
            _ => false,
        }
    }

    /// Folds both documents from a depth on. If that hides the selected row, selects the nearest visible parent.
    fn fold_from(&mut self, depth: u32) {
        if self.form != Form::Tree {
            return;
        }
        let selected = self.row(self.selected).map(|(part, _, row)| (part, row));
        if let Some(open) = &mut self.open {
            for body in [&mut open.data, &mut open.metadata] {
                if let Body::Tree(document) = body {
                    document.fold_from(depth);
                }
            }
        }
        if let Some((part, row)) = selected {
            self.selected = self.line_of(part, row);
        }
    }

    pub(in crate::app) fn fold_all(&mut self) {
        self.fold_from(1);
    }

    pub(in crate::app) fn unfold_all(&mut self) {
        self.fold_from(u32::MAX);
    }

    /// Folds the selected row. If it cannot be folded, selects its parent. Returns false if it has none.
    pub(in crate::app) fn collapse(&mut self) -> bool {
        if let Some(index) = self.selected_link() {
            self.selected_link = Some(index.saturating_sub(1));
            return index > 0;
        }
        if self.set_folded(true) {
            return true;
        }
        let parent =
            self.row(self.selected).and_then(|(part, document, row)| document.parent(row).map(|parent| (part, parent)));
        if let Some((part, parent)) = parent {
            self.selected = self.line_of(part, parent);
        }
        parent.is_some()
    }

    /// Unfolds the selected row, or selects its first child.
    pub(in crate::app) fn expand(&mut self) {
        if let (Some(index), Some(links)) = (self.selected_link(), &self.links) {
            let last = links.parts(self.columns, false).len().saturating_sub(1);
            self.selected_link = Some(last.min(index + 1));
            return;
        }
        if !self.set_folded(false) {
            let inside = self.row(self.selected).and_then(|(_, document, row)| document.row(row));
            if inside.is_some_and(JsonRow::is_container) {
                self.step(1);
            }
        }
    }
}
