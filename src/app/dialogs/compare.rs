//! `=`: compares two messages, as a list of differences by path or side by side. It covers type, time, data and
//! metadata. Numbers are compared and shown with every digit.

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::layout::Rect;

use super::choice::scrolled;
use super::frame::{frame, held_row};
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::extent::Extent;
use crate::app::browser::wrapped::Wrapped;
use crate::app::keymap::{Action, DialogAction, DialogKind};
use crate::app::times::Times;
use crate::json::difference::{Change, Difference};
use crate::json::document::{Document, MOST_ROWS};
use crate::json::side_by_side::{Sign, TwoSides, side_by_side};
use crate::message::Message;
use crate::numbers::{count, grouped};

/// The most differences that are listed, and the longest path.
const LISTED: usize = 10_000;
const LONGEST_PATH: usize = 1_000;
/// The most lines that are shown side by side, of data and of metadata each.
const LINES: usize = 50_000;

/// The form of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Differences,
    SideBySide,
}

/// The open dialog.
#[derive(Debug)]
pub(crate) struct CompareDialog {
    /// The two messages: stream, position and global position.
    pub names: [String; 2],
    pub form: Form,
    /// The differences, and the sign of each line.
    pub list: Wrapped,
    pub signs: Vec<Sign>,
    /// The sides, the sign of each of their lines, and the rows that show them.
    pub sides: [Wrapped; 2],
    side_signs: Vec<Sign>,
    pub side_rows: Vec<SideRow>,
    /// The first row in view.
    pub top: usize,
    /// The number of differences.
    differences: usize,
    /// The number of rows in view, and their width.
    rows: usize,
    width: u16,
}

impl CompareDialog {
    /// Compares two messages, the older one first.
    #[must_use]
    pub(crate) fn new(before: &Message, after: &Message, times: &Times, now: Timestamp, area: Rect) -> Self {
        let name = |message: &Message| {
            format!("{}@{} (global {})", message.stream.as_str(), message.position, message.global_position)
        };
        let mut parts = Parts::default();
        parts.heads(before, after, times, now);
        parts.bodies("data", before.data.as_deref(), after.data.as_deref());
        parts.bodies("metadata", before.metadata.as_deref(), after.metadata.as_deref());
        let Parts { lines, signs, sides, differences } = parts;
        let side_signs = sides.iter().map(|line| line.sign).collect();
        let (before_side, after_side) = sides.into_iter().map(|line| (line.before, line.after)).unzip();
        let mut dialog = Self {
            names: [name(before), name(after)],
            form: Form::Differences,
            list: Wrapped::new(lines, 0),
            signs,
            sides: [Wrapped::new(before_side, 0), Wrapped::new(after_side, 0)],
            side_signs,
            side_rows: Vec::new(),
            top: 0,
            differences,
            rows: 0,
            width: 0,
        };
        dialog.fit(area);
        dialog
    }

    /// Wraps the list at the width of the dialog.
    pub(in crate::app) fn fit(&mut self, area: Rect) {
        let rows = rows_area(area);
        self.rows = usize::from(rows.height);
        if self.width != rows.width {
            self.width = rows.width;
            self.list.wrap(usize::from(rows.width));
            self.sides.iter_mut().for_each(|side| side.wrap(side_width(usize::from(rows.width))));
            self.side_rows = rows_of(&self.sides, &self.side_signs);
        }
        self.scroll(0);
    }

    /// Returns the number of differences in words.
    #[must_use]
    pub(crate) fn summary(&self) -> String {
        if self.differences == 0 { "no differences".to_owned() } else { count(self.differences as u64, "difference") }
    }

    /// Returns the sign of a row of the list.
    #[must_use]
    pub(crate) fn sign_of(&self, row: usize) -> Sign {
        self.signs.get(self.list.line_of(row)).copied().unwrap_or(Sign::Same)
    }

    fn height(&self) -> usize {
        match self.form {
            Form::Differences => self.list.height(),
            Form::SideBySide => self.side_rows.len(),
        }
    }

    /// Returns the part in view.
    #[must_use]
    pub(crate) fn extent(&self) -> Extent {
        Extent::of(self.height(), self.top, self.rows)
    }

