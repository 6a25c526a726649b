//! Finds text in the shown form of the message.

use super::{Body, Form, MessagePane, Part};

impl MessagePane {
    /// Returns the rows that contain a text, including folded ones.
    fn matching_rows(&self, text: &str) -> Vec<(Part, usize)> {
        let Some(open) = &self.open else { return Vec::new() };
        if self.form != Form::Tree {
            return open.text.matching_rows(text).into_iter().map(|row| (Part::Data, row)).collect();
        }
        [Part::Data, Part::Metadata]
            .into_iter()
            .flat_map(|part| match open.body(part) {
                Body::Tree(document) => document.find(text).into_iter().map(|row| (part, row)).collect(),
                _ => Vec::new(),
            })
            .collect()
    }

    /// Selects a match and unfolds its parents.
    fn select_match(&mut self, (part, row): (Part, usize)) {
        if self.form != Form::Tree {
            self.select(row);
            return;
        }
        if let Some(open) = &mut self.open
            && let Body::Tree(document) = open.body_mut(part)
        {
            document.reveal(row);
        }
        self.selected = self.line_of(part, row);
    }

    /// Selects the first match from a line on. Returns the number of matches.
    pub(in crate::app) fn find(&mut self, text: &str, from: usize) -> usize {
        let matches = self.matching_rows(text);
        let next = matches.iter().find(|at| self.line_of_match(**at) >= from).or(matches.first()).copied();
        if let Some(at) = next {
            self.select_match(at);
        }
        matches.len()
    }

    /// Selects the next or previous match. Returns the number of matches.
    pub(in crate::app) fn find_again(&mut self, text: &str, forwards: bool) -> usize {
        let matches = self.matching_rows(text);
        let selected = self.selected;
        let next = if forwards {
            matches.iter().find(|at| self.line_of_match(**at) > selected).or(matches.first())
        } else {
            matches.iter().rev().find(|at| self.line_of_match(**at) < selected).or(matches.last())
        };
        if let Some(at) = next.copied() {
            self.select_match(at);
        }
        matches.len()
    }

    fn line_of_match(&self, (part, row): (Part, usize)) -> usize {
        if self.form == Form::Tree { self.line_of(part, row) } else { row }
    }
}
