//! A trace as a tree for people: type, message, time, and the delay after the cause.

use super::report::{delay, delay_text, name};
use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::store::trace::{Branch, Top};

/// Levels that are drawn. Deeper ones show their number instead of longer lines.
const DRAWN: usize = 24;

/// Prints the tree. `▶` marks the message that was asked for.
pub(super) fn tree(top: &Top, tree: &[Branch<'_>], output: &mut Output) -> Result<()> {
    let columns = [
        Column::number(""),
        Column::message_type("TYPE"),
        Column::text("MESSAGE"),
        Column::time("TIME").dim(),
        Column::number("DELAY"),
        Column::text("LINK").dim(),
    ];
    let mut table = Table::new(&columns);
    if let Top::Missing { cause, .. } = top {
        table.row(output, &["", "(missing)", &cause.reference.to_string(), "", "", &cause.link])?;
    }
    let lines = lines(&tree.iter().map(|branch| branch.depth).collect::<Vec<_>>());
    for (branch, line) in tree.iter().zip(lines) {
        let head = &branch.message.head;
        let delay = branch.cause.and_then(|cause| delay(cause, branch.message)).map(delay_text).unwrap_or_default();
        let cells = [
            if branch.is_start { "▶" } else { "" },
            &format!("{line}{}", head.message_type),
            &name(branch.message),
            &for_people(head.time),
            &delay,
            branch.link.unwrap_or_default(),
        ];
        table.row(output, &cells)?;
    }
    Ok(table.finish(output)?)
}

/// Returns the lines before each row of a tree, given the depths of its rows in order.
fn lines(depths: &[usize]) -> Vec<String> {
    // For each level, whether a sibling follows below the current row.
    let mut follows: Vec<bool> = Vec::new();
    let mut lines: Vec<String> = Vec::with_capacity(depths.len());
    for depth in depths.iter().rev() {
        follows.resize(depth + 1, false);
        let mut line = String::new();
        if *depth > DRAWN {
            line.push_str(&format!("…{depth} "));
        }
        let from = depth.saturating_sub(DRAWN) + 1;
        for level in from..=*depth {
            line.push_str(match (level == *depth, follows[level]) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_join_siblings_and_end_at_the_last_one() {
        let expected = ["", "├─ ", "│  ├─ ", "│  └─ ", "│     └─ ", "└─ ", "   └─ "];
        assert_eq!(lines(&[0, 1, 2, 2, 3, 1, 2]), expected);
    }

    #[test]
    fn a_long_chain_does_not_make_long_lines() {
        let depths: Vec<usize> = (0..1_000).collect();
        let lines = lines(&depths);
        assert!(lines[999].starts_with("…999 ") && lines[999].ends_with("└─ "));
        assert!(lines.iter().all(|line| line.chars().count() <= 3 * DRAWN + 6));
    }
}
