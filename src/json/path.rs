//! Paths into the data or metadata of a message, such as `$.items[0].sku`: reads them, prints them and finds their
//! values in the text of a body. A value keeps the text of the body, so numbers keep their digits.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use super::scan::{Token, scan};
use crate::message::size::Size;

/// The maximum number of characters of a value. A column has no room for more.
const LONGEST: usize = 200;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Step {
    Key(String),
    Index(usize),
}

/// A path into the data or the metadata of messages.
///
/// ```
/// use streamscope::message::BodyPath;
///
/// let path: BodyPath = "items[0].sku".parse()?;
/// assert_eq!(path.to_string(), "$.items[0].sku");
/// let path: BodyPath = "meta:$.\"user id\"".parse()?;
/// assert_eq!(path.to_string(), "meta:$.\"user id\"");
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BodyPath {
    in_metadata: bool,
    steps: Vec<Step>,
}

impl BodyPath {
    /// Returns the same path in the metadata.
    #[must_use]
    pub fn in_metadata(self) -> Self {
        Self { in_metadata: true, ..self }
    }

    /// Returns whether the path leads into the metadata.
    #[must_use]
    pub fn is_in_metadata(&self) -> bool {
        self.in_metadata
    }

    /// Returns the path without its beginning, as the title of a column: `items[0].sku`, `meta:user`.
    #[must_use]
    pub fn title(&self) -> String {
        let text = self.to_string();
        let (part, steps) = text.split_once('$').unwrap_or_default();
        format!("{part}{}", steps.strip_prefix('.').unwrap_or(steps))
    }
}

impl fmt::Display for BodyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.in_metadata { "meta:$" } else { "$" })?;
        self.steps.iter().try_for_each(|step| match step {
            Step::Key(name) => f.write_str(&member_step(name)),
            Step::Index(index) => write!(f, "[{index}]"),
        })
    }
}

/// Returns the step of a jsonpath to a member. Postgres accepts it.
pub(crate) fn member_step(name: &str) -> String {
    let mut characters = name.chars();
    let plain = characters.next().is_some_and(|c| c == '_' || c.is_ascii_alphabetic())
        && characters.all(|c| c == '_' || c.is_ascii_alphanumeric());
    if plain { format!(".{name}") } else { format!(".{}", serde_json::Value::from(name)) }
}

impl FromStr for BodyPath {
    type Err = String;

    /// Reads `$.a.b[0]."c d"`. The `$.` can be omitted, and `meta:` in front means the metadata.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (in_metadata, rest) = match text.split_once(':') {
            Some(("meta" | "metadata", rest)) => (true, rest.trim_start()),
            Some(("data", rest)) => (false, rest.trim_start()),
            _ => (false, text),
        };
        let absolute = rest.strip_prefix('$').filter(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        let steps = steps(absolute.unwrap_or(rest), absolute.is_none())?;
        Ok(Self { in_metadata, steps })
    }
}

/// Reads the steps of a path. The first one needs no dot if the path has no `$`.
fn steps(mut rest: &str, mut relative: bool) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let relative = std::mem::take(&mut relative) && !rest.starts_with(['.', '[']);
        if let Some(inside) = rest.strip_prefix('[') {
            let (step, after) = in_brackets(inside)?;
            steps.push(step);
            rest = after;
            continue;
        }
        let name = if relative { Some(rest) } else { rest.strip_prefix('.') };
        let name = name.ok_or_else(|| format!("expected '.' or '[' before {rest}"))?;
        if name.starts_with('"') {
            let (key, after) = quoted(name)?;
            steps.push(Step::Key(key));
            rest = after;
        } else {
            let end = name.find(['.', '[', ']', '"']).unwrap_or(name.len());
            let (key, after) = name.split_at(end);
            match key {
                "" => return Err("a name is missing after the last dot".to_owned()),
                "*" => return Err("a column shows one value, so '*' is not allowed".to_owned()),
                key => steps.push(Step::Key(key.to_owned())),
            }
            rest = after;
        }
    }
    if steps.is_empty() { Err("name a member, such as $.amount".to_owned()) } else { Ok(steps) }
}

