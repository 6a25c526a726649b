//! A list of names that is loaded as a whole, such as the categories, and the text that filters it. Every row is kept
//! while a filter hides it, so that names are looked up in all rows and the list can be restored.

use std::ops::{Deref, DerefMut};

use super::window::Window;
use crate::app::text_search::contains;

/// A row with a name.
pub(crate) trait Named {
    fn name(&self) -> &str;
}

/// The rows, and the filter if there is one. It dereferences to the window of the rows that are shown.
#[derive(Debug)]
pub(crate) struct NamedList<T> {
    shown: Window<T>,
    filter: Option<NameFilter<T>>,
}

/// A filter, and what it restores.
#[derive(Debug)]
struct NameFilter<T> {
    text: String,
    /// All rows, in their order.
    rows: Vec<T>,
    /// The row that was selected before, and the number of rows in view above it.
    selected: Option<String>,
    above: usize,
}

impl<T> Default for NamedList<T> {
    fn default() -> Self {
        Self { shown: Window::default(), filter: None }
    }
}

impl<T> Deref for NamedList<T> {
    type Target = Window<T>;

    fn deref(&self) -> &Window<T> {
        &self.shown
    }
}

impl<T> DerefMut for NamedList<T> {
    fn deref_mut(&mut self) -> &mut Window<T> {
        &mut self.shown
    }
}

impl<T: Named + Clone> NamedList<T> {
    /// Returns all rows, also those that the filter hides.
    pub(crate) fn all(&self) -> impl Iterator<Item = &T> {
        let (hidden, shown) = match &self.filter {
            Some(filter) => (Some(filter.rows.iter()), None),
            None => (None, Some(self.shown.rows().iter())),
        };
        hidden.into_iter().flatten().chain(shown.into_iter().flatten())
    }

    /// Returns true if there are rows, even if the filter hides all of them.
    pub(crate) fn has_rows(&self) -> bool {
        self.all().next().is_some()
    }

    /// Returns the row with a name, also if the filter hides it.
    #[must_use]
    pub(crate) fn named(&self, name: &str) -> Option<&T> {
        self.all().find(|row| row.name() == name)
    }

    /// Returns the text of the filter and the number of all rows, if there is a filter.
    #[must_use]
    pub(crate) fn filter(&self) -> Option<(&str, usize)> {
        self.filter.as_ref().map(|filter| (filter.text.as_str(), filter.rows.len()))
    }

    /// Shows only the rows whose names contain a text. The selection stays on its row, or goes to the first one that is
    /// left.
    pub(in crate::app) fn set_filter(&mut self, text: String) {
        let selected = self.shown.selection().map(|row| row.name().to_owned());
        let mut filter = self.filter.take().unwrap_or_else(|| NameFilter {
            text: String::new(),
            rows: self.shown.rows().iter().cloned().collect(),
            above: self.shown.selected().saturating_sub(self.shown.top()),
            selected: selected.clone(),
        });
        filter.text = text;
        let wanted = selected.or_else(|| filter.selected.clone());
        let filter = self.filter.insert(filter);
        let rows: Vec<T> = filter.rows.iter().filter(|row| contains(row.name(), &filter.text)).cloned().collect();
        self.replace_shown(rows, wanted.as_deref());
    }

    /// Shows all rows. The selection stays on its row.
    pub(in crate::app) fn clear_filter(&mut self) {
        let Some(filter) = self.filter.take() else { return };
        let selected = self.shown.selection().map(|row| row.name().to_owned()).or(filter.selected);
        self.replace_shown(filter.rows, selected.as_deref());
    }

    /// Shows all rows, with the selection and the view as they were before the filter.
    pub(in crate::app) fn undo_filter(&mut self) {
        let Some(filter) = self.filter.take() else { return };
        self.replace_shown(filter.rows, filter.selected.as_deref());
        self.shown.put_below(filter.above);
    }

    /// Selects the row with a name. A filter that hides it is removed. Returns false if there is no such row.
    pub(in crate::app) fn select_named(&mut self, name: &str) -> bool {
        let index_of = |list: &Self| list.shown.rows().iter().position(|row| row.name() == name);
        let index = index_of(self).or_else(|| {
            self.named(name)?;
            self.clear_filter();
            index_of(self)
        });
        if let Some(index) = index {
            self.shown.select(index);
        }
        index.is_some()
    }

    /// Replaces all rows and selects the one with a name, or the first. The filter stays.
    pub(in crate::app) fn replace_all(&mut self, rows: Vec<T>, selected: Option<&str>) {
        let shown = match &mut self.filter {
            Some(filter) => {
                let matching = rows.iter().filter(|row| contains(row.name(), &filter.text)).cloned().collect();
                filter.rows = rows;
                matching
            }
            None => rows,
        };
        self.replace_shown(shown, selected);
    }

