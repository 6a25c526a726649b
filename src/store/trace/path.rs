//! Paths to a member of metadata, such as `$.domain.causation_id`. A path only names members; it has no filters and no
//! array subscripts, so the server and the client read it alike.

use std::fmt;
use std::str::FromStr;

use crate::json::{members, string_value};

/// A path to a member of an object, such as `$.domain.causation_id` or `$."my headers".cause`.
///
/// ```
/// use streamscope::store::trace::Path;
///
/// let path: Path = "$.domain.causation_id".parse()?;
/// assert_eq!(path.to_string(), "$.domain.causation_id");
/// assert!("domain".parse::<Path>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    steps: Vec<String>,
}

impl Path {
    pub(super) fn of(steps: &[&str]) -> Self {
        Self { steps: steps.iter().map(|step| (*step).to_owned()).collect() }
    }

    /// Returns the names of the members, from the outermost one.
    pub(super) fn steps(&self) -> &[String] {
        &self.steps
    }

    /// Returns the scalar at this path as text, as the SQL operator `#>>` does: a string without its quotes, and every
    /// other value as written. Returns `None` for null, objects and arrays, and if there is nothing.
    pub(super) fn text_in(&self, json: &str) -> Option<String> {
        let mut raw = json;
        for step in &self.steps {
            // The last of several equal keys counts, as in jsonb.
            raw = members(raw).into_iter().rev().find(|(key, _)| key == step)?.1;
        }
        match raw.as_bytes().first()? {
            b'"' => string_value(raw),
            b'{' | b'[' | b'n' => None,
            _ => Some(raw.to_owned()),
        }
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("\"{text}\" is not a path of member names, such as $.domain.causation_id");
        let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            rest = rest.strip_prefix('.').ok_or_else(wrong)?;
            let end = if rest.starts_with('"') {
                let closing = |(at, _): &(usize, char)| *at > 0 && string_value(&rest[..=*at]).is_some();
                rest.char_indices().filter(|(_, c)| *c == '"').find(closing).ok_or_else(wrong)?.0 + 1
            } else {
                rest.find('.').unwrap_or(rest.len())
            };
            let (step, after) = rest.split_at(end);
            let plain = !step.is_empty() && !step.contains(['[', ']', '"', '*', '?', ' ']);
            steps.push(match string_value(step) {
                Some(quoted) if step.starts_with('"') => quoted,
                _ if plain => step.to_owned(),
                _ => return Err(wrong()),
            });
            rest = after;
        }
        if steps.is_empty() { Err(wrong()) } else { Ok(Self { steps }) }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.steps.iter().try_for_each(|step| {
            let plain = step.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '$')) && !step.is_empty();
            if plain { write!(f, ".{step}") } else { write!(f, ".{}", serde_json::Value::from(step.as_str())) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_prints() {
        for text in ["$.a", "$.domain.causation_id", "$.\"a b\".c", "$.\"x\\\"y.z\"", "$.headers.$causationId"] {
            assert_eq!(text.parse::<Path>().expect(text).to_string(), text);
        }
        assert_eq!("$.a-b".parse::<Path>().expect("a path").to_string(), "$.\"a-b\"");
    }

    #[test]
    fn rejects_everything_but_member_names() {
        for text in ["", "$", "a", "$a", "$.", "$..a", "$.a[0]", "$.*", "$.a ? (@ > 1)", "$.\"open"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }

    #[test]
    fn returns_scalars_as_text() {
        let json =
            r#"{"a": {"n": 12345678901234567890, "s": "x\"y", "t": true, "z": null, "o": {}, "l": [1]}, "a2": 1}"#;
        let at = |path: &str| path.parse::<Path>().expect(path).text_in(json);
        assert_eq!(at("$.a.n").as_deref(), Some("12345678901234567890"));
        assert_eq!(at("$.a.s").as_deref(), Some("x\"y"));
        assert_eq!(at("$.a.t").as_deref(), Some("true"));
        for nothing in ["$.a.z", "$.a.o", "$.a.l", "$.a.none", "$.a2.n", "$.b"] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
    }
}