    fn scroll(&mut self, rows: isize) {
        let last = self.height().saturating_sub(self.rows);
        self.top = self.top.saturating_add_signed(rows).min(last);
    }

    /// Scrolls to the next or previous line that differs, after lines that do not.
    fn go_to_difference(&mut self, forwards: bool) {
        let differs = |row: usize| match self.form {
            Form::Differences => self.sign_of(row) != Sign::Same,
            Form::SideBySide => self.side_rows.get(row).is_some_and(|row| row.sign != Sign::Same),
        };
        let begins = |row: &usize| differs(*row) && (*row == 0 || !differs(*row - 1));
        let found =
            if forwards { (self.top + 1..self.height()).find(begins) } else { (0..self.top).rev().find(begins) };
        if let Some(row) = found {
            self.top = row;
            self.scroll(0);
        }
    }

    /// The wheel scrolls, and the scrollbar can be dragged.
    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        if let Some(rows) = scrolled(mouse) {
            self.scroll(rows);
        } else if let Some((row, rows)) = held_row(outer(context.browser.area), mouse) {
            self.top = self.height().saturating_sub(self.rows) * row / rows.saturating_sub(1).max(1);
        }
        Outcome::Stay
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match context.pressed(DialogKind::Compare, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::OtherView) => {
                self.form = if self.form == Form::Differences { Form::SideBySide } else { Form::Differences };
                self.top = 0;
            }
            Some(DialogAction::NextDifference) => self.go_to_difference(true),
            Some(DialogAction::PreviousDifference) => self.go_to_difference(false),
            Some(DialogAction::CopyDifferences) => {
                return Outcome::Do(vec![Command::Copy(self.list.text(), "differences")]);
            }
            Some(DialogAction::Down) => self.scroll(1),
            Some(DialogAction::Up) => self.scroll(-1),
            Some(DialogAction::PageDown) => self.scroll(context.page),
            Some(DialogAction::PageUp) => self.scroll(-context.page),
            // Keys that scroll in the panes scroll here, too.
            _ => match context.action(key) {
                Some(Action::Down) => self.scroll(1),
                Some(Action::Up) => self.scroll(-1),
                Some(Action::PageDown) => self.scroll(context.page),
                Some(Action::PageUp) => self.scroll(-context.page),
                Some(Action::HalfDown) => self.scroll(context.page / 2),
                Some(Action::HalfUp) => self.scroll(-(context.page / 2)),
                Some(Action::First) => self.top = 0,
                Some(Action::Last) => self.scroll(isize::MAX),
                Some(Action::Compare | Action::Quit) => return Outcome::Close,
                _ => {}
            },
        }
        Outcome::Stay
    }
}

/// A row of the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SideRow {
    pub sign: Sign,
    /// The row of each side, if it has one.
    pub rows: [Option<usize>; 2],
}

/// Puts the rows of both sides next to each other, line by line.
fn rows_of(sides: &[Wrapped; 2], signs: &[Sign]) -> Vec<SideRow> {
    let mut rows = Vec::new();
    for (line, sign) in signs.iter().enumerate() {
        let of_line = sides.each_ref().map(|side| side.first_row(line)..side.first_row(line + 1));
        let height = of_line.iter().map(ExactSizeIterator::len).max().unwrap_or(0);
        rows.extend((0..height).map(|row| SideRow { sign: *sign, rows: of_line.clone().map(|mut of| of.nth(row)) }));
    }
    rows
}

/// The rows above and below those of the comparison: the names of the messages and the keys.
const AROUND: u16 = 2;

/// Returns the rectangle of the dialog.
#[must_use]
pub(crate) fn outer(area: Rect) -> Rect {
    frame(area, area.width, area.height).0
}

/// Returns the area of the text: the names, the rows and the keys.
#[must_use]
pub(crate) fn text_area(area: Rect) -> Rect {
    frame(area, area.width, area.height).1
}

