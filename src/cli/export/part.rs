//! The file of an export while it is written: `FILE.part`, renamed when it is whole. It is a row of pieces, each a whole number of
//! lines; compressed, each piece is a gzip member or a zstd frame of its own, so that after any interruption what ends with the last
//! whole piece can be kept and carried on. A reader sees one stream all the same. One run at a time has the file. A device or a pipe is
//! written to as it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal as _, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;
use uuid::Uuid;

use super::file_failure;
use crate::cli::failure::{Failure, Result, Status};
use crate::cli::interrupt::{Interrupt, may_block};
use crate::cli::output::json;
use crate::cli::output::outlet::Outlet;
use crate::cli::unreadable::Unreadable;
use crate::message::{GlobalPosition, Message};
use crate::own_files::{self, For};

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

/// Whether what has this name can be replaced by a file: it is one, or nothing, and no device or pipe.
///
/// # Errors
/// [`Status::Usage`] for a directory; the file system's.
pub fn is_replaced(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(Failure::usage(format!("--output {}: this is a directory", path.display())))
        }
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(file_failure("write", path, error)),
    }
}

/// A file that is being written.
#[derive(Debug)]
pub struct Part {
    path: PathBuf,
    /// The same as `path` where that is a device or a pipe.
    beside: PathBuf,
    file: BufWriter<Outlet<File>>,
    packing: Packing,
    piece: Vec<u8>,
    kept: Kept,
    /// People see it while it is written.
    pub terminal: bool,
}

impl Part {
    /// A new file, or, with `resume`, what an earlier run left of it. It stays as it is until [`Part::begin`].
    ///
    /// # Errors
    /// The file system's; another run has it.
    pub fn open(path: &Path, resume: bool, interrupt: &Interrupt) -> Result<Self> {
        let packing = Packing::of(path);
        let opened = |path, beside, file: File, kept| Self {
            path,
            beside,
            terminal: file.is_terminal(),
            file: BufWriter::new(Outlet::new(file, interrupt.clone())),
            packing,
            piece: Vec::new(),
            kept,
        };
        if !is_replaced(path)? {
            // A named pipe is opened only once its reader has opened it too.
            let file = own_files::followed(path)
                .and_then(|_| may_block(|| OpenOptions::new().write(true).open(path)))
                .map_err(|error| file_failure("write", path, error))?;
            return Ok(opened(path.to_owned(), path.to_owned(), file, Kept::default()));
        }
        let path = own_files::followed(path).map_err(|error| file_failure("write", path, error))?;
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let failed = |error: io::Error| file_failure("write", &part, error);
        // Cut only when nobody else has it.
        let file = own_files::open(&part, For::Sharing).map_err(failed)?;
        if !is_ours(&file, &part).map_err(failed)? {
            let what = format!("another export is writing {}", part.display());
            return Err(Failure::new(Status::Failed, what).remedy("wait for it, or give another name with --output"));
        }
        let kept = if resume { keep(&file, packing).map_err(failed)? } else { Kept::default() };
        Ok(opened(path, part, file, kept))
    }

