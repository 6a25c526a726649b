//! Moving through the panes. A selection is shown at once, Enter goes one pane deeper and Esc one back. Nothing in here
//! knows how a page of messages or streams is read.

use std::time::Duration;

use jiff::SignedDuration;

use super::layout::Pane;
use super::messages::Place;
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
        isize::try_from(self.layout().rows(self.focus).saturating_sub(1).max(1)).unwrap_or(isize::MAX)
    }

    /// Moves the selection of the focused pane.
    pub(super) fn step(&mut self, rows: isize) -> Vec<Effect> {
        match self.focus {
            Pane::Namespaces => {
                self.namespaces.step(rows);
                self.namespace_selected()
            }
            Pane::Categories => {
                self.categories.step(rows);
                self.category_selected()
            }
            Pane::Streams => {
                self.streams.window.step(rows);
                self.stream_selected()
            }
            Pane::Messages => self.step_message(rows),
            Pane::Message => {
                self.message.step(rows);
                Vec::new()
            }
        }
    }

    pub(super) fn go_first(&mut self) -> Vec<Effect> {
        if self.focus == Pane::Messages {
            if self.follow.is_some() && self.messages.newest_first {
                return self.go_live();
            }
            if !self.messages.window.at_first {
                let from = if self.messages.newest_first { PageFrom::End } else { PageFrom::Start };
                return self.read_from(from).into_iter().collect();
            }
            self.messages.window.select(0);
            return Vec::new();
        }
        if self.focus == Pane::Streams {
            return self.go_to_streams(StreamsFrom::Start);
        }
        self.step(isize::MIN)
    }

    pub(super) fn go_last(&mut self) -> Vec<Effect> {
        if self.focus == Pane::Messages {
            if self.follow.is_some() && !self.messages.newest_first {
                return self.go_live();
            }
            if !self.messages.window.at_last {
                let from = if self.messages.newest_first { PageFrom::Start } else { PageFrom::End };
                return self.read_from(from).into_iter().collect();
            }
            self.messages.window.select(usize::MAX);
            return Vec::new();
        }
        if self.focus == Pane::Streams {
            return self.go_to_streams(StreamsFrom::End);
        }
        self.step(isize::MAX)
    }

    pub(super) fn focus_on(&mut self, pane: Pane) -> Vec<Effect> {
        self.focus = pane;
        match pane {
            Pane::Namespaces => {
                self.active = pane;
                self.namespace_selected()
            }
            Pane::Categories if !self.categories.is_empty() => {
                self.active = pane;
                self.category_selected()
            }
            Pane::Streams if !self.streams.window.is_empty() => {
                self.active = pane;
                self.stream_selected()
            }
            _ => Vec::new(),
        }
    }

    /// A list was loaded. If its pane already has the focus, because a key was faster than the list, it is shown now.
    pub(super) fn is_there(&mut self, pane: Pane) -> Vec<Effect> {
        if self.focus == pane && self.active != pane { self.focus_on(pane) } else { Vec::new() }
    }

    pub(super) fn deeper(&mut self) -> Vec<Effect> {
        match self.focus {
            // An empty list is skipped, but not one that is still loading.
            Pane::Namespaces if self.categories.is_empty() && self.categories.at_last => self.focus_on(Pane::Messages),
            Pane::Namespaces => self.focus_on(Pane::Categories),
            Pane::Categories if self.streams.window.is_empty() && self.streams.window.at_last => {
                self.focus_on(Pane::Messages)
            }
            Pane::Categories => self.focus_on(Pane::Streams),
            Pane::Streams => self.focus_on(Pane::Messages),
            Pane::Messages => {
                if self.messages.selection().is_some() {
                    self.focus = Pane::Message;
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
        if self.messages.counting && self.requests.stop(Slot::Count) {
            return [Effect::Stop(Slot::Count)].into_iter().chain(self.estimate()).collect();
        }
        // If a page has only just been requested, Esc means going back.
        if self.requests.since(Slot::Streams).is_some_and(|since| self.now.duration_since(since) > SLOW) {
            self.requests.stop(Slot::Streams);
            if self.streams.window.is_empty() {
                self.streams.error = Some("Stopped".to_owned());
            }
            return vec![Effect::Stop(Slot::Streams)];
        }
        if self.fullscreen {
            self.fullscreen = false;
            return Vec::new();
        }
        if self.find_in(self.focus).is_some() {
            self.find = super::find::Find::default();
            return Vec::new();
        }
        if self.focus == Pane::Messages && self.messages.is_filtered() {
            return self.clear_filter();
        }
        if self.notices.dismiss() {
            return Vec::new();
        }
        match self.focus {
            Pane::Namespaces => Vec::new(),
            Pane::Categories => self.focus_on(Pane::Namespaces),
            Pane::Streams => self.focus_on(Pane::Categories),
            Pane::Messages => self.go_back().unwrap_or_else(|| {
                self.focus = self.active;
                Vec::new()
            }),
            Pane::Message => {
                self.focus = Pane::Messages;
                Vec::new()
            }
        }
    }

    pub(super) fn namespaces_listed(&mut self, namespaces: Vec<NamespaceInfo>) -> Vec<Effect> {
        let is_there = namespaces.iter().any(|namespace| Some(&namespace.id) == self.shown_namespace.as_ref());
        let mut effects = if is_there { Vec::new() } else { self.leave_namespace() };
        let selected = self.wanted_namespace.take();
        let selected = selected.or_else(|| self.namespaces.selection().map(|namespace| namespace.id.clone()));
        self.namespaces.replace(namespaces);
        self.namespaces.at_first = true;
        self.namespaces.at_last = true;
        if let Some(selected) = selected {
            let index = self.namespaces.rows().iter().position(|namespace| namespace.id == selected);
            self.namespaces.select(index.unwrap_or(0));
        }
        effects.extend(match self.setup.locator.take() {
            Some(locator) => self.open_locator(&locator),
            None => self.namespace_selected(),
        });
        self.goto_read_again();
        effects
    }

    /// Clears every list, because the namespace on screen no longer exists.
    fn leave_namespace(&mut self) -> Vec<Effect> {
        if let Some(namespace) = self.shown_namespace.take() {
            self.places.forget(&namespace);
        }
        self.categories = super::Window::default();
        self.streams = Streams::default();
        let newest_first = self.messages.newest_first;
        self.messages = super::Messages::default();
        self.messages.newest_first = newest_first;
        self.message.forget();
        for slot in [Slot::Categories, Slot::Streams, Slot::Messages, Slot::Message, Slot::Count] {
            self.requests.stop(slot);
        }
        self.stop_follow()
    }

    /// Shows the categories of the selected namespace, and its messages if its pane is the active one.
    pub(super) fn namespace_selected(&mut self) -> Vec<Effect> {
        let Some(namespace) = self.namespaces.selection().map(|namespace| namespace.id.clone()) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if self.shown_namespace.as_ref() != Some(&namespace) {
            self.shown_namespace = Some(namespace.clone());
            self.categories = super::Window::default();
            self.leave_streams(Streams::default());
            effects.push(self.ask(Slot::Categories, Question::Categories { namespace: namespace.clone() }));
        }
        if self.active == Pane::Namespaces {
            effects.extend(self.show(Place { namespace, scope: Scope::Namespace }));
        }
        effects
    }

    pub(super) fn categories_listed(&mut self, categories: Vec<CategoryRow>) -> Vec<Effect> {
        let selected = self.wanted_category.take();
        let selected = selected.or_else(|| self.categories.selection().map(|row| row.category.clone()));
        self.categories.replace(categories);
        self.categories.at_first = true;
        self.categories.at_last = true;
        if let Some(selected) = selected {
            let index = self.categories.rows().iter().position(|row| row.category == selected);
            self.categories.select(index.unwrap_or(0));
        }
        let mut effects = self.category_selected();
        effects.extend(self.is_there(Pane::Categories));
        self.goto_read_again();
        effects
    }

    /// Shows the streams of the selected category, and its messages if its pane is the active one.
    pub(super) fn category_selected(&mut self) -> Vec<Effect> {
        let (Some(namespace), Some(row)) = (self.shown_namespace.clone(), self.categories.selection()) else {
            return Vec::new();
        };
        let category = row.category.clone();
        let mut effects = Vec::new();
        let of = Of { namespace: namespace.clone(), category: category.clone() };
        if self.streams.of.as_ref() != Some(&of) {
            let by_activity = self.streams.by_activity;
            let kept = self.places.streams_of(&of);
            self.leave_streams(kept.unwrap_or_else(|| Streams::new(of, by_activity)));
            if self.streams.window.is_empty() {
                self.streams.wanted = self.stream_on_screen(&category);
            }
            effects.extend(self.more_streams());
        }
        let part_is_shown = matches!(&self.messages.place, Some(Place { namespace: shown, scope: Scope::Member(of, _) })
            if *shown == namespace && *of == category);
        if self.active == Pane::Categories && !part_is_shown {
            effects.extend(self.show(Place { namespace, scope: Scope::Category(category) }));
        }
        effects.extend(self.is_there(Pane::Streams));
        effects
    }

    /// Returns the stream whose messages are shown, if it belongs to the category.
    fn stream_on_screen(&self, of: &Category) -> Option<StreamName> {
        match self.messages.place.as_ref().map(|place| &place.scope) {
            Some(Scope::Stream(stream)) if stream.category() == *of => Some(stream.clone()),
            _ => None,
        }
    }

    fn leave_streams(&mut self, instead: Streams) {
        self.requests.stop(Slot::Streams);
        let left = std::mem::replace(&mut self.streams, instead);
        self.places.leave_streams(left);
    }

    /// Reloads the listed streams if `stream` belongs to their category, because it may be new.
    pub(super) fn reread_streams(&mut self, stream: &str) -> Option<Effect> {
        let category = category(stream);
        self.streams.of.as_ref().filter(|of| of.category.as_str() == category)?;
        self.streams.refresh();
        self.requests.stop(Slot::Streams);
        self.more_streams()
    }

    pub(super) fn stream_selected(&mut self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self.more_streams().into_iter().collect();
        if self.active == Pane::Streams
            && let (Some(of), Some(row)) = (&self.streams.of, self.streams.window.selection())
        {
            let place = Place { namespace: of.namespace.clone(), scope: Scope::Stream(row.stream.clone()) };
            effects.extend(self.show(place));
        }
        effects
    }

    pub(super) fn change_order(&mut self) -> Vec<Effect> {
        if self.focus == Pane::Streams {
            let Some(of) = self.streams.of.clone() else { return Vec::new() };
            let wanted = self.streams.window.selection().map(|row| row.stream.clone());
            self.streams = Streams::new(of, !self.streams.by_activity);
            self.streams.wanted = wanted;
            // It may be outside the first page of the other order. Whatever is selected then is shown.
            self.streams.asked_for = true;
            self.requests.stop(Slot::Streams);
            return self.more_streams().into_iter().collect();
        }
        if self.messages.turn() {
            self.requests.stop(Slot::Messages);
        }
        self.messages.window.center(self.layout().rows(Pane::Messages));
        self.read_on().into_iter().collect()
    }

    /// Keeps the selection of every list in view.
    pub(super) fn reveal(&mut self) {
        let layout = self.layout();
        self.namespaces.reveal(layout.rows(Pane::Namespaces));
        self.categories.reveal(layout.rows(Pane::Categories));
        self.streams.window.reveal(layout.rows(Pane::Streams));
        self.messages.window.reveal(layout.rows(Pane::Messages));
        self.message.reveal(layout.rows(Pane::Message), layout.columns(Pane::Message));
    }

    /// Shows the selected message in the message pane, and asks for its body if the selection changed.
    pub(super) fn follow_selection(&mut self) -> Vec<Effect> {
        self.follow_selection_after(Duration::ZERO)
    }

    /// Like [`State::follow_selection`], but asks for the body only if the selection then stays for so long.
    pub(super) fn follow_selection_after(&mut self, pause: Duration) -> Vec<Effect> {
        let Some(Place { namespace, .. }) = self.messages.place.clone() else { return Vec::new() };
        let head = self.messages.selection().cloned();
        if !self.message.show(&namespace, head) {
            return Vec::new();
        }
        let Some(global_position) = self.message.awaited() else { return Vec::new() };
        vec![self.ask_later(Slot::Message, Question::Message { namespace, global_position }, pause)]
    }

    pub(super) fn step_message(&mut self, rows: isize) -> Vec<Effect> {
        self.messages.window.step(rows);
        self.messages.moved();
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
        if let Some(namespace) = self.shown_namespace.clone() {
            effects.push(self.ask(Slot::Categories, Question::Categories { namespace }));
        }
        self.streams.refresh();
        self.requests.stop(Slot::Streams);
        effects.extend(self.more_streams());
        effects
    }

    /// Reloads everything on screen, like [`State::refresh`], without checking the server.
    pub(super) fn reload(&mut self) -> Vec<Effect> {
        self.places.forget_rows();
        self.message.forget();
        let mut effects = vec![self.ask(Slot::Namespaces, Question::Namespaces)];
        effects.extend(self.reread_side_panes());
        let selected = self.messages.selected_number();
        let on_newest = self.is_on_newest();
        match selected {
            Some(number) if !on_newest && !self.messages.is_filtered() => effects.extend(self.read_around(number)),
            _ => effects.extend(self.read_from(PageFrom::End)),
        }
        effects.extend(self.estimate());
        effects
    }
}
