//! Scans JSON text in one pass and without recursion: checks it as Postgres does and reports its tokens. Tokens are
//! ranges of the text; nothing is converted or copied.

use std::ops::Range;

use super::problem::JsonProblem;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// `{` or `[`.
    Open {
        at: usize,
        /// True for `{`.
        object: bool,
    },
    /// `}` or `]`.
    Close {
        /// The offset after the container.
        end: usize,
    },
    /// A key, with its quotes.
    Key(Range<usize>),
    /// A string, with its quotes.
    String(Range<usize>),
    Number(Range<usize>),
    /// `true`, `false` or `null`.
    Literal(Range<usize>),
}

/// The values that a scan accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accept {
    /// The rules of the type `json`: every JSON text. Stored messages are read like this, because columns can have
    /// this type.
    Json,
    /// The rules of the type `jsonb`, which refuses `\u0000`, lone surrogates and numbers out of range. Input is
    /// checked like this.
    Jsonb,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrClose,
    KeyOrClose,
    Key,
    CommaOrClose,
    End,
}

/// Scans a stored document and passes its tokens to `found` in order.
///
/// # Errors
/// The first problem; the tokens before it are already passed.
pub(crate) fn scan(text: &str, found: impl FnMut(Token)) -> Result<(), JsonProblem> {
    scan_as(Accept::Json, text, found)
}

/// Scans a document like [`scan`], but chooses the values that are accepted.
///
/// # Errors
/// The first problem; the tokens before it are already passed.
pub(crate) fn scan_as(accept: Accept, text: &str, mut found: impl FnMut(Token)) -> Result<(), JsonProblem> {
    let mut scanner = Scanner { text, accept, at: 0, open: Vec::new(), expect: Expect::Value };
    while let Some(token) = scanner.next()? {
        found(token);
    }
    Ok(())
}

struct Scanner<'a> {
    text: &'a str,
    accept: Accept,
    at: usize,
    /// The opening brackets of the open containers.
    open: Vec<u8>,
    expect: Expect,
}

impl Scanner<'_> {
    /// Reads the next token. Returns `None` at the end of the document.
    fn next(&mut self) -> Result<Option<Token>, JsonProblem> {
        loop {
            self.skip_space();
            let Some(&byte) = self.text.as_bytes().get(self.at) else {
                return if self.expect == Expect::End { Ok(None) } else { Err(self.unexpected_end()) };
            };
            let in_object = self.in_object();
            return match (byte, self.expect) {
                (b',', Expect::CommaOrClose) => {
                    self.at += 1;
                    self.expect = if in_object { Expect::Key } else { Expect::Value };
                    continue;
                }
                (b'}', Expect::KeyOrClose) | (b']', Expect::ValueOrClose) => Ok(Some(self.close())),
                (b'}', Expect::CommaOrClose) if in_object => Ok(Some(self.close())),
                (b']', Expect::CommaOrClose) if !in_object => Ok(Some(self.close())),
                (b'"', Expect::Key | Expect::KeyOrClose) => self.key().map(Some),
                (_, Expect::Value | Expect::ValueOrClose) => self.value(byte).map(Some),
                _ => Err(self.unexpected()),
            };
        }
    }

    fn skip_space(&mut self) {
        while self.text.as_bytes().get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn in_object(&self) -> bool {
        self.open.last() == Some(&b'{')
    }

    fn close(&mut self) -> Token {
        self.open.pop();
        self.at += 1;
        self.end_value();
        Token::Close { end: self.at }
    }

    fn end_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::End } else { Expect::CommaOrClose };
    }

    /// Reads a key and the colon after it.
    fn key(&mut self) -> Result<Token, JsonProblem> {
        let range = self.at..string(self.text, self.at, self.accept)?;
        self.at = range.end;
        self.skip_space();
        if self.text.as_bytes().get(self.at) != Some(&b':') {
            return Err(JsonProblem::new(self.text, self.at, "expected ':' after the key".to_owned()));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Token::Key(range))
    }

    /// Reads a scalar value or opens a container.
    fn value(&mut self, byte: u8) -> Result<Token, JsonProblem> {
        let at = self.at;
        if let b'{' | b'[' = byte {
            let object = byte == b'{';
            self.open.push(byte);
            self.at += 1;
            self.expect = if object { Expect::KeyOrClose } else { Expect::ValueOrClose };
            return Ok(Token::Open { at, object });
        }
        let token = match byte {
            b'"' => {
                self.at = string(self.text, at, self.accept)?;
                Token::String(at..self.at)
            }
            b'-' | b'0'..=b'9' => {
                self.at = number(self.text, at, self.accept)?;
                Token::Number(at..self.at)
            }
            _ => {
                self.at = literal(self.text, at).ok_or_else(|| self.unexpected())?;
                Token::Literal(at..self.at)
            }
        };
        self.end_value();
        Ok(token)
    }

    fn unexpected(&self) -> JsonProblem {
        let found = self.text[self.at..].chars().next().unwrap_or_default();
        let wanted = wanted(self.expect, self.in_object());
        JsonProblem::new(self.text, self.at, format!("expected {wanted}, found {found:?}"))
    }

    fn unexpected_end(&self) -> JsonProblem {
        let wanted = wanted(self.expect, self.in_object());
        JsonProblem::new(self.text, self.at, format!("unexpected end of text, expected {wanted}"))
    }
}

