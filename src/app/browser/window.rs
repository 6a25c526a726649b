//! A list that is only partly loaded: rows in the order of the screen, a selection, and the first visible row.
//!
//! Pages are added at either edge, and rows at the other edge are unloaded. Selection and view stay on their rows.

use std::collections::VecDeque;

/// The most rows that are loaded. Two screens are about 100 rows; the others let the user scroll without waiting.
pub(crate) const CAPACITY: usize = 2_000;

/// The loaded rows of a list, in the order of the screen.
#[derive(Debug, Clone)]
pub(crate) struct Window<T> {
    rows: VecDeque<T>,
    selected: usize,
    top: usize,
    /// The first row of the list is loaded.
    pub at_first: bool,
    /// The last row of the list is loaded.
    pub at_last: bool,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { rows: VecDeque::new(), selected: 0, top: 0, at_first: false, at_last: false }
    }
}

impl<T> Window<T> {
    #[must_use]
    pub(crate) fn rows(&self) -> &VecDeque<T> {
        &self.rows
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut()
    }

    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the index of the selected row, or 0 if the list is empty.
    #[must_use]
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    #[must_use]
    pub(crate) fn selection(&self) -> Option<&T> {
        self.rows.get(self.selected)
    }

    /// Returns the index of the first visible row.
    #[must_use]
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// Selects the row at the index, or the last one if there are fewer.
    pub(crate) fn select(&mut self, index: usize) {
        self.selected = index.min(self.rows.len().saturating_sub(1));
    }

    /// Moves the selection and returns true if it changed.
    pub(crate) fn step(&mut self, rows: isize) -> bool {
        let before = self.selected;
        self.select(self.selected.saturating_add_signed(rows));
        before != self.selected
    }

    /// Scrolls the view, as a mouse wheel does. The selection moves only as far as it must to stay visible.
    pub(crate) fn scroll(&mut self, rows: isize, height: usize) {
        self.scroll_parted(rows, height, |_, _| false);
    }

    /// Scrolls like [`Window::scroll`] in a view of `height` lines. `parted` returns true if a line separates a row
    /// from the next.
    pub(crate) fn scroll_parted(&mut self, rows: isize, height: usize, parted: impl Fn(&T, &T) -> bool) {
        self.top = self.top.saturating_add_signed(rows).min(self.last_top(height, &parted));
        let last_visible = (self.top + self.rows_in_view(height, &parted)).saturating_sub(1);
        self.select(self.selected.clamp(self.top, last_visible.max(self.top)));
    }

    /// Scrolls as little as possible to make the selection visible in a view of `height` rows.
    pub(crate) fn reveal(&mut self, height: usize) {
        self.reveal_parted(height, |_, _| false);
    }

    /// Scrolls like [`Window::reveal`] in a view of `height` lines. `parted` returns true if a line separates a row
    /// from the next.
    pub(crate) fn reveal_parted(&mut self, height: usize, parted: impl Fn(&T, &T) -> bool) {
        let lowest = self.first_above(self.selected, height, &parted);
        self.top = self.top.clamp(lowest, self.selected.max(lowest)).min(self.last_top(height, &parted));
    }

    /// Returns the first row from which on all rows up to `last` fit into the view.
    fn first_above(&self, last: usize, height: usize, parted: &impl Fn(&T, &T) -> bool) -> usize {
        let mut first = last;
        let mut lines = 1;
        while let Some(before) = first.checked_sub(1) {
            lines += 1 + usize::from(self.is_parted(before, parted));
            if lines > height {
                break;
            }
            first = before;
        }
        first
    }

    /// Returns the first visible row of a view that ends with the last row.
    fn last_top(&self, height: usize, parted: &impl Fn(&T, &T) -> bool) -> usize {
        self.first_above(self.rows.len().saturating_sub(1), height, parted)
    }

    /// Returns true if a line is drawn between a row and the next one.
    fn is_parted(&self, row: usize, parted: &impl Fn(&T, &T) -> bool) -> bool {
        self.rows.get(row).zip(self.rows.get(row + 1)).is_some_and(|(row, next)| parted(row, next))
    }

    /// Returns the number of rows that fit into a view of `height` lines, at least one.
    #[must_use]
    pub(crate) fn rows_in_view(&self, height: usize, parted: impl Fn(&T, &T) -> bool) -> usize {
        let (mut rows, mut lines) = (1, 1);
        while self.top + rows < self.rows.len() {
            lines += 1 + usize::from(self.is_parted(self.top + rows - 1, &parted));
            if lines > height {
                break;
            }
            rows += 1;
        }
        rows
    }

    /// Returns the index of the row on a line of the view; none if the line separates two rows or is below the last
    /// row.
    #[must_use]
    pub(crate) fn row_at_line(&self, line: usize, parted: impl Fn(&T, &T) -> bool) -> Option<usize> {
        let (mut row, mut at) = (self.top, 0);
        while at < line && row < self.rows.len() {
            at += 1 + usize::from(self.is_parted(row, &parted));
            row += 1;
        }
        (at == line && row < self.rows.len()).then_some(row)
    }

    /// Scrolls the selection to the middle of a view of `height` rows.
    pub(crate) fn center(&mut self, height: usize) {
        self.top = self.selected.saturating_sub(height / 2).min(self.rows.len().saturating_sub(height));
    }

