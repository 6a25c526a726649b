//! The help: every action with its keys, in a box of the full height.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::browser::extent::Extent;
use crate::app::dialogs::help::layout::HelpLayout;
use crate::app::dialogs::help::{Help, HelpRow};
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::view::scrollbar;
use crate::view::text::{fill, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{fitting_hints, framed, line_at};

/// The keys of the help itself.
const KEYS: [DialogAction; 3] = [DialogAction::Accept, DialogAction::Filter, DialogAction::Close];

/// Draws the help. The selected row is visible, and the last line shows the keys of the help itself.
pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, help: &Help) {
    let HelpLayout { outer, text, last, indent, lines, first } = HelpLayout::of(help, area);
    framed(frame, outer, theme, "Help");
    let width = usize::from(text.width);
    for (row, line) in (0..text.height).zip(lines.iter().skip(first)) {
        let style = if line.row == Some(help.selected) { theme.selected } else { Style::new() };
        let (line, style) = match line.row.and_then(|row| help.rows.get(row)) {
            None => continue,
            Some(HelpRow::Heading(_)) => (words(&line.text, width), theme.title),
            Some(HelpRow::Note(_)) => (fill(&format!("  {}", line.text), width), style),
            Some(HelpRow::Keys(..)) => {
                let keys = fill(&words(&line.keys, indent.saturating_sub(4)), indent.saturating_sub(2));
                (fill(&format!("  {keys}{}", line.text), width), style)
            }
        };
        line_at(frame, text, row, &line, style);
    }
    let height = usize::from(text.height).max(1);
    scrollbar::draw(frame, outer, Some(Extent::of(lines.len(), first, height)), theme);
    if lines.is_empty() {
        line_at(frame, text, 0, &words("No key or action contains this text", width), theme.dim);
    }
    if let Some(input) = &help.filter {
        return typed::line(frame, last, "/", input, true, theme.key);
    }
    let keys = keymap.hints(DialogKind::Help, &KEYS);
    line_at(frame, last, 0, &fitting_hints(&keys, keymap, DialogKind::Help, width), theme.dim);
}
