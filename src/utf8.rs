//! Text from elsewhere, which must be UTF-8. A byte order mark in front of it is taken away, and UTF-16 is recognised, because
//! editors and shells of other systems write both.

use std::borrow::Cow;

use thiserror::Error;

/// U+FEFF in UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why bytes are not the text that they should be, to be said of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotUtf8 {
    /// Another encoding, by the name that `iconv` knows.
    #[error("is {0}, not UTF-8; convert it with: iconv -f {0} -t UTF-8")]
    Encoded(&'static str),
    /// The first wrong byte, counted from 0.
    #[error("is not UTF-8: the first wrong byte is number {0}, counted from 0")]
    At(usize),
}

/// The text without a byte order mark.
///
/// # Errors
/// [`NotUtf8`]; a NUL where UTF-16 has it, too.
pub fn text(bytes: &[u8]) -> Result<&str, NotUtf8> {
    if let Some(name) = other_encoding(bytes) {
        return Err(NotUtf8::Encoded(name));
    }
    let marked = bytes.len() - without_mark(bytes).len();
    std::str::from_utf8(&bytes[marked..]).map_err(|error| NotUtf8::At(marked + error.valid_up_to()))
}

/// As [`text`], of bytes that are not needed any more.
///
/// # Errors
/// As [`text`].
pub fn into_text(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    text(&bytes)?;
    let mut text = String::from_utf8(bytes).map_err(|error| NotUtf8::At(error.utf8_error().valid_up_to()))?;
    text.drain(..text.len() - without_mark(text.as_bytes()).len());
    Ok(text)
}

/// As [`text`], but with replacement characters for what is not UTF-8: for files in which only one line matters.
///
/// # Errors
/// Only another encoding.
pub fn text_lossy(bytes: &[u8]) -> Result<Cow<'_, str>, NotUtf8> {
    match other_encoding(bytes) {
        Some(name) => Err(NotUtf8::Encoded(name)),
        None => Ok(String::from_utf8_lossy(without_mark(bytes))),
    }
}

/// What is behind a byte order mark, if there is one.
#[must_use]
pub fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// UTF-16 or UTF-32, by its byte order mark or by the NUL bytes beside its first ASCII character. The name is one that
/// `iconv` knows, and with it the mark is taken away.
#[must_use]
pub fn other_encoding(first: &[u8]) -> Option<&'static str> {
    match first {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [1..=255, 0, 0, 0, ..] => Some("UTF-32LE"),
        [0, 0, 0, 1..=255, ..] => Some("UTF-32BE"),
        [1..=255, 0, ..] => Some("UTF-16LE"),
        [0, 1..=255, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_taken_away_once() {
        assert_eq!(text(b"\xef\xbb\xbf{}"), Ok("{}"));
        assert_eq!(into_text(b"\xef\xbb\xbf{}".to_vec()), Ok("{}".to_owned()));
        assert_eq!(text_lossy(b"\xef\xbb\xbf{}\xff"), Ok(Cow::Borrowed("{}\u{fffd}")));
        assert_eq!(text(b"\xef\xbb\xbf\xef\xbb\xbf"), Ok("\u{feff}"));
        assert_eq!(text(b""), Ok(""));
    }

    #[test]
    fn other_encodings_are_named_with_and_without_a_mark() {
        let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<_>>();
        for (bytes, name) in [
            (utf16("\u{feff}{}", u16::to_le_bytes), "UTF-16"),
            (utf16("\u{feff}{}", u16::to_be_bytes), "UTF-16"),
            (utf16("{\"a\": 1}", u16::to_le_bytes), "UTF-16LE"),
            (utf16("{\"a\": 1}", u16::to_be_bytes), "UTF-16BE"),
            (utf16("\"\u{43f}\"", u16::to_le_bytes), "UTF-16LE"),
            (utf16("1", u16::to_le_bytes), "UTF-16LE"),
            (utf16("1", u16::to_be_bytes), "UTF-16BE"),
            ("\u{feff}{}".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "UTF-32"),
            ("{}".chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(), "UTF-32BE"),
            ("{}".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), "UTF-32LE"),
        ] {
            assert_eq!(text(&bytes), Err(NotUtf8::Encoded(name)), "{bytes:x?}");
            assert_eq!(into_text(bytes.clone()), Err(NotUtf8::Encoded(name)));
            assert_eq!(text_lossy(&bytes), Err(NotUtf8::Encoded(name)));
        }
    }

    #[test]
    fn a_wrong_byte_is_counted_with_the_mark() {
        assert_eq!(text(b"ab\xff"), Err(NotUtf8::At(2)));
        assert_eq!(into_text(b"\xef\xbb\xbfa\xff".to_vec()), Err(NotUtf8::At(4)));
        assert!(NotUtf8::Encoded("UTF-16").to_string().ends_with("iconv -f UTF-16 -t UTF-8"));
    }
}
