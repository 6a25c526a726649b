//! A row of the tree in the message pane, and the rows of the screen that it takes: a long value continues below its
//! beginning. Scrolling and drawing both use it, so that they agree on the height of every row.

use std::ops::Range;

use super::wrapped::row_length;
use crate::json::document::{Document, JsonRow, Kind};
use crate::json::string_value;
use crate::safe_text::SafeText;

/// The most characters of a value that the tree shows.
const PREVIEW: usize = 4_000;
/// The width that a value has at least, beside a long name.
const VALUE: usize = 8;
/// The width of the fold mark and the space after it.
const MARK: usize = 2;
/// The width of the sign before a value that leads to another message, at most.
const LINK: usize = 3;

/// The name of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NodeName {
    /// The document itself.
    Title(&'static str),
    Index(String),
    Key(String),
}

impl NodeName {
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Title(text) => text,
            Self::Index(text) | Self::Key(text) => text,
        }
    }
}

/// A row of the tree.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub row: &'a JsonRow,
    /// The cells before the fold mark.
    pub indent: usize,
    /// The name, cut to its room.
    pub name: NodeName,
    /// The beginning of the value.
    pub value: &'a str,
    /// The part of the value in each row of the screen. There is at least one.
    pub rows: Vec<Range<usize>>,
    /// The cells before the value in all rows but the first.
    pub hanging: usize,
    /// The value is longer than what is shown.
    pub is_cut: bool,
}

/// Returns the first [`PREVIEW`] characters of a text.
#[must_use]
pub(crate) fn head_of(text: &str) -> &str {
    text.char_indices().nth(PREVIEW).map_or(text, |(end, _)| &text[..end])
}

impl<'a> Node<'a> {
    /// Returns the row of a document at a width. `title` is the name of the document.
    #[must_use]
    pub(crate) fn new(
        document: &'a Document,
        index: usize,
        title: &'static str,
        is_link: bool,
        width: usize,
    ) -> Option<Self> {
        let row = document.row(index)?;
        // Deep rows keep half of the width for their content.
        let indent = usize::try_from(row.depth).unwrap_or(usize::MAX).saturating_mul(2).min(width / 2);
        let parent = document.parent(index).and_then(|parent| document.row(parent));
        let room = width.saturating_sub(indent + MARK + 2 + VALUE).max(1);
        let cut = |text: &str| SafeText::line(head_of(text)).cut(room).as_str().to_owned();
        let name = match parent.map(|parent| parent.kind) {
            None => NodeName::Title(title),
            Some(Kind::Array) => NodeName::Index(row.index.to_string()),
            Some(_) => NodeName::Key(
                string_value(document.key(index)).map_or_else(|| cut(document.key(index)), |key| cut(&key)),
            ),
        };
        let whole = document.value(index);
        let value = head_of(whole);
        let is_cut = value.len() < whole.len();
        let hanging = (indent + MARK + 2).min(width / 2);
        let mut node = Self { row, indent, name, value, rows: Vec::new(), hanging, is_cut };
        let before = node.before() + if is_link { LINK } else { 0 };
        // A container takes one row.
        let width = if row.is_container() { 0 } else { width };
        node.rows = wrapped(value, width, before, hanging);
        Some(node)
    }

    /// Returns the cells before the value in the first row: the name with what is around it.
    fn before(&self) -> usize {
        self.indent + MARK + SafeText::line(self.name.text()).width() + 2
    }
}

/// Divides a value into the rows of the screen. The first begins after `before` cells, the others after `hanging`
/// cells.
fn wrapped(value: &str, width: usize, before: usize, hanging: usize) -> Vec<Range<usize>> {
    let (mut rows, mut start) = (Vec::new(), 0);
    // A pane that is not on screen has no width.
    if let Some(others) = width.checked_sub(hanging).filter(|room| *room > 0) {
        let mut room = width.saturating_sub(before);
        if room == 0 {
            rows.push(0..0);
            room = others;
        }
        while let Some(length) = row_length(&value[start..], room) {
            rows.push(start..start + length);
            start += length;
            room = others;
        }
    }
    rows.push(start..value.len());
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, index: usize, width: usize) -> Vec<String> {
        let document = Document::parse(text.to_owned()).expect("JSON");
        let node = Node::new(&document, index, "data", false, width).expect("a row");
        node.rows.iter().map(|row| node.value[row.clone()].to_owned()).collect()
    }

    #[test]
    fn a_long_value_continues_below_its_beginning_at_words_if_possible() {
        let text = r#"{"note": "the parcel was left with a neighbour", "id": "0190b6a3f0a5"}"#;
        assert_eq!(rows(text, 1, 30), ["\"the parcel was ", "left with a neighbour\""]);
        assert_eq!(rows(text, 2, 16), ["\"0190b6a", "3f0a5\""]);
        assert_eq!(rows(text, 0, 30).len(), 1, "a container takes one row");
        assert_eq!(rows(text, 1, 0).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn the_rows_of_a_value_contain_all_of_it_and_fit(text in "[a-z 日é]{0,200}", width in 12..60_usize) {
            let json = serde_json::json!({ "a name that is long": [text] }).to_string();
            let document = Document::parse(json).expect("JSON");
            for index in 0..3 {
                let node = Node::new(&document, index, "data", false, width).expect("a row");
                let joined: String = node.rows.iter().map(|row| &node.value[row.clone()]).collect();
                proptest::prop_assert_eq!(joined, node.value);
                for (line, row) in node.rows.iter().enumerate().filter(|_| !node.row.is_container()) {
                    let before = if line == 0 { node.before() } else { node.hanging };
                    proptest::prop_assert!(before + SafeText::line(&node.value[row.clone()]).width() <= width);
                }
            }
        }
    }
}
