//! Writes JSON lines into a buffer. Bodies are copied as the server printed them, so numbers keep their digits.
//! Nothing is parsed or serialised again.

use std::fmt::Display;
use std::io::Write as _;

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::message::Message;
use crate::safe_text::is_hidden;

/// Writes an object key by key, in the order of the calls.
#[must_use = "an object ends with end()"]
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    before: u8,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn begin(out: &'a mut Vec<u8>) -> Self {
        Self { out, before: b'{' }
    }

    fn key(&mut self, key: &'static str) {
        self.out.push(self.before);
        self.before = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Adds a string, with hidden characters escaped.
    pub(crate) fn string(mut self, key: &'static str, value: &str) -> Self {
        self.key(key);
        string(self.out, value);
        self
    }

    pub(crate) fn string_or_null(self, key: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds a number, or any other value whose `Display` is JSON.
    pub(crate) fn number(mut self, key: &'static str, value: impl Display) -> Self {
        self.key(key);
        // Writing to a Vec does not fail.
        let _ = write!(self.out, "{value}");
        self
    }

    pub(crate) fn number_or_null(self, key: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.number(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds JSON text unchanged, except that line breaks, which would end the line, become blanks. JSON has them only
    /// between its tokens.
    pub(crate) fn raw(mut self, key: &'static str, value: &str) -> Self {
        self.key(key);
        if value.contains(['\n', '\r']) {
            self.out.extend(value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        } else {
            self.out.extend_from_slice(value.as_bytes());
        }
        self
    }

    /// Adds a time as RFC 3339 in UTC.
    pub(crate) fn time(mut self, key: &'static str, value: Timestamp) -> Self {
        self.key(key);
        self.out.push(b'"');
        rfc3339(self.out, value);
        self.out.push(b'"');
        self
    }

    pub(crate) fn time_or_null(self, key: &'static str, value: Option<Timestamp>) -> Self {
        match value {
            Some(value) => self.time(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Ends the object and the line.
    pub(crate) fn end(self) {
        if self.before == b'{' {
            self.out.push(b'{');
        }
        self.out.extend_from_slice(b"}\n");
    }
}

/// Writes a message in EventoDB's export format. Bodies keep the text of the server, except that for a terminal hidden
/// and control characters become the equivalent JSON escapes.
pub(crate) fn message(out: &mut Vec<u8>, message: &Message, terminal: bool) {
    let mut id = [0; uuid::fmt::Hyphenated::LENGTH];
    let object = Object::begin(out)
        .string("id", message.id.hyphenated().encode_lower(&mut id))
        .string("stream", message.stream.as_str())
        .string("type", &message.message_type)
        .number("pos", message.position)
        .number("gpos", message.global_position);
    let object = body(object, "data", message.data.as_deref(), terminal);
    let object = body(object, "meta", message.metadata.as_deref(), terminal);
    let object = object.time("time", message.time);
    match &message.flaw {
        // The extra key makes every import refuse the line.
        Some(flaw) => object.string("unreadable", flaw).end(),
        None => object.end(),
    }
}

fn body<'a>(object: Object<'a>, key: &'static str, body: Option<&str>, terminal: bool) -> Object<'a> {
    match body {
        Some(body) if terminal => object.raw(key, &visible(body)),
        Some(body) => object.raw(key, body),
        None => object.raw(key, "null"),
    }
}

/// Escapes the hidden characters of JSON text. Except for blanks, they are all inside strings, because JSON is ASCII
/// outside.
fn visible(json: &str) -> String {
    let mut out = Vec::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\n' | '\r' | '\t') {
            out.push(b' ');
        } else if is_hidden(c) {
            escape(&mut out, c);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes a time as Go's `RFC3339Nano` does: `2026-03-01T12:00:00.1234Z`, without trailing zeros of the fraction. Years
/// before 0 have six digits (`-004712-…`). [`Timestamp::MIN`] and [`Timestamp::MAX`] become `-infinity` and `infinity`,
/// as on the server.
pub(crate) fn rfc3339(out: &mut Vec<u8>, time: Timestamp) {
    for (outside, word) in [(Timestamp::MIN, "-infinity"), (Timestamp::MAX, "infinity")] {
        if time == outside {
            return out.extend_from_slice(word.as_bytes());
        }
    }
    let t = Offset::UTC.to_datetime(time);
    let width = if t.year() < 0 { 7 } else { 4 };
    // Writing to a Vec does not fail.
    let _ = write!(
        out,
        "{:0width$}-{:02}-{:02}T{:02}:{:02}:{:02}",
        t.year(),
        t.month(),
        t.day(),
        t.hour(),
        t.minute(),
        t.second()
    );
    let mut fraction = t.subsec_nanosecond();
    if fraction != 0 {
        let mut digits = 9;
        while fraction % 10 == 0 {
            fraction /= 10;
            digits -= 1;
        }
        let _ = write!(out, ".{fraction:0digits$}");
    }
    out.push(b'Z');
}

/// Writes a JSON string in quotes.
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let plain = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\';
    if value.bytes().all(plain) {
        out.extend_from_slice(value.as_bytes());
    } else {
        for c in value.chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                c if c < ' ' || is_hidden(c) => escape(out, c),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }
    out.push(b'"');
}

fn escape(out: &mut Vec<u8>, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _ = write!(out, "\\u{unit:04x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StreamName;
    use uuid::Uuid;

    fn text(out: Vec<u8>) -> String {
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    fn sample(data: Option<&str>) -> Message {
        Message {
            id: Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_002a),
            stream: StreamName::stored("account-1"),
            message_type: "Opened".to_owned(),
            position: 0,
            global_position: 12,
            data: data.map(str::to_owned),
            metadata: None,
            time: Timestamp::from_microsecond(1_740_830_400_120_000).expect("in range"),
            flaw: None,
        }
    }

    #[test]
    fn a_message_has_ordered_keys_and_an_unchanged_body() {
        let mut out = Vec::new();
        message(&mut out, &sample(Some(r#"{"n": 12345678901234567890123, "m": 1.10}"#)), false);
        assert_eq!(
            text(out),
            "{\"id\":\"01910000-0000-7000-8000-00000000002a\",\"stream\":\"account-1\",\"type\":\"Opened\",\"pos\":0,\"gpos\":12,\
             \"data\":{\"n\": 12345678901234567890123, \"m\": 1.10},\"meta\":null,\"time\":\"2025-03-01T12:00:00.12Z\"}\n"
        );
    }

    #[test]
    fn escapes_hidden_characters_of_bodies_only_on_a_terminal() {
        let raw = "{\"a\": \"\u{9b}31m\u{202e}\"}";
        let mut plain = Vec::new();
        message(&mut plain, &sample(Some(raw)), false);
        assert!(text(plain).contains(raw));
        let mut shown = Vec::new();
        message(&mut shown, &sample(Some(raw)), true);
        assert!(text(shown).contains(r#"{"a": "\u009b31m\u202e"}"#));
    }

    #[test]
    fn a_body_with_line_breaks_stays_on_its_line() {
        for terminal in [false, true] {
            let mut out = Vec::new();
            message(&mut out, &sample(Some("{\r\n\t\"a\": [1,\n2]\n}")), terminal);
            let out = text(out);
            assert_eq!(out.lines().count(), 1, "{out:?}");
            let read: serde_json::Value = serde_json::from_str(&out).expect("valid JSON");
            assert_eq!(read["data"], serde_json::json!({ "a": [1, 2] }));
        }
    }

    #[test]
    fn strings_read_back_unchanged() {
        for value in [
            "",
            "a\"b\\c",
            "\u{0}\u{1b}[31m\u{7f}\u{85}\n\r\t",
            "ä漢🙂",
            "\u{202e}\u{200b}\u{feff}\u{2028}",
            "\u{e0001}",
        ] {
            let mut out = Vec::new();
            string(&mut out, value);
            let out = text(out);
            assert_eq!(serde_json::from_str::<String>(&out).expect("valid JSON"), value);
            assert!(out.chars().all(|c| !c.is_control()), "{out:?}");
        }
    }

    #[test]
    fn an_object_without_keys_is_empty() {
        let mut out = Vec::new();
        Object::begin(&mut out).end();
        assert_eq!(text(out), "{}\n");
    }
}
