//! The log: what went wrong and what was done, newest line at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::browser::extent::Extent;
use crate::app::{State, dialogs};
use crate::view::scrollbar;
use crate::view::text::{cut, wrap};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, line_at};

/// Draws the log, scrolled back by a number of lines.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, back: usize) {
    let (width, height) = (area.width.saturating_sub(4), area.height.saturating_sub(2));
    let inner = boxed(frame, area, theme, "Log · Esc close", width, height);
    let (outer, _) = dialogs::frame::frame(area, width, height);
    let width = usize::from(inner.width);
    if state.notices.log().is_empty() {
        line_at(frame, inner, 0, "Nothing logged yet", theme.dim);
        return;
    }
    let mut lines: Vec<(String, Style)> = Vec::new();
    for notice in state.notices.log() {
        let style = if notice.problem { theme.problem } else { Style::new() };
        let time = state.settings.times.short(notice.time, state.now);
        for line in wrap(&cut(&format!("{time} {}", notice.text), 4_000), width) {
            lines.push((line, style));
        }
    }
    let height = usize::from(inner.height);
    let end = lines.len().saturating_sub(back.min(lines.len().saturating_sub(height)));
    scrollbar::draw(frame, outer, Some(Extent::of(lines.len(), end.saturating_sub(height), height)), theme);
    let shown = &lines[end.saturating_sub(height)..end];
    for (row, (text, style)) in shown.iter().enumerate() {
        line_at(frame, inner, u16::try_from(row).unwrap_or(0), &cut(text, width), *style);
    }
}
