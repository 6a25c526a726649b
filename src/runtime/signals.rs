//! Signals as values: those that end, stop or continue the program, and the one that reports a new terminal size. It does not
//! act on them.

use std::io;

/// The request in a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End with status 128 plus this number.
    End(i32),
    /// Stop until continued.
    Stop,
    /// Continue after a stop. Another program may have used the terminal meanwhile.
    Continue,
    /// The size of the terminal changed.
    Resize,
}

#[cfg(unix)]
mod unix {
    use super::{Signal, io};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    /// The signals that the screen listens to.
    pub struct Signals {
        terminate: Stream,
        interrupt: Stream,
        quit: Stream,
        hangup: Stream,
        stop: Stream,
        goes_on: Stream,
        resize: Stream,
    }

    impl Signals {
        /// The signal of Ctrl-C.
        pub const INTERRUPT: i32 = rustix::process::Signal::INT.as_raw();
        /// The signal of Ctrl-\.
        pub const QUIT: i32 = rustix::process::Signal::QUIT.as_raw();

        pub fn new() -> io::Result<Self> {
            let raw = |signal: rustix::process::Signal| SignalKind::from_raw(signal.as_raw());
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                quit: signal(SignalKind::quit())?,
                hangup: signal(SignalKind::hangup())?,
                stop: signal(raw(rustix::process::Signal::TSTP))?,
                goes_on: signal(raw(rustix::process::Signal::CONT))?,
                resize: signal(SignalKind::window_change())?,
            })
        }

        pub async fn next(&mut self) -> Signal {
            let end = |kind: SignalKind| Signal::End(kind.as_raw_value());
            tokio::select! {
                _ = self.terminate.recv() => end(SignalKind::terminate()),
                _ = self.interrupt.recv() => end(SignalKind::interrupt()),
                _ = self.quit.recv() => end(SignalKind::quit()),
                _ = self.hangup.recv() => end(SignalKind::hangup()),
                _ = self.stop.recv() => Signal::Stop,
                _ = self.goes_on.recv() => Signal::Continue,
                _ = self.resize.recv() => Signal::Resize,
            }
        }
    }
}
#[cfg(unix)]
pub use unix::Signals;

#[cfg(not(unix))]
mod other {
    use super::{Signal, io};

    /// The signals that the screen listens to.
    pub struct Signals;

    impl Signals {
        /// The signal of Ctrl-C.
        pub const INTERRUPT: i32 = 2;
        /// Never sent on this system.
        pub const QUIT: i32 = 3;

        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) -> Signal {
            // Fails only if the system has no such signal, and then none will arrive.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::End(2)
        }
    }
}
#[cfg(not(unix))]
pub use other::Signals;