/// Reads an index or a quoted name and the bracket after it.
fn in_brackets(inside: &str) -> Result<(Step, &str), String> {
    let (step, after) = if inside.starts_with('"') {
        let (key, after) = quoted(inside)?;
        (Step::Key(key), after)
    } else {
        let end = inside.find(|c: char| !c.is_ascii_digit()).unwrap_or(inside.len());
        let index = inside[..end].parse().map_err(|_| "expected a number after '['".to_owned())?;
        (Step::Index(index), &inside[end..])
    };
    let after = after.strip_prefix(']').ok_or_else(|| "expected ']'".to_owned())?;
    Ok((step, after))
}

/// Reads a JSON string, and returns it with the text after it.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut strings = serde_json::Deserializer::from_str(text).into_iter::<String>();
    match strings.next() {
        Some(Ok(key)) => Ok((key, &text[strings.byte_offset()..])),
        _ => Err("the quoted name is not closed".to_owned()),
    }
}

/// The value of a path in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathValue {
    /// The path leads to nothing.
    Absent,
    /// The body was not read, because it is larger than 8 KiB.
    NotRead(Size),
    /// A number, with all its digits.
    Number(String),
    /// A string, decoded. At most its first 200 characters.
    String(String),
    /// `true`, `false` or `null`.
    Literal(String),
    /// An object with this number of members.
    Object(usize),
    /// An array with this number of elements.
    Array(usize),
}

/// The values of several paths in one message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PathValues {
    paths: Arc<[BodyPath]>,
    values: Vec<PathValue>,
}

/// A body, as far as it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum BodyText<'a> {
    Null,
    Whole(&'a str),
    NotRead(Size),
}

impl<'a> From<Option<&'a str>> for BodyText<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Whole)
    }
}

impl PathValues {
    /// Finds the values of paths. Each body is scanned once, and only if a path leads into it.
    pub(crate) fn read(paths: &Arc<[BodyPath]>, data: BodyText<'_>, metadata: BodyText<'_>) -> Self {
        let mut values = vec![PathValue::Absent; paths.len()];
        for (in_metadata, body) in [(false, data), (true, metadata)] {
            let wanted = paths.iter().zip(&mut values).filter(|(path, _)| path.in_metadata == in_metadata);
            let mut wanted: Vec<Wanted<'_>> =
                wanted.map(|(path, value)| Wanted { steps: &path.steps, on_path: 0, value }).collect();
            match body {
                BodyText::Whole(text) if !wanted.is_empty() => find(text, &mut wanted),
                BodyText::NotRead(size) => wanted.iter_mut().for_each(|path| *path.value = PathValue::NotRead(size)),
                BodyText::Whole(_) | BodyText::Null => {}
            }
        }
        Self { paths: Arc::clone(paths), values }
    }

    /// Finds the values of paths in the whole data and metadata of a message, as JSON texts.
    #[must_use]
    pub fn of(paths: &Arc<[BodyPath]>, data: Option<&str>, metadata: Option<&str>) -> Self {
        Self::read(paths, data.into(), metadata.into())
    }

    /// Returns whether the values of all these paths were asked for.
    #[must_use]
    pub fn has(&self, paths: &[BodyPath]) -> bool {
        paths.iter().all(|path| self.paths.contains(path))
    }

    /// Returns the value of a path, or `None` if it was not asked for.
    #[must_use]
    pub fn get(&self, path: &BodyPath) -> Option<&PathValue> {
        let index = self.paths.iter().position(|known| known == path)?;
        self.values.get(index)
    }
}

/// An open object or array.
struct Container {
    is_object: bool,
    /// The number of members or elements so far.
    children: usize,
    /// The key of the current member.
    key: Range<usize>,
}

impl Container {
    /// Returns true if a step leads to the current member or element.
    fn is_at(&self, step: &Step, text: &str) -> bool {
        match step {
            Step::Key(name) => self.is_object && is_key(&text[self.key.clone()], name),
            Step::Index(index) => !self.is_object && self.children.checked_sub(1) == Some(*index),
        }
    }
}

