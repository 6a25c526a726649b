//! The log: what went wrong and what was done, newest line at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::browser::extent::Extent;
use crate::app::dialogs::log::log_frame;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::view::scrollbar;
use crate::view::text::cut;
use crate::view::theme::Theme;
use crate::view::widgets::{framed, line_at};
use crate::wrapping::wrap;

/// Draws the log, scrolled back by a number of notices.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, back: usize) {
    let close = state.settings.keymap.hint(DialogKind::Log, DialogAction::Close);
    let times =
        (!state.settings.times.is_relative()).then(|| format!("times in {}", state.settings.times.zone(state.now)));
    let title = ["Log".to_owned()].into_iter().chain(close).chain(times).collect::<Vec<_>>().join(" · ");
    let (outer, inner) = log_frame(area);
    framed(frame, outer, theme, &title);
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
    // Each notice scrolled back moves the view by the lines of an average one, so that both ends can be reached.
    let hidden = lines.len().saturating_sub(height);
    let oldest = state.notices.log().len().saturating_sub(1);
    let first = hidden * oldest.saturating_sub(back) / oldest.max(1);
    scrollbar::draw(frame, outer, Some(Extent::of(lines.len(), first, height)), theme);
    for (row, (text, style)) in lines.iter().skip(first).take(height).enumerate() {
        line_at(frame, inner, u16::try_from(row).unwrap_or(0), &cut(text, width), *style);
    }
}
