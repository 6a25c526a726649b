//! Decodes text from files and pipes, which must be UTF-8. Removes a byte order mark and recognises UTF-16, because
//! editors and shells of other systems write both. Never converts other encodings.

use std::borrow::Cow;

use thiserror::Error;

/// The byte order mark, U+FEFF.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Why bytes are not UTF-8, as a predicate for an error message such as "line 3 is UTF-16, not UTF-8".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum NotUtf8 {
    /// Another encoding, by its name in `iconv`.
    #[error("is {0}, not UTF-8; convert it with: iconv -f {0} -t UTF-8")]
    Encoded(&'static str),
    /// Offset of the first invalid byte.
    #[error("is not UTF-8: the first invalid byte is at offset {0}")]
    At(usize),
}

/// Returns the text without a byte order mark.
///
/// # Errors
/// [`NotUtf8`]. A NUL among the first characters counts as UTF-16 or UTF-32.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, NotUtf8> {
    if let Some(name) = other_encoding(bytes) {
        return Err(NotUtf8::Encoded(name));
    }
    let marked = bytes.len() - without_mark(bytes).len();
    std::str::from_utf8(&bytes[marked..]).map_err(|error| NotUtf8::At(marked + error.valid_up_to()))
}

/// Like [`text`], but takes ownership of the bytes.
///
/// # Errors
/// [`NotUtf8`]
#[cfg(feature = "cli")]
pub(crate) fn into_text(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    text(&bytes)?;
    let mut text = String::from_utf8(bytes).map_err(|error| NotUtf8::At(error.utf8_error().valid_up_to()))?;
    text.drain(..text.len() - without_mark(text.as_bytes()).len());
    Ok(text)
}

/// Like [`text`], but turns invalid bytes into replacement characters, for files in which only one line matters.
///
/// # Errors
/// [`NotUtf8::Encoded`]
pub(crate) fn text_lossy(bytes: &[u8]) -> Result<Cow<'_, str>, NotUtf8> {
    any_bytes(bytes).map(String::from_utf8_lossy)
}

/// Like [`text`], but accepts any bytes, for files with passwords.
///
/// # Errors
/// [`NotUtf8::Encoded`]
pub(crate) fn any_bytes(bytes: &[u8]) -> Result<&[u8], NotUtf8> {
    match other_encoding(bytes) {
        Some(name) => Err(NotUtf8::Encoded(name)),
        None => Ok(without_mark(bytes)),
    }
}

/// Removes a byte order mark, which an argument such as `"$(cat FILE)"` can have.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn argument(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Skips a byte order mark, if there is one.
#[must_use]
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(MARK).unwrap_or(bytes)
}

/// Recognises UTF-16 and UTF-32 by the byte order mark, or by the NUL bytes next to the first ASCII character. Returns
/// the name with which `iconv` removes the mark, if there is one.
#[must_use]
pub(crate) fn other_encoding(first: &[u8]) -> Option<&'static str> {
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

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn removes_one_byte_order_mark() {
        assert_eq!(text(b"\xef\xbb\xbf{}"), Ok("{}"));
        assert_eq!(into_text(b"\xef\xbb\xbf{}".to_vec()), Ok("{}".to_owned()));
        assert_eq!(text_lossy(b"\xef\xbb\xbf{}\xff"), Ok(Cow::Borrowed("{}\u{fffd}")));
        assert_eq!(text(b"\xef\xbb\xbf\xef\xbb\xbf"), Ok("\u{feff}"));
        assert_eq!(text(b""), Ok(""));
    }

    #[test]
    fn recognises_other_encodings_with_and_without_a_mark() {
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
    fn the_offset_of_an_invalid_byte_includes_the_mark() {
        assert_eq!(text(b"ab\xff"), Err(NotUtf8::At(2)));
        assert_eq!(into_text(b"\xef\xbb\xbfa\xff".to_vec()), Err(NotUtf8::At(4)));
        assert!(NotUtf8::Encoded("UTF-16").to_string().ends_with("iconv -f UTF-16 -t UTF-8"));
    }
}
