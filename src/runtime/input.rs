//! Reads the events of the terminal in a thread, and notices when it goes away. The loop never reads from the terminal:
//! crossterm blocks inside an incomplete escape sequence and spins once the terminal has gone away.

#[cfg(unix)]
mod unix {
    use std::io;
    use std::net::Shutdown;
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    use crossterm::event::{self, Event};
    use jiff::{SignedDuration, Timestamp};
    use rustix::event::{PollFd, PollFlags, poll};
    use tokio::sync::{mpsc, oneshot};

    use crate::clock;
    use crate::runtime::pastes::Pastes;

    /// The most events that may be queued for the loop.
    const QUEUE: usize = 64;
    /// The time to wait for the thread to end. It may be blocked in an incomplete sequence and is then abandoned.
    const PATIENCE: Duration = Duration::from_millis(100);
    /// The time to turn available bytes into events. With a timeout of zero, crossterm does not read at all.
    const AT_ONCE: Duration = Duration::from_micros(100);
    /// The time to wait for the rest of a paste, which arrives as a burst of keys in some terminals.
    const REST_OF_PASTE: Duration = Duration::from_millis(1);
    /// The most events in a batch: one read of the terminal returns no more.
    const TOGETHER: usize = 2_048;
    /// The longest time that an event waits for its batch.
    const LONG: SignedDuration = SignedDuration::from_millis(10);
    const GONE: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

    /// The events of the terminal, read by a thread.
    pub(crate) struct Inputs {
        events: mpsc::Receiver<(Event, Timestamp)>,
        wake: UnixStream,
        ended: oneshot::Receiver<()>,
    }

    impl Inputs {
        pub(crate) fn new() -> io::Result<Self> {
            let (stop, wake) = UnixStream::pair()?;
            let (sender, events) = mpsc::channel(QUEUE);
            let (tell_ended, ended) = oneshot::channel();
            thread::Builder::new().name("input".to_owned()).spawn(move || {
                // The loop notices any error as the end of the events.
                let _ = read(&stop, &sender);
                let _ = tell_ended.send(());
            })?;
            Ok(Self { events, wake, ended })
        }

        /// Returns the next event and the time at which it was read; none once the terminal has gone away.
        pub(crate) async fn next(&mut self) -> Option<(Event, Timestamp)> {
            self.events.recv().await
        }

        /// Stops reading, so that another program can have the terminal.
        pub(crate) async fn stop(&mut self) {
            self.events.close();
            // Fails only if the thread has ended.
            let _ = self.wake.shutdown(Shutdown::Both);
            let _ = tokio::time::timeout(PATIENCE, &mut self.ended).await;
        }
    }

    /// Reads until the other end of `stop` or of `events` is closed, or the terminal has gone away.
    fn read(stop: &UnixStream, events: &mpsc::Sender<(Event, Timestamp)>) -> io::Result<()> {
        let mut pastes = Pastes::default();
        loop {
            let stdin = rustix::stdio::stdin();
            let mut waited = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(stop, PollFlags::IN)];
            match poll(&mut waited, None) {
                Err(rustix::io::Errno::INTR) => continue,
                outcome => outcome?,
            };
            if !waited[1].revents().is_empty() || waited[0].revents().intersects(GONE) {
                return Ok(());
            }
            while event::poll(AT_ONCE)? {
                let mut read = vec![event::read()?];
                let at = clock::now();
                let mut wait = AT_ONCE;
                while read.len() < TOGETHER && clock::now().duration_since(at) < LONG && event::poll(wait)? {
                    read.push(event::read()?);
                    wait = REST_OF_PASTE;
                }
                for event in pastes.join(read, at) {
                    if events.blocking_send((event, at)).is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits until the terminal has gone away, even in the middle of a sequence.
    pub(crate) async fn gone() {
        let (tell, told) = oneshot::channel();
        let watch = move || {
            let stdin = rustix::stdio::stdin();
            // Without flags, `poll` reports only hang-up and errors.
            let mut waited = [PollFd::new(&stdin, PollFlags::empty())];
            while poll(&mut waited, None) == Err(rustix::io::Errno::INTR) {}
            // Fails only if the screen has ended.
            let _ = tell.send(());
        };
        let watching = thread::Builder::new().name("hang-up".to_owned()).spawn(watch);
        if watching.is_err() || told.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
#[cfg(unix)]
pub(crate) use unix::{Inputs, gone};

#[cfg(not(unix))]
mod other {
    use std::io;

    use crossterm::event::{Event, EventStream};
    use futures_util::StreamExt as _;
    use jiff::Timestamp;

    use crate::clock;

    /// The events of the terminal.
    pub struct Inputs(Option<EventStream>);

    impl Inputs {
        pub fn new() -> io::Result<Self> {
            Ok(Self(Some(EventStream::new())))
        }

        /// Returns the next event and the time at which it was read; none once the terminal has gone away.
        pub async fn next(&mut self) -> Option<(Event, Timestamp)> {
            let event = self.0.as_mut()?.next().await.and_then(Result::ok)?;
            Some((event, clock::now()))
        }

        /// Stops reading, so that another program can have the terminal.
        pub async fn stop(&mut self) {
            self.0 = None;
        }
    }

    /// Waits forever: here, the events end when the terminal goes away.
    pub async fn gone() {
        std::future::pending::<()>().await;
    }
}
#[cfg(not(unix))]
pub use other::{Inputs, gone};
