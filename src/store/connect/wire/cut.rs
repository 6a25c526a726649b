//! An error of the server, made to fit: each field is cut to a length that can be shown and becomes valid UTF-8, whatever
//! the server's encoding was. Knows the form of the message and none of its meaning.

/// The most that is kept of one field, in bytes.
const LONGEST_FIELD: usize = 8_192;
/// The most that is kept of all fields; what comes after is dropped.
const LONGEST: usize = 65_536;

/// Takes the fields as they arrive; the whole is never in memory.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Fields that are complete.
    fields: Vec<u8>,
    /// The kind of the field that is arriving, its beginning, and its length so far.
    kind: Option<u8>,
    beginning: Vec<u8>,
    length: usize,
}

impl Cut {
    /// Takes a piece of the body.
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
        // A character may be cut in two.
        let whole = match std::str::from_utf8(&beginning) {
            Err(error) if cut && error.error_len().is_none() => &beginning[..error.valid_up_to()],
            _ => &beginning[..],
        };
        self.fields.push(kind);
        self.fields.extend_from_slice(String::from_utf8_lossy(whole).as_bytes());
        if cut {
            self.fields.extend_from_slice(format!("… ({} bytes in all)", grouped(length)).as_bytes());
        }
        self.fields.push(0);
    }

    /// Adds the message, with its header.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) {
        self.fields.push(0);
        let length = i32::try_from(self.fields.len() + 4).unwrap_or(i32::MAX);
        out.push(b'E');
        out.extend_from_slice(&length.to_be_bytes());
        out.append(&mut self.fields);
    }
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(body: &[u8]) -> String {
        let mut whole = Cut::default();
        whole.take(body);
        let mut pieces = Cut::default();
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
    fn a_short_error_stays_as_it_is() {
        assert_eq!(cut(b"SERROR\0C22P02\0Mno\0\0"), "SERROR\0C22P02\0Mno\0\0");
    }

    #[test]
    fn a_long_field_is_cut_at_a_character_and_the_others_stay() {
        let body = ["SERROR\0M", &"ä".repeat(25_000_000), "x\0DDetail\0\0"].concat();
        let text = cut(body.as_bytes());
        let expected = format!("SERROR\0M{}… (50,000,001 bytes in all)\0DDetail\0\0", "ä".repeat(LONGEST_FIELD / 2));
        assert_eq!(text, expected);
    }

    #[test]
    fn fields_without_end_are_cut_too() {
        assert!(cut(&b"Mx\0".repeat(1_000_000)).len() < 2 * LONGEST);
    }

    #[test]
    fn bytes_of_another_encoding_become_replacement_characters() {
        assert_eq!(cut(b"Mfalsches Pa\xdfwort\0\0"), "Mfalsches Pa\u{fffd}wort\0\0");
    }
}
