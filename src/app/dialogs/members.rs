//! `M` while following a category: the members of a consumer group side by side, with what arrives for each. The
//! numbers belong to following; the dialog only knows the size of the group and the selected member.

pub(crate) mod layout;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::keymap::{Action, DialogAction, DialogKind};
use crate::locator::{Destination, Target};
use crate::message::{Category, ConsumerGroup};
use layout::MembersLayout;

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
        match context.pressed(DialogKind::Members, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.go(),
            Some(DialogAction::More) => return self.resize(self.size + 1),
            Some(DialogAction::Fewer) => return self.resize(self.size - 1),
            Some(DialogAction::Next) => self.select(self.selected + 1),
            Some(DialogAction::Previous) => self.select(self.selected - 1),
            Some(DialogAction::First) => self.select(0),
            Some(DialogAction::Last) => self.select(self.size - 1),
            // The key that opened the view closes it, too.
            _ if context.action(key) == Some(Action::Member) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    /// The wheel selects the next or the previous member, a click selects a member, and a click on the selected one
    /// goes to its messages.
    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.select(self.selected + 1),
            MouseEventKind::ScrollUp => self.select(self.selected - 1),
            MouseEventKind::Down(MouseButton::Left) => {
                let columns = context.follow.map_or(0, |follow| follow.arrivals.loads(self.size).len());
                let layout = MembersLayout::of(self, context.browser, columns);
                let pointer = (mouse.column, mouse.row).into();
                let column = layout.shown.clone().find(|index| layout.column(*index).contains(pointer));
                match column.and_then(|index| i64::try_from(index).ok()).filter(|member| *member < self.size) {
                    Some(member) if member == self.selected => return self.go(),
                    Some(member) => self.select(member),
                    None => {}
                }
            }
            _ => {}
        }
        Outcome::Stay
    }

    fn select(&mut self, member: i64) {
        self.selected = member.clamp(0, self.size - 1);
    }

    /// Changes the size, which the next view keeps.
    fn resize(&mut self, size: i64) -> Outcome {
        self.size = size.clamp(1, LARGEST);
        self.select(self.selected);
        Outcome::Do(vec![Command::KeepGroupSize(self.size)])
    }

    /// Goes to the messages of the selected member.
    fn go(&self) -> Outcome {
        let Ok(group) = ConsumerGroup::new(self.selected, self.size) else { return Outcome::Stay };
        let target = Target::Member(self.category.clone(), group);
        Outcome::Finish(vec![Command::Navigate(self.namespace.clone(), Destination::here(target))])
    }
}
