//! The file of an export while it is written: `FILE.part`, renamed when it is whole. It is a row of pieces, each a whole number of
//! lines; compressed, each piece is a gzip member or a zstd frame of its own, so that after any interruption what ends with the last
//! whole piece can be kept and carried on. A reader sees one stream all the same.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;

use super::file_failure;
use crate::cli::failure::Result;
use crate::cli::output::json;
use crate::message::{GlobalPosition, Message};

/// Bytes of lines in a piece, before they are compressed. What an interruption costs at most.
const PIECE: usize = 4 << 20;
/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

/// How the file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn of(path: &Path) -> Self {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    beside: PathBuf,
    file: BufWriter<File>,
    packing: Packing,
    piece: Vec<u8>,
    written_to: Option<GlobalPosition>,
}

impl Part {
    /// A new file, or, with `resume`, what an earlier run left of it, cut behind its last whole line.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(path: &Path, resume: bool) -> Result<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let packing = Packing::of(path);
        let failed = |error: io::Error| file_failure("write", &part, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(!resume);
        let mut file = options.open(&part).map_err(failed)?;
        let kept = if resume { keep(&file, packing).map_err(failed)? } else { Kept::default() };
        file.set_len(kept.length).and_then(|()| file.seek(SeekFrom::Start(kept.length))).map_err(failed)?;
        let written_to = kept.last;
        Ok(Self {
            path: path.to_owned(),
            beside: part,
            file: BufWriter::new(file),
            packing,
            piece: Vec::new(),
            written_to,
        })
    }

    /// What it is called when it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last global position in what an earlier run left.
    pub fn written_to(&self) -> Option<GlobalPosition> {
        self.written_to
    }

    /// A message, as a line.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&mut self, message: &Message) -> Result<()> {
        json::message(&mut self.piece, message, false);
        if self.piece.len() < PIECE {
            return Ok(());
        }
        self.end_piece().map_err(|error| file_failure("write", &self.beside, &error))
    }

    fn end_piece(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        match self.packing {
            Packing::Plain => self.file.write_all(&self.piece)?,
            Packing::Gzip => {
                let mut member = GzEncoder::new(&mut self.file, Compression::default());
                member.write_all(&self.piece)?;
                member.finish()?;
            }
            Packing::Zstd => zstd::stream::copy_encode(self.piece.as_slice(), &mut self.file, ZSTD_LEVEL)?,
        }
        self.piece.clear();
        // One huge message must not keep its memory.
        self.piece.shrink_to(2 * PIECE);
        self.file.flush()
    }

    /// Ends the file, sees it to the disk and gives it its name.
    ///
    /// # Errors
    /// The file system's; the part is kept.
    pub fn finish(&mut self) -> Result<()> {
        self.end_piece()
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.beside, &self.path))
            .map_err(|error| file_failure("write", &self.beside, &error))
    }

    /// Leaves the part for a later run; says so.
    pub fn keep(mut self) -> String {
        // On a full disk what is not written is read again.
        let _ = self.end_piece();
        format!("what was written is in {}; the same command with --resume carries on", self.beside.display())
    }
}

/// What can be carried on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    /// Bytes of the file.
    length: u64,
    /// Global position of its last message.
    last: Option<GlobalPosition>,
}

/// Reads what an earlier run left, up to its last whole piece (or line, where it is not compressed).
fn keep(file: &File, packing: Packing) -> io::Result<Kept> {
    let mut input = Counted { input: BufReader::with_capacity(1 << 18, file), count: 0 };
    let mut kept = Kept::default();
    match packing {
        Packing::Plain => {
            let mut line = Vec::new();
            while input.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
                let Some(position) = position(&line) else { break };
                kept = Kept { length: input.count, last: Some(position) };
                line.clear();
            }
        }
        Packing::Gzip | Packing::Zstd => {
            while !input.fill_buf()?.is_empty() {
                let last = match packing {
                    Packing::Gzip => last_line(GzDecoder::new(&mut input)),
                    _ => zstd::stream::read::Decoder::with_buffer(&mut input)
                        .and_then(|decoder| last_line(decoder.single_frame())),
                };
                // A piece that is cut, or is none at all.
                let Some(position) = last.ok().as_deref().and_then(position) else { break };
                kept = Kept { length: input.count, last: Some(position) };
            }
        }
    }
    Ok(kept)
}

/// The last line of a piece that ends with a line.
fn last_line(piece: impl Read) -> io::Result<Vec<u8>> {
    let mut piece = BufReader::new(piece);
    let (mut last, mut line) = (Vec::new(), Vec::new());
    while piece.read_until(b'\n', &mut line)? > 0 {
        std::mem::swap(&mut last, &mut line);
        line.clear();
    }
    Ok(last)
}

fn position(line: &[u8]) -> Option<GlobalPosition> {
    #[derive(Deserialize)]
    struct Line {
        gpos: GlobalPosition,
    }
    serde_json::from_slice::<Line>(line).ok().map(|line| line.gpos)
}

/// A reader that knows how much of it was consumed.
struct Counted<R> {
    input: R,
    count: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.input.consume(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StreamName;

    fn message(global_position: GlobalPosition) -> Message {
        Message {
            id: uuid::Uuid::nil(),
            stream: StreamName::stored("account-1"),
            message_type: "Opened".to_owned(),
            position: 0,
            global_position,
            data: Some("{}".to_owned()),
            metadata: None,
            time: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    /// A file of three pieces, of which any length was left.
    #[test]
    fn whatever_is_left_is_carried_on_behind_the_last_whole_piece() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst"] {
            let path = directory.path().join(name);
            let mut ends = vec![(0, None)];
            let mut part = Part::open(&path, false).expect("a new file");
            for position in 1..=3 {
                part.write(&message(position)).expect("written");
                part.end_piece().expect("a whole piece");
                ends.push((part.file.get_ref().metadata().expect("its size").len(), Some(position)));
            }
            let whole = std::fs::read(&part.beside).expect("what was written");
            for left in 0..=whole.len() {
                std::fs::write(&part.beside, &whole[..left]).expect("cut");
                let (length, last) = *ends.iter().rfind(|(end, _)| *end <= left as u64).expect("0 is an end");
                let resumed = Part::open(&path, true).expect("carried on");
                assert_eq!(resumed.written_to(), last, "{name} cut at {left}");
                drop(resumed);
                assert_eq!(std::fs::metadata(&part.beside).expect("its size").len(), length, "{name} cut at {left}");
            }
        }
    }
}
