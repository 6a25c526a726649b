//! Computes the pauses between attempts to reach a server. They double and vary at random, so that clients of the same
//! server do not all return at the same moment. Neither waits nor attempts anything itself.

use std::time::Duration;

/// The pause after the first failed attempt.
const FIRST: Duration = Duration::from_millis(250);

/// The number of failed attempts and the longest pause.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    attempts: u32,
    longest: Duration,
}

impl Backoff {
    /// No attempt has failed yet.
    #[must_use]
    pub(crate) const fn up_to(longest: Duration) -> Self {
        Self { attempts: 0, longest }
    }

    /// Counts a failed attempt and returns the pause before the next one.
    pub(crate) fn pause(&mut self) -> Duration {
        let pause = pause(self.attempts, self.longest, fastrand::u8(..));
        self.attempts = self.attempts.saturating_add(1);
        pause
    }
}

/// Returns the pause after `attempts` earlier failures. `chance` shortens it by up to a fifth.
#[must_use]
pub(crate) fn pause(attempts: u32, longest: Duration, chance: u8) -> Duration {
    let whole = FIRST.saturating_mul(1 << attempts.min(10)).min(longest);
    whole * 4 / 5 + whole / 5 * u32::from(u8::MAX - chance) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest_pause_and_varies_by_at_most_a_fifth() {
        let longest = Duration::from_secs(15);
        let whole: Vec<u128> = (0..8).map(|attempts| pause(attempts, longest, 0).as_millis()).collect();
        assert_eq!(whole, [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
        assert_eq!(pause(2, longest, 255), Duration::from_millis(800));
        assert_eq!(pause(u32::MAX, longest, 0), longest);
        let mut backoff = Backoff::up_to(longest);
        for whole in whole {
            let pause = backoff.pause().as_millis();
            assert!((whole * 4 / 5..=whole).contains(&pause), "{pause} of {whole}");
        }
    }
}
