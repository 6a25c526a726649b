//! Reads the lines of a file or of standard input, plain or compressed, and numbers them. It holds one line at a time,
//! never the file, and never interprets a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, IsTerminal as _, Read};
use std::path::Path;
use std::sync::Arc;

use crate::bounded;
use crate::cli::progress::Progress;
use crate::compression::Compression;
use crate::utf8::{self, NotUtf8};

/// Size of a read in bytes.
const PIECE: usize = 64 * 1024;
/// The buffer shrinks to this size after a longer line.
const KEPT: usize = 1 << 20;

pub(super) enum Source {
    /// A file and its size in bytes; 0 for a pipe or a device.
    File(File, u64),
    Stdin,
}

impl Source {
    /// Opens a file, or standard input for no path and for `-`.
    ///
    /// # Errors
    /// The errors of the file system, and [`io::ErrorKind::IsADirectory`].
    pub(super) fn open(path: Option<&Path>) -> io::Result<Self> {
        match path.filter(|path| path.as_os_str() != "-") {
            None => Ok(Self::Stdin),
            Some(path) => {
                let file = File::open(path)?;
                let metadata = file.metadata()?;
                if metadata.is_dir() {
                    return Err(io::Error::from(io::ErrorKind::IsADirectory));
                }
                Ok(Self::File(file, if metadata.is_file() { metadata.len() } else { 0 }))
            }
        }
    }

    pub(super) fn is_terminal(&self) -> bool {
        match self {
            Self::File(file, _) => file.is_terminal(),
            Self::Stdin => io::stdin().is_terminal(),
        }
    }

    /// Returns the size in bytes if it is known.
    #[must_use]
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::File(_, size) => (*size > 0).then_some(*size),
            Self::Stdin => None,
        }
    }
}

/// Counts the bytes read, for the progress. Returns no more data after the end of the input, even if a terminal has
/// some.
struct SourceReader<R> {
    inner: R,
    progress: Arc<Progress>,
    ended: bool,
}

impl<R: Read> Read for SourceReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        self.ended = count == 0 && !buffer.is_empty();
        self.progress.add_done(count as u64);
        Ok(count)
    }
}

pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
}

/// Why a line could not be read.
#[derive(Debug)]
pub(super) enum LineError {
    /// An error of the system, or damaged or truncated compressed data.
    Unreadable(io::Error),
    /// Longer than [`bounded::LINE`].
    TooLong,
    /// Text in an encoding other than UTF-8.
    Encoded(NotUtf8),
}

impl Lines {
    /// Detects the compression. `progress` counts the bytes of the source before decompression.
    ///
    /// # Errors
    /// The errors of the system.
    pub(super) fn new(source: Source, path: Option<&Path>, progress: Arc<Progress>) -> io::Result<Self> {
        let inner: Box<dyn Read + Send> = match source {
            Source::File(file, _) => Box::new(file),
            Source::Stdin => Box::new(io::stdin()),
        };
        let mut raw = SourceReader { inner, progress, ended: false };
        let mut first = Vec::with_capacity(4);
        raw.by_ref().take(4).read_to_end(&mut first)?;
        let compression = Compression::of_content(&first, path);
        let whole = BufReader::with_capacity(PIECE, Cursor::new(first).chain(raw));
        let reader = compression.reader(whole, PIECE)?;
        Ok(Self { reader, line: Vec::new(), number: 0 })
    }

    /// Returns the number, from 1, of the line that was last read or failed.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line into [`Lines::line`], without its end and without a byte order mark. Returns `None` at the
    /// end of the input.
    ///
    /// # Errors
    /// [`LineError`], for line [`Lines::number`].
    pub(super) fn read(&mut self) -> Result<Option<Ended>, LineError> {
        self.line.clear();
        self.line.shrink_to(KEPT);
        self.number += 1;
        let read = bounded::read_line(&mut self.reader, &mut self.line);
        let read = read.map_err(LineError::Unreadable)?;
        if read == 0 {
            return Ok(None);
        }
        let ended = self.line.pop_if(|last| *last == b'\n').is_some();
        if let Some(encoding) = utf8::other_encoding(&self.line) {
            return Err(LineError::Encoded(NotUtf8::Encoded(encoding)));
        }
        // Concatenated files can have a byte order mark in any line.
        let mark = self.line.len() - utf8::without_mark(&self.line).len();
        self.line.drain(..mark);
        if self.line.len() > bounded::LINE {
            return Err(LineError::TooLong);
        }
        Ok(Some(if ended { Ended::Yes } else { Ended::No }))
    }

    /// Returns the last line. The caller may take its memory.
    pub(super) fn line(&mut self) -> &mut Vec<u8> {
        &mut self.line
    }
}

/// Whether a line ended with a newline or with the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Yes,
    /// The line may be truncated.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_nothing_after_the_end_of_the_input() {
        /// A terminal on which Ctrl-D was pressed before this line.
        struct Terminal(Option<&'static [u8]>);
        impl Read for Terminal {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let line = self.0.replace(b"more\n").unwrap_or_default();
                buffer[..line.len()].copy_from_slice(line);
                Ok(line.len())
            }
        }
        let mut input = SourceReader { inner: Terminal(None), progress: Arc::new(Progress::new(None)), ended: false };
        for _ in 0..2 {
            assert_eq!(input.read(&mut [0; 16]).expect("a read"), 0);
        }
    }

    fn lines_of(name: &str, bytes: &[u8]) -> Lines {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let source = Source::open(Some(&path)).expect("opened");
        Lines::new(source, Some(&path), Arc::new(Progress::new(None))).expect("begun")
    }

    fn packed(bytes: &[u8]) -> [(&'static str, Vec<u8>); 3] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, bytes).expect("packed");
        [
            ("a.ndjson", bytes.to_vec()),
            ("a.gz", gzip.finish().expect("packed")),
            ("a.zst", zstd::encode_all(bytes, 1).expect("packed")),
        ]
    }

    #[test]
    fn skips_a_byte_order_mark_before_any_line_of_plain_and_compressed_files() {
        for (name, bytes) in packed("\u{feff}{\"a\": 1}\n\u{feff}{\"b\": \"\u{feff}\"}".as_bytes()) {
            let mut lines = lines_of(name, &bytes);
            for expected in ["{\"a\": 1}", "{\"b\": \"\u{feff}\"}"] {
                assert!(lines.read().expect("a line").is_some());
                assert_eq!(String::from_utf8_lossy(lines.line()), expected, "{name}");
            }
        }
    }

    #[test]
    fn recognises_utf_16_in_plain_and_compressed_files() {
        let text = "{\"stream\": \"a-1\"}\n{}\n";
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (name, bytes) in packed(&utf16) {
            let read = lines_of(name, &bytes).read();
            assert!(matches!(read, Err(LineError::Encoded(NotUtf8::Encoded("UTF-16LE")))), "{name}: {read:?}");
        }
    }
}
