//! A JSON document as foldable rows in one flat vector, in the order of the text. Each row is a member or an element
//! and knows its parent and the end of its subtree, so a folded subtree is skipped in one step. Rows are ranges of the
//! text, which is never copied or changed.

use std::ops::Range;

use super::members::string_value;
use super::path::member_step;
use super::problem::JsonProblem;
use super::scan::{Token, scan};

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    /// `true`, `false`, `null`.
    Literal,
}

/// A step into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The name of a member; as written, if it cannot be decoded.
    Key(String),
    Index(u32),
}

/// A member, an element, or the document itself.
#[derive(Debug, Clone)]
pub(crate) struct JsonRow {
    pub kind: Kind,
    /// The nesting depth; 0 for the document.
    pub depth: u32,
    /// The number of children of a container.
    pub children: u32,
    /// The index among its siblings.
    pub index: u32,
    parent: u32,
    /// The row after the subtree.
    end: u32,
    key: (u32, u32),
    value: (u32, u32),
    folded: bool,
}

impl JsonRow {
    /// Returns true if the row has children.
    #[must_use]
    pub(crate) fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Array) && self.children > 0
    }

    #[must_use]
    pub(crate) fn is_folded(&self) -> bool {
        self.folded
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    text: String,
    rows: Vec<JsonRow>,
    /// Indices of the rows that are not hidden by a folded row.
    visible: Vec<u32>,
}

/// Most rows of a document. Each takes about 60 bytes.
pub(crate) const MOST_ROWS: usize = 500_000;

/// The parent of the document.
const NONE: u32 = u32::MAX;

fn narrow(offset: usize) -> u32 {
    // Postgres limits a jsonb value to 1 GB, so offsets and counts fit into 32 bits.
    u32::try_from(offset).unwrap_or(u32::MAX)
}

fn narrow_range(range: Range<usize>) -> (u32, u32) {
    (narrow(range.start), narrow(range.end))
}

impl Document {
    /// Parses a document, with all rows unfolded.
    ///
    /// # Errors
    /// The first problem if the text is not JSON or has more than [`MOST_ROWS`] values.
    pub(crate) fn parse(text: String) -> Result<Self, JsonProblem> {
        let mut builder = Builder::default();
        scan(&text, |token| builder.token(token))?;
        if builder.too_many {
            return Err(JsonProblem::new(&text, 0, format!("more than {MOST_ROWS} values")));
        }
        let mut document = Self { text, rows: builder.rows, visible: Vec::new() };
        document.show();
        Ok(document)
    }

    fn show(&mut self) {
        self.visible.clear();
        let mut at = 0;
        while let Some(row) = self.rows.get(at) {
            self.visible.push(narrow(at));
            at = if row.folded { row.end as usize } else { at + 1 };
        }
    }

    #[must_use]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the number of visible rows.
    #[must_use]
    pub(crate) fn visible(&self) -> usize {
        self.visible.len()
    }

    /// Returns the index of the row on a visible line.
    #[must_use]
    pub(crate) fn at_line(&self, line: usize) -> Option<usize> {
        self.visible.get(line).map(|row| *row as usize)
    }

    /// Returns the visible line of a row, or that of the folded row that hides it.
    #[must_use]
    pub(crate) fn line_of(&self, row: usize) -> usize {
        self.visible.partition_point(|visible| (*visible as usize) <= row).saturating_sub(1)
    }

    #[must_use]
    pub(crate) fn row(&self, row: usize) -> Option<&JsonRow> {
        self.rows.get(row)
    }

    /// Returns the number of rows, visible or not.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the rows of a value and everything inside it.
    pub(super) fn subtree(&self, row: usize) -> std::ops::Range<usize> {
        row..self.rows.get(row).map_or(row, |row| row.end as usize)
    }

    /// Returns the rows of the members or elements of a container.
    pub(super) fn children(&self, row: usize) -> impl Iterator<Item = usize> {
        let end = self.rows.get(row).map_or(row, |row| row.end as usize);
        let next = move |row: usize| Some(row).filter(|row| *row < end);
        std::iter::successors(next(row + 1), move |child| next(self.rows[*child].end as usize))
    }

