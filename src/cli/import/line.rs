//! A line as a message: checked whole, as Postgres would, with the place of what is wrong in it. Numbers and bodies stay the
//! text that they came as; only the placeholders of hand-written lines are filled in.

use std::ops::Range;

use jiff::Timestamp;
use uuid::Uuid;

use super::input::LONGEST;
use crate::cli::output::time::rfc3339_text;
use crate::json::scan::{Token, scan};
use crate::json::string_value;
use crate::message::{ExpectedVersion, StreamName};
use crate::store::import::{FIRST_TIME, ImportedMessage, Place};

/// The keys of EventoDB's export format.
pub const KEYS: [&str; 8] = ["id", "stream", "type", "pos", "gpos", "data", "meta", "time"];
/// Placeholders of hand-written lines. What takes their place is longer.
const UUID: &str = "{{uuid}}";
const NOW: &str = "{{now}}";
/// A body above this size is not copied out of its line: it takes the line's own memory.
const MOVED: usize = 1 << 16;

/// Why a line is no message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineProblem {
    /// In characters, from 1; none where the line as a whole is meant.
    pub column: Option<usize>,
    /// In words.
    pub reason: String,
}

fn whole(reason: impl Into<String>) -> LineProblem {
    LineProblem { column: None, reason: reason.into() }
}

fn at(text: &str, offset: usize, reason: impl Into<String>) -> LineProblem {
    LineProblem { column: Some(text[..offset].chars().count() + 1), reason: reason.into() }
}

/// Where the values of a line are.
#[derive(Default)]
struct Members {
    values: [Option<Range<usize>>; 8],
    expected: Option<Range<usize>>,
}

/// Reads lines.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The key that holds the expected version.
    expected_from: Option<String>,
    /// The longest line, with its placeholders filled in.
    longest: usize,
}

impl Reader {
    pub fn new(expected_from: Option<String>) -> Self {
        Self { expected_from, longest: LONGEST }
    }

    /// A message from a line; the line may be taken apart.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn message(&self, line: &mut Vec<u8>) -> Result<ImportedMessage, LineProblem> {
        let text = std::str::from_utf8(line).map_err(|error| {
            let before = String::from_utf8_lossy(&line[..error.valid_up_to()]).chars().count();
            LineProblem { column: Some(before + 1), reason: "this is not UTF-8".to_owned() }
        })?;
        let Members { values: [id, stream, message_type, pos, gpos, data, meta, time], expected } =
            self.members(text)?;
        let present = |range: Option<Range<usize>>| range.filter(|range| &text[range.clone()] != "null");
        let (pos, gpos, time, expected) = (present(pos), present(gpos), present(time), present(expected));

