//! The progress of a long command as text: messages, rate, share and remaining time. This module prints nothing.

use std::fmt::Write as _;
use std::time::Duration;

use crate::numbers::grouped;

/// Returns the messages and their rate and, if the size is known, the share that is done and the estimated time left.
pub fn line(messages: u64, elapsed: Duration, read: u64, size: Option<u64>) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = messages.saturating_mul(1_000) / milliseconds;
    let mut line = format!("{} messages, {} a second", grouped(messages), grouped(rate));
    if let Some(size) = size.filter(|size| *size > 0) {
        let read = read.clamp(1, size);
        let left = u128::from(milliseconds) * u128::from(size - read) / u128::from(read) / 1_000;
        let share = u128::from(read) * 100 / u128::from(size);
        // Writing to a String does not fail.
        let _ = write!(line, ", {share}%, {} left", duration(left));
    }
    line
}

fn duration(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remaining_time_is_extrapolated_from_the_part_that_is_done() {
        let told = line(12_000, Duration::from_secs(10), 250, Some(1_000));
        assert_eq!(told, "12,000 messages, 1,200 a second, 25%, 30 s left");
        assert_eq!(line(5, Duration::ZERO, 0, None), "5 messages, 5,000 a second");
        assert_eq!(duration(3_725), "1 h 2 min");
    }
}
