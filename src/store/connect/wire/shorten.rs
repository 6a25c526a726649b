//! Shortens the server's errors: cuts each field to a length that can be displayed, and turns it into valid UTF-8
//! whatever the server's encoding is. Does not interpret the fields.

use crate::numbers::grouped;

/// Bytes kept of one field.
const LONGEST_FIELD: usize = 8_192;
/// Bytes kept of all fields; later fields are dropped.
const LONGEST: usize = 65_536;

/// Takes the fields as they arrive, so that the whole error is never in memory.
#[derive(Debug, Default)]
pub(super) struct ShortenedError {
    /// Completed fields.
    fields: Vec<u8>,
    /// The kind of the arriving field, its beginning and its length so far.
    kind: Option<u8>,
    beginning: Vec<u8>,
    length: usize,
}

impl ShortenedError {
    /// Takes the next piece of the body.
    pub(super) fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            match (self.kind, *byte) {
                (None, 0) => {}
                (None, kind) => self.kind = Some(kind),
                (Some(kind), 0) => {
                    self.end_field(kind);
                    self.kind = None;
                }
                (Some(_), byte) => {
                    if self.beginning.len() < LONGEST_FIELD {
                        self.beginning.push(byte);
                    }
                    self.length += 1;
                }
            }
        }
    }

    fn end_field(&mut self, kind: u8) {
        let (beginning, length) = (std::mem::take(&mut self.beginning), std::mem::take(&mut self.length));
        if self.fields.len() > LONGEST {
            return;
        }
        let cut = length > beginning.len();
        // The cut may split a character.
        let whole = match std::str::from_utf8(&beginning) {
            Err(error) if cut && error.error_len().is_none() => &beginning[..error.valid_up_to()],
            _ => &beginning[..],
        };
        self.fields.push(kind);
        self.fields.extend_from_slice(String::from_utf8_lossy(whole).as_bytes());
        if cut {
            self.fields.extend_from_slice(format!("… ({} bytes in total)", grouped(length as u64)).as_bytes());
        }
        self.fields.push(0);
    }

    /// Appends the shortened message with its header to `out`.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        self.fields.push(0);
        let length = i32::try_from(self.fields.len() + 4).unwrap_or(i32::MAX);
        out.push(b'E');
        out.extend_from_slice(&length.to_be_bytes());
        out.append(&mut self.fields);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shorten(body: &[u8]) -> String {
        let mut whole = ShortenedError::default();
        whole.take(body);
        let mut pieces = ShortenedError::default();
        body.chunks(3).for_each(|piece| pieces.take(piece));
        let (mut out, mut same) = (Vec::new(), Vec::new());
        whole.finish(&mut out);
        pieces.finish(&mut same);
        assert_eq!(out, same);
        assert_eq!(out[0], b'E');
        assert_eq!(out[1..5], u32::try_from(out.len() - 1).expect("short").to_be_bytes());
        String::from_utf8(out[5..].to_vec()).expect("UTF-8")
    }

    #[test]
    fn a_short_error_is_unchanged() {
        assert_eq!(shorten(b"SERROR\0C22P02\0Mno\0\0"), "SERROR\0C22P02\0Mno\0\0");
    }

    #[test]
    fn shortens_a_long_field_at_a_character_and_keeps_the_others() {
        let body = ["SERROR\0M", &"ä".repeat(25_000_000), "x\0DDetail\0\0"].concat();
        let text = shorten(body.as_bytes());
        let expected = format!("SERROR\0M{}… (50,000,001 bytes in total)\0DDetail\0\0", "ä".repeat(LONGEST_FIELD / 2));
        assert_eq!(text, expected);
    }

    #[test]
    fn drops_fields_after_the_limit() {
        assert!(shorten(&b"Mx\0".repeat(1_000_000)).len() < 2 * LONGEST);
    }

    #[test]
    fn replaces_bytes_of_other_encodings() {
        assert_eq!(shorten(b"Mfalsches Pa\xdfwort\0\0"), "Mfalsches Pa\u{fffd}wort\0\0");
    }
}
