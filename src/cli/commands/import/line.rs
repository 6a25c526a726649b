//! Parses a line into a message and checks all of it as Postgres would. An error has the column of the problem. Bodies
//! and their numbers keep their text; only the placeholders of new messages are replaced.

use std::borrow::Cow;
use std::ops::Range;

use jiff::Timestamp;
use uuid::Uuid;

use super::placeholders::{self, BRACES, Placeholders};
use crate::bounded;
use crate::cli::output::time::rfc3339_text;
use crate::json::scan::Accept;
use crate::json::{scan_members, string_value};
use crate::message::{ExpectedVersion, StreamName};
use crate::store::import::{FIRST_TIME, Placement};

/// The keys of a line, which are those of EventoDB's export format.
pub(super) const KEYS: [&str; 8] = ["id", "stream", "type", "pos", "gpos", "data", "meta", "time"];
/// The default of data, as in the command `write`.
const NO_DATA: &str = "{}";

/// A valid line.
pub(super) struct ParsedLine {
    pub id: Uuid,
    pub stream: Text,
    pub message_type: Text,
    pub data: Option<Text>,
    pub metadata: Option<Text>,
    pub placement: Placement,
}

/// A text of a line.
pub(super) enum Text {
    /// A part of the line.
    Part(Range<usize>),
    /// A text with escapes, placeholders or a default.
    Made(String),
}

impl Text {
    fn of<'a>(&'a self, line: &'a str) -> &'a str {
        match self {
            Self::Part(range) => &line[range.clone()],
            Self::Made(made) => made,
        }
    }

    /// Returns the length in bytes.
    pub(super) fn length(&self) -> usize {
        match self {
            Self::Part(range) => range.len(),
            Self::Made(made) => made.len(),
        }
    }
}

impl ParsedLine {
    /// Returns the bytes of all texts.
    pub(super) fn length(&self) -> usize {
        let Self { stream, message_type, data, metadata, .. } = self;
        [Some(stream), Some(message_type), data.as_ref(), metadata.as_ref()]
            .into_iter()
            .flatten()
            .map(Text::length)
            .sum()
    }
}

/// Why a line is not a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineProblem {
    /// In characters, from 1; `None` if the problem concerns the whole line.
    pub column: Option<usize>,
    pub reason: String,
}

fn whole(reason: impl Into<String>) -> LineProblem {
    LineProblem { column: None, reason: reason.into() }
}

fn at(text: &str, offset: usize, reason: impl Into<String>) -> LineProblem {
    LineProblem { column: Some(text[..offset].chars().count() + 1), reason: reason.into() }
}

/// The ranges of the values in a line.
#[derive(Default)]
struct Values {
    /// In the order of [`KEYS`].
    known: [Option<Range<usize>>; 8],
    expected: Option<Range<usize>>,
}

#[derive(Debug, Clone)]
pub(super) struct LineParser {
    /// The key that holds the expected version.
    expected_from: Option<String>,
    /// The longest line in bytes, after its placeholders are replaced.
    longest: usize,
}

impl LineParser {
    pub(super) fn new(expected_from: Option<String>) -> Self {
        Self { expected_from, longest: bounded::LINE }
    }

