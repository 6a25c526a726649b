//! The copy menu: a key, a label and the beginning of the text for each entry.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::copy::{CopyEntry, CopyMenu};
use crate::app::keymap::{DialogAction, DialogKind};
use crate::pasteable::shell_command;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, fitting_hints, line_at};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, menu: &CopyMenu) {
    let keymap = &state.settings.keymap;
    let (width, height) = menu.size();
    let inner = boxed(frame, area, theme, "Copy", width, height);
    let (list, width) = (menu.area(inner), usize::from(inner.width));
    let key = |entry: &CopyEntry| {
        keymap.dialog_key(DialogKind::Copy, entry.action).map(|key| key.to_string()).unwrap_or_default()
    };
    let keys = menu.entries.iter().map(|entry| key(entry).chars().count()).max().unwrap_or(0);
    // What chooses the database is long and the same in every command.
    let connection = shell_command(state.settings.to_connect.iter().map(String::as_str));
    let brief = |text: &str| if connection.is_empty() { text.to_owned() } else { text.replacen(&connection, "…", 1) };
    let first = first_in_view(state.dialogs.top, menu.selected, menu.entries.len(), usize::from(list.height));
    for (row, (index, entry)) in (0..list.height).zip(menu.entries.iter().enumerate().skip(first)) {
        let name = format!(" {}  {}  ", fill(&key(entry), keys), fill(entry.label, 16));
        let room = width.saturating_sub(name.chars().count());
        let style = if index == menu.selected { theme.selected } else { Style::new() };
        line_at(frame, list, row, &fill(&format!("{name}{}", words(&brief(&entry.text), room)), width), style);
    }
    let hints = keymap.hints(DialogKind::Copy, &[DialogAction::Accept, DialogAction::Close]);
    let last = inner.height.saturating_sub(1);
    let hints = fitting_hints(&hints, keymap, DialogKind::Copy, width.saturating_sub(1));
    line_at(frame, inner, last, &format!(" {hints}"), theme.dim);
}
