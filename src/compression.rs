//! How the files of export and import are compressed: by their first bytes, or else by their names. A file is written
//! in pieces, each of which is a gzip member or zstd frame of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

/// The bytes of lines after which a piece is complete, before compression.
const PIECE: usize = 4 << 20;
/// The default of zstd.
const ZSTD_LEVEL: i32 = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the extension of the file name, in upper or lower case.
    pub(crate) fn of_name(path: &Path) -> Self {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if extension.eq_ignore_ascii_case("gz") {
            Self::Gzip
        } else if extension.eq_ignore_ascii_case("zst") {
            Self::Zstd
        } else {
            Self::None
        }
    }

    /// By the first four bytes, which take precedence over the name.
    pub(crate) fn of_content(first: &[u8], path: Option<&Path>) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable frame.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => path.map_or(Self::None, Self::of_name),
        }
    }

    /// Returns true if a piece is long enough to be written.
    pub(crate) fn is_complete(piece: &[u8]) -> bool {
        piece.len() >= PIECE
    }

    /// Writes a piece that can be decompressed without the ones before it, unless it is empty, and empties it.
    ///
    /// # Errors
    /// The errors of the output. The piece then stays.
    pub(crate) fn end_piece(self, piece: &mut Vec<u8>, output: &mut impl Write) -> io::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.write_piece(piece, output)?;
        piece.clear();
        // Releases the memory of one huge message.
        piece.shrink_to(2 * PIECE);
        Ok(())
    }

    /// Returns a reader of the whole decompressed text, with a buffer of this size.
    ///
    /// # Errors
    /// The errors of zstd.
    pub(crate) fn reader<'a>(self, input: impl BufRead + 'a, buffer: usize) -> io::Result<Box<dyn BufRead + 'a>> {
        Ok(match self {
            Self::None => Box::new(input),
            Self::Gzip => Box::new(BufReader::with_capacity(buffer, GzipMembers::new(input))),
            Self::Zstd => Box::new(BufReader::with_capacity(buffer, zstd::Decoder::with_buffer(input)?)),
        })
    }

    fn write_piece(self, piece: &[u8], output: &mut impl Write) -> io::Result<()> {
        match self {
            Self::None => output.write_all(piece),
            Self::Gzip => {
                let mut member = GzEncoder::new(output, flate2::Compression::default());
                member.write_all(piece)?;
                member.finish().map(drop)
            }
            Self::Zstd => zstd::stream::copy_encode(piece, output, ZSTD_LEVEL),
        }
    }
}

/// Decompresses the members of a gzip file one after another. Like gzip, it ignores zeros after a member: tapes and
/// block devices pad files with them.
struct GzipMembers<R> {
    /// `None` after the last member or an error.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(input: R) -> Self {
        Self { member: Some(GzDecoder::new(input)) }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(mut member) = self.member.take() {
            let count = member.read(buffer)?;
            if count > 0 {
                self.member = Some(member);
                return Ok(count);
            }
            let mut input = member.into_inner();
            if skip_zeros(&mut input)? {
                self.member = Some(GzDecoder::new(input));
            }
        }
        Ok(0)
    }
}

/// Returns whether anything follows the zeros.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let piece = input.fill_buf()?;
        let zeros = piece.iter().take_while(|byte| **byte == 0).count();
        if zeros < piece.len() {
            input.consume(zeros);
            return Ok(true);
        }
        if piece.is_empty() {
            return Ok(false);
        }
        input.consume(zeros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignores_zeros_after_a_gzip_member_and_refuses_anything_else() {
        let member = |text: &[u8]| {
            let mut packed = Vec::new();
            Compression::Gzip.end_piece(&mut text.to_vec(), &mut packed).expect("packed");
            packed
        };
        let unpacked = |packed: &[u8]| {
            let mut text = Vec::new();
            // A small buffer, so that the zeros fill it several times.
            GzipMembers::new(io::BufReader::with_capacity(16, packed)).read_to_end(&mut text).map(|_| text)
        };
        let (a, b, zeros) = (member(b"a\n"), member(b"b\n"), vec![0; 100]);
        for padded in [[&a[..], &b].concat(), [&a[..], &b, &zeros].concat(), [&a[..], &zeros, &b, &zeros[..1]].concat()]
        {
            assert_eq!(unpacked(&padded).expect("valid"), b"a\nb\n");
        }
        assert!(unpacked(&[&a[..], &zeros, b"rest"].concat()).is_err());
        assert!(unpacked(&[&a[..], b"{}"].concat()).is_err());
        assert!(unpacked(&a[..a.len() - 1]).is_err(), "a truncated member");
    }

    #[test]
    fn the_first_bytes_take_precedence_over_the_name() {
        let gz = Path::new("a.gz");
        assert_eq!(Compression::of_content(b"{\"id\"", None), Compression::None);
        assert_eq!(Compression::of_content(b"\x1f\x8b\x08\0", None), Compression::Gzip);
        assert_eq!(Compression::of_content(b"\x28\xb5\x2f\xfd", Some(gz)), Compression::Zstd);
        assert_eq!(Compression::of_content(b"{\"id\"", Some(gz)), Compression::Gzip);
    }
}