    /// Parses a line.
    ///
    /// # Errors
    /// The first problem of the line.
    pub(super) fn message(&self, text: &str) -> Result<ParsedLine, LineProblem> {
        let Values { known: [id, stream, message_type, pos, gpos, data, meta, time], expected } = self.values(text)?;
        let present = |range: Option<Range<usize>>| range.filter(|range| &text[range.clone()] != "null");
        let stream_range = stream.ok_or_else(|| whole("\"stream\" is missing"))?;
        let message_type = message_type.ok_or_else(|| whole("\"type\" is missing"))?;
        let (pos, gpos, time, expected) = (present(pos), present(gpos), present(time), present(expected));

        let room = self.longest.saturating_sub(text.len());
        let mut strings = Strings { text, placeholders: pos.is_none().then(|| Placeholders::new(room)) };
        let stream = strings.get(&stream_range, "stream")?;
        let message_type = strings.get(&message_type, "type")?;
        let (id, generated) = strings.id(present(id))?;
        let no_data = data.is_none();
        let (mut data, metadata) = (present(data).map(Text::Part), present(meta).map(Text::Part));
        let placement = if let Some(pos) = pos {
            kept(&mut strings, &pos, gpos, time, expected)?
        } else {
            // Only a store may hold any name.
            StreamName::new(stream.of(text)).map_err(|error| at(text, stream_range.start, error.to_string()))?;
            if no_data {
                data = Some(Text::Made(NO_DATA.to_owned()));
            }
            next(text, gpos, time, expected, generated)?
        };
        let (data, metadata) = (strings.body(data)?, strings.body(metadata)?);
        Ok(ParsedLine { id, stream, message_type, data, metadata, placement })
    }

    /// Scans a line. Unknown and repeated keys are refused.
    fn values(&self, text: &str) -> Result<Values, LineProblem> {
        let mut values = Values::default();
        let mut wrong: Option<LineProblem> = None;
        let outcome = scan_members(Accept::Jsonb, text, |key, value| {
            let Some(key) = key else {
                wrong.get_or_insert_with(|| at(text, value.start, "a message must be a JSON object"));
                return;
            };
            let raw = &text[key.clone()];
            let name = decoded(raw);
            let slot = match KEYS.iter().position(|known| *known == name) {
                Some(index) => &mut values.known[index],
                None if self.expected_from.as_deref() == Some(&*name) => &mut values.expected,
                None => {
                    let reason = || format!("unknown key {raw}; the keys are {}", KEYS.join(", "));
                    wrong.get_or_insert_with(|| at(text, key.start, reason()));
                    return;
                }
            };
            if slot.replace(value).is_some() {
                wrong.get_or_insert_with(|| at(text, key.start, format!("duplicate key {raw}")));
            }
        });
        outcome.map_err(|problem| LineProblem { column: Some(problem.column), reason: problem.reason })?;
        wrong.map_or(Ok(values), Err)
    }
}

/// The strings of a line.
struct Strings<'a> {
    text: &'a str,
    /// Set for a new message, in which placeholders are replaced.
    placeholders: Option<Placeholders>,
}

impl Strings<'_> {
    fn get(&mut self, range: &Range<usize>, key: &str) -> Result<Text, LineProblem> {
        let raw = &self.text[range.clone()];
        if !raw.starts_with('"') {
            return Err(at(self.text, range.start, format!("\"{key}\" must be a string")));
        }
        let value = decoded(raw);
        match (&mut self.placeholders, value) {
            (Some(placeholders), value) if raw.contains(BRACES) => {
                placeholders.replace(&value).map(Text::Made).map_err(whole)
            }
            (_, Cow::Borrowed(_)) => Ok(Text::Part(range.start + 1..range.end - 1)),
            (_, Cow::Owned(made)) => Ok(Text::Made(made)),
        }
    }

    /// Replaces the placeholders of a body.
    fn body(&mut self, body: Option<Text>) -> Result<Option<Text>, LineProblem> {
        match (&mut self.placeholders, body) {
            (Some(placeholders), Some(body)) if body.of(self.text).contains(BRACES) => {
                placeholders.replace_in_body(body.of(self.text)).map(|body| Some(Text::Made(body))).map_err(whole)
            }
            (_, body) => Ok(body),
        }
    }

    /// Returns the ID, and whether it is new: generated, or made with a placeholder.
    fn id(&mut self, range: Option<Range<usize>>) -> Result<(Uuid, bool), LineProblem> {
        let Some(range) = range else {
            if self.placeholders.is_none() {
                return Err(whole("\"id\" is missing; a message with a position needs one"));
            }
            return Ok((Uuid::now_v7(), true));
        };
        let id = Uuid::try_parse(self.get(&range, "id")?.of(self.text))
            .map_err(|error| at(self.text, range.start, format!("\"id\" is not a UUID: {error}")))?;
        Ok((id, self.text[range].contains(placeholders::UUID)))
    }
}