        let stream = stream.ok_or_else(|| whole("\"stream\" is missing"))?;
        let message_type = message_type.ok_or_else(|| whole("\"type\" is missing"))?;
        let kept = pos.is_some();
        let mut filling = Filling { room: self.longest.saturating_sub(text.len()), now: None };
        let mut string = |range: &Range<usize>, key: &str| {
            let value = string_value(&text[range.clone()]);
            let value = value.ok_or_else(|| at(text, range.start, format!("\"{key}\" must be a string")))?;
            if kept { Ok(value) } else { filling.filled(&value) }
        };
        let stream_name = string(&stream, "stream")?;
        let message_type = string(&message_type, "type")?;
        let given_id = present(id.clone());
        // An id with a placeholder is as new as none.
        let minted = given_id.as_ref().is_none_or(|range| text[range.clone()].contains(UUID));
        let id = match &given_id {
            None if kept => return Err(whole("\"id\" is missing, and the message has a position")),
            None => Uuid::now_v7(),
            Some(range) => Uuid::try_parse(&string(range, "id")?)
                .map_err(|error| at(text, range.start, format!("\"id\" is no UUID: {error}")))?,
        };
        let place = if let Some(pos) = pos {
            if let Some(expected) = expected {
                return Err(at(text, expected.start, "an expected version, and the message has a position"));
            }
            let position = number(text, &pos, "pos", 0)?;
            let global_position = gpos.map(|gpos| number(text, &gpos, "gpos", i64::MIN)).transpose()?;
            let time = time.ok_or_else(|| whole("\"time\" is missing, and the message has a position"))?;
            let time = kept_time(&string(&time, "time")?)
                .map_err(|reason| at(text, time.start, format!("\"time\" {reason}")))?;
            Place::Kept { position, global_position, time }
        } else {
            for (range, key) in [(gpos, "gpos"), (time, "time")] {
                if let Some(range) = range {
                    let reason =
                        format!("\"{key}\" without \"pos\": a message without a position gets it from the store");
                    return Err(at(text, range.start, reason));
                }
            }
            let expected = expected.map(|range| expected_version(text, &range)).transpose()?;
            Place::Next { expected, minted }
        };
        let stream = if kept {
            // Any text that a store may hold.
            StreamName::stored(stream_name)
        } else {
            StreamName::new(stream_name).map_err(|error| at(text, stream.start, error.to_string()))?
        };
        let filled = |range: &Option<Range<usize>>| {
            !kept && range.as_ref().is_some_and(|range| text[range.clone()].contains("{{"))
        };
        let (no_data, data, meta) = (data.is_none(), present(data), present(meta));
        let (mut data, metadata) = if filled(&data) || filled(&meta) {
            let mut body = |range: Option<Range<usize>>| range.map(|range| filling.body(&text[range])).transpose();
            (body(data)?, body(meta)?)
        } else {
            bodies(line, data, meta)
        };
        if no_data && !kept {
            // As it is for the command "write".
            data = Some("{}".to_owned());
        }
        Ok(ImportedMessage { id, stream, message_type, data, metadata, place })
    }

    fn members(&self, text: &str) -> Result<Members, LineProblem> {
        let mut members = Members::default();
        let mut depth = 0_usize;
        let mut begin = 0;
        // The key whose value comes next, and the first thing that is wrong with the keys.
        let mut key: Option<Range<usize>> = None;
        let mut wrong: Option<LineProblem> = None;
        let mut found = |key: Option<Range<usize>>, value: Range<usize>| {
            let Some(key) = key else {
                wrong.get_or_insert_with(|| at(text, value.start, "a message is a JSON object"));
                return;
            };
            let raw = &text[key.clone()];
            let plain = &raw[1..raw.len() - 1];
            let decoded = if plain.contains('\\') { string_value(raw) } else { None };
            let name = decoded.as_deref().unwrap_or(plain);
            let slot = match KEYS.iter().position(|known| *known == name) {
                Some(index) => &mut members.values[index],
                None if self.expected_from.as_deref() == Some(name) => &mut members.expected,
                None => {
                    let known = KEYS.join(", ");
                    wrong.get_or_insert_with(|| {
                        at(text, key.start, format!("unknown key {raw}; a message has {known}"))
                    });
                    return;
                }
            };
            if slot.replace(value).is_some() {
                wrong.get_or_insert_with(|| at(text, key.start, format!("the key {raw} is there twice")));
            }
        };
        let outcome = scan(text, |token| match token {
            Token::Open { at, object } => {
                if depth == 1 || (depth == 0 && !object) {
                    begin = at;
                }
                depth += 1;
                if depth == 1 && !object {
                    found(None, at..at);
                }
            }
            Token::Close { end } => {
                depth -= 1;
                if depth == 1
                    && let Some(key) = key.take()
                {
                    found(Some(key), begin..end);
                }
            }
            Token::Key(range) if depth == 1 => key = Some(range),
            Token::String(range) | Token::Number(range) | Token::Literal(range) if depth == 1 => {
                if let Some(key) = key.take() {
                    found(Some(key), range);
                }
            }
            Token::String(range) | Token::Number(range) | Token::Literal(range) if depth == 0 => found(None, range),
            _ => {}
        });
        outcome.map_err(|problem| LineProblem { column: Some(problem.column), reason: problem.reason })?;
        wrong.map_or(Ok(members), Err)
    }
}

/// A time as the store keeps it.
fn kept_time(text: &str) -> Result<Timestamp, String> {
    let parsed = match text {
        "infinity" => return Ok(Timestamp::MAX),
        "-infinity" => return Ok(Timestamp::MIN),
        _ => text.parse::<Timestamp>(),
    };
    // Postgres keeps microseconds, and jiff counts them up to here.
    let time = parsed.and_then(|time| Timestamp::from_microsecond(time.as_microsecond()));
    let time = time.map_err(|error| format!("is not RFC 3339, or not before 9999-12-30T22:00:00Z: {error}"))?;
    if time < FIRST_TIME {
        return Err(format!("is before {}, where Postgres' times begin", rfc3339_text(FIRST_TIME)));
    }
    Ok(time)
}

fn number(text: &str, range: &Range<usize>, key: &str, least: i64) -> Result<i64, LineProblem> {
    let value = text[range.clone()].parse::<i64>().ok().filter(|value| *value >= least);
    value.ok_or_else(|| {
        let least = if least == 0 { " from 0 on" } else { "" };
        at(text, range.start, format!("\"{key}\" must be a whole number{least}"))
    })
}

fn expected_version(text: &str, range: &Range<usize>) -> Result<ExpectedVersion, LineProblem> {
    let raw = &text[range.clone()];
    let word = string_value(raw);
    let version = word.as_deref().unwrap_or(raw).parse::<ExpectedVersion>();
    version.map_err(|reason| at(text, range.start, format!("the expected version: {reason}")))
}

