//! Which actions concern which pane most, for the order of the help and of the palette. The key map decides where a key
//! works; this only says what a user of the pane looks for first.

use super::browser::layout::Pane;
use super::keymap::Action;

/// Returns true if an action concerns the pane more than others.
#[must_use]
pub(crate) fn concerns(action: Action, pane: Pane) -> bool {
    let panes: &[Pane] = match action {
        Action::CreateNamespace | Action::DeleteNamespace => &[Pane::Namespaces],
        Action::Member => &[Pane::Categories, Pane::Messages],
        Action::Order => &[Pane::Streams, Pane::Messages],
        Action::Filter
        | Action::Count
        | Action::Follow
        | Action::Pause
        | Action::Timeline
        | Action::PreviousBucket
        | Action::NextBucket
        | Action::ZoomIn
        | Action::ZoomOut
        | Action::Mark
        | Action::RemoveMarks
        | Action::Compare
        | Action::CloneMarked
        | Action::Export
        | Action::Columns
        | Action::Narrower
        | Action::Wider => &[Pane::Messages],
        Action::CloneMessage | Action::FollowUp | Action::Edit | Action::FindNext | Action::FindPrevious => {
            &[Pane::Messages, Pane::Message]
        }
        Action::Copy | Action::Bookmark => &[Pane::Categories, Pane::Streams, Pane::Messages, Pane::Message],
        Action::Find => &[Pane::Namespaces, Pane::Categories, Pane::Streams, Pane::Messages, Pane::Message],
        Action::Write => &[Pane::Categories, Pane::Streams, Pane::Messages],
        Action::Fold
        | Action::FoldAll
        | Action::UnfoldAll
        | Action::Collapse
        | Action::Expand
        | Action::RawText
        | Action::NodeAsColumn
        | Action::PreviousMessage
        | Action::NextMessage => &[Pane::Message],
        _ => &[],
    };
    panes.contains(&pane)
}
