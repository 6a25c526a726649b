//! Filters that the user has named, to be applied again in any list. They survive a restart. Nothing in here filters
//! messages.

use serde::{Deserialize, Serialize};

use super::browser::list_key::ListKey;
use crate::message::Category;
use crate::store::browse::Scope;

/// The most filters of a database. The oldest one makes room for a new one.
const MOST: usize = 200;

/// A saved filter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SavedFilter {
    pub name: String,
    /// The filter as it was typed.
    pub text: String,
    /// The category in which it was named; none for a whole namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
}

/// All saved filters of a database, newest first. No two have the same name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedFilters(Vec<SavedFilter>);

impl SavedFilters {
    /// Returns all filters, those of the category of a list first.
    #[must_use]
    pub(crate) fn for_list(&self, list: Option<&ListKey>) -> Vec<&SavedFilter> {
        let category = list.and_then(category_of).map(|category| category.to_string());
        let (mut own, others): (Vec<_>, Vec<_>) = self.0.iter().partition(|filter| filter.category == category);
        own.extend(others);
        own
    }

    /// Adds a filter, or replaces the one with its name. Returns true if it replaced one.
    pub(in crate::app) fn save(&mut self, filter: SavedFilter) -> bool {
        let replaced = self.remove(&filter.name);
        self.0.insert(0, filter);
        self.0.truncate(MOST);
        replaced
    }

    /// Removes the filter with a name. Returns true if there was one.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|held| held.name != name);
        self.0.len() < before
    }

    pub(super) fn bound(&mut self) {
        self.0.truncate(MOST);
    }
}

/// Returns the category to which the messages of a list belong.
#[must_use]
pub(crate) fn category_of(list: &ListKey) -> Option<Category> {
    match &list.scope {
        Scope::Namespace => None,
        Scope::Category(category) | Scope::Member(category, _) => Some(category.clone()),
        Scope::Stream(stream) => Some(stream.category()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, category: Option<&str>) -> SavedFilter {
        SavedFilter { name: name.to_owned(), text: format!("type:{name}"), category: category.map(str::to_owned) }
    }

    #[test]
    fn offers_the_filters_of_the_category_first_and_then_the_newest() {
        let mut filters = SavedFilters::default();
        for (name, category) in [("a", Some("account")), ("b", None), ("c", Some("account")), ("d", Some("order"))] {
            filters.save(named(name, category));
        }
        let names = |scope: Option<Scope>| -> String {
            let list = scope.map(|scope| ListKey { namespace: "shop".to_owned(), scope });
            filters.for_list(list.as_ref()).into_iter().map(|filter| filter.name.as_str()).collect()
        };
        assert_eq!(names(Some(Scope::Category(Category::stored("account")))), "cadb");
        assert_eq!(names(Some(Scope::Stream(crate::message::StreamName::stored("order-1")))), "dcba");
        assert_eq!(names(Some(Scope::Namespace)), "bdca");
        assert_eq!(names(None), "bdca");
    }

    #[test]
    fn a_name_belongs_to_one_filter() {
        let mut filters = SavedFilters::default();
        assert!(!filters.save(named("a", None)));
        assert!(filters.save(named("a", Some("account"))));
        assert_eq!(filters.0, [named("a", Some("account"))]);
    }
}
