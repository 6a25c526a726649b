//! The way one came by links and the go-to box: Esc in a list that was gone to leads back to where one was, with cursor, scroll and
//! filter.

use super::layout::Pane;
use super::messages::Place;
use super::{Effect, State};

/// Where one was before going somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    place: Place,
    focus: Pane,
    /// The number that was selected.
    number: Option<i64>,
}

/// The spots that were left, each with the place that was gone to from there.
#[derive(Debug, Default)]
pub struct Trail(Vec<(Spot, Place)>);

impl State {
    /// Where one is now.
    pub(super) fn spot(&self) -> Option<Spot> {
        let place = self.messages.place.clone()?;
        Some(Spot { place, focus: self.focus, number: self.messages.selected_number() })
    }

    /// Remembers from where one came to the list on screen. Within one list there is nothing to go back to.
    pub(super) fn came_from(&mut self, spot: Option<Spot>) {
        let step = spot.zip(self.messages.place.clone());
        self.trail.0.extend(step.filter(|(spot, to)| spot.place != *to));
    }

    /// Goes back to where one came from; none where one did not come here by a link or the go-to box.
    pub(super) fn go_back(&mut self) -> Option<Vec<Effect>> {
        let (spot, to) = self.trail.0.pop()?;
        if self.messages.place.as_ref() != Some(&to) {
            // One has gone elsewhere since, by the panes.
            self.trail.0.clear();
            return None;
        }
        let mut effects = self.arrive_in(&spot.place.namespace, spot.place.scope);
        if let Some(number) = spot.number.filter(|number| self.messages.selected_number() != Some(*number)) {
            effects.extend(self.read_around(number));
        }
        let is_list = matches!(spot.focus, Pane::Namespaces | Pane::Categories | Pane::Streams);
        // A list that had the focus before it had rows is not the one that is shown.
        self.focus = if is_list { self.active } else { spot.focus };
        Some(effects)
    }
}
