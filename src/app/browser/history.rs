//! The locations to return to with Esc, and the navigation that waits for its lookup. Moving between the panes is never
//! recorded.

use super::list_key::ListKey;
use crate::app::place::Place;
use crate::locator::Target;
use crate::message::GlobalPosition;
use crate::store::browse::Scope;
use crate::store::trace::Workflow;

/// The locations that were left by a link or the omnibox, each with the list that was opened from it.
#[derive(Debug, Default)]
pub(in crate::app) struct History(Vec<(Place, ListKey)>);

impl History {
    /// Records a location, unless it is in the same list.
    pub(crate) fn record(&mut self, from: Option<Place>, to: Option<&ListKey>) {
        let step = from.zip(to.cloned());
        self.0.extend(step.filter(|(entry, to)| entry.list != *to));
    }

    /// Takes the location from which the list on screen was opened. If another list is on screen, the user has moved on
    /// in the panes, and the history is cleared.
    pub(crate) fn pop(&mut self, on_screen: Option<&ListKey>) -> Option<Place> {
        let (entry, to) = self.0.pop()?;
        if on_screen == Some(&to) {
            return Some(entry);
        }
        self.0.clear();
        None
    }
}

/// A navigation that waits for its lookup.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct PendingNavigation {
    pub namespace: String,
    /// The scope in which the message is shown; none for the message's own stream.
    pub scope: Option<Scope>,
    pub target: Target,
    /// The namespace to open if the target does not exist.
    pub otherwise: Option<String>,
    /// The message and the workflow to list if the target does not exist.
    pub workflow: Option<(GlobalPosition, Workflow)>,
    /// The location to go back to.
    pub from: Option<Place>,
}
