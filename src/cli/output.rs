//! Writes results to standard output, as aligned text or as JSON lines, and notes for people to standard error.
//!
//! Output is buffered, so every command must end with [`Output::finish`]. This module never queries a store. Text from
//! a store passes through `safe_text` before it is printed for people.

pub(super) mod messages;
pub(super) mod outlet;
pub(super) mod paint;
pub(super) mod table;
pub(super) mod time;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use clap::ValueEnum;

use super::error::{CommandError, Result};
use super::interrupt::Interrupt;
use super::stderr;
pub(crate) use crate::json_lines as json;
use crate::numbers::grouped;
use outlet::{Outlet, Written};

/// The size of a write in bytes: fewer system calls than one per line, but still bounded.
const PIECE: usize = 128 * 1024;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Aligned columns.
    Text,
    /// One object per line.
    Json,
    /// Whole messages that import accepts; only for trace.
    Ndjson,
    /// A graph for Graphviz; only for trace.
    Dot,
    /// A graph for Mermaid; only for trace.
    Mermaid,
}

/// Standard output and its format.
pub(crate) struct Output {
    /// Text or JSON.
    pub format: Format,
    /// Whether standard output is a terminal.
    pub terminal: bool,
    /// Whether text is coloured: on a terminal with colours, unless `NO_COLOR` is set.
    pub colour: bool,
    /// The columns of the terminal; `None` if lines are not cut.
    pub width: Option<usize>,
    buffer: Vec<u8>,
    /// The number of bytes that left the buffer.
    handed_over: u64,
    to: Outlet<Stdout>,
}

/// Bypasses the buffer of the standard library, which would hide how much the system has accepted.
#[cfg(unix)]
type Stdout = std::os::fd::BorrowedFd<'static>;
#[cfg(not(unix))]
type Stdout = io::Stdout;

impl Output {
    /// Opens standard output. Without a format, uses text on a terminal and JSON elsewhere.
    /// A signal ends the wait for a slow reader.
    #[must_use]
    pub(crate) fn stdout(format: Option<Format>, interrupt: &Interrupt) -> Self {
        let terminal = io::stdout().is_terminal();
        let format = format.unwrap_or(if terminal { Format::Text } else { Format::Json });
        let width =
            if terminal { crossterm::terminal::size().ok().map(|(columns, _)| usize::from(columns)) } else { None };
        Self {
            format,
            terminal,
            colour: terminal && colours(),
            width: width.filter(|columns| *columns > 0),
            buffer: Vec::with_capacity(PIECE + 4 * 1024),
            handed_over: 0,
            #[cfg(unix)]
            to: Outlet::new(rustix::stdio::stdout(), interrupt.clone()),
            #[cfg(not(unix))]
            to: Outlet::new(io::stdout(), interrupt.clone()),
        }
    }

    #[must_use]
    pub(crate) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Returns the buffer. Callers append whole lines and call [`Output::line_done`] after each.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer if it is large enough.
    pub(crate) fn line_done(&mut self) -> io::Result<()> {
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// Prints a line of text.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        self.line_done()
    }

    /// Returns the number of bytes printed so far, whether or not they are still in the buffer.
    #[must_use]
    pub(crate) fn printed(&self) -> u64 {
        self.handed_over + self.buffer.len() as u64
    }

    /// Returns a counter of the bytes that the system has accepted, which can be read at any time.
    #[must_use]
    pub(crate) fn written(&self) -> Arc<Written> {
        self.to.written()
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.write_all(&self.buffer);
        // Cleared after an error too, because a part may have been written and must not be written again.
        self.handed_over += self.buffer.len() as u64;
        self.buffer.clear();
        // Frees the memory of a huge message.
        self.buffer.shrink_to(2 * PIECE);
        done
    }

    /// Writes the rest of the buffer.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.to.flush()
    }

    /// Writes the rest of the buffer after something was changed. An error says that it was `done`, so that it is not
    /// done again.
    ///
    /// # Errors
    /// The error of the output.
    pub(crate) fn finish_after(&mut self, done: impl FnOnce() -> String) -> Result<()> {
        self.finish().map_err(|error| {
            let reason = error.to_string();
            let error = CommandError::from(error);
            if error.what.is_empty() {
                error
            } else {
                CommandError { what: format!("{}, but the output could not be written: {reason}", done()), ..error }
            }
        })
    }

    /// Returns whether the reader of standard output has closed it.
    #[cfg(unix)]
    #[must_use]
    pub(crate) fn reader_is_gone() -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdout = io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(PollFlags::ERR)
    }

    /// Returns false, because this system reports a closed reader only on a write.
    #[cfg(not(unix))]
    #[must_use]
    pub(crate) fn reader_is_gone() -> bool {
        false
    }

    /// Prints a note on standard error, but only if the results are text.
    pub(crate) fn note(&self, note: &str) {
        if self.format == Format::Text {
            stderr::line(note);
        }
    }
}

/// Returns whether the terminal has colours and the user wants them.
fn colours() -> bool {
    let says = |name| std::env::var_os(name).unwrap_or_default();
    says("NO_COLOR").is_empty() && !says("TERM").is_empty() && says("TERM") != "dumb"
}

/// Formats an estimate: `~1,234`, or `?` if the server has none.
#[must_use]
pub(super) fn estimate(estimate: Option<u64>) -> String {
    estimate.map_or_else(|| "?".to_owned(), |number| format!("~{}", grouped(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_estimates_and_admits_unknown_ones() {
        assert_eq!([Some(1_234), None].map(estimate), ["~1,234", "?"]);
    }
}