    #[must_use]
    pub(crate) fn parent(&self, row: usize) -> Option<usize> {
        self.rows.get(row).map(|row| row.parent).filter(|parent| *parent != NONE).map(|parent| parent as usize)
    }

    /// Returns the key of a member as written, with its quotes; empty for an element.
    #[must_use]
    pub(crate) fn key(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| &self.text[row.key.0 as usize..row.key.1 as usize])
    }

    /// Returns the value as written; for a container, the text of its whole subtree.
    #[must_use]
    pub(crate) fn value(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| &self.text[row.value.0 as usize..row.value.1 as usize])
    }

    /// Folds or unfolds a row. Returns true if anything changed.
    pub(crate) fn set_folded(&mut self, row: usize, folded: bool) -> bool {
        let Some(found) = self.rows.get_mut(row).filter(|row| row.is_container() && row.folded != folded) else {
            return false;
        };
        found.folded = folded;
        self.show();
        true
    }

    /// Folds all containers at this depth or deeper, and unfolds the others.
    pub(crate) fn fold_from(&mut self, depth: u32) {
        for row in &mut self.rows {
            row.folded = row.is_container() && row.depth >= depth;
        }
        self.show();
    }

    /// Unfolds all ancestors of a row.
    pub(crate) fn reveal(&mut self, row: usize) {
        let mut changed = false;
        let mut above = self.parent(row);
        while let Some(parent) = above {
            changed |= std::mem::take(&mut self.rows[parent].folded);
            above = self.parent(parent);
        }
        if changed {
            self.show();
        }
    }

    /// Returns the jsonpath of a row, such as `$.items[3]."a b"`. Postgres accepts it, unless a key has a lone
    /// surrogate.
    #[must_use]
    pub(crate) fn path(&self, row: usize) -> String {
        let mut steps = Vec::new();
        // A key that cannot be decoded stays as written.
        let step = |key: &str| string_value(key).map_or_else(|| format!(".{key}"), |name| member_step(&name));
        let mut at = Some(row);
        while let Some(row) = at {
            let Some(found) = self.rows.get(row) else { break };
            at = self.parent(row);
            match at {
                None => steps.push("$".to_owned()),
                Some(_) if found.key.1 > 0 => steps.push(step(self.key(row))),
                Some(_) => steps.push(format!("[{}]", found.index)),
            }
        }
        steps.reverse();
        steps.concat()
    }

    /// Returns the steps from the document to a row.
    #[must_use]
    pub(crate) fn steps_to(&self, row: usize) -> Vec<Step> {
        let parents = std::iter::successors(Some(row), |row| self.parent(*row));
        let mut steps: Vec<Step> =
            parents.filter(|row| self.parent(*row).is_some()).map(|row| self.step(row)).collect();
        steps.reverse();
        steps
    }

    /// Returns the row to which steps lead, or the last one on the way that exists.
    #[must_use]
    pub(crate) fn follow(&self, steps: &[Step]) -> usize {
        let inside = |at: usize, step: &Step| self.children(at).find(|child| self.step(*child) == *step);
        steps.iter().try_fold(0, |at, step| inside(at, step).ok_or(at)).unwrap_or_else(|last| last)
    }

    /// Returns the step from its parent to a row.
    fn step(&self, row: usize) -> Step {
        match (self.key(row), self.rows.get(row)) {
            ("", found) => Step::Index(found.map_or(0, |row| row.index)),
            (key, _) => Step::Key(string_value(key).unwrap_or_else(|| key.to_owned())),
        }
    }

    /// Returns the rows whose key or scalar value contains a text, as written or decoded. Letter case matters only if
    /// the text has an upper-case letter.
    #[must_use]
    pub(crate) fn find(&self, text: &str) -> Vec<usize> {
        if text.is_empty() {
            return Vec::new();
        }
        let exact = text.chars().any(char::is_uppercase);
        let within = |part: &str| if exact { part.contains(text) } else { part.to_lowercase().contains(text) };
        let meant = |part: &str| part.contains('\\') && string_value(part).is_some_and(|meant| within(&meant));
        let holds = |part: &str| within(part) || meant(part);
        let matches = |row: &usize| {
            let value = if self.rows[*row].is_container() { "" } else { self.value(*row) };
            holds(self.key(*row)) || holds(value)
        };
        (0..self.rows.len()).filter(matches).collect()
    }
}

