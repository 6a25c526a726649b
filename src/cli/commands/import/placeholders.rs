//! The placeholders of new messages: `{{uuid}}` and `{{now}}` in strings. Keys and all other text stay as they are.

use jiff::Timestamp;
use uuid::Uuid;

use crate::cli::output::time::rfc3339_text;
use crate::json::scan::{Token, scan};

/// Every placeholder begins with this.
pub(super) const BRACES: &str = "{{";
/// Becomes a new UUID (version 7) each time. Values are longer than their placeholders.
pub(super) const UUID: &str = "{{uuid}}";
/// Becomes the current time, the same in the whole line.
const NOW: &str = "{{now}}";

/// Replaces the placeholders of one line.
pub(super) struct Placeholders {
    /// Bytes that the line may still grow.
    room: usize,
    now: Option<String>,
}

impl Placeholders {
    pub(super) fn new(room: usize) -> Self {
        Self { room, now: None }
    }

    /// Replaces the placeholders of a text.
    ///
    /// # Errors
    /// The reason why the line would become too long.
    pub(super) fn replace(&mut self, text: &str) -> Result<String, &'static str> {
        let mut out = String::new();
        self.append(&mut out, text)?;
        Ok(out)
    }

    /// Replaces the placeholders in all string values of a body that is known to be JSON.
    ///
    /// # Errors
    /// The reason why the line would become too long.
    pub(super) fn replace_in_body(&mut self, raw: &str) -> Result<String, &'static str> {
        let mut out = String::new();
        let mut copied = 0;
        let mut problem = None;
        // This cannot fail: the body was scanned before.
        let _ = scan(raw, |token| {
            if let (Token::String(range), None) = (token, problem) {
                out.push_str(&raw[copied..range.start]);
                problem = self.append(&mut out, &raw[range.clone()]).err();
                copied = range.end;
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        out.push_str(&raw[copied..]);
        Ok(out)
    }

    fn append(&mut self, out: &mut String, text: &str) -> Result<(), &'static str> {
        let mut rest = text;
        while let Some(start) = rest.find(BRACES) {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            let (placeholder, value) = if from.starts_with(UUID) {
                (UUID, Uuid::now_v7().to_string())
            } else if from.starts_with(NOW) {
                (NOW, self.now.get_or_insert_with(now).clone())
            } else {
                out.push('{');
                rest = &from[1..];
                continue;
            };
            let grown = value.len() - placeholder.len();
            self.room = self.room.checked_sub(grown).ok_or(
                "with its placeholders replaced, the line is longer than 256 MiB, more than Postgres can store",
            )?;
            out.push_str(&value);
            rest = &from[placeholder.len()..];
        }
        out.push_str(rest);
        Ok(())
    }
}

fn now() -> String {
    let now = Timestamp::now();
    rfc3339_text(Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_never_grows_past_the_limit() {
        let mut placeholders = Placeholders::new(1_000);
        let many = format!("\"{}\"", "{{now}}".repeat(100_000));
        assert!(placeholders.replace_in_body(&many).is_err() && placeholders.room < 20);
    }
}
