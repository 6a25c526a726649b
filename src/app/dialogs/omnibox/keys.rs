//! The keys and the mouse in the omnibox.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::Omnibox;
use super::layout::BoxLayout;
use crate::app::dialogs::outcome::{DialogContext, Outcome};
use crate::app::keymap::{DialogAction, DialogKind};

impl Omnibox {
    pub(in crate::app::dialogs) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let page = usize::from(BoxLayout::of(context.browser.area).list.height).max(1);
        let page = isize::try_from(page).unwrap_or(1);
        match context.pressed(DialogKind::Omnibox, key) {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.enter(context),
            Some(DialogAction::Complete) => return self.complete(context),
            Some(DialogAction::Up) if self.recalls() => return self.recall(true, context),
            Some(DialogAction::Down) if self.recalled.is_some() => return self.recall(false, context),
            Some(DialogAction::Up) => return self.step(-1, context),
            Some(DialogAction::Down) => return self.step(1, context),
            Some(DialogAction::PageUp) => return self.step(-page, context),
            Some(DialogAction::PageDown) => return self.step(page, context),
            _ if self.input.key(key) => {}
            _ => return Outcome::Stay,
        }
        self.recalled = None;
        self.typed(context)
    }

    pub(in crate::app::dialogs) fn paste(&mut self, text: &str, context: &DialogContext) -> Outcome {
        self.input.paste(text);
        self.recalled = None;
        self.typed(context)
    }

    /// A click selects an entry, a click on the selected entry goes there, and the wheel moves the selection.
    pub(in crate::app::dialogs) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.step(1, context),
            MouseEventKind::ScrollUp => self.step(-1, context),
            MouseEventKind::Down(MouseButton::Left) => {
                let row = BoxLayout::of(context.browser.area).row_at(mouse.column, mouse.row);
                let Some(index) = row.map(|row| self.top + row).filter(|index| *index < self.entries.len()) else {
                    return Outcome::Stay;
                };
                if index == self.selected && self.has_selection() {
                    return self.enter(context);
                }
                self.step_to(index, context)
            }
            _ => Outcome::Stay,
        }
    }

    /// Moves the selection. The first step in an empty omnibox selects the first entry.
    fn step(&mut self, by: isize, context: &DialogContext) -> Outcome {
        let index = if self.has_selection() { self.selected.saturating_add_signed(by) } else { 0 };
        self.step_to(index, context)
    }

    fn step_to(&mut self, index: usize, context: &DialogContext) -> Outcome {
        self.chosen = !self.entries.is_empty();
        self.problem = None;
        self.select(index, context);
        let nears_end = self.selected + 10 >= self.entries.len();
        let more = if nears_end { self.streams.search_more(context.now) } else { None };
        Outcome::Do(more.into_iter().collect())
    }

    /// Completes the text with the selected entry, or with the first one.
    fn complete(&mut self, context: &DialogContext) -> Outcome {
        let Some(entry) = self.entries.get(self.selected) else { return Outcome::Stay };
        let text = entry.completion(self.input.text(), context);
        self.input.set(&text);
        self.recalled = None;
        self.typed(context)
    }

    /// Returns true if Up recalls an earlier text: in an empty omnibox, and while recalling.
    fn recalls(&self) -> bool {
        self.recalled.is_some() || (self.input.text().is_empty() && !self.chosen)
    }

    /// Replaces the text by an earlier or a later one of the history. After the latest, the omnibox is empty again.
    fn recall(&mut self, earlier: bool, context: &DialogContext) -> Outcome {
        let number = match self.recalled {
            None => Some(0),
            Some(number) if earlier => Some(number + 1),
            Some(number) => number.checked_sub(1),
        };
        let text = match number {
            Some(number) => match context.entered.get(number) {
                Some(text) => text.to_owned(),
                None => return Outcome::Stay,
            },
            None => String::new(),
        };
        self.recalled = number;
        self.input.set(&text);
        self.typed(context)
    }
}
