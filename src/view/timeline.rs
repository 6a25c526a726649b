//! The timeline above the messages: a row of bars between two times, with brackets around the part on screen, and the
//! selected bucket in words on the border.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Block;

use super::text::words;
use super::theme::Theme;
use super::widgets::{line_at, waiting_for};
use crate::app::State;
use crate::app::request::Slot;
use crate::app::timeline::Strip;
use crate::safe_text::SafeText;

/// Bars by their height in eighths.
const BARS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/// Characters that look heavier the higher they are, for terminals without bars.
const ASCII_BARS: [&str; 9] = [" ", ".", ":", "-", "=", "+", "*", "#", "@"];

/// Draws the timeline in the first row of an area, if it is shown, and returns the rest of the area.
#[must_use]
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) -> Rect {
    if state.browser.layout().timeline.height == 0 {
        return area;
    }
    let row = Rect { height: 1, ..area };
    let timeline = &state.browser.messages.timeline;
    if let (Some(error), None) = (&timeline.error, &state.following.current) {
        let text = format!("No timeline: {error}");
        line_at(frame, row, 0, &words(&text, usize::from(row.width)), theme.problem);
    } else if let Some(strip) = state.timeline_strip() {
        frame.render_widget(line(&strip, theme), row);
    } else if let Some(since) = state.requests.since(Slot::Timeline)
        && state.now.duration_since(since).as_secs() > 0
    {
        line_at(frame, row, 0, &waiting_for(state, Slot::Timeline, "loading the timeline …", theme.ascii), theme.dim);
    }
    Rect { y: area.y + 1, height: area.height - 1, ..area }
}

/// Returns a bar for each height in eighths.
#[must_use]
pub(super) fn bars(heights: &[u8], theme: &Theme) -> String {
    let bars = if theme.ascii { ASCII_BARS } else { BARS };
    heights.iter().map(|height| bars[usize::from(*height).min(8)]).collect()
}

fn line(strip: &Strip, theme: &Theme) -> Line<'static> {
    let bars = if theme.ascii { ASCII_BARS } else { BARS };
    let is_in =
        |cell: usize, part: Option<(usize, usize)>| part.is_some_and(|(first, last)| (first..=last).contains(&cell));
    let mut spans = vec![Span::styled(format!("{} ", strip.start), theme.dim)];
    for (cell, height) in strip.heights.iter().enumerate() {
        if strip.visible.is_some_and(|(first, _)| first == cell) {
            spans.push(Span::styled("[", theme.timeline_visible));
        }
        let style = if is_in(cell, strip.selected) {
            theme.selected
        } else if strip.visible.is_none() || is_in(cell, strip.visible) {
            theme.timeline_visible
        } else {
            theme.timeline
        };
        spans.push(Span::styled(bars[usize::from(*height).min(8)], style));
        if strip.visible.is_some_and(|(_, last)| last == cell) {
            spans.push(Span::styled("]", theme.timeline_visible));
        }
    }
    spans.push(Span::styled(format!(" {}", strip.end), theme.dim));
    Line::from(spans)
}

/// Adds the selected bucket in words to the border: above the timeline, or at the bottom if the title needs the room.
#[must_use]
pub(super) fn with_words<'a>(block: Block<'a>, width: u16, title: &str, state: &State) -> Block<'a> {
    let Some(said) = state.timeline_words() else { return block };
    let said = format!(" {said} ");
    let room = usize::from(width).saturating_sub(3);
    let needed = SafeText::line(&said).width();
    if needed > room {
        return block;
    }
    let line = Line::from(said).right_aligned();
    if SafeText::line(title).width() + needed < room { block.title_top(line) } else { block.title_bottom(line) }
}
