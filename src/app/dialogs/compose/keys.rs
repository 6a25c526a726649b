//! The keys of the compose dialog, one function for each stage of the draft. A key never leaves an older completion behind,
//! and only a valid draft is sent.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Compose, DraftStage, Field};
use crate::app::dialogs::outcome::{Command, DialogContext, Outcome, is_ctrl};
use crate::app::request::{Completing, Question, Slot};
use crate::json;
use crate::message::{ExpectedVersion, StreamName};

impl Compose {
    pub(in crate::app::dialogs) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match self.stage {
            DraftStage::Editing => self.editing_key(key, context),
            DraftStage::Confirming => self.confirming_key(key, context),
            DraftStage::Discarding => self.discarding_key(key),
            DraftStage::Writing => writing_key(key),
            DraftStage::Conflict(_) => self.conflict_key(key),
        }
    }

    pub(in crate::app::dialogs) fn paste(&mut self, text: &str) -> Outcome {
        if !matches!(self.stage, DraftStage::Editing) {
            return Outcome::Stay;
        }
        self.insert(text);
        Outcome::Do(self.changed())
    }

    /// Returns the commands that closing causes: a changed draft is kept.
    pub(in crate::app::dialogs) fn closed(self) -> Vec<Command> {
        let kept = self.is_touched().then(|| Command::KeepDraft(self.draft()));
        kept.into_iter().chain([Command::SaveDrafts]).collect()
    }

    fn editing_key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        if !self.completions.is_empty()
            && let Some(outcome) = self.completion_key(key)
        {
            return outcome;
        }
        match key.code {
            KeyCode::Esc => return Outcome::Close,
            _ if is_ctrl(key, 's') => return self.try_to_write(context),
            _ if is_ctrl(key, 'g') => self.stage = DraftStage::Discarding,
            _ if is_ctrl(key, 'o') => return self.next_draft(),
            _ if is_ctrl(key, 'e') => return self.open_editor(),
            _ if is_ctrl(key, 'f') => return self.format(),
            _ => return self.field_key(key),
        }
        Outcome::Stay
    }

    /// Handles a key while completions are open; none if it is not one of theirs.
    fn completion_key(&mut self, key: KeyEvent) -> Option<Outcome> {
        match key.code {
            KeyCode::Esc => {
                self.completions.clear();
                return Some(Outcome::Do(vec![Command::Cancel(Slot::Complete)]));
            }
            KeyCode::Tab => {
                let chosen = self.completions.swap_remove(self.chosen);
                self.set(self.field, &chosen);
                let mut commands = self.changed();
                commands.extend(self.move_field(1));
                return Some(Outcome::Do(commands));
            }
            KeyCode::Down => self.choose(1),
            KeyCode::Up => self.choose(self.completions.len() - 1),
            _ if is_ctrl(key, 'n') => self.choose(1),
            _ if is_ctrl(key, 'p') => self.choose(self.completions.len() - 1),
            _ => return None,
        }
        Some(Outcome::Stay)
    }

    /// Handles a key that moves between the fields or edits one.
    fn field_key(&mut self, key: KeyEvent) -> Outcome {
        let in_line = self.editor().is_none();
        let (next, previous) = (1, Field::ALL.len() - 1);
        match key.code {
            KeyCode::Tab => Outcome::Do(self.move_field(next)),
            KeyCode::BackTab => Outcome::Do(self.move_field(previous)),
            KeyCode::Enter | KeyCode::Down if in_line => Outcome::Do(self.move_field(next)),
            KeyCode::Up if in_line => Outcome::Do(self.move_field(previous)),
            _ if self.edit_text(key) => {
                // Tab must never accept a completion of an earlier text.
                let typed = self.text(self.field);
                self.completions.retain(|name| name.starts_with(&typed));
                self.chosen = 0;
                let mut commands = self.changed();
                commands.push(self.complete());
                Outcome::Do(commands)
            }
            _ => Outcome::Stay,
        }
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
    fn try_to_write(&mut self, context: &DialogContext) -> Outcome {
        let asked = self.ask_version();
        if self.awaits_version && self.text(Field::ExpectedVersion).is_empty() {
            self.problem = Some("Still reading the stream's version. Press Ctrl-S again.".to_owned());
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
        if let Some(refused) = context.refuse_after_paste("Ctrl-S") {
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
        match key.code {
            KeyCode::Char('Y') => context.refuse_after_paste("Ctrl-S").unwrap_or_else(|| self.send()),
            _ => Outcome::Stay,
        }
    }

    fn discarding_key(&mut self, key: KeyEvent) -> Outcome {
        self.stage = DraftStage::Editing;
        if key.code == KeyCode::Char('y') { discard() } else { Outcome::Stay }
    }

    fn conflict_key(&mut self, key: KeyEvent) -> Outcome {
        let DraftStage::Conflict(conflict) = &self.stage else { return Outcome::Stay };
        match key.code {
            KeyCode::Char('t') => {
                let version = ExpectedVersion::from_version(conflict.actual).to_string();
                self.set(Field::ExpectedVersion, &version);
                self.stage = DraftStage::Editing;
                Outcome::Do(self.changed())
            }
            KeyCode::Char('e') | KeyCode::Esc => {
                self.stage = DraftStage::Editing;
                Outcome::Stay
            }
            KeyCode::Char('x') => discard(),
            _ => Outcome::Stay,
        }
    }
}

/// Only the answer tells whether the message was written, so the dialog stays open until then.
fn writing_key(key: KeyEvent) -> Outcome {
    if key.code == KeyCode::Esc {
        Outcome::Do(vec![Command::Warn("Already sent. Waiting for the answer.".to_owned())])
    } else {
        Outcome::Stay
    }
}

/// Closes the dialog without keeping its draft. The other drafts stay.
fn discard() -> Outcome {
    Outcome::Finish(vec![Command::Report("Draft discarded".to_owned()), Command::SaveDrafts])
}
