//! Returns to a place of an earlier run, a bookmark or a recent place, and says so if the place no longer exists. The
//! place is shown at once and checked when its answers arrive, so returning takes no extra round trip.

use std::time::Duration;

use super::browser::Browser;
use super::browser::layout::Pane;
use super::browser::list_key::ListKey;
use super::event::Effect;
use super::place::Place;
use super::{State, dialogs};
use crate::store::browse::{CategoryRow, Scope};

/// A place that is on screen but may not exist.
#[derive(Debug)]
pub(super) struct Restoring {
    place: Place,
}

impl State {
    /// Shows what comes first once the namespaces are listed: the location of the command line, the place of the last
    /// run, or the selected namespace.
    pub(super) fn open_first(&mut self) -> Vec<Effect> {
        let locator = self.settings.locator.take();
        let place = self.settings.saved.place.take();
        match (locator, place) {
            // A namespace alone says less than the place in it.
            (Some(locator), Some(place))
                if locator.text.is_none() && locator.namespace.as_deref() == Some(&place.list.namespace) =>
            {
                self.visit(place, None)
            }
            (Some(locator), _) => self.open_locator(&locator),
            (None, Some(place)) => self.visit(place, None),
            (None, None) => self.browser.namespace_selected(&mut self.requests),
        }
    }

    /// Goes to a place. Without a filter, the list keeps the one that it had.
    pub(super) fn visit(&mut self, place: Place, filter: Option<&str>) -> Vec<Effect> {
        let ListKey { namespace, scope } = place.list.clone();
        if !self.browser.namespaces.rows().iter().any(|row| row.id == namespace) {
            self.notices.problem(format!("Namespace {namespace} no longer exists"), self.now);
            return self.browser.namespace_selected(&mut self.requests);
        }
        let from = self.browser.place();
        // This replaces a navigation that is still waiting.
        self.browser.navigation = None;
        let mut effects: Vec<Effect> = self.requests.stop(super::request::Slot::GoTo).into_iter().collect();
        effects.extend(self.browser.arrive_in(&namespace, scope, &mut self.requests));
        self.browser.history.record(from, Some(&place.list));
        effects.extend(self.stop_following_if_left());
        if let Some(text) = filter.filter(|text| *text != self.browser.messages.filter_text) {
            match dialogs::filter::parse(text, self.now, &self.settings.times.time_zone()) {
                Ok(filter) => effects.extend(self.filter_messages(filter, text.to_owned())),
                Err(problem) => self.notices.problem(format!("Cannot filter by {text}: {problem}"), self.now),
            }
        }
        if place.number.is_some() && self.browser.messages.selected_number() != place.number {
            let (messages, requests) = (&mut self.browser.messages, &mut self.requests);
            effects.extend(place.number.and_then(|number| messages.read_around(number, requests)));
            self.browser.messages.offset = self.browser.layout().rows(Pane::Messages) / 2;
        }
        let is_list = matches!(place.focus, Pane::Namespaces | Pane::Categories | Pane::Streams);
        self.browser.focus = if is_list { self.browser.active } else { place.focus };
        self.restoring = Some(Restoring { place });
        effects
    }

    /// Returns to a list as it was left.
    pub(super) fn open_list(&mut self, list: ListKey) -> Vec<Effect> {
        let effects = self.visit(Place { list, number: None, focus: Pane::Messages }, None);
        self.finish(effects, Duration::ZERO)
    }

    /// Shows the namespace if the category to which the screen returns is not among those that were listed.
    pub(super) fn check_restored_category(&mut self, listed: &[CategoryRow]) -> Vec<Effect> {
        let Some(Restoring { place }) = &self.restoring else { return Vec::new() };
        let ListKey { namespace, scope } = &place.list;
        let category = match scope {
            Scope::Category(category) | Scope::Member(category, _) => category.clone(),
            Scope::Stream(stream) => stream.category(),
            Scope::Namespace => return Vec::new(),
        };
        let is_other = self.browser.shown_namespace.as_ref() != Some(namespace);
        if is_other || listed.iter().any(|row| row.category == category) {
            return Vec::new();
        }
        let (namespace, gone) = (namespace.clone(), gone(scope));
        self.leave_lost_place(gone, ListKey { namespace, scope: Scope::Namespace })
    }

    /// Checks the first messages of the place to which the screen returns.
    pub(super) fn check_restored_messages(&mut self) -> Vec<Effect> {
        let Some(Restoring { place }) = &self.restoring else { return Vec::new() };
        let messages = &self.browser.messages;
        if messages.key.as_ref() != Some(&place.list) {
            self.restoring = None;
            return Vec::new();
        }
        if messages.is_reading() || messages.error.is_some() {
            return Vec::new();
        }
        if messages.window.is_empty() && !messages.is_filtered() {
            if let Scope::Stream(stream) = &place.list.scope {
                let namespace = place.list.namespace.clone();
                let (gone, scope) = (gone(&place.list.scope), Scope::Category(stream.category()));
                return self.leave_lost_place(gone, ListKey { namespace, scope });
            }
            // A category without messages is not listed, and a namespace may be empty.
            return Vec::new();
        }
        let (number, is_stream, is_filtered) = (place.number, messages.is_stream(), messages.is_filtered());
        self.restoring = None;
        let Some(number) = number.filter(|number| self.browser.messages.selected_number() != Some(*number)) else {
            return Vec::new();
        };
        self.browser.messages.select_nearest(number);
        if !is_filtered {
            let kind = if is_stream { "position" } else { "global position" };
            let said = format!("The message at {kind} {number} no longer exists. The nearest one is selected.");
            self.notices.problem(said, self.now);
        }
        Vec::new()
    }

    fn leave_lost_place(&mut self, gone: String, instead: ListKey) -> Vec<Effect> {
        self.notices.problem(gone, self.now);
        self.browser.wanted_category = None;
        let ListKey { namespace, scope } = instead.clone();
        // The category of a lost stream may be lost, too.
        self.restoring = Some(Restoring { place: Place { list: instead, number: None, focus: Pane::default() } });
        let effects = self.browser.arrive_in(&namespace, scope, &mut self.requests);
        self.browser.focus = self.browser.active;
        effects
    }
}

fn gone(scope: &Scope) -> String {
    match scope {
        Scope::Stream(stream) => format!("Stream {stream} no longer exists"),
        Scope::Category(category) | Scope::Member(category, _) => format!("Category {category} no longer exists"),
        Scope::Namespace => "The place no longer exists".to_owned(),
    }
}

impl Browser {
    /// Returns the place on screen; none before a list is shown.
    #[must_use]
    pub(super) fn place(&self) -> Option<Place> {
        let list = self.messages.key.clone()?;
        // The newest message is a place of its own: there may be newer ones next time.
        let number = self.messages.selected_number().filter(|_| !self.messages.is_on_newest());
        Some(Place { list, focus: self.focus, number })
    }

    /// Remembers the list on screen as a recent place once its messages have the focus.
    pub(super) fn remember_list(&mut self) {
        if matches!(self.focus, Pane::Messages | Pane::Message)
            && let Some(list) = &self.messages.key
        {
            self.recent.visit(list);
        }
    }
}
