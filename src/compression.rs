//! How the files of export and import are compressed: by their first bytes, or else by their names. A file is written in pieces, each
//! of which is a gzip member or zstd frame of its own.

use std::io::{self, Write};
use std::path::Path;

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
    /// Those of the output. The piece then stays.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_take_precedence_over_the_name() {
        let gz = Path::new("a.gz");
        assert_eq!(Compression::of_content(b"{\"id\"", None), Compression::None);
        assert_eq!(Compression::of_content(b"\x1f\x8b\x08\0", None), Compression::Gzip);
        assert_eq!(Compression::of_content(b"\x28\xb5\x2f\xfd", Some(gz)), Compression::Zstd);
        assert_eq!(Compression::of_content(b"{\"id\"", Some(gz)), Compression::Gzip);
    }
}
