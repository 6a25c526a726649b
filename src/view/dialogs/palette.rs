//! The command palette: the prompt and the actions that match it, with their keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::dialogs::palette::Palette;
use crate::app::keymap::KeyMap;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, line_at, row_of};

pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, palette: &Palette) {
    let inner = boxed(frame, area, theme, "Commands", 78, 18);
    typed::line(frame, row_of(inner, 0), "> ", &palette.input, true, theme.key);
    let width = usize::from(inner.width);
    let height = usize::from(inner.height.saturating_sub(1)).max(1);
    let first = (palette.selected + 1).saturating_sub(height);
    for (row, (index, action)) in (1..).zip(palette.matches.iter().enumerate().skip(first).take(height)) {
        let style = if index == palette.selected { theme.selected } else { Style::new() };
        let key = keymap.key(*action);
        let room = width.saturating_sub(key.chars().count() + 3);
        line_at(frame, inner, row, &format!(" {} {key} ", fill(&words(action.title(), room), room)), style);
    }
}
