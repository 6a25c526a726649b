//! The place of each part of the pulse on the terminal, which drawing and the mouse share. Every part keeps its heading
//! and a row, and the rest of the room goes to the parts that need it.

use jiff::Timestamp;
use ratatui::layout::{Margin, Rect};

use super::PulseDialog;
use crate::app::browser::Browser;
use crate::app::dialogs::choice::first_in_view;
use crate::app::following::Follow;
use crate::app::pulse_part::PulsePart;
use crate::wrapping::wrap;

const PARTS: usize = PulsePart::ALL.len();
/// The cells that the sign of a level takes before a text.
pub(crate) const SIGN: usize = 3;
/// The most lines of an error.
const PROBLEM: usize = 3;

/// The places of the parts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PulseLayout {
    pub outer: Rect,
    /// The line about what is final.
    pub health: Rect,
    /// All lines above the keys.
    pub text: Rect,
    /// The line with the keys.
    pub keys: Rect,
    places: [Place; PARTS],
}

/// The place of a part.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub heading: Rect,
    /// The lines before the rows: the error, the titles of columns, or the text shown instead of rows.
    pub notes: Rect,
    pub rows: Rect,
    /// The index of the first visible row.
    pub first: usize,
}

impl PulseLayout {
    /// Lays out the page between the header and the footer of the screen.
    #[must_use]
    pub(crate) fn of(dialog: &PulseDialog, browser: &Browser, follow: Option<&Follow>, server_now: Timestamp) -> Self {
        let (area, screen) = (browser.area, browser.layout());
        let (header, footer) = (screen.header.height, screen.footer.height);
        let outer =
            Rect { y: area.y + header, height: area.height.saturating_sub(header).saturating_sub(footer), ..area };
        let inside = outer.inner(Margin::new(1, 1));
        let inner = inside.inner(Margin::new(u16::from(inside.width >= 20), 0));
        let health = Rect { height: inner.height.min(1), ..inner };
        let keys_height = u16::from(inner.height > 2);
        let keys = Rect { y: inner.bottom() - keys_height, height: keys_height, ..inner };
        let text = Rect { height: inner.height - keys_height, ..inner };
        let body = Rect {
            y: inner.y + health.height,
            height: inner.height.saturating_sub(health.height + keys_height),
            ..inner
        };
        let selections = PulsePart::ALL.map(|part| dialog.selection(part, follow, server_now));
        let notes = PulsePart::ALL.map(|part| dialog.notes(part, selections[part as usize].0, body.width));
        let needs = PulsePart::ALL.map(|part| notes[part as usize] + selections[part as usize].0);
        let mut room = usize::from(body.height).saturating_sub(PARTS);
        let mut shares = shares(needs, room);
        // The part with the focus shows at least a row.
        let focused = dialog.part as usize;
        yield_to(focused, needs[focused].min(notes[focused] + 1), &mut shares);
        room -= shares.iter().sum::<usize>().min(room);
        // An empty line between parts, if all of them can have one.
        let gap = u16::from(room >= PARTS);
        let mut places = [Place::default(); PARTS];
        let mut y = body.y + gap;
        for (index, place) in places.iter_mut().enumerate() {
            let mut take = |wanted: u16| {
                let height = wanted.min(body.bottom().saturating_sub(y));
                let taken = Rect { y, height, ..body };
                y += height;
                taken
            };
            place.heading = take(1);
            // The titles of the columns are of no use without a row.
            let is_titled = PulsePart::ALL[index] == PulsePart::Consumers && selections[index].0 > 0;
            let problem = notes[index] - usize::from(is_titled);
            let notes = notes[index].min(shares[index].saturating_sub(1).max(problem)).min(shares[index]);
            place.notes = take(u16::try_from(notes).unwrap_or(u16::MAX));
            place.rows = take(u16::try_from(shares[index] - notes).unwrap_or(u16::MAX));
            place.first = first_in_view(0, selections[index].1, selections[index].0, usize::from(place.rows.height));
            take(gap);
        }
        Self { outer, health, text, keys, places }
    }

    #[must_use]
    pub(crate) fn place(&self, part: PulsePart) -> &Place {
        &self.places[part as usize]
    }

    /// Returns the part at a cell, and the index of the row there.
    #[must_use]
    pub(crate) fn at(&self, column: u16, row: u16) -> Option<(PulsePart, Option<usize>)> {
        let cell = (column, row).into();
        PulsePart::ALL.into_iter().find_map(|part| {
            let place = self.place(part);
            if place.rows.contains(cell) {
                return Some((part, Some(place.first + usize::from(row - place.rows.y))));
            }
            (place.heading.contains(cell) || place.notes.contains(cell)).then_some((part, None))
        })
    }
}

impl PulseDialog {
    /// Returns the lines that show why the last question of a part failed, given the width of the page. A longer text
    /// ends in `…`.
    #[must_use]
    pub(crate) fn problem_lines(&self, part: PulsePart, width: u16) -> Vec<String> {
        let width = usize::from(width).saturating_sub(SIGN).max(1);
        let problem = self.state(part).problem.as_deref().unwrap_or_default();
        let mut lines = if problem.is_empty() { Vec::new() } else { wrap(problem, width) };
        if lines.len() > PROBLEM {
            lines.truncate(PROBLEM);
            lines[PROBLEM - 1].push_str(" …");
        }
        lines
    }

    /// Returns the number of lines before the rows of a part.
    fn notes(&self, part: PulsePart, rows: usize, width: u16) -> usize {
        let problem = self.problem_lines(part, width).len();
        // The consumers have titles. Without rows, a line says why there are none, unless the error does.
        let line = if rows == 0 { problem == 0 } else { part == PulsePart::Consumers };
        problem + usize::from(line)
    }
}

/// Divides the room among the parts: a line for each in turn, until all have what they need.
fn shares(needs: [usize; PARTS], room: usize) -> [usize; PARTS] {
    let mut shares = [0; PARTS];
    let mut left = room;
    while left > 0 && shares.iter().zip(&needs).any(|(share, need)| share < need) {
        for (share, need) in shares.iter_mut().zip(&needs) {
            if *share < *need && left > 0 {
                *share += 1;
                left -= 1;
            }
        }
    }
    shares
}

/// Gives one part lines of the others until it has what it needs.
fn yield_to(part: usize, need: usize, shares: &mut [usize; PARTS]) {
    while shares[part] < need {
        let others = (0..PARTS).filter(|other| *other != part && shares[*other] > 0);
        let Some(largest) = others.max_by_key(|other| shares[*other]) else { break };
        shares[largest] -= 1;
        shares[part] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{shares, yield_to};

    #[test]
    fn one_part_can_take_lines_of_the_others() {
        let mut shares = [4, 1, 2, 0];
        yield_to(3, 2, &mut shares);
        assert_eq!(shares, [2, 1, 2, 2]);
        yield_to(3, 9, &mut shares);
        assert_eq!(shares, [0, 0, 0, 7]);
    }

    #[test]
    fn parts_share_the_room_and_leave_what_they_do_not_need() {
        assert_eq!(shares([3, 1, 2, 1], 20), [3, 1, 2, 1]);
        assert_eq!(shares([9, 200, 1, 2], 14), [6, 5, 1, 2]);
        assert_eq!(shares([9, 9, 9, 9], 2), [1, 1, 0, 0]);
        assert_eq!(shares([9, 9, 9, 9], 0), [0; 4]);
    }
}
