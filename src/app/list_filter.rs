//! Filtering the lists of names with `/`: opens the prompt, and passes what is typed to the list of the pane. A list
//! that shrinks shows its selection at once, as after any other move.

use super::State;
use super::browser::Browser;
use super::browser::layout::Pane;
use super::browser::streams::filter::StreamFilter;
use super::dialogs::Dialog;
use super::dialogs::list_filter::ListFilterPrompt;
use super::event::Effect;
use super::request::Slot;
use super::requests::Requests;

/// What a filter has left of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filtered<'a> {
    pub text: &'a str,
    /// The number of rows that are left.
    pub shown: usize,
    /// The number of all rows, if it is known.
    pub total: Option<usize>,
    /// The number of names that were searched, while more may match.
    pub searched: Option<u64>,
}

impl State {
    /// Opens the prompt of the focused pane: a filter for a list of names, a search elsewhere.
    pub(super) fn open_find_or_filter(&mut self) -> Vec<Effect> {
        let pane = self.browser.focus;
        if matches!(pane, Pane::Messages | Pane::Message) {
            return self.open_find();
        }
        let text = self.browser.filtered(pane).map_or("", |filtered| filtered.text);
        self.dialogs.open = Some(Dialog::ListFilter(ListFilterPrompt::new(pane, text)));
        Vec::new()
    }

    /// Keeps the filter after Enter. One without a match is removed.
    pub(super) fn keep_list_filter(&mut self, pane: Pane) -> Vec<Effect> {
        let is_searching = pane == Pane::Streams && self.requests.since(Slot::Streams).is_some();
        let unmatched = match self.browser.filtered(pane) {
            Some(filtered) if filtered.text.is_empty() => Some(None),
            Some(filtered) if filtered.shown == 0 && !is_searching => {
                let noun = match pane {
                    Pane::Namespaces => "namespace",
                    Pane::Categories => "category",
                    _ => "stream",
                };
                Some(Some(format!("No {noun} contains \"{}\"", filtered.text)))
            }
            _ => None,
        };
        let Some(said) = unmatched else { return Vec::new() };
        if let Some(said) = said {
            self.notices.problem(said, self.now);
        }
        self.browser.undo_list_filter(pane, &mut self.requests)
    }
}

impl Browser {
    /// Returns what the filter of a pane has left, if there is one.
    #[must_use]
    pub(crate) fn filtered(&self, pane: Pane) -> Option<Filtered<'_>> {
        match pane {
            Pane::Namespaces => {
                let (text, all) = self.namespaces.filter()?;
                Some(Filtered { text, shown: self.namespaces.len(), total: Some(all), searched: None })
            }
            Pane::Categories => {
                let (text, all) = self.categories.filter()?;
                Some(Filtered { text, shown: self.categories.len(), total: Some(all), searched: None })
            }
            Pane::Streams => {
                let filter = self.streams.filter.as_ref()?;
                let searched = Some(filter.searched).filter(|_| !filter.is_complete());
                let (text, total) = (filter.text.as_str(), StreamFilter::total(filter));
                Some(Filtered { text, shown: self.streams.window.len(), total, searched })
            }
            Pane::Messages | Pane::Message => None,
        }
    }

    /// Shows only the rows of a pane that contain a text.
    pub(super) fn filter_list(&mut self, pane: Pane, text: String, requests: &mut Requests) -> Vec<Effect> {
        match pane {
            Pane::Namespaces => {
                if self.namespaces.filter().is_none() {
                    self.category_before_filter = self.categories.selection().map(|row| row.category.clone());
                }
                self.namespaces.set_filter(text);
            }
            Pane::Categories => self.categories.set_filter(text),
            Pane::Streams => return self.streams.set_filter(text, requests).into_iter().collect(),
            Pane::Messages | Pane::Message => {}
        }
        self.show_selection(pane, requests)
    }

    /// Restores the list of a pane as it was before its filter.
    pub(super) fn undo_list_filter(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = Vec::new();
        match pane {
            Pane::Namespaces => {
                self.namespaces.undo_filter();
                let category = self.category_before_filter.take();
                let restored = self.namespaces.selection().map(|namespace| &namespace.id);
                if restored != self.shown_namespace.as_ref() {
                    self.wanted_category = category;
                }
            }
            Pane::Categories => self.categories.undo_filter(),
            Pane::Streams => effects.extend(self.streams.undo_filter(requests)),
            Pane::Messages | Pane::Message => {}
        }
        effects.extend(self.show_selection(pane, requests));
        effects
    }

    /// Removes the filter of the focused pane, and keeps its selection. Returns none if there is no filter.
    pub(super) fn clear_list_filter(&mut self, requests: &mut Requests) -> Option<Vec<Effect>> {
        self.filtered(self.focus)?;
        let mut effects = Vec::new();
        match self.focus {
            Pane::Namespaces => self.namespaces.clear_filter(),
            Pane::Categories => self.categories.clear_filter(),
            Pane::Streams => effects.extend(self.streams.clear_filter(requests)),
            Pane::Messages | Pane::Message => {}
        }
        effects.extend(self.show_selection(self.focus, requests));
        Some(effects)
    }

    fn show_selection(&mut self, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
        self.reveal();
        match pane {
            Pane::Namespaces => self.namespace_selected(requests),
            Pane::Categories => self.category_selected(requests),
            Pane::Streams => self.stream_selected(requests),
            Pane::Messages | Pane::Message => Vec::new(),
        }
    }
}
