//! Writes bytes to a reader that may stop reading: standard output, a pipe, a device. A signal ends the wait for such a reader, and
//! at every moment it is known exactly how many bytes the system has taken. Never buffers.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::cli::interrupt::{Interrupt, Signalled, may_block};

/// Between two looks whether a signal came, while the reader does not read.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(50);
/// How long writing may go on after a signal, as long as the reader reads: a command prints what it has, but not to a slow reader.
const AFTER_SIGNAL: Duration = Duration::from_millis(300);
/// POSIX lets a pipe that can be written to take this much at once. A larger write could block halfway, and how far it came would
/// not be known.
const AT_ONCE: usize = 4_096;

/// How long somebody who asks waits for a write that is under way: after the wait for the reader it takes microseconds, or hangs.
const WRITE: Duration = Duration::from_millis(50);

/// How many bytes the system has taken, for whoever asks on another thread.
#[derive(Debug, Default)]
pub struct Written {
    bytes: AtomicU64,
    writing: AtomicBool,
}

impl Written {
    /// The bytes. What a reader has seen is counted: of a write that is under way the end is waited for, but not if it hangs.
    pub fn bytes(&self) -> u64 {
        let asked = Instant::now();
        while self.writing.load(Ordering::SeqCst) && asked.elapsed() < WRITE {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.bytes.load(Ordering::SeqCst)
    }

    /// Counts what a write takes.
    fn count(&self, write: impl FnOnce() -> io::Result<usize>) -> io::Result<usize> {
        self.writing.store(true, Ordering::SeqCst);
        let done = may_block(write);
        if let Ok(count) = done {
            self.bytes.fetch_add(count as u64, Ordering::SeqCst);
        }
        self.writing.store(false, Ordering::SeqCst);
        done
    }

    /// As if so many bytes had been written.
    #[cfg(test)]
    pub fn set(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::SeqCst);
    }
}

/// What can be waited for.
#[cfg(unix)]
pub use std::os::fd::AsFd as Writable;
#[cfg(not(unix))]
pub trait Writable {}
#[cfg(not(unix))]
impl<T> Writable for T {}

/// What blocks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A file never blocks for long.
    File,
    /// A terminal can be ready for some bytes and block halfway through more of them, so it gets one line at a time.
    Terminal,
    /// A pipe, a socket, a device.
    Pipe,
}

/// A way out.
#[derive(Debug)]
pub struct Outlet<W> {
    to: W,
    kind: Kind,
    interrupt: Interrupt,
    /// When a write first met the signal.
    ending: Option<Instant>,
    written: Arc<Written>,
}

impl<W: Writable> Outlet<W> {
    /// To an open file, pipe, device or terminal.
    pub fn new(to: W, interrupt: Interrupt) -> Self {
        Self { kind: kind(&to), to, interrupt, ending: None, written: Arc::default() }
    }

    /// The bytes that the system has taken, at every moment.
    pub fn written(&self) -> Arc<Written> {
        Arc::clone(&self.written)
    }

    /// The inner one.
    pub fn get_ref(&self) -> &W {
        &self.to
    }

    /// The inner one.
    pub fn get_mut(&mut self) -> &mut W {
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
            // Somebody who shares it may have made it non-blocking, and filled it since.
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

/// Whether it takes bytes (or has an error to give), now or within a moment.
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

/// As many whole lines as go out at once; of a longer line, its beginning. So a reader seldom sees half a line.
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
