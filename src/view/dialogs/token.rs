//! The token of a new namespace, in as many rows as it needs: a cut token would be useless.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::dialogs::token::TokenDialog;
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::view::text::cut;
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at, paragraph_from};

const ADVICE: &str = "Copy the token now. It is shown only once, because only its hash is stored.";

pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, dialog: &TokenDialog) {
    let inner = boxed(frame, area, theme, "Namespace created", 92, 10);
    let width = usize::from(inner.width);
    line_at(frame, inner, 0, &cut(&format!("Namespace {}", dialog.created.info.id), width), Style::new());
    paragraph_from(frame, inner, 2, ADVICE, theme.warning);
    let token: Vec<char> = dialog.created.token.chars().collect();
    for (row, part) in (4..).zip(token.chunks(width.max(1))) {
        line_at(frame, inner, row, &part.iter().collect::<String>(), theme.key);
    }
    let keys = keymap.hints(DialogKind::Token, &[DialogAction::Token, DialogAction::Close]);
    line_at(frame, inner, inner.height.saturating_sub(1), &keys, theme.dim);
}
