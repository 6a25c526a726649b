//! The states of a stream from message to message: by merging data, or with a jq program. Snapshots bound the cost of a
//! step back, and their size is bounded too. Reads no store: the caller adds the messages.

use super::Merged;
use super::protocol::ProgramError;
use super::reducer::{Reducer, StepError};
use crate::json_lines;
use crate::message::{Message, Position};

/// Messages between two snapshots at first. A step back computes at most this many messages again.
const EVERY: usize = 50;
/// The approximate limit on the size of all snapshots together, in bytes.
const BYTES: usize = 64 << 20;

/// A state after some messages.
#[derive(Debug, Clone)]
struct Point {
    /// How many messages it contains.
    count: usize,
    merged: Merged,
    /// The state as the program returned it.
    text: String,
}

/// Why the state after a message cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The program cannot begin.
    Program(ProgramError),
    /// The program failed on a message.
    Step(ProgramError),
    /// The data of a message, or the state that the program returned, is not JSON.
    Data(String),
}

/// The states of a stream, from a position on.
#[derive(Debug)]
pub(crate) struct History {
    program: Option<String>,
    from: Position,
    /// The positions and types of the messages that were added once, in order.
    messages: Vec<(Position, String)>,
    now: Point,
    /// The state before the last message.
    before: Option<Merged>,
    /// In the order of their counts, with their sizes in bytes. The first is the initial state.
    snapshots: Vec<(usize, Point)>,
    every: usize,
    /// The program at work. Its state is that of `now`.
    running: Option<Reducer<Position>>,
}

impl History {
    /// Begins with no state at a position, with a jq program or by merging.
    #[must_use]
    pub(crate) fn new(program: Option<String>, from: Position) -> Self {
        let now = Point { count: 0, merged: Merged::new(), text: "null".to_owned() };
        Self {
            program,
            from,
            messages: Vec::new(),
            snapshots: vec![(0, now.clone())],
            now,
            before: None,
            every: EVERY,
            running: None,
        }
    }

    #[must_use]
    pub(crate) fn program(&self) -> Option<&str> {
        self.program.as_deref()
    }

    #[must_use]
    pub(crate) fn from(&self) -> Position {
        self.from
    }

    /// Returns the state.
    #[must_use]
    pub(crate) fn merged(&self) -> &Merged {
        &self.now.merged
    }

    /// Returns the state before the last message.
    #[must_use]
    pub(crate) fn before(&self) -> Option<&Merged> {
        self.before.as_ref()
    }

    /// Returns the position and the type of a message by its number in the state.
    #[must_use]
    pub(crate) fn setter(&self, number: u32) -> Option<&(Position, String)> {
        self.messages.get(number as usize)
    }

    /// Returns the position and the type of the last message in the state.
    #[must_use]
    pub(crate) fn last(&self) -> Option<&(Position, String)> {
        self.now.count.checked_sub(1).and_then(|last| self.messages.get(last))
    }

    /// Goes to the nearest known state before the message at a position, or stays if its state is the current one.
    /// Returns the position of the next message to add.
    pub(crate) fn seek(&mut self, position: Position) -> Position {
        let last = self.last().map(|(at, _)| *at);
        if last != Some(position) || self.before.is_none() {
            // The state before the message shows what the message changed.
            let wanted = self.messages.partition_point(|(at, _)| *at <= position).saturating_sub(1);
            let nearest = self.snapshots.partition_point(|(_, point)| point.count <= wanted).saturating_sub(1);
            let is_before = last.is_none_or(|at| at < position);
            if !is_before || self.snapshots[nearest].1.count > self.now.count {
                self.now = self.snapshots[nearest].1.clone();
                self.before = None;
                self.running = None;
            }
        }
        self.last().map_or(self.from, |(at, _)| at.saturating_add(1))
    }

    /// Computes the state after the next message. With `keeps_before`, keeps the state before it too.
    ///
    /// # Errors
    /// If the program fails, the state stays the one before the message. Data that is not JSON changes nothing, or only
    /// the members before its first mistake.
    pub(crate) async fn add(&mut self, message: &Message, keeps_before: bool) -> Result<(), Obstacle> {
        let setter = u32::try_from(self.now.count).unwrap_or(u32::MAX);
        let mut outcome = Ok(());
        if self.program.is_some() {
            let text = self.reduced(message).await?;
            let mut merged = Merged::of(&text).map_err(|problem| Obstacle::Data(problem.to_string()))?;
            merged.inherit(&self.now.merged, setter);
            let before = std::mem::replace(&mut self.now.merged, merged);
            self.before = keeps_before.then_some(before);
            self.now.text = text;
        } else {
            self.before = keeps_before.then(|| self.now.merged.clone());
            let merged = self.now.merged.merge(message.data.as_deref(), setter);
            outcome = merged.map_err(|problem| Obstacle::Data(problem.to_string()));
        }
        if self.now.count == self.messages.len() {
            self.messages.push((message.position, message.message_type.clone()));
        }
        self.now.count += 1;
        self.take_snapshot();
        outcome
    }

