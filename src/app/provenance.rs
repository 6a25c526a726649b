//! Opens what the links of a message lead to: its cause, its effects, its workflow and the state of its stream. The
//! dialogs that show them ask the store themselves.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::browser::layout::Pane;
use super::browser::relations::Relation;
use super::dialogs::Dialog;
use super::dialogs::outcome::Outcome;
use super::dialogs::state::StateDialog;
use super::dialogs::trace::{PAUSE, TraceDialog};
use super::request::{Slot, TraceStep, Traces};
use super::state_view::StateView;
use super::trace_view::TraceView;
use super::{Effect, State};
use crate::locator::{Destination, Target};
use crate::message::{GlobalPosition, MessageHead};
use crate::store::StoreError;
use crate::store::trace::{NearCause, Reference, Workflow};

impl State {
    /// Opens the trace of the message on screen.
    pub(super) fn open_trace(&mut self) -> Vec<Effect> {
        let Some((namespace, head)) = self.message_on_screen() else { return Vec::new() };
        self.show_trace(TraceDialog::new(namespace, head.global_position, Traces::CausesAndEffects))
    }

    /// Lists the messages that share a value with the message on screen.
    pub(super) fn open_workflow(&mut self, workflow: Workflow) -> Vec<Effect> {
        let Some((namespace, head)) = self.message_on_screen() else { return Vec::new() };
        self.list_workflow(namespace, head.global_position, workflow)
    }

    /// Lists the messages that share a value with a message.
    pub(super) fn list_workflow(
        &mut self,
        namespace: String,
        global_position: GlobalPosition,
        workflow: Workflow,
    ) -> Vec<Effect> {
        self.show_trace(TraceDialog::new(namespace, global_position, Traces::Workflow(workflow)))
    }

    fn show_trace(&mut self, trace: TraceDialog) -> Vec<Effect> {
        let question = trace.question(TraceStep::First);
        self.following.hold(&self.browser);
        self.dialogs.open = Some(Dialog::Trace(Box::new(trace)));
        vec![self.requests.ask(Slot::Trace, question)]
    }

    fn message_on_screen(&mut self) -> Option<(String, MessageHead)> {
        let message = &self.browser.message;
        let shown = message.head().map(|head| (message.namespace().to_owned(), head.clone()));
        if shown.is_none() {
            self.notices.problem("No message is selected. Select one first.".to_owned(), self.now);
        }
        shown
    }

    pub(super) fn trace_answered(&mut self, view: TraceView) -> Vec<Effect> {
        self.with_dialog(|dialog, _| match dialog {
            Dialog::Trace(trace) => trace.answered(view),
            _ => Outcome::Stay,
        })
    }

    /// Continues the open trace, and looks again around the message on screen, if following found messages that may
    /// belong to them.
    pub(super) fn renew_provenance(
        &mut self,
        generation: u64,
        newest: GlobalPosition,
        has_messages: bool,
    ) -> Vec<Effect> {
        let Some(follow) = self.following.current.as_ref().filter(|follow| follow.generation == generation) else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        if let Some(Dialog::Trace(trace)) = &mut self.dialogs.open
            && follow.is_of(trace.namespace())
            && let Some(question) = trace.arrived(newest, has_messages)
        {
            effects.push(self.requests.ask_later(Slot::Trace, question, PAUSE));
        }
        if follow.is_of(self.browser.message.namespace()) {
            effects.extend(self.browser.renew_relations(newest, has_messages, &mut self.requests));
        }
        effects
    }

    /// Opens the state of the stream at the message on screen.
    pub(super) fn open_state(&mut self) -> Vec<Effect> {
        let Some((namespace, head)) = self.message_on_screen() else { return Vec::new() };
        let dialog = StateDialog::new(namespace, head.stream.clone(), head.position);
        let question = dialog.question(true);
        self.following.hold(&self.browser);
        self.dialogs.open = Some(Dialog::State(Box::new(dialog)));
        vec![self.requests.ask(Slot::State, question)]
    }

    pub(super) fn state_answered(&mut self, view: StateView) -> Vec<Effect> {
        let Some(Dialog::State(dialog)) = &mut self.dialogs.open else { return Vec::new() };
        dialog.answered(view);
        let StateDialog { namespace, stream, position, .. } = &**dialog;
        self.browser.select_message(namespace, stream, *position, &mut self.requests).into_iter().collect()
    }

    pub(super) fn provenance_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        match &mut self.dialogs.open {
            Some(Dialog::Trace(dialog)) => dialog.failed(error.to_string()),
            Some(Dialog::State(dialog)) => dialog.failed(error.to_string()),
            _ => {}
        }
        Vec::new()
    }

    /// Follows a part of the line of links.
    pub(super) fn open_relation(&mut self, relation: Relation) -> Vec<Effect> {
        let links = self.browser.message.links.as_ref();
        match relation {
            Relation::Cause => self.open_cause(),
            Relation::Effects => {
                let effects = links.and_then(|links| links.found.as_ref()).map(|found| &found.effects);
                match effects.and_then(|effects| effects.only.clone()) {
                    Some(head) => self.go_to_message(&head),
                    None => self.open_trace(),
                }
            }
            Relation::Workflow => match links.and_then(|links| links.workflow.clone()) {
                Some(workflow) => self.open_workflow(workflow),
                None => Vec::new(),
            },
        }
    }

    /// Goes to the cause of the message on screen.
    pub(super) fn open_cause(&mut self) -> Vec<Effect> {
        let Some(links) = &self.browser.message.links else { return Vec::new() };
        let Some(cause) = links.cause.clone() else { return Vec::new() };
        let target = match (links.found.as_ref().and_then(|found| found.cause.as_ref()), cause.reference) {
            (Some(NearCause::Present(head)), _) => {
                let head = (**head).clone();
                return self.go_to_message(&head);
            }
            (_, Reference::Position(stream, position)) => Target::StreamPosition(stream, position),
            (_, Reference::Id(id)) => Target::Id(id),
            (None, reference) => {
                let said =
                    format!("Still searching for {reference}, the cause of this message. Try again in a moment.");
                self.notices.problem(said, self.now);
                return Vec::new();
            }
            (Some(_), reference) => {
                self.notices.problem(format!("{reference}, the cause of this message, was not found"), self.now);
                return Vec::new();
            }
        };
        let namespace = self.browser.message.namespace().to_owned();
        self.travel(namespace, Destination::here(target))
    }

    fn go_to_message(&mut self, head: &MessageHead) -> Vec<Effect> {
        let namespace = self.browser.message.namespace().to_owned();
        let target = Target::StreamPosition(head.stream.clone(), head.position);
        self.travel(namespace, Destination::here(target))
    }

    /// Follows the part of the line of links that was clicked, if any.
    pub(super) fn click_relation(&mut self, mouse: MouseEvent) -> Option<Vec<Effect>> {
        if mouse.kind != MouseEventKind::Down(MouseButton::Left) {
            return None;
        }
        let layout = self.browser.layout();
        let area = layout.pane(Pane::Message);
        let row = mouse.row.checked_sub(area.y + 1)?;
        let cell = mouse.column.checked_sub(area.x + 1)?;
        let is_inside = area.contains((mouse.column, mouse.row).into()) && mouse.column + 1 < area.right();
        let message = &self.browser.message;
        if !is_inside || message.link_row() != Some(usize::from(row)) {
            return None;
        }
        let width = layout.columns(Pane::Message);
        let relation = message.links.as_ref()?.part_at(usize::from(cell), width, self.settings.ascii)?;
        Some(self.open_relation(relation))
    }
}
