//! Runs the questions of the screen, one task per slot, and the task that follows. A newer question replaces the one
//! under way, which is cancelled, on the server too, unless it finishes soon. Without this grace period, a held-down
//! key would cost a connection at every repeat.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::questions::{Answerer, Opening};
use crate::app::Event;
use crate::app::request::{Question, Slot};
use crate::backoff::Backoff;
use crate::clock;
use crate::message::{BodyPath, MessageHead};
use crate::store::browse::Scope;
use crate::store::tail::{Delivery, Tail, TailBatch, TailFrom, TailOptions};
use crate::store::{Filter, StoreError};

/// The time that a replaced question may still take.
const GRACE: Duration = Duration::from_millis(200);
/// The most messages in a batch while following.
const BATCH: usize = 500;
/// The longest pause after following was interrupted.
const LONGEST: Duration = Duration::from_secs(5);

/// A server that has not answered a poll for this long is reported.
const SILENCE: Duration = Duration::from_secs(3);
/// How often its silence is measured.
const LOOK: Duration = Duration::from_millis(500);

/// A question and the delay before it is asked.
#[derive(Debug, Clone)]
struct Job {
    generation: u64,
    question: Question,
    after: Duration,
}

/// The tasks of all slots and of following. Dropping it ends them.
pub(crate) struct Slots {
    jobs: Vec<watch::Sender<Option<Job>>>,
    tasks: Vec<JoinHandle<()>>,
    answerer: Arc<Answerer>,
    events: mpsc::Sender<Event>,
    following: Option<JoinHandle<()>>,
    /// Ends the pause between two polls of the task that follows.
    hurry: Arc<Notify>,
    /// The paths whose values are read while following.
    paths: watch::Sender<Arc<[BodyPath]>>,
}

impl Slots {
    /// Starts one task per slot. The store may still be opening.
    #[must_use]
    pub(crate) fn new(opening: Opening, events: mpsc::Sender<Event>) -> Self {
        let answerer = Arc::new(Answerer::new(opening));
        let (jobs, tasks) = Slot::ALL
            .into_iter()
            .map(|slot| {
                let (sender, receiver) = watch::channel(None);
                (sender, tokio::spawn(work(slot, receiver, Arc::clone(&answerer), events.clone())))
            })
            .unzip();
        Self { jobs, tasks, answerer, events, following: None, hurry: Arc::default(), paths: watch::Sender::default() }
    }

    /// Returns what answers questions.
    #[must_use]
    pub(crate) fn answerer(&self) -> Arc<Answerer> {
        Arc::clone(&self.answerer)
    }

    /// Asks a question, which replaces the one under way in the slot.
    pub(crate) fn ask(&self, slot: Slot, generation: u64, question: Question, after: Duration) {
        self.jobs[slot as usize].send_replace(Some(Job { generation, question, after }));
    }

    /// Cancels the question under way in a slot, on the server too.
    pub(crate) fn stop(&self, slot: Slot) {
        self.jobs[slot as usize].send_replace(None);
    }

    /// Follows a scope in place of any earlier following.
    pub(crate) fn follow(
        &mut self,
        generation: u64,
        namespace: String,
        scope: Scope,
        filter: Filter,
        paths: Arc<[BodyPath]>,
    ) {
        self.stop_following();
        self.follow_paths(paths);
        let (answerer, events, hurry) = (Arc::clone(&self.answerer), self.events.clone(), Arc::clone(&self.hurry));
        let paths = self.paths.subscribe();
        self.following = Some(tokio::spawn(async move {
            let options = TailOptions { scope, from: TailFrom::Now, delivery: Delivery::AtOnce, batch: BATCH, filter };
            follow(&answerer, &events, &hurry, &paths, generation, &namespace, options).await;
        }));
    }

    /// Reads the values of other paths from the next poll on.
    pub(crate) fn follow_paths(&self, paths: Arc<[BodyPath]>) {
        self.paths.send_replace(paths);
    }

    /// Makes following poll soon, because the user is at the keyboard.
    pub(crate) fn hurry(&self) {
        if self.following.is_some() {
            self.hurry.notify_one();
        }
    }