/// Returns the text of a JSON string of a scanned line. A string without escapes is not copied.
fn decoded(raw: &str) -> Cow<'_, str> {
    let plain = &raw[1..raw.len() - 1];
    let decoded = if plain.contains('\\') { string_value(raw) } else { None };
    decoded.map_or(Cow::Borrowed(plain), Cow::Owned)
}

/// The placement of a message with a position.
fn kept(
    strings: &mut Strings<'_>,
    pos: &Range<usize>,
    gpos: Option<Range<usize>>,
    time: Option<Range<usize>>,
    expected: Option<Range<usize>>,
) -> Result<Placement, LineProblem> {
    let text = strings.text;
    if let Some(expected) = expected {
        return Err(at(text, expected.start, "a message with a position cannot have an expected version"));
    }
    let position = number(text, pos, "pos", 0)?;
    let global_position = gpos.map(|gpos| number(text, &gpos, "gpos", i64::MIN)).transpose()?;
    let range = time.ok_or_else(|| whole("\"time\" is missing; a message with a position needs one"))?;
    let time = strings.get(&range, "time")?;
    let time = kept_time(time.of(text)).map_err(|reason| at(text, range.start, format!("\"time\" {reason}")))?;
    Ok(Placement::Kept { position, global_position, time })
}

/// The placement of a message without a position.
fn next(
    text: &str,
    gpos: Option<Range<usize>>,
    time: Option<Range<usize>>,
    expected: Option<Range<usize>>,
    generated: bool,
) -> Result<Placement, LineProblem> {
    for (range, key) in [(gpos, "gpos"), (time, "time")] {
        if let Some(range) = range {
            let reason = format!("\"{key}\" without \"pos\": the store assigns it to a message without a position");
            return Err(at(text, range.start, reason));
        }
    }
    let expected = expected.map(|range| expected_version(text, &range)).transpose()?;
    Ok(Placement::Next { expected, generated })
}

/// Returns a line as text.
///
/// # Errors
/// The place of the first invalid byte.
pub(super) fn as_text(line: &[u8]) -> Result<&str, LineProblem> {
    std::str::from_utf8(line).map_err(|error| {
        let before = String::from_utf8_lossy(&line[..error.valid_up_to()]).chars().count();
        LineProblem { column: Some(before + 1), reason: "invalid UTF-8".to_owned() }
    })
}

/// Parses a time, to the microsecond.
fn kept_time(text: &str) -> Result<Timestamp, String> {
    let parsed = match text {
        "infinity" => return Ok(Timestamp::MAX),
        "-infinity" => return Ok(Timestamp::MIN),
        _ => text.parse::<Timestamp>(),
    };
    // The conversion to microseconds also enforces the upper limit of jiff.
    let time = parsed.and_then(|time| Timestamp::from_microsecond(time.as_microsecond()));
    let time = time.map_err(|error| format!("is not an RFC 3339 time before 9999-12-30T22:00:00Z: {error}"))?;
    if time < FIRST_TIME {
        return Err(format!("is before {}, the earliest time that Postgres can store", rfc3339_text(FIRST_TIME)));
    }
    Ok(time)
}

fn number(text: &str, range: &Range<usize>, key: &str, least: i64) -> Result<i64, LineProblem> {
    let value = text[range.clone()].parse::<i64>().ok().filter(|value| *value >= least);
    value.ok_or_else(|| {
        let least = if least == 0 { " ≥ 0" } else { "" };
        at(text, range.start, format!("\"{key}\" must be a whole number{least}"))
    })
}

