//! The part of a list that is in view, for scrollbars and for dragging them. A list whose length is unknown has none,
//! so that a scrollbar never claims more than is known.

use super::Browser;
use super::layout::Pane;
use super::messages::Messages;
use super::table::Days;
use super::window::Window;
use crate::app::event::Effect;
use crate::app::requests::Requests;

/// The rows in view, of all rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub total: u64,
    /// The index of the first row in view.
    pub first: u64,
    /// The number of rows in view.
    pub shown: u64,
}

impl Extent {
    /// Returns the extent of a list that is loaded whole.
    #[must_use]
    pub(crate) fn of(total: usize, first: usize, shown: usize) -> Self {
        Self { total: total as u64, first: first as u64, shown: shown.min(total.saturating_sub(first)) as u64 }
    }

    /// Returns the first cell and the length of the thumb on a track of some cells. It touches an end of the track only
    /// if the view touches that end of the list. Returns none if the whole list is in view.
    #[must_use]
    pub(crate) fn thumb(self, track: u16) -> Option<(u16, u16)> {
        let hidden = self.total.checked_sub(self.shown).filter(|hidden| *hidden > 0 && track >= 2)?;
        let length = scaled(self.shown, track, self.total).clamp(1, track - 1);
        let room = track - length;
        let start = match self.first.min(hidden) {
            0 => 0,
            first if first == hidden => room,
            first => scaled(first, room, hidden).clamp(1.min(room - 1), room - 1),
        };
        Some((start, length))
    }

    /// Returns the index of the first row to show, so that the middle of the thumb is at a cell of the track.
    #[must_use]
    pub(crate) fn first_at(self, cell: u16, track: u16) -> Option<u64> {
        let (_, length) = self.thumb(track)?;
        let room = track - length;
        let start = cell.saturating_sub(length / 2).min(room);
        let first = u128::from(self.total - self.shown) * u128::from(start) / u128::from(room);
        u64::try_from(first).ok()
    }
}

/// Returns `number / of` in cells.
fn scaled(number: u64, cells: u16, of: u64) -> u16 {
    u16::try_from(u128::from(number) * u128::from(cells) / u128::from(of.max(1))).unwrap_or(cells)
}

/// Returns the extent of a list if all of it is loaded.
fn whole<T>(window: &Window<T>, rows: usize) -> Option<Extent> {
    (window.at_first && window.at_last).then(|| Extent::of(window.len(), window.top(), rows))
}

impl Messages {
    /// Returns the extent if the list is loaded whole, or if the numbers of its messages tell their places. In a stream
    /// these are positions. Elsewhere the extent is the range of global positions, once both of its ends are known.
    fn extent(&self, rows: usize) -> Option<Extent> {
        if self.window.at_first && self.window.at_last {
            return whole(&self.window, rows);
        }
        let (lowest, highest) = self.number_range()?;
        let number = |index: usize| self.window.rows().get(index).map(|row| self.number(&row.head));
        let (top, bottom) =
            (number(self.window.top())?, number((self.window.top() + rows).min(self.window.len()) - 1)?);
        let first = if self.newest_first { highest.checked_sub(top)? } else { top.checked_sub(lowest)? };
        Some(Extent {
            total: highest.checked_sub(lowest)?.checked_add(1)?.try_into().ok()?,
            first: first.try_into().ok()?,
            shown: top.abs_diff(bottom) + 1,
        })
    }

    /// Shows the part of the list that begins at a row, which is loaded if necessary.
    fn scroll_to(&mut self, first: u64, rows: usize, days: &Days, requests: &mut Requests) -> Option<Effect> {
        if self.window.at_first && self.window.at_last {
            return self.scroll(distance(self.window.top(), first), rows, days, requests);
        }
        let (lowest, highest) = self.number_range()?;
        let first = i64::try_from(first).ok()?;
        let number = if self.newest_first { highest.checked_sub(first) } else { lowest.checked_add(first) }?;
        let ordered = |row: i64| if self.newest_first { row > number } else { row < number };
        let index = self.window.rows().partition_point(|row| ordered(self.number(&row.head)));
        let is_loaded = (index > 0 || self.window.at_first) && index + rows < self.window.len();
        if is_loaded {
            return self.scroll(distance(self.window.top(), index as u64), rows, days, requests);
        }
        let effect = self.read_around(number, requests);
        self.offset = 0;
        effect
    }
}

