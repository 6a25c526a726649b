//! The view of the message pane: which lines are on screen. A line of the tree takes several rows if its value is long,
//! so the view begins at a row of a line.

use std::ops::Range;

use super::extent::Extent;
use super::message::{Body, Form, MessagePane, Part};
use super::node::Node;

/// The most lines whose rows are counted for the scrollbar. In a longer message, it counts lines.
const COUNTED: usize = 100;

impl MessagePane {
    /// Returns a line of the tree as a node, if the line belongs to a document.
    #[must_use]
    pub(crate) fn node(&self, line: usize) -> Option<Node<'_>> {
        let (part, line_in_part) = self.line(line)?;
        let open = self.open.as_ref()?;
        let (title, body) = match part {
            Part::Data => ("data", &open.data),
            Part::Metadata => ("metadata", &open.metadata),
        };
        let Body::Tree(document) = body else { return None };
        Node::new(document, document.at_line(line_in_part)?, title, self.is_link(line), self.columns)
    }

    /// Returns the number of rows that a line takes.
    fn height_of(&self, line: usize) -> usize {
        self.node(line).map_or(1, |node| node.rows.len())
    }

    /// Returns the number of rows of the first line that are above the view.
    #[must_use]
    pub(crate) fn skipped(&self) -> usize {
        self.skipped
    }

    /// Returns the number of rows for the documents.
    fn body_rows(&self) -> usize {
        self.rows.saturating_sub(self.fact_rows()).max(1)
    }

    /// Returns the number of rows that some lines take.
    fn rows_of(&self, lines: Range<usize>) -> usize {
        lines.map(|line| self.height_of(line)).sum()
    }

    /// Returns the part of the documents that is in view.
    pub(super) fn extent(&self) -> Extent {
        let lines = self.lines();
        if lines > COUNTED {
            return Extent::of(lines, self.top, self.lines_in_view());
        }
        let above = self.rows_of(0..self.top);
        Extent::of(above + self.rows_of(self.top..lines), above + self.skipped, self.body_rows())
    }

    /// Returns the number of lines that are at least partly in view.
    fn lines_in_view(&self) -> usize {
        let mut rows = self.body_rows() + self.skipped;
        (self.top..self.lines())
            .take_while(|line| {
                let is_in_view = rows > 0;
                rows = rows.saturating_sub(self.height_of(*line));
                is_in_view
            })
            .count()
    }

    /// Returns the line, and the row of it, at which the view begins if it ends with the last row of a line.
    fn start_of_view_ending_at(&self, line: usize) -> (usize, usize) {
        let mut room = self.body_rows();
        for before in (0..=line).rev() {
            let height = self.height_of(before);
            if height >= room {
                return (before, height - room);
            }
            room -= height;
        }
        (0, 0)
    }

    /// Scrolls so that this number of lines is in view above the selected one.
    pub(in crate::app) fn put_below(&mut self, lines: usize) {
        self.top = self.selected.saturating_sub(lines);
        self.skipped = 0;
    }

    /// Scrolls to a row or a line of the [`MessagePane::extent`], and selects a line in view.
    pub(super) fn scroll_to(&mut self, first: usize) {
        let mut begin = (first, 0);
        if self.lines() <= COUNTED {
            begin = (0, first);
            while begin.0 < self.lines() && begin.1 >= self.height_of(begin.0) {
                begin = (begin.0 + 1, begin.1 - self.height_of(begin.0));
            }
        }
        let last = self.start_of_view_ending_at(self.lines().saturating_sub(1));
        (self.top, self.skipped) = begin.min(last);
        let in_view = self.lines_in_view().max(1);
        self.select(self.selected.clamp(self.top, self.top + in_view - 1));
        self.scroll_into_view();
    }

    /// Moves the selection. A line that is taller than the view is scrolled through first, unless the step leads to an
    /// end.
    pub(in crate::app) fn step(&mut self, lines: isize) {
        let leads_to_end = matches!(lines, isize::MIN | isize::MAX);
        if self.selected_link().is_some() {
            if lines > 0 || leads_to_end {
                self.select(if lines == isize::MAX { usize::MAX } else { 0 });
            }
            return;
        }
        // The line of links is above the first line.
        if lines < 0 && !leads_to_end && self.selected == 0 && self.skipped == 0 && self.link_row().is_some() {
            self.selected_link = Some(0);
            return;
        }
        if self.top == self.selected && !leads_to_end {
            let below = self.height_of(self.selected).saturating_sub(self.skipped + self.body_rows());
            if lines > 0 && below > 0 {
                self.skipped += below.min(lines.unsigned_abs());
                return;
            }
            if lines < 0 && self.skipped > 0 {
                self.skipped -= self.skipped.min(lines.unsigned_abs());
                return;
            }
        }
        self.select(self.selected.saturating_add_signed(lines));
    }

    /// Selects the line at a row of the pane. If it is selected already, folds or unfolds it.
    pub(in crate::app) fn click(&mut self, row: usize) {
        let Some(row) = row.checked_sub(self.fact_rows()) else { return };
        let mut rows = row + self.skipped;
        let clicked = (self.top..self.lines()).find(|line| {
            let height = self.height_of(*line);
            let is_here = rows < height;
            rows = rows.saturating_sub(height);
            is_here
        });
        let again = clicked == Some(self.selected);
        self.select(clicked.unwrap_or(usize::MAX));
        if again {
            self.toggle();
        }
    }

    /// Scrolls the selection into a view of this size, and wraps text again if the width has changed.
    pub(in crate::app) fn reveal(&mut self, rows: usize, columns: usize) {
        self.rows = rows;
        if columns != self.columns && columns > 0 {
            self.columns = columns;
            if let Some(open) = self.open.as_mut().filter(|_| self.form != Form::Tree) {
                let line = open.text.line_of(self.selected);
                open.text.wrap(columns);
                self.selected = open.text.first_row(line);
            }
        }
        self.scroll_into_view();
    }

    /// Scrolls as little as possible to show the selected line, or its beginning, without an empty row below the last
    /// line.
    fn scroll_into_view(&mut self) {
        let height = self.height_of(self.selected);
        let view = self.body_rows();
        if height >= view {
            // Its rows are scrolled through one by one.
            let skipped = if self.top == self.selected { self.skipped.min(height - view) } else { 0 };
            (self.top, self.skipped) = (self.selected, skipped);
            return;
        }
        // After folding or at another width, the first line may be lower than it was.
        let begin = (self.top, self.skipped.min(self.height_of(self.top).saturating_sub(1)));
        let highest = self.start_of_view_ending_at(self.selected);
        let lowest = (self.selected, 0).min(self.start_of_view_ending_at(self.lines().saturating_sub(1)));
        (self.top, self.skipped) = begin.max(highest).min(lowest);
    }
}