/// Builds the rows of a document from its tokens.
#[derive(Default)]
struct Builder {
    rows: Vec<JsonRow>,
    /// The rows of the open containers.
    open: Vec<u32>,
    /// The key of the next value; empty for an element.
    key: (u32, u32),
    /// The document has more rows than [`MOST_ROWS`].
    too_many: bool,
}

impl Builder {
    fn token(&mut self, token: Token) {
        if self.too_many {
            return;
        }
        match token {
            Token::Key(range) => self.key = narrow_range(range),
            Token::Open { at, object } => {
                let kind = if object { Kind::Object } else { Kind::Array };
                if let Some(row) = self.push(kind, at..at + 1) {
                    self.open.push(row);
                }
            }
            Token::Close { end } => self.close(end),
            Token::String(range) => drop(self.push(Kind::String, range)),
            Token::Number(range) => drop(self.push(Kind::Number, range)),
            Token::Literal(range) => drop(self.push(Kind::Literal, range)),
        }
    }

    /// Adds a row and returns its index, unless there are too many.
    fn push(&mut self, kind: Kind, value: Range<usize>) -> Option<u32> {
        if self.rows.len() == MOST_ROWS {
            self.too_many = true;
            return None;
        }
        let this = narrow(self.rows.len());
        let parent = self.open.last().copied().unwrap_or(NONE);
        let index = match self.rows.get_mut(parent as usize) {
            Some(parent) => {
                parent.children += 1;
                parent.children - 1
            }
            None => 0,
        };
        let (depth, key, value) = (narrow(self.open.len()), std::mem::take(&mut self.key), narrow_range(value));
        self.rows.push(JsonRow { kind, depth, children: 0, index, parent, end: this + 1, key, value, folded: false });
        Some(this)
    }

