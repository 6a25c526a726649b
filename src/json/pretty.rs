//! Formats JSON for reading. Only white space changes, so numbers and strings keep their text.

use super::scan::{Token, scan};

/// Deeper levels get no further indentation.
const DEEPEST: usize = 64;

/// Formats a document with one member per line and two spaces per level. Returns text that is not JSON unchanged.
#[must_use]
pub(crate) fn pretty(text: &str) -> String {
    let mut printer = Printer::new(text);
    match scan(text, |token| printer.token(&token)) {
        Ok(()) => printer.out,
        Err(_) => text.to_owned(),
    }
}

struct Printer<'a> {
    text: &'a str,
    out: String,
    /// The closing brackets of the open containers.
    closing: Vec<char>,
    /// The innermost container has no items yet.
    empty: bool,
    /// The next value belongs to a key on the same line.
    after_key: bool,
}

impl<'a> Printer<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, out: String::with_capacity(text.len() * 2), closing: Vec::new(), empty: true, after_key: false }
    }

    fn token(&mut self, token: &Token) {
        match token {
            Token::Open { object, .. } => {
                self.begin_item();
                self.out.push(if *object { '{' } else { '[' });
                self.closing.push(if *object { '}' } else { ']' });
                self.empty = true;
            }
            Token::Close { .. } => {
                let bracket = self.closing.pop();
                if !self.empty {
                    self.begin_line();
                }
                self.out.extend(bracket);
                self.empty = false;
            }
            Token::Key(range) => {
                self.begin_item();
                self.out.push_str(&self.text[range.clone()]);
                self.out.push_str(": ");
                self.after_key = true;
            }
            Token::String(range) | Token::Number(range) | Token::Literal(range) => {
                self.begin_item();
                self.out.push_str(&self.text[range.clone()]);
            }
        }
    }

    fn begin_item(&mut self) {
        if std::mem::take(&mut self.after_key) {
            return;
        }
        if !self.closing.is_empty() {
            if !self.empty {
                self.out.push(',');
            }
            self.begin_line();
        }
        self.empty = false;
    }

    fn begin_line(&mut self) {
        self.out.push('\n');
        // Deep nesting would make the text nothing but indentation.
        self.out.extend(std::iter::repeat_n("  ", self.closing.len().min(DEEPEST)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatted_text_keeps_every_digit() {
        let text = r#"{"n":12345678901234567890123,"p":1.10,"o":{},"l":[1,{"x":"é"}]}"#;
        let expected = "{\n  \"n\": 12345678901234567890123,\n  \"p\": 1.10,\n  \"o\": {},\n  \"l\": [\n    1,\n    {\n      \"x\": \"é\"\n    }\n  ]\n}";
        assert_eq!(pretty(text), expected);
        assert_eq!(pretty("not json"), "not json");
    }

    proptest::proptest! {
        #[test]
        fn formatted_text_has_the_same_value(text in ".{0,60}") {
            let quoted = serde_json::json!({"text": text, "list": [1, null, {"k": text}]}).to_string();
            let pretty: serde_json::Value = serde_json::from_str(&pretty(&quoted)).expect("still JSON");
            proptest::prop_assert_eq!(pretty, serde_json::from_str::<serde_json::Value>(&quoted).expect("JSON"));
        }
    }
}
