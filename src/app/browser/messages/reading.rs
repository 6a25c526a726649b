//! Reading the messages of the list: fresh pages, more rows at the edges, and the steps of a filtered search.

use std::sync::Arc;

use super::{Messages, Pending};
use crate::app::browser::search::Edge;
use crate::app::browser::table::Days;
use crate::app::event::Effect;
use crate::app::request::Slot;
use crate::app::requests::Requests;
use crate::message::BodyPath;
use crate::store::browse::{Page, PageFrom, SearchRange, SearchStep};

/// The number of matches after which a search waits until the user scrolls.
const ENOUGH_MATCHES: u64 = 100;

/// Each method returns the effect that asks for the next page, if one is needed.
impl Messages {
    /// Shows the list again after it was kept, or loads it. The values of `paths` come with the rows.
    pub(in crate::app) fn enter(&mut self, paths: Arc<[BodyPath]>, requests: &mut Requests) -> Vec<Effect> {
        (self.pending, self.awaited_at) = (None, None);
        let read = if self.window.is_empty() {
            self.paths = paths;
            self.read_from(PageFrom::End, requests)
        } else {
            // Newer messages may have been written since the list was left.
            self.newer_exist();
            self.read_paths(paths, requests).or_else(|| requests.stop(Slot::Messages))
        };
        read.into_iter().chain(self.estimate(requests)).collect()
    }

    /// Reloads the list from a position or an end.
    pub(in crate::app) fn read_from(&mut self, from: PageFrom, requests: &mut Requests) -> Option<Effect> {
        let question = self.fresh(from)?;
        Some(requests.ask(Slot::Messages, question))
    }

    /// Reloads the list around a number and selects it.
    pub(in crate::app) fn read_around(&mut self, number: i64, requests: &mut Requests) -> Option<Effect> {
        let around = if self.is_filtered() { PageFrom::At(number) } else { PageFrom::Around(number) };
        let effect = self.read_from(around, requests);
        self.wanted = Some(number);
        self.offset = self.window.selected().saturating_sub(self.window.top());
        effect
    }

    /// Selects the message with a number, or the next one, and reloads the list around it if necessary.
    pub(in crate::app) fn go_to_number(&mut self, number: i64, requests: &mut Requests) -> Option<Effect> {
        let loaded = self.window.rows().iter().position(|row| self.number(&row.head) == number);
        let Some(index) = loaded.filter(|_| !self.is_reading()) else { return self.read_around(number, requests) };
        self.window.select(index);
        self.read_on(requests)
    }

    /// Reloads the list around its selection, or from the end.
    pub(in crate::app) fn reload(&mut self, requests: &mut Requests) -> Option<Effect> {
        let on_newest = self.is_on_newest();
        let effect = match self.selected_number() {
            Some(number) if !on_newest && !self.is_filtered() => self.read_around(number, requests),
            _ => self.read_from(PageFrom::End, requests),
        };
        self.reloading = true;
        effect
    }

    /// Reads the values of these paths with the rows from now on. Loads the rows again if they lack any.
    pub(in crate::app) fn read_paths(&mut self, paths: Arc<[BodyPath]>, requests: &mut Requests) -> Option<Effect> {
        let more = paths.iter().any(|path| !self.paths.contains(path));
        self.paths = paths;
        if !more {
            return None;
        }
        match self.selected_number() {
            Some(number) if !self.is_on_newest() => self.read_around(number, requests),
            _ => self.read_from(PageFrom::End, requests),
        }
    }

    /// Loads more rows if the selection is near an edge.
    pub(in crate::app) fn read_on(&mut self, requests: &mut Requests) -> Option<Effect> {
        let question = self.wanted_page()?;
        Some(requests.ask(Slot::Messages, question))
    }

    /// Moves the selection.
    pub(in crate::app) fn step(&mut self, rows: isize, requests: &mut Requests) -> Option<Effect> {
        self.window.step(rows);
        self.moved();
        self.resume_search();
        self.read_on(requests)
    }

    /// Scrolls the view, which keeps the selection visible.
    pub(in crate::app) fn scroll(
        &mut self,
        rows: isize,
        height: usize,
        days: &Days,
        requests: &mut Requests,
    ) -> Option<Effect> {
        self.window.scroll_parted(rows, height, |row, next| days.part(row, next));
        self.moved();
        self.resume_search();
        self.read_on(requests)
    }

