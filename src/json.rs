//! Works on JSON as text: checks it as Postgres does, formats it for reading and finds the members of objects. Values
//! are never converted, so numbers keep their digits.

#[cfg(feature = "cli")]
pub(crate) mod brief;
#[cfg(feature = "cli")]
pub(crate) mod difference;
#[cfg(feature = "cli")]
pub(crate) mod document;
#[cfg(feature = "cli")]
pub(crate) mod links;
mod members;
pub(crate) mod path;
#[cfg(feature = "cli")]
mod pretty;
#[cfg(feature = "cli")]
pub(crate) mod pretty_line;
mod problem;
pub(crate) mod scan;
#[cfg(feature = "cli")]
pub(crate) mod side_by_side;

#[cfg(feature = "cli")]
pub(crate) use members::scan_members;
pub(crate) use members::{members, string_value};
#[cfg(feature = "cli")]
pub(crate) use pretty::pretty;
pub(crate) use problem::JsonProblem;
use scan::{Accept, scan, scan_as};

/// Checks input: Postgres must be able to store it as `jsonb`. Nesting is not limited here: the server allows about
/// 10,000 levels by default, depending on its setting `max_stack_depth`.
///
/// # Errors
/// The first problem.
pub(crate) fn check(text: &str) -> Result<(), JsonProblem> {
    scan_as(Accept::Jsonb, text, |_| {})
}

/// Checks that a text is JSON, as columns of the type `json` do.
///
/// # Errors
/// The first problem.
pub(crate) fn check_stored(text: &str) -> Result<(), JsonProblem> {
    scan(text, |_| {})
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
            ("1e-9223372036854775808", "line 1, column 1: the number is out of range for Postgres' numeric type"),
            ("0.1e-9223372036854775807", "line 1, column 1: the number is out of range for Postgres' numeric type"),
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
    fn stored_json_may_have_values_that_jsonb_refuses() {
        for text in ["\"a\\u0000\"", "\"\\ud83d\"", "{\"\\ude00\": 1}", "[1e131072]"] {
            assert!(check(text).is_err(), "{text}");
            assert_eq!(check_stored(text), Ok(()), "{text}");
        }
        for text in ["\"\\ud8\"", "\"\0\"", "\"\\x\"", "[1e]", "[1,]"] {
            assert!(check_stored(text).is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_serde_json_except_for_values_that_postgres_refuses(text in r#"[\[\]{}:,"a\\u0d8ntrfls1.eE+ \n-]{0,24}"#) {
            let refused = check(&text).err();
            let valid = serde_json::from_str::<serde_json::Value>(&text).is_ok();
            let stored = refused.as_ref().is_none_or(|problem| problem.reason.contains("stored") || problem.reason.contains("numeric"));
            proptest::prop_assert!(valid == refused.is_none() || (valid && stored), "{text:?}: {refused:?}");
        }
    }
}
