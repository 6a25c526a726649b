//! Colour for people at a terminal: SGR sequences around text that is safe already. It never changes what the text says.

use std::ops::Range;

use crate::json::scan::{Token, scan};

/// How a cell looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// As the terminal's text.
    Plain,
    /// What matters less.
    Dim,
    /// A type of messages.
    Type,
    /// A type that names a failure.
    Failure,
    /// JSON, perhaps cut.
    Json,
}

const DIM: &str = "2";
const FAILURE: &str = "1;31";
const KEY: &str = "34";
const STRING: &str = "32";
const NUMBER: &str = "35";
const LITERAL: &str = "36";

impl Look {
    /// The look of a whole text, of which a part may be shown.
    #[must_use]
    pub fn of(self, text: &str) -> Self {
        let fails = ["Failed", "Declined", "Rejected", "Error"].iter().any(|end| text.ends_with(end));
        if self == Self::Type && fails { Self::Failure } else { self }
    }
}

/// A text with the colours of a look.
#[must_use]
pub fn paint(look: Look, text: &str) -> String {
    match look {
        Look::Dim => with(DIM, text),
        Look::Failure => with(FAILURE, text),
        Look::Json => json(text),
        Look::Plain | Look::Type => text.to_owned(),
    }
}

fn with(code: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\x1b[{code}m{text}\x1b[0m") }
}

/// Colours what can be read of JSON that may be cut: what follows the cut stays plain.
fn json(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() * 2);
    let mut done = 0;
    let mut tell = |code: &str, range: Range<usize>| {
        painted.push_str(&text[done..range.start]);
        painted.push_str(&with(code, &text[range.clone()]));
        done = range.end;
    };
    // That it ends early is no problem: it was cut.
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
    fn json_is_coloured_by_kind_up_to_where_it_is_cut() {
        assert_eq!(
            paint(Look::Json, r#"{"a": [1, "b", null], "c…"#),
            "{\x1b[34m\"a\"\x1b[0m: [\x1b[35m1\x1b[0m, \x1b[32m\"b\"\x1b[0m, \x1b[36mnull\x1b[0m], \"c…"
        );
    }

    #[test]
    fn types_are_neutral_but_for_failures() {
        assert_eq!(paint(Look::Type.of("Deposited"), "Deposited"), "Deposited");
        assert_eq!(paint(Look::Type.of("WithdrawalRejected"), "With…"), "\x1b[1;31mWith…\x1b[0m");
    }
}