fn expected_version(text: &str, range: &Range<usize>) -> Result<ExpectedVersion, LineProblem> {
    let raw = &text[range.clone()];
    let word = string_value(raw);
    let version = word.as_deref().unwrap_or(raw).parse::<ExpectedVersion>();
    version.map_err(|reason| at(text, range.start, format!("invalid expected version: {reason}")))
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy as _;

    use super::super::batch::BatchMessages;
    use super::*;
    use crate::store::import::{ImportedMessage, MessageRef, Messages as _};

    const ID: &str = "0191b2c3-0000-7000-8000-000000000001";

    /// Parses a line and adds it to a batch.
    fn message(parser: &LineParser, line: &[u8]) -> Result<ImportedMessage, LineProblem> {
        let parsed = parser.message(as_text(line)?)?;
        let length = parsed.length();
        let mut messages = BatchMessages::default();
        messages.add(&mut line.to_vec(), parsed);
        let MessageRef { id, stream, message_type, data, metadata, placement } = messages.get(0);
        let message = ImportedMessage {
            id,
            stream: StreamName::stored(stream),
            message_type: message_type.to_owned(),
            data: data.map(str::to_owned),
            metadata: metadata.map(str::to_owned),
            placement,
        };
        let texts = [Some(stream), Some(message_type), data, metadata];
        assert_eq!(length, texts.into_iter().flatten().map(str::len).sum::<usize>());
        Ok(message)
    }

    fn read(line: &str) -> Result<ImportedMessage, LineProblem> {
        message(&LineParser::new(Some("expected".to_owned())), line.as_bytes())
    }

    fn problem(line: &str) -> (Option<usize>, String) {
        let problem = read(line).expect_err("a wrong line");
        (problem.column, problem.reason)
    }

    #[test]
    fn reads_an_exported_line_with_position_and_time() {
        let line = format!(
            "{{\"id\":\"{ID}\",\"stream\":\"account-1\",\"type\":\"Opened\",\"pos\":3,\"gpos\":12,\
             \"data\":{{\"n\":1.10}},\"meta\":null,\"time\":\"2026-03-01T12:00:00.123456789+01:00\"}}\r"
        );
        let message = read(&line).expect("a message");
        assert_eq!(message.id.to_string(), ID);
        assert_eq!((message.data.as_deref(), message.metadata), (Some("{\"n\":1.10}"), None));
        let time = "2026-03-01T11:00:00.123456Z".parse().expect("a time");
        assert_eq!(message.placement, Placement::Kept { position: 3, global_position: Some(12), time });
    }

    #[test]
    fn long_bodies_keep_their_text() {
        for (data, meta) in [(70_000, 3), (3, 70_000), (70_000, 80_000)] {
            let (data, meta) = (format!("\"{}\"", "ä".repeat(data)), format!("\"{}\"", "é".repeat(meta)));
            let line = format!(
                "{{\"meta\":{meta},\"data\":{data},\"id\":\"{ID}\",\"stream\":\"a-1\",\"type\":\"T\",\"pos\":0,\
                 \"time\":\"2026-03-01T12:00:00Z\"}}"
            );
            let message = read(&line).expect("a message");
            assert!(message.data.as_ref() == Some(&data) && message.metadata.as_ref() == Some(&meta));
        }
    }

    #[test]
    fn replaces_placeholders_only_in_strings_of_lines_without_a_position() {
        let line = r#"{"stream":"account-{{uuid}}","type":"Opened","data":{"{{now}}":["{{now}}","{{uuid}} {{x}}"]}}"#;
        let (first, second) = (read(line).expect("a message"), read(line).expect("a message"));
        assert_ne!(first.stream, second.stream);
        let data: serde_json::Value = serde_json::from_str(&first.data.expect("data")).expect("JSON");
        let list = data["{{now}}"].as_array().expect("the list of the line");
        assert!(list[0].as_str().expect("a string").parse::<Timestamp>().is_ok());
        let (id, rest) = list[1].as_str().and_then(|text| text.split_once(' ')).expect("two words");
        assert!(Uuid::try_parse(id).is_ok() && rest == "{{x}}");

        let line = format!(
            "{{\"id\":\"{ID}\",\"stream\":\"a-{{{{uuid}}}}\",\"type\":\"T\",\"pos\":0,\"data\":\"{{{{now}}}}\",\
             \"time\":\"2026-03-01T12:00:00Z\"}}"
        );
        let message = read(&line).expect("a message");
        assert_eq!((message.stream.as_str(), message.data.as_deref()), ("a-{{uuid}}", Some("\"{{now}}\"")));
    }

    #[test]
    fn refuses_a_line_that_placeholders_would_make_too_long() {
        let line = |data: &str| format!("{{\"stream\":\"a-1\",\"type\":\"T\",\"data\":{data}}}").into_bytes();
        let within = |longest, line: Vec<u8>| message(&LineParser { longest, ..LineParser::new(None) }, &line);
        let filled = line(r#"["{{uuid}}", "{{uuid}}", "plain"]"#);
        let length = filled.len() + 2 * (36 - placeholders::UUID.len());
        assert!(within(length, filled.clone()).is_ok());
        let problem = within(length - 1, filled).expect_err("a line that is too long");
        assert!(problem.reason.contains("longer than 256 MiB"), "{problem:?}");
    }

    #[test]
    fn missing_data_is_an_empty_object_and_null_stays_null() {
        assert_eq!(read(r#"{"stream":"a-1","type":"T"}"#).expect("a message").data.as_deref(), Some("{}"));
        assert_eq!(read(r#"{"stream":"a-1","type":"T","data":null}"#).expect("a message").data, None);
    }

    #[test]
    fn the_expected_version_is_a_number_or_a_word() {
        for (given, expected) in [
            ("-1", Some(ExpectedVersion::NoStream)),
            ("\"none\"", Some(ExpectedVersion::NoStream)),
            ("7", Some(ExpectedVersion::At(7))),
            ("\"any\"", Some(ExpectedVersion::Any)),
            ("null", None),
        ] {
            let message = read(&format!(r#"{{"stream":"a-1","type":"T","expected":{given}}}"#)).expect("a message");
            assert_eq!(message.placement, Placement::Next { expected, generated: true }, "{given}");
        }
    }

    #[test]
    fn errors_have_the_column_of_the_problem() {
        let cases = [
            (r#"{"stream":"a-1","type":"T","x":1}"#, Some(28), "unknown key \"x\""),
            (r#"{"stream":"a-1","type":"T","type":"T"}"#, Some(28), "duplicate key \"type\""),
            (r#"{"stream":1,"type":"T"}"#, Some(11), "\"stream\" must be a string"),
            (r#"{"type":"T"}"#, None, "\"stream\" is missing"),
            (r#"{"stream":"account","type":"T"}"#, Some(11), "must be a stream name"),
            (r#"{"stream":"a-1","type":"T","pos":-1}"#, None, "\"id\" is missing"),
            (r#"{"stream":"a-1","type":"T","time":"2026-03-01T12:00:00Z"}"#, Some(35), "\"time\" without \"pos\""),
            (r#"{"stream":"a-1","type":"T","expected":-2}"#, Some(39), "invalid expected version"),
            (r#"{"stream":"a-1","type":"T","data":"\u0000"}"#, Some(36), "\\u0000"),
            (r#"{"stream":"a-1","type":"T","data":"\ud800"}"#, Some(36), "lone surrogate"),
            (r#"{"stream":"a-1","ty"#, Some(17), "not closed"),
            (r#"[{"stream":"a-1"}]"#, Some(1), "a message must be a JSON object"),
            ("7", Some(1), "a message must be a JSON object"),
        ];
        for (line, column, reason) in cases {
            let (found, told) = problem(line);
            assert!(told.contains(reason), "{line}: {told}");
            assert_eq!(found, column, "{line}");
        }
        let mut bytes = "{\"stream\":\"ä".as_bytes().to_vec();
        bytes.push(0xff);
        let problem = message(&LineParser::new(None), &bytes).expect_err("bytes that are not UTF-8");
        assert_eq!((problem.column, problem.reason.as_str()), (Some(13), "invalid UTF-8"));
    }

    #[test]
    fn refuses_values_of_the_wrong_type() {
        let good = format!(
            "{{\"id\":\"{ID}\",\"stream\":\"a-1\",\"type\":\"T\",\"pos\":0,\"gpos\":1,\"time\":\"2026-03-01T12:00:00Z\"}}"
        );
        assert!(read(&good).is_ok());
        for (from, to, told) in [
            ("\"pos\":0", "\"pos\":0.5", "\"pos\" must be a whole number"),
            ("\"pos\":0", "\"pos\":\"0\"", "\"pos\" must be a whole number"),
            ("\"gpos\":1", "\"gpos\":99999999999999999999", "\"gpos\" must be a whole number"),
            ("\"type\":\"T\"", "\"type\":null", "\"type\" must be a string"),
            (ID, "0191b2c3", "\"id\" is not a UUID"),
            ("2026-03-01T12:00:00Z", "yesterday", "\"time\" is not an RFC 3339 time"),
            ("\"time\":\"2026-03-01T12:00:00Z\"", "\"data\":1", "\"time\" is missing"),
        ] {
            let (_, reason) = problem(&good.replace(from, to));
            assert!(reason.contains(told), "{to}: {reason}");
        }
    }

    /// Random sequences of fragments, many of which are nearly valid lines.
    fn pieces() -> impl proptest::strategy::Strategy<Value = String> {
        const PIECES: [&str; 22] = [
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u00",
            "\"stream\":",
            "\"type\":",
            "\"data\":",
            "\"pos\":0",
            "\"gpos\":",
            "\"id\":",
            "\"a-1\"",
            "\"{{uuid}}\"",
            "\"{{now}}\"",
            "\"time\":",
            "\"expected\":-1",
            "1e400",
            "null",
            "ä\u{202e}",
        ];
        proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest::proptest! {
        #[test]
        fn every_line_is_a_message_or_an_error_with_a_column_inside_it(line in proptest::prop_oneof![pieces(), ".*"]) {
            if let Err(problem) = read(&line) {
                proptest::prop_assert!(!problem.reason.is_empty());
                let length = line.chars().count();
                proptest::prop_assert!(problem.column.is_none_or(|column| (1..=length + 1).contains(&column)), "{problem:?}");
            }
        }

        #[test]
        fn reading_a_written_line_returns_the_same_message(
            stream in "[^\0]{1,20}", message_type in "[^\0]{0,12}", text in "[^\0]{0,40}", position in 0..i64::MAX,
            microseconds in -60_000_000_000_000_000..250_000_000_000_000_000_i64,
        ) {
            let time = Timestamp::from_microsecond(microseconds).expect("a time");
            let message = crate::message::Message {
                id: ID.parse().expect("an id"),
                stream: StreamName::stored(stream),
                message_type,
                position,
                global_position: position,
                data: Some(serde_json::json!({ &text: [text, 1.5] }).to_string()),
                metadata: None,
                time,
                flaw: None,
            };
            for terminal in [false, true] {
                let mut line = Vec::new();
                crate::json_lines::message(&mut line, &message, terminal);
                let read = self::message(&LineParser::new(None), &line).expect("a written line");
                proptest::prop_assert_eq!(&read.stream, &message.stream);
                proptest::prop_assert_eq!(&read.message_type, &message.message_type);
                let placement = Placement::Kept { position, global_position: Some(position), time };
                proptest::prop_assert_eq!(read.placement, placement);
                let value = |body: &Option<String>| {
                    body.as_ref().map(|text| serde_json::from_str::<serde_json::Value>(text).expect("json"))
                };
                proptest::prop_assert_eq!(value(&read.data), value(&message.data));
                proptest::prop_assert!(terminal || read.data == message.data);
            }
        }
    }
}
