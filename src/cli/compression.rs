//! How the files of export and import are compressed: by their first bytes, or else by their names. Nothing is read or written here.

use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// By the extension of the file name, in upper or lower case.
    pub(super) fn of_name(path: &Path) -> Self {
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
    pub(super) fn of_content(first: &[u8], path: Option<&Path>) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable frame.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => path.map_or(Self::None, Self::of_name),
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
