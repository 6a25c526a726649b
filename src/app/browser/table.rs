//! The message table as it fits into the pane: which columns there is room for, how wide they are, how times are
//! written, and between which rows a day ends. The rows themselves are in [`super::messages`].

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Browser;
use super::columns::{Column, ColumnKind};
use super::messages::{MessageRow, Messages};
use crate::app::times::Times;
use crate::message::{PathValue, Size};
use crate::safe_text::SafeText;
use crate::store::browse::Scope;

/// The cells in front of the columns: the marker of the selection and the state of the row.
pub(crate) const MARKS: usize = 2;
/// The number of rows, from the first one in view, that decide the widths.
const MEASURED: usize = 100;
/// The width of an age.
const AGE: usize = 8;
/// The widths of `stored 999 kB` and `999 kB`.
const STORED: usize = 13;
const SIZE: usize = 6;
/// The width of ` +9`, which counts the columns without room.
const NOTE: usize = 3;

/// A column on screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed<'a> {
    pub kind: &'a ColumnKind,
    pub width: usize,
}

/// The columns that fit into a width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table<'a> {
    pub placed: Vec<Placed<'a>>,
    /// The columns that are wanted but have no room.
    pub without_room: Vec<&'a ColumnKind>,
    pub times: TimeStyle,
}

impl Table<'_> {
    /// Returns the column at a cell, counted from the left edge of the table.
    #[must_use]
    pub(crate) fn at(&self, cell: usize) -> Option<&ColumnKind> {
        let mut end = MARKS;
        self.placed
            .iter()
            .find(|column| {
                end += column.width + 1;
                cell < end
            })
            .map(|column| column.kind)
    }
}

/// How times are written in the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStyle {
    Age,
    /// The time of day; the date is in a line between the rows.
    Time {
        /// Rows share a second.
        millis: bool,
    },
    /// Date and time, because nearly every row has a different date.
    DateAndTime {
        millis: bool,
    },
}

impl TimeStyle {
    #[must_use]
    pub(crate) fn width(self) -> usize {
        match self {
            Self::Age => AGE,
            Self::Time { millis } => 8 + if millis { 4 } else { 0 },
            Self::DateAndTime { millis } => 19 + if millis { 4 } else { 0 },
        }
    }
}

/// The days of the rows of a list. A line separates the rows of different days.
#[derive(Debug, Clone, Default)]
pub(crate) struct Days {
    /// None if no lines are drawn.
    zone: Option<TimeZone>,
}

impl Days {
    #[must_use]
    pub(crate) fn date(&self, time: Timestamp) -> Option<Date> {
        self.zone.as_ref().map(|zone| zone.to_datetime(time).date())
    }

    /// Returns true if a line separates two neighbouring rows.
    #[must_use]
    pub(crate) fn part(&self, row: &MessageRow, next: &MessageRow) -> bool {
        self.zone.is_some() && self.date(row.head.time) != self.date(next.head.time)
    }
}

/// Returns true if so many days lie between the first and the last row that lines between them would take too much
/// room.
fn many_days(messages: &Messages, zone: &TimeZone) -> bool {
    let rows = messages.window.rows();
    let (Some(first), Some(last)) = (rows.front(), rows.back()) else { return false };
    let date = |row: &MessageRow| zone.to_datetime(row.head.time).date();
    let days = date(first).since(date(last)).map_or(i32::MAX, |span| span.get_days().abs());
    usize::try_from(days).unwrap_or(usize::MAX).saturating_mul(4) > rows.len()
}

impl Browser {
    /// Returns the days of the rows on screen. If times are ages or every row has its date, no lines are drawn.
    #[must_use]
    pub(crate) fn days(&self) -> Days {
        let shows_time = || {
            let columns = self.columns.of(self.messages.key.as_ref());
            columns.iter().any(|column| column.shown && column.kind == ColumnKind::Time)
        };
        let zone = self.day_zone.clone().filter(|zone| shows_time() && !many_days(&self.messages, zone));
        Days { zone }
    }

    /// Lays out the columns for a width.
    #[must_use]
    pub(crate) fn table(&self, times: &Times, width: usize) -> Table<'_> {
        let rows = || self.messages.window.rows().iter().skip(self.messages.window.top()).take(MEASURED);
        let times = self.time_style(times, rows());
        let list = self.messages.key.as_ref();
        let one_stream = self.messages.is_stream();
        let wanted = self.columns.of(list).iter();
        let wanted = wanted.filter(|column| column.shown && !(one_stream && column.kind == ColumnKind::Stream));
        let measured = wanted.map(|column| Measured::new(column, list.map(|list| &list.scope), times, rows()));
        place(measured.collect(), width.saturating_sub(MARKS), one_stream, times)
    }

    fn time_style<'a>(&self, times: &Times, rows: impl Iterator<Item = &'a MessageRow>) -> TimeStyle {
        if times.is_relative() {
            return TimeStyle::Age;
        }
        let seconds: Vec<i64> = rows.map(|row| row.head.time.as_second()).collect();
        let millis = seconds.windows(2).any(|pair| pair[0] == pair[1]);
        if many_days(&self.messages, &times.time_zone()) {
            TimeStyle::DateAndTime { millis }
        } else {
            TimeStyle::Time { millis }
        }
    }
}

