//! The part file of an export, `FILE.part`, which is renamed to `FILE` when it is complete. It consists of pieces of
//! complete lines. In a compressed file each piece is its own gzip member or zstd frame, so after an interruption
//! everything up to the last complete piece can be kept; other programs read the file as one stream. A lock admits one
//! run at a time. Devices and pipes are never replaced: they are written directly.

use std::borrow::Cow;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal as _, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::bounded;
use crate::cli::blocking::may_block;
use crate::cli::error::{CommandError, Result, Signalled, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::json;
use crate::cli::output::outlet::Outlet;
use crate::compression::Compression;
use crate::message::{GlobalPosition, Message, Position};
use crate::own_files::{self, Purpose};

/// The size of buffers for reading.
const READ: usize = 1 << 18;

/// Whether the export replaces this path: it is a file or does not exist yet, not a device or a pipe.
///
/// # Errors
/// [`Status::Usage`] for a directory, and those of the file system.
pub(super) fn is_replaced(path: &Path) -> Result<bool> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            Err(CommandError::usage(format!("--output {}: this is a directory", path.display())))
        }
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(file_error("write", path, error)),
    }
}

#[derive(Debug)]
pub(crate) struct PartFile {
    path: PathBuf,
    /// The part file; the same as `path` for a device or a pipe.
    part_path: PathBuf,
    file: BufWriter<Outlet<File>>,
    compression: Compression,
    piece: Vec<u8>,
    usable: Usable,
    /// No run can continue it.
    is_spoiled: bool,
    /// The output is a terminal.
    pub terminal: bool,
}

impl PartFile {
    /// Opens a new part file or, with `resume`, that of an earlier run. The file does not change before
    /// [`PartFile::begin`].
    ///
    /// # Errors
    /// The errors of the file system, and one if another run is writing the file.
    pub(super) fn open(path: &Path, resume: bool, interrupt: &Interrupt) -> Result<Self> {
        let compression = Compression::of_name(path);
        let opened = |path, part_path, file: File, usable| Self {
            path,
            part_path,
            terminal: file.is_terminal(),
            file: BufWriter::new(Outlet::new(file, interrupt.clone())),
            compression,
            piece: Vec::new(),
            usable,
            is_spoiled: false,
        };
        if !is_replaced(path)? {
            // Opening a named pipe blocks until its reader opens it too.
            let file = own_files::output_target(path)
                .and_then(|_| may_block(|| OpenOptions::new().write(true).open(path)))
                .map_err(|error| file_error("write", path, error))?;
            return Ok(opened(path.to_owned(), path.to_owned(), file, Usable::default()));
        }
        let path = own_files::output_target(path).map_err(|error| file_error("write", path, error))?;
        let part = own_files::part_of(&path);
        let failed = |error: io::Error| file_error("write", &part, error);
        // Opened without truncation: another run may be writing it.
        let file = own_files::open(&part, Purpose::ReadWriteShared).map_err(failed)?;
        if !own_files::lock_named(&file, &part).map_err(failed)? {
            let what = format!("another export is writing {}", part.display());
            return Err(
                CommandError::new(Status::Failed, what).remedy("Wait until it ends, or choose another --output")
            );
        }
        let usable = if resume { read_usable(&file, compression).map_err(failed)? } else { Usable::default() };
        Ok(opened(path, part, file, usable))
    }

