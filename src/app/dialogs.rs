//! Dialogs and prompts in front of the panes. This is the only place that knows them all: it passes a key or a paste to
//! the open dialog. No dialog changes anything but itself; what it asks for is in [`outcome`]. Esc closes a dialog
//! without losing anything: it does not close one that waits for an answer, nor the token of a new namespace.

mod admin;
pub(crate) mod bookmarks;
pub(crate) mod choice;
pub(crate) mod columns;
pub(crate) mod compare;
pub(crate) mod compose;
pub(crate) mod connections;
pub(crate) mod copy;
pub(crate) mod create_namespace;
pub(crate) mod delete_namespace;
pub(crate) mod export;
pub(crate) mod filter;
pub(crate) mod find;
pub(crate) mod frame;
mod fuzzy;
pub(crate) mod help;
pub(crate) mod list_filter;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod omnibox;
pub(crate) mod outcome;
pub(crate) mod pulse;
pub(crate) mod state;
pub(crate) mod token;
pub(crate) mod trace;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::{SignedDuration, Timestamp};
use ratatui::layout::Rect;

pub(crate) use admin::AdminStage;
use bookmarks::BookmarkList;
use choice::{Choosing as _, List};
use columns::ColumnChooser;
use compare::CompareDialog;
use compose::{Compose, Draft};
use connections::ConnectDialog;
use copy::CopyMenu;
use create_namespace::CreateDialog;
use delete_namespace::DeleteDialog;
use export::{ExportDialog, ExportStage};
use filter::FilterPrompt;
use find::FindPrompt;
use help::Help;
use list_filter::ListFilterPrompt;
use log::Log;
use members::Members;
use omnibox::Omnibox;
use omnibox::history::Entered;
use outcome::{Command, DialogContext, Outcome};
use pulse::PulseDialog;
use state::StateDialog;
use token::TokenDialog;
use trace::TraceDialog;

use super::keymap::DialogKind;
use super::request::Slot;

/// A key this soon after a paste may be part of the paste.
const PASTE_TAIL: SignedDuration = SignedDuration::from_millis(100);

/// The open dialog with its input.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "only one dialog is open")]
pub(crate) enum Dialog {
    /// `/` in messages.
    Find(FindPrompt),
    /// `/` in a list of names.
    ListFilter(ListFilterPrompt),
    /// `&`.
    Filter(FilterPrompt),
    /// `:` and Ctrl-P.
    Omnibox(Box<Omnibox>),
    /// `'`.
    Bookmarks(BookmarkList),
    /// `O`.
    Connections(Box<ConnectDialog>),
    /// `?`.
    Help(Box<Help>),
    /// `P`.
    Pulse(Box<PulseDialog>),
    /// `T`.
    Trace(Box<TraceDialog>),
    /// `S`.
    State(Box<StateDialog>),
    /// `M` while following a category.
    Members(Members),
    /// `!`.
    Log(Log),
    /// `y`.
    Copy(CopyMenu),
    /// `=`.
    Compare(Box<CompareDialog>),
    /// Ctrl-E.
    Export(Box<ExportDialog>),
    /// `,`.
    Columns(ColumnChooser),
    /// `w`, `c`, `r`.
    Compose(Box<Compose>),
    /// `a` in the namespaces pane.
    CreateNamespace(Box<CreateDialog>),
    Token(TokenDialog),
    /// `D` in the namespaces pane.
    DeleteNamespace(DeleteDialog),
}

