//! Two documents as lines side by side, one value per line, so that what is equal is on the same line. Values keep
//! their text.

use super::difference::{Change, Difference, Step};
use super::document::{Document, JsonRow, Kind};

/// Deeper levels get no further indentation.
const DEEPEST: u32 = 32;

/// How the two sides of a line differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Same,
    Changed,
    /// A number with the same value and different digits.
    Respelled,
    Removed,
    Added,
}

/// A line of both documents; a side that has none is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TwoSides {
    pub sign: Sign,
    pub before: String,
    pub after: String,
}

/// Returns the lines of two documents, at most `most`.
#[must_use]
pub(crate) fn side_by_side(difference: &Difference, most: usize) -> Vec<TwoSides> {
    let (before, after) = difference.documents();
    let mut lines: Vec<TwoSides> = Vec::new();
    for step in difference.steps() {
        let left = most.saturating_sub(lines.len());
        if left == 0 {
            break;
        }
        let sign = match difference.change(*step) {
            None => Sign::Same,
            Some(Change::Added(_)) => Sign::Added,
            Some(Change::Removed(_)) => Sign::Removed,
            Some(Change::Changed { .. }) => Sign::Changed,
            Some(Change::Respelled { .. }) => Sign::Respelled,
        };
        let mut push = |before: String, after: String| lines.push(TwoSides { sign, before, after });
        match *step {
            Step::Open(one, other) => push(opening(before, one), opening(after, other)),
            Step::Close(one, other) => push(closing(before, one), closing(after, other)),
            Step::Removed(row) => subtree(before, row, left).into_iter().for_each(|line| push(line, String::new())),
            Step::Added(row) => subtree(after, row, left).into_iter().for_each(|line| push(String::new(), line)),
            Step::Same(one, other) | Step::Changed(one, other) => {
                let (one, other) = (subtree(before, one, left), subtree(after, other, left));
                let longer = one.len().max(other.len());
                let (mut one, mut other) = (one.into_iter(), other.into_iter());
                for _ in 0..longer {
                    push(one.next().unwrap_or_default(), other.next().unwrap_or_default());
                }
            }
        }
    }
    lines
}

/// Returns the lines of a value, at most `most`.
fn subtree(document: &Document, row: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let depth = |row: usize| document.row(row).map_or(0, |row| row.depth);
    for row in document.subtree(row).take(most) {
        while let Some(container) = open.pop_if(|container| depth(*container) >= depth(row)) {
            lines.push(closing(document, container));
        }
        if document.row(row).is_some_and(JsonRow::is_container) {
            lines.push(opening(document, row));
            open.push(row);
        } else {
            lines.push(labelled(document, row, document.value(row)));
        }
    }
    lines.extend(open.into_iter().rev().map(|container| closing(document, container)));
    lines.truncate(most);
    lines
}

fn is_object(document: &Document, row: usize) -> bool {
    document.row(row).is_some_and(|row| row.kind == Kind::Object)
}

fn opening(document: &Document, row: usize) -> String {
    labelled(document, row, if is_object(document, row) { "{" } else { "[" })
}

fn closing(document: &Document, row: usize) -> String {
    format!("{}{}", indent(document, row), if is_object(document, row) { "}" } else { "]" })
}

/// Returns a line with the key of a member.
fn labelled(document: &Document, row: usize, text: &str) -> String {
    let between = if document.key(row).is_empty() { "" } else { ": " };
    format!("{}{}{between}{text}", indent(document, row), document.key(row))
}

fn indent(document: &Document, row: usize) -> String {
    "  ".repeat(document.row(row).map_or(0, |row| row.depth.min(DEEPEST)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(before: &str, after: &str) -> Difference {
        let document = |text: &str| Document::parse(text.to_owned()).expect("JSON");
        Difference::between(document(before), document(after))
    }

    #[test]
    fn equal_values_are_on_the_same_line() {
        let before = r#"{"a": 1, "gone": [true], "items": [1, {"n": 1.0}], "same": {"x": "y"}}"#;
        let after = r#"{"a": 2, "items": [0, 1, {"n": 1.0}], "same": {"x": "y"}, "new": {}}"#;
        let lines: Vec<String> = side_by_side(&difference(before, after), 100)
            .iter()
            .map(|line| {
                let sign = match line.sign {
                    Sign::Same => ' ',
                    Sign::Changed => '~',
                    Sign::Respelled => '=',
                    Sign::Removed => '-',
                    Sign::Added => '+',
                };
                format!("{sign} {:<16}|{}", line.before, line.after)
            })
            .collect();
        let expected = [
            "  {               |{",
            "~   \"a\": 1        |  \"a\": 2",
            "-   \"gone\": [     |",
            "-     true        |",
            "-   ]             |",
            "    \"items\": [    |  \"items\": [",
            "+                 |    0",
            "      1           |    1",
            "      {           |    {",
            "        \"n\": 1.0  |      \"n\": 1.0",
            "      }           |    }",
            "    ]             |  ]",
            "    \"same\": {     |  \"same\": {",
            "      \"x\": \"y\"    |    \"x\": \"y\"",
            "    }             |  }",
            "+                 |  \"new\": {}",
            "  }               |}",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn deep_and_long_documents_have_a_bounded_number_of_lines() {
        let deep = |value: &str| "[".repeat(10_000) + value + &"]".repeat(10_000);
        assert_eq!(side_by_side(&difference(&deep("1"), &deep("2")), 50).len(), 50);
        assert_eq!(side_by_side(&difference(&deep("1"), &deep("1")), 50).len(), 50);
        assert_eq!(side_by_side(&difference(&deep("1"), "0"), 50).len(), 50);
        assert_eq!(side_by_side(&difference(&deep("1"), &deep("2")), 30_000).len(), 20_001);
    }

    proptest::proptest! {
        #[test]
        fn each_side_is_its_document(before in "[a-c]{0,3}", after in "[a-c]{0,3}", items in proptest::collection::vec("[ab]", 0..4)) {
            let text = |name: &str| serde_json::json!({"name": name, "list": items, name: {"deep": [name, {}]}}).to_string();
            let lines = side_by_side(&difference(&text(&before), &text(&after)), usize::MAX);
            let side = |of: fn(&TwoSides) -> &String| lines.iter().map(|line| of(line).trim()).collect::<String>();
            let without_commas = |text: String| super::super::pretty(&text).lines().map(|line| line.trim().trim_end_matches(',').to_owned()).collect::<String>();
            proptest::prop_assert_eq!(side(|line| &line.before), without_commas(text(&before)));
            let mut sorted: Vec<char> = side(|line| &line.after).chars().collect();
            let mut expected: Vec<char> = without_commas(text(&after)).chars().collect();
            sorted.sort_unstable();
            expected.sort_unstable();
            proptest::prop_assert_eq!(sorted, expected);
        }
    }
}