/// Returns true if a key, as written, is this name.
fn is_key(raw: &str, name: &str) -> bool {
    let inside = &raw[1..raw.len() - 1];
    if inside.contains('\\') { decoded(raw) == name } else { inside == name }
}

/// Decodes a string that was scanned.
fn decoded(raw: &str) -> String {
    serde_json::from_str(raw).unwrap_or_default()
}

/// Cuts a text to the maximum length.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A path that is searched for in a text.
struct Wanted<'a> {
    steps: &'a [Step],
    /// The number of open containers on the path, from the outermost.
    on_path: usize,
    value: &'a mut PathValue,
}

impl Wanted<'_> {
    /// Takes note of a value inside these containers.
    fn reach(&mut self, open: &[Container], text: &str, token: &Token) {
        let depth = open.len();
        let leads_here = match open.last() {
            None => true,
            Some(container) => self.steps.get(depth - 1).is_some_and(|step| container.is_at(step, text)),
        };
        if self.on_path < depth || !leads_here {
            return;
        }
        let is_target = depth == self.steps.len();
        *self.value = match token {
            Token::String(range) if is_target => PathValue::String(shortened(decoded(&text[range.clone()]))),
            Token::Number(range) if is_target => PathValue::Number(shortened(text[range.clone()].to_owned())),
            Token::Literal(range) if is_target => PathValue::Literal(text[range.clone()].to_owned()),
            // The second value of a key replaces the first one.
            _ => PathValue::Absent,
        };
        if matches!(token, Token::Open { .. }) {
            self.on_path = depth + 1;
        }
    }

    /// Takes note of the end of a container inside `depth` others.
    fn close(&mut self, closed: &Container, depth: usize) {
        if self.on_path <= depth {
            return;
        }
        self.on_path = depth;
        if self.steps.len() == depth {
            let children = closed.children;
            *self.value = if closed.is_object { PathValue::Object(children) } else { PathValue::Array(children) };
        }
    }
}

