//! What the terminal sends, as events, and whether it is still there. The loop never reads the terminal itself: crossterm's
//! reading blocks in half an escape sequence and spins where the terminal has gone away.

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::unix::net::UnixStream;
    use std::thread;
    use std::time::Duration;

    use crossterm::event::{self, Event};
    use jiff::{SignedDuration, Timestamp};
    use rustix::event::{PollFd, PollFlags, poll};
    use tokio::sync::{mpsc, oneshot};

    use crate::clock;
    use crate::runtime::pastes::Pastes;

    /// Events that may wait for the loop.
    const QUEUE: usize = 64;
    /// What ends the thread even where it is held in half a sequence: it is left behind then.
    const PATIENCE: Duration = Duration::from_millis(100);
    /// How long bytes that are there may take to become an event; with no time at all crossterm does not look.
    const AT_ONCE: Duration = Duration::from_millis(1);
    /// Events that are looked at together: one read of the terminal brings no more, and while they keep coming none waits for longer.
    const TOGETHER: usize = 2_048;
    const LONG: SignedDuration = SignedDuration::from_millis(10);
    const GONE: PollFlags = PollFlags::HUP.union(PollFlags::ERR).union(PollFlags::NVAL);

    /// The terminal's events, read by a thread of their own.
    pub struct Inputs {
        events: mpsc::Receiver<(Event, Timestamp)>,
        wake: UnixStream,
        ended: oneshot::Receiver<()>,
    }

    impl Inputs {
        /// Begins to read.
        ///
        /// # Errors
        /// From the system.
        pub fn new() -> io::Result<Self> {
            let (stop, wake) = UnixStream::pair()?;
            let (sender, events) = mpsc::channel(QUEUE);
            let (tell_ended, ended) = oneshot::channel();
            thread::Builder::new().name("input".to_owned()).spawn(move || {
                // Whatever ends it, the loop sees the end of the events.
                let _ = read(&stop, &sender);
                let _ = tell_ended.send(());
            })?;
            Ok(Self { events, wake, ended })
        }

        /// The next event and when it was read; none where the terminal has gone away.
        pub async fn next(&mut self) -> Option<(Event, Timestamp)> {
            self.events.recv().await
        }

        /// Reads no more: the terminal is another program's then.
        pub async fn stop(self) {
            let Self { events, wake, ended } = self;
            drop((events, wake));
            let _ = tokio::time::timeout(PATIENCE, ended).await;
        }
    }

    /// Comes back when the other end of `stop` is gone, where nobody listens any more, or without a terminal.
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
                while read.len() < TOGETHER && clock::now().duration_since(at) < LONG && event::poll(AT_ONCE)? {
                    read.push(event::read()?);
                }
                for event in pastes.join(read, at) {
                    if events.blocking_send((event, at)).is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Comes back when the terminal has gone away, whatever is being read from it.
    pub async fn gone() {
        let (tell, told) = oneshot::channel();
        let watch = move || {
            let stdin = rustix::stdio::stdin();
            // Without a flag only what cannot be left out is waited for: hang-up and errors.
            let mut waited = [PollFd::new(&stdin, PollFlags::empty())];
            while poll(&mut waited, None) == Err(rustix::io::Errno::INTR) {}
            // Nobody listens where the screen has ended by itself.
            let _ = tell.send(());
        };
        let watching = thread::Builder::new().name("hang-up".to_owned()).spawn(watch);
        if watching.is_err() || told.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
#[cfg(unix)]
pub use unix::{Inputs, gone};

#[cfg(not(unix))]
mod other {
    use std::io;

    use crossterm::event::{Event, EventStream};
    use futures_util::StreamExt as _;
    use jiff::Timestamp;

    use crate::clock;

    /// The terminal's events.
    pub struct Inputs(EventStream);

    impl Inputs {
        /// Begins to read.
        ///
        /// # Errors
        /// None here.
        pub fn new() -> io::Result<Self> {
            Ok(Self(EventStream::new()))
        }

        /// The next event and when it was read; none where the terminal has gone away.
        pub async fn next(&mut self) -> Option<(Event, Timestamp)> {
            let event = self.0.next().await.and_then(Result::ok)?;
            Some((event, clock::now()))
        }

        /// Reads no more: the terminal is another program's then.
        pub async fn stop(self) {
            drop(self);
        }
    }

    /// The end of the events tells it here.
    pub async fn gone() {
        std::future::pending::<()>().await;
    }
}
#[cfg(not(unix))]
pub use other::{Inputs, gone};
