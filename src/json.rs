//! JSON as text that must not change: checked as Postgres stores it, set out for reading, walked as foldable rows. Numbers keep
//! their digits, since nothing is ever converted.

pub mod document;
pub mod links;
pub mod scan;

use std::fmt;

use scan::{Token, scan};

/// Where a text is not JSON that Postgres stores, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct JsonProblem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What was expected there.
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

/// Whether Postgres' `jsonb` takes a text. How deep it may be nested is a setting of the server's (`max_stack_depth`: some
/// 10,000 levels by default), which is not known here.
///
/// # Errors
/// The first place at which it does not.
pub fn check(text: &str) -> Result<(), JsonProblem> {
    scan(text, |_| {})
}

/// Levels that are set in.
const DEEPEST: usize = 64;

/// A document with a line a member, two spaces a level; text that is no JSON is given back as it is.
#[must_use]
pub fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut first = true;
    let mut after_key = false;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        // Deeper than anybody reads the text would be nothing but indentation.
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

/// The text that a JSON string (with its quotes) means; none where it is no string.
#[must_use]
pub fn string_value(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// The members of an object: name and raw value; nothing where it is no object.
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
    fn a_problem_has_its_place_and_what_was_expected() {
        let cases = [
            ("{\"a\": 1,\n  oops}", "line 2, column 3: expected a name in quotes, found 'o'"),
            ("[1 2]", "line 1, column 4: expected ',' or ']', found '2'"),
            ("{\"a\" 1}", "line 1, column 6: expected ':' after the name"),
            ("", "line 1, column 1: the text ends, expected a value"),
            ("[1,", "line 1, column 4: the text ends, expected a value"),
            ("{} x", "line 1, column 4: expected nothing more: the document ends here, found 'x'"),
            ("\"a\\u0000\"", "line 1, column 3: \\u0000 cannot be stored by Postgres"),
            ("\"\\ud83d\"", "line 1, column 2: lone surrogate \\ud83d cannot be stored"),
            ("\"\\ude00\"", "line 1, column 2: lone surrogate \\ude00 cannot be stored"),
            ("\"é\\x\"", "line 1, column 3: no escape \\x"),
            ("01", "line 1, column 1: a number does not begin with 0"),
            ("1.", "line 1, column 3: expected a digit after '.'"),
            ("[1,]", "line 1, column 4: expected a value, found ']'"),
            ("\"open", "line 1, column 1: the string is not closed"),
            ("{\"a\"\u{c}:1}", "line 1, column 5: expected ':' after the name"),
            ("[1e131072]", "line 1, column 2: the number is outside of what Postgres' numeric can hold"),
            ("nullx", "line 1, column 1: expected a value, found 'n'"),
        ];
        for (text, problem) in cases {
            assert_eq!(check(text).expect_err(text).to_string(), problem, "{text}");
        }
    }

    #[test]
    fn depth_is_left_to_the_server() {
        let deep = "[".repeat(10_000) + &"]".repeat(10_000);
        for text in [deep.as_str(), "1", " null ", "\"\\ud83d\\ude00\"", "-0.0e+10", "{\"a\":{},\"b\":[]}"] {
            assert_eq!(check(text), Ok(()), "{text:.20}");
        }
    }

    #[test]
    fn pretty_text_keeps_every_digit() {
        let text = r#"{"n":12345678901234567890123,"p":1.10,"o":{},"l":[1,{"x":"é"}]}"#;
        let expected = "{\n  \"n\": 12345678901234567890123,\n  \"p\": 1.10,\n  \"o\": {},\n  \"l\": [\n    1,\n    {\n      \"x\": \"é\"\n    }\n  ]\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty("not json"), "not json");
    }

    #[test]
    fn members_are_those_of_the_outer_object() {
        let text = r#"{"a": {"b": [1]}, "c\u0041": "x", "d": 1}"#;
        let expected = vec![("a".to_owned(), r#"{"b": [1]}"#), ("cA".to_owned(), r#""x""#), ("d".to_owned(), "1")];
        assert_eq!(members(text), expected);
        assert!(members("[1]").is_empty());
    }

    proptest::proptest! {
        #[test]
        fn it_agrees_with_serde_json_but_for_what_postgres_refuses(text in r#"[\[\]{}:,"a\\u0d8ntrfls1.eE+ \n-]{0,24}"#) {
            let refused = check(&text).err();
            let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let stored = refused.as_ref().is_none_or(|problem| problem.reason.contains("stored") || problem.reason.contains("numeric"));
            proptest::prop_assert!(valid == refused.is_none() || (valid && stored), "{text:?}: {refused:?}");
        }

        #[test]
        fn pretty_text_means_the_same(text in ".{0,60}") {
            let quoted = serde_json::json!({"text": text, "list": [1, null, {"k": text}]}).to_string();
            let pretty: serde_json::Value = serde_json::from_str(&pretty(&quoted)).expect("still JSON");
            proptest::prop_assert_eq!(pretty, serde_json::from_str::<serde_json::Value>(&quoted).expect("JSON"));
        }
    }
}