    /// Goes to an end of the list on screen, which may not be loaded.
    pub(in crate::app) fn go_to_edge(&mut self, edge: Edge, requests: &mut Requests) -> Option<Effect> {
        let is_loaded = if edge == Edge::First { self.window.at_first } else { self.window.at_last };
        if is_loaded {
            self.window.select(if edge == Edge::First { 0 } else { usize::MAX });
            // A page that is about to replace the list may lead elsewhere.
            if !matches!(self.pending, Some(Pending::Fresh(_))) {
                if edge != self.newer_edge() {
                    return None;
                }
                self.look_beyond(if self.newest_first { -1 } else { 1 });
                self.awaited_at = self.selected_number();
                return self.read_on(requests);
            }
        }
        let from = if edge == self.newer_edge() { PageFrom::End } else { PageFrom::Start };
        self.read_from(from, requests)
    }

    pub(in crate::app) fn page_arrived(&mut self, page: Page, requests: &mut Requests) -> Option<Effect> {
        let pending = self.pending.take()?;
        let (mut at_start, mut at_end) = (page.at_start, page.at_end);
        match pending {
            // A page knows its end only in the direction in which it was read.
            Pending::More(edge) if edge == self.newer_edge() => at_start = false,
            Pending::More(_) => at_end = false,
            Pending::Fresh(_) => {}
        }
        self.insert_page(pending, page.heads, at_start, at_end);
        if let Some(effect) = self.reach_newest(requests) {
            return Some(effect);
        }
        if std::mem::take(&mut self.reloading)
            && let Some(number) = self.wanted
            && !matches!(pending, Pending::Fresh(PageFrom::Around(around)) if around == number)
        {
            // The user moved away from the rows that were reloaded.
            return self.read_around(number, requests);
        }
        self.read_on(requests)
    }

    /// Selects the newest message, or asks for it, if the user went there while it was not loaded and has stayed.
    fn reach_newest(&mut self, requests: &mut Requests) -> Option<Effect> {
        let awaited_at = self.awaited_at.take()?;
        if self.selected_number() != Some(awaited_at) {
            return None;
        }
        self.select_newest();
        if self.at_end() { None } else { self.read_from(PageFrom::End, requests) }
    }

    /// Shows the matches of one step of a filtered search, and asks for the next step until there are enough.
    pub(in crate::app) fn search_step(
        &mut self,
        step: SearchStep,
        range: SearchRange,
        requests: &mut Requests,
    ) -> Option<Effect> {
        let (Some(pending), Some(mut search)) = (self.pending.take(), self.search) else { return None };
        self.range = Some(range);
        self.reloading = false;
        let newer_edge = self.newer_edge();
        let numbers: Vec<i64> = step.heads.iter().map(|head| self.number(head)).collect();
        search.count(&step, &numbers);
        // A count without these matches would be false.
        let newest = numbers.iter().max().copied();
        self.count.matches = self.count.matches.filter(|count| !count.is_complete || newest <= count.through);
        // A new list must later continue on the other side of its start as well.
        let (edge, other_side) = match pending {
            Pending::More(edge) => (edge, None),
            Pending::Fresh(PageFrom::End | PageFrom::Before(_)) => {
                let last = range.last();
                (newer_edge.other(), Some((last < range.highest).then_some(PageFrom::After(last))))
            }
            Pending::Fresh(from) => {
                let first = if let PageFrom::At(number) = from { number } else { range.first() };
                (newer_edge, Some((first > range.lowest).then_some(PageFrom::Before(first))))
            }
        };
        *search.towards(edge) = step.next;
        if let Some(other_side) = other_side {
            *search.towards(edge.other()) = other_side;
        }
        let (at_newest, at_oldest) =
            (search.towards(newer_edge).is_none(), search.towards(newer_edge.other()).is_none());
        search.reached_newest |= at_newest;
        search.reached_oldest |= at_oldest;
        self.search = Some(search);
        self.insert_page(pending, step.heads, at_oldest, at_newest);
        if let Some(effect) = self.reach_newest(requests) {
            return Some(effect);
        }
        if step.next.is_some() && search.run < ENOUGH_MATCHES {
            let question = self.more(edge)?;
            return Some(requests.ask_next(Slot::Messages, question));
        }
        let question = self.wanted_page()?;
        Some(requests.ask_next(Slot::Messages, question))
    }

    /// Lets a search that had enough matches continue, because the user scrolls.
    pub(in crate::app) fn resume_search(&mut self) {
        if let Some(search) = &mut self.search {
            search.run = 0;
        }
    }

    /// Cancels the question under way and returns the effect that stops it, or none if there is none.
    pub(in crate::app) fn stop_reading(&mut self, requests: &mut Requests) -> Option<Effect> {
        let stop = requests.stop(Slot::Messages)?;
        // Matches stay on screen, and the next key that moves continues the search.
        if self.window.is_empty() && self.search.is_none() {
            self.error = Some("Stopped".to_owned());
        }
        self.abandon_question();
        Some(stop)
    }
}
