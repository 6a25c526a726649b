//! The help: every action with its keys, in a box of the full height.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::browser::extent::Extent;
use crate::app::dialogs::help::{Help, HelpRow, help_frame};
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::view::scrollbar;
use crate::view::text::{fill, whole_parts, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{framed, line_at, row_of};
use crate::wrapping::wrap;

/// The keys of the help itself.
const KEYS: [DialogAction; 3] = [DialogAction::Accept, DialogAction::Filter, DialogAction::Close];

/// Draws the help. The selected row is visible, and the last line shows the keys of the help itself.
pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, help: &Help) {
    let (outer, inner) = help_frame(area);
    framed(frame, outer, theme, "Help");
    let width = usize::from(inner.width);
    let keys_width =
        help.rows.iter().map(|row| if let HelpRow::Keys(keys, _) = row { keys.chars().count() } else { 0 });
    let indent = 4 + keys_width.max().unwrap_or(0).min(width / 3);
    let mut lines: Vec<(String, Style)> = Vec::new();
    let mut selected = 0;
    for (index, row) in help.rows.iter().enumerate() {
        let is_selected = index == help.selected;
        if is_selected {
            selected = lines.len();
        }
        let style = if is_selected { theme.selected } else { Style::new() };
        match row {
            HelpRow::Heading(title) => {
                if index > 0 {
                    lines.push((String::new(), Style::new()));
                }
                lines.push((words(title, width), theme.title));
            }
            HelpRow::Note(note) => {
                let note = wrap(note, width.saturating_sub(2));
                lines.extend(note.iter().map(|line| (fill(&format!("  {line}"), width), style)));
            }
            HelpRow::Keys(keys, action) => {
                for (line, title) in wrap(action.title(), width.saturating_sub(indent)).into_iter().enumerate() {
                    let keys = if line == 0 { words(keys, indent.saturating_sub(4)) } else { String::new() };
                    lines.push((fill(&format!("  {}{title}", fill(&keys, indent.saturating_sub(2))), width), style));
                }
            }
        }
    }
    let height = usize::from(inner.height.saturating_sub(1)).max(1);
    let first = selected.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    for (row, (line, style)) in lines.iter().skip(first).take(height).enumerate() {
        line_at(frame, inner, u16::try_from(row).unwrap_or(u16::MAX), line, *style);
    }
    scrollbar::draw(frame, outer, Some(Extent::of(lines.len(), first, height)), theme);
    if lines.is_empty() {
        line_at(frame, inner, 0, &words("No key or action contains this text", width), theme.dim);
    }
    let last = row_of(inner, inner.height.saturating_sub(1));
    match &help.filter {
        Some(input) => typed::line(frame, last, "/", input, true, theme.key),
        None => line_at(frame, last, 0, &whole_parts(&keymap.hints(DialogKind::Help, &KEYS), width), theme.dim),
    }
}
