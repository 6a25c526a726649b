//! Marks messages, and compares, copies and clones the marked ones. Their bodies are read when they are needed.

use super::dialogs::Dialog;
use super::dialogs::compare::CompareDialog;
use super::dialogs::compose::Draft;
use super::dialogs::copy::as_json;
use super::keymap::{Action, DialogAction, DialogKind};
use super::marks::{MOST, Mark};
use super::request::{Question, Slot};
use super::{Effect, State};
use crate::message::Message;
use crate::numbers::{count, grouped};

/// The most messages that become drafts at once.
const CLONES: usize = 50;

/// What the marked messages are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadFor {
    Comparing,
    Copying,
    Cloning,
}

/// The marked messages that are being read.
#[derive(Debug)]
pub(super) struct ReadMarks {
    read_for: ReadFor,
    marks: Vec<Mark>,
}

impl State {
    /// Marks the selected message, or removes its mark.
    pub(super) fn toggle_mark(&mut self) -> Vec<Effect> {
        let list = self.browser.messages.key.as_ref();
        let Some((list, head)) = list.zip(self.browser.messages.selection()) else {
            self.notices.problem("No message is selected".to_owned(), self.now);
            return Vec::new();
        };
        if !self.marks.toggle(&list.namespace, head) {
            let key = self.settings.keymap.key(Action::RemoveMarks);
            let said = format!("{} messages are marked. Press {key} to remove all marks.", grouped(MOST as u64));
            self.notices.problem(said, self.now);
        }
        Vec::new()
    }

    pub(super) fn remove_marks(&mut self) -> Vec<Effect> {
        let said = match self.marks.clear() {
            0 => "No message is marked".to_owned(),
            marks => format!("Removed the marks of {}", count(marks as u64, "message")),
        };
        self.notices.done(said, self.now);
        Vec::new()
    }

    /// Compares the two marked messages, or the marked one with the selected one, the older one first.
    pub(super) fn compare_marked(&mut self) -> Vec<Effect> {
        let mut pair = self.marks.all().to_vec();
        let list = self.browser.messages.key.as_ref();
        let selected = list.zip(self.browser.messages.selection()).map(|(list, head)| Mark::of(&list.namespace, head));
        if pair.len() == 1 {
            pair.extend(selected.filter(|selected| *selected != pair[0]));
        }
        if pair.len() != 2 {
            let [mark, compare, remove] =
                [Action::Mark, Action::Compare, Action::RemoveMarks].map(|action| self.settings.keymap.key(action));
            let said = match pair.len() {
                0 => format!("No message is marked. Mark one with {mark}, select another, and press {compare} again."),
                1 => format!("One message is marked. Select or mark another, and press {compare} again."),
                more => {
                    format!(
                        "{more} messages are marked, but {compare} compares two. Press {remove} to remove all marks."
                    )
                }
            };
            self.notices.problem(said, self.now);
            return Vec::new();
        }
        if pair[0].namespace == pair[1].namespace {
            pair.sort_by_key(|mark| mark.global_position);
        }
        self.read_marks(ReadFor::Comparing, pair)
    }

    /// Clones each marked message of the namespace on screen into a draft.
    pub(super) fn clone_marked(&mut self) -> Vec<Effect> {
        if self.refuse_writing() {
            return Vec::new();
        }
        let marks = self.marks_on_screen();
        if marks.is_empty() {
            let key = self.settings.keymap.key(Action::Mark);
            self.notices.problem(format!("No message of this namespace is marked. Press {key} to mark one."), self.now);
            return Vec::new();
        }
        if marks.len() > CLONES {
            let said =
                format!("{} are marked. At most {CLONES} can be cloned at once.", count(marks.len() as u64, "message"));
            self.notices.problem(said, self.now);
            return Vec::new();
        }
        self.read_marks(ReadFor::Cloning, marks)
    }

    /// Copies the marked messages of the namespace on screen.
    pub(super) fn copy_marked(&mut self) -> Vec<Effect> {
        let marks = self.marks_on_screen();
        self.read_marks(ReadFor::Copying, marks)
    }

    /// Returns the marked messages of the namespace on screen.
    pub(super) fn marks_on_screen(&self) -> Vec<Mark> {
        let list = self.browser.messages.key.as_ref();
        list.map(|list| self.marks.in_namespace(&list.namespace)).unwrap_or_default()
    }

    fn read_marks(&mut self, read_for: ReadFor, marks: Vec<Mark>) -> Vec<Effect> {
        let of = marks.iter().map(|mark| (mark.namespace.clone(), mark.global_position)).collect();
        self.reading_marks = Some(ReadMarks { read_for, marks });
        vec![self.requests.ask(Slot::Marked, Question::Marked { of })]
    }

    /// Receives the marked messages, as many as fit into memory. Those that are gone are reported.
    pub(super) fn marks_read(&mut self, found: Vec<Option<Message>>) -> Vec<Effect> {
        let Some(ReadMarks { read_for, marks }) = self.reading_marks.take() else { return Vec::new() };
        let left_out = marks.len() - found.len().min(marks.len());
        let mut messages = Vec::new();
        let mut gone = Vec::new();
        for (mark, message) in marks.iter().zip(found) {
            match message.filter(|message| message.id == mark.id) {
                Some(message) => messages.push((mark.namespace.clone(), message)),
                None => gone.push(mark.to_string()),
            }
        }
        if let Some(first) = gone.first() {
            let others = if gone.len() > 1 { format!(" and {} more", gone.len() - 1) } else { String::new() };
            let verb = if gone.len() > 1 { "no longer exist" } else { "no longer exists" };
            self.notices.problem(format!("{first}{others} {verb}"), self.now);
        } else if left_out > 0 {
            let said =
                format!("{} of {} marked messages fit into memory. Export them instead.", messages.len(), marks.len());
            self.notices.problem(format!("Only {said}"), self.now);
            return Vec::new();
        }
        match read_for {
            ReadFor::Comparing => self.open_comparison(messages),
            ReadFor::Copying if messages.is_empty() => Vec::new(),
            ReadFor::Copying => {
                let lines: Vec<String> = messages.iter().map(|(_, message)| as_json(message)).collect();
                vec![Effect::Copy { text: lines.join("\n"), what: "marked messages" }]
            }
            ReadFor::Cloning => self.open_clones(messages),
        }
    }

    fn open_comparison(&mut self, messages: Vec<(String, Message)>) -> Vec<Effect> {
        if let Ok([(_, before), (_, after)]) = <[_; 2]>::try_from(messages) {
            let dialog = CompareDialog::new(&before, &after, &self.settings.times, self.now, self.browser.area);
            self.dialogs.open = Some(Dialog::Compare(Box::new(dialog)));
        }
        Vec::new()
    }

    /// Keeps a clone of each message as a draft, and opens the first one.
    fn open_clones(&mut self, messages: Vec<(String, Message)>) -> Vec<Effect> {
        let clones = messages.len();
        for (namespace, message) in messages.into_iter().rev() {
            // Each clone asks for the version of its stream when it is opened.
            self.dialogs.drafts.push(Draft::clone_of(namespace, &message, self.random.message_id(self.now)));
        }
        let mut effects = self.open_compose();
        effects.push(self.save_drafts());
        let key = self.settings.keymap.dialog_key(DialogKind::Compose, DialogAction::OtherDraft);
        let next = key.map(|key| format!(" {key} opens the next draft.")).unwrap_or_default();
        self.notices.done(format!("Cloned {}.{next}", count(clones as u64, "message")), self.now);
        effects
    }
}
