//! `!`: the log, scrolled by the keys that scroll elsewhere. It only reads; notices are kept by the screen.

use crossterm::event::{KeyCode, KeyEvent};

use super::outcome::{DialogContext, Outcome};
use crate::app::keymap::Action;

/// The open log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The number of lines scrolled back from the end.
    pub back: usize,
}

impl Log {
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        if let Some(lines) = scroll_of(key, context.page) {
            self.back = self.back.saturating_add_signed(lines.saturating_neg()).min(context.log_lines);
            return Outcome::Stay;
        }
        let closes = matches!(key.code, KeyCode::Esc | KeyCode::Enter)
            || matches!(context.action(key), Some(Action::Log | Action::Quit));
        if closes { Outcome::Close } else { Outcome::Stay }
    }
}

/// Returns the number of lines by which a key scrolls; none for other keys.
fn scroll_of(key: KeyEvent, page: isize) -> Option<isize> {
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => Some(1),
        KeyCode::Up | KeyCode::Char('k') => Some(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(page),
        KeyCode::PageUp => Some(-page),
        KeyCode::Home | KeyCode::Char('g') => Some(isize::MIN),
        KeyCode::End | KeyCode::Char('G') => Some(isize::MAX),
        _ => None,
    }
}
