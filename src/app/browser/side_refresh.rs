//! Keeps the side panes and the count of the list current. Following delivers its own messages. The other estimates of
//! categories and versions of streams are read again, a few rows at most every few seconds, and only after a key, the
//! mouse or a poll. An idle screen asks nothing.

use std::time::Duration;

use jiff::SignedDuration;

use super::Browser;
use super::layout::Pane;
use super::streams::Streams;
use crate::app::event::Effect;
use crate::app::following::Follow;
use crate::app::request::{Question, Slot};
use crate::app::requests::Requests;
use crate::store::browse::{StreamRow, StreamsFrom, StreamsOf};

/// The least time between two reads.
const INTERVAL: SignedDuration = SignedDuration::from_secs(5);

impl Browser {
    /// Asks for the categories if they are on screen and were not read for a while. While following, schedules the
    /// question at once, because no further poll may come. If every new message of the namespace is followed, asks
    /// nothing.
    pub(in crate::app) fn refresh_side(&mut self, follow: Option<&Follow>, requests: &mut Requests) -> Option<Effect> {
        // Every key and every poll comes here, so the cheap checks are first.
        let elapsed = requests.now().duration_since(self.side_read?);
        // A remainder below zero is due. The clock may have been set back.
        let wait = Duration::try_from((INTERVAL - elapsed).min(INTERVAL)).unwrap_or_default();
        let is_unwanted = match follow {
            Some(follow) => follow.is_of_everything(),
            None => !wait.is_zero(),
        };
        let mut slots = [Slot::Categories, Slot::FreshCategories, Slot::FreshStreams].into_iter();
        if is_unwanted || slots.any(|slot| requests.since(slot).is_some()) {
            return None;
        }
        let layout = self.layout();
        if [Pane::Categories, Pane::Streams].into_iter().all(|pane| layout.pane(pane).area() == 0) {
            return None;
        }
        let namespace = self.shown_namespace.clone()?;
        self.side_read = requests.now().checked_add(wait).ok();
        Some(requests.ask_later(Slot::FreshCategories, Question::Categories { namespace }, wait))
    }

    /// Asks for the rest of what the side panes show, once the categories were asked for. The list of streams may have
    /// changed meanwhile.
    pub(in crate::app) fn refresh_streams(&mut self, follow: Option<&Follow>, requests: &mut Requests) -> Vec<Effect> {
        let streams = self.streams.current_question(self.layout().rows(Pane::Streams));
        let streams = streams.map(|question| requests.ask(Slot::FreshStreams, question));
        // Followed messages are counted as they arrive.
        let total = if follow.is_some() { None } else { self.messages.renew_estimate(requests) };
        streams.into_iter().chain(total).collect()
    }

    /// Asks for the categories of a namespace, which answers every pending read. The names of a list that is still
    /// empty come first.
    pub(in crate::app) fn read_categories(&mut self, namespace: String, requests: &mut Requests) -> Vec<Effect> {
        self.side_read = Some(requests.now());
        let stop = [Slot::FreshCategories, Slot::FreshStreams].into_iter().filter_map(|slot| requests.stop(slot));
        let mut effects: Vec<Effect> = stop.collect();
        let question = if self.categories.has_rows() {
            Question::Categories { namespace }
        } else {
            Question::CategoryNames { namespace }
        };
        effects.push(requests.ask(Slot::Categories, question));
        effects
    }

    /// Asks for the estimates of the categories whose names have just been listed.
    pub(in crate::app) fn estimate_categories(&self, requests: &mut Requests) -> Option<Effect> {
        let namespace = self.shown_namespace.clone().filter(|_| self.categories.has_rows())?;
        Some(requests.ask(Slot::Categories, Question::Categories { namespace }))
    }
}

impl Streams {
    /// Returns the question for the current versions of the streams in view, or of those that were active last if the
    /// list is not in the order of their names.
    fn current_question(&self, rows: usize) -> Option<Question> {
        let of = self.of.clone()?;
        let (namespace, category) = (of.namespace, of.category);
        let first = self.window.rows().get(self.window.top())?.stream.clone();
        Some(if self.by_activity || self.filter.is_some() {
            Question::RecentStreams { namespace, category, before: None, limit: 1 }
        } else {
            let (of, from) = (StreamsOf::Category(category), StreamsFrom::At(first));
            Question::Streams { namespace, of, from, limit: rows.max(1) }
        })
    }

    /// Applies the current versions of streams, and adds the new ones.
    pub(in crate::app) fn refreshed(&mut self, rows: Vec<StreamRow>) {
        for row in rows {
            self.update(row, true);
        }
    }
}
