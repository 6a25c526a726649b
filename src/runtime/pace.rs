//! Limits the frame rate: at most eighty frames in any second. After a pause, five frames may follow each other
//! immediately, so that answers in quick succession are not delayed. Following draws fewer frames than the limit, so a
//! key is shown at once.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The most frames in a second.
const IN_SECOND: usize = 80;
/// The interval between frames at a steady rate, which stays below the limit.
const EVERY: Duration = Duration::from_nanos(1_000_000_000 / 79);
/// The time by which a frame may be ahead of the steady rate. It allows four frames more than the first after a pause.
const AHEAD: Duration = EVERY.saturating_mul(4);
/// How long a minor change waits for messages after others have arrived. It is longer than the pause between two polls.
const NEXT_MESSAGES: Duration = Duration::from_millis(20);

/// The times of the last frames.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The time of the next frame at a steady rate.
    next: Instant,
    /// The times of the last frames, at most [`IN_SECOND`].
    drawn: VecDeque<Instant>,
    /// When messages last arrived while following.
    messages: Option<Instant>,
}

impl Pace {
    #[must_use]
    pub(crate) fn new(now: Instant) -> Self {
        Self { next: now, drawn: VecDeque::with_capacity(IN_SECOND), messages: None }
    }

    /// Returns the earliest time at which the next frame may be drawn.
    #[must_use]
    pub(crate) fn due(&self) -> Instant {
        let steady = self.next.checked_sub(AHEAD).unwrap_or(self.next);
        let full = self.drawn.front().filter(|_| self.drawn.len() == IN_SECOND);
        full.map_or(steady, |first| steady.max(*first + Duration::from_secs(1)))
    }

    /// Records that messages arrived while following.
    pub(crate) fn messages_arrived(&mut self, now: Instant) {
        self.messages = Some(now);
    }

    /// Returns the time at which to draw a minor change, such as the next phase of a spinner. If messages are arriving,
    /// this is the time by which more of them are expected, whose frame shows the change as well.
    #[must_use]
    pub(crate) fn minor_change(&self, now: Instant) -> Instant {
        self.messages.map_or(now, |at| now.max(at + NEXT_MESSAGES))
    }

    /// Records a frame.
    pub(crate) fn drawn(&mut self, now: Instant) {
        self.next = self.next.max(now) + EVERY;
        if self.drawn.len() == IN_SECOND {
            self.drawn.pop_front();
        }
        self.drawn.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_at_most_eighty_frames_in_any_second() {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        // Draws as often as allowed, with pauses that allow the next frames to be early.
        let mut now = begun;
        let mut drawn = Vec::new();
        for frame in 0..400 {
            if frame % 120 == 0 {
                now += Duration::from_millis(300);
            }
            now = now.max(pace.due());
            pace.drawn(now);
            drawn.push(now);
        }
        for first in &drawn {
            let in_second = drawn.iter().filter(|at| *at >= first && **at < *first + Duration::from_secs(1));
            assert!(in_second.count() <= 80);
        }
    }

    #[test]
    fn a_minor_change_waits_for_messages_only_while_they_arrive() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(pace.minor_change(now), now);
        pace.messages_arrived(now);
        assert_eq!(pace.minor_change(now + Duration::from_millis(5)), now + NEXT_MESSAGES);
        let later = now + Duration::from_secs(1);
        assert_eq!(pace.minor_change(later), later, "no more messages are expected");
    }

    #[test]
    fn draws_five_frames_without_delay_after_a_pause() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        now += Duration::from_secs(5);
        for _ in 0..5 {
            assert!(pace.due() <= now);
            pace.drawn(now);
        }
        assert!(pace.due() > now);
    }
}