impl Dialog {
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match self {
            Self::Find(prompt) => prompt.key(key, context),
            Self::ListFilter(prompt) => prompt.key(key, context),
            Self::Filter(prompt) => prompt.key(key, context),
            Self::Omnibox(omnibox) => omnibox.key(key, context),
            Self::Bookmarks(list) => list.key(key, context),
            Self::Connections(dialog) => dialog.key(key, context),
            Self::Help(help) => help.key(key, context),
            Self::Pulse(dialog) => dialog.key(key, context),
            Self::Trace(dialog) => dialog.key(key, context),
            Self::State(dialog) => dialog.key(key, context),
            Self::Members(members) => members.key(key, context),
            Self::Log(log) => log.key(key, context),
            Self::Copy(menu) => menu.key(key, context),
            Self::Compare(dialog) => dialog.key(key, context),
            Self::Export(dialog) => dialog.key(key, context),
            Self::Columns(chooser) => chooser.key(key, context),
            Self::Compose(compose) => compose.key(key, context),
            Self::CreateNamespace(dialog) => dialog.key(key, context),
            Self::Token(dialog) => dialog.key(key, context),
            Self::DeleteNamespace(dialog) => dialog.key(key, context),
        }
    }

    /// Returns the kind whose keys apply now.
    pub(super) fn kind(&self) -> DialogKind {
        match self {
            Self::Find(_) => DialogKind::Find,
            Self::ListFilter(_) => DialogKind::ListFilter,
            Self::Compare(_) => DialogKind::Compare,
            Self::Export(dialog) => dialog.kind(),
            Self::Pulse(_) => DialogKind::Pulse,
            Self::Trace(_) => DialogKind::Trace,
            Self::State(_) => DialogKind::State,
            Self::Filter(prompt) if prompt.naming.is_some() => DialogKind::Name,
            Self::Filter(_) => DialogKind::Filter,
            Self::Omnibox(_) => DialogKind::Omnibox,
            Self::Bookmarks(list) if list.renaming.is_some() => DialogKind::Name,
            Self::Bookmarks(_) => DialogKind::Bookmarks,
            Self::Connections(_) => DialogKind::Connections,
            Self::Help(_) => DialogKind::Help,
            Self::Members(_) => DialogKind::Members,
            Self::Log(_) => DialogKind::Log,
            Self::Copy(_) => DialogKind::Copy,
            Self::Compose(compose) => compose.kind(),
            Self::CreateNamespace(dialog) => dialog.kind(),
            Self::Token(_) => DialogKind::Token,
            Self::Columns(chooser) if chooser.path.is_some() => DialogKind::ColumnPath,
            Self::Columns(_) => DialogKind::Columns,
            Self::DeleteNamespace(_) => DialogKind::DeleteNamespace,
        }
    }

    pub(super) fn paste(&mut self, text: &str, context: &DialogContext) -> Outcome {
        match self {
            Self::Find(prompt) => return prompt.paste(text),
            Self::ListFilter(prompt) => return prompt.paste(text),
            Self::Filter(prompt) => return prompt.paste(text, context),
            Self::Omnibox(omnibox) => return omnibox.paste(text, context),
            Self::Compose(compose) => return compose.paste(text),
            Self::Bookmarks(list) => list.paste(text),
            Self::Connections(dialog) => dialog.paste(text),
            Self::Export(dialog) => dialog.paste(text),
            Self::Columns(chooser) => chooser.paste(text),
            Self::Help(help) => help.paste(text),
            Self::CreateNamespace(dialog) => dialog.paste(text),
            Self::DeleteNamespace(dialog) => dialog.paste(text),
            Self::Pulse(_)
            | Self::Trace(_)
            | Self::State(_)
            | Self::Members(_)
            | Self::Log(_)
            | Self::Copy(_)
            | Self::Token(_)
            | Self::Compare(_) => {}
        }
        Outcome::Stay
    }

    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        match self {
            Self::Omnibox(omnibox) => omnibox.mouse(mouse, context),
            Self::Help(help) => help.mouse(mouse, context),
            Self::Log(log) => log.mouse(mouse, context),
            Self::Bookmarks(list) => list.mouse(mouse, context),
            Self::Connections(dialog) => dialog.point(mouse, context),
            Self::Pulse(dialog) => dialog.mouse(mouse, context),
            Self::Trace(dialog) => dialog.mouse(mouse, context),
            Self::State(dialog) => dialog.mouse(mouse, context),
            Self::Copy(menu) => menu.mouse(mouse, context),
            Self::Compare(dialog) => dialog.mouse(mouse, context),
            Self::Columns(chooser) => chooser.mouse(mouse, context),
            Self::Filter(prompt) => prompt.mouse(mouse, context),
            Self::Members(members) => members.mouse(mouse, context),
            _ => Outcome::Stay,
        }
    }

    /// Returns the list of the dialog, if the dialog has one whose rows are chosen in the usual way.
    pub(super) fn list(&self, context: &DialogContext) -> Option<List> {
        match self {
            Self::Bookmarks(list) => list.list(context),
            Self::Connections(dialog) => dialog.list(context),
            Self::Trace(dialog) => dialog.list(context),
            Self::State(dialog) => dialog.list(context),
            Self::Copy(menu) => menu.list(context),
            Self::Columns(chooser) => chooser.list(context),
            Self::Filter(prompt) => prompt.list(context),
            _ => None,
        }
    }

    /// Returns the commands that closing causes.
    pub(super) fn closed(self) -> Vec<Command> {
        match self {
            Self::Find(_) => vec![Command::CancelSearch],
            Self::Omnibox(_) => [Slot::GoTo, Slot::Suggest, Slot::StreamSearch].map(Command::Cancel).into(),
            Self::ListFilter(prompt) => vec![Command::UndoListFilter(prompt.pane)],
            Self::Export(dialog) if matches!(dialog.stage, ExportStage::Running { .. }) => vec![Command::StopExport],
            Self::Compose(compose) => compose.closed(),
            Self::Pulse(dialog) => dialog.closed(),
            Self::Trace(dialog) => dialog.closed(),
            Self::State(dialog) => dialog.closed(),
            Self::Connections(dialog) if dialog.attempt.is_some() => vec![Command::StopConnecting],
            _ => Vec::new(),
        }
    }
}

