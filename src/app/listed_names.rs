//! The names that the panes list, which decide what a location means. Nothing in here asks the store.

use super::browser::Browser;
use crate::locator::Known;
use crate::message::Name;

/// The namespace in which a location is resolved.
#[derive(Debug, Clone, Copy)]
enum Current {
    /// The namespace whose categories and streams are in the panes.
    Shown,
    /// A namespace whose categories and streams are not known.
    Named,
    Missing,
}

/// The names that the panes list.
#[derive(Debug, Clone, Copy)]
pub(super) struct ListedNames<'a> {
    browser: &'a Browser,
    current: Current,
}

impl<'a> ListedNames<'a> {
    /// Names relative to the namespace on screen.
    #[must_use]
    pub(super) fn on_screen(browser: &'a Browser) -> Self {
        Self { browser, current: Current::Shown }
    }

    /// Names relative to a namespace that may not be on screen yet.
    #[must_use]
    pub(super) fn relative_to(browser: &'a Browser, namespace: Option<&str>) -> Self {
        let current = if namespace.is_some() { Current::Named } else { Current::Missing };
        Self { browser, current }
    }
}

impl Known for ListedNames<'_> {
    fn namespace(&self, id: &str) -> Option<bool> {
        let is_listed = self.browser.namespaces.named(id).is_some();
        if is_listed { Some(true) } else { self.browser.namespaces.at_last.then_some(false) }
    }

    fn name(&self, name: &Name) -> Option<bool> {
        match self.current {
            Current::Shown => {}
            Current::Named => return None,
            Current::Missing => return Some(false),
        }
        match name {
            Name::Category(category) => {
                let is_listed = self.browser.categories.named(category.as_str()).is_some();
                if is_listed { Some(true) } else { self.browser.categories.at_last.then_some(false) }
            }
            Name::Stream(stream) => {
                self.browser.streams.window.rows().iter().any(|row| row.stream == *stream).then_some(true)
            }
        }
    }
}