fn wanted(expect: Expect, in_object: bool) -> &'static str {
    match (expect, in_object) {
        (Expect::Value, _) => "a value",
        (Expect::ValueOrClose, _) => "a value or ']'",
        (Expect::KeyOrClose, _) => "a key in quotes or '}'",
        (Expect::Key, _) => "a key in quotes",
        (Expect::CommaOrClose, true) => "',' or '}'",
        (Expect::CommaOrClose, false) => "',' or ']'",
        (Expect::End, _) => "the end of the document",
    }
}

/// Returns the offset after the literal that begins at `start`.
fn literal(text: &str, start: usize) -> Option<usize> {
    let word = ["true", "false", "null"].into_iter().find(|word| text[start..].starts_with(word))?;
    let end = start + word.len();
    let goes_on = text.as_bytes().get(end).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (!goes_on).then_some(end)
}

/// Returns the offset after the string that begins at `start`.
fn string(text: &str, start: usize, accept: Accept) -> Result<usize, JsonProblem> {
    let bytes = text.as_bytes();
    let mut at = start + 1;
    // The offset of a high surrogate that waits for its low one.
    let mut high: Option<usize> = None;
    let lone = |at: usize| JsonProblem::new(text, at, format!("lone surrogate {} cannot be stored", &text[at..at + 6]));
    loop {
        let Some(&byte) = bytes.get(at) else {
            return Err(JsonProblem::new(text, start, "the string is not closed".to_owned()));
        };
        if byte == b'\\' {
            let Some(&kind) = bytes.get(at + 1) else {
                return Err(JsonProblem::new(text, start, "the string is not closed".to_owned()));
            };
            if kind == b'u' {
                let unit = code_unit(text, at)?;
                match (unit, high) {
                    _ if accept == Accept::Json => {}
                    (0, _) => {
                        return Err(JsonProblem::new(text, at, "\\u0000 cannot be stored by Postgres".to_owned()));
                    }
                    (0xdc00..=0xdfff, Some(_)) => high = None,
                    (_, Some(first)) => return Err(lone(first)),
                    (0xd800..=0xdbff, None) => high = Some(at),
                    (0xdc00..=0xdfff, None) => return Err(lone(at)),
                    _ => {}
                }
                at += 6;
                continue;
            }
            if !matches!(kind, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') {
                let found = text[at + 1..].chars().next().unwrap_or_default();
                return Err(JsonProblem::new(text, at, format!("invalid escape \\{found}")));
            }
            at += 1;
        }
        if let Some(first) = high {
            return Err(lone(first));
        }
        match byte {
            b'"' => return Ok(at + 1),
            0 => return Err(JsonProblem::new(text, at, "a NUL character cannot be stored".to_owned())),
            1..=0x1f => {
                let reason = format!("a control character must be escaped: \\u{byte:04x}");
                return Err(JsonProblem::new(text, at, reason));
            }
            _ => at += 1,
        }
    }
}

/// Reads the UTF-16 code unit of the escape `\uXXXX` at an offset.
fn code_unit(text: &str, at: usize) -> Result<u16, JsonProblem> {
    let digits = text.get(at + 2..at + 6).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
    let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
    unit.ok_or_else(|| JsonProblem::new(text, at, "expected four hexadecimal digits after \\u".to_owned()))
}

/// Returns true if Postgres' `numeric` can hold a number, given without its sign: at most 131,072 digits before the
/// point and 16,383 after it, with the exponent applied.
fn fits_numeric(number: &str) -> bool {
    /// Servers refuse larger exponents for every number. PostgreSQL before 16 refuses this one, too.
    const EXPONENT: u64 = i32::MAX as u64 / 2;
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().unwrap_or(i64::MAX);
    if exponent.unsigned_abs() > EXPONENT {
        return false;
    }
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let length = |digits: &str| i64::try_from(digits.len()).unwrap_or(i64::MAX);
    // The place of the first significant digit: 0 for ones, 1 for tens; none for zero.
    let significant = whole.bytes().chain(fraction.bytes()).position(|digit| digit != b'0');
    let place = significant.map(|at| length(whole) - 1 - i64::try_from(at).unwrap_or(i64::MAX) + exponent);
    length(fraction) - exponent <= 16_383 && place.is_none_or(|place| place <= 131_071)
}

/// Returns the offset after the number that begins at `start`.
fn number(text: &str, start: usize, accept: Accept) -> Result<usize, JsonProblem> {
    let bytes = text.as_bytes();
    let digits = |mut at: usize| {
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let bad = |at: usize, reason: &str| JsonProblem::new(text, at, reason.to_owned());
    let first = if bytes[start] == b'-' { start + 1 } else { start };
    let mut at = digits(first);
    if at == first {
        return Err(bad(at, "expected a digit"));
    }
    if bytes[first] == b'0' && at > first + 1 {
        return Err(bad(first, "a number cannot have leading zeros"));
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return Err(bad(end, "expected a digit after '.'"));
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return Err(bad(end, "expected a digit in the exponent"));
        }
        at = end;
    }
    if accept == Accept::Jsonb && !fits_numeric(&text[first..at]) {
        return Err(bad(start, "the number is out of range for Postgres' numeric type"));
    }
    if bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')) {
        return Err(bad(at, "not a number"));
    }
    Ok(at)
}