/// The open dialog, and what dialogs leave behind.
#[derive(Debug, Default)]
pub(crate) struct Dialogs {
    /// The dialog in front of the panes.
    pub open: Option<Dialog>,
    /// The help in front of that dialog. The dialog keeps running.
    pub(super) help: Option<Dialog>,
    /// Closed drafts; the last one is opened next.
    pub drafts: Vec<Draft>,
    /// Why drafts cannot be saved.
    pub(super) unsavable: Option<String>,
    /// The user was told that quitting loses drafts.
    pub(super) may_lose_drafts: bool,
    /// The message that is open in `$EDITOR`, as a draft and as the text that was opened.
    pub(super) in_editor: Option<(Draft, String)>,
    /// What was entered in the omnibox.
    pub entered: Entered,
    /// The first row in view of the list in the open dialog.
    pub top: usize,
    /// The last size of a consumer group.
    pub(super) group_size: Option<i64>,
    /// The time of the last paste.
    pub(super) pasted: Option<Timestamp>,
}

impl Dialogs {
    /// Returns the dialogs that are open, from back to front.
    pub(crate) fn shown(&self) -> impl DoubleEndedIterator<Item = &Dialog> {
        self.open.iter().chain(&self.help)
    }

    /// Returns the dialog that gets the keys.
    #[must_use]
    pub(crate) fn front(&self) -> Option<&Dialog> {
        self.shown().next_back()
    }

    /// Fits the open dialog to the size of the terminal.
    pub(super) fn fit(&mut self, area: Rect) {
        match &mut self.open {
            Some(Dialog::Compose(compose)) => compose.fit(area),
            Some(Dialog::Compare(dialog)) => dialog.fit(area),
            _ => {}
        }
    }

    pub(super) fn compose(&mut self) -> Option<&mut Compose> {
        match &mut self.open {
            Some(Dialog::Compose(compose)) => Some(compose),
            _ => None,
        }
    }

    pub(super) fn pulse(&mut self) -> Option<&mut PulseDialog> {
        match &mut self.open {
            Some(Dialog::Pulse(dialog)) => Some(dialog),
            _ => None,
        }
    }

    pub(super) fn omnibox(&mut self) -> Option<&mut Omnibox> {
        match &mut self.open {
            Some(Dialog::Omnibox(omnibox)) => Some(omnibox),
            _ => None,
        }
    }

    /// Returns true while the pulse is open, whose ages change by themselves.
    pub(super) fn shows_pulse(&self) -> bool {
        matches!(&self.open, Some(Dialog::Pulse(_)))
    }

    /// Returns true while an attempt to connect to another database is under way.
    pub(super) fn connecting(&self) -> bool {
        matches!(&self.open, Some(Dialog::Connections(dialog)) if dialog.attempt.is_some())
    }

    pub(super) fn delete_namespace(&mut self) -> Option<&mut DeleteDialog> {
        match &mut self.open {
            Some(Dialog::DeleteNamespace(dialog)) => Some(dialog),
            _ => None,
        }
    }

    /// Shows why a namespace was not created or deleted. Returns false if no such dialog is open.
    pub(super) fn fail_admin(&mut self, problem: String) -> bool {
        match &mut self.open {
            Some(Dialog::CreateNamespace(dialog)) => dialog.fail(problem),
            Some(Dialog::DeleteNamespace(dialog)) => dialog.fail(problem),
            _ => return false,
        }
        true
    }

    /// Returns true if a key at this time may be part of a paste.
    pub(super) fn just_pasted(&self, now: Timestamp) -> bool {
        self.pasted.is_some_and(|pasted| now.duration_since(pasted).abs() < PASTE_TAIL)
    }

    /// Returns all drafts that must survive a crash: the closed ones, and the one in the dialog if it has changes.
    pub(super) fn unsaved(&self) -> Vec<Draft> {
        let open = match &self.open {
            Some(Dialog::Compose(compose)) if compose.is_touched() => Some(compose.draft()),
            _ => None,
        };
        self.drafts.iter().cloned().chain(open).collect()
    }
}