/// Returns the area of the rows. They keep a distance from the names and the keys if there is room.
#[must_use]
pub(crate) fn rows_area(area: Rect) -> Rect {
    let text = text_area(area);
    let around = if text.height > 12 { AROUND } else { AROUND / 2 };
    Rect { y: text.y + around.min(text.height), height: text.height.saturating_sub(2 * around), ..text }
}

/// Returns the width of a side. Between the sides is a sign with a space on each side of it.
#[must_use]
pub(crate) fn side_width(width: usize) -> usize {
    (width.saturating_sub(3) / 2).max(1)
}

/// The parts of a comparison that are collected.
#[derive(Default)]
struct Parts {
    lines: Vec<String>,
    signs: Vec<Sign>,
    sides: Vec<TwoSides>,
    differences: usize,
}

impl Parts {
    fn line(&mut self, sign: Sign, text: String) {
        self.lines.push(text);
        self.signs.push(sign);
    }

    fn side(&mut self, sign: Sign, before: String, after: String) {
        self.sides.push(TwoSides { sign, before, after });
    }

    /// Compares type and time. The other facts of two messages always differ, or are in their names.
    fn heads(&mut self, before: &Message, after: &Message, times: &Times, now: Timestamp) {
        let time = |message: &Message| times.full(message.time, now);
        let facts =
            [("type", before.message_type.clone(), after.message_type.clone()), ("time", time(before), time(after))];
        for (name, before, after) in facts {
            let sign = if before == after { Sign::Same } else { Sign::Changed };
            self.side(sign, format!("{name}: {before}"), format!("{name}: {after}"));
            if sign == Sign::Same {
                self.line(sign, format!("{name}: same, {before}"));
            } else {
                self.change(&format!("{name}:"), Change::Changed { before: &before, after: &after });
            }
        }
        // Without a label, so that an ID fits into half of 80 columns.
        self.side(Sign::Same, before.id.to_string(), after.id.to_string());
    }

    /// Lists a change with both texts on lines of their own.
    fn change(&mut self, path: &str, change: Change) {
        self.differences += 1;
        let removed = |text: &str| format!("  - {text}");
        let added = |text: &str| format!("  + {text}");
        match change {
            Change::Added(after) => {
                self.line(Sign::Added, format!("+ {path}"));
                self.line(Sign::Added, added(after));
            }
            Change::Removed(before) => {
                self.line(Sign::Removed, format!("- {path}"));
                self.line(Sign::Removed, removed(before));
            }
            Change::Changed { before, after } => {
                self.line(Sign::Changed, format!("~ {path}"));
                self.line(Sign::Removed, removed(before));
                self.line(Sign::Added, added(after));
            }
            Change::Respelled { before, after } => {
                self.line(Sign::Respelled, format!("= {path}, the same number written differently"));
                self.line(Sign::Removed, removed(before));
                self.line(Sign::Added, added(after));
            }
        }
    }

    fn bodies(&mut self, name: &str, before: Option<&str>, after: Option<&str>) {
        self.side(Sign::Same, String::new(), String::new());
        self.side(Sign::Same, name.to_owned(), name.to_owned());
        self.line(Sign::Same, String::new());
        let (Some(before), Some(after)) = (before, after) else {
            return self.absent(name, before, after);
        };
        let parsed = Document::parse(before.to_owned())
            .and_then(|document| Ok(Difference::between(document, Document::parse(after.to_owned())?)));
        let Ok(difference) = parsed else { return self.incomparable(name, before, after) };
        if difference.len() == 0 {
            self.line(Sign::Same, format!("{name}: no differences"));
        } else {
            self.line(Sign::Same, format!("{name}: {}", count(difference.len() as u64, "difference")));
        }
        for (path, change) in difference.iter().take(LISTED) {
            self.change(&shortened(path), change);
        }
        let more = difference.len().saturating_sub(LISTED);
        if more > 0 {
            self.differences += more;
            self.line(Sign::Same, format!("… and {} more", grouped(more as u64)));
        }
        self.sides.extend(side_by_side(&difference, LINES));
    }

