//! The signals that end the program, as numbers. The screen and the commands share them. This module never acts on a
//! signal.

use std::io;

#[cfg(unix)]
mod unix {
    use super::io;
    use std::future::poll_fn;
    use std::task::Poll;
    use tokio::signal::unix::{Signal, SignalKind, signal};

    /// Listens for signals that end the program.
    pub(crate) struct EndSignals(Vec<(u8, Signal)>);

    impl EndSignals {
        /// The signal of Ctrl-C.
        pub(crate) const INTERRUPT: u8 = 2;
        /// The signal of Ctrl-\.
        pub(crate) const QUIT: u8 = 3;
        const TERMINATE: u8 = 15;
        const HANGUP: u8 = 1;

        /// Starts to listen for the signals that end a command. SIGHUP is not one of them, so that `nohup` works.
        pub(crate) fn of_command() -> io::Result<Self> {
            Self::listen(&[Self::INTERRUPT, Self::QUIT, Self::TERMINATE])
        }

        /// Starts to listen for the signals that end the screen.
        pub(crate) fn of_screen() -> io::Result<Self> {
            // SIGUSR1 asks a command for its progress. The handler stays installed, so the signal does not end the
            // screen.
            drop(signal(SignalKind::user_defined1())?);
            Self::listen(&[Self::TERMINATE, Self::INTERRUPT, Self::QUIT, Self::HANGUP])
        }

        fn listen(numbers: &[u8]) -> io::Result<Self> {
            let listen = |number: &u8| Ok((*number, signal(SignalKind::from_raw((*number).into()))?));
            Ok(Self(numbers.iter().map(listen).collect::<io::Result<_>>()?))
        }

        /// Waits for a signal and returns its number.
        pub(crate) async fn next(&mut self) -> u8 {
            poll_fn(|context| {
                let arrived = self
                    .0
                    .iter_mut()
                    .find_map(|(number, signal)| signal.poll_recv(context).is_ready().then_some(*number));
                arrived.map_or(Poll::Pending, Poll::Ready)
            })
            .await
        }
    }
}
#[cfg(unix)]
pub(crate) use unix::EndSignals;

#[cfg(not(unix))]
mod other {
    use super::io;

    /// Listens for signals that end the program.
    pub struct EndSignals;

    impl EndSignals {
        /// The signal of Ctrl-C.
        pub const INTERRUPT: u8 = 2;
        /// Never sent on this system.
        pub const QUIT: u8 = 3;

        pub fn of_command() -> io::Result<Self> {
            Ok(Self)
        }

        pub fn of_screen() -> io::Result<Self> {
            Ok(Self)
        }

        pub async fn next(&mut self) -> u8 {
            // Fails only if the system has no such signal, and then none will arrive.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
            Self::INTERRUPT
        }
    }
}
#[cfg(not(unix))]
pub use other::EndSignals;