/// Returns the number of rows from one index to another.
fn distance(from: usize, to: u64) -> isize {
    let to = isize::try_from(to).unwrap_or(isize::MAX);
    to.saturating_sub(isize::try_from(from).unwrap_or(isize::MAX))
}

impl Browser {
    /// Returns the extent of the list in a pane, if its length is known.
    #[must_use]
    pub(crate) fn extent(&self, pane: Pane) -> Option<Extent> {
        let rows = self.layout().rows(pane);
        match pane {
            Pane::Namespaces => whole(&self.namespaces, rows),
            Pane::Categories => whole(&self.categories, rows),
            Pane::Streams => whole(&self.streams.window, rows),
            Pane::Messages => {
                let days = self.days();
                self.messages.extent(self.messages.window.rows_in_view(rows, |row, next| days.part(row, next)))
            }
            Pane::Message => Some(self.message.extent()),
        }
    }

    /// Scrolls a pane so that the middle of the thumb of its scrollbar is at a row of the terminal.
    pub(in crate::app) fn drag_thumb(&mut self, pane: Pane, row: u16, requests: &mut Requests) -> Vec<Effect> {
        let area = self.layout().pane(pane);
        let (track, cell) = (area.height.saturating_sub(2), row.saturating_sub(area.y + 1));
        let Some(first) = self.extent(pane).and_then(|extent| extent.first_at(cell, track)) else { return Vec::new() };
        let rows = self.layout().rows(pane);
        match pane {
            Pane::Namespaces => {
                let top = self.namespaces.top();
                self.namespaces.scroll(distance(top, first), rows);
                self.namespace_selected(requests)
            }
            Pane::Categories => {
                let top = self.categories.top();
                self.categories.scroll(distance(top, first), rows);
                self.category_selected(requests)
            }
            Pane::Streams => {
                let top = self.streams.window.top();
                self.streams.window.scroll(distance(top, first), rows);
                self.stream_selected(requests)
            }
            Pane::Messages => {
                let days = self.days();
                self.messages.scroll_to(first, rows, &days, requests).into_iter().collect()
            }
            Pane::Message => {
                self.message.scroll_to(usize::try_from(first).unwrap_or(usize::MAX));
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumb_touches_an_end_only_if_the_list_does() {
        let thumb = |first| Extent { total: 1_000, first, shown: 10 }.thumb(10);
        assert_eq!([0, 1, 500, 989, 990].map(thumb), [0, 1, 4, 8, 9].map(|start| Some((start, 1))));
        assert_eq!(Extent { total: 10, first: 0, shown: 10 }.thumb(10), None, "all is in view");
        assert_eq!(Extent { total: 0, first: 0, shown: 0 }.thumb(10), None);
        assert_eq!(Extent { total: 20, first: 5, shown: 10 }.thumb(10), Some((2, 5)));
        assert_eq!(Extent { total: 20, first: 5, shown: 10 }.thumb(1), None);
        assert_eq!(Extent { total: u64::MAX, first: u64::MAX / 2, shown: 1 }.thumb(40), Some((19, 1)));
    }

    proptest::proptest! {
        #[test]
        fn the_thumb_stays_on_its_track_and_dragging_it_stays_in_the_list(
            total in 0..u64::MAX, first in 0..u64::MAX, shown in 0..200_u64, track in 0..100_u16, cell in 0..120_u16,
        ) {
            let extent = Extent { total, first, shown };
            if let Some((start, length)) = extent.thumb(track) {
                proptest::prop_assert!(length > 0 && start + length <= track);
                let first = extent.first_at(cell, track).expect("there is a thumb");
                proptest::prop_assert!(first <= total - shown);
                proptest::prop_assert_eq!(extent.first_at(0, track), Some(0));
                proptest::prop_assert_eq!(extent.first_at(track, track), Some(total - shown));
            }
        }
    }
}
