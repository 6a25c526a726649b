//! Wraps text into rows of a given width. The text is never copied: a row is a range of bytes in its line.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::app::text_search::contains;
use crate::safe_text::SafeText;

#[derive(Debug)]
struct Row {
    line: usize,
    bytes: Range<usize>,
}

/// Lines of text and the rows that show them.
#[derive(Debug, Default)]
pub(crate) struct Wrapped {
    lines: Vec<String>,
    rows: Vec<Row>,
}

impl Wrapped {
    /// Wraps lines at a width in cells. Escaped control characters count with the width of their escape.
    pub(in crate::app) fn new(lines: Vec<String>, width: usize) -> Self {
        let mut wrapped = Self { lines, rows: Vec::new() };
        wrapped.wrap(width);
        wrapped
    }

    /// Wraps the lines at another width. A width of 0, for a pane that is not on screen, gives each line one row.
    pub(in crate::app) fn wrap(&mut self, width: usize) {
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

    /// Returns the lines as one text.
    #[must_use]
    pub(in crate::app) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Returns the number of rows.
    #[must_use]
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }

    /// Returns the line of a row, and the bytes of the line that the row shows.
    #[must_use]
    pub(crate) fn part(&self, row: usize) -> Option<(&str, Range<usize>)> {
        let Row { line, bytes } = self.rows.get(row)?;
        Some((&self.lines[*line], bytes.clone()))
    }

    /// Returns the line that a row belongs to.
    pub(in crate::app) fn line_of(&self, row: usize) -> usize {
        self.rows.get(row).map_or(0, |row| row.line)
    }

    /// Returns the first row of a line.
    pub(in crate::app) fn first_row(&self, line: usize) -> usize {
        self.rows.partition_point(|row| row.line < line)
    }

    /// Returns the rows in which a match begins. The match may end in a later row.
    pub(super) fn matching_rows(&self, text: &str) -> Vec<usize> {
        let beyond = text.chars().count().saturating_sub(1);
        let begins = |row: &Row| {
            let line = &self.lines[row.line];
            let after: usize = line[row.bytes.end..].chars().take(beyond).map(char::len_utf8).sum();
            contains(&line[row.bytes.start..row.bytes.end + after], text)
        };
        self.rows.iter().enumerate().filter(|(_, row)| begins(row)).map(|(index, _)| index).collect()
    }
}

/// Returns the number of bytes that fit into a row; none if the whole text fits. Breaks after a space if there is one
/// in the second half of the row.
pub(super) fn row_length(text: &str, width: usize) -> Option<usize> {
    let length = fitting(text, width)?;
    let after_space = text[..length].rfind(' ').map(|space| space + 1).filter(|after| *after > length / 2);
    Some(after_space.unwrap_or(length))
}

/// Returns the number of bytes that fit into a row of a width; none if the whole text fits.
fn fitting(text: &str, width: usize) -> Option<usize> {
    // Fast path for ASCII: a body can have ten million characters, and nearly all of them are plain.
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
        // A row takes at least one grapheme, however wide, or wrapping would never end.
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
        (0..wrapped.height()).filter_map(|row| wrapped.part(row).map(|(line, bytes)| line[bytes].to_owned())).collect()
    }

    #[test]
    fn wraps_long_lines_at_the_width() {
        assert_eq!(rows("abcdefgh\nij\n\nklmn", 4), ["abcd", "efgh", "ij", "", "klmn"]);
        assert_eq!(rows("日本語abc", 5), ["日本", "語abc"]);
        assert_eq!(rows("ab\u{202e}cd", 10), ["ab\u{202e}", "cd"], "an escaped character is as wide as its escape");
        assert_eq!(rows("日本", 1), ["日", "本"]);
        assert_eq!(rows("one two three", 6), ["one ", "two ", "three"], "words stay whole if they fit");
        assert_eq!(rows("日本abc\n", 0), ["日本abc"]);
    }

    #[test]
    fn finds_matches_across_rows_and_rows_of_lines_after_rewrapping() {
        let mut wrapped = Wrapped::new(vec!["abcdefgh".to_owned(), "ghi".to_owned()], 4);
        assert_eq!(wrapped.matching_rows("def"), [0]);
        assert_eq!(wrapped.matching_rows("gh"), [1, 2]);
        assert_eq!((wrapped.line_of(2), wrapped.first_row(1)), (1, 2));
        wrapped.wrap(100);
        assert_eq!((wrapped.height(), wrapped.first_row(1)), (2, 1));
    }

    proptest::proptest! {
        #[test]
        fn rows_contain_the_whole_text(text in proptest::prelude::any::<String>(), width in 1..30_usize) {
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let wrapped = Wrapped::new(lines.clone(), width);
            let rows: String = (0..wrapped.height()).filter_map(|row| wrapped.part(row)).map(|(line, bytes)| &line[bytes]).collect();
            proptest::prop_assert_eq!(rows, lines.concat());
        }
    }
}
