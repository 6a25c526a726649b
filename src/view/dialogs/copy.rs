//! The copy menu: a key, a label and the beginning of the text for each entry.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::dialogs::copy::{CopyEntry, CopyMenu};
use crate::app::keymap::{DialogKind, KeyMap};
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at};

pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, menu: &CopyMenu) {
    let height = u16::try_from(menu.entries.len()).unwrap_or(u16::MAX).saturating_add(3);
    let inner = boxed(frame, area, theme, "Copy", 60, height);
    let key = |entry: &CopyEntry| {
        keymap.dialog_key(DialogKind::Copy, entry.action).map(|key| key.to_string()).unwrap_or_default()
    };
    let keys = menu.entries.iter().map(|entry| key(entry).chars().count()).max().unwrap_or(0);
    for (row, entry) in (0..).zip(&menu.entries) {
        let name = format!(" {}  {}  ", fill(&key(entry), keys), fill(entry.label, 16));
        let room = usize::from(inner.width).saturating_sub(name.chars().count());
        line_at(frame, inner, row, &format!("{name}{}", words(&entry.text, room)), Style::new());
    }
}
