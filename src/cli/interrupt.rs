//! Signals that end a command or ask for its progress. After a signal, a command has a few seconds to end cleanly
//! before the program exits.
//!
//! This module never handles SIGHUP, so that `nohup` works. Output may block on a slow reader, so another thread than
//! the command's handles signals and enforces the deadline.

use std::fmt;
use std::io;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::blocking::is_blocked;
use super::error::{CommandError, Result, Status};
use super::stderr;
use crate::signals::EndSignals;

/// How long a command may take to end after a signal. An embedded server stops within 2 seconds.
const GRACE: Duration = Duration::from_secs(3);
/// How long it may take if it hangs in a system call that a signal does not end. The output notices a signal within a
/// tenth of this time.
const BLOCKED: Duration = Duration::from_millis(500);
/// Signals in this time after the first one are the same request: `timeout` and some shells signal a program and then
/// its group.
const TOGETHER: Duration = Duration::from_millis(200);
/// The time between two checks whether it still hangs.
const LOOK: Duration = Duration::from_millis(100);

/// Describes the progress of a command. Can be called on any thread.
pub(super) type ProgressText = Arc<dyn Fn() -> String + Send + Sync>;

/// A progress report that can be replaced while signals are handled.
type SharedText = Arc<Mutex<Option<ProgressText>>>;

/// Listens for signals that end the program or ask for its progress.
#[derive(Clone)]
pub(crate) struct Interrupt {
    signal: watch::Receiver<Option<u8>>,
    last_words: SharedText,
    progress: SharedText,
}

impl fmt::Debug for Interrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupt").field("signal", &self.so_far()).finish_non_exhaustive()
    }
}

impl Interrupt {
    /// Starts to listen. Must be called within a runtime; its task ends with the runtime.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut signals = EndSignals::of_command()?;
        let (sender, receiver) = watch::channel(None);
        let (last_words, progress) = (SharedText::default(), SharedText::default());
        let words = Arc::clone(&last_words);
        #[cfg(unix)]
        answer_progress(&progress)?;
        tokio::spawn(async move {
            let signal = signals.next().await;
            // The receiver is gone if the command has ended.
            let _ = sender.send(Some(signal));
            let late = tokio::select! {
                () = tokio::time::sleep(GRACE) => Some(late_end()),
                () = blocked() => None,
                () = insisted(&mut signals) => None,
            };
            report_last(late, &words);
            process::exit(i32::from(Status::Signal(signal).code()));
        });
        Ok(Self { signal: receiver, last_words, progress })
    }

    /// Creates one that never receives a signal.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn never() -> Self {
        Self { signal: watch::channel(None).1, last_words: Arc::default(), progress: Arc::default() }
    }

    /// Waits for a signal and returns its number.
    pub(crate) async fn signalled(&mut self) -> u8 {
        match self.signal.wait_for(Option::is_some).await.map(|signal| *signal) {
            Ok(Some(signal)) => signal,
            // The listening task ended with the runtime, so no signal can arrive.
            _ => std::future::pending().await,
        }
    }

    /// Runs work until a signal comes. Dropping the work then also cancels it on the server.
    ///
    /// # Errors
    /// Returns the error of the work, or one with the number of the signal.
    pub(crate) async fn unless_signalled<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            result = work => result,
            number = self.signalled() => Err(CommandError::signalled(number)),
        }
    }

    /// Returns the signal received so far.
    #[must_use]
    pub(crate) fn so_far(&self) -> Option<u8> {
        *self.signal.borrow()
    }

    /// Prints this progress report if the command hangs after a signal and cannot print it, until the result is
    /// dropped.
    pub(super) fn last_words(&self, progress: ProgressText) -> ProgressReporter {
        ProgressReporter::in_place_of_earlier(&self.last_words, progress)
    }

    /// Answers SIGUSR1 with this report until the result is dropped, also while the command waits for its reader.
    pub(super) fn reports(&self, progress: ProgressText) -> ProgressReporter {
        ProgressReporter::in_place_of_earlier(&self.progress, progress)
    }
}

/// Returns after another signal that is not the same request as the first one.
async fn insisted(signals: &mut EndSignals) {
    let end = Instant::now() + TOGETHER;
    while tokio::time::timeout_at(end, signals.next()).await.is_ok() {}
    signals.next().await;
}

/// Returns some time after a signal, if the command hangs.
async fn blocked() {
    tokio::time::sleep(BLOCKED).await;
    let mut before = false;
    loop {
        let now = is_blocked();
        if before && now {
            return;
        }
        before = now;
        tokio::time::sleep(LOOK).await;
    }
}

/// Explains an end by force.
fn late_end() -> String {
    format!("streamscope: still busy {} s after the signal; exiting anyway", GRACE.as_secs())
}

/// Prints a line and the last progress report, unless standard error hangs too.
fn report_last(line: Option<String>, words: &Mutex<Option<ProgressText>>) {
    let progress = words.lock().unwrap_or_else(PoisonError::into_inner).take();
    let (done, reported) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let lines = line.into_iter().chain(progress.map(|progress| progress()));
        lines.for_each(|line| stderr::line(&line));
        // The receiver may have timed out.
        let _ = done.send(());
    });
    let _ = reported.recv_timeout(LOOK);
}

/// Starts to answer SIGUSR1 on standard error. From then on, the signal does not end the program. Must be called within
/// a runtime that has more than one thread.
#[cfg(unix)]
fn answer_progress(progress: &SharedText) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut signal, progress, begun) = (signal(SignalKind::user_defined1())?, Arc::clone(progress), Instant::now());
    tokio::spawn(async move {
        while signal.recv().await.is_some() {
            let progress = progress.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = || {
                progress
                    .map_or_else(|| format!("streamscope: running for {} s", begun.elapsed().as_secs()), |text| text())
            };
            tokio::task::block_in_place(|| stderr::line(&line()));
        }
    });
    Ok(())
}

/// A progress report in use. Dropping it restores the one before it.
pub(super) struct ProgressReporter {
    before: Option<ProgressText>,
    progress: SharedText,
}

impl ProgressReporter {
    fn in_place_of_earlier(shared: &SharedText, progress: ProgressText) -> Self {
        let before = shared.lock().unwrap_or_else(PoisonError::into_inner).replace(progress);
        Self { before, progress: Arc::clone(shared) }
    }
}

impl Drop for ProgressReporter {
    fn drop(&mut self) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = self.before.take();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn only_a_later_signal_insists() {
        let mut signals = EndSignals::of_command().expect("handlers");
        let terminate = || kill_process(getpid(), Signal::TERM).expect("sent");
        terminate();
        signals.next().await;
        terminate();
        assert!(
            tokio::time::timeout(TOGETHER * 2, insisted(&mut signals)).await.is_err(),
            "it came with the first one"
        );
        let later = async {
            tokio::time::sleep(TOGETHER * 2).await;
            terminate();
        };
        tokio::join!(insisted(&mut signals), later);
    }
}
