//! Decides when the next poll is due: soon while messages arrive or are awaited, rarely after a long silence. Never
//! polls itself.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The pause between polls while no messages arrive.
const QUIET: Duration = Duration::from_millis(100);
/// Longer pauses after longer times without messages or key presses. They spare an idle database, and a user who
/// returns to a quiet screen waits a second at most.
const STEPS: [(Duration, Duration); 4] = [
    (Duration::from_secs(30), Duration::from_millis(200)),
    (Duration::from_mins(1), Duration::from_millis(400)),
    (Duration::from_mins(2), Duration::from_millis(700)),
    (Duration::from_mins(4), Duration::from_secs(1)),
];

/// Ends a long pause between two polls, for example because the user pressed a key.
#[derive(Debug, Clone, Default)]
pub struct PollTrigger(Arc<Notify>);

impl PollTrigger {
    /// Makes the next poll due at once and the following ones soon. Cheap, and never blocks.
    pub fn fire(&self) {
        self.0.notify_one();
    }
}

/// Shows whether a follower is waiting for the server's answer to a poll. It can be used from any task.
#[derive(Debug, Clone, Default)]
pub struct PollInProgress(Arc<Mutex<Option<Instant>>>);

impl PollInProgress {
    /// Returns the start of the poll that has not been answered yet, if there is one.
    #[must_use]
    pub fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// How soon the next poll is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// At once: more messages are ready.
    More,
    /// Soon: messages arrived, or a transaction is about to end.
    Something,
    /// Later: nothing happened.
    Nothing,
}

/// The pauses between polls.
#[derive(Debug)]
pub(super) struct Rhythm {
    trigger: PollTrigger,
    in_progress: PollInProgress,
    /// The pause while messages arrive.
    busy: Duration,
    /// When the last message arrived or the user pressed a key.
    quiet_since: Instant,
    polled: Instant,
    answered: Instant,
    pause: Duration,
}

impl Rhythm {
    /// Creates a rhythm whose first poll is due now.
    pub(super) fn new(busy: Duration, now: Instant) -> Self {
        Self {
            trigger: PollTrigger::default(),
            in_progress: PollInProgress::default(),
            busy,
            quiet_since: now,
            polled: now,
            answered: now,
            pause: Duration::ZERO,
        }
    }

    pub(super) fn trigger(&self) -> PollTrigger {
        self.trigger.clone()
    }

    pub(super) fn in_progress(&self) -> PollInProgress {
        self.in_progress.clone()
    }

    pub(super) fn polls(&mut self, now: Instant) {
        self.polled = now;
        self.in_progress.set(Some(now));
    }

    pub(super) fn found(&mut self, found: Found, now: Instant) {
        self.answered = now;
        self.in_progress.set(None);
        self.pause = match found {
            Found::More => Duration::ZERO,
            Found::Something => {
                self.quiet_since = now;
                self.busy
            }
            Found::Nothing => {
                let quiet = now - self.quiet_since;
                let step = STEPS.iter().rev().find(|(after, _)| quiet >= *after);
                match step {
                    Some((_, pause)) => *pause,
                    // Messages at a steady rate rarely arrive at equal intervals.
                    None if quiet < QUIET => self.busy,
                    None => (self.pause.max(self.busy) * 3 / 2).min(QUIET),
                }
            }
        };
    }

    fn hurries(&mut self, now: Instant) {
        self.quiet_since = now;
        self.pause = self.pause.min(QUIET);
    }

    /// A slow server gets a break as well, in proportion to the pause.
    fn due(&self) -> Instant {
        (self.polled + self.pause).max(self.answered + self.pause / 3)
    }

    pub(super) async fn wait(&mut self) {
        // The last poll may have failed.
        self.in_progress.set(None);
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(due) => return,
                () = self.trigger.0.notified() => self.hurries(Instant::now()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the pauses during a silence of the given length.
    fn pauses(rhythm: &mut Rhythm, from: Instant, length: Duration) -> Vec<(Duration, Duration)> {
        let mut now = from;
        let mut pauses = Vec::new();
        while now - from < length {
            rhythm.polls(now);
            rhythm.found(Found::Nothing, now);
            pauses.push((now - from, rhythm.due() - now));
            now = rhythm.due();
        }
        pauses
    }

    #[tokio::test]
    async fn a_poll_is_in_progress_until_it_is_answered_or_the_next_pause_begins() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        let in_progress = rhythm.in_progress();
        assert_eq!(in_progress.since(), None);
        rhythm.polls(begun);
        assert_eq!(in_progress.since(), Some(begun));
        rhythm.found(Found::More, begun);
        assert_eq!(in_progress.since(), None);
        rhythm.polls(begun);
        rhythm.wait().await;
        assert_eq!(in_progress.since(), None);
    }

    #[tokio::test]
    async fn the_trigger_ends_a_pause_that_has_begun() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        rhythm.polls(begun);
        rhythm.found(Found::Nothing, begun + Duration::from_mins(6));
        rhythm.answered = begun;
        assert_eq!(rhythm.due() - begun, Duration::from_secs(1));
        // Longer than the test waits.
        rhythm.pause = Duration::from_hours(1);
        let trigger = rhythm.trigger();
        let wait = tokio::time::timeout(Duration::from_secs(10), rhythm.wait());
        let (ended, ()) = tokio::join!(wait, async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            trigger.fire();
        });
        ended.expect("the trigger ends the pause");
    }

    #[test]
    fn a_long_silence_slows_polling_step_by_step_to_once_a_second() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        let pauses = pauses(&mut rhythm, begun, Duration::from_mins(6));
        assert!(pauses.is_sorted_by_key(|(_, pause)| *pause), "pauses never get shorter by themselves");
        for (at, pause) in pauses {
            let seconds = at.as_secs();
            assert!(seconds >= 30 || pause <= QUIET, "{at:?}");
            assert!(seconds < 240 || pause == Duration::from_secs(1), "{at:?}");
        }
    }

    #[test]
    fn one_poll_without_a_message_does_not_slow_polling_down() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        let first = pauses(&mut rhythm, begun, QUIET);
        assert!(first.iter().all(|(_, pause)| *pause == Duration::from_millis(10)), "{first:?}");
        let now = rhythm.due();
        assert!(pauses(&mut rhythm, now, QUIET)[0].1 > Duration::from_millis(10));
    }

    #[test]
    fn a_message_or_a_key_press_speeds_polling_up_at_once() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        pauses(&mut rhythm, begun, Duration::from_mins(6));
        let now = rhythm.answered + Duration::from_millis(500);
        rhythm.hurries(now);
        assert!(rhythm.due() <= now, "the pause is over");
        assert!(pauses(&mut rhythm, now, Duration::from_secs(29)).iter().all(|(_, pause)| *pause <= QUIET));
        let later = now + Duration::from_mins(5);
        rhythm.polls(later);
        rhythm.found(Found::Something, later);
        assert_eq!(rhythm.due() - later, Duration::from_millis(10));
    }
}
