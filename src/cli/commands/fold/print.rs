//! Prints the results of `fold`: values with the messages that set them, whole states, and the changes of each step.

use jiff::Timestamp;

use crate::cli::commands::diff;
use crate::cli::error::Result;
use crate::cli::output::paint::{Look, paint};
use crate::cli::output::table::{Column, Table};
use crate::cli::output::time::for_people;
use crate::cli::output::{Output, json};
use crate::fold::Merged;
use crate::json::pretty;
use crate::message::Message;
use crate::safe_text::safe;

/// What is remembered of a message.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) position: i64,
    pub(super) global_position: i64,
    pub(super) message_type: String,
    time: Timestamp,
}

impl Step {
    pub(super) fn of(message: &Message) -> Self {
        Self {
            position: message.position,
            global_position: message.global_position,
            message_type: message.message_type.clone(),
            time: message.time,
        }
    }
}

/// Prints the state after each message.
pub(super) struct Printer {
    /// The state before the next message, for text output.
    before: Option<String>,
}

impl Printer {
    pub(super) fn new(before: Option<String>) -> Self {
        Self { before }
    }

    /// Prints one step: the state as JSON, or what changed as text.
    pub(super) fn step(&mut self, step: &Step, state: String, output: &mut Output) -> Result<()> {
        if output.is_json() {
            json::Object::begin(output.buffer())
                .number("pos", step.position)
                .number("gpos", step.global_position)
                .string("type", &step.message_type)
                .time("time", step.time)
                .raw("state", &state)
                .end();
            return Ok(output.line_done()?);
        }
        let title = format!("{} {}  {}", step.position, safe(&step.message_type), for_people(step.time));
        output.line(&title)?;
        let before = self.before.replace(state.clone()).unwrap_or_default();
        diff::print_changes(before, state, "  ", output)
    }
}

/// Prints a state as JSON.
pub(super) fn state(state: &str, output: &mut Output) -> Result<()> {
    if output.is_json() {
        output.buffer().extend_from_slice(state.as_bytes());
        output.buffer().push(b'\n');
        return Ok(output.line_done()?);
    }
    let text = pretty(state).lines().map(|line| safe(line).to_string()).collect::<Vec<_>>().join("\n");
    let text = if output.colour { paint(Look::Json, &text) } else { text };
    Ok(output.line(&text)?)
}

/// Prints every value with the message that set it last.
pub(super) fn leaves(merged: &Merged, steps: &[Step], output: &mut Output) -> Result<()> {
    let columns = [
        Column::text("PATH"),
        Column::json("VALUE"),
        Column::number("POSITION"),
        Column::message_type("TYPE"),
        Column::time("TIME").dim(),
    ];
    let mut table = Table::new(&columns);
    let mut outcome = Ok(());
    merged.each_leaf(|leaf| {
        if outcome.is_err() {
            return;
        }
        let step = leaf.setter.and_then(|setter| steps.get(setter as usize));
        outcome = if output.is_json() {
            json::Object::begin(output.buffer())
                .string("path", &leaf.path)
                .raw("value", leaf.value)
                .number_or_null("pos", step.map(|step| step.position))
                .string_or_null("type", step.map(|step| step.message_type.as_str()))
                .time_or_null("time", step.map(|step| step.time))
                .end();
            output.line_done()
        } else {
            let position = step.map(|step| step.position.to_string()).unwrap_or_default();
            let time = step.map(|step| for_people(step.time)).unwrap_or_default();
            let message_type = step.map_or("(--init)", |step| step.message_type.as_str());
            table.row(output, &[&leaf.path, leaf.value, &position, message_type, &time])
        };
    });
    outcome?;
    Ok(table.finish(output)?)
}
