//! The navigation history: after a link or the go-to box, Esc returns to the previous location with its cursor, scroll
//! and filter. Moving between the panes is never recorded.

use super::layout::Pane;
use super::messages::Place;
use super::{Effect, State};

/// A location to return to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    place: Place,
    focus: Pane,
    /// The position or global position of the selected message.
    number: Option<i64>,
}

/// Each location that was left by a link or the go-to box, with the list that was opened from it.
#[derive(Debug, Default)]
pub(super) struct Trail(Vec<(Spot, Place)>);

impl State {
    /// Returns the current location.
    pub(super) fn spot(&self) -> Option<Spot> {
        let place = self.browser.messages.place.clone()?;
        Some(Spot { place, focus: self.browser.focus, number: self.browser.messages.selected_number() })
    }

    /// Records the previous location, unless it is in the same list.
    pub(super) fn came_from(&mut self, spot: Option<Spot>) {
        let step = spot.zip(self.browser.messages.place.clone());
        self.browser.trail.0.extend(step.filter(|(spot, to)| spot.place != *to));
    }

    /// Returns to the previous location; none if the current one was not opened by a link or the go-to box.
    pub(super) fn go_back(&mut self) -> Option<Vec<Effect>> {
        let (spot, to) = self.browser.trail.0.pop()?;
        if self.browser.messages.place.as_ref() != Some(&to) {
            // The user has moved on in the panes since then.
            self.browser.trail.0.clear();
            return None;
        }
        let mut effects = self.arrive_in(&spot.place.namespace, spot.place.scope);
        if let Some(number) = spot.number.filter(|number| self.browser.messages.selected_number() != Some(*number)) {
            effects.extend(self.read_around(number));
        }
        let is_list = matches!(spot.focus, Pane::Namespaces | Pane::Categories | Pane::Streams);
        // A left pane that had the focus may not be the one whose selection is shown.
        self.browser.focus = if is_list { self.browser.active } else { spot.focus };
        Some(effects)
    }
}
