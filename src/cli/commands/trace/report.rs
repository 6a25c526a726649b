//! What standard error says about a trace: how far the search went, what is missing, and how to continue.

use jiff::{SignedDuration, Timestamp};

use crate::numbers::{count, grouped};
use crate::store::trace::{Extent, Top, Trace, Traced};

/// Returns the time between a cause and its effect, if both times are finite.
pub(super) fn delay(cause: &Traced, effect: &Traced) -> Option<SignedDuration> {
    let finite = |time: Timestamp| (time != Timestamp::MIN && time != Timestamp::MAX).then_some(time);
    Some(finite(effect.head.time)?.duration_since(finite(cause.head.time)?))
}

/// Formats a delay with two units at most: `350 ms`, `1.5 s`, `2 min 5 s`, `3 h 4 min`, `2 d 5 h`.
pub(super) fn delay_text(delay: SignedDuration) -> String {
    let sign = if delay.is_negative() { "-" } else { "+" };
    let delay = delay.abs();
    let (seconds, millis) = (delay.as_secs(), delay.subsec_millis());
    let two = |large: i64, unit: &str, small: i64, below: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {below}"),
    };
    let text = match seconds {
        0 if millis == 0 => format!("{} µs", delay.subsec_micros()),
        0 => format!("{millis} ms"),
        1..60 => format!("{} s", format!("{seconds}.{millis:03}").trim_end_matches('0').trim_end_matches('.')),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    };
    format!("{sign}{text}")
}

/// Names a message for people.
pub(super) fn name(traced: &Traced) -> String {
    format!("{}@{}", traced.head.stream, traced.head.position)
}

/// Names ranges of global positions, each above its first number and up to its second.
pub(super) fn ranges(ranges: &[(i64, i64)]) -> String {
    let number = |number: i64| format!("{}{}", if number < 0 { "-" } else { "" }, grouped(number.unsigned_abs()));
    let range = |(above, up_to): &(i64, i64)| format!("{} to {}", number(above.saturating_add(1)), number(*up_to));
    let named: Vec<String> = ranges.iter().map(range).collect();
    named.join(" and ")
}

/// Returns an option that searches ten times as far.
pub(super) fn further(within: Extent) -> String {
    match within {
        Extent::Positions(positions) => format!("--within {}", positions.saturating_mul(10)),
        Extent::Time(time) => format!("--within {}s", time.as_secs().saturating_mul(10).max(10)),
    }
}

/// Returns the lines of the report.
pub(super) fn lines(trace: &Trace, up: bool, down: bool, within: Extent) -> Vec<String> {
    let tree = trace.tree();
    let root = tree.first().map(|branch| name(branch.message)).unwrap_or_default();
    let mut lines = Vec::new();
    match trace.top() {
        _ if !up => {}
        Top::Root | Top::Unknown => {}
        Top::Missing { cause, searched: None } => {
            lines.push(format!("{root} names {} as its cause, which does not exist", cause.reference));
        }
        Top::Missing { cause, searched: Some(searched) } => lines.push(format!(
            "{root} names {} as its cause, which is not among global positions {}; continue with {}",
            cause.reference,
            ranges(&[*searched]),
            further(within)
        )),
        Top::Cycle(cause) => {
            lines.push(format!("cycle: {root} names {} as its cause, which follows from {root}", cause.reference));
        }
        Top::Limit(cause) => {
            lines.push(format!("stopped before {}, the cause of {root}; raise --depth or --limit", cause.reference));
        }
    }
    if down && !trace.indexes().is_empty() {
        let indexes = trace.indexes().join(", ");
        lines.push(format!("effects with an indexed link were found in the whole namespace (index {indexes})"));
    }
    if down {
        lines.push(effects(trace, tree.len(), within));
    }
    lines
}

fn effects(trace: &Trace, messages: usize, within: Extent) -> String {
    let searched = ranges(trace.searched());
    if trace.is_truncated() {
        let messages = count(messages as u64, "message");
        return format!("stopped at {messages}, with more effects at global positions {searched}; raise --limit");
    }
    match (trace.searched().is_empty(), trace.reached_end()) {
        (true, _) => "no message follows, so there are no effects yet".to_owned(),
        (false, true) => format!("searched for effects at global positions {searched}, to the newest message"),
        (false, false) => {
            format!("searched for effects at global positions {searched}; continue with {}", further(within))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_have_two_units_at_most() {
        let cases = [
            (0, "+0 µs"),
            (250, "+250 µs"),
            (350_000, "+350 ms"),
            (1_500_000, "+1.5 s"),
            (-2_000_000, "-2 s"),
            (125_000_000, "+2 min 5 s"),
            (3_600_000_000, "+1 h"),
            (11_040_000_000, "+3 h 4 min"),
            (190_800_000_000, "+2 d 5 h"),
        ];
        for (micros, text) in cases {
            assert_eq!(delay_text(SignedDuration::from_micros(micros)), text);
        }
    }

    #[test]
    fn ranges_name_their_first_and_last_position() {
        assert_eq!(ranges(&[(17, 100_017), (2_000_000, 2_100_000)]), "18 to 100,017 and 2,000,001 to 2,100,000");
    }
}
