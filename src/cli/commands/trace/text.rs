//! A trace as a tree for people: type, message, time, and the delay after the cause.

use crate::cli::error::Result;
use crate::cli::output::Output;
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::store::trace::{Branch, Top};
use crate::trace_text::{delay, delay_text, name, tree_lines};

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
    let lines = tree_lines(&tree.iter().map(|branch| branch.depth).collect::<Vec<_>>());
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
