//! The timeline on screen: which cells show which bucket, the keys and the mouse. While following, it shows the rate of
//! arrivals instead, and neither asks the store nor moves.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::{SignedDuration, Timestamp};

use super::browser::layout::Pane;
use super::keymap::Action;
use super::rates::Rates;
use super::request::Slot;
use super::{Effect, State};
use crate::numbers::grouped;
use crate::store::browse::Timeline;

/// The cells beside the buckets: two times, and the marks of the part on screen.
const LABELS: u16 = 22;
/// One notch of the wheel zooms into this part of the timeline: a quarter.
const NOTCH: usize = 4;

/// The row of the timeline, as it is drawn and clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strip {
    /// When the timeline begins and ends.
    pub start: String,
    pub end: String,
    /// The height of each cell in eighths. Messages in a cell always have a height of at least one.
    pub heights: Vec<u8>,
    /// The first and the last cell of the rows in the list.
    pub visible: Option<(usize, usize)>,
    /// The first and the last cell of the bucket of the selected message.
    pub selected: Option<(usize, usize)>,
}

impl Strip {
    /// Returns the column of a cell, counted from the left of the row. The part on screen has a mark on each side.
    #[must_use]
    pub(crate) fn column(&self, cell: usize) -> usize {
        let marks = self.visible.map_or(0, |(first, last)| usize::from(cell >= first) + usize::from(cell > last));
        self.start.len() + 1 + cell + marks
    }

    /// Returns the cell at a column, or the nearest one.
    fn cell_at(&self, column: usize) -> Option<usize> {
        (0..self.heights.len()).min_by_key(|cell| self.column(*cell).abs_diff(column))
    }
}

/// Returns the cells of a bucket, the first and the last, if `of` buckets take `cells`.
fn cells_of(bucket: usize, of: usize, cells: usize) -> (usize, usize) {
    let first = bucket * cells / of.max(1);
    (first, ((bucket + 1) * cells / of.max(1)).max(first + 1) - 1)
}

/// Returns the heights of cells that share the values evenly. A cell shows the mean of its values.
pub(crate) fn heights(values: &[u64], cells: usize) -> Vec<u8> {
    let means: Vec<(u128, u128)> = (0..cells)
        .map(|cell| {
            let (first, last) = cells_of(cell, cells, values.len());
            let part = values.get(first..=last).unwrap_or_default();
            (part.iter().copied().map(u128::from).sum(), part.len().max(1) as u128)
        })
        .collect();
    // Compares fractions without rounding.
    let highest = means.iter().copied().max_by(|a, b| (a.0 * b.1).cmp(&(b.0 * a.1))).unwrap_or((0, 1));
    let height = |(sum, of): (u128, u128)| {
        let eighths = (sum * 8 * highest.1).div_ceil((of * highest.0).max(1));
        u8::try_from(eighths.min(8)).unwrap_or(8)
    };
    means.into_iter().map(height).collect()
}

impl State {
    /// Returns the row of the timeline; none if nothing is shown.
    #[must_use]
    pub(crate) fn timeline_strip(&self) -> Option<Strip> {
        let layout = self.browser.layout();
        let width = usize::from(layout.timeline.width);
        if width == 0 {
            return None;
        }
        if let Some(follow) = &self.following.current {
            let cells = width.saturating_sub(LABELS.into());
            let rates = follow.rates.last(cells, self.now);
            let start = format!("-{}", super::times::age(Rates::span(cells)));
            return Some(Strip {
                start,
                end: "now".to_owned(),
                heights: heights(&rates, cells),
                visible: None,
                selected: None,
            });
        }
        let messages = &self.browser.messages;
        let timeline = messages.timeline.shown.as_ref()?;
        let buckets = timeline.buckets.len();
        let (start, end) = self.between(timeline, 0, buckets);
        let cells = width.saturating_sub(start.len() + end.len() + 4);
        let values: Vec<u64> = timeline.buckets.iter().map(|bucket| bucket.messages).collect();
        let visible = messages.visible_buckets(layout.rows(Pane::Messages));
        Some(Strip {
            start,
            end,
            heights: heights(&values, cells),
            visible: visible.map(|(first, last)| (cells_of(first, buckets, cells).0, cells_of(last, buckets, cells).1)),
            selected: messages.selected_bucket().map(|bucket| cells_of(bucket, buckets, cells)),
        })
    }

