//! `M` while following a category: the members of a consumer group side by side, with what arrives for each. The numbers belong to
//! following; the dialog only knows the size of the group and the selected member.

use crossterm::event::KeyEvent;

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{Action, DialogAction, DialogKind};
use crate::locator::{Destination, Target};
use crate::message::{Category, ConsumerGroup};

/// The size of the group at first.
pub(crate) const SIZE: i64 = 3;
/// The greatest size that is shown.
const LARGEST: i64 = 64;

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: [DialogAction; 4] =
    [DialogAction::Accept, DialogAction::More, DialogAction::Fewer, DialogAction::Close];

/// The open view.
#[derive(Debug)]
pub(crate) struct Members {
    namespace: String,
    pub category: Category,
    pub size: i64,
    /// The selected member.
    pub selected: i64,
}

impl Members {
    #[must_use]
    pub(crate) fn new(namespace: String, category: Category, size: i64) -> Self {
        Self { namespace, category, size, selected: 0 }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let last = self.size - 1;
        match context.pressed(DialogKind::Members, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.go(),
            Some(DialogAction::More) => return self.resize(self.size + 1),
            Some(DialogAction::Fewer) => return self.resize(self.size - 1),
            Some(DialogAction::Next) => self.selected = (self.selected + 1).min(last),
            Some(DialogAction::Previous) => self.selected = (self.selected - 1).max(0),
            Some(DialogAction::First) => self.selected = 0,
            Some(DialogAction::Last) => self.selected = last,
            // The key that opened the view closes it, too.
            _ if context.action(key) == Some(Action::Member) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    /// Changes the size, which the next view keeps.
    fn resize(&mut self, size: i64) -> Outcome {
        self.size = size.clamp(1, LARGEST);
        self.selected = self.selected.min(self.size - 1);
        Outcome::Do(vec![Command::KeepGroupSize(self.size)])
    }

    /// Goes to the messages of the selected member.
    fn go(&self) -> Outcome {
        let Ok(group) = ConsumerGroup::new(self.selected, self.size) else { return Outcome::Stay };
        let target = Target::Member(self.category.clone(), group);
        Outcome::Finish(vec![Command::Navigate(self.namespace.clone(), Destination::here(target))])
    }
}
