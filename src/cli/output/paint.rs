//! Colours for terminals: SGR sequences around text that is already safe. This module never changes the text itself.

use std::ops::Range;

use crate::config::type_rules::FAILURES;
use crate::json::scan::{Token, scan};

/// The look of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    /// Secondary information.
    Dim,
    /// A message type.
    Type,
    /// A message type that stands for a failure.
    Failure,
    /// A value that was added.
    Added,
    /// A value that was changed.
    Changed,
    /// JSON, which may be cut.
    Json,
}

const DIM: &str = "2";
const FAILURE: &str = "1;31";
const ADDED: &str = "32";
const CHANGED: &str = "33";
const KEY: &str = "34";
const STRING: &str = "32";
const NUMBER: &str = "35";
const LITERAL: &str = "36";

impl Look {
    /// Returns the look for a text. Needs the whole text, even if only a part of it is shown.
    #[must_use]
    pub(crate) fn of(self, text: &str) -> Self {
        let fails = FAILURES.iter().any(|end| text.ends_with(end));
        if self == Self::Type && fails { Self::Failure } else { self }
    }
}

/// Colours a text.
#[must_use]
pub(crate) fn paint(look: Look, text: &str) -> String {
    match look {
        Look::Dim => with(DIM, text),
        Look::Failure => with(FAILURE, text),
        Look::Added => with(ADDED, text),
        Look::Changed => with(CHANGED, text),
        Look::Json => json(text),
        Look::Plain | Look::Type => text.to_owned(),
    }
}

fn with(code: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

/// Colours JSON that may be cut, as far as it can be parsed.
fn json(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    let mut done = 0;
    let mut tell = |code: &str, range: Range<usize>| {
        painted.push_str(&text[done..range.start]);
        painted.push_str(&with(code, &text[range.clone()]));
        done = range.end;
    };
    // Cut JSON ends early, which is not an error here.
    let _ = scan(text, |token| match token {
        Token::Key(range) => tell(KEY, range),
        Token::String(range) => tell(STRING, range),
        Token::Number(range) => tell(NUMBER, range),
        Token::Literal(range) => tell(LITERAL, range),
        Token::Open { .. } | Token::Close { .. } => {}
    });
    painted.push_str(&text[done..]);
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_json_tokens_up_to_the_cut() {
        assert_eq!(
            paint(Look::Json, r#"{"a": [1, "b", null], "c…"#),
            "{\x1b[34m\"a\"\x1b[0m: [\x1b[35m1\x1b[0m, \x1b[32m\"b\"\x1b[0m, \x1b[36mnull\x1b[0m], \"c…"
        );
    }

    #[test]
    fn colours_only_types_that_stand_for_failures() {
        assert_eq!(paint(Look::Type.of("Deposited"), "Deposited"), "Deposited");
        assert_eq!(paint(Look::Type.of("WithdrawalRejected"), "With…"), "\x1b[1;31mWith…\x1b[0m");
    }
}
