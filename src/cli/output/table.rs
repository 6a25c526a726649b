//! Aligned columns for people. Rows are aligned block by block, so memory stays bounded. Lines are cut to the width of
//! a terminal but never elsewhere. This module never decides what a cell contains.

use std::{io, iter};

use super::Output;
use super::paint::{Look, paint};
use crate::safe_text::{SafeText, safe};

/// The rows of a block. In later blocks, columns may grow but never shrink.
const BLOCK_ROWS: usize = 200;
/// A block also ends at this size in bytes.
const BLOCK_BYTES: usize = 1 << 20;
/// The minimum width of a text column that is narrowed to fit the terminal.
const LEAST: usize = 12;
const GAP: &str = "  ";

/// The title, alignment and look of a column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    right: bool,
    gives_way: bool,
    look: Look,
}

impl Column {
    /// Left-aligned text, cut if the terminal is too narrow.
    #[must_use]
    pub(crate) const fn text(title: &'static str) -> Self {
        Self { title, right: false, gives_way: true, look: Look::Plain }
    }

    /// Left-aligned times, never cut, because a part of a time would be misread.
    #[must_use]
    pub(crate) const fn time(title: &'static str) -> Self {
        Self { title, right: false, gives_way: false, look: Look::Plain }
    }

    /// Right-aligned numbers, never cut.
    #[must_use]
    pub(crate) const fn number(title: &'static str) -> Self {
        Self { title, right: true, gives_way: false, look: Look::Plain }
    }

    #[must_use]
    pub(crate) const fn message_type(title: &'static str) -> Self {
        Self { look: Look::Type, ..Self::text(title) }
    }

    #[must_use]
    pub(crate) const fn json(title: &'static str) -> Self {
        Self { look: Look::Json, ..Self::text(title) }
    }

    /// Dims the column, because it matters less than its neighbours.
    #[must_use]
    pub(crate) const fn dim(self) -> Self {
        Self { look: Look::Dim, ..self }
    }
}

/// A table, printed block by block.
pub(crate) struct Table {
    columns: Vec<Column>,
    widths: Vec<usize>,
    rows: Vec<Vec<SafeText>>,
    bytes: usize,
    titled: bool,
}

impl Table {
    #[must_use]
    pub(crate) fn new(columns: &[Column]) -> Self {
        let widths = columns.iter().map(|column| safe(column.title).width()).collect();
        Self { columns: columns.to_vec(), widths, rows: Vec::new(), bytes: 0, titled: false }
    }

    /// Adds a row and prints the block if it is full. Makes cells safe.
    pub(crate) fn row(&mut self, output: &mut Output, cells: &[&str]) -> io::Result<()> {
        if self.gather(output, cells) { self.flush(output, &mut |_| ()) } else { Ok(()) }
    }

    /// Adds a row without printing. Returns whether the block is full.
    pub(crate) fn gather(&mut self, output: &Output, cells: &[&str]) -> bool {
        let row: Vec<SafeText> = cells.iter().map(|cell| safe(beginning(cell, output.width))).collect();
        self.bytes += row.iter().map(|cell| cell.as_str().len()).sum::<usize>();
        self.rows.push(row);
        self.rows.len() >= BLOCK_ROWS || self.bytes >= BLOCK_BYTES
    }

    /// Prints the remaining rows. Without any row, prints nothing, not even titles.
    pub(crate) fn finish(mut self, output: &mut Output) -> io::Result<()> {
        self.flush(output, &mut |_| ())
    }

    /// Prints the rows so far and calls `printed` after each. Later rows are aligned with them if they fit.
    pub(crate) fn flush(&mut self, output: &mut Output, printed: &mut dyn FnMut(&Output)) -> io::Result<()> {
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

    /// Prints a line of cells, with one look for all of them or the look of each column. A line that does not fit is
    /// cut and printed without colours.
    fn line(&self, output: &mut Output, cells: Vec<SafeText>, widths: &[usize], look: Option<Look>) {
        let (mut plain, mut painted) = (String::new(), String::new());
        // Blanks are printed only before a cell, so that no line ends with blanks.
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

/// Prints labelled values, one per line, with aligned labels. Makes values safe and never cuts them.
pub(crate) fn record(output: &mut Output, fields: &[(&str, &str)]) -> io::Result<()> {
    let width = fields.iter().map(|(label, _)| safe(label).width()).max().unwrap_or(0);
    for (label, value) in fields {
        output.line(format!("{label:width$}{GAP}{}", safe(value)).trim_end())?;
    }
    Ok(())
}

/// Returns the start of a cell that could fit on the terminal, so that a body of 10 MB is not copied. Four characters
/// per column leave room for combining characters.
fn beginning(cell: &str, room: Option<usize>) -> &str {
    match room.and_then(|room| cell.char_indices().nth(room.saturating_mul(4))) {
        Some((end, _)) => &cell[..end],
        None => cell,
    }
}

/// Returns widths that fit into `room`. The widest text columns shrink first, down to [`LEAST`].
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
    fn shrinks_the_widest_text_column_first_and_numbers_never() {
        let columns = [Column::number("N"), Column::text("NAME"), Column::text("DATA")];
        assert_eq!(fitted(&columns, &[6, 20, 100], 80), vec![6, 20, 50]);
        assert_eq!(fitted(&columns, &[6, 60, 100], 80), vec![6, 35, 35]);
        assert_eq!(fitted(&columns, &[6, 60, 100], 20), vec![6, LEAST, LEAST]);
        assert_eq!(fitted(&columns, &[6, 20, 10], 80), vec![6, 20, 10]);
    }
}
