//! Moving through the panes. A selection is shown at once, Enter goes one pane deeper and Esc one back. Nothing in here
//! knows how a page of messages or streams is read.

use std::time::Duration;

use jiff::SignedDuration;

use super::layout::Pane;
use super::messages::{Messages, Place};
use super::request::{Question, Slot};
use super::streams::{Of, Streams};
use super::{Effect, State};
use crate::message::{Category, StreamName, category};
use crate::store::NamespaceInfo;
use crate::store::browse::{CategoryRow, PageFrom, Scope, StreamsFrom};

/// A page of streams that has been loading for longer than this is the first thing that Esc cancels.
const SLOW: SignedDuration = SignedDuration::from_millis(300);

impl State {
    /// Returns the number of rows that a page key moves by.
    pub(super) fn page_rows(&self) -> isize {
        isize::try_from(self.layout().rows(self.browser.focus).saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// Moves the selection of the focused pane.
    pub(super) fn step(&mut self, rows: isize) -> Vec<Effect> {
        match self.browser.focus {
            Pane::Namespaces => {
                self.browser.namespaces.step(rows);
                self.namespace_selected()
            }
            Pane::Categories => {
                self.browser.categories.step(rows);
                self.category_selected()
            }
            Pane::Streams => {
                self.browser.streams.window.step(rows);
                self.stream_selected()
            }
            Pane::Messages => self.step_message(rows),
            Pane::Message => {
                self.browser.message.step(rows);
                Vec::new()
            }
        }
    }

    pub(super) fn go_first(&mut self) -> Vec<Effect> {
        if self.browser.focus == Pane::Messages {
            if self.following.current.is_some() && self.browser.messages.newest_first {
                return self.go_live();
            }
            if !self.browser.messages.window.at_first {
                let from = if self.browser.messages.newest_first { PageFrom::End } else { PageFrom::Start };
                return self.read_from(from).into_iter().collect();
            }
            self.browser.messages.window.select(0);
            return Vec::new();
        }
        if self.browser.focus == Pane::Streams {
            return self.go_to_streams(StreamsFrom::Start);
        }
        self.step(isize::MIN)
    }

    pub(super) fn go_last(&mut self) -> Vec<Effect> {
        if self.browser.focus == Pane::Messages {
            if self.following.current.is_some() && !self.browser.messages.newest_first {
                return self.go_live();
            }
            if !self.browser.messages.window.at_last {
                let from = if self.browser.messages.newest_first { PageFrom::Start } else { PageFrom::End };
                return self.read_from(from).into_iter().collect();
            }
            self.browser.messages.window.select(usize::MAX);
            return Vec::new();
        }
        if self.browser.focus == Pane::Streams {
            return self.go_to_streams(StreamsFrom::End);
        }
        self.step(isize::MAX)
    }

    pub(super) fn focus_on(&mut self, pane: Pane) -> Vec<Effect> {
        self.browser.focus = pane;
        match pane {
            Pane::Namespaces => {
                self.browser.active = pane;
                self.namespace_selected()
            }
            Pane::Categories if !self.browser.categories.is_empty() => {
                self.browser.active = pane;
                self.category_selected()
            }
            Pane::Streams if !self.browser.streams.window.is_empty() => {
                self.browser.active = pane;
                self.stream_selected()
            }
            _ => Vec::new(),
        }
    }

    /// A list was loaded. If its pane already has the focus, because a key was faster than the list, it is shown now.
    pub(super) fn is_there(&mut self, pane: Pane) -> Vec<Effect> {
        if self.browser.focus == pane && self.browser.active != pane { self.focus_on(pane) } else { Vec::new() }
    }

    pub(super) fn deeper(&mut self) -> Vec<Effect> {
        match self.browser.focus {
            // An empty list is skipped, but not one that is still loading.
            Pane::Namespaces if self.browser.categories.is_empty() && self.browser.categories.at_last => {
                self.focus_on(Pane::Messages)
            }
            Pane::Namespaces => self.focus_on(Pane::Categories),
            Pane::Categories if self.browser.streams.window.is_empty() && self.browser.streams.window.at_last => {
                self.focus_on(Pane::Messages)
            }
            Pane::Categories => self.focus_on(Pane::Streams),
            Pane::Streams => self.focus_on(Pane::Messages),
            Pane::Messages => {
                if self.browser.messages.selection().is_some() {
                    self.browser.focus = Pane::Message;
                }
                Vec::new()
            }
            Pane::Message => self.open_link(),
        }
    }

    /// Goes one step back: first cancels or closes whatever is in progress, then moves one pane to the left.
    pub(super) fn back(&mut self) -> Vec<Effect> {
        if let Some(stop) = self.stop_reading() {
            return vec![stop];
        }
        // Only a count that the user asked for is cancelled. An estimate loads by itself and does not hold Esc up.
        if self.browser.messages.counting && self.requests.stop(Slot::Count) {
            return [Effect::Stop(Slot::Count)].into_iter().chain(self.estimate()).collect();
        }
        // If a page has only just been requested, Esc means going back.
        if self.requests.since(Slot::Streams).is_some_and(|since| self.now.duration_since(since) > SLOW) {
            self.requests.stop(Slot::Streams);
            if self.browser.streams.window.is_empty() {
                self.browser.streams.error = Some("Stopped".to_owned());
            }
            return vec![Effect::Stop(Slot::Streams)];
        }
        if self.browser.fullscreen {
            self.browser.fullscreen = false;
            return Vec::new();
        }
        if self.find_in(self.browser.focus).is_some() {
            self.browser.find = super::find::Find::default();
            return Vec::new();
        }
        if self.browser.focus == Pane::Messages && self.browser.messages.is_filtered() {
            return self.clear_filter();
        }
        if self.notices.dismiss() {
            return Vec::new();
        }
        match self.browser.focus {
            Pane::Namespaces => Vec::new(),
            Pane::Categories => self.focus_on(Pane::Namespaces),
            Pane::Streams => self.focus_on(Pane::Categories),
            Pane::Messages => self.go_back().unwrap_or_else(|| {
                self.browser.focus = self.browser.active;
                Vec::new()
            }),
            Pane::Message => {
                self.browser.focus = Pane::Messages;
                Vec::new()
            }
        }
    }

    pub(super) fn namespaces_listed(&mut self, namespaces: Vec<NamespaceInfo>) -> Vec<Effect> {
        let is_there = namespaces.iter().any(|namespace| Some(&namespace.id) == self.browser.shown_namespace.as_ref());
        let mut effects = if is_there { Vec::new() } else { self.leave_namespace() };
        let selected = self.browser.wanted_namespace.take();
        let selected = selected.or_else(|| self.browser.namespaces.selection().map(|namespace| namespace.id.clone()));
        self.browser.namespaces.replace(namespaces);
        self.browser.namespaces.at_first = true;
        self.browser.namespaces.at_last = true;
        if let Some(selected) = selected {
            let index = self.browser.namespaces.rows().iter().position(|namespace| namespace.id == selected);
            self.browser.namespaces.select(index.unwrap_or(0));
        }
        effects.extend(match self.settings.locator.take() {
            Some(locator) => self.open_locator(&locator),
            None => self.namespace_selected(),
        });
        self.resolve_go_to();
        effects
    }

    /// Clears every list, because the namespace on screen no longer exists.
    fn leave_namespace(&mut self) -> Vec<Effect> {
        if let Some(namespace) = self.browser.shown_namespace.take() {
            self.browser.places.forget(&namespace);
        }
        self.browser.categories = super::Window::default();
        self.browser.streams = Streams::default();
        let newest_first = self.browser.messages.newest_first;
        self.browser.messages = Messages::default();
        self.browser.messages.newest_first = newest_first;
        self.browser.message.forget();
        for slot in [Slot::Categories, Slot::Streams, Slot::Messages, Slot::Message, Slot::Count] {
            self.requests.stop(slot);
        }
        self.stop_follow()
    }

    /// Shows the categories of the selected namespace, and its messages if its pane is the active one.
    pub(super) fn namespace_selected(&mut self) -> Vec<Effect> {
        let Some(namespace) = self.browser.namespaces.selection().map(|namespace| namespace.id.clone()) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if self.browser.shown_namespace.as_ref() != Some(&namespace) {
            self.browser.shown_namespace = Some(namespace.clone());
            self.browser.categories = super::Window::default();
            self.leave_streams(Streams::default());
            effects.push(self.ask(Slot::Categories, Question::Categories { namespace: namespace.clone() }));
        }
        if self.browser.active == Pane::Namespaces {
            effects.extend(self.show(Place { namespace, scope: Scope::Namespace }));
        }
        effects
    }

    pub(super) fn categories_listed(&mut self, categories: Vec<CategoryRow>) -> Vec<Effect> {
        let selected = self.browser.wanted_category.take();
        let selected = selected.or_else(|| self.browser.categories.selection().map(|row| row.category.clone()));
        self.browser.categories.replace(categories);
        self.browser.categories.at_first = true;
        self.browser.categories.at_last = true;
        if let Some(selected) = selected {
            let index = self.browser.categories.rows().iter().position(|row| row.category == selected);
            self.browser.categories.select(index.unwrap_or(0));
        }
        let mut effects = self.category_selected();
        effects.extend(self.is_there(Pane::Categories));
        self.resolve_go_to();
        effects
    }

    /// Shows the streams of the selected category, and its messages if its pane is the active one.
    pub(super) fn category_selected(&mut self) -> Vec<Effect> {
        let (Some(namespace), Some(row)) = (self.browser.shown_namespace.clone(), self.browser.categories.selection())
        else {
            return Vec::new();
        };
        let category = row.category.clone();
        let mut effects = Vec::new();
        let of = Of { namespace: namespace.clone(), category: category.clone() };
        if self.browser.streams.of.as_ref() != Some(&of) {
            let by_activity = self.browser.streams.by_activity;
            let kept = self.browser.places.streams_of(&of);
            self.leave_streams(kept.unwrap_or_else(|| Streams::new(of, by_activity)));
            if self.browser.streams.window.is_empty() {
                self.browser.streams.wanted = self.stream_on_screen(&category);
            }
            effects.extend(self.more_streams());
        }
        let part_is_shown = matches!(&self.browser.messages.place, Some(Place { namespace: shown, scope: Scope::Member(of, _) })
            if *shown == namespace && *of == category);
        if self.browser.active == Pane::Categories && !part_is_shown {
            effects.extend(self.show(Place { namespace, scope: Scope::Category(category) }));
        }
        effects.extend(self.is_there(Pane::Streams));
        effects
    }

    /// Returns the stream whose messages are shown, if it belongs to the category.
    fn stream_on_screen(&self, of: &Category) -> Option<StreamName> {
        match self.browser.messages.place.as_ref().map(|place| &place.scope) {
            Some(Scope::Stream(stream)) if stream.category() == *of => Some(stream.clone()),
            _ => None,
        }
    }

    fn leave_streams(&mut self, instead: Streams) {
        self.requests.stop(Slot::Streams);
        let left = std::mem::replace(&mut self.browser.streams, instead);
        self.browser.places.leave_streams(left);
    }

    /// Reloads the listed streams if `stream` belongs to their category, because it may be new.
    pub(super) fn reread_streams(&mut self, stream: &str) -> Option<Effect> {
        let category = category(stream);
        self.browser.streams.of.as_ref().filter(|of| of.category.as_str() == category)?;
        self.browser.streams.refresh();
        self.requests.stop(Slot::Streams);
        self.more_streams()
    }

    pub(super) fn stream_selected(&mut self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.more_streams().into_iter().collect();
        if self.browser.active == Pane::Streams
            && let (Some(of), Some(row)) = (&self.browser.streams.of, self.browser.streams.window.selection())
        {
            let place = Place { namespace: of.namespace.clone(), scope: Scope::Stream(row.stream.clone()) };
            effects.extend(self.show(place));
        }
        effects
    }

    pub(super) fn change_order(&mut self) -> Vec<Effect> {
        if self.browser.focus == Pane::Streams {
            let Some(of) = self.browser.streams.of.clone() else { return Vec::new() };
            let wanted = self.browser.streams.window.selection().map(|row| row.stream.clone());
            self.browser.streams = Streams::new(of, !self.browser.streams.by_activity);
            self.browser.streams.wanted = wanted;
            // It may be outside the first page of the other order. Whatever is selected then is shown.
            self.browser.streams.asked_for = true;
            self.requests.stop(Slot::Streams);
            return self.more_streams().into_iter().collect();
        }
        if self.browser.messages.turn() {
            self.requests.stop(Slot::Messages);
        }
        self.browser.messages.window.center(self.layout().rows(Pane::Messages));
        self.read_on().into_iter().collect()
    }

    /// Keeps the selection of every list in view.
    pub(super) fn reveal(&mut self) {
        let layout = self.layout();
        self.browser.namespaces.reveal(layout.rows(Pane::Namespaces));
        self.browser.categories.reveal(layout.rows(Pane::Categories));
        self.browser.streams.window.reveal(layout.rows(Pane::Streams));
        self.browser.messages.window.reveal(layout.rows(Pane::Messages));
        self.browser.message.reveal(layout.rows(Pane::Message), layout.columns(Pane::Message));
    }

    /// Shows the selected message in the message pane, and asks for its body if the selection changed.
    pub(super) fn follow_selection(&mut self) -> Vec<Effect> {
        self.follow_selection_after(Duration::ZERO)
    }

    /// Like [`State::follow_selection`], but asks for the body only if the selection then stays for so long.
    pub(super) fn follow_selection_after(&mut self, pause: Duration) -> Vec<Effect> {
        let Some(Place { namespace, .. }) = self.browser.messages.place.clone() else { return Vec::new() };
        let head = self.browser.messages.selection().cloned();
        if !self.browser.message.show(&namespace, head) {
            return Vec::new();
        }
        let Some(global_position) = self.browser.message.awaited() else { return Vec::new() };
        vec![self.ask_later(Slot::Message, Question::Message { namespace, global_position }, pause)]
    }

    pub(super) fn step_message(&mut self, rows: isize) -> Vec<Effect> {
        self.browser.messages.window.step(rows);
        self.browser.messages.moved();
        self.resume_search();
        self.read_on().into_iter().collect()
    }

    /// Reloads everything on screen and checks the server. Location and selection stay.
    pub(super) fn refresh(&mut self) -> Vec<Effect> {
        let mut effects = vec![self.ask(Slot::Server, Question::Server)];
        effects.extend(self.reload());
        effects
    }

    /// Reloads the listed categories and streams.
    pub(super) fn reread_side_panes(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(namespace) = self.browser.shown_namespace.clone() {
            effects.push(self.ask(Slot::Categories, Question::Categories { namespace }));
        }
        self.browser.streams.refresh();
        self.requests.stop(Slot::Streams);
        effects.extend(self.more_streams());
        effects
    }

    /// Reloads everything on screen, like [`State::refresh`], without checking the server.
    pub(super) fn reload(&mut self) -> Vec<Effect> {
        self.browser.places.forget_rows();
        self.browser.message.forget();
        let mut effects = vec![self.ask(Slot::Namespaces, Question::Namespaces)];
        effects.extend(self.reread_side_panes());
        let selected = self.browser.messages.selected_number();
        let on_newest = self.is_on_newest();
        match selected {
            Some(number) if !on_newest && !self.browser.messages.is_filtered() => {
                effects.extend(self.read_around(number))
            }
            _ => effects.extend(self.read_from(PageFrom::End)),
        }
        effects.extend(self.estimate());
        effects
    }
}