    pub(crate) fn stop_following(&mut self) {
        if let Some(task) = self.following.take() {
            task.abort();
        }
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        self.stop_following();
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn work(
    slot: Slot,
    mut jobs: watch::Receiver<Option<Job>>,
    answerer: Arc<Answerer>,
    events: mpsc::Sender<Event>,
) {
    loop {
        let job = jobs.borrow_and_update().clone();
        if let Some(Job { generation, question, after }) = job {
            if !after.is_zero() {
                tokio::select! {
                    () = tokio::time::sleep(after) => {}
                    // Nothing was asked yet.
                    replaced = jobs.changed() => if replaced.is_ok() { continue } else { return },
                }
            }
            let outcome = tokio::select! {
                outcome = answerer.answer(&question) => Some(outcome.map_err(Arc::new)),
                // A question that changes the store is never cancelled: only its answer tells whether it succeeded.
                () = out_of_date(jobs.clone()), if !question.writes() => None,
            };
            if let Some(outcome) = outcome
                && events.send(Event::Answered { slot, generation, outcome }).await.is_err()
            {
                return;
            }
        }
        if jobs.changed().await.is_err() {
            return;
        }
    }
}

/// Waits until the question under way should be cancelled: at once if it was stopped, after [`GRACE`] if it was
/// replaced.
async fn out_of_date(mut jobs: watch::Receiver<Option<Job>>) {
    let enough = Instant::now() + GRACE;
    let mut newer = false;
    loop {
        tokio::select! {
            changed = jobs.changed() => {
                if changed.is_err() || jobs.borrow_and_update().is_none() {
                    return;
                }
                newer = true;
            }
            () = tokio::time::sleep_until(enough), if newer => return,
        }
    }
}

async fn follow(
    answerer: &Answerer,
    events: &mpsc::Sender<Event>,
    woken: &Notify,
    paths: &watch::Receiver<Arc<[BodyPath]>>,
    generation: u64,
    namespace: &str,
    options: TailOptions,
) {
    let mut backoff = Backoff::up_to(LONGEST);
    let mut tail = loop {
        match answerer.namespace(namespace).await {
            Ok(namespace) => break namespace.tail_heads(options),
            Err(error) => {
                if !goes_on(error, events, generation, &mut backoff).await {
                    return;
                }
            }
        }
    };
    loop {
        tail.set_paths(Arc::clone(&paths.borrow()));
        match next_batch(&mut tail, events, woken, generation).await {
            Ok(batch) => {
                backoff = Backoff::up_to(LONGEST);
                // If the queue is full, this waits, and the rest stays in the database.
                if events.send(Event::Followed { generation, batch }).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                if !goes_on(error, events, generation, &mut backoff).await {
                    return;
                }
            }
        }
    }
}

/// Waits for the next batch, and reports meanwhile whether the server answers the polls.
async fn next_batch(
    tail: &mut Tail<MessageHead>,
    events: &mpsc::Sender<Event>,
    woken: &Notify,
    generation: u64,
) -> Result<TailBatch<MessageHead>, StoreError> {
    let (trigger, polling) = (tail.poll_trigger(), tail.poll_in_progress());
    let mut look = tokio::time::interval_at(Instant::now() + LOOK, LOOK);
    let mut is_silent = false;
    let next = tail.next();
    tokio::pin!(next);
    loop {
        tokio::select! {
            biased;
            found = &mut next => return found,
            // This ends only the pause, not a query under way.
            () = woken.notified() => trigger.fire(),
            _ = look.tick() => {
                let silence = polling.since().map(|since| since.elapsed()).filter(|silence| *silence >= SILENCE);
                if silence.is_some() != is_silent {
                    is_silent = silence.is_some();
                    let since = silence.map(|silence| clock::now() - silence);
                    // Fails only if the screen has ended.
                    let _ = events.send(Event::FollowUnanswered { generation, since }).await;
                }
            }
        }
    }
}

/// Reports an error, and waits and returns true if following can continue after it.
async fn goes_on(error: StoreError, events: &mpsc::Sender<Event>, generation: u64, backoff: &mut Backoff) -> bool {
    let passing = error.is_passing_for_followers();
    let told = events.send(Event::FollowFailed { generation, error: Arc::new(error) }).await.is_ok();
    if told && passing {
        tokio::time::sleep(backoff.pause()).await;
    }
    told && passing
}