    fn replace_shown(&mut self, rows: Vec<T>, selected: Option<&str>) {
        self.shown.replace_all(rows, |row| Some(row.name()) == selected);
    }

    /// Updates the row with the name of a new row, or inserts the new row. Rows are sorted by name.
    pub(in crate::app) fn update_or_insert(&mut self, new: T, update: impl Fn(&mut T)) {
        if let Some(filter) = &mut self.filter {
            match filter.rows.binary_search_by(|row| row.name().cmp(new.name())) {
                Ok(index) => update(&mut filter.rows[index]),
                Err(index) => filter.rows.insert(index, new.clone()),
            }
            if !contains(new.name(), &filter.text) {
                return;
            }
        }
        match self.shown.rows().binary_search_by(|row| row.name().cmp(new.name())) {
            Ok(index) => self.shown.row_mut(index).into_iter().for_each(update),
            Err(index) => self.shown.insert_unbounded(index, new),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for String {
        fn name(&self) -> &str {
            self
        }
    }

    fn list(names: &[&str], selected: &str) -> NamedList<String> {
        let mut list = NamedList::default();
        list.replace_all(names.iter().map(|name| (*name).to_owned()).collect(), Some(selected));
        list
    }

    fn shown(list: &NamedList<String>) -> Vec<&str> {
        list.rows().iter().map(String::as_str).collect()
    }

    #[test]
    fn a_filter_hides_rows_and_keeps_the_selected_one() {
        let mut list = list(&["account", "cart", "payment", "repayment"], "payment");
        list.set_filter("pay".to_owned());
        assert_eq!(
            (shown(&list), list.selection().map(String::as_str)),
            (vec!["payment", "repayment"], Some("payment"))
        );
        assert_eq!(list.filter(), Some(("pay", 4)));
        list.set_filter("rt".to_owned());
        assert_eq!((shown(&list), list.all().count()), (vec!["cart"], 4));
        assert!(list.named("account").is_some());
    }

    #[test]
    fn a_filter_without_a_match_can_be_undone() {
        let mut list = list(&["account", "cart", "payment"], "cart");
        list.set_filter("nothing".to_owned());
        assert!(list.is_empty());
        list.undo_filter();
        assert_eq!(list.selection().map(String::as_str), Some("cart"));
    }

    #[test]
    fn clearing_keeps_the_row_that_was_chosen_and_undoing_restores_the_old_one() {
        let mut list = list(&["account", "cart", "payment"], "cart");
        list.set_filter("p".to_owned());
        list.clear_filter();
        assert_eq!(list.selection().map(String::as_str), Some("payment"));
        list.select(1);
        list.set_filter("p".to_owned());
        list.undo_filter();
        assert_eq!(list.selection().map(String::as_str), Some("cart"));
    }

    #[test]
    fn selecting_a_hidden_row_removes_the_filter() {
        let mut list = list(&["account", "cart", "payment"], "cart");
        list.set_filter("p".to_owned());
        assert!(list.select_named("payment") && list.filter().is_some());
        assert!(!list.select_named("order") && list.filter().is_some());
        assert!(list.select_named("account") && list.filter().is_none());
        assert_eq!(list.selection().map(String::as_str), Some("account"));
    }

    #[test]
    fn new_rows_are_inserted_in_order_and_shown_if_they_match() {
        let mut list = list(&["account", "payment"], "payment");
        list.set_filter("pay".to_owned());
        for name in ["cart", "repayment", "payment"] {
            list.update_or_insert(name.to_owned(), |row| row.push('!'));
        }
        assert_eq!(shown(&list), ["payment!", "repayment"]);
        list.clear_filter();
        assert_eq!(shown(&list), ["account", "cart", "payment!", "repayment"]);
    }

    proptest::proptest! {
        #[test]
        fn no_filter_loses_a_row_or_the_selection(
            names in proptest::collection::btree_set("[a-c]{1,4}", 1..20),
            selected in 0..20_usize,
            texts in proptest::collection::vec("[a-d]{0,3}", 1..6),
            steps in -5..5_isize,
        ) {
            let names: Vec<String> = names.into_iter().collect();
            let selected = names[selected % names.len()].clone();
            let mut list = NamedList::default();
            list.replace_all(names.clone(), Some(&selected));
            for text in texts {
                list.set_filter(text.clone());
                let matching: Vec<&String> = names.iter().filter(|name| name.contains(&text)).collect();
                proptest::prop_assert_eq!(list.rows().iter().collect::<Vec<_>>(), matching);
                proptest::prop_assert!(list.is_empty() || list.selected() < list.len());
                list.step(steps);
            }
            list.undo_filter();
            proptest::prop_assert_eq!(list.selection(), Some(&selected));
            proptest::prop_assert_eq!(list.rows().iter().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        }
    }
}
