//! When the next frame may be drawn: at most sixty in any second, and after a pause five of them one right behind the other, so
//! that answers that follow each other closely do not wait for a frame's turn.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Frames in a second at most.
const IN_SECOND: usize = 60;
/// Between frames of a steady row, which stays below that.
const EVERY: Duration = Duration::from_nanos(1_000_000_000 / 59);
/// How far ahead of the steady row a frame may be: four frames more than the one that is always due after a pause.
const AHEAD: Duration = EVERY.saturating_mul(4);

/// Counts frames.
#[derive(Debug)]
pub struct Pace {
    /// When a steady row would have its next frame.
    next: Instant,
    /// When the last ones were drawn, as many as a second may have.
    drawn: VecDeque<Instant>,
}

impl Pace {
    /// Nothing was drawn yet.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { next: now, drawn: VecDeque::with_capacity(IN_SECOND) }
    }

    /// The first moment at which a frame may be drawn.
    #[must_use]
    pub fn due(&self) -> Instant {
        let steady = self.next.checked_sub(AHEAD).unwrap_or(self.next);
        let full = self.drawn.front().filter(|_| self.drawn.len() == IN_SECOND);
        full.map_or(steady, |first| steady.max(*first + Duration::from_secs(1)))
    }

    /// A frame was drawn.
    pub fn drawn(&mut self, now: Instant) {
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
    fn no_second_has_more_than_sixty_frames() {
        let begun = Instant::now();
        let mut pace = Pace::new(begun);
        // As many as may be, with pauses that let it save up.
        let mut now = begun;
        let mut drawn = Vec::new();
        for frame in 0..400 {
            if frame % 90 == 0 {
                now += Duration::from_millis(300);
            }
            now = now.max(pace.due());
            pace.drawn(now);
            drawn.push(now);
        }
        for first in &drawn {
            let in_second = drawn.iter().filter(|at| *at >= first && **at < *first + Duration::from_secs(1));
            assert!(in_second.count() <= 60);
        }
    }

    #[test]
    fn after_a_pause_five_frames_need_not_wait() {
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
