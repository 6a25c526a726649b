//! The beginning of a body in one line: scalars first, then nested values by their number of children. The text may be
//! cut anywhere, because lists know only its first characters.

use std::borrow::Cow;
use std::ops::Range;

use super::document::Kind;
use super::members::string_value;
use super::scan::{Token, scan};

/// A member or an element of the outermost value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item<'a> {
    /// The name of a member; none for an element and for a scalar document.
    pub key: Option<Cow<'a, str>>,
    pub kind: Kind,
    /// A scalar value, or the number of children of a nested one as `{4}` or `[3]`. A string has no quotes unless it
    /// could be mistaken for something else.
    pub value: Cow<'a, str>,
}

/// Returns the members or elements, scalars first.
#[must_use]
pub(crate) fn brief(text: &str) -> Vec<Item<'_>> {
    let mut reader = Reader { text, items: Vec::new(), nested: Vec::new(), key: None, depth: 0, children: 0, at: 0 };
    let whole = scan(text, |token| reader.token(token)).is_ok();
    if !whole {
        reader.rest();
    }
    reader.items.append(&mut reader.nested);
    reader.items
}

struct Reader<'a> {
    text: &'a str,
    items: Vec<Item<'a>>,
    /// Nested values, which follow the scalars.
    nested: Vec<Item<'a>>,
    /// The key of the value that comes next or is being read.
    key: Option<Range<usize>>,
    depth: usize,
    /// The children of the nested value that is being read.
    children: usize,
    /// The end of the last token.
    at: usize,
}

impl<'a> Reader<'a> {
    fn token(&mut self, token: Token) {
        match token {
            Token::Key(range) => {
                self.at = range.end;
                if self.depth == 1 {
                    self.key = Some(range);
                }
            }
            Token::Open { at, object } => {
                self.at = at + 1;
                match self.depth {
                    1 => {
                        self.children = 0;
                        self.nest(if object { Kind::Object } else { Kind::Array }, String::new());
                    }
                    2 => self.children += 1,
                    _ => {}
                }
                self.depth += 1;
            }
            Token::Close { end } => {
                self.at = end;
                self.depth -= 1;
                match self.depth {
                    1 => {
                        let children = self.children;
                        self.name_children(&if children == 0 { String::new() } else { children.to_string() });
                    }
                    0 if self.items.is_empty() && self.nested.is_empty() => {
                        let object = self.text.as_bytes().get(end - 1) == Some(&b'}');
                        let (kind, value) = if object { (Kind::Object, "{}") } else { (Kind::Array, "[]") };
                        self.items.push(Item { key: None, kind, value: value.into() });
                    }
                    _ => {}
                }
            }
            Token::String(range) => self.scalar(Kind::String, range),
            Token::Number(range) => self.scalar(Kind::Number, range),
            Token::Literal(range) => self.scalar(Kind::Literal, range),
        }
    }

    fn scalar(&mut self, kind: Kind, range: Range<usize>) {
        self.at = range.end;
        match self.depth {
            0 | 1 => {
                let raw = &self.text[range];
                let value = if kind == Kind::String { unquoted(raw) } else { raw.into() };
                let key = self.take_key();
                self.items.push(Item { key, kind, value });
            }
            2 => self.children += 1,
            _ => {}
        }
    }

    fn nest(&mut self, kind: Kind, value: String) {
        let key = self.take_key();
        self.nested.push(Item { key, kind, value: value.into() });
    }

    fn name_children(&mut self, children: &str) {
        if let Some(item) = self.nested.last_mut() {
            let (open, close) = if item.kind == Kind::Object { ('{', '}') } else { ('[', ']') };
            item.value = format!("{open}{children}{close}").into();
        }
    }

    fn take_key(&mut self) -> Option<Cow<'a, str>> {
        let raw = &self.text[self.key.take()?];
        Some(decoded(raw))
    }

    /// Adds the value in which the text was cut.
    fn rest(&mut self) {
        if self.depth >= 2 {
            return self.name_children("…");
        }
        let rest = self.text[self.at..].trim_start_matches([',', ' ', '\n', '\t', '\r', ':']);
        let is_key = self.depth == 1 && self.key.is_none() && self.in_object();
        if rest.is_empty() && self.key.is_none() {
            let last = self.items.last_mut().filter(|last| last.kind == Kind::Number && self.at == self.text.len());
            match last {
                // More digits may follow.
                Some(last) => last.value.to_mut().push('…'),
                None if self.depth == 1 => {
                    self.items.push(Item { key: None, kind: Kind::Literal, value: "…".into() });
                }
                None => {}
            }
            return;
        }
        let key = self.take_key();
        let (kind, value) = match rest.strip_prefix('"') {
            Some(inside) if !is_key => (Kind::String, format!("{inside}…")),
            _ if is_key => (Kind::Literal, "…".to_owned()),
            _ if self.depth == 0 => (Kind::Literal, rest.to_owned()),
            _ if rest.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => (Kind::Number, format!("{rest}…")),
            _ => (Kind::Literal, format!("{rest}…")),
        };
        self.items.push(Item { key, kind, value: value.into() });
    }

    fn in_object(&self) -> bool {
        self.text.trim_start().starts_with('{')
    }
}

