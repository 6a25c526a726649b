//! Signals as values: those that end the program and the one that stops it.

use std::io;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End, with status 128 and this number.
    End(i32),
    /// Stop until continued.
    Stop,
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
    }

    impl Signals {
        /// Begins to listen.
        ///
        /// # Errors
        /// From the system.
        pub fn new() -> io::Result<Self> {
            let stop = rustix::process::Signal::TSTP.as_raw();
            Ok(Self {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                quit: signal(SignalKind::quit())?,
                hangup: signal(SignalKind::hangup())?,
                stop: signal(SignalKind::from_raw(stop))?,
            })
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            let end = |kind: SignalKind| Signal::End(kind.as_raw_value());
            tokio::select! {
                _ = self.terminate.recv() => end(SignalKind::terminate()),
                _ = self.interrupt.recv() => end(SignalKind::interrupt()),
                _ = self.quit.recv() => end(SignalKind::quit()),
                _ = self.hangup.recv() => end(SignalKind::hangup()),
                _ = self.stop.recv() => Signal::Stop,
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
        /// Begins to listen.
        ///
        /// # Errors
        /// None here.
        pub fn new() -> io::Result<Self> {
            Ok(Self)
        }

        /// The next signal.
        pub async fn next(&mut self) -> Signal {
            // Fails only where the system has no such signal, and then there is none to wait for.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Signal::End(2)
        }
    }
}
#[cfg(not(unix))]
pub use other::Signals;
