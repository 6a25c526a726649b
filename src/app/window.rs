//! A list that holds only a part of what there is: rows in the order of the screen, a selection, the first row in view.
//!
//! Pages come in at either edge, and what lies far away at the other is let go. Selection and view stay with their rows.

use std::collections::VecDeque;

/// Rows kept at most. Two screens are about 100; the rest is room to scroll without asking.
pub const CAPACITY: usize = 2_000;

/// Rows of a list in the order of the screen.
#[derive(Debug, Clone)]
pub struct Window<T> {
    rows: VecDeque<T>,
    selected: usize,
    top: usize,
    /// Nothing precedes the first row.
    pub at_first: bool,
    /// Nothing follows the last row.
    pub at_last: bool,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { rows: VecDeque::new(), selected: 0, top: 0, at_first: false, at_last: false }
    }
}

impl<T> Window<T> {
    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &VecDeque<T> {
        &self.rows
    }

    /// The rows, for what becomes known of one later.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut()
    }

    /// How many rows are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Index of the selected row (0 where there is none).
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// The selected row.
    #[must_use]
    pub fn selection(&self) -> Option<&T> {
        self.rows.get(self.selected)
    }

    /// Index of the first row in view.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Selects a row, or the nearest there is.
    pub fn select(&mut self, index: usize) {
        self.selected = index.min(self.rows.len().saturating_sub(1));
    }

    /// Moves the selection by rows; gives whether it moved.
    pub fn step(&mut self, rows: isize) -> bool {
        let before = self.selected;
        self.select(self.selected.saturating_add_signed(rows));
        before != self.selected
    }

    /// Moves the view without the selection, as a mouse wheel does; the selection is drawn along at the edges.
    pub fn scroll(&mut self, rows: isize, height: usize) {
        let height = height.max(1);
        let last_top = self.rows.len().saturating_sub(height);
        self.top = self.top.saturating_add_signed(rows).min(last_top);
        let last_visible = (self.top + height).saturating_sub(1);
        self.select(self.selected.clamp(self.top, last_visible.max(self.top)));
    }

    /// Brings the selection into a view of `height` rows, moving as little as possible.
    pub fn reveal(&mut self, height: usize) {
        let height = height.max(1);
        if self.selected < self.top {
            self.top = self.selected;
        } else if self.selected >= self.top + height {
            self.top = self.selected + 1 - height;
        }
        self.top = self.top.min(self.rows.len().saturating_sub(height));
    }

    /// Puts the selected row in the middle of a view of `height` rows.
    pub fn center(&mut self, height: usize) {
        self.top = self.selected.saturating_sub(height / 2).min(self.rows.len().saturating_sub(height));
    }

    /// Puts the selected row below so many others in view.
    pub fn put_below(&mut self, rows: usize) {
        self.top = self.selected.saturating_sub(rows);
    }

    /// Other rows altogether, the first selected.
    pub fn replace(&mut self, rows: impl IntoIterator<Item = T>) {
        self.rows = rows.into_iter().collect();
        self.selected = 0;
        self.top = 0;
    }

    /// Rows after the last; gives how many were let go at the front.
    pub fn append(&mut self, rows: impl IntoIterator<Item = T>) -> usize {
        let before = self.rows.len();
        self.rows.extend(rows);
        debug_assert!(self.rows.len() - before <= CAPACITY / 2, "a page leaves the selection in the list");
        let excess = self.rows.len().saturating_sub(CAPACITY);
        if excess > 0 {
            self.rows.drain(..excess);
            self.selected = self.selected.saturating_sub(excess);
            self.top = self.top.saturating_sub(excess);
            self.at_first = false;
        }
        excess
    }

    /// Rows after the last where all that was seen must stay: lists whose pages can only be read forwards.
    pub fn extend_unbounded(&mut self, rows: impl IntoIterator<Item = T>) {
        self.rows.extend(rows);
    }

    /// Rows before the first (given in the order of the screen); gives how many were let go at the back.
    pub fn prepend(&mut self, rows: impl IntoIterator<Item = T, IntoIter: DoubleEndedIterator>) -> usize {
        let before = self.rows.len();
        for row in rows.into_iter().rev() {
            self.rows.push_front(row);
        }
        let added = self.rows.len() - before;
        debug_assert!(added <= CAPACITY / 2, "a page leaves the selection in the list");
        if before > 0 {
            self.selected += added;
            self.top += added;
        }
        let excess = self.rows.len().saturating_sub(CAPACITY);
        if excess > 0 {
            self.rows.truncate(CAPACITY);
            self.at_last = false;
            self.select(self.selected);
            self.top = self.top.min(self.selected);
        }
        excess
    }

    /// Turns the rows around; the selection stays on its row.
    pub fn reverse(&mut self) {
        self.rows.make_contiguous().reverse();
        self.selected = self.rows.len().saturating_sub(self.selected + 1);
        std::mem::swap(&mut self.at_first, &mut self.at_last);
    }

    /// A row that changes where it is.
    pub fn row_mut(&mut self, index: usize) -> Option<&mut T> {
        self.rows.get_mut(index)
    }

    /// Puts the rows in another order; the selection stays on its row.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        let selected = self.selection().map(&key);
        self.rows.make_contiguous().sort_by_key(&key);
        let index = self.rows.iter().position(|row| Some(key(row)) == selected);
        self.select(index.unwrap_or(self.selected));
    }

    /// A row in between; selection and view stay with their rows. Gives how many were let go at the front.
    pub fn insert(&mut self, index: usize, row: T) -> usize {
        self.place(index, row);
        self.append([])
    }

    /// A row in between of a list that is held whole.
    pub fn place(&mut self, index: usize, row: T) {
        self.rows.insert(index, row);
        if self.rows.len() > 1 {
            if index <= self.selected {
                self.selected += 1;
            }
            if index <= self.top && self.top > 0 {
                self.top += 1;
            }
        }
    }

    /// Whether the selection is near enough to an edge that more should be asked for.
    #[must_use]
    pub fn nears_first(&self) -> bool {
        !self.at_first && self.selected < CAPACITY / 10
    }

    /// See [`Window::nears_first`].
    #[must_use]
    pub fn nears_last(&self) -> bool {
        !self.at_last && self.selected + CAPACITY / 10 >= self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(rows: std::ops::Range<i32>) -> Window<i32> {
        let mut window = Window::default();
        window.replace(rows);
        window
    }

    #[test]
    fn rows_before_the_first_leave_the_selection_on_its_row() {
        let mut window = window(100..200);
        window.select(50);
        window.prepend(0..100);
        assert_eq!(window.selection(), Some(&150));
        assert_eq!(window.rows().front(), Some(&0));
    }

    #[test]
    fn what_is_let_go_is_counted_and_the_list_stays_bounded() {
        let mut window = window(0..1_990);
        window.at_first = true;
        window.select(1_989);
        assert_eq!(window.append(1_990..2_090), 90);
        assert_eq!(window.len(), CAPACITY);
        assert_eq!(window.selection(), Some(&1_989));
        assert!(!window.at_first);
    }

    #[test]
    fn a_row_in_between_leaves_view_and_selection_on_their_rows() {
        let mut window = window(0..100);
        window.select(60);
        window.reveal(20);
        let top = window.rows()[window.top()];
        window.insert(10, -1);
        assert_eq!(window.selection(), Some(&60));
        assert_eq!(window.rows()[window.top()], top);
    }

    #[test]
    fn the_selection_is_always_in_view_after_reveal() {
        let mut window = window(0..100);
        for selected in [0, 99, 50, 3, 97] {
            window.select(selected);
            window.reveal(10);
            assert!((window.top()..window.top() + 10).contains(&selected));
        }
    }
}
