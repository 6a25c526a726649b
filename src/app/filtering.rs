//! Sets and clears the filter of the list on screen, and reads or follows it again. Parsing is in the filter prompt.

use super::browser::layout::Pane;
use super::{Effect, State};
use crate::store::Filter;
use crate::store::browse::PageFrom;

impl State {
    /// Filters the list on screen. The text is shown while the filter is active.
    pub(super) fn filter_messages(&mut self, filter: Filter, text: String) -> Vec<Effect> {
        self.browser.focus = Pane::Messages;
        self.browser.messages.set_filter(filter, text);
        if self.following.current.is_some() {
            return self.following.start(&mut self.browser).into_iter().collect();
        }
        self.browser.messages.read_from(PageFrom::End, &mut self.requests).into_iter().collect()
    }

    pub(super) fn clear_filter(&mut self) -> Vec<Effect> {
        self.browser.messages.set_filter(Filter::default(), String::new());
        if self.following.current.is_some() {
            return self.following.start(&mut self.browser).into_iter().collect();
        }
        match self.browser.messages.before_filter.take() {
            Some(number) => self.browser.messages.read_around(number, &mut self.requests).into_iter().collect(),
            None => self.browser.messages.read_from(PageFrom::End, &mut self.requests).into_iter().collect(),
        }
    }
}
