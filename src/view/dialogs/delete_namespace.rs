//! The dialog that deletes a namespace: the number of messages that are deleted with it, and the ID to type.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::progress;
use crate::app::State;
use crate::app::dialogs::AdminStage;
use crate::app::dialogs::delete_namespace::DeleteDialog;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::numbers::count;
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, paragraph_from, row_of};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &DeleteDialog) {
    let inner = boxed(frame, area, theme, "Delete a namespace", 78, 10);
    let messages = match dialog.messages {
        None => "all its messages (counting …)".to_owned(),
        Some(1) => "its 1 message".to_owned(),
        Some(messages) => format!("its {}", count(messages, "message")),
    };
    let text = format!("This permanently deletes {} and {messages}.", dialog.id);
    paragraph_from(frame, Rect { height: inner.height.min(2), ..inner }, 0, &text, theme.problem);
    let text = format!("Type {} to confirm:", dialog.id);
    paragraph_from(frame, Rect { height: inner.height.min(4), ..inner }, 2, &text, Style::new());
    let has_cursor = dialog.stage == AdminStage::Typing;
    typed::line(frame, row_of(inner, 4), "> ", &dialog.input, has_cursor, theme.key);
    let keys = [DialogAction::Accept, DialogAction::Close];
    let keys = state.settings.keymap.hints(DialogKind::DeleteNamespace, &keys);
    let (note, style) = progress::of(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
    paragraph_from(frame, inner, 6, &note, style);
}
