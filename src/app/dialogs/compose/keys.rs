//! The keys of the compose dialog, one function for each stage of the draft. A key never leaves an older completion
//! behind, and only a valid draft is sent.

use crossterm::event::KeyEvent;

use super::{Compose, DraftStage, Field};
use crate::app::dialogs::admin::wait;
use crate::app::dialogs::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{Chord, DialogAction, DialogKind};
use crate::app::request::{Completing, Question, Slot};
use crate::json;
use crate::message::{ExpectedVersion, StreamName};

impl Compose {
    pub(in crate::app::dialogs) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match self.stage {
            DraftStage::Editing => self.editing_key(key, context),
            DraftStage::Confirming => self.confirming_key(key, context),
            DraftStage::Discarding => self.discarding_key(key, context),
            DraftStage::Writing => wait(context.pressed(DialogKind::Compose, key)),
            DraftStage::Conflict(_) => self.conflict_key(key, context),
        }
    }

    /// Returns the kind whose keys apply in this stage.
    pub(in crate::app::dialogs) fn kind(&self) -> DialogKind {
        match self.stage {
            DraftStage::Editing | DraftStage::Writing => DialogKind::Compose,
            DraftStage::Confirming | DraftStage::Discarding => DialogKind::Confirm,
            DraftStage::Conflict(_) => DialogKind::Conflict,
        }
    }

    pub(in crate::app::dialogs) fn paste(&mut self, text: &str) -> Outcome {
        if !matches!(self.stage, DraftStage::Editing) {
            return Outcome::Stay;
        }
        self.insert(text);
        self.edited()
    }

    /// Returns the commands that closing causes: a changed draft is kept.
    pub(in crate::app::dialogs) fn closed(self) -> Vec<Command> {
        let kept = self.is_touched().then(|| Command::KeepDraft(self.draft()));
        kept.into_iter().chain([Command::SaveDrafts]).collect()
    }

    fn editing_key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        if !self.completions.is_empty()
            && let Some(action) = context.pressed(DialogKind::Completions, key)
            && let Some(outcome) = self.completion_key(action)
        {
            return outcome;
        }
        match context.pressed(DialogKind::Compose, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Write) => return self.try_to_write(key, context),
            Some(DialogAction::Discard) => self.stage = DraftStage::Discarding,
            Some(DialogAction::OtherDraft) => return self.next_draft(),
            Some(DialogAction::Editor) => return self.open_editor(),
            Some(DialogAction::Format) => return self.format(),
            action => return self.field_key(key, action),
        }
        Outcome::Stay
    }

    /// Handles a key while completions are open; none if it is not one of theirs.
    fn completion_key(&mut self, action: DialogAction) -> Option<Outcome> {
        match action {
            DialogAction::Close => {
                self.completions.clear();
                return Some(Outcome::Do(vec![Command::Cancel(Slot::Complete)]));
            }
            DialogAction::Accept => {
                let chosen = self.completions.swap_remove(self.chosen);
                self.set(self.field, &chosen);
                let mut commands = self.changed();
                commands.extend(self.move_field(1));
                return Some(Outcome::Do(commands));
            }
            DialogAction::Down => self.choose(1),
            DialogAction::Up => self.choose(self.completions.len() - 1),
            _ => return None,
        }
        Some(Outcome::Stay)
    }

    /// Handles a key that moves between the fields or edits one.
    fn field_key(&mut self, key: KeyEvent, action: Option<DialogAction>) -> Outcome {
        let in_line = self.editor().is_none();
        let (next, previous) = (1, Field::ALL.len() - 1);
        match action {
            Some(DialogAction::NextField) => Outcome::Do(self.move_field(next)),
            Some(DialogAction::PreviousField) => Outcome::Do(self.move_field(previous)),
            Some(DialogAction::Accept | DialogAction::Down) if in_line => Outcome::Do(self.move_field(next)),
            Some(DialogAction::Up) if in_line => Outcome::Do(self.move_field(previous)),
            _ if self.edit_text(key) => self.edited(),
            _ => Outcome::Stay,
        }
    }

    /// Saves the changed text and asks for its completions. Tab must never accept a completion of an earlier text.
    fn edited(&mut self) -> Outcome {
        let typed = self.text(self.field);
        self.completions.retain(|name| name.starts_with(&typed));
        self.chosen = 0;
        let mut commands = self.changed();
        commands.push(self.complete());
        Outcome::Do(commands)
    }

    fn move_field(&mut self, by: usize) -> Vec<Command> {
        self.field = Field::ALL[(self.field as usize + by) % Field::ALL.len()];
        self.completions.clear();
        self.ask_version().into_iter().chain([self.complete()]).collect()
    }

    fn choose(&mut self, by: usize) {
        self.chosen = (self.chosen + by) % self.completions.len().max(1);
    }

    /// Asks for completions of the field with the cursor, and cancels an earlier request.
    #[must_use]
    pub(crate) fn complete(&self) -> Command {
        let (stream, namespace) = (self.text(Field::Stream), self.namespace.clone());
        let (prefix, what) = match self.field {
            Field::Stream if !stream.is_empty() => (stream, Completing::Stream),
            Field::Type => match StreamName::new(stream) {
                Ok(stream) => (self.text(Field::Type), Completing::Type(stream.category())),
                Err(_) => return Command::Cancel(Slot::Complete),
            },
            _ => return Command::Cancel(Slot::Complete),
        };
        Command::Ask(Slot::Complete, Question::Complete { namespace, prefix, what })
    }

    /// Saves the drafts at every change, so that they survive a crash.
    fn changed(&mut self) -> Vec<Command> {
        self.problem = None;
        vec![Command::SaveDrafts]
    }

    fn open_editor(&mut self) -> Outcome {
        if self.field != Field::Metadata {
            self.field = Field::Data;
        }
        Outcome::Do(vec![Command::Edit(self.text(self.field))])
    }

    fn format(&mut self) -> Outcome {
        for field in [Field::Data, Field::Metadata] {
            let text = self.text(field);
            if json::check(&text).is_ok() {
                self.set(field, &json::pretty(&text));
            }
        }
        Outcome::Do(self.changed())
    }

    /// Opens the next draft. After the last one comes a new draft, then the first again.
    fn next_draft(&self) -> Outcome {
        let changed = self.is_touched().then(|| self.draft());
        Outcome::Finish(vec![Command::NextDraft { changed, seen: self.seen }])
    }

    /// Sends the draft if it is valid. In production, asks for confirmation first.
    fn try_to_write(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let key = Chord::from(key);
        let asked = self.ask_version();
        if self.awaits_version && self.text(Field::ExpectedVersion).is_empty() {
            self.problem = Some(format!("Still reading the stream's version. Press {key} again."));
            return Outcome::Do(asked.into_iter().collect());
        }
        if self.text(Field::Id).is_empty() {
            self.set(Field::Id, &context.new_id.to_string());
        }
        if let Err((field, wrong)) = self.message() {
            self.field = field;
            self.problem = Some(format!("{}: {wrong}", field.title()));
            return Outcome::Stay;
        }
        if let Some(refused) = context.refuse_after_paste(key) {
            return refused;
        }
        if context.production {
            self.stage = DraftStage::Confirming;
            return Outcome::Stay;
        }
        self.send()
    }

    fn send(&mut self) -> Outcome {
        let Ok(message) = self.message() else { return Outcome::Stay };
        self.stage = DraftStage::Writing;
        self.problem = None;
        // Keep the draft if writing fails, even if it is an unchanged clone.
        self.touch();
        let question = Question::Write { namespace: self.namespace.clone(), message };
        Outcome::Do(vec![Command::SaveDrafts, Command::Ask(Slot::Write, question)])
    }

    fn confirming_key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        self.stage = DraftStage::Editing;
        match context.pressed(DialogKind::Confirm, key) {
            Some(DialogAction::Production) => {
                context.refuse_after_paste(Chord::from(key)).unwrap_or_else(|| self.send())
            }
            _ => Outcome::Stay,
        }
    }

    fn discarding_key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        self.stage = DraftStage::Editing;
        if context.pressed(DialogKind::Confirm, key) == Some(DialogAction::Yes) { discard() } else { Outcome::Stay }
    }

    fn conflict_key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let DraftStage::Conflict(conflict) = &self.stage else { return Outcome::Stay };
        match context.pressed(DialogKind::Conflict, key) {
            Some(DialogAction::Retry) => {
                if let Some(refused) = context.refuse_after_paste(Chord::from(key)) {
                    return refused;
                }
                let version = ExpectedVersion::from_version(conflict.actual).to_string();
                self.set(Field::ExpectedVersion, &version);
                self.stage = DraftStage::Editing;
                self.try_to_write(key, context)
            }
            Some(DialogAction::KeepEditing | DialogAction::Close) => {
                self.stage = DraftStage::Editing;
                Outcome::Stay
            }
            Some(DialogAction::Discard) => {
                self.stage = DraftStage::Discarding;
                Outcome::Stay
            }
            _ => Outcome::Stay,
        }
    }
}

/// Closes the dialog without keeping its draft. The other drafts stay.
fn discard() -> Outcome {
    Outcome::Finish(vec![Command::Report("Draft discarded".to_owned()), Command::SaveDrafts])
}
