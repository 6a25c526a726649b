//! Signals that end a command: it is told once and gets a moment to end cleanly, then the program ends all the same.
//!
//! SIGHUP is left alone, so that `nohup` means what it says. Output may block on a slow reader, so the deadline is kept by another thread of the runtime than the command's.

use std::convert::Infallible;
use std::process;
use std::time::Duration;

use tokio::sync::watch;

use super::failure::Status;
use super::output::tell;

/// How long a command may take to end after a signal: an embedded server stops within 2 seconds.
const GRACE: Duration = Duration::from_secs(3);

/// Tells whether the program was asked to end.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<Option<u8>>);

impl Interrupt {
    /// Listens from now on. Must be called within a runtime; its task ends with the runtime.
    ///
    /// # Errors
    /// The system's, where no handler can be set.
    pub fn listen() -> std::io::Result<Self> {
        let mut signals = Signals::new()?;
        let (tell, told) = watch::channel(None);
        tokio::spawn(async move {
            let signal = signals.next().await;
            // Nobody listening any more means that the command is done.
            let _ = tell.send(Some(signal));
            tokio::select! {
                () = tokio::time::sleep(GRACE) => {}
                _ = signals.next() => {}
            }
            process::exit(i32::from(Status::Signal(signal).code()));
        });
        Ok(Self(told))
    }

    /// Waits for a signal and gives its number.
    pub async fn signalled(&mut self) -> u8 {
        match self.0.wait_for(Option::is_some).await.map(|signal| *signal) {
            Ok(Some(signal)) => signal,
            // The listening task ended with the runtime; there is nothing to wait for.
            _ => std::future::pending().await,
        }
    }
}

/// SIGUSR1: somebody wants to know how far the command is.
pub struct Report {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Report {
    /// Listens from now on; the signal no longer ends the program.
    ///
    /// # Errors
    /// The system's, where no handler can be set.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1())?,
        })
    }

    /// Waits until it is asked for.
    pub async fn asked_for(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }

    /// Says on standard error how far the command is, each time it is asked for.
    pub async fn answered_with(&mut self, place: impl Fn() -> String) -> Infallible {
        loop {
            self.asked_for().await;
            tell(&format!("streamscope: {}", place()));
        }
    }
}

#[cfg(unix)]
struct Signals([(u8, tokio::signal::unix::Signal); 3]);

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([
            (2, signal(SignalKind::interrupt())?),
            (3, signal(SignalKind::quit())?),
            (15, signal(SignalKind::terminate())?),
        ]))
    }

    async fn next(&mut self) -> u8 {
        let [(interrupt, a), (quit, b), (terminate, c)] = &mut self.0;
        tokio::select! {
            _ = a.recv() => *interrupt,
            _ = b.recv() => *quit,
            _ = c.recv() => *terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        let _ = tokio::signal::ctrl_c().await;
        2
    }
}
