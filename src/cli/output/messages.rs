//! The text format of `get` and `tail`: one row per message. This module never reads a store and never prints JSON
//! lines.

use std::collections::VecDeque;
use std::io;

use super::Output;
use super::table::{Column, Table};
use super::time::for_people;
use crate::message::{GlobalPosition, Message, NO_TIME};

/// A table of messages. Omits the stream column for messages of one stream.
pub(crate) struct MessageTable {
    table: Table,
    one_stream: bool,
    /// The global positions of the rows that are not printed yet.
    gathered: VecDeque<GlobalPosition>,
}

impl MessageTable {
    #[must_use]
    pub(crate) fn new(one_stream: bool) -> Self {
        let columns = [
            Column::text("STREAM"),
            Column::number("POSITION"),
            Column::number("GLOBAL").dim(),
            Column::time("TIME").dim(),
            Column::message_type("TYPE"),
            Column::json("DATA"),
        ];
        Self { table: Table::new(&columns[usize::from(one_stream)..]), one_stream, gathered: VecDeque::new() }
    }

    /// Adds a message. Once its line is printed, calls `printed` with the offset of its end in the output and its
    /// global position.
    pub(crate) fn row(
        &mut self,
        output: &mut Output,
        message: &Message,
        printed: &mut dyn FnMut(u64, GlobalPosition),
    ) -> io::Result<()> {
        let (position, global) = (message.position.to_string(), message.global_position.to_string());
        let no_time = message.flaw.as_deref() == Some(NO_TIME);
        let time = if no_time { "NULL".to_owned() } else { for_people(message.time) };
        let data = message.data.as_deref().unwrap_or_default();
        let cells = [message.stream.as_str(), &position, &global, &time, &message.message_type, data];
        self.gathered.push_back(message.global_position);
        if self.table.gather(output, &cells[usize::from(self.one_stream)..]) {
            self.flush(output, printed)
        } else {
            Ok(())
        }
    }

    /// Prints the rows that were held to be aligned with later ones.
    pub(crate) fn flush(
        &mut self,
        output: &mut Output,
        printed: &mut dyn FnMut(u64, GlobalPosition),
    ) -> io::Result<()> {
        let gathered = &mut self.gathered;
        self.table.flush(output, &mut |output| {
            if let Some(position) = gathered.pop_front() {
                printed(output.printed(), position);
            }
        })
    }
}