    /// Truncates the file after the last complete line to keep. Gives it the mode of the file to be replaced, so that no
    /// more people can read the new file than the old one.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn begin(&mut self) -> Result<()> {
        if self.is_written_through() {
            return Ok(());
        }
        let (length, file) = (self.usable.length, self.file.get_mut().get_mut());
        file.set_len(length)
            .and_then(|()| file.seek(SeekFrom::Start(length)))
            .and_then(|_| match std::fs::metadata(&self.path) {
                Ok(replaced) => file.set_permissions(replaced.permissions()),
                Err(_) => Ok(()),
            })
            .map_err(|error| file_error("write", &self.part_path, error))
    }

    /// Whether this is a device or a pipe.
    fn is_written_through(&self) -> bool {
        self.part_path == self.path
    }

    /// The path of the complete file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of the part file.
    pub(crate) fn part_path(&self) -> &Path {
        &self.part_path
    }

    /// The first and the last line of an earlier run.
    pub(crate) fn kept_lines(&self) -> Option<(Line, Line)> {
        self.usable.lines
    }

    /// Reads the lines of an earlier run.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(crate) fn each_kept_line(&mut self, mut see: impl FnMut(&KeptLine<'_>)) -> Result<()> {
        let (length, compression) = (self.usable.length, self.compression);
        if length == 0 {
            return Ok(());
        }
        let mut read = |file: &mut File| {
            file.seek(SeekFrom::Start(0))?;
            let kept = BufReader::with_capacity(READ, (&mut *file).take(length));
            let (mut lines, mut line) = (compression.reader(kept, READ)?, Vec::new());
            while bounded::read_line(&mut lines, &mut line)? > 0 {
                // Anything else in the file is not from an export.
                if let Ok(kept) = serde_json::from_slice(&line) {
                    see(&kept);
                }
                line.clear();
            }
            drop(lines);
            file.seek(SeekFrom::Start(length)).map(drop)
        };
        read(self.file.get_mut().get_mut()).map_err(|error| file_error("read", &self.part_path, error))
    }

    /// Writes a message as a line.
    ///
    /// # Errors
    /// The errors of the file system.
    pub(super) fn write(&mut self, message: &Message) -> Result<()> {
        json::message(&mut self.piece, message, self.terminal);
        if !Compression::is_complete(&self.piece) {
            return Ok(());
        }
        self.end_piece().map_err(|error| file_error("write", &self.part_path, error))
    }

    fn end_piece(&mut self) -> io::Result<()> {
        self.compression.end_piece(&mut self.piece, &mut self.file)?;
        self.file.flush()
    }

    /// Completes the file, syncs it to disk and renames it.
    ///
    /// # Errors
    /// The errors of the file system; the part file stays.
    pub(super) fn finish(&mut self) -> Result<()> {
        let ended = self.end_piece();
        if self.is_written_through() {
            return ended.map_err(|error| file_error("write", &self.part_path, error));
        }
        ended
            .and_then(|()| self.file.get_ref().get_ref().sync_all())
            .and_then(|()| own_files::rename_and_sync(&self.part_path, &self.path))
            .map_err(|error| file_error("write", &self.part_path, error))
    }

    /// Notes that no run can continue the file.
    pub(super) fn spoil(&mut self) {
        self.is_spoiled = true;
    }

    /// Keeps the part file for a later run, and returns the hint for the user. A device or a pipe has no part file, and
    /// a spoiled one is removed.
    pub(super) fn keep(mut self) -> Option<String> {
        if self.is_written_through() {
            return None;
        }
        if self.is_spoiled {
            // A file that stays is refused by --resume.
            let _ = std::fs::remove_file(&self.part_path);
            return None;
        }
        // On a full disk this fails, and the next run reads these messages again.
        let _ = self.end_piece();
        Some(format!("{} is incomplete; run the same command with --resume to continue", self.part_path.display()))
    }
}

/// The message of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Line {
    pub id: Uuid,
    pub gpos: GlobalPosition,
}

/// The parts of an earlier run's line that the final report needs.
#[derive(Deserialize)]
pub(super) struct KeptLine<'a> {
    pub id: Uuid,
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    pub pos: Position,
    pub gpos: GlobalPosition,
    #[serde(borrow)]
    pub data: Option<&'a RawValue>,
    #[serde(borrow)]
    pub meta: Option<&'a RawValue>,
    pub unreadable: Option<String>,
}

/// The usable beginning of an earlier run's part file.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usable {
    /// Bytes.
    length: u64,
    /// The first and the last line.
    lines: Option<(Line, Line)>,
}

impl Usable {
    /// Adds the next piece, which ends at this length.
    fn add(&mut self, length: u64, first: Line, last: Line) {
        self.length = length;
        self.lines = Some((self.lines.map_or(first, |(first, _)| first), last));
    }
}

/// Reads an earlier run's part file up to its last complete piece, or to its last complete line if it is not
/// compressed.
fn read_usable(file: &File, compression: Compression) -> io::Result<Usable> {
    let mut input = CountingReader { input: BufReader::with_capacity(READ, file), count: 0 };
    let mut usable = Usable::default();
    match compression {
        Compression::None => {
            let mut text = Vec::new();
            // After a power failure, a file can end in zeros instead of a line.
            while input.fill_buf()?.first() == Some(&b'{')
                && bounded::read_line(&mut input, &mut text)? > 0
                && text.ends_with(b"\n")
            {
                let Ok(line) = serde_json::from_slice(&text) else { break };
                usable.add(input.count, line, line);
                text.clear();
            }
        }
        Compression::Gzip | Compression::Zstd => {
            while !input.fill_buf()?.is_empty() {
                let ends = match compression {
                    Compression::Gzip => ends(GzDecoder::new(&mut input)),
                    _ => zstd::stream::read::Decoder::with_buffer(&mut input)
                        .and_then(|decoder| ends(decoder.single_frame())),
                };
                // The piece is truncated or damaged.
                let Ok((first, last)) = ends else { break };
                usable.add(input.count, first, last);
            }
        }
    }
    Ok(usable)
}

/// Returns the first and the last line of a piece.
fn ends(piece: impl Read) -> io::Result<(Line, Line)> {
    let mut piece = BufReader::new(piece);
    let (mut first, mut last, mut text) = (None, Vec::new(), Vec::new());
    while bounded::read_line(&mut piece, &mut text)? > 0 {
        if first.is_none() {
            first = Some(serde_json::from_slice(&text)?);
        }
        std::mem::swap(&mut last, &mut text);
        text.clear();
    }
    let last = serde_json::from_slice(&last)?;
    Ok((first.unwrap_or(last), last))
}

