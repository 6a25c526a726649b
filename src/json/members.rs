//! The members of the outermost object of a JSON text. Deeper levels are checked but never reported.

use std::ops::Range;

use super::problem::JsonProblem;
use super::scan::{Accept, Token, scan_as};

/// Scans a document and passes the key and the value of each member of the outermost object to `found`, both as ranges
/// of the text. A document that is not an object is passed as one value without a key.
///
/// # Errors
/// The first problem; the members before it are already passed.
pub(crate) fn scan_members(
    accept: Accept,
    text: &str,
    mut found: impl FnMut(Option<Range<usize>>, Range<usize>),
) -> Result<(), JsonProblem> {
    let mut depth = 0;
    // The depth of the reported values: 1 for the members of an object, 0 for any other document.
    let mut level = 0;
    let mut begin = 0;
    let mut key = None;
    scan_as(accept, text, |token| {
        let value = match token {
            Token::Key(range) => {
                if depth == level {
                    key = Some(range);
                }
                return;
            }
            Token::Open { at, object } => {
                if depth == 0 {
                    level = usize::from(object);
                }
                if depth == level {
                    begin = at;
                }
                depth += 1;
                return;
            }
            Token::Close { end } => {
                depth -= 1;
                begin..end
            }
            Token::String(range) | Token::Number(range) | Token::Literal(range) => range,
        };
        if depth == level {
            found(key.take(), value);
        }
    })
}

/// Returns the members of an object: the decoded key and the text of the value. Empty if the text is not an object.
#[must_use]
pub(crate) fn members(text: &str) -> Vec<(String, &str)> {
    let mut members = Vec::new();
    let outcome = scan_members(Accept::Json, text, |key, value| {
        if let Some(key) = key.and_then(|key| string_value(&text[key])) {
            members.push((key, &text[value]));
        }
    });
    if outcome.is_err() { Vec::new() } else { members }
}

/// Decodes a JSON string with its quotes. Returns `None` if it is not a string.
#[must_use]
pub(crate) fn string_value(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_those_of_the_outermost_object() {
        let text = r#"{"a": {"b": [1]}, "c\u0041": "x", "d": 1}"#;
        let expected = vec![("a".to_owned(), r#"{"b": [1]}"#), ("cA".to_owned(), r#""x""#), ("d".to_owned(), "1")];
        assert_eq!(members(text), expected);
        assert!(members("[1]").is_empty());
    }

    #[test]
    fn a_document_that_is_not_an_object_is_one_value_without_a_key() {
        for (text, value) in [(" [1, {\"a\": 2}] ", "[1, {\"a\": 2}]"), ("\"a\"", "\"a\""), ("7 ", "7"), ("[]", "[]")] {
            let mut found = Vec::new();
            scan_members(Accept::Json, text, |key, value| found.push((key, &text[value]))).expect("JSON");
            assert_eq!(found, [(None, value)]);
        }
    }
}