/// Returns the name of a stream as a list of this scope shows it: without the category that all rows share.
#[must_use]
pub(crate) fn shown_stream<'a>(stream: &'a str, scope: Option<&Scope>) -> &'a str {
    match scope {
        Some(Scope::Category(category) | Scope::Member(category, _)) => category.left_out_of(stream),
        _ => stream,
    }
}

/// A column and the widths that it can have.
struct Measured<'a> {
    column: &'a Column,
    /// The width that its values need at least.
    least: usize,
    /// The width that serves most purposes.
    enough: usize,
    /// The width of the longest value.
    full: usize,
}

impl<'a> Measured<'a> {
    fn new<'r>(
        column: &'a Column,
        scope: Option<&Scope>,
        times: TimeStyle,
        rows: impl Iterator<Item = &'r MessageRow>,
    ) -> Self {
        let digits = |number: i64| number.to_string().len();
        let width_of = |text: &str| SafeText::line(text).width();
        let exactly = |width: usize| (width, width, width);
        let (least, enough, full) = match &column.kind {
            ColumnKind::Position => exactly(rows.map(|row| digits(row.head.position)).max().unwrap_or(0).max(3)),
            ColumnKind::GlobalPosition => {
                exactly(rows.map(|row| digits(row.head.global_position)).max().unwrap_or(0).max(4))
            }
            ColumnKind::Time => exactly(times.width()),
            ColumnKind::Age => exactly(AGE),
            ColumnKind::Stream => {
                let longest = rows.map(|row| width_of(shown_stream(row.head.stream.as_str(), scope))).max();
                let full = longest.unwrap_or(0).max(6);
                (full.min(10), full.min(18), full.min(80))
            }
            ColumnKind::Type => {
                let full = rows.map(|row| width_of(&row.head.message_type)).max().unwrap_or(0).max(6);
                (full.min(12), full.min(20), full.min(48))
            }
            ColumnKind::Size => {
                let stored = rows.into_iter().any(|row| matches!(row.head.size, Size::Stored(_)));
                exactly(if stored { STORED } else { SIZE })
            }
            ColumnKind::Data => {
                // The text of JSON is longer than what is shown of it.
                let longest = rows
                    .map(|row| match row.head.size {
                        Size::Text(bytes) | Size::Stored(bytes) => bytes,
                    })
                    .max()
                    .unwrap_or(u64::MAX);
                (9, usize::try_from(longest).unwrap_or(usize::MAX).clamp(12, 40), usize::MAX)
            }
            ColumnKind::Path(path) => {
                let width = |row: &MessageRow| match row.head.values.get(path) {
                    Some(PathValue::Number(text) | PathValue::String(text) | PathValue::Literal(text)) => {
                        width_of(text)
                    }
                    Some(PathValue::NotRead(_)) => SIZE + 2,
                    _ => 0,
                };
                let title = width_of(&path.title()).min(16);
                let full = rows.map(width).max().unwrap_or(0).max(title).max(4);
                (full.min(10), full.min(24), full.min(60))
            }
        };
        match column.width.map(usize::from) {
            Some(width) => Self { column, least: least.min(width), enough: width, full: width },
            None => Self { column, least, enough, full },
        }
    }

    /// Returns how early the column gives way if there is too little room; 0 is first.
    fn rank(&self, one_stream: bool) -> usize {
        match self.column.kind {
            ColumnKind::Size => 0,
            ColumnKind::Position if !one_stream => 1,
            ColumnKind::GlobalPosition => 2,
            ColumnKind::Age => 3,
            ColumnKind::Data => 4,
            ColumnKind::Stream => 5,
            ColumnKind::Path(_) => 6,
            ColumnKind::Type => 7,
            ColumnKind::Time => 8,
            // The number that orders a stream stays longest.
            ColumnKind::Position => 9,
        }
    }
}

/// Which columns get room, and up to which width.
type Share<'a> = (&'a dyn Fn(&Column) -> bool, &'a dyn Fn(&Measured<'_>) -> usize);