    /// Formats when a bucket begins and when another one does. The current one ends now.
    fn between(&self, timeline: &Timeline, first: usize, end: usize) -> (String, String) {
        let (from, to, now) = (timeline.begins(first), timeline.begins(end), self.connection.server_now(self.now));
        let to = if from < now { to.min(now) } else { to };
        self.settings.times.between(from, to, timeline.width, now)
    }

    /// Describes the bucket of the selected message, or the rates while following: `10:00–10:05  ~1,240 messages`.
    #[must_use]
    pub(crate) fn timeline_words(&self) -> Option<String> {
        if self.browser.layout().timeline.width == 0 {
            return None;
        }
        if let Some(follow) = &self.following.current {
            let cells = usize::from(self.browser.layout().timeline.width.saturating_sub(LABELS));
            let most = follow.rates.last(cells, self.now).into_iter().max()?;
            return Some(if most == 0 { "none yet".to_owned() } else { format!("peak {} in 5s", grouped(most)) });
        }
        let messages = &self.browser.messages;
        let (timeline, index) = (messages.timeline.shown.as_ref()?, messages.selected_bucket()?);
        let bucket = timeline.buckets.get(index)?;
        let (from, to) = self.between(timeline, index, index + 1);
        let is_day = timeline.width == SignedDuration::from_hours(24) && !self.settings.times.is_relative();
        let when = if is_day { from } else { format!("{from}–{to}") };
        let (about, noun) =
            (if bucket.exact { "" } else { "~" }, if bucket.messages == 1 { "message" } else { "messages" });
        let unfiltered = if messages.is_filtered() { ", unfiltered" } else { "" };
        Some(format!("{when}  {about}{} {noun}{unfiltered}", grouped(bucket.messages)))
    }

    /// Asks for the timeline of the list on screen if it is out of date. It is not needed while following.
    pub(super) fn load_timeline(&mut self) -> Option<Effect> {
        if self.following.current.is_some() {
            self.browser.messages.timeline.outdate();
            return self.requests.stop(Slot::Timeline);
        }
        let width = self.browser.layout().timeline.width;
        if width == 0 || self.connection.is_down() {
            return None;
        }
        self.browser.messages.load_timeline(usize::from(width.saturating_sub(LABELS)), &mut self.requests)
    }