    /// Cuts what is there behind the last whole line that is kept, to go on from there. Who may not read the file that it will replace
    /// may not read it either.
    ///
    /// # Errors
    /// The file system's.
    pub fn begin(&mut self) -> Result<()> {
        if self.is_written_through() {
            return Ok(());
        }
        let (length, file) = (self.kept.length, self.file.get_mut().get_mut());
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::Start(length)))
            .and_then(|_| match std::fs::metadata(&self.path) {
                Ok(replaced) => file.set_permissions(replaced.permissions()),
                Err(_) => Ok(()),
            })
            .map_err(|error| file_failure("write", &self.beside, error))
    }

    /// Whether it is a device or a pipe, which is not replaced.
    fn is_written_through(&self) -> bool {
        self.beside == self.path
    }

    /// What it is called when it is whole.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it is called until then.
    pub fn beside(&self) -> &Path {
        &self.beside
    }

    /// The first and the last line of what an earlier run left.
    pub fn kept(&self) -> Option<(Line, Line)> {
        self.kept.lines
    }

    /// Takes what an earlier run left of messages that could not be read.
    pub fn unreadable(&mut self) -> Unreadable {
        std::mem::take(&mut self.kept.unreadable)
    }

    /// A message, as a line.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&mut self, message: &Message) -> Result<()> {
        json::message(&mut self.piece, message, self.terminal);
        if self.piece.len() < PIECE {
            return Ok(());
        }
        self.end_piece().map_err(|error| file_failure("write", &self.beside, error))
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
        let ended = self.end_piece();
        if self.is_written_through() {
            return ended.map_err(|error| file_failure("write", &self.beside, error));
        }
        ended
            .and_then(|()| self.file.get_ref().get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.beside, &self.path))
            .map_err(|error| file_failure("write", &self.beside, error))?;
        // The new name too. Where a directory cannot be synced, the file is on the disk under one of its names all the same.
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let _ = File::open(directory.unwrap_or(Path::new("."))).and_then(|directory| directory.sync_all());
        Ok(())
    }

    /// Leaves the part for a later run; says so. Of a device or a pipe there is none.
    pub fn keep(mut self) -> Option<String> {
        if self.is_written_through() {
            return None;
        }
        // On a full disk what is not written is read again.
        let _ = self.end_piece();
        Some(format!("what was written is in {}; the same command with --resume carries on", self.beside.display()))
    }
}

/// Takes the file for this run, until it is closed; whether it could be had. One that was renamed since it was opened is whole, and
/// no part any more.
fn is_ours(file: &File, part: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => is_named(file, part),
        Err(TryLockError::WouldBlock) => Ok(false),
        // Some network file systems know no locks.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(unix)]
fn is_named(file: &File, part: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let opened = file.metadata()?;
    let named = std::fs::metadata(part);
    Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino())))
}

/// An open file cannot be renamed here.
#[cfg(not(unix))]
fn is_named(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// What a line tells of its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Line {
    /// Its id.
    pub id: Uuid,
    /// Its global position.
    pub gpos: GlobalPosition,
}

/// What can be carried on.
#[derive(Debug, Default, PartialEq, Eq)]
struct Kept {
    /// Bytes of the file.
    length: u64,
    /// Its first and its last line.
    lines: Option<(Line, Line)>,
    /// Its lines that say that their message could not be read.
    unreadable: Unreadable,
}

impl Kept {
    /// Goes on with these lines, up to this length.
    fn go_on(&mut self, length: u64, first: Line, last: Line, unreadable: Unreadable) {
        self.length = length;
        self.lines = Some((self.lines.map_or(first, |(first, _)| first), last));
        self.unreadable.and(unreadable);
    }
}

/// Reads what an earlier run left, up to its last whole piece (or line, where it is not compressed).
fn keep(file: &File, packing: Packing) -> io::Result<Kept> {
    let mut input = Counted { input: BufReader::with_capacity(1 << 18, file), count: 0 };
    let mut kept = Kept::default();
    match packing {
        Packing::Plain => {
            let mut text = Vec::new();
            while input.read_until(b'\n', &mut text)? > 0 && text.ends_with(b"\n") {
                let Ok(line) = serde_json::from_slice(&text) else { break };
                kept.go_on(input.count, line, line, flaw(&text));
                text.clear();
            }
        }
        Packing::Gzip | Packing::Zstd => {
            while !input.fill_buf()?.is_empty() {
                let ends = match packing {
                    Packing::Gzip => ends(GzDecoder::new(&mut input)),
                    _ => zstd::stream::read::Decoder::with_buffer(&mut input)
                        .and_then(|decoder| ends(decoder.single_frame())),
                };
                // A piece that is cut, or is none at all.
                let Ok((first, last, unreadable)) = ends else { break };
                kept.go_on(input.count, first, last, unreadable);
            }
        }
    }
    Ok(kept)
}

