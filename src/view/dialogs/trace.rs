//! The trace of a message over the lists, beside or above the message pane: as a tree, or with streams as columns and time
//! downward.

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;

use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::trace::{KEYS, TraceDialog};
use crate::app::keymap::DialogKind;
use crate::app::request::{Slot, Traces};
use crate::app::trace_view::TraceRow;
use crate::trace_text::{delay_text, tree_lines};
use crate::view::text::{cut, cut_middle, fill, whole_parts, wrap};
use crate::view::theme::Theme;
use crate::view::widgets::{frame_of, line_at, row_of, spinner};

/// The least and the greatest width of a lane.
const LANE: (usize, usize) = (14, 30);
/// The most lines of the report.
const REPORT: usize = 3;

/// Draws the trace.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &TraceDialog) {
    let outer = place(area, state);
    frame.render_widget(ratatui::widgets::Clear, outer);
    let about = match &dialog.of {
        Traces::CausesAndEffects => "Trace".to_owned(),
        Traces::Workflow(workflow) => format!("Workflow {}", workflow.value),
    };
    let lanes_or_not = if dialog.lanes { " · lanes" } else { "" };
    let title = format!(" {}{lanes_or_not} ", cut_middle(&about, usize::from(outer.width).saturating_sub(14)));
    let block = frame_of(title, true, theme);
    let inner = block.inner(outer);
    frame.render_widget(block, outer);
    let inner = inner.inner(Margin::new(u16::from(inner.width > 2), 0));
    let width = usize::from(inner.width);
    let report = report(state, dialog, width, theme.ascii);
    let foot = u16::try_from(report.len() + 1).unwrap_or(inner.height).min(inner.height);
    let body = Rect { height: inner.height - foot, ..inner };
    let rows = dialog.rows();
    let selected = dialog.selection(&rows);
    let lines =
        if dialog.lanes { lanes(&rows, selected, width, theme) } else { tree(dialog, &rows, selected, width, theme) };
    // The lanes begin with their names, and the tree with its absent cause, which both stay visible.
    let heading = lines.len() - rows.len();
    let height = usize::from(body.height);
    let first = first_in_view(selected, height.saturating_sub(heading));
    let (head, rest) = lines.split_at(heading);
    for (row, (line, style)) in (0..body.height).zip(head.iter().chain(rest.iter().skip(first))) {
        line_at(frame, body, row, &cut(line, width), *style);
    }
    let notes = Rect { y: body.y + body.height, height: foot, ..inner };
    for (row, (line, style)) in (0..foot.saturating_sub(1)).zip(&report) {
        line_at(frame, notes, row, line, if *style { theme.problem } else { theme.dim });
    }
    if foot > 0 {
        line_at(
            frame,
            row_of(notes, foot - 1),
            0,
            &whole_parts(&state.settings.keymap.hints(DialogKind::Trace, &KEYS), width),
            theme.key,
        );
    }
}

/// Returns the area of the lists: all of the screen but the message pane, the header and the footer.
fn place(area: Rect, state: &State) -> Rect {
    let layout = state.browser.layout();
    let (header, footer) = (layout.header.height, layout.footer.height);
    let body = Rect { y: area.y + header, height: area.height.saturating_sub(header + footer), ..area };
    let message = layout.pane(Pane::Message);
    if message.area() == 0 || message == body {
        body
    } else if message.height == body.height {
        Rect { width: message.x - body.x, ..body }
    } else {
        Rect { height: message.y - body.y, ..body }
    }
}

/// Returns the lines below the tree, and whether each tells of a failure.
fn report(state: &State, dialog: &TraceDialog, width: usize, ascii: bool) -> Vec<(String, bool)> {
    let mut lines: Vec<(String, bool)> = Vec::new();
    if let Some(problem) = &dialog.problem {
        lines.push((problem.clone(), true));
    }
    if state.requests.since(Slot::Trace).is_some() {
        lines.push((format!("{} searching …", spinner(state, ascii)), false));
    }
    lines.extend(dialog.view.iter().flat_map(|view| view.report.iter().map(|line| (line.clone(), false))));
    let wrapped = lines.into_iter().flat_map(|(line, problem)| {
        wrap(&line, width).into_iter().map(move |line| (line, problem)).collect::<Vec<_>>()
    });
    wrapped.take(REPORT).collect()
}

type Lines = Vec<(String, Style)>;

fn style(theme: &Theme, is_selected: bool) -> Style {
    if is_selected { theme.selected } else { Style::new() }
}

fn tree(dialog: &TraceDialog, rows: &[&TraceRow], selected: usize, width: usize, theme: &Theme) -> Lines {
    let mut lines: Lines = Vec::new();
    if let Some(missing) = dialog.view.as_ref().and_then(|view| view.missing.as_ref()) {
        lines.push((format!("  {missing} (missing)"), theme.warning));
    }
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
    lines
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
    let mut lines: Lines = vec![(title, theme.title)];
    for (index, row) in rows.iter().enumerate() {
        let own = lane_of(row);
        let cause = row.cause.and_then(|(number, _)| rows.iter().find(|row| row.head.global_position == number));
        let from = cause.map(|cause| lane_of(cause)).filter(|from| *from != own);
        let cells = (first..names.len().min(first + fitting)).map(|lane| cell(lane, own, from, row, lane_width));
        lines.push((cells.collect(), style(theme, index == selected)));
    }
    lines
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
