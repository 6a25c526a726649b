//! `'`: lists the bookmarks, newest first. It goes to one, renames it or removes it.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::choice::{Choosing, List, moved};
use super::frame::frame;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};

/// The size of the box with its border.
pub(crate) const SIZE: (u16, u16) = (78, 18);

/// The open list.
#[derive(Debug, Default)]
pub(crate) struct BookmarkList {
    pub selected: usize,
    /// The new name of the selected bookmark, while it is typed.
    pub renaming: Option<Input>,
}

impl BookmarkList {
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let bookmarks = context.bookmarks.all();
        let action = context.pressed(DialogKind::Bookmarks, key);
        let Some(bookmark) = bookmarks.get(self.selected) else {
            let closes = matches!(action, Some(DialogAction::Close | DialogAction::Accept));
            return if closes { Outcome::Close } else { Outcome::Stay };
        };
        if let Some(name) = &mut self.renaming {
            match context.pressed(DialogKind::Name, key) {
                Some(DialogAction::Close) => self.renaming = None,
                Some(DialogAction::Accept) => {
                    let name = name.text().trim().to_owned();
                    self.renaming = None;
                    return Outcome::Do(vec![Command::RenameBookmark(bookmark.clone(), name)]);
                }
                _ => {
                    name.key(key);
                }
            }
            return Outcome::Stay;
        }
        if let Some(selected) = moved(self.selected, bookmarks.len(), action) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) => Outcome::Close,
            Some(DialogAction::Accept) => self.accept(context),
            Some(DialogAction::Rename) => {
                self.renaming = Some(Input::new(&bookmark.name));
                Outcome::Stay
            }
            Some(DialogAction::Remove) => {
                let removed = bookmark.clone();
                self.selected = self.selected.min(bookmarks.len().saturating_sub(2));
                Outcome::Do(vec![Command::RemoveBookmark(removed)])
            }
            _ => Outcome::Stay,
        }
    }

    /// Returns the area of the list inside the box. The keys are below it.
    #[must_use]
    pub(crate) fn area(inner: Rect) -> Rect {
        Rect { height: inner.height.saturating_sub(1), ..inner }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(name) = &mut self.renaming {
            name.paste(text);
        }
    }
}

impl Choosing for BookmarkList {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let area = Self::area(frame(context.browser.area, SIZE.0, SIZE.1).1);
        let list = List { area, rows: context.bookmarks.all().len(), selected: Some(self.selected) };
        self.renaming.is_none().then_some(list)
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = row;
        Outcome::Stay
    }

    fn accept(&mut self, context: &DialogContext) -> Outcome {
        let chosen = context.bookmarks.all().get(self.selected).cloned();
        Outcome::Finish(chosen.map(Command::OpenBookmark).into_iter().collect())
    }
}
