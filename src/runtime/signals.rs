//! Signals as values: those that end, stop or continue the program, and the one that reports a new terminal size. It
//! does not act on them.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use crate::signals::EndSignals;

/// The request in a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End with status 128 plus this number.
    End(i32),
    /// Stop until continued.
    Stop,
    /// Continue after a stop. Another program may have used the terminal meanwhile.
    Continue,
    /// The size of the terminal changed.
    Resize,
}

/// The signals that the screen listens to.
pub(crate) struct Signals {
    end: EndSignals,
    #[cfg(unix)]
    stop: Stream,
    #[cfg(unix)]
    resume: Stream,
    #[cfg(unix)]
    resize: Stream,
}

impl Signals {
    /// The signal of Ctrl-C.
    pub(crate) const INTERRUPT: i32 = EndSignals::INTERRUPT as i32;
    /// The signal of Ctrl-\.
    pub(crate) const QUIT: i32 = EndSignals::QUIT as i32;

    #[cfg(unix)]
    pub(crate) fn new() -> io::Result<Self> {
        let raw = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self {
            end: EndSignals::of_screen()?,
            stop: signal(raw(rustix::process::Signal::TSTP))?,
            resume: signal(raw(rustix::process::Signal::CONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    #[cfg(not(unix))]
    pub fn new() -> io::Result<Self> {
        Ok(Self { end: EndSignals::of_screen()? })
    }

    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            number = self.end.next() => Signal::End(number.into()),
            _ = self.stop.recv() => Signal::Stop,
            _ = self.resume.recv() => Signal::Continue,
            _ = self.resize.recv() => Signal::Resize,
        }
    }

    #[cfg(not(unix))]
    pub async fn next(&mut self) -> Signal {
        Signal::End(self.end.next().await.into())
    }
}
