//! Aligned columns for people, a block of rows at a time, so that memory stays bounded however many rows come. On a
//! terminal lines are cut to its width; elsewhere they are whole. It never decides what a cell says.

use std::{io, iter};

use super::Output;
use super::paint::{Look, paint};
use crate::safe_text::{SafeText, safe};

/// Rows measured together. Columns of a later block may grow, never shrink.
const BLOCK_ROWS: usize = 200;
/// A block also ends at this size, bytes.
const BLOCK_BYTES: usize = 1 << 20;
/// A text column is not made narrower than this to fit the terminal.
const LEAST: usize = 12;
const GAP: &str = "  ";

/// A column's title and the side that its cells stand on.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    right: bool,
    gives_way: bool,
    look: Look,
}

impl Column {
    /// Text, on the left; cut where the terminal is too narrow.
    #[must_use]
    pub const fn text(title: &'static str) -> Self {
        Self { title, right: false, gives_way: true, look: Look::Plain }
    }

    /// Times, on the left; a part of one would say something else.
    #[must_use]
    pub const fn time(title: &'static str) -> Self {
        Self { title, right: false, gives_way: false, look: Look::Plain }
    }

    /// Numbers, on the right.
    #[must_use]
    pub const fn number(title: &'static str) -> Self {
        Self { title, right: true, gives_way: false, look: Look::Plain }
    }

    /// Types of messages, on the left.
    #[must_use]
    pub const fn message_type(title: &'static str) -> Self {
        Self { look: Look::Type, ..Self::text(title) }
    }

    /// JSON, on the left.
    #[must_use]
    pub const fn json(title: &'static str) -> Self {
        Self { look: Look::Json, ..Self::text(title) }
    }

    /// The same, where it matters less than its neighbours.
    #[must_use]
    pub const fn dim(self) -> Self {
        Self { look: Look::Dim, ..self }
    }
}

/// A table that is being printed.
pub struct Table {
    columns: Vec<Column>,
    widths: Vec<usize>,
    rows: Vec<Vec<SafeText>>,
    bytes: usize,
    titled: bool,
}

impl Table {
    /// With these columns and no row.
    #[must_use]
    pub fn new(columns: &[Column]) -> Self {
        let widths = columns.iter().map(|column| safe(column.title).width()).collect();
        Self { columns: columns.to_vec(), widths, rows: Vec::new(), bytes: 0, titled: false }
    }

    /// A row; cells are made safe here. What could not fit the terminal anyway is not kept.
    ///
    /// # Errors
    /// Standard output's.
    pub fn row(&mut self, output: &mut Output, cells: &[&str]) -> io::Result<()> {
        if self.gather(output, cells) { self.flush(output, &mut |_| ()) } else { Ok(()) }
    }

    /// A row as in [`Table::row`], which is not printed yet; gives whether it is time to.
    pub fn gather(&mut self, output: &Output, cells: &[&str]) -> bool {
        let row: Vec<SafeText> = cells.iter().map(|cell| safe(beginning(cell, output.width))).collect();
        self.bytes += row.iter().map(|cell| cell.as_str().len()).sum::<usize>();
        self.rows.push(row);
        self.rows.len() >= BLOCK_ROWS || self.bytes >= BLOCK_BYTES
    }

    /// Prints what is left; nothing at all, not even titles, where there was no row.
    ///
    /// # Errors
    /// Standard output's.
    pub fn finish(mut self, output: &mut Output) -> io::Result<()> {
        self.flush(output, &mut |_| ())
    }

    /// Prints the rows so far and tells of each; those that follow are aligned with them where they fit.
    ///
    /// # Errors
    /// Standard output's.
    pub fn flush(&mut self, output: &mut Output, printed: &mut dyn FnMut(&Output)) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        for row in &self.rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let widths = match output.width {
            Some(room) => fitted(&self.columns, &self.widths, room),
            None => self.widths.clone(),
        };
        if !self.titled {
            let titles = self.columns.iter().map(|column| safe(column.title)).collect();
            self.line(output, titles, &widths, Some(Look::Dim));
            self.titled = true;
        }
        for row in std::mem::take(&mut self.rows) {
            self.line(output, row, &widths, None);
            printed(output);
            output.line_done()?;
        }
        self.bytes = 0;
        Ok(())
    }

    /// A line of cells, all with one look or each with that of its column. One that does not fit is cut, and is plain then.
    fn line(&self, output: &mut Output, cells: Vec<SafeText>, widths: &[usize], look: Option<Look>) {
        let (mut plain, mut painted) = (String::new(), String::new());
        // Blanks are only printed in front of something.
        let mut blanks = 0;
        for ((cell, column), width) in cells.into_iter().zip(&self.columns).zip(widths) {
            let look = look.unwrap_or(column.look.of(cell.as_str()));
            let cell = cell.cut(*width);
            let padding = width - cell.width();
            let (before, behind) = if column.right { (padding, 0) } else { (0, padding) };
            blanks += before;
            if cell.width() > 0 {
                for line in [&mut plain, &mut painted] {
                    line.extend(iter::repeat_n(' ', blanks));
                }
                plain.push_str(cell.as_str());
                painted.push_str(&paint(look, cell.as_str()));
                blanks = 0;
            }
            blanks += behind + GAP.len();
        }
        let line = match output.width {
            Some(room) if safe(&plain).width() > room => safe(&plain).cut(room).to_string(),
            _ if output.colour => painted,
            _ => plain,
        };
        output.buffer().extend_from_slice(line.as_bytes());
        output.buffer().push(b'\n');
    }
}

/// Labelled values, one a line, labels aligned; values are made safe here and are not cut.
///
/// # Errors
/// Standard output's.
pub fn record(output: &mut Output, fields: &[(&str, &str)]) -> io::Result<()> {
    let width = fields.iter().map(|(label, _)| safe(label).width()).max().unwrap_or(0);
    for (label, value) in fields {
        output.line(format!("{label:width$}{GAP}{}", safe(value)).trim_end())?;
    }
    Ok(())
}

/// As much of a cell as can matter on a terminal, so that a body of 10 MB is not carried along: four characters for each
/// column leave room for combining ones.
fn beginning(cell: &str, room: Option<usize>) -> &str {
    match room.and_then(|room| cell.char_indices().nth(room.saturating_mul(4))) {
        Some((end, _)) => &cell[..end],
        None => cell,
    }
}

/// Widths that fit into `room`: the widest text columns give way first, down to [`LEAST`].
fn fitted(columns: &[Column], widths: &[usize], room: usize) -> Vec<usize> {
    let mut widths: Vec<usize> = widths.iter().map(|width| (*width).min(room)).collect();
    let gaps = GAP.len() * columns.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > room {
        let widest =
            (0..widths.len()).filter(|i| columns[*i].gives_way && widths[*i] > LEAST).max_by_key(|i| (widths[*i], *i));
        match widest {
            Some(i) => widths[i] -= 1,
            None => break,
        }
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_text_column_gives_way_first_and_numbers_never() {
        let columns = [Column::number("N"), Column::text("NAME"), Column::text("DATA")];
        assert_eq!(fitted(&columns, &[6, 20, 100], 80), vec![6, 20, 50]);
        assert_eq!(fitted(&columns, &[6, 60, 100], 80), vec![6, 35, 35]);
        assert_eq!(fitted(&columns, &[6, 60, 100], 20), vec![6, LEAST, LEAST]);
        assert_eq!(fitted(&columns, &[6, 20, 10], 80), vec![6, 20, 10]);
    }
}
