//! Writes bytes to a reader that may stop reading: standard output, a pipe or a device. A signal ends the wait for such
//! a reader, and the number of bytes that the system has accepted is known exactly at any time. This module never
//! buffers.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::blocking::may_block;
use crate::cli::error::Signalled;
use crate::cli::interrupt::Interrupt;

/// The time between two checks for a signal while the reader does not read.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(50);
/// How long writing may continue after a signal while the reader reads. A command prints its last results, but not to a
/// slow reader.
const AFTER_SIGNAL: Duration = Duration::from_millis(300);
/// POSIX guarantees that a writable pipe accepts this much at once. A larger write could block halfway, at an unknown
/// offset.
const AT_ONCE: usize = 4_096;

/// How long [`Written::bytes`] waits for a running write. Once the reader is ready, a write takes microseconds or
/// hangs.
const WRITE: Duration = Duration::from_millis(50);

/// A counter of the bytes that the system has accepted. Can be read on any thread.
#[derive(Debug, Default)]
pub(crate) struct Written {
    bytes: AtomicU64,
    writing: AtomicBool,
}

impl Written {
    /// Returns the number of bytes. Waits for a running write unless it hangs, so that everything a reader has seen is
    /// counted.
    pub(crate) fn bytes(&self) -> u64 {
        let asked = Instant::now();
        while self.writing.load(Ordering::SeqCst) && asked.elapsed() < WRITE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.bytes.load(Ordering::SeqCst)
    }

    /// Performs a write and counts its bytes.
    fn count(&self, write: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        self.writing.store(true, Ordering::SeqCst);
        let done = may_block(write);
        if let Ok(count) = done {
            self.bytes.fetch_add(count as u64, Ordering::SeqCst);
        }
        self.writing.store(false, Ordering::SeqCst);
        done
    }

    #[cfg(test)]
    pub(crate) fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::SeqCst);
    }
}

/// A writer that can be polled.
#[cfg(unix)]
pub(crate) use std::os::fd::AsFd as Writable;
#[cfg(not(unix))]
pub trait Writable {}
#[cfg(not(unix))]
impl<T> Writable for T {}

/// How a writer blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Never blocks for long.
    File,
    /// Can be ready for some bytes but block halfway through more of them, so it gets one line at a time.
    Terminal,
    /// A pipe, a socket, a device.
    Pipe,
}

/// An unbuffered writer whose waits end on a signal.
#[derive(Debug)]
pub(crate) struct Outlet<W> {
    to: W,
    kind: Kind,
    interrupt: Interrupt,
    /// When a write first noticed the signal.
    ending: Option<Instant>,
    written: Arc<Written>,
}

impl<W: Writable> Outlet<W> {
    /// Writes to an open file, pipe, device or terminal.
    pub(crate) fn new(to: W, interrupt: Interrupt) -> Self {
        Self { kind: kind(&to), to, interrupt, ending: None, written: Arc::default() }
    }

    /// Returns the counter of the bytes that the system has accepted.
    pub(crate) fn written(&self) -> Arc<Written> {
        Arc::clone(&self.written)
    }

    pub(crate) fn get_ref(&self) -> &W {
        &self.to
    }

    pub(crate) fn get_mut(&mut self) -> &mut W {
        &mut self.to
    }

    /// Waits until some bytes can be written, or a signal ends the wait.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            let signal = self.interrupt.so_far();
            let since = signal.map(|_| *self.ending.get_or_insert_with(Instant::now));
            if let Some(number) = signal
                && since.is_some_and(|since| since.elapsed() >= AFTER_SIGNAL)
            {
                return Err(Signalled(number).into());
            }
            if self.kind == Kind::File || is_writable(&self.to)? {
                return Ok(());
            }
            if let Some(number) = signal {
                return Err(Signalled(number).into());
            }
        }
    }
}

#[cfg(unix)]
impl<W: Writable> Write for Outlet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let piece = match self.kind {
            Kind::File => bytes,
            Kind::Terminal => first_line(bytes),
            Kind::Pipe => whole_lines(bytes),
        };
        loop {
            self.wait()?;
            let done = self.written.count(|| Ok(rustix::io::write(&self.to, piece)?));
            // Another process that shares the file may have made it non-blocking, and may have filled it since.
            let again =
                |error: &io::Error| matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock);
            if !done.as_ref().is_err_and(again) {
                return done;
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(not(unix))]
impl<W: Write> Write for Outlet<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait()?;
        self.written.count(|| self.to.write(whole_lines(bytes)))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(unix)]
fn kind(to: &impl Writable) -> Kind {
    use rustix::fs::{FileType, fstat};
    if fstat(to).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile) {
        Kind::File
    } else if rustix::termios::isatty(to) {
        Kind::Terminal
    } else {
        Kind::Pipe
    }
}

#[cfg(not(unix))]
fn kind(_: &impl Writable) -> Kind {
    Kind::File
}

/// Waits a moment until a write would return, with or without an error. Returns whether it would.
#[cfg(unix)]
fn is_writable(to: &impl Writable) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let limit = Timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    match poll(&mut [PollFd::new(to, PollFlags::OUT)], Some(&limit)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn is_writable(_: &impl Writable) -> io::Result<bool> {
    Ok(true)
}

/// Returns as many whole lines as one write can take, or the start of a longer line. Readers therefore seldom see half
/// a line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let Some(most) = bytes.get(..AT_ONCE) else { return bytes };
    match most.iter().rposition(|byte| *byte == b'\n') {
        Some(end) => &most[..=end],
        None => most,
    }
}

#[cfg(unix)]
fn first_line(bytes: &[u8]) -> &[u8] {
    let most = &bytes[..bytes.len().min(AT_ONCE)];
    match most.iter().position(|byte| *byte == b'\n') {
        Some(end) => &most[..=end],
        None => most,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_whole_lines_while_they_are_short() {
        let lines = "x".repeat(99) + "\n";
        let text = lines.repeat(100);
        assert_eq!(whole_lines(text.as_bytes()).len(), 4_000);
        assert_eq!(whole_lines(&text.as_bytes()[..250]).len(), 250);
        let long = "y".repeat(5_000) + "\nshort\n";
        assert_eq!(whole_lines(long.as_bytes()).len(), AT_ONCE);
    }

    #[cfg(unix)]
    #[test]
    fn a_terminal_gets_one_line_at_a_time() {
        assert_eq!(first_line(b"one\ntwo\n"), b"one\n");
        assert_eq!(first_line(b"no end"), b"no end");
    }
}