/// A reader that counts the bytes consumed from it.
struct CountingReader<R> {
    input: R,
    count: u64,
}

impl<R: BufRead> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for CountingReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.count += amount as u64;
        self.input.consume(amount);
    }
}

/// Returns the error of a file. It has no text if the reader of a pipe is gone or a signal ended the wait for one, as
/// for standard output.
fn file_error(what: &str, path: &Path, error: io::Error) -> CommandError {
    let signalled = matches!(error.get_ref(), Some(inner) if inner.is::<Signalled>());
    if signalled || error.kind() == io::ErrorKind::BrokenPipe {
        return error.into();
    }
    CommandError::new(Status::Failed, format!("cannot {what} {}: {error}", path.display()))
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

    #[test]
    fn resumes_a_file_cut_at_any_byte_after_its_last_complete_piece() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["a.ndjson", "a.ndjson.gz", "a.ndjson.zst"] {
            let path = directory.path().join(name);
            let mut ends = vec![(0, None)];
            let mut part = PartFile::open(&path, false, &Interrupt::never()).expect("a new file");
            part.begin().expect("an empty file");
            for position in 1..=3 {
                part.write(&message(position)).expect("written");
                part.end_piece().expect("a whole piece");
                ends.push((part.file.get_ref().get_ref().metadata().expect("its size").len(), Some(position)));
            }
            let part_path = part.part_path.clone();
            drop(part);
            let whole = std::fs::read(&part_path).expect("what was written");
            for left in 0..=whole.len() {
                std::fs::write(&part_path, &whole[..left]).expect("cut");
                let (length, last) = *ends.iter().rfind(|(end, _)| *end <= left as u64).expect("0 is an end");
                let mut resumed = PartFile::open(&path, true, &Interrupt::never()).expect("resumed");
                resumed.begin().expect("cut");
                let kept = resumed.kept_lines().map(|(first, last)| (first.gpos, last.gpos));
                assert_eq!(kept, last.map(|last| (1, last)), "{name} cut at {left}");
                let mut lines = 0;
                resumed.each_kept_line(|_| lines += 1).expect("read again");
                assert_eq!(lines, last.unwrap_or(0), "{name} cut at {left}");
                drop(resumed);
                assert_eq!(std::fs::metadata(&part_path).expect("its size").len(), length, "{name} cut at {left}");
            }
        }
    }

    #[test]
    fn the_zeros_that_a_power_failure_left_are_not_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson.part");
        let line = "{\"id\":\"00000000-0000-0000-0000-000000000000\",\"gpos\":1}\n";
        std::fs::write(&path, line).expect("written");
        let mut file = File::options().read(true).write(true).open(&path).expect("a file");
        file.set_len(1 << 30).expect("a sparse file");
        let usable = read_usable(&file, Compression::None).expect("read");
        assert_eq!(usable.length, line.len() as u64);
        let read = file.stream_position().expect("a position");
        assert!(read <= READ as u64, "{read} bytes were read");
    }

    #[test]
    fn refuses_a_part_file_that_another_run_is_writing() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let mut part = PartFile::open(&path, false, &Interrupt::never()).expect("a new file");
        part.write(&message(1)).expect("written");
        part.end_piece().expect("a whole piece");
        for resume in [false, true] {
            let refused = PartFile::open(&path, resume, &Interrupt::never()).expect_err("refused");
            assert!(refused.what.contains("a.ndjson.part"), "{refused}");
        }
        part.finish().expect("whole");
        assert!(std::fs::read(&path).expect("the whole file").ends_with(b"}\n"));
    }

    #[cfg(unix)]
    #[test]
    fn refuses_a_part_file_that_is_a_symbolic_link() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, precious) = (directory.path().join("a.ndjson"), directory.path().join("precious"));
        std::fs::write(&precious, "precious").expect("written");
        std::os::unix::fs::symlink(&precious, directory.path().join("a.ndjson.part")).expect("linked");
        for resume in [false, true] {
            let refused = PartFile::open(&path, resume, &Interrupt::never()).expect_err("refused");
            assert!(refused.what.contains("a.ndjson.part: this is a symbolic link"), "{refused}");
        }
        assert_eq!(std::fs::read_to_string(&precious).expect("there"), "precious");
    }

    #[cfg(unix)]
    #[test]
    fn does_not_truncate_a_file_that_was_completed_since_it_was_opened() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let part = directory.path().join("a.ndjson.part");
        std::fs::write(&part, "lines").expect("a part");
        let opened = File::open(&part).expect("opened");
        std::fs::rename(&part, &path).expect("whole");
        assert!(!own_files::lock_named(&opened, &part).expect("a look"));
    }
}
