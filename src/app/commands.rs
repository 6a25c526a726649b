//! Runs what dialogs ask for, and opens the dialogs. It changes nothing by itself: each command calls the part of the screen
//! that owns what changes.

use std::time::Duration;

use crossterm::event::KeyEvent;

use super::dialogs::Dialog;
use super::dialogs::copy::CopyMenu;
use super::dialogs::filter::FilterPrompt;
use super::dialogs::find::FindPrompt;
use super::dialogs::go_to::GoToPrompt;
use super::dialogs::help::Help;
use super::dialogs::log::Log;
use super::dialogs::outcome::{Command, DialogContext, Outcome, is_ctrl};
use super::dialogs::palette::Palette;
use super::request::Slot;
use super::{Effect, State};
use crate::store::browse::Scope;

impl State {
    pub(super) fn dialog_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        // No dialog may swallow Ctrl-C, but it keeps the draft.
        if is_ctrl(key, 'c') {
            let mut effects = self.close_dialog();
            effects.push(Effect::Quit);
            return effects;
        }
        if is_ctrl(key, 'z') {
            return vec![Effect::Suspend];
        }
        self.with_dialog(|dialog, context| dialog.key(key, context))
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.dialogs.pasted = Some(self.now);
        self.with_dialog(|dialog, context| dialog.paste(text, context))
    }

    /// Passes an input to the open dialog and runs what it asks for.
    fn with_dialog(&mut self, input: impl FnOnce(&mut Dialog, &DialogContext) -> Outcome) -> Vec<Effect> {
        let Some(mut dialog) = self.dialogs.open.take() else { return Vec::new() };
        let new_id = self.random.message_id(self.now);
        let outcome = input(&mut dialog, &self.dialog_context(new_id));
        let commands = match outcome {
            Outcome::Stay | Outcome::Do(_) => {
                self.dialogs.open = Some(dialog);
                if let Outcome::Do(commands) = outcome { commands } else { Vec::new() }
            }
            Outcome::Close => dialog.closed(),
            Outcome::Finish(commands) => commands,
        };
        self.run_all(commands)
    }

    fn dialog_context(&self, new_id: uuid::Uuid) -> DialogContext<'_> {
        DialogContext {
            now: self.now,
            times: &self.settings.times,
            keymap: &self.settings.keymap,
            browser: &self.browser,
            production: self.settings.profile.production,
            just_pasted: self.dialogs.just_pasted(self.now),
            page: isize::try_from(self.browser.area.height.saturating_sub(4).max(1)).unwrap_or(1),
            log_lines: self.notices.log().len(),
            new_id,
        }
    }

    fn close_dialog(&mut self) -> Vec<Effect> {
        let commands = self.dialogs.open.take().map(Dialog::closed).unwrap_or_default();
        self.run_all(commands)
    }

    pub(super) fn run_all(&mut self, commands: impl IntoIterator<Item = Command>) -> Vec<Effect> {
        commands.into_iter().flat_map(|command| self.run(command)).collect()
    }

    fn run(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Run(action) => self.act(action),
            Command::Ask(slot, question) => vec![self.requests.ask(slot, question)],
            Command::Cancel(slot) => self.cancel(slot),
            Command::Copy(text, what) => vec![Effect::Copy { text, what }],
            Command::Edit(text) => vec![Effect::Edit { text, suffix: ".json" }],
            Command::Report(text) => {
                self.notices.done(text, self.now);
                Vec::new()
            }
            Command::Warn(text) => {
                self.notices.problem(text, self.now);
                Vec::new()
            }
            Command::Search(text) => self.browser.search(text, &mut self.requests),
            Command::ConfirmSearch => {
                self.browser.load_selected_message(Duration::ZERO, &mut self.requests).into_iter().collect()
            }
            Command::CancelSearch => self.browser.cancel_search(&mut self.requests),
            Command::Filter(filter, text) => self.filter_messages(filter, text),
            Command::Navigate(namespace, destination) => self.travel(namespace, destination),
            Command::SaveDrafts => vec![self.save_drafts()],
            Command::KeepDraft(draft) => self.keep_draft(draft),
            Command::NextDraft { changed, seen } => self.next_draft(changed, seen),
        }
    }

    fn cancel(&mut self, slot: Slot) -> Vec<Effect> {
        self.requests.stop(slot).into_iter().collect()
    }

    fn open(&mut self, dialog: Dialog) -> Vec<Effect> {
        self.dialogs.open = Some(dialog);
        Vec::new()
    }

    pub(super) fn open_palette(&mut self) -> Vec<Effect> {
        self.open(Dialog::Palette(Palette::new()))
    }

    pub(super) fn open_help(&mut self) -> Vec<Effect> {
        self.open(Dialog::Help(Box::new(Help::new(&self.settings.keymap, self.browser.focus))))
    }

    pub(super) fn open_log(&mut self) -> Vec<Effect> {
        self.open(Dialog::Log(Log::default()))
    }

    pub(super) fn open_copy(&mut self) -> Vec<Effect> {
        CopyMenu::of(&self.browser).map(|menu| self.open(Dialog::Copy(menu))).unwrap_or_default()
    }

    pub(super) fn open_filter(&mut self) -> Vec<Effect> {
        let prompt = FilterPrompt::new(&self.browser, &self.settings.times, self.now);
        self.open(Dialog::Filter(prompt))
    }

    pub(super) fn open_find(&mut self) -> Vec<Effect> {
        self.browser.begin_search();
        self.open(Dialog::Find(FindPrompt::default()))
    }

    pub(super) fn open_goto(&mut self) -> Vec<Effect> {
        self.open(Dialog::GoTo(GoToPrompt::new()))
    }

    /// Opens the go-to box with the category on screen, so that the user types a consumer group member.
    pub(super) fn open_member(&mut self) -> Vec<Effect> {
        let category = match self.browser.messages.key.as_ref().map(|list| &list.scope) {
            Some(Scope::Category(category) | Scope::Member(category, _)) => Some(category.clone()),
            Some(Scope::Stream(stream)) => Some(stream.category()),
            _ => self.browser.categories.selection().map(|row| row.category.clone()),
        };
        let Some(category) = category else {
            self.notices.problem("No category is selected. Select one first.".to_owned(), self.now);
            return Vec::new();
        };
        self.open(Dialog::GoTo(GoToPrompt::for_member(&category)))
    }

    /// Resolves the input of the go-to box again after a list has changed, since it may now lead elsewhere.
    pub(super) fn resolve_go_to(&mut self) {
        let is_waiting = self.requests.since(Slot::GoTo).is_some();
        if is_waiting || self.dialogs.go_to().is_none_or(|prompt| prompt.input.text().is_empty()) {
            return;
        }
        let effects = self.with_dialog(|dialog, context| {
            if let Dialog::GoTo(prompt) = dialog {
                prompt.resolve(context);
            }
            Outcome::Stay
        });
        debug_assert!(effects.is_empty(), "resolving asks for nothing");
    }
}
