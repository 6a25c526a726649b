//! Compares a stored message with the one that was sent.

use std::fmt;

/// How a stored message differs from the one that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// `data` or `metadata` is equal JSON with different text: `1.0` equals `1.00`, but `jsonb` keeps the digits of
    /// each.
    Spelling {
        /// `data` or `metadata`.
        field: &'static str,
        /// The first number that differs, as stored.
        stored: String,
        /// The same number, as sent.
        sent: String,
    },
    /// `data` or `metadata` is equal JSON with different text in a column that is not `jsonb`: other spaces, keys in
    /// another order, repeated keys, or `1e2` for `100`.
    Text(&'static str),
    /// The value of this field is different.
    Value(&'static str),
}

impl Difference {
    /// The maximum number of characters of a number to show.
    const LONGEST: usize = 40;

    /// Returns the difference between two bodies of equal value. `jsonb` has both as the server's text if these differ,
    /// and `differs` says whether the column has a different text in any way.
    pub(crate) fn of_text(field: &'static str, jsonb: Option<(&str, &str)>, differs: bool) -> Option<Self> {
        let spelling = jsonb.and_then(|(stored, sent)| Self::spelling(field, stored, sent));
        spelling.or_else(|| differs.then_some(Self::Text(field)))
    }

    /// Finds the first number that differs between two texts of equal `jsonb` values. Nothing else can differ between
    /// them.
    fn spelling(field: &'static str, stored: &str, sent: &str) -> Option<Self> {
        if stored == sent {
            return None;
        }
        let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-');
        let same = stored.bytes().zip(sent.bytes()).take_while(|(stored, sent)| stored == sent).count();
        let start = same - stored.as_bytes()[..same].iter().rev().take_while(|byte| of_number(byte)).count();
        let number = |text: &str| -> String {
            let digits = text.bytes().skip(start).take_while(of_number);
            digits.take(Self::LONGEST).map(char::from).collect()
        };
        Some(Self::Spelling { field, stored: number(stored), sent: number(sent) })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spelling { field, stored, sent } => {
                write!(f, "the stored text differs: in {field}, {stored} is stored and {sent} was sent")
            }
            Self::Text(field) => {
                write!(
                    f,
                    "the stored text differs: {field} is equal JSON, but its spaces, numbers, repeated keys or the order of its keys differ"
                )
            }
            Self::Value(field) => {
                write!(
                    f,
                    "the stored {field} differs from what was sent; a trigger or rule on the table may have changed it"
                )
            }
        }
    }
}
