//! `'`: lists the bookmarks, newest first. It goes to one, renames it or removes it.

use crossterm::event::{KeyCode, KeyEvent};

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;

/// The keys, as the last line of the dialog shows them.
pub(crate) const KEYS: &str = "Enter go · r rename · d remove · Esc close";
/// The keys while a name is typed.
pub(crate) const RENAMING_KEYS: &str = "Enter rename · Esc keep the old name";

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
        let Some(bookmark) = bookmarks.get(self.selected) else {
            return if matches!(key.code, KeyCode::Esc | KeyCode::Enter) { Outcome::Close } else { Outcome::Stay };
        };
        if let Some(name) = &mut self.renaming {
            match key.code {
                KeyCode::Esc => self.renaming = None,
                KeyCode::Enter => {
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
        if let Some(selected) = moved(self.selected, bookmarks.len(), key) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match key.code {
            KeyCode::Esc => Outcome::Close,
            KeyCode::Enter => Outcome::Finish(vec![Command::OpenBookmark(bookmark.clone())]),
            KeyCode::Char('r') => {
                self.renaming = Some(Input::new(&bookmark.name));
                Outcome::Stay
            }
            KeyCode::Char('d') | KeyCode::Delete => {
                let removed = bookmark.clone();
                self.selected = self.selected.min(bookmarks.len().saturating_sub(2));
                Outcome::Do(vec![Command::RemoveBookmark(removed)])
            }
            _ => Outcome::Stay,
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(name) = &mut self.renaming {
            name.paste(text);
        }
    }
}