/// Finds the values of paths in a text. If a key occurs twice, the last one counts, as in Postgres. Text that is not
/// JSON has no values.
fn find(text: &str, wanted: &mut [Wanted<'_>]) {
    let mut open: Vec<Container> = Vec::new();
    let outcome = scan(text, |token| match token {
        Token::Key(range) => {
            if let Some(container) = open.last_mut() {
                container.key = range;
            }
        }
        Token::Close { .. } => {
            if let Some(closed) = open.pop() {
                for path in wanted.iter_mut() {
                    path.close(&closed, open.len());
                }
            }
        }
        value => {
            if let Some(container) = open.last_mut() {
                container.children += 1;
            }
            for path in wanted.iter_mut() {
                path.reach(&open, text, &value);
            }
            if let Token::Open { object, .. } = value {
                open.push(Container { is_object: object, children: 0, key: 0..0 });
            }
        }
    });
    if outcome.is_err() {
        for path in wanted {
            *path.value = PathValue::Absent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, path: &str) -> PathValue {
        let path: BodyPath = path.parse().expect(path);
        let values = PathValues::read(&Arc::from([path.clone()]), BodyText::Whole(text), BodyText::Null);
        values.get(&path).cloned().expect("the path was asked for")
    }

    #[test]
    fn finds_the_value_of_a_path() {
        let text = r#"{"amount": 12345678901234567890.10, "a b": {"c": [true, {"d": "x\ny"}, null, []]},
            "k\u0041": -0.0e+10, "items": [{"sku": "A-1"}, {"sku": "A-2"}], "": 1, "twice": {"x": 1}, "twice": {"y": 2}}"#;
        let number = |text: &str| PathValue::Number(text.to_owned());
        let string = |text: &str| PathValue::String(text.to_owned());
        for (path, expected) in [
            ("$.amount", number("12345678901234567890.10")),
            ("amount", number("12345678901234567890.10")),
            ("$.\"a b\".c[0]", PathValue::Literal("true".to_owned())),
            ("a b.c[1].d", string("x\ny")),
            ("$[\"a b\"].c[2]", PathValue::Literal("null".to_owned())),
            ("a b.c[3]", PathValue::Array(0)),
            ("a b.c", PathValue::Array(4)),
            ("a b.c[4]", PathValue::Absent),
            ("$.kA", number("-0.0e+10")),
            ("items[1].sku", string("A-2")),
            ("items", PathValue::Array(2)),
            ("items[1]", PathValue::Object(1)),
            ("items.sku", PathValue::Absent),
            ("amount.x", PathValue::Absent),
            ("$.\"\"", number("1")),
            ("twice.x", PathValue::Absent),
            ("twice.y", number("2")),
            ("missing", PathValue::Absent),
            ("items[18446744073709551615]", PathValue::Absent),
        ] {
            assert_eq!(value(text, path), expected, "{path}");
        }
        assert_eq!(value("[7, 8]", "$[1]"), number("8"));
        assert_eq!(value("7", "a"), PathValue::Absent);
        assert_eq!(value("{\"a\": 1} oops", "a"), PathValue::Absent, "the text is not JSON");
    }

    #[test]
    fn a_path_into_a_body_that_was_not_read_says_so() {
        let (data, metadata): (BodyPath, BodyPath) = ("a".parse().expect("a path"), "meta:a".parse().expect("a path"));
        let paths = Arc::from([data.clone(), metadata.clone()]);
        let large = Size::Stored(38_000);
        let values = PathValues::read(&paths, BodyText::NotRead(large), BodyText::Whole("{\"a\": \"é\"}"));
        assert_eq!(values.get(&data), Some(&PathValue::NotRead(large)));
        assert_eq!(values.get(&metadata), Some(&PathValue::String("é".to_owned())));
        assert_eq!(values.get(&"b".parse().expect("a path")), None);
        let values = PathValues::read(&paths, BodyText::Null, BodyText::Null);
        assert_eq!(values.get(&data), Some(&PathValue::Absent));
    }

    #[test]
    fn long_values_are_cut() {
        let text = format!("{{\"a\": \"{}\"}}", "é".repeat(10_000));
        let PathValue::String(shown) = value(&text, "a") else { panic!("a string") };
        assert_eq!((shown.chars().count(), shown.ends_with('…')), (LONGEST + 1, true));
    }

    #[test]
    fn a_path_is_read_and_printed() {
        for (text, printed, title) in [
            ("amount", "$.amount", "amount"),
            (" $.a.b[0] ", "$.a.b[0]", "a.b[0]"),
            ("data:$.a", "$.a", "a"),
            ("meta:user", "meta:$.user", "meta:user"),
            ("metadata: $.\"user id\"", "meta:$.\"user id\"", "meta:\"user id\""),
            ("order-id.größe", "$.\"order-id\".\"größe\"", "\"order-id\".\"größe\""),
            ("[3].x", "$[3].x", "[3].x"),
            ("$.\"a\\\"b\"", "$.\"a\\\"b\"", "\"a\\\"b\""),
            ("$id", "$.\"$id\"", "\"$id\""),
        ] {
            let path: BodyPath = text.parse().expect(text);
            assert_eq!((path.to_string().as_str(), path.title().as_str()), (printed, title));
            assert_eq!(printed.parse(), Ok(path));
        }
    }

    #[test]
    fn a_mistake_in_a_path_is_explained() {
        for (text, problem) in [
            ("", "name a member, such as $.amount"),
            ("$", "name a member, such as $.amount"),
            ("$.", "a name is missing after the last dot"),
            ("$.a..b", "a name is missing after the last dot"),
            ("$.items[*]", "expected a number after '['"),
            ("$.*", "a column shows one value, so '*' is not allowed"),
            ("$.a[1", "expected ']'"),
            ("$.\"a", "the quoted name is not closed"),
            ("$.a\"b\"", "expected '.' or '[' before \"b\""),
        ] {
            assert_eq!(text.parse::<BodyPath>(), Err(problem.to_owned()), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_path_survives_printing(steps in proptest::collection::vec(".{0,6}", 1..4), metadata in proptest::prelude::any::<bool>()) {
            let steps = steps.into_iter().map(|key| key.parse().map_or(Step::Key(key), Step::Index)).collect();
            let path = BodyPath { in_metadata: metadata, steps };
            proptest::prop_assert_eq!(path.to_string().parse(), Ok(path));
        }
    }
}
