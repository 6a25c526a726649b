//! Saves what survives a restart: some time after the user did something, and at the end. Files are written in a
//! thread, so the event loop never waits for a disk.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::session_file::SessionFile;
use crate::app::Event;
use crate::app::saved::Saved;
use crate::clock;

/// The time after an input until its effects are saved. A key that is held down then costs one write.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest that the end of the program waits for a write.
const LIMIT: Duration = Duration::from_secs(3);

/// A write under way, and what it writes.
type Writing = (JoinHandle<Result<(), String>>, Saved);

/// Saves a session in the background.
pub(super) struct Autosave {
    /// None if the session is not saved.
    file: Option<Arc<SessionFile>>,
    /// What was loaded or written last. Only differences from it are written.
    written: Saved,
    writing: Option<Writing>,
    due: Option<Instant>,
    /// A failure was reported. The same one would follow at every change.
    reported: bool,
    /// Why the last write failed.
    problem: Option<String>,
    events: mpsc::Sender<Event>,
}

impl Autosave {
    pub(super) fn new(file: Option<SessionFile>, loaded: Saved, events: mpsc::Sender<Event>) -> Self {
        Self {
            file: file.map(Arc::new),
            written: loaded,
            writing: None,
            due: None,
            reported: false,
            problem: None,
            events,
        }
    }

    /// Notes that the user did something.
    pub(super) fn soon(&mut self) {
        if self.file.is_some() {
            self.due.get_or_insert_with(|| Instant::now() + PAUSE);
        }
    }

    /// Returns the time at which [`Autosave::save`] should be called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Starts to write, unless nothing has changed.
    pub(super) fn save(&mut self, saved: Saved) {
        self.due = None;
        if let Some((task, written)) = self.writing.take_if(|(task, _)| task.is_finished()) {
            self.ended(task.now_or_never(), written);
        }
        if self.writing.is_some() {
            return self.soon();
        }
        self.start(saved);
    }

    fn start(&mut self, saved: Saved) {
        let Some(file) = self.file.clone().filter(|_| saved != self.written) else { return };
        let (base, ours) = (self.written.clone(), saved.clone());
        let task = tokio::task::spawn_blocking(move || file.save(&base, &ours, clock::now()));
        self.writing = Some((task, saved));
    }

    /// Receives the result of a write; none if it did not end.
    fn ended(&mut self, result: Option<Result<Result<(), String>, tokio::task::JoinError>>, written: Saved) {
        match result {
            Some(Ok(Ok(()))) => (self.written, self.problem) = (written, None),
            Some(Ok(Err(problem))) => {
                tracing::warn!("{problem}");
                self.problem = Some(problem.clone());
                if !std::mem::replace(&mut self.reported, true) {
                    // If the queue is full, the log has the problem.
                    let _ = self.events.try_send(Event::Notice(problem));
                }
            }
            _ => {
                let problem = "Saving the session did not finish";
                tracing::warn!("{problem}");
                self.problem = Some(problem.to_owned());
            }
        }
    }

    /// Writes the last changes, and waits for them. Returns why they could not be written.
    pub(super) async fn finish(&mut self, saved: Saved) -> Option<String> {
        self.wait().await;
        self.start(saved);
        self.wait().await;
        self.problem.take()
    }

    async fn wait(&mut self) {
        if let Some((task, written)) = self.writing.take() {
            let result = tokio::time::timeout(LIMIT, task).await.ok();
            self.ended(result, written);
        }
    }
}