/// Gives each column a width. The widths and a space after each column never exceed `room`.
fn place(mut columns: Vec<Measured<'_>>, room: usize, one_stream: bool, times: TimeStyle) -> Table<'_> {
    let mut without_room = Vec::new();
    let needed = |columns: &[Measured<'_>]| columns.iter().map(|column| column.least + 1).sum::<usize>();
    while columns.len() > 1 && needed(&columns) > room {
        // Of several columns of one rank, the last one gives way.
        let least = (0..columns.len()).rev().min_by_key(|index| columns[*index].rank(one_stream)).unwrap_or(0);
        without_room.push(&columns.remove(least).column.kind);
    }
    let mut widths: Vec<usize> = columns.iter().map(|column| column.least.min(room.saturating_sub(1))).collect();
    // The number of columns without room is at the right of the titles. The title of the data is short and leaves it
    // room.
    let noted = !without_room.is_empty() && columns.last().is_some_and(|column| column.column.kind != ColumnKind::Data);
    let room_for_note = if noted { NOTE } else { 0 };
    let mut left = room.saturating_sub(widths.iter().map(|width| width + 1).sum::<usize>() + room_for_note);
    // First the widths that the user has set, then what serves most purposes, then what a column can use.
    let enough = |column: &Measured<'_>| column.enough;
    let full = |column: &Measured<'_>| column.full;
    let some = |column: &Measured<'_>| column.enough.min(20);
    let is = |wanted: ColumnKind| move |column: &Column| column.kind == wanted;
    let (is_data, is_type, is_stream) = (is(ColumnKind::Data), is(ColumnKind::Type), is(ColumnKind::Stream));
    let is_path = |column: &Column| matches!(column.kind, ColumnKind::Path(_));
    let is_other = |column: &Column| column.kind != ColumnKind::Data;
    let is_set = |column: &Column| column.width.is_some();
    let of: [Share<'_>; 8] = [
        (&is_set, &full),
        (&is_path, &enough),
        (&is_data, &some),
        (&is_type, &enough),
        (&is_stream, &enough),
        (&is_data, &enough),
        (&is_other, &full),
        (&|_| true, &full),
    ];
    for (is_meant, wanted) in of {
        for (width, column) in widths.iter_mut().zip(&columns).filter(|(_, column)| is_meant(column.column)) {
            let more = wanted(column).saturating_sub(*width).min(left);
            *width += more;
            left -= more;
        }
    }
    let placed = columns.iter().zip(widths).map(|(column, width)| Placed { kind: &column.column.kind, width });
    Table { placed: placed.filter(|column| column.width > 0).collect(), without_room, times }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::browser::columns::default_columns;
    use crate::message::Category;
    use proptest::prelude::*;

    fn measured(column: &Column, widths: (usize, usize, usize)) -> Measured<'_> {
        let (least, enough, full) = widths;
        Measured { column, least, enough: least + enough, full: least + enough + full }
    }

    fn titles(room: usize, one_stream: bool) -> Vec<String> {
        let columns = default_columns();
        let measured = columns
            .iter()
            .filter(|column| column.shown)
            .filter(|column| !(one_stream && column.kind == ColumnKind::Stream));
        let measured =
            measured.map(|column| Measured::new(column, None, TimeStyle::Time { millis: false }, std::iter::empty()));
        let table = place(measured.collect(), room, one_stream, TimeStyle::Time { millis: false });
        table.placed.iter().map(|column| column.kind.title()).collect()
    }

    #[test]
    fn the_time_outlasts_everything_but_the_position_in_a_stream() {
        assert_eq!(titles(80, false), ["pos", "gpos", "time", "stream", "type", "size", "data"]);
        assert_eq!(titles(36, false), ["time", "stream", "type", "data"]);
        assert_eq!(titles(34, true), ["pos", "time", "type", "data"]);
        assert_eq!(titles(28, false), ["time", "stream", "type"]);
        assert_eq!(titles(12, false), ["time"]);
        assert_eq!(titles(3, true), ["pos"]);
        assert!(titles(0, true).is_empty());
    }

    #[test]
    fn a_stream_in_its_category_is_shown_without_the_prefix() {
        let account = Scope::Category(Category::stored("account"));
        for (stream, shown) in [
            ("account-123", "123"),
            ("account-1-2", "1-2"),
            ("account-", "account-"),
            ("account", "account"),
            ("accounts-1", "accounts-1"),
        ] {
            assert_eq!(shown_stream(stream, Some(&account)), shown);
        }
        assert_eq!(shown_stream("account-123", Some(&Scope::Namespace)), "account-123");
    }

    #[test]
    fn short_data_leaves_the_room_to_names() {
        let columns = default_columns();
        let widths = |data: usize| {
            let measured = columns.iter().filter(|column| column.shown).map(|column| match column.kind {
                ColumnKind::Stream => measured(column, (10, 8, 30)),
                ColumnKind::Data => measured(column, (12, data - 12, 500)),
                _ => measured(column, (6, 0, 0)),
            });
            place(measured.collect(), 95, false, TimeStyle::Time { millis: false })
        };
        let stream = |data| widths(data).placed.iter().find(|at| *at.kind == ColumnKind::Stream).map(|at| at.width);
        assert_eq!((stream(15), stream(40)), (Some(43), Some(18)));
    }

    proptest! {
        #[test]
        fn widths_never_exceed_the_pane_and_no_column_is_lost(
            widths in proptest::collection::vec((1..40_usize, 0..40_usize, 0..100_usize), 8),
            room in 0..250_usize,
            one_stream in any::<bool>(),
        ) {
            let columns = default_columns();
            let measured = columns.iter().zip(&widths).map(|(column, widths)| measured(column, *widths)).collect();
            let table = place(measured, room, one_stream, TimeStyle::Age);
            let used: usize = table.placed.iter().map(|column| column.width + 1).sum();
            prop_assert!(used <= room, "{used} of {room}");
            if room >= 2 {
                prop_assert_eq!(table.placed.len() + table.without_room.len(), columns.len());
            }
        }
    }
}