    /// Scrolls so that `rows` rows are visible above the selection.
    pub(crate) fn put_below(&mut self, rows: usize) {
        self.top = self.selected.saturating_sub(rows);
    }

    /// Replaces all rows and selects the first.
    pub(crate) fn replace(&mut self, rows: impl IntoIterator<Item = T>) {
        self.rows = rows.into_iter().collect();
        self.selected = 0;
        self.top = 0;
    }

    /// Replaces a list that is loaded as a whole, and selects the first row that matches, or the first row.
    pub(crate) fn replace_all(&mut self, rows: impl IntoIterator<Item = T>, selected: impl Fn(&T) -> bool) {
        self.replace(rows);
        self.at_first = true;
        self.at_last = true;
        self.select(self.rows.iter().position(selected).unwrap_or(0));
    }

    /// Appends rows and returns how many were unloaded at the front.
    pub(crate) fn append(&mut self, rows: impl IntoIterator<Item = T>) -> usize {
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

    /// Appends rows without unloading any, for lists whose pages can only be read forwards.
    pub(crate) fn extend_unbounded(&mut self, rows: impl IntoIterator<Item = T>) {
        self.rows.extend(rows);
    }

    /// Prepends rows, given in the order of the screen, and returns how many were unloaded at the back.
    pub(crate) fn prepend(&mut self, rows: impl IntoIterator<Item = T, IntoIter: DoubleEndedIterator>) -> usize {
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

    /// Reverses the rows. The selection stays on its row.
    pub(crate) fn reverse(&mut self) {
        self.rows.make_contiguous().reverse();
        self.selected = self.rows.len().saturating_sub(self.selected + 1);
        std::mem::swap(&mut self.at_first, &mut self.at_last);
    }

    pub(crate) fn row_mut(&mut self, index: usize) -> Option<&mut T> {
        self.rows.get_mut(index)
    }

    /// Sorts the rows. The selection stays on its row.
    pub(crate) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        let selected = self.selection().map(&key);
        self.rows.make_contiguous().sort_by_key(&key);
        let index = self.rows.iter().position(|row| Some(key(row)) == selected);
        self.select(index.unwrap_or(self.selected));
    }

    /// Inserts a row and returns how many were unloaded at the front. Selection and view stay on their rows.
    pub(crate) fn insert(&mut self, index: usize, row: T) -> usize {
        self.insert_unbounded(index, row);
        self.append([])
    }

    /// Inserts a row without unloading any. Selection and view stay on their rows.
    pub(crate) fn insert_unbounded(&mut self, index: usize, row: T) {
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

    /// Returns true if the selection is so near the first loaded row that the page before it should be loaded.
    #[must_use]
    pub(crate) fn nears_first(&self) -> bool {
        !self.at_first && self.selected < CAPACITY / 10
    }

    /// Returns true if the selection is so near the last loaded row that the page after it should be loaded.
    #[must_use]
    pub(crate) fn nears_last(&self) -> bool {
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
    fn prepending_leaves_the_selection_on_its_row() {
        let mut window = window(100..200);
        window.select(50);
        window.prepend(0..100);
        assert_eq!(window.selection(), Some(&150));
        assert_eq!(window.rows().front(), Some(&0));
    }

    #[test]
    fn the_list_is_bounded_and_counts_unloaded_rows() {
        let mut window = window(0..1_990);
        window.at_first = true;
        window.select(1_989);
        assert_eq!(window.append(1_990..2_090), 90);
        assert_eq!(window.len(), CAPACITY);
        assert_eq!(window.selection(), Some(&1_989));
        assert!(!window.at_first);
    }

    #[test]
    fn inserting_leaves_view_and_selection_on_their_rows() {
        let mut window = window(0..100);
        window.select(60);
        window.reveal(20);
        let top = window.rows()[window.top()];
        window.insert(10, -1);
        assert_eq!(window.selection(), Some(&60));
        assert_eq!(window.rows()[window.top()], top);
    }

    /// A line separates rows of different tens.
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is given")]
    fn tens(row: &i32, next: &i32) -> bool {
        row / 10 != next / 10
    }

    #[test]
    fn lines_between_rows_take_room_in_the_view() {
        let mut window = window(0..100);
        for selected in [0, 99, 50, 3, 97, 12] {
            window.select(selected);
            window.reveal_parted(12, tens);
            let top = window.top();
            let lines = selected - top + selected / 10 - top / 10;
            assert!(selected >= top && lines < 12, "{selected} is in view from {top}");
            assert_eq!(window.row_at_line(lines, tens), Some(selected));
        }
        window.select(0);
        window.reveal_parted(12, tens);
        assert_eq!(window.rows_in_view(12, tens), 11);
        assert_eq!(window.row_at_line(9, tens), Some(9));
        assert_eq!(window.row_at_line(10, tens), None, "the line between two rows");
        assert_eq!(window.row_at_line(11, tens), Some(10));
        window.scroll_parted(1_000, 12, tens);
        assert_eq!((window.top(), window.rows_in_view(12, tens)), (89, 11), "the last row is in view");
    }

    #[test]
    fn reveal_always_makes_the_selection_visible() {
        let mut window = window(0..100);
        for selected in [0, 99, 50, 3, 97] {
            window.select(selected);
            window.reveal(10);
            assert!((window.top()..window.top() + 10).contains(&selected));
        }
    }
}
