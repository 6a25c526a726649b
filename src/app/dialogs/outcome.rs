//! What a dialog may know about the rest of the screen, and what it may ask for in return. A dialog changes nothing but
//! itself: a key leads to an [`Outcome`], and `State` runs its commands.

use std::time::Duration;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use uuid::Uuid;

use super::compose::Draft;
use super::omnibox::history::Entered;
use crate::app::bookmarks::{Bookmark, Bookmarks};
use crate::app::browser::Browser;
use crate::app::browser::columns::Column;
use crate::app::browser::layout::Pane;
use crate::app::browser::list_key::ListKey;
use crate::app::connections::ConnectTo;
use crate::app::export::ExportJob;
use crate::app::following::Follow;
use crate::app::keymap::{Action, Chord, Context, DialogAction, DialogKind, KeyMap};
use crate::app::request::{Question, Slot};
use crate::app::saved_filters::{SavedFilter, SavedFilters};
use crate::app::times::Times;
use crate::locator::Destination;
use crate::message::{Category, GlobalPosition, MessageHead};
use crate::store::Filter;

/// The rest of the screen, as far as dialogs need it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DialogContext<'a> {
    pub now: Timestamp,
    /// The time by the clock of the server.
    pub server_now: Timestamp,
    /// What is followed.
    pub follow: Option<&'a Follow>,
    pub times: &'a Times,
    pub keymap: &'a KeyMap,
    pub browser: &'a Browser,
    pub bookmarks: &'a Bookmarks,
    pub saved_filters: &'a SavedFilters,
    /// Writing asks for confirmation.
    pub production: bool,
    /// The key comes so soon after a paste that it may be part of it.
    pub just_pasted: bool,
    /// The number of rows that a page key moves by.
    pub page: isize,
    /// The first row in view of the list in the open dialog.
    pub top: usize,
    /// The number of notices in the log.
    pub notices: usize,
    /// An ID that no message has.
    pub new_id: Uuid,
    /// What was entered in the omnibox.
    pub entered: &'a Entered,
}

impl DialogContext<'_> {
    /// Returns the action of a key that has the same meaning in dialogs as in the panes.
    #[must_use]
    pub(crate) fn action(&self, key: KeyEvent) -> Option<Action> {
        self.keymap.action(Context::Anywhere, key)
    }

    /// Returns what a key does in a dialog.
    #[must_use]
    pub(crate) fn pressed(&self, kind: DialogKind, key: KeyEvent) -> Option<DialogAction> {
        self.keymap.dialog_action(kind, key)
    }

    /// Returns the outcome of a key that must not write because it may be part of a paste, if that is so.
    #[must_use]
    pub(crate) fn refuse_after_paste(&self, key: Chord) -> Option<Outcome> {
        let warning = || Command::Warn(format!("{key} is ignored right after a paste. Press {key} again."));
        self.just_pasted.then(|| Outcome::Do(vec![warning()]))
    }
}

/// The result of a key or a paste.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The dialog stays open, and nothing else changes.
    Stay,
    /// The dialog closes as Esc closes it, with the commands of `Dialog::closed`.
    Close,
    /// The dialog stays open, and the commands run.
    Do(Vec<Command>),
    /// The dialog has served its purpose: it closes, and then the commands run.
    Finish(Vec<Command>),
}

/// A request of a dialog to the rest of the screen.
#[derive(Debug)]
pub(crate) enum Command {
    /// Runs an action as if its key had been pressed.
    Run(Action),
    /// Presses a key in the open dialog.
    Press(Chord),
    Ask(Slot, Question),
    /// Asks after a delay.
    AskLater(Slot, Question, Duration),
    /// Keeps a text that was entered in the omnibox.
    Remember(String),
    /// Keeps the size of a consumer group for the next time.
    KeepGroupSize(i64),
    /// Cancels the pending question of a slot, if there is one.
    Cancel(Slot),
    /// Puts text on the clipboard. The second field describes it.
    Copy(String, &'static str),
    /// Opens JSON in `$EDITOR`.
    Edit(String),
    /// Copies the marked messages.
    CopyMarked,
    /// Exports messages to a file.
    Export(ExportJob),
    /// Cancels the export under way.
    StopExport,
    /// Shows a notice about something that was done.
    Report(String),
    /// Shows a notice about something that went wrong.
    Warn(String),
    /// Selects the best match in the pane that is searched.
    Search(String),
    /// Ends the search at the selected match.
    ConfirmSearch,
    /// Ends the search and restores the selection.
    CancelSearch,
    /// Shows only the rows of a list of names that contain a text.
    FilterList(Pane, String),
    /// Ends typing, and keeps the filter of a list of names.
    KeepListFilter(Pane),
    /// Restores a list of names as it was before its filter.
    UndoListFilter(Pane),
    /// Shows a message of a namespace in the message pane, whatever the list selects.
    ShowMessage(String, Box<MessageHead>),
    /// Ends a view about a message: the message pane shows the message that the list selects, and the pause of
    /// following that the view has caused ends. The list returns to the newest message, unless the user has moved in
    /// it.
    Resume,
    /// Ends such a view, and leaves the list where it is.
    EndHold,
    /// Filters the list on screen. The text is shown while the filter is active.
    Filter(Filter, String),
    /// Goes to a destination in a namespace.
    Navigate(String, Destination),
    /// Goes to the first message of a category from a global position on, in a namespace.
    GoToGlobal(String, Category, GlobalPosition),
    /// Returns to a list.
    Visit(ListKey),
    /// Goes to a bookmark, with its filter.
    OpenBookmark(Bookmark),
    RenameBookmark(Bookmark, String),
    RemoveBookmark(Bookmark),
    /// Adds a saved filter, or replaces the one of the same name.
    SaveFilter(SavedFilter),
    /// Removes the saved filter of this name.
    RemoveFilter(String),
    /// Connects to another database.
    Connect(ConnectTo),
    /// Cancels the attempt to connect to another database.
    StopConnecting,
    /// Shows the list with these columns.
    Columns(Vec<Column>),
    /// Saves all drafts to disk.
    SaveDrafts,
    /// Keeps a draft for the next time that the compose dialog opens.
    KeepDraft(Draft),
    /// Opens the next draft after the `seen` ones, and keeps the current one if it has changes.
    NextDraft {
        changed: Option<Draft>,
        seen: usize,
    },
}
