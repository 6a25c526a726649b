//! Continues a search in the messages pane on the server: when the loaded rows have no match, or no further one, Enter
//! filters the list by the text.

use std::time::Duration;

use super::browser::layout::Pane;
use super::dialogs::filter;
use super::keymap::Action;
use super::{Effect, State};
use crate::numbers::count;
use crate::store::Filter;

impl State {
    /// Goes to the next or previous match of the last search. At the last one, offers to continue on the server before
    /// the search wraps around.
    pub(super) fn find_again(&mut self, forwards: bool) -> Vec<Effect> {
        if self.browser.find_text().is_empty() {
            return self.open_find_or_filter();
        }
        if !self.browser.find.offers_server && self.browser.is_on_last_match(forwards) {
            self.browser.find.offers_server = true;
            let rows = count(self.browser.messages.window.len() as u64, "loaded message");
            let which = if forwards { "Last" } else { "First" };
            let key = self.settings.keymap.key(Action::Deeper);
            self.notices.done(format!("{which} match in {rows}. Press {key} to search the server."), self.now);
            return Vec::new();
        }
        self.browser.find.offers_server = false;
        self.browser.find_again(forwards, &mut self.requests)
    }

    /// Takes up or drops the offer to continue on the server, which stands until the next key. Returns none if the
    /// action is to be carried out.
    pub(super) fn answer_offer(&mut self, action: Action) -> Option<Vec<Effect>> {
        if matches!(action, Action::FindNext | Action::FindPrevious) {
            return None;
        }
        let offered = std::mem::take(&mut self.browser.find.offers_server);
        let is_taken = offered && action == Action::Deeper && self.browser.focus == Pane::Messages;
        is_taken.then(|| self.search_server())
    }

    /// Ends the search with Enter: at its match, or on the server if the loaded messages have none.
    pub(super) fn confirm_search(&mut self) -> Vec<Effect> {
        let is_unmatched = matches!(self.browser.matches_in(Pane::Messages), Some((0, _)));
        if is_unmatched && self.browser.focus == Pane::Messages && !self.browser.find_text().is_empty() {
            return self.search_server();
        }
        self.browser.load_selected_message(Duration::ZERO, &mut self.requests).into_iter().collect()
    }

    /// Filters the list by the text of the search. Other parts of its filter stay.
    fn search_server(&mut self) -> Vec<Effect> {
        let text = std::mem::take(&mut self.browser.find).text;
        let messages = &self.browser.messages;
        let shown = filter::with_text(&messages.filter_text, &text);
        let filter = Filter { text: Some(text), ..messages.filter.clone() };
        self.notices.dismiss();
        self.filter_messages(filter, shown)
    }
}