    /// Keeps the state if it is far enough from the last snapshot. If all snapshots take too much, every second one is
    /// dropped.
    fn take_snapshot(&mut self) {
        let is_new = self.snapshots.last().is_none_or(|(_, last)| last.count < self.now.count);
        if !is_new || !self.now.count.is_multiple_of(self.every) {
            return;
        }
        let bytes = self.now.merged.bytes() + self.now.text.len();
        self.snapshots.push((bytes, self.now.clone()));
        while self.snapshots.iter().map(|(bytes, _)| bytes).sum::<usize>() > BYTES && self.snapshots.len() > 1 {
            self.every *= 2;
            let every = self.every;
            self.snapshots.retain(|(_, point)| point.count.is_multiple_of(every));
        }
    }

    /// Takes a step of the program.
    async fn reduced(&mut self, message: &Message) -> Result<String, Obstacle> {
        let mut reducer = match self.running.take() {
            Some(running) => running,
            None => Reducer::begin(self.program.as_deref().unwrap_or("."), &self.now.text)
                .await
                .map_err(Obstacle::Program)?,
        };
        let mut line = Vec::new();
        json_lines::message(&mut line, message, false);
        let line = String::from_utf8_lossy(&line).into_owned();
        let failed = |failure: StepError<Position>| Obstacle::Step(failure.error);
        let text = reducer.next_state(line, message.position).await.map_err(failed)?;
        self.running = Some(reducer);
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::message::StreamName;

    fn message(position: Position, data: &str) -> Message {
        Message {
            id: Uuid::nil(),
            stream: StreamName::stored("a-1"),
            message_type: format!("T{position}"),
            position,
            global_position: position,
            data: Some(data.to_owned()),
            metadata: None,
            time: Timestamp::UNIX_EPOCH,
            flaw: None,
        }
    }

    fn messages(count: i64) -> Vec<Message> {
        (0..count).map(|at| message(at, &format!(r#"{{"k{}": {at}, "last": {at}}}"#, at % 7))).collect()
    }

    /// Moves to a position, and returns how many messages were added for it.
    async fn go(history: &mut History, messages: &[Message], position: Position) -> usize {
        let from = history.seek(position);
        let added: Vec<&Message> =
            messages.iter().filter(|message| (from..=position).contains(&message.position)).collect();
        for message in &added {
            history.add(message, message.position == position).await.expect("a state");
        }
        added.len()
    }

    #[tokio::test]
    async fn a_state_is_the_same_from_either_direction_and_a_step_adds_few_messages() {
        let messages = messages(1_000);
        let mut there = History::new(None, 0);
        go(&mut there, &messages, 999).await;
        for position in [998, 997, 500, 501, 49, 50, 51, 0, 999, 3] {
            let added = go(&mut there, &messages, position).await;
            assert!(added <= 1_000, "{added}");
            let mut fresh = History::new(None, 0);
            go(&mut fresh, &messages, position).await;
            let leaves = |history: &History| {
                let mut leaves = Vec::new();
                history.merged().each_leaf(|leaf| leaves.push((leaf.path, leaf.value.to_owned(), leaf.setter)));
                leaves
            };
            assert_eq!(leaves(&there), leaves(&fresh), "{position}");
            assert_eq!(there.last().map(|(at, _)| *at), Some(position));
            let before = there.before().map(Merged::text);
            assert_eq!(before, fresh.before().map(Merged::text), "{position}");
        }
        go(&mut there, &messages, 700).await;
        for position in (600..700).rev() {
            let added = go(&mut there, &messages, position).await;
            assert!(added <= EVERY + 1, "{added} messages for a step back");
        }
        assert_eq!(go(&mut there, &messages, 601).await, 1);
        assert_eq!(go(&mut there, &messages, 601).await, 0);
    }

    #[tokio::test]
    async fn snapshots_of_large_states_stay_within_the_limit() {
        let large = "x".repeat(1 << 20);
        let mut history = History::new(None, 0);
        for position in 0..10_000 {
            let data = if position == 0 { format!(r#"{{"a": "{large}"}}"#) } else { "{}".to_owned() };
            history.add(&message(position, &data), false).await.expect("a state");
        }
        let bytes: usize = history.snapshots.iter().map(|(bytes, _)| bytes).sum();
        assert!(bytes <= BYTES && history.snapshots.len() > 10, "{bytes} bytes, {}", history.snapshots.len());
    }
}
