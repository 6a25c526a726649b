//! The dialog that creates a namespace: two fields, and the keys, the progress or the problem below them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::progress;
use crate::app::State;
use crate::app::dialogs::AdminStage;
use crate::app::dialogs::create_namespace::CreateDialog;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, paragraph_from, row_of};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &CreateDialog) {
    let inner = boxed(frame, area, theme, "Create a namespace", 64, 8);
    for (row, title, input, used) in [
        (0, "ID           ", &dialog.id, !dialog.on_description),
        (1, "description  ", &dialog.description, dialog.on_description),
    ] {
        let has_cursor = used && dialog.stage == AdminStage::Typing;
        let style = if used { theme.key } else { Style::new() };
        typed::line(frame, row_of(inner, row), title, input, has_cursor, style);
    }
    let keys = [DialogAction::Accept, DialogAction::NextField, DialogAction::Close];
    let keys = state.settings.keymap.hints(DialogKind::CreateNamespace, &keys);
    let (note, style) = progress::of(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
    paragraph_from(frame, inner, 3, &note, style);
}
