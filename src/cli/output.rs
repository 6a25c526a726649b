//! Where results go: standard output in large pieces, as aligned text or as json lines, and notes to people on standard error.
//!
//! It buffers, so whoever prints ends with [`Output::finish`]. It never asks a store anything, and text from a store passes
//! `safe_text` before it is printed for people.

pub mod messages;
pub mod outlet;
pub mod paint;
pub mod table;
pub mod time;

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::arguments::Format;
use super::interrupt::{Interrupt, may_block};
pub use crate::json_lines as json;
use crate::redact::redact;
use crate::safe_text::safe;
use outlet::{Outlet, Written};

/// Bytes gathered before they are written: fewer system calls than a line at a time, and still bounded.
const PIECE: usize = 128 * 1024;

/// Standard output, and how to print on it.
pub struct Output {
    /// Text or json.
    pub format: Format,
    /// Whether people look at it.
    pub terminal: bool,
    /// Whether text is coloured: on a terminal that has colours, unless `NO_COLOR` says otherwise.
    pub colour: bool,
    /// Columns of the terminal; none where lines are not to be cut.
    pub width: Option<usize>,
    buffer: Vec<u8>,
    /// Bytes that left the buffer.
    handed_over: u64,
    to: Outlet<Stdout>,
}

/// Without the buffer of the standard library, which would hide what the system has taken.
#[cfg(unix)]
type Stdout = std::os::fd::BorrowedFd<'static>;
#[cfg(not(unix))]
type Stdout = io::Stdout;

impl Output {
    /// Over standard output; the format is text on a terminal and json elsewhere where none is asked for.
    /// A signal ends the wait for whoever reads it.
    #[must_use]
    pub fn stdout(format: Option<Format>, interrupt: &Interrupt) -> Self {
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

    /// Whether results are json.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// The buffer, to append whole lines to; [`Output::line_done`] after each.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what is gathered when there is enough of it.
    ///
    /// # Errors
    /// Standard output's.
    pub fn line_done(&mut self) -> io::Result<()> {
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// A line of text.
    ///
    /// # Errors
    /// Standard output's.
    pub fn line(&mut self, line: &str) -> io::Result<()> {
        self.buffer.extend_from_slice(line.as_bytes());
        self.buffer.push(b'\n');
        self.line_done()
    }

    /// The bytes that were printed so far, whoever has them.
    #[must_use]
    pub fn printed(&self) -> u64 {
        self.handed_over + self.buffer.len() as u64
    }

    /// How many of them the system has taken, at every moment.
    #[must_use]
    pub fn written(&self) -> Arc<Written> {
        self.to.written()
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.to.write_all(&self.buffer);
        // After an error too: a part of it was written, and must not be written again.
        self.handed_over += self.buffer.len() as u64;
        self.buffer.clear();
        // One huge message must not keep its memory.
        self.buffer.shrink_to(2 * PIECE);
        done
    }

    /// Writes the rest.
    ///
    /// # Errors
    /// Standard output's.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()?;
        self.to.flush()
    }

    /// Whether whoever read standard output has closed it.
    #[cfg(unix)]
    #[must_use]
    pub fn reader_is_gone(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdout = io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().intersects(PollFlags::ERR)
    }

    /// Only writing shows it here.
    #[cfg(not(unix))]
    #[must_use]
    pub fn reader_is_gone(&self) -> bool {
        false
    }

    /// Says something beside the results to people who read text; silent where the results are json.
    pub fn note(&self, note: &str) {
        if self.format == Format::Text {
            tell(note);
        }
    }
}

/// Whether the terminal has colours and its user wants them.
fn colours() -> bool {
    let says = |name| std::env::var_os(name).unwrap_or_default();
    says("NO_COLOR").is_empty() && !says("TERM").is_empty() && says("TERM") != "dumb"
}

/// A line on standard error, made safe and without passwords. That nobody reads it is no failure.
pub fn tell(line: &str) {
    aside(&format!("{}\n", safe(&redact(line))));
}

/// Text on standard error as it is, for a line that changes.
pub fn aside(text: &str) {
    let _ = may_block(|| io::stderr().write_all(text.as_bytes()));
}

/// A number with its thousands apart: `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An estimate for people: `~1,234`, or `?` where the server has none.
#[must_use]
pub fn estimate(estimate: Option<u64>) -> String {
    estimate.map_or_else(|| "?".to_owned(), |number| format!("~{}", grouped(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(estimate(None), "?");
    }
}
