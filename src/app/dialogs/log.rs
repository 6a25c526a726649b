//! `!`: the log, scrolled by the keys that scroll elsewhere. It only reads; notices are kept by the screen.

use crossterm::event::{KeyEvent, MouseEvent};
use ratatui::layout::Rect;

use super::choice::scrolled;
use super::frame::{frame, held_row};
use super::outcome::{DialogContext, Outcome};
use crate::app::keymap::{Action, DialogAction, DialogKind};

/// The open log.
#[derive(Debug, Default)]
pub(crate) struct Log {
    /// The number of notices scrolled back from the newest one.
    pub back: usize,
}

/// Returns the rectangle of the log and the one of its text.
#[must_use]
pub(crate) fn log_frame(area: Rect) -> (Rect, Rect) {
    frame(area, area.width.saturating_sub(4), area.height.saturating_sub(2))
}

impl Log {
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let notices = match context.pressed(DialogKind::Log, key) {
            Some(DialogAction::Down) => 1,
            Some(DialogAction::Up) => -1,
            Some(DialogAction::PageDown) => context.page,
            Some(DialogAction::PageUp) => -context.page,
            Some(DialogAction::First) => isize::MIN,
            Some(DialogAction::Last) => isize::MAX,
            Some(DialogAction::Close) => return Outcome::Close,
            // The key that opened the log closes it, too.
            _ if matches!(context.action(key), Some(Action::Log | Action::Quit)) => return Outcome::Close,
            _ => return Outcome::Stay,
        };
        self.scroll(notices, context)
    }

    fn scroll(&mut self, notices: isize, context: &DialogContext) -> Outcome {
        let oldest = context.notices.saturating_sub(1);
        self.back = self.back.saturating_add_signed(notices.saturating_neg()).min(oldest);
        Outcome::Stay
    }

    /// The wheel scrolls, and the scrollbar can be dragged.
    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        if let Some(notices) = scrolled(mouse) {
            return self.scroll(notices, context);
        }
        if let Some((row, rows)) = held_row(log_frame(context.browser.area).0, mouse) {
            let oldest = context.notices.saturating_sub(1);
            self.back = oldest - oldest * row / rows.saturating_sub(1).max(1);
        }
        Outcome::Stay
    }
}
