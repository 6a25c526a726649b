//! Runs the commands that dialogs return, and opens the dialogs. It changes nothing by itself: each command calls the
//! part of the screen that owns what changes.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};

use super::browser::list_key::ListKey;
use super::dialogs::bookmarks::BookmarkList;
use super::dialogs::copy::CopyMenu;
use super::dialogs::filter::FilterPrompt;
use super::dialogs::find::FindPrompt;
use super::dialogs::help::Help;
use super::dialogs::log::Log;
use super::dialogs::members::{self, Members};
use super::dialogs::omnibox::{Kind, Omnibox};
use super::dialogs::outcome::{Command, DialogContext, Outcome};
use super::dialogs::{Dialog, Dialogs};
use super::keymap::{DialogAction, DialogKind};
use super::request::{Answer, Slot};
use super::{BODY_PAUSE, Effect, State};
use crate::store::browse::Scope;

impl State {
    pub(super) fn dialog_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(kind) = self.dialogs.front().map(Dialog::kind) else { return Vec::new() };
        match self.settings.keymap.dialog_action(kind, key) {
            // No dialog may swallow the key that quits, but it keeps the draft.
            Some(DialogAction::Quit) => {
                let mut effects = self.close_dialog();
                effects.extend(self.quit());
                return effects;
            }
            Some(DialogAction::Suspend) => return vec![Effect::Suspend],
            Some(DialogAction::Help) if kind != DialogKind::Help => {
                self.dialogs.help = Some(Dialog::Help(Box::new(Help::of_dialog(&self.settings.keymap, kind))));
                return Vec::new();
            }
            _ => {}
        }
        self.with_front(|dialog, context| dialog.key(key, context))
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.dialogs.pasted = Some(self.now);
        self.with_front(|dialog, context| dialog.paste(text, context))
    }

    pub(super) fn dialog_mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        self.with_front(|dialog, context| dialog.mouse(mouse, context))
    }

    /// Passes an input to the dialog in front, and runs what it asks for.
    fn with_front(&mut self, input: impl FnOnce(&mut Dialog, &DialogContext) -> Outcome) -> Vec<Effect> {
        if self.dialogs.help.is_some() {
            return self.with(|dialogs| &mut dialogs.help, input);
        }
        self.with_dialog(input)
    }

    /// Passes an answer to the open dialog, even if the help is in front of it, and runs what it asks for.
    pub(super) fn with_dialog(&mut self, input: impl FnOnce(&mut Dialog, &DialogContext) -> Outcome) -> Vec<Effect> {
        self.with(|dialogs| &mut dialogs.open, input)
    }

    fn with(
        &mut self,
        place: fn(&mut Dialogs) -> &mut Option<Dialog>,
        input: impl FnOnce(&mut Dialog, &DialogContext) -> Outcome,
    ) -> Vec<Effect> {
        let Some(mut dialog) = place(&mut self.dialogs).take() else { return Vec::new() };
        let new_id = self.random.message_id(self.now);
        let context = self.dialog_context(new_id);
        let outcome = input(&mut dialog, &context);
        let stays = matches!(outcome, Outcome::Stay | Outcome::Do(_));
        // The next dialog begins at its first row.
        let top = dialog.list(&context).map(|list| if stays { list.first(context.top) } else { 0 });
        self.dialogs.top = top.unwrap_or(self.dialogs.top);
        let commands = match outcome {
            Outcome::Stay | Outcome::Do(_) => {
                *place(&mut self.dialogs) = Some(dialog);
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
            server_now: self.connection.server_now(self.now),
            follow: self.following.current.as_ref(),
            times: &self.settings.times,
            keymap: &self.settings.keymap,
            browser: &self.browser,
            bookmarks: &self.bookmarks,
            saved_filters: &self.saved_filters,
            production: self.settings.profile.production,
            just_pasted: self.dialogs.just_pasted(self.now),
            page: isize::try_from(self.browser.area.height.saturating_sub(4).max(1)).unwrap_or(1),
            top: self.dialogs.top,
            notices: self.notices.log().len(),
            new_id,
            entered: &self.dialogs.entered,
        }
    }

    fn close_dialog(&mut self) -> Vec<Effect> {
        self.dialogs.help = None;
        let commands = self.dialogs.open.take().map(Dialog::closed).unwrap_or_default();
        self.run_all(commands)
    }

    pub(super) fn run_all(&mut self, commands: impl IntoIterator<Item = Command>) -> Vec<Effect> {
        commands.into_iter().flat_map(|command| self.run(command)).collect()
    }

    fn run(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Run(action) => self.act(action),
            Command::Press(key) => self.dialog_key(key.event()),
            Command::Ask(slot, question) => vec![self.requests.ask(slot, question)],
            Command::AskLater(slot, question, after) => vec![self.requests.ask_later(slot, question, after)],
            Command::Cancel(slot) => self.cancel(slot),
            Command::Remember(text) => {
                self.dialogs.entered.add(text);
                Vec::new()
            }
            Command::KeepGroupSize(size) => {
                self.dialogs.group_size = Some(size);
                Vec::new()
            }
            Command::Copy(text, what) => vec![Effect::Copy { text, what }],
            Command::Edit(text) => vec![Effect::Edit { text, suffix: ".json" }],
            Command::CopyMarked => self.copy_marked(),
            Command::Export(job) => vec![self.start_export(job)],
            Command::StopExport => vec![self.stop_export()],
            Command::Report(text) => {
                self.notices.done(text, self.now);
                Vec::new()
            }
            Command::Warn(text) => {
                self.notices.problem(text, self.now);
                Vec::new()
            }
            Command::Search(text) => self.browser.search(text, &mut self.requests),
            Command::ConfirmSearch => self.confirm_search(),
            Command::Resume => self.end_hold(true),
            Command::EndHold => self.end_hold(false),
            Command::ShowMessage(namespace, head) => {
                self.browser.shown_instead = Some((namespace, *head));
                self.browser.load_selected_message(Duration::ZERO, &mut self.requests)
            }
            Command::CancelSearch => self.browser.cancel_search(&mut self.requests),
            Command::FilterList(pane, text) => self.browser.filter_list(pane, text, &mut self.requests),
            Command::KeepListFilter(pane) => self.keep_list_filter(pane),
            Command::UndoListFilter(pane) => self.browser.undo_list_filter(pane, &mut self.requests),
            Command::Filter(filter, text) => self.filter_messages(filter, text),
            Command::Navigate(namespace, destination) => self.travel(namespace, destination),
            Command::GoToGlobal(namespace, category, position) => self.go_to_global(namespace, category, position),
            Command::Visit(list) => self.open_list(list),
            Command::OpenBookmark(bookmark) => self.open_bookmark(bookmark),
            Command::RenameBookmark(bookmark, name) => {
                self.bookmarks.rename(&bookmark, name);
                Vec::new()
            }
            Command::RemoveBookmark(bookmark) => {
                self.bookmarks.remove(&bookmark);
                Vec::new()
            }
            Command::SaveFilter(filter) => {
                self.saved_filters.save(filter);
                Vec::new()
            }
            Command::RemoveFilter(name) => {
                self.saved_filters.remove(&name);
                Vec::new()
            }
            Command::Connect(to) => self.connect(to),
            Command::StopConnecting => vec![Effect::StopConnecting],
            Command::Columns(columns) => self.set_columns(columns),
            Command::SaveDrafts => vec![self.save_drafts()],
            Command::KeepDraft(draft) => self.keep_draft(draft),
            Command::NextDraft { changed, seen } => self.next_draft(changed, seen),
        }
    }

    fn end_hold(&mut self, returns: bool) -> Vec<Effect> {
        self.browser.shown_instead = None;
        let effect = self.following.end_hold(returns, &mut self.browser, &mut self.requests);
        // If the list is about to move, the body of the message that it leaves is not read.
        let pause = if effect.is_some() { BODY_PAUSE } else { Duration::ZERO };
        let shown = self.browser.load_selected_message(pause, &mut self.requests);
        effect.into_iter().chain(shown).collect()
    }

    fn cancel(&mut self, slot: Slot) -> Vec<Effect> {
        self.requests.stop(slot).into_iter().collect()
    }

    fn open(&mut self, dialog: Dialog) -> Vec<Effect> {
        self.dialogs.open = Some(dialog);
        Vec::new()
    }

    pub(super) fn open_palette(&mut self) -> Vec<Effect> {
        self.open_box(Omnibox::new(Kind::Commands))
    }

    pub(super) fn open_omnibox(&mut self) -> Vec<Effect> {
        self.open_box(Omnibox::new(Kind::Everything))
    }

    fn open_box(&mut self, omnibox: Omnibox) -> Vec<Effect> {
        self.dialogs.open = Some(Dialog::Omnibox(Box::new(omnibox)));
        // What the box was opened with is not searched before the user types.
        self.with_omnibox(|omnibox, context| {
            omnibox.refresh(context);
            Outcome::Stay
        })
    }

    pub(super) fn open_help(&mut self) -> Vec<Effect> {
        self.open(Dialog::Help(Box::new(Help::new(&self.settings.keymap, self.browser.focus))))
    }

    pub(super) fn open_log(&mut self) -> Vec<Effect> {
        self.open(Dialog::Log(Log::default()))
    }

    pub(super) fn open_copy(&mut self) -> Vec<Effect> {
        let marked = self.marks_on_screen().len();
        let Some(menu) = CopyMenu::of(&self.browser, marked, &self.settings.to_connect) else {
            self.notices.problem("There is nothing to copy here.".to_owned(), self.now);
            return Vec::new();
        };
        self.open(Dialog::Copy(menu))
    }

    pub(super) fn open_filter(&mut self) -> Vec<Effect> {
        if self.lacks_list() {
            return Vec::new();
        }
        let prompt = FilterPrompt::new(&self.browser, &self.saved_filters, &self.settings.times, self.now);
        self.open(Dialog::Filter(prompt))
    }

    pub(super) fn open_bookmarks(&mut self) -> Vec<Effect> {
        self.open(Dialog::Bookmarks(BookmarkList::default()))
    }

    pub(super) fn open_find(&mut self) -> Vec<Effect> {
        self.browser.begin_search();
        self.open(Dialog::Find(FindPrompt::default()))
    }

    /// While a category is followed, shows the members of a consumer group side by side. Otherwise opens the omnibox
    /// with the category on screen, so that the user types a member.
    pub(super) fn open_member(&mut self) -> Vec<Effect> {
        if self.following.current.is_some()
            && let Some(ListKey { namespace, scope: Scope::Category(category) }) = &self.browser.messages.key
        {
            let size = self.dialogs.group_size.unwrap_or(members::SIZE);
            let members = Members::new(namespace.clone(), category.clone(), size);
            return self.open(Dialog::Members(members));
        }
        let category = match self.browser.messages.key.as_ref().map(|list| &list.scope) {
            Some(Scope::Category(category) | Scope::Member(category, _)) => Some(category.clone()),
            Some(Scope::Stream(stream)) => Some(stream.category()),
            _ => self.browser.categories.selection().map(|row| row.category.clone()),
        };
        let Some(category) = category else {
            self.notices.problem("No category is selected. Select one first.".to_owned(), self.now);
            return Vec::new();
        };
        self.open_box(Omnibox::for_member(&category))
    }

    /// Tells the omnibox that a list has changed.
    pub(super) fn refresh_omnibox(&mut self) -> Vec<Effect> {
        self.with_omnibox(Omnibox::listed)
    }

    /// Repeats a search of the omnibox that a lost connection has ended.
    pub(super) fn repeat_omnibox_search(&mut self) -> Vec<Effect> {
        self.with_omnibox(Omnibox::repeat_failed)
    }

    pub(super) fn omnibox_answered(&mut self, answer: Answer) -> Vec<Effect> {
        self.with_omnibox(|omnibox, context| omnibox.answered(answer, context))
    }

    fn with_omnibox(&mut self, change: impl FnOnce(&mut Omnibox, &DialogContext) -> Outcome) -> Vec<Effect> {
        self.with_dialog(|dialog, context| match dialog {
            Dialog::Omnibox(omnibox) => change(omnibox, context),
            _ => Outcome::Stay,
        })
    }

    /// Closes the omnibox after it has led somewhere, remembers what was entered, and ends its search.
    pub(super) fn close_omnibox(&mut self) -> Vec<Effect> {
        let Some(Dialog::Omnibox(omnibox)) = self.dialogs.open.take_if(|open| matches!(open, Dialog::Omnibox(_)))
        else {
            return Vec::new();
        };
        if let Some(text) = omnibox.into_opened() {
            self.dialogs.entered.add(text);
        }
        [Slot::Suggest, Slot::StreamSearch].into_iter().filter_map(|slot| self.requests.stop(slot)).collect()
    }
}