    /// Compares bodies of which at least one is NULL.
    fn absent(&mut self, name: &str, before: Option<&str>, after: Option<&str>) {
        let text = |body: Option<&str>| body.unwrap_or("NULL").to_owned();
        if before == after {
            self.side(Sign::Same, text(before), text(after));
            self.line(Sign::Same, format!("{name}: NULL in both"));
            return;
        }
        let (before, after) = (text(before), text(after));
        self.change(&format!("{name}:"), Change::Changed { before: &before, after: &after });
        self.side(Sign::Changed, before, after);
    }

    /// Compares bodies that have too many values, as whole texts.
    fn incomparable(&mut self, name: &str, before: &str, after: &str) {
        let sign = if before == after { Sign::Same } else { Sign::Changed };
        self.differences += usize::from(sign != Sign::Same);
        let differ = if sign == Sign::Same { "the texts are the same" } else { "the texts differ" };
        self.line(sign, format!("{name}: {differ} (more than {} values)", grouped(MOST_ROWS as u64)));
        self.side(sign, before.to_owned(), after.to_owned());
    }
}

/// Shortens the path of a deep value in its middle.
fn shortened(path: String) -> String {
    let length = path.chars().count();
    if length <= LONGEST_PATH {
        return path;
    }
    let half = LONGEST_PATH / 2;
    let (head, tail): (String, String) =
        (path.chars().take(half).collect(), path.chars().skip(length - half).collect());
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StreamName;

    fn message(position: i64, message_type: &str, data: Option<&str>, metadata: Option<&str>) -> Message {
        Message {
            id: uuid::Uuid::from_u128(position.unsigned_abs().into()),
            stream: StreamName::stored("account-1"),
            message_type: message_type.to_owned(),
            position,
            global_position: 10 + position,
            data: data.map(str::to_owned),
            metadata: metadata.map(str::to_owned),
            time: Timestamp::from_second(position).expect("a time"),
            flaw: None,
        }
    }

    fn compare(before: &Message, after: &Message) -> CompareDialog {
        let now = Timestamp::from_second(100).expect("a time");
        CompareDialog::new(before, after, &Times::default(), now, Rect::new(0, 0, 80, 24))
    }

    #[test]
    fn lists_what_differs_in_head_data_and_metadata() {
        let before = message(3, "Deposited", Some(r#"{"amount": 12345678901234567890.10, "same": 1}"#), None);
        let after = message(4, "Deposited", Some(r#"{"amount": 12345678901234567890.11, "same": 1.0}"#), Some("{}"));
        let dialog = compare(&before, &after);
        let expected = "type: same, Deposited\n~ time:\n  - 1970-01-01 00:00:03.000000 UTC\n  + 1970-01-01 00:00:04.000000 UTC\n\n\
            data: 2 differences\n~ $.amount\n  - 12345678901234567890.10\n  + 12345678901234567890.11\n\
            = $.same, the same number written differently\n  - 1\n  + 1.0\n\n~ metadata:\n  - NULL\n  + {}";
        assert_eq!(dialog.list.text(), expected);
        assert_eq!(dialog.summary(), "4 differences");
        assert_eq!(dialog.names[0], "account-1@3 (global 13)");
    }

    #[test]
    fn long_values_and_paths_are_shown_within_bounds() {
        let deep = |value: &str| "[".repeat(5_000) + value + &"]".repeat(5_000);
        let dialog = compare(&message(0, "A", Some(&deep("1")), None), &message(0, "A", Some(&deep("2")), None));
        assert_eq!(dialog.summary(), "1 difference");
        assert!(dialog.list.text().lines().all(|line| line.chars().count() <= LONGEST_PATH + 3));
        let many = |value: &str| format!("[{}]", vec![value; MOST_ROWS].join(","));
        let dialog = compare(&message(0, "A", Some(&many("1")), None), &message(0, "A", Some(&many("2")), None));
        assert!(dialog.list.text().contains("data: the texts differ (more than 500,000 values)"));
        let many = |value: &str| format!("[{}]", vec![value; LISTED + 1].join(","));
        let dialog = compare(&message(0, "A", Some(&many("1")), None), &message(0, "A", Some(&many("2")), None));
        assert_eq!(dialog.summary(), "10,001 differences");
        assert!(dialog.list.text().contains("… and 1 more"));
    }
}
