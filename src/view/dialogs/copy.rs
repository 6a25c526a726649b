//! The copy menu: a letter, a label and the beginning of the text for each entry.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::dialogs::copy::CopyMenu;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at};

pub(super) fn draw(frame: &mut Frame, area: Rect, theme: &Theme, menu: &CopyMenu) {
    let height = u16::try_from(menu.entries.len()).unwrap_or(u16::MAX).saturating_add(3);
    let inner = boxed(frame, area, theme, "Copy", 60, height);
    for (row, entry) in (0..).zip(&menu.entries) {
        let name = format!(" {}  {}  ", entry.letter, fill(entry.label, 16));
        let room = usize::from(inner.width).saturating_sub(name.chars().count());
        line_at(frame, inner, row, &format!("{name}{}", words(&entry.text, room)), Style::new());
    }
}