/// Returns a string without its quotes, if it has no escapes.
fn decoded(raw: &str) -> Cow<'_, str> {
    if raw.contains('\\') {
        string_value(raw).map_or(Cow::Borrowed(raw), Cow::Owned)
    } else {
        Cow::Borrowed(raw.get(1..raw.len() - 1).unwrap_or(raw))
    }
}

/// Returns a string without its quotes, unless it would look like several values or like one of another type.
fn unquoted(raw: &str) -> Cow<'_, str> {
    let value = decoded(raw);
    let looks_different = value.is_empty()
        || value.starts_with(' ')
        || value.ends_with(' ')
        || value.contains("  ")
        || value.starts_with(['{', '[', '"'])
        || super::check(&value).is_ok();
    if looks_different { Cow::Borrowed(raw) } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes the items as a cell shows them.
    fn shown(text: &str) -> String {
        let item = |item: Item| match item.key {
            Some(key) => format!("{key} {}", item.value),
            None => item.value.into_owned(),
        };
        brief(text).into_iter().map(item).collect::<Vec<_>>().join("  ")
    }

    #[test]
    fn scalars_come_first_and_nested_values_are_counted() {
        for (text, expected) in [
            (r#"{"amount": 414, "currency": "EUR"}"#, "amount 414  currency EUR"),
            (
                r#"{"items": [1, {"x": [2, 3]}, []], "id": "a-1", "address": {"street": {"no": 1}, "b": 2}, "ok": true}"#,
                "id a-1  ok true  items [3]  address {2}",
            ),
            (r#"{"exact": 12345678901234567890.10, "n": null}"#, "exact 12345678901234567890.10  n null"),
            (r#"{"a": [], "b": {}}"#, "a []  b {}"),
            ("{}", "{}"),
            ("[]", "[]"),
            ("", ""),
            ("7", "7"),
            ("null", "null"),
            (r#""text""#, "text"),
            ("[1, [2], \"x\"]", "1  x  [1]"),
            (r#"{"a\u0041": "x\ny", "é": "日本"}"#, "aA x\ny  é 日本"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_string_keeps_its_quotes_if_it_could_be_mistaken() {
        for (text, expected) in [
            (r#"{"a": ""}"#, r#"a """#),
            (r#"{"a": "12"}"#, r#"a "12""#),
            (r#"{"a": "true"}"#, r#"a "true""#),
            (r#"{"a": "x  b 1"}"#, r#"a "x  b 1""#),
            (r#"{"a": " x"}"#, r#"a " x""#),
            (r#"{"a": "[3]"}"#, r#"a "[3]""#),
            (r#"{"a": "12 x"}"#, "a 12 x"),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn a_cut_text_ends_with_an_ellipsis() {
        for (text, expected) in [
            (r#"{"amount": 414, "note": "hello wor"#, "amount 414  note hello wor…"),
            (r#"{"amount": 41"#, "amount 41…"),
            (r#"{"amount": 414, "no"#, "amount 414  …"),
            (r#"{"amount": 414,"#, "amount 414  …"),
            (r#"{"amount":"#, "amount …"),
            (r#"{"ok": tru"#, "ok tru…"),
            (r#"{"items": [1, {"a": 2"#, "items […]"),
            (r#"{"id": 1, "items": ["#, "id 1  items […]"),
            ("[1, 2, \"a", "1  2  a…"),
            ("{", "…"),
            ("not JSON", "not JSON"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_beginning_of_a_text_panics(text in r#"[\[\]{}:,"a\\u0é1.e \n-]{0,40}"#) {
            for (end, _) in text.char_indices() {
                let _ = brief(&text[..end]);
            }
        }

        #[test]
        fn every_member_is_shown(keys in proptest::collection::btree_set("[a-z]{1,5}", 0..6)) {
            let members = keys.iter().enumerate().map(|(at, key)| format!("\"{key}\": {}", ["1", "\"x\"", "[1]", "{}"][at % 4]));
            let text = format!("{{{}}}", members.collect::<Vec<_>>().join(", "));
            let named: std::collections::BTreeSet<String> =
                brief(&text).into_iter().filter_map(|item| item.key.map(Cow::into_owned)).collect();
            proptest::prop_assert_eq!(named, keys);
        }
    }
}
