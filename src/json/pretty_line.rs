//! The parts of a line of formatted JSON, for colours. Such a line has at most one key and one value, so only its
//! beginning is examined, however long the value is.

/// A part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrettyPart {
    /// Brackets, commas and spaces, or text that is not JSON.
    Plain,
    Key,
    String,
    Number,
    Literal,
}

/// Returns the parts of a line from left to right, each with the byte at which it ends.
#[must_use]
pub(crate) fn parts_of(line: &str) -> Vec<(usize, PrettyPart)> {
    let mut parts = Vec::new();
    let mut at = line.len() - line.trim_start_matches(' ').len();
    parts.push((at, PrettyPart::Plain));
    if let Some(length) = key_length(&line[at..]) {
        at += length;
        parts.push((at, PrettyPart::Key));
        at += 2;
        parts.push((at, PrettyPart::Plain));
    }
    let value = &line[at..];
    let part = match value.as_bytes().first() {
        Some(b'"') => PrettyPart::String,
        Some(b'-' | b'0'..=b'9') => PrettyPart::Number,
        Some(b't' | b'f' | b'n') => PrettyPart::Literal,
        _ => PrettyPart::Plain,
    };
    parts.push((at + value.strip_suffix(',').unwrap_or(value).len(), part));
    parts.push((line.len(), PrettyPart::Plain));
    parts
}

/// Returns the length of the key at the beginning of a text, with its quotes; none if it begins with a value.
fn key_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    let end = inside.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    inside[end + 1..].starts_with(": ").then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(line: &str) -> Vec<(&str, PrettyPart)> {
        let mut begin = 0;
        let parts =
            parts_of(line).into_iter().map(|(end, part)| (&line[std::mem::replace(&mut begin, end)..end], part));
        parts.filter(|(text, _)| !text.is_empty()).collect()
    }

    #[test]
    fn tells_keys_from_values() {
        use PrettyPart::{Key, Literal, Number, Plain, String};
        assert_eq!(
            parts(r#"  "a\"b": "x: y","#),
            [("  ", Plain), (r#""a\"b""#, Key), (": ", Plain), (r#""x: y""#, String), (",", Plain)]
        );
        assert_eq!(parts("    -1.50,"), [("    ", Plain), ("-1.50", Number), (",", Plain)]);
        assert_eq!(parts(r#""n": null"#), [(r#""n""#, Key), (": ", Plain), ("null", Literal)]);
        assert_eq!(parts("  \"list\": ["), [("  ", Plain), ("\"list\"", Key), (": ", Plain), ("[", Plain)]);
        assert_eq!(parts("},"), [("}", Plain), (",", Plain)]);
        assert_eq!(parts("\"ends with a quote \\\\\""), [("\"ends with a quote \\\\\"", String)]);
        assert_eq!(parts(""), []);
    }

    proptest::proptest! {
        #[test]
        fn parts_cover_every_line(line in "[ \"\\\\:,a1tné\\[{}-]{0,40}") {
            let mut before = 0;
            for (end, _) in parts_of(&line) {
                proptest::prop_assert!(end >= before && line.is_char_boundary(end));
                before = end;
            }
            proptest::prop_assert_eq!(before, line.len());
        }
    }
}