    fn close(&mut self, end: usize) {
        let Some(container) = self.open.pop() else { return };
        let after = narrow(self.rows.len());
        let row = &mut self.rows[container as usize];
        row.value.1 = narrow(end);
        row.end = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Document {
        Document::parse(r#"{"a": 1.10, "items": [{"x y": "é"}, [], null], "z": 12345678901234567890123}"#.to_owned())
            .expect("JSON")
    }

    #[test]
    fn a_place_is_found_again_in_another_document() {
        let document = |text: &str| Document::parse(text.to_owned()).expect("JSON");
        let from = document(r#"{"a": 1, "items": [{"sku": 1}, {"sku": 2, "n\u0061me": 3}]}"#);
        let path = |row, to: &str| {
            let to = document(to);
            to.path(to.follow(&from.steps_to(row)))
        };
        let name = (0..from.rows()).find(|row| from.path(*row) == "$.items[1].name").expect("a row");
        for (to, found) in [
            (r#"{"items": [0, {"name": 4}], "a": 2}"#, "$.items[1].name"),
            (r#"{"items": [{"name": 4}]}"#, "$.items"),
            (r#"{"items": {"1": {"name": 4}}}"#, "$.items"),
            (r#"{"items": [1, {"sku": 4}]}"#, "$.items[1]"),
            ("[1, 2]", "$"),
            ("3", "$"),
        ] {
            assert_eq!(path(name, to), found, "{to}");
        }
        assert_eq!(path(0, "{}"), "$");
    }

    #[test]
    fn rows_keep_the_text_of_their_values() {
        let document = document();
        assert_eq!(document.visible(), 8);
        assert_eq!((document.key(1), document.value(1)), ("\"a\"", "1.10"));
        assert_eq!(document.value(2), r#"[{"x y": "é"}, [], null]"#);
        assert_eq!(document.value(7), "12345678901234567890123");
        assert_eq!(document.row(2).map(|row| (row.children, row.depth)), Some((3, 1)));
    }

    #[test]
    fn a_folded_row_hides_its_subtree() {
        let mut document = document();
        assert!(document.set_folded(2, true));
        assert_eq!(document.visible(), 4);
        assert_eq!(document.at_line(3), Some(7));
        assert_eq!(document.line_of(4), 2, "a hidden row is on the line of the row that hides it");
        document.reveal(4);
        assert_eq!(document.visible(), 8);
        document.fold_from(1);
        assert_eq!(document.visible(), 4);
        document.fold_from(0);
        assert_eq!(document.visible(), 1);
    }

    #[test]
    fn a_path_names_keys_and_indices() {
        let document = document();
        assert_eq!(document.path(0), "$");
        assert_eq!(document.path(4), r#"$.items[0]."x y""#);
        assert_eq!(document.path(6), "$.items[2]");
    }

    #[test]
    fn finds_keys_and_values() {
        let document = document();
        assert_eq!(document.find("x y"), [4]);
        assert_eq!(document.find("É"), Vec::<usize>::new());
        assert_eq!(document.find("1.10"), [1]);
        assert!(document.find("").is_empty());
    }

    #[test]
    fn ten_thousand_levels_can_be_folded_and_revealed() {
        let text = "[".repeat(10_000) + &"]".repeat(10_000);
        let mut document = Document::parse(text).expect("JSON");
        assert_eq!(document.visible(), 10_000);
        document.fold_from(5);
        document.reveal(9_999);
        assert!(document.path(9_999).ends_with("[0][0]"));
    }

    #[test]
    fn finds_escaped_text_as_written_and_decoded() {
        let document = Document::parse(r#"{"a": "say \"hi\"\tthere", "b": "\u0007"}"#.to_owned()).expect("JSON");
        assert_eq!(document.find(r#"say "hi""#), [1]);
        assert_eq!(document.find(r#"\"hi"#), [1]);
        assert_eq!(document.find("\u{7}"), [2]);
    }

    #[test]
    fn refuses_a_document_with_too_many_rows() {
        let list = |values: usize| format!("[{}]", vec!["1"; values].join(","));
        assert_eq!(Document::parse(list(MOST_ROWS - 1)).expect("the largest document").visible(), MOST_ROWS);
        assert!(Document::parse(list(MOST_ROWS)).is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_row_is_valid_json_and_folding_loses_none(text in json_text(), folds in proptest::collection::vec(0..64_usize, 0..8)) {
            let mut document = Document::parse(text.clone()).expect("JSON");
            let rows = document.rows.len();
            proptest::prop_assert_eq!(document.visible(), rows);
            proptest::prop_assert_eq!(document.value(0), text.trim());
            for row in folds {
                document.set_folded(row % rows, true);
                let line = document.line_of(row % rows);
                proptest::prop_assert!(document.at_line(line).is_some());
            }
            for row in 0..rows {
                proptest::prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(document.value(row)).is_ok());
                document.reveal(row);
                proptest::prop_assert_eq!(document.at_line(document.line_of(row)), Some(row));
            }
            document.fold_from(u32::MAX);
            proptest::prop_assert_eq!(document.visible(), rows);
        }

        #[test]
        fn no_text_makes_parsing_panic(text in ".*") {
            let _ = Document::parse(text);
        }
    }

    /// Random JSON with spaces, escapes and nesting.
    fn json_text() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just("null".to_owned()),
            "-?[1-9][0-9]{0,30}([.][0-9]{1,4})?",
            any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(|items| format!("[{}]", items.join(" , "))),
                proptest::collection::vec((any::<String>(), inner), 0..6).prop_map(|members| {
                    let member = |(key, value): (String, String)| format!("{}: {value}", serde_json::Value::from(key));
                    format!("{{{}}}", members.into_iter().map(member).collect::<Vec<_>>().join(","))
                }),
            ]
        })
    }
}
