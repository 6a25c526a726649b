//! Finds causes, effects and workflows. A trace is simplified: each message is caused by the one before it in its
//! stream.

use jiff::SignedDuration;

use super::{Fake, head};
use crate::app::trace_view::{TraceRow, TraceView};
use crate::message::{GlobalPosition, Message};
use crate::store::trace::{Links, NearCause, Reference, Relations, Tally, Workflow};

impl Fake {
    /// Returns the message that a reference names.
    fn named(&self, reference: &Reference) -> Option<&Message> {
        self.messages.iter().find(|message| match reference {
            Reference::Position(stream, position) => message.stream == *stream && message.position == *position,
            Reference::GlobalPosition(position) => message.global_position == *position,
            Reference::Id(id) => message.id == *id,
            Reference::Metadata(..) => false,
        })
    }

    /// Returns the messages that share a value, in order.
    fn sharing(&self, workflow: &Workflow) -> Vec<&Message> {
        let shares = |message: &&Message| {
            Links::default().workflows(message.metadata.as_deref().unwrap_or_default()).contains(workflow)
        };
        self.messages.iter().filter(shares).collect()
    }

    /// Returns what is around a message. In a large store nothing is found, because every message would be parsed.
    pub(super) fn relations(&self, global_position: GlobalPosition) -> Option<Relations> {
        if self.messages.len() > 1_000 {
            return None;
        }
        let links = Links::default();
        let start = self.messages.iter().find(|message| message.global_position == global_position)?;
        let cause_of = |message: &Message| links.cause(message.metadata.as_deref()?);
        let names_start = |message: &&Message| {
            let named = cause_of(message).and_then(|cause| self.named(&cause.reference));
            named.is_some_and(|named| named.global_position == global_position)
        };
        let tally = |found: Vec<&Message>| Tally {
            messages: found.len(),
            only: if let [only] = found[..] { Some(Box::new(head(only))) } else { None },
            at_least: false,
            within: 100_000,
        };
        let workflow = links.workflows(start.metadata.as_deref().unwrap_or_default()).into_iter().next();
        Some(Relations {
            cause: cause_of(start).map(|cause| match self.named(&cause.reference) {
                Some(cause) => NearCause::Present(Box::new(head(cause))),
                None => NearCause::Missing,
            }),
            effects: tally(self.messages.iter().filter(names_start).collect()),
            workflow: workflow.map(|workflow| tally(self.sharing(&workflow))),
        })
    }

    /// Returns the messages of a workflow.
    pub(super) fn workflow(&self, start: GlobalPosition, workflow: &Workflow) -> TraceView {
        let row = |message: &Message| TraceRow {
            head: head(message),
            depth: 0,
            cause: None,
            link: None,
            is_start: message.global_position == start,
        };
        let rows = self.sharing(workflow).into_iter().map(row).collect();
        TraceView { rows, missing: None, report: vec!["searched the whole namespace".to_owned()], done: true }
    }

    /// Returns a trace in which each message of a stream is caused by the one before it.
    pub(super) fn trace(&self, global_position: GlobalPosition) -> TraceView {
        let start = self.messages.iter().find(|message| message.global_position == global_position);
        let stream = start.map(|start| start.stream.clone());
        let messages: Vec<&Message> =
            self.messages.iter().filter(|message| Some(&message.stream) == stream.as_ref()).collect();
        let row = |(depth, message): (usize, &&Message)| TraceRow {
            head: head(message),
            depth,
            cause: depth
                .checked_sub(1)
                .map(|cause| (messages[cause].global_position, Some(SignedDuration::from_secs(1)))),
            link: Some("eventide".to_owned()),
            is_start: message.global_position == global_position,
        };
        TraceView {
            rows: messages.iter().enumerate().map(row).collect(),
            missing: None,
            report: vec!["searched for effects at global positions 1 to 9; the rest was not searched".to_owned()],
            done: true,
        }
    }
}
