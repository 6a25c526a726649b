//! Works on JSON as text: checks it as Postgres does, formats it for reading and finds the members of objects. Values are never
//! converted, so numbers keep their digits.

pub mod document;
pub mod links;
pub mod scan;

use std::fmt;

use scan::{Token, scan};

/// The first problem of a text that Postgres would not store as `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct JsonProblem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, such as `expected a value, found ']'`.
    pub reason: String,
}

impl JsonProblem {
    fn new(text: &str, at: usize, reason: String) -> Self {
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { line, column, reason }
    }
}

impl fmt::Display for JsonProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.reason)
    }
}

/// Checks that Postgres can store a text as `jsonb`. Nesting is not limited here: the server allows about 10,000 levels by default,
/// depending on its setting `max_stack_depth`.
///
/// # Errors
/// The first problem.
pub fn check(text: &str) -> Result<(), JsonProblem> {
    scan(text, |_| {})
}

/// Deeper levels get no further indentation.
const DEEPEST: usize = 64;

/// Formats a document with one member per line and two spaces per level. Returns text that is not JSON unchanged.
#[must_use]
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut first = true;
    let mut after_key = false;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        // Deep nesting would make the text nothing but indentation.
        out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
    };
    let item = |out: &mut String, depth: usize, first: &mut bool, after_key: &mut bool| {
        if std::mem::take(after_key) {
            return;
        }
        if depth > 0 {
            if !*first {
                out.push(',');
            }
            line(out, depth);
        }
        *first = false;
    };
    let mut closing: Vec<char> = Vec::new();
    let outcome = scan(text, |token| match token {
        Token::Open { object, .. } => {
            item(&mut out, depth, &mut first, &mut after_key);
            out.push(if object { '{' } else { '[' });
            closing.push(if object { '}' } else { ']' });
            depth += 1;
            first = true;
        }
        Token::Close { .. } => {
            depth -= 1;
            if !first {
                line(&mut out, depth);
            }
            out.extend(closing.pop());
            first = false;
        }
        Token::Key(range) => {
            item(&mut out, depth, &mut first, &mut after_key);
            out.push_str(&text[range]);
            out.push_str(": ");
            after_key = true;
        }
        Token::String(range) | Token::Number(range) | Token::Literal(range) => {
            item(&mut out, depth, &mut first, &mut after_key);
            out.push_str(&text[range]);
        }
    });
    if outcome.is_err() { text.to_owned() } else { out }
}

/// Decodes a JSON string with its quotes. Returns `None` if it is not a string.
#[must_use]
pub fn string_value(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// Returns the members of an object: the decoded key and the text of the value. Empty if the text is not an object.
#[must_use]
pub fn members(text: &str) -> Vec<(String, &str)> {
    let mut members = Vec::new();
    let mut depth = 0;
    let mut key: Option<String> = None;
    let mut begin = 0;
    let outcome = scan(text, |token| match token {
        Token::Open { at, .. } => {
            if depth == 1 {
                begin = at;
            }
            depth += 1;
        }
        Token::Close { end } => {
            depth -= 1;
            if depth == 1
                && let Some(key) = key.take()
            {
                members.push((key, begin..end));
            }
        }
        Token::Key(range) if depth == 1 => key = string_value(&text[range]),
        Token::String(range) | Token::Number(range) | Token::Literal(range) if depth == 1 => {
            if let Some(key) = key.take() {
                members.push((key, range));
            }
        }
        _ => {}
    });
    if outcome.is_err() {
        return Vec::new();
    }
    members.into_iter().map(|(key, range)| (key, &text[range])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_a_line_a_column_and_a_reason() {
        let cases = [
            ("{\"a\": 1,\n  oops}", "line 2, column 3: expected a key in quotes, found 'o'"),
            ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
            ("{\"a\" 1}", "line 1, column 6: expected ':' after the key"),
            ("", "line 1, column 1: unexpected end of text, expected a value"),
            ("[1,", "line 1, column 4: unexpected end of text, expected a value"),
            ("{} x", "line 1, column 4: expected the end of the document, found 'x'"),
            ("\"a\\u0000\"", "line 1, column 3: \\u0000 cannot be stored by Postgres"),
            ("\"\\ud83d\"", "line 1, column 2: lone surrogate \\ud83d cannot be stored"),
            ("\"\\ude00\"", "line 1, column 2: lone surrogate \\ude00 cannot be stored"),
            ("\"é\\x\"", "line 1, column 3: invalid escape \\x"),
            ("01", "line 1, column 1: a number cannot have leading zeros"),
            ("1.", "line 1, column 3: expected a digit after '.'"),
            ("[1,]", "line 1, column 4: expected a value, found ']'"),
            ("\"open", "line 1, column 1: the string is not closed"),
            ("{\"a\"\u{c}:1}", "line 1, column 5: expected ':' after the key"),
            ("[1e131072]", "line 1, column 2: the number is out of range for Postgres' numeric type"),
            ("nullx", "line 1, column 1: expected a value, found 'n'"),
        ];
        for (text, problem) in cases {
            assert_eq!(check(text).expect_err(text).to_string(), problem, "{text}");
        }
    }

    #[test]
    fn nesting_is_not_limited() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        for text in [deep.as_str(), "1", " null ", "\"\\ud83d\\ude00\"", "-0.0e+10", "{\"a\":{},\"b\":[]}"] {
            assert_eq!(check(text), Ok(()), "{text:.20}");
        }
    }

    #[test]
    fn formatted_text_keeps_every_digit() {
        let text = r#"{"n":12345678901234567890123,"p":1.10,"o":{},"l":[1,{"x":"é"}]}"#;
        let expected = "{\n  \"n\": 12345678901234567890123,\n  \"p\": 1.10,\n  \"o\": {},\n  \"l\": [\n    1,\n    {\n      \"x\": \"é\"\n    }\n  ]\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty("not json"), "not json");
    }

    #[test]
    fn members_are_those_of_the_outermost_object() {
        let text = r#"{"a": {"b": [1]}, "c\u0041": "x", "d": 1}"#;
        let expected = vec![("a".to_owned(), r#"{"b": [1]}"#), ("cA".to_owned(), r#""x""#), ("d".to_owned(), "1")];
        assert_eq!(members(text), expected);
        assert!(members("[1]").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_serde_json_except_for_values_that_postgres_refuses(text in r#"[\[\]{}:,"a\\u0d8ntrfls1.eE+ \n-]{0,24}"#) {
            let refused = check(&text).err();
            let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let stored = refused.as_ref().is_none_or(|problem| problem.reason.contains("stored") || problem.reason.contains("numeric"));
            proptest::prop_assert!(valid == refused.is_none() || (valid && stored), "{text:?}: {refused:?}");
        }

        #[test]
        fn formatted_text_has_the_same_value(text in ".{0,60}") {
            let quoted = serde_json::json!({"text": text, "list": [1, null, {"k": text}]}).to_string();
            let pretty: serde_json::Value = serde_json::from_str(&pretty(&quoted)).expect("still JSON");
            proptest::prop_assert_eq!(pretty, serde_json::from_str::<serde_json::Value>(&quoted).expect("JSON"));
        }
    }
}
