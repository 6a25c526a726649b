//! The trace of a message over the lists, beside or above the message pane: as a tree, or with streams as columns and
//! time downward.

use ratatui::Frame;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::trace::{KEYS, Report, TraceDialog};
use crate::app::keymap::DialogKind;
use crate::app::request::{Slot, Traces};
use crate::app::trace_view::TraceRow;
use crate::trace_text::{delay_text, tree_lines};
use crate::view::text::{cut, cut_middle, fill};
use crate::view::theme::Theme;
use crate::view::widgets::{fitting_hints, framed, line_at, waiting_for};

/// The least and the greatest width of a lane.
const LANE: (usize, usize) = (14, 30);

/// Draws the trace.
pub(super) fn draw(frame: &mut Frame, state: &State, theme: &Theme, dialog: &TraceDialog) {
    let layout = dialog.layout(&state.browser);
    let about = match &dialog.of {
        Traces::CausesAndEffects => "Trace".to_owned(),
        Traces::Workflow(workflow) => format!("Workflow {}", workflow.value),
    };
    // In the title, because a line that comes and goes would move the messages.
    let searching = if dialog.waits {
        format!(" · {}", waiting_for(state, Slot::Trace, "searching …", theme.ascii))
    } else {
        String::new()
    };
    let lanes_or_not = if dialog.lanes { " · lanes" } else { "" };
    let notes = format!("{lanes_or_not}{searching}");
    let about = cut_middle(&about, usize::from(layout.outer.width).saturating_sub(5 + notes.chars().count()).max(5));
    framed(frame, layout.outer, theme, &format!("{about}{notes}"));
    let width = usize::from(layout.messages.width);
    let rows = dialog.rows();
    let selected = dialog.selection(&rows);
    let (heading, lines) =
        if dialog.lanes { lanes(&rows, selected, width, theme) } else { tree(dialog, &rows, selected, width, theme) };
    if let Some((line, style)) = heading {
        line_at(frame, layout.heading, 0, &cut(&line, width), style);
    }
    let first = first_in_view(state.dialogs.top, selected, lines.len(), usize::from(layout.messages.height));
    for (row, (line, style)) in (0..layout.messages.height).zip(lines.iter().skip(first)) {
        line_at(frame, layout.messages, row, &cut(line, width), *style);
    }
    let height = layout.notes.height;
    let is_cut = layout.report.len() > usize::from(height);
    for (row, line) in (0..height).zip(layout.report) {
        let (line, style) = match line {
            Report::Problem(problem) => (problem, theme.problem),
            Report::Searched(line) => (line, theme.dim),
        };
        let more = if is_cut && row + 1 == height { " …" } else { "" };
        line_at(frame, layout.notes, row, &cut(&format!("{line}{more}"), width), style);
    }
    let keymap = &state.settings.keymap;
    let keys = fitting_hints(&keymap.hints(DialogKind::Trace, &KEYS), keymap, DialogKind::Trace, width);
    line_at(frame, layout.keys, 0, &keys, theme.key);
}

type Line = (String, Style);

/// The line that stays above the messages, and a line for each message.
type Lines = (Option<Line>, Vec<Line>);

fn style(theme: &Theme, is_selected: bool) -> Style {
    if is_selected { theme.selected } else { Style::new() }
}

fn tree(dialog: &TraceDialog, rows: &[&TraceRow], selected: usize, width: usize, theme: &Theme) -> Lines {
    let heading = dialog.missing().map(|missing| (format!("  {missing} (missing)"), theme.warning));
    let mut lines = Vec::with_capacity(rows.len());
    let rails = tree_lines(&rows.iter().map(|row| row.depth).collect::<Vec<_>>());
    for (index, (row, rails)) in rows.iter().zip(rails).enumerate() {
        let mark = if row.is_start { "▶ " } else { "  " };
        let delay = row.cause.and_then(|(_, delay)| delay).map(delay_text).unwrap_or_default();
        let name = format!("{mark}{rails}{}", row.head.message_type);
        let place = format!("{}@{}", row.head.stream, row.head.position);
        let room = width.saturating_sub(delay.chars().count() + 1);
        let left = cut(&name, room);
        let place_room = room.saturating_sub(crate::safe_text::SafeText::line(&left).width() + 2);
        let place = if place_room >= 8 { format!("  {}", cut_middle(&place, place_room)) } else { String::new() };
        let line = format!("{}{delay}", fill(&format!("{left}{place}"), width.saturating_sub(delay.chars().count())));
        lines.push((line, style(theme, index == selected)));
    }
    (heading, lines)
}