    pub(super) fn change_timeline(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Timeline => {
                self.browser.hides_timeline = !self.browser.hides_timeline;
                return Some(Vec::new());
            }
            Action::PreviousBucket | Action::NextBucket | Action::ZoomIn | Action::ZoomOut => {}
            _ => return None,
        }
        if self.following.current.is_some() {
            let key = self.settings.keymap.key(Action::Follow);
            self.notices
                .problem(format!("While following, the timeline shows the rate. {key} stops following."), self.now);
            return Some(Vec::new());
        }
        Some(match action {
            Action::PreviousBucket => self.step_bucket(false),
            Action::NextBucket => self.step_bucket(true),
            Action::ZoomIn => self.zoom_in(),
            _ => self.zoom_out(),
        })
    }

    /// Goes to the first message of the nearest bucket with messages before or after the selected one.
    fn step_bucket(&mut self, forwards: bool) -> Vec<Effect> {
        let messages = &self.browser.messages;
        let (Some(timeline), Some(selection)) = (&messages.timeline.shown, messages.selection()) else {
            return Vec::new();
        };
        let here = messages.selected_bucket();
        let is_before = selection.time < timeline.start;
        let mut filled = messages.timeline.filled();
        let next = match (here, forwards) {
            (Some(here), true) => filled.find(|bucket| *bucket > here),
            (Some(here), false) => filled.rfind(|bucket| *bucket < here),
            (None, true) => filled.next().filter(|_| is_before),
            (None, false) => filled.next_back().filter(|_| !is_before),
        };
        drop(filled);
        if let Some(bucket) = next {
            return self.go_to_bucket(bucket);
        }
        let end = if forwards { "last" } else { "first" };
        let out = if messages.timeline.is_whole() {
            String::new()
        } else {
            format!(" {} zooms out.", self.settings.keymap.key(Action::ZoomOut))
        };
        self.notices.done(format!("This is the {end} part of the timeline with messages.{out}"), self.now);
        Vec::new()
    }

    fn go_to_bucket(&mut self, bucket: usize) -> Vec<Effect> {
        let messages = &mut self.browser.messages;
        let first = messages.timeline.shown.as_ref().and_then(|timeline| timeline.buckets.get(bucket)?.first);
        self.browser.focus = Pane::Messages;
        first.and_then(|number| messages.go_to_number(number, &mut self.requests)).into_iter().collect()
    }

    /// Zooms into the part of the timeline that is on screen, or into the bucket of the selected message.
    fn zoom_in(&mut self) -> Vec<Effect> {
        let rows = self.browser.layout().rows(Pane::Messages);
        let messages = &self.browser.messages;
        let Some(timeline) = &messages.timeline.shown else { return Vec::new() };
        let visible = messages.visible_buckets(rows).filter(|(first, last)| last - first + 1 < timeline.buckets.len());
        let Some((first, last)) = visible.or(messages.selected_bucket().map(|bucket| (bucket, bucket))) else {
            self.notices.done("The selected message is outside the timeline".to_owned(), self.now);
            return Vec::new();
        };
        let range = timeline.begins(first)..timeline.begins(last + 1);
        self.zoom_to(range.start, range.end);
        Vec::new()
    }

    fn zoom_to(&mut self, from: Timestamp, to: Timestamp) {
        let messages = &mut self.browser.messages;
        let Some(timeline) = &messages.timeline.shown else { return };
        let is_narrower =
            to.duration_since(from) < timeline.begins(timeline.buckets.len()).duration_since(timeline.start);
        if is_narrower && timeline.width > SignedDuration::from_millis(1) {
            messages.timeline.zoom_to(from..to);
        } else {
            self.notices.done("The timeline cannot show more detail".to_owned(), self.now);
        }
    }

    fn zoom_out(&mut self) -> Vec<Effect> {
        if !self.browser.messages.timeline.zoom_out() {
            self.notices.done("The timeline shows the whole list".to_owned(), self.now);
        }
        Vec::new()
    }

    /// Handles a click or the wheel over the timeline. Returns none if the pointer is elsewhere.
    pub(super) fn timeline_mouse(&mut self, mouse: MouseEvent) -> Option<Vec<Effect>> {
        let area = self.browser.layout().timeline;
        let is_known = matches!(
            mouse.kind,
            MouseEventKind::Down(MouseButton::Left) | MouseEventKind::ScrollUp | MouseEventKind::ScrollDown
        );
        if !is_known || !area.contains((mouse.column, mouse.row).into()) {
            return None;
        }
        let strip = self.timeline_strip().filter(|_| self.following.current.is_none());
        let cell = strip.as_ref().and_then(|strip| strip.cell_at(usize::from(mouse.column - area.x)));
        let (Some(strip), Some(cell)) = (strip, cell) else { return Some(Vec::new()) };
        let timeline = self.browser.messages.timeline.shown.as_ref()?;
        let buckets = timeline.buckets.len();
        let (first, _) = cells_of(cell, strip.heights.len(), buckets);
        Some(match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                // If the bucket is empty, the next message is the nearest later one.
                let next = self.browser.messages.timeline.filled().find(|bucket| *bucket >= first);
                next.map(|bucket| self.go_to_bucket(bucket)).unwrap_or_default()
            }
            MouseEventKind::ScrollUp => {
                // The bucket under the pointer stays under it.
                let share = (buckets / NOTCH).max(1);
                let before = share * cell / strip.heights.len();
                let from = first.saturating_sub(before).min(buckets - share);
                let (from, to) = (timeline.begins(from), timeline.begins(from + share));
                self.zoom_to(from, to);
                Vec::new()
            }
            _ => self.zoom_out(),
        })
    }
}
