//! Events, which change the state, and effects, which it requests from the runtime. Both are data: nothing in here
//! acts.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::connections::ConnectTo;
use super::dialogs::compose::Draft;
use super::export::{ExportJob, ExportReport};
use super::request::{Outcome, Question, Slot};
use crate::message::{BodyPath, MessageHead};
use crate::store::browse::Scope;
use crate::store::tail::TailBatch;
use crate::store::{Filter, StoreError};

/// An input to the state.
#[derive(Debug)]
pub(crate) enum Event {
    Key(KeyEvent),
    Paste(String),
    Mouse(MouseEvent),
    /// The new width and height of the terminal.
    Resize(u16, u16),
    /// Advances spinners, toasts and relative times.
    Tick,
    /// The store answered a question, or failed to.
    Answered {
        slot: Slot,
        generation: u64,
        outcome: Outcome,
    },
    /// A poll while following returned.
    Followed {
        generation: u64,
        batch: TailBatch<MessageHead>,
    },
    /// The server has not answered a poll since this time, or has answered it after such a report.
    FollowUnanswered {
        generation: u64,
        since: Option<Timestamp>,
    },
    /// Following was interrupted. The runtime resumes it by itself if the error can pass.
    FollowFailed {
        generation: u64,
        error: Arc<StoreError>,
    },
    /// `$EDITOR` exited.
    Edited(Edited),
    /// A copy finished: the text of its toast, or the reason why it failed.
    Copied(Result<String, String>),
    /// An export has got further, or ended.
    Export {
        generation: u64,
        report: ExportReport,
    },
    /// Drafts from an earlier run, oldest first.
    DraftsFound(Vec<Draft>),
    /// Drafts were saved after a failure, or could not be saved, for this reason.
    DraftsSaved(Result<(), String>),
    /// An attempt to connect to another database failed, for this reason.
    ConnectingFailed(String),
    /// A problem for the log and a toast, reported by the runtime.
    Notice(String),
}

/// The end of `$EDITOR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edited {
    /// The text in its file.
    Text(String),
    /// The editor exited at once without a change. The field names it.
    AtOnce(String),
    /// It failed for this reason. The text is what it had saved, if that differs.
    Failed(String, Option<String>),
}

/// A request from the state to the runtime.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Asks the store, after a delay. The answer carries the same slot and generation.
    Ask {
        slot: Slot,
        generation: u64,
        question: Question,
        after: Duration,
    },
    /// Cancels the question in a slot, on the server too.
    Stop(Slot),
    /// Follows a scope until stopped or replaced.
    Follow {
        generation: u64,
        namespace: String,
        scope: Scope,
        filter: Filter,
        /// The paths whose values are read as well.
        paths: Arc<[BodyPath]>,
    },
    /// Reads the values of other paths while following.
    FollowPaths(Arc<[BodyPath]>),
    StopFollowing,
    /// Copies `text` to the clipboard; the toast calls it `what`.
    Copy {
        text: String,
        what: &'static str,
    },
    /// Exports messages to a file, in place of the export under way.
    Export {
        generation: u64,
        job: ExportJob,
    },
    /// Cancels the export under way and removes its file.
    StopExport,
    /// Opens `text` in `$EDITOR`, in a file whose name ends in `suffix`.
    Edit {
        text: String,
        suffix: &'static str,
    },
    /// Replaces the drafts on disk, which survive a crash.
    SaveDrafts(Vec<Draft>),
    /// Connects to another database, in place of an attempt under way. On success, its screen replaces this state.
    Connect(ConnectTo),
    /// Cancels the attempt to connect to another database.
    StopConnecting,
    /// Draws every cell again, because another program may have written over the screen.
    Redraw,
    /// Stops the program until the shell continues it.
    Suspend,
    Quit,
}