/// Draws each stream as a column. Every message has a row, with an arrow from the lane of its cause.
fn lanes(rows: &[&TraceRow], selected: usize, width: usize, theme: &Theme) -> Lines {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.head.stream.as_str()) {
            names.push(row.head.stream.as_str());
        }
    }
    let lane_of = |row: &TraceRow| names.iter().position(|name| *name == row.head.stream.as_str()).unwrap_or(0);
    let lane_width = (width / names.len().max(1)).clamp(LANE.0, LANE.1);
    let fitting = (width / lane_width).max(1);
    // The lane of the selected message is visible.
    let first = rows.get(selected).map_or(0, |row| lane_of(row)).saturating_sub(fitting.saturating_sub(1));
    let titles = names.iter().skip(first).take(fitting);
    let title: String = titles.map(|name| fill(&cut_middle(name, lane_width - 2), lane_width)).collect();
    // Like the columns of a table that have no room.
    let title = match names.len().saturating_sub(fitting) {
        0 => title,
        hidden => {
            let hidden = format!(" +{hidden}");
            format!("{}{hidden}", fill(&title, width.saturating_sub(hidden.len())))
        }
    };
    let mut lines = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let own = lane_of(row);
        let cause = row.cause.and_then(|(number, _)| rows.iter().find(|row| row.head.global_position == number));
        let from = cause.map(|cause| lane_of(cause)).filter(|from| *from != own);
        let cells = (first..names.len().min(first + fitting)).map(|lane| cell(lane, own, from, row, lane_width));
        lines.push((cells.collect(), style(theme, index == selected)));
    }
    (Some((title, theme.title)), lines)
}

/// Returns the part of a row in one lane.
fn cell(lane: usize, own: usize, from: Option<usize>, row: &TraceRow, width: usize) -> String {
    let dashes = |count: usize| "─".repeat(count);
    if lane == own {
        let (mark, back) = match from {
            Some(from) if from < own => ("▶", false),
            Some(_) => ("●", true),
            None => ("●", false),
        };
        let text = format!("{mark} {}", cut(&row.head.message_type, width.saturating_sub(4)));
        let used = crate::safe_text::SafeText::line(&text).width();
        return if back { format!("{text} ◀{}", dashes(width.saturating_sub(used + 2))) } else { fill(&text, width) };
    }
    match from {
        Some(from) if from == lane && from < own => format!("├{}", dashes(width - 1)),
        Some(from) if from == lane => fill("┤", width),
        Some(from) if (from.min(own)..from.max(own)).contains(&lane) => dashes(width),
        _ => fill("│", width),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ScreenSettings;
    use crate::app::tests::fake::{Fake, head};

    #[test]
    fn lanes_without_room_are_counted() {
        let mut fake = Fake::default();
        let message = |number: usize| fake.push(&format!("order-{number}"), "Placed", "{}", None);
        let row = |message| TraceRow { head: head(&message), depth: 0, cause: None, link: None, is_start: false };
        let rows: Vec<TraceRow> = (0..9).map(message).map(row).collect();
        let rows: Vec<&TraceRow> = rows.iter().collect();
        let theme = Theme::of(&ScreenSettings::default());
        for (selected, width, shown, hidden) in
            [(0, 80, "order-0", " +4"), (8, 80, "order-8", " +4"), (0, 135, "order-8", "")]
        {
            let (title, _) = lanes(&rows, selected, width, &theme).0.expect("a title");
            assert!(title.contains(shown) && title.trim_end().ends_with(hidden), "{title}");
            assert_eq!(title.contains('+'), !hidden.is_empty(), "{title}");
            assert!(title.chars().count() <= width, "{title}");
        }
    }
}