/// What a line says of why its message could not be read.
fn flaw(line: &[u8]) -> Unreadable {
    #[derive(Deserialize)]
    struct Flawed {
        gpos: GlobalPosition,
        unreadable: Option<String>,
    }
    let mut found = Unreadable::default();
    // A body can hold the same words: only a line with them is worth a closer look.
    if let Ok(text) = std::str::from_utf8(line)
        && text.contains("\"unreadable\":")
        && let Ok(Flawed { gpos, unreadable: Some(flaw) }) = serde_json::from_str(text)
    {
        found.add(gpos, &flaw);
    }
    found
}

/// The first and the last line of a piece, and its lines of messages that could not be read.
fn ends(piece: impl Read) -> io::Result<(Line, Line, Unreadable)> {
    let mut piece = BufReader::new(piece);
    let (mut first, mut last, mut text) = (None, Vec::new(), Vec::new());
    let mut unreadable = Unreadable::default();
    while piece.read_until(b'\n', &mut text)? > 0 {
        if first.is_none() {
            first = Some(serde_json::from_slice(&text)?);
        }
        unreadable.and(flaw(&text));
        std::mem::swap(&mut last, &mut text);
        text.clear();
    }
    let last = serde_json::from_slice(&last)?;
    Ok((first.unwrap_or(last), last, unreadable))
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
            flaw: None,
        }
    }

    /// A file of three pieces, of which any length was left.
    #[test]
    fn whatever_is_left_is_carried_on_behind_the_last_whole_piece() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst"] {
            let path = directory.path().join(name);
            let mut ends = vec![(0, None)];
            let mut part = Part::open(&path, false, &Interrupt::never()).expect("a new file");
            part.begin().expect("an empty file");
            for position in 1..=3 {
                part.write(&message(position)).expect("written");
                part.end_piece().expect("a whole piece");
                ends.push((part.file.get_ref().get_ref().metadata().expect("its size").len(), Some(position)));
            }
            let beside = part.beside.clone();
            drop(part);
            let whole = std::fs::read(&beside).expect("what was written");
            for left in 0..=whole.len() {
                std::fs::write(&beside, &whole[..left]).expect("cut");
                let (length, last) = *ends.iter().rfind(|(end, _)| *end <= left as u64).expect("0 is an end");
                let mut resumed = Part::open(&path, true, &Interrupt::never()).expect("carried on");
                resumed.begin().expect("cut");
                let kept = resumed.kept().map(|(first, last)| (first.gpos, last.gpos));
                assert_eq!(kept, last.map(|last| (1, last)), "{name} cut at {left}");
                drop(resumed);
                assert_eq!(std::fs::metadata(&beside).expect("its size").len(), length, "{name} cut at {left}");
            }
        }
    }

    #[test]
    fn a_part_that_another_run_has_is_left_alone() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let mut part = Part::open(&path, false, &Interrupt::never()).expect("a new file");
        part.write(&message(1)).expect("written");
        part.end_piece().expect("a whole piece");
        for resume in [false, true] {
            let refused = Part::open(&path, resume, &Interrupt::never()).expect_err("refused");
            assert!(refused.what.contains("a.ndjson.part"), "{refused}");
        }
        part.finish().expect("whole");
        assert!(std::fs::read(&path).expect("the whole file").ends_with(b"}\n"));
    }

    #[cfg(unix)]
    #[test]
    fn a_part_that_is_a_link_is_refused_and_its_target_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, precious) = (directory.path().join("a.ndjson"), directory.path().join("precious"));
        std::fs::write(&precious, "precious").expect("written");
        std::os::unix::fs::symlink(&precious, directory.path().join("a.ndjson.part")).expect("linked");
        for resume in [false, true] {
            let refused = Part::open(&path, resume, &Interrupt::never()).expect_err("refused");
            assert!(refused.what.contains("a.ndjson.part: this is a symbolic link"), "{refused}");
        }
        assert_eq!(std::fs::read_to_string(&precious).expect("there"), "precious");
    }

    #[cfg(unix)]
    #[test]
    fn a_part_that_became_whole_meanwhile_is_not_cut() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let part = directory.path().join("a.ndjson.part");
        std::fs::write(&part, "lines").expect("a part");
        let opened = File::open(&part).expect("opened");
        std::fs::rename(&part, &path).expect("whole");
        assert!(!is_ours(&opened, &part).expect("a look"));
    }
}