/// The placeholders of one line: `{{uuid}}` becomes a new id (v7), each time another one, and `{{now}}` the time of reading, RFC 3339
/// in UTC.
struct Filling {
    /// How much longer the line may become, bytes.
    room: usize,
    now: Option<String>,
}

impl Filling {
    /// A text with its placeholders filled in.
    ///
    /// # Errors
    /// The line would become longer than a line may be.
    fn filled(&mut self, text: &str) -> Result<String, LineProblem> {
        let mut out = String::new();
        self.append(&mut out, text)?;
        Ok(out)
    }

    /// The same of all strings in a body that was scanned before. The names of members stay as they are.
    fn body(&mut self, raw: &str) -> Result<String, LineProblem> {
        let mut out = String::new();
        let mut done = 0;
        let mut problem = None;
        // There is nothing to go wrong with what was scanned.
        let _ = scan(raw, |token| {
            if let (Token::String(range), None) = (token, &problem) {
                out.push_str(&raw[done..range.start]);
                problem = self.append(&mut out, &raw[range.clone()]).err();
                done = range.end;
            }
        });
        if let Some(problem) = problem {
            return Err(problem);
        }
        out.push_str(&raw[done..]);
        Ok(out)
    }

    fn append(&mut self, out: &mut String, text: &str) -> Result<(), LineProblem> {
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
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
            self.room = self.room.checked_sub(grown).ok_or_else(|| {
                whole("with its placeholders filled in, the line is longer than 256 MiB, which Postgres cannot store")
            })?;
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

/// Data and metadata out of a line that is UTF-8. The longer one, where it is long, keeps the line's memory.
fn bodies(
    line: &mut Vec<u8>,
    data: Option<Range<usize>>,
    meta: Option<Range<usize>>,
) -> (Option<String>, Option<String>) {
    let length = |range: &Option<Range<usize>>| range.as_ref().map_or(0, Range::len);
    if length(&data).max(length(&meta)) < MOVED {
        (copied(line, data), copied(line, meta))
    } else if length(&data) >= length(&meta) {
        let meta = copied(line, meta);
        (moved(line, data), meta)
    } else {
        let data = copied(line, data);
        (data, moved(line, meta))
    }
}

fn copied(line: &[u8], range: Option<Range<usize>>) -> Option<String> {
    range.map(|range| String::from_utf8_lossy(&line[range]).into_owned())
}

fn moved(line: &mut Vec<u8>, range: Option<Range<usize>>) -> Option<String> {
    let range = range?;
    let mut line = std::mem::take(line);
    line.truncate(range.end);
    line.drain(..range.start);
    Some(String::from_utf8(line).expect("the line was found to be UTF-8, and a value ends between characters"))
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy as _;

    use super::*;

    const ID: &str = "0191b2c3-0000-7000-8000-000000000001";

    fn read(line: &str) -> Result<ImportedMessage, LineProblem> {
        Reader::new(Some("expected".to_owned())).message(&mut line.as_bytes().to_vec())
    }

    fn problem(line: &str) -> (Option<usize>, String) {
        let problem = read(line).expect_err("a wrong line");
        (problem.column, problem.reason)
    }

    #[test]
    fn a_line_of_an_export_is_a_message_with_its_place() {
        let line = format!(
            "{{\"id\":\"{ID}\",\"stream\":\"account-1\",\"type\":\"Opened\",\"pos\":3,\"gpos\":12,\
             \"data\":{{\"n\":1.10}},\"meta\":null,\"time\":\"2026-03-01T12:00:00.123456789+01:00\"}}\r"
        );
        let message = read(&line).expect("a message");
        assert_eq!(message.id.to_string(), ID);
        assert_eq!((message.data.as_deref(), message.metadata), (Some("{\"n\":1.10}"), None));
        let time = "2026-03-01T11:00:00.123456Z".parse().expect("a time");
        assert_eq!(message.place, Place::Kept { position: 3, global_position: Some(12), time });
    }

    #[test]
    fn a_long_body_is_the_lines_own_memory_and_the_same_text() {
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
    fn placeholders_are_filled_in_strings_of_lines_without_a_position_only() {
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
    fn a_line_that_placeholders_make_too_long_is_refused_before_it_is() {
        let line = |data: &str| format!("{{\"stream\":\"a-1\",\"type\":\"T\",\"data\":{data}}}").into_bytes();
        let within = |longest, mut line: Vec<u8>| Reader { longest, ..Reader::new(None) }.message(&mut line);
        let filled = line(r#"["{{uuid}}", "{{uuid}}", "plain"]"#);
        let length = filled.len() + 2 * (36 - UUID.len());
        assert!(within(length, filled.clone()).is_ok());
        let problem = within(length - 1, filled).expect_err("a line that is too long");
        assert!(problem.reason.contains("longer than 256 MiB"), "{problem:?}");
        // However many there are, no more than the limit is made of them.
        let mut filling = Filling { room: 1_000, now: None };
        let many = format!("\"{}\"", "{{now}}".repeat(100_000));
        assert!(filling.body(&many).is_err() && filling.room < 20);
    }

    #[test]
    fn data_that_is_left_out_is_an_empty_object_and_null_is_null() {
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
            assert_eq!(message.place, Place::Next { expected, minted: true }, "{given}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_column() {
        let cases = [
            (r#"{"stream":"a-1","type":"T","x":1}"#, Some(28), "unknown key \"x\""),
            (r#"{"stream":"a-1","type":"T","type":"T"}"#, Some(28), "the key \"type\" is there twice"),
            (r#"{"stream":1,"type":"T"}"#, Some(11), "\"stream\" must be a string"),
            (r#"{"type":"T"}"#, None, "\"stream\" is missing"),
            (r#"{"stream":"account","type":"T"}"#, Some(11), "must be a stream name"),
            (r#"{"stream":"a-1","type":"T","pos":-1}"#, None, "\"id\" is missing"),
            (r#"{"stream":"a-1","type":"T","time":"2026-03-01T12:00:00Z"}"#, Some(35), "\"time\" without \"pos\""),
            (r#"{"stream":"a-1","type":"T","expected":-2}"#, Some(39), "the expected version"),
            (r#"{"stream":"a-1","type":"T","data":"\u0000"}"#, Some(36), "\\u0000"),
            (r#"{"stream":"a-1","type":"T","data":"\ud800"}"#, Some(36), "lone surrogate"),
            (r#"{"stream":"a-1","ty"#, Some(17), "not closed"),
            (r#"[{"stream":"a-1"}]"#, Some(1), "a message is a JSON object"),
            ("7", Some(1), "a message is a JSON object"),
        ];
        for (line, column, reason) in cases {
            let (found, told) = problem(line);
            assert!(told.contains(reason), "{line}: {told}");
            assert_eq!(found, column, "{line}");
        }
        let mut bytes = "{\"stream\":\"ä".as_bytes().to_vec();
        bytes.push(0xff);
        let problem = Reader::new(None).message(&mut bytes).expect_err("bytes that are not UTF-8");
        assert_eq!((problem.column, problem.reason.as_str()), (Some(13), "this is not UTF-8"));
    }

    #[test]
    fn wrong_types_of_a_message_with_a_position_are_told() {
        let good = format!(
            "{{\"id\":\"{ID}\",\"stream\":\"a-1\",\"type\":\"T\",\"pos\":0,\"gpos\":1,\"time\":\"2026-03-01T12:00:00Z\"}}"
        );
        assert!(read(&good).is_ok());
        for (from, to, told) in [
            ("\"pos\":0", "\"pos\":0.5", "\"pos\" must be a whole number"),
            ("\"pos\":0", "\"pos\":\"0\"", "\"pos\" must be a whole number"),
            ("\"gpos\":1", "\"gpos\":99999999999999999999", "\"gpos\" must be a whole number"),
            ("\"type\":\"T\"", "\"type\":null", "\"type\" must be a string"),
            (ID, "0191b2c3", "\"id\" is no UUID"),
            ("2026-03-01T12:00:00Z", "yesterday", "\"time\" is not RFC 3339"),
            ("\"time\":\"2026-03-01T12:00:00Z\"", "\"data\":1", "\"time\" is missing"),
        ] {
            let (_, reason) = problem(&good.replace(from, to));
            assert!(reason.contains(told), "{to}: {reason}");
        }
    }
    /// Pieces of lines, so that what is put together comes near to being one.
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
        fn any_line_is_a_message_or_a_reason_with_a_place_in_it(line in proptest::prop_oneof![pieces(), ".*"]) {
            if let Err(problem) = read(&line) {
                proptest::prop_assert!(!problem.reason.is_empty());
                let length = line.chars().count();
                proptest::prop_assert!(problem.column.is_none_or(|column| (1..=length + 1).contains(&column)), "{problem:?}");
            }
        }

        #[test]
        fn a_message_that_is_written_as_a_line_is_read_as_the_same(
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
                let read = Reader::new(None).message(&mut line).expect("a line of ours");
                proptest::prop_assert_eq!(&read.stream, &message.stream);
                proptest::prop_assert_eq!(&read.message_type, &message.message_type);
                let place = Place::Kept { position, global_position: Some(position), time };
                proptest::prop_assert_eq!(read.place, place);
                let value = |body: &Option<String>| {
                    body.as_ref().map(|text| serde_json::from_str::<serde_json::Value>(text).expect("json"))
                };
                proptest::prop_assert_eq!(value(&read.data), value(&message.data));
                proptest::prop_assert!(terminal || read.data == message.data);
            }
        }
    }
}
