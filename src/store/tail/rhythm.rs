//! When the next poll is due: soon while messages come or are awaited, seldom after a long silence. Knows no clock of its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// From one poll to the next while no message comes.
const QUIET: Duration = Duration::from_millis(100);
/// After so long without a message, and without anybody who asked to hurry, the pause is this long. A database that goes to sleep
/// is not kept awake ten times a second, and who comes back to a quiet screen waits a second at most, a keystroke less.
const STEPS: [(Duration, Duration); 4] = [
    (Duration::from_secs(30), Duration::from_millis(200)),
    (Duration::from_mins(1), Duration::from_millis(400)),
    (Duration::from_mins(2), Duration::from_millis(700)),
    (Duration::from_mins(4), Duration::from_secs(1)),
];

/// Ends a long pause between two polls: a key was pressed, somebody looks.
#[derive(Debug, Clone, Default)]
pub struct Hurry(Arc<Notify>);

impl Hurry {
    /// The next poll is due at once, and the ones after it soon. Cheap, and never waits.
    pub fn now(&self) {
        self.0.notify_one();
    }
}

/// What a poll was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// More can be had at once.
    More,
    /// Messages, or somebody whose end is near.
    Something,
    /// Nothing.
    Nothing,
}

/// The pauses.
#[derive(Debug)]
pub(super) struct Rhythm {
    hurry: Hurry,
    /// From one poll to the next while something comes.
    busy: Duration,
    /// Since when nothing came.
    quiet_since: Instant,
    polled: Instant,
    answered: Instant,
    pause: Duration,
}

impl Rhythm {
    /// The first poll is due now.
    pub(super) fn new(busy: Duration, now: Instant) -> Self {
        Self { hurry: Hurry::default(), busy, quiet_since: now, polled: now, answered: now, pause: Duration::ZERO }
    }

    pub(super) fn hurry(&self) -> Hurry {
        self.hurry.clone()
    }

    /// A poll began.
    pub(super) fn polls(&mut self, now: Instant) {
        self.polled = now;
    }

    /// What the poll found.
    pub(super) fn found(&mut self, found: Found, now: Instant) {
        self.answered = now;
        self.pause = match found {
            Found::More => Duration::ZERO,
            Found::Something => {
                self.quiet_since = now;
                self.busy
            }
            Found::Nothing => {
                let quiet = now - self.quiet_since;
                let step = STEPS.iter().rev().find(|(after, _)| quiet >= *after);
                step.map_or_else(|| (self.pause.max(self.busy) * 3 / 2).min(QUIET), |(_, pause)| *pause)
            }
        };
    }

    /// Somebody asked to hurry.
    fn hurries(&mut self, now: Instant) {
        self.quiet_since = now;
        self.pause = self.pause.min(QUIET);
    }

    /// A server that answers slowly is left alone for a while, too.
    fn due(&self) -> Instant {
        (self.polled + self.pause).max(self.answered + self.pause / 3)
    }

    /// Waits until the next poll is due.
    pub(super) async fn wait(&mut self) {
        loop {
            let due = self.due();
            tokio::select! {
                biased;
                () = tokio::time::sleep_until(due) => return,
                () = self.hurry.0.notified() => self.hurries(Instant::now()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses while nothing comes, for so long.
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

    #[test]
    fn a_long_silence_slows_it_down_step_by_step_to_once_a_second() {
        let begun = Instant::now();
        let mut rhythm = Rhythm::new(Duration::from_millis(10), begun);
        let pauses = pauses(&mut rhythm, begun, Duration::from_mins(6));
        assert!(pauses.is_sorted_by_key(|(_, pause)| *pause), "it never speeds up by itself");
        for (at, pause) in pauses {
            let seconds = at.as_secs();
            assert!(seconds >= 30 || pause <= QUIET, "{at:?}");
            assert!(seconds < 240 || pause == Duration::from_secs(1), "{at:?}");
        }
    }

    #[test]
    fn a_message_or_a_key_speeds_it_up_at_once() {
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
