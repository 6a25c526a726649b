//! The words of a trace, on the screen and in commands: delays, ranges, the lines of a tree, how far a search went and
//! what it missed. Prints nothing.

use jiff::{SignedDuration, Timestamp};

use crate::numbers::{count, grouped};
use crate::store::trace::{Correlated, Top, Trace, Traced};

/// Levels that are drawn. Deeper ones show their number instead of longer lines.
const DRAWN: usize = 24;
/// The characters shown of a correlation value.
const VALUE: usize = 100;

/// How the reader continues a search.
#[derive(Debug)]
pub(crate) struct Continued {
    /// How to search further.
    pub further: String,
    /// How to collect more messages.
    pub more: String,
}

/// Returns the time between a cause and its effect, if both times are finite.
pub(crate) fn delay(cause: &Traced, effect: &Traced) -> Option<SignedDuration> {
    let finite = |time: Timestamp| (time != Timestamp::MIN && time != Timestamp::MAX).then_some(time);
    Some(finite(effect.head.time)?.duration_since(finite(cause.head.time)?))
}

/// Formats a delay with two units at most: `350 ms`, `1.5 s`, `2 min 5 s`, `3 h 4 min`, `2 d 5 h`.
pub(crate) fn delay_text(delay: SignedDuration) -> String {
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
pub(crate) fn name(traced: &Traced) -> String {
    format!("{}@{}", traced.head.stream, traced.head.position)
}

/// Names ranges of global positions, each above its first number and up to its second. Stores count from 1, so a range
/// that reaches further back begins there.
pub(crate) fn ranges(ranges: &[(i64, i64)]) -> String {
    let number = |number: i64| format!("{}{}", if number < 0 { "-" } else { "" }, grouped(number.unsigned_abs()));
    let range = |(above, up_to): &(i64, i64)| {
        let first = above.saturating_add(1).max(1.min(*up_to));
        format!("{} to {}", number(first), number(*up_to))
    };
    let named: Vec<String> = ranges.iter().map(range).collect();
    named.join(" and ")
}

/// Returns the lines before each row of a tree, given the depths of its rows in order.
pub(crate) fn tree_lines(depths: &[usize]) -> Vec<String> {
    // For each level, whether a sibling follows below the current row.
    let mut follows: Vec<bool> = Vec::new();
    let mut lines: Vec<String> = Vec::with_capacity(depths.len());
    for depth in depths.iter().rev() {
        follows.resize(depth + 1, false);
        let mut line = if *depth > DRAWN { format!("…{depth} ") } else { String::new() };
        let from = depth.saturating_sub(DRAWN) + 1;
        for (level, follows) in follows.iter().enumerate().skip(from) {
            line.push_str(match (level == *depth, *follows) {
                (true, true) => "├─ ",
                (true, false) => "└─ ",
                (false, true) => "│  ",
                (false, false) => "   ",
            });
        }
        lines.push(line);
        follows[*depth] = true;
    }
    lines.reverse();
    lines
}

/// Returns the lines of the report.
pub(crate) fn lines(trace: &Trace, (up, down): (bool, bool), continued: &Continued) -> Vec<String> {
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
            "{root} names {} as its cause, which is not among global positions {}; {}",
            cause.reference,
            ranges(&[*searched]),
            continued.further
        )),
        Top::Cycle(cause) => {
            lines.push(format!("cycle: {root} names {} as its cause, which follows from {root}", cause.reference));
        }
        Top::Limit(cause) => {
            lines.push(format!("stopped before {}, the cause of {root}; {}", cause.reference, continued.more));
        }
    }
    if down && !trace.indexes().is_empty() {
        let indexes = trace.indexes().join(", ");
        lines.push(format!("searched the whole namespace for effects with an indexed link (index {indexes})"));
    }
    if down {
        lines.push(effects(trace, tree.len(), continued));
    }
    if let Some(positions) = trace.searched_again() {
        let positions = grouped(positions);
        lines.push(format!(
            "effects of followed messages were searched for from {positions} positions before them; trace again for older ones"
        ));
    }
    lines
}

fn effects(trace: &Trace, messages: usize, continued: &Continued) -> String {
    let searched = ranges(trace.searched());
    if trace.is_truncated() {
        let messages = count(messages as u64, "message");
        let stopped = if searched.is_empty() {
            "before the search for effects".to_owned()
        } else {
            format!("with more effects at global positions {searched}")
        };
        return format!("stopped at {messages}, {stopped}; {}", continued.more);
    }
    match (trace.searched().is_empty(), trace.reached_end()) {
        (true, true) => "no message follows, so there are no effects yet".to_owned(),
        (true, false) => "effects were not searched for".to_owned(),
        (false, true) => format!("searched for effects at global positions {searched}, up to the newest message"),
        (false, false) => {
            format!("searched for effects at global positions {searched}; {}", continued.further)
        }
    }
}

/// Returns how far a search for the messages of a workflow went.
pub(crate) fn workflow_line(search: &Correlated, continued: &Continued) -> String {
    let workflow = search.workflow();
    let value: String = workflow.value.chars().take(VALUE).collect();
    let cut = if value.len() < workflow.value.len() { "…" } else { "" };
    let shared = format!("{} = {value}{cut}", workflow.path);
    let searched = ranges(&[search.searched()]);
    if search.is_truncated() {
        format!("stopped at the limit, with more messages that have {shared}; {}", continued.more)
    } else if search.is_complete() {
        format!("searched the whole namespace for {shared}")
    } else {
        format!("searched global positions {searched} for {shared}; {}", continued.further)
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
        assert_eq!(ranges(&[(-99_998, 3)]), "1 to 3", "a range around one of the first messages");
        assert_eq!(ranges(&[(-100_000, 0)]), "0 to 0", "a range before the first message");
    }

    #[test]
    fn lines_join_siblings_and_end_at_the_last_one() {
        let expected = ["", "├─ ", "│  ├─ ", "│  └─ ", "│     └─ ", "└─ ", "   └─ "];
        assert_eq!(tree_lines(&[0, 1, 2, 2, 3, 1, 2]), expected);
    }

    #[test]
    fn a_long_chain_does_not_make_long_lines() {
        let depths: Vec<usize> = (0..1_000).collect();
        let lines = tree_lines(&depths);
        assert!(lines[999].starts_with("…999 ") && lines[999].ends_with("└─ "));
        assert!(lines.iter().all(|line| line.chars().count() <= 3 * DRAWN + 6));
    }
}
