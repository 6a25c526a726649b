//! Text set out in rows of a width: a long line goes on in the row below. Nothing is copied; a row is a part of its line.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use super::find::holds;
use crate::safe_text::SafeText;

/// A part of a line.
#[derive(Debug)]
struct Row {
    line: usize,
    bytes: Range<usize>,
}

/// Lines, and the rows that they are shown in.
#[derive(Debug, Default)]
pub struct Wrapped {
    lines: Vec<String>,
    rows: Vec<Row>,
}

impl Wrapped {
    /// Sets lines out in rows of so many cells, as they are shown: what is made visible takes its room.
    pub(super) fn new(lines: Vec<String>, width: usize) -> Self {
        let mut wrapped = Self { lines, rows: Vec::new() };
        wrapped.wrap(width);
        wrapped
    }

    /// The same lines in rows of another width; without a width, in a place that is not shown, a row a line.
    pub(super) fn wrap(&mut self, width: usize) {
        let width = if width == 0 { usize::MAX - 1 } else { width };
        self.rows.clear();
        for (line, text) in self.lines.iter().enumerate() {
            let mut start = 0;
            while let Some(length) = row_length(&text[start..], width) {
                self.rows.push(Row { line, bytes: start..start + length });
                start += length;
            }
            self.rows.push(Row { line, bytes: start..text.len() });
        }
    }

    /// How many rows there are.
    #[must_use]
    pub fn height(&self) -> usize {
        self.rows.len()
    }

    /// The text of a row.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&str> {
        let Row { line, bytes } = self.rows.get(row)?;
        Some(&self.lines[*line][bytes.clone()])
    }

    /// The line that a row is of.
    pub(super) fn line_of(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.line)
    }

    /// The first row of a line.
    pub(super) fn first_row(&self, line: usize) -> usize {
        self.rows.partition_point(|row| row.line < line)
    }

    /// Rows in which a text begins.
    pub(super) fn hits(&self, text: &str) -> Vec<usize> {
        let beyond = text.chars().count().saturating_sub(1);
        let begins = |row: &Row| {
            let line = &self.lines[row.line];
            let after: usize = line[row.bytes.end..].chars().take(beyond).map(char::len_utf8).sum();
            holds(&line[row.bytes.start..row.bytes.end + after], text)
        };
        self.rows.iter().enumerate().filter(|(_, row)| begins(row)).map(|(index, _)| index).collect()
    }
}

/// How much of a text fits into a row, bytes; none where all of it does.
fn row_length(text: &str, width: usize) -> Option<usize> {
    // Nearly all text is plain, and a body can have ten million characters of it.
    let plain = text.bytes().take(width + 1).take_while(|byte| matches!(byte, 0x20..=0x7e)).count();
    if plain == text.len() && plain <= width {
        return None;
    }
    if plain > width {
        return Some(width);
    }
    let mut used = 0;
    for (start, grapheme) in text.grapheme_indices(true) {
        used += SafeText::line(grapheme).width();
        // One grapheme fits into any row: else nothing ever would.
        if used > width && start > 0 {
            return Some(start);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, width: usize) -> Vec<String> {
        let wrapped = Wrapped::new(text.lines().map(str::to_owned).collect(), width);
        (0..wrapped.height()).filter_map(|row| wrapped.row(row).map(str::to_owned)).collect()
    }

    #[test]
    fn a_long_line_goes_on_in_the_row_below() {
        assert_eq!(rows("abcdefgh\nij\n\nklmn", 4), ["abcd", "efgh", "ij", "", "klmn"]);
        assert_eq!(rows("日本語abc", 5), ["日本", "語abc"]);
        assert_eq!(rows("ab\u{202e}cd", 10), ["ab\u{202e}", "cd"], "what is made visible takes its room");
        assert_eq!(rows("日本", 1), ["日", "本"]);
        assert_eq!(rows("日本abc\n", 0), ["日本abc"]);
    }

    #[test]
    fn a_text_is_found_across_the_edge_and_lines_are_found_again() {
        let mut wrapped = Wrapped::new(vec!["abcdefgh".to_owned(), "ghi".to_owned()], 4);
        assert_eq!(wrapped.hits("def"), [0]);
        assert_eq!(wrapped.hits("gh"), [1, 2]);
        assert_eq!((wrapped.line_of(2), wrapped.first_row(1)), (1, 2));
        wrapped.wrap(100);
        assert_eq!((wrapped.height(), wrapped.first_row(1)), (2, 1));
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_whatever_the_text(text in proptest::prelude::any::<String>(), width in 1..30_usize) {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let wrapped = Wrapped::new(lines.clone(), width);
            let rows: String = (0..wrapped.height()).filter_map(|row| wrapped.row(row)).collect();
            proptest::prop_assert_eq!(rows, lines.concat());
        }
    }
}
