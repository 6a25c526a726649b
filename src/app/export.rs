//! What the screen asks the runtime to export, and what the runtime reports while it does. Nothing in here touches a
//! file.

use crate::app::marks::Mark;
use crate::store::Filter;
use crate::store::browse::Scope;

/// An export of messages to a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ExportJob {
    /// The ID of the namespace.
    pub namespace: String,
    pub what: ExportWhat,
    /// The file as it was typed.
    pub path: String,
    /// Replaces an existing file.
    pub replace: bool,
}

/// The messages to export.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExportWhat {
    List(Scope, Filter),
    Marked(Vec<Mark>),
}

/// A report of the runtime about an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExportReport {
    /// The file exists, and the job does not replace it. Nothing was written.
    Exists,
    /// Waits for the blocking transactions that it names, because messages may still appear.
    Waiting(String),
    /// The number of messages so far, and the share of the global positions in percent, if it is known.
    Progress {
        written: u64,
        percent: Option<u8>,
    },
    Done(Exported),
    /// Why the export failed, with the name of the file. No file was left behind.
    Failed(String),
}

/// A complete export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    pub path: String,
    pub written: u64,
    /// Messages with a value that cannot be read. An import refuses them.
    pub unreadable: u64,
    /// Marked messages that no longer exist.
    pub gone: u64,
}
