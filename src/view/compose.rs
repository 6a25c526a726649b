//! The compose dialog: six fields, what is wrong with them, completions; after a conflict what was written since beside it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget as _;

use super::dialogs::boxed;
use super::frame_of;
use super::header::spinner;
use super::line_at;
use super::text::{cut, fill};
use super::theme::Theme;
use crate::app::State;
use crate::app::compose::{Compose, Conflict, Field, Stage};

/// Draws the dialog.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, compose: &Compose) {
    let width = area.width.saturating_sub(area.width / 8).max(area.width.min(60));
    let height = area.height.saturating_sub(area.height / 8).max(area.height.min(20));
    let inner =
        boxed(frame, area, theme, &cut(&format!("Write a message into {}", compose.namespace), 60), width, height);
    let (form, side) = match &compose.stage {
        Stage::Conflict(_) if inner.width >= 90 => {
            let half = inner.width / 2;
            let side = Rect { x: inner.x + half, width: inner.width - half, ..inner };
            (Rect { width: half, ..inner }, Some(side))
        }
        // With no room beside it, what was written since covers the draft, which stays as it is.
        Stage::Conflict(_) => (Rect { height: 0, ..inner }, Some(inner)),
        _ => (inner, None),
    };
    fields(frame, form, state, theme, compose);
    if let (Some(side), Stage::Conflict(conflict)) = (side, &compose.stage) {
        since(frame, side, state, theme, conflict);
    }
}

fn fields(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, compose: &Compose) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    for (row, field) in Field::ALL[..4].iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(0);
        let input = &compose.lines[*field as usize];
        let current = compose.field == *field;
        let wrong = compose.wrong(*field).filter(|_| !input.text().is_empty());
        let style = match (current, wrong.is_some()) {
            (_, true) => theme.problem,
            (true, false) => theme.key,
            (false, false) => Style::new(),
        };
        let note = wrong.map(|wrong| format!("  ✗ {wrong}")).unwrap_or_default();
        line_at(frame, area, row, &cut(&format!("{} {}{note}", fill(field.title(), 17), input.text()), width), style);
        if current && matches!(compose.stage, Stage::Editing) {
            let before: String = input.text().chars().take(input.cursor()).collect();
            let x = 18 + crate::safe_text::SafeText::line(&before).width();
            let x = u16::try_from(x).unwrap_or(u16::MAX).min(area.width.saturating_sub(1));
            frame.set_cursor_position((area.x + x, area.y + row));
        }
    }
    let body = Rect { y: area.y + 4, height: area.height.saturating_sub(6), ..area };
    let data_height = body.height - body.height / 3;
    let data = Rect { height: data_height, ..body };
    let metadata = Rect { y: body.y + data_height, height: body.height - data_height, ..body };
    editor(frame, data, theme, compose, Field::Data);
    editor(frame, metadata, theme, compose, Field::Metadata);
    completions(frame, area, theme, compose);
    let bottom = area.height.saturating_sub(2);
    let (text, style) = match (&compose.stage, &compose.problem) {
        (Stage::Writing, _) => (format!("{} writing …", spinner(state, theme.ascii)), theme.warning),
        (Stage::Confirming, _) => {
            let name = &state.setup.profile.name;
            (format!("This is {name}: press upper-case Y to write, any other key to go on editing"), theme.problem)
        }
        (_, Some(problem)) => (problem.clone(), theme.problem),
        (Stage::Conflict(conflict), None) => {
            let actual = conflict.actual.map_or_else(|| "none".to_owned(), |version| version.to_string());
            (format!("conflict: expected {}, but the stream is at {actual}", conflict.expected), theme.problem)
        }
        (Stage::Editing, None) => (String::new(), theme.dim),
    };
    line_at(frame, area, bottom, &cut(&text, width), style);
    let keys = match &compose.stage {
        Stage::Conflict(_) => "t takes the new version · e edits · x gives the draft up",
        _ => "ctrl-s writes · tab next field · ctrl-e $EDITOR · ctrl-f formats · esc keeps the draft",
    };
    line_at(frame, area, bottom + 1, &cut(keys, width), theme.dim);
}

fn editor(frame: &mut Frame, area: Rect, theme: &Theme, compose: &Compose, field: Field) {
    if area.height < 3 {
        return;
    }
    let current = compose.field == field;
    let title = match compose.wrong(field) {
        Some(wrong) => format!(" {} ✗ {wrong} ", field.title()),
        None => format!(" {} ", field.title()),
    };
    let block = frame_of(cut(&title, usize::from(area.width.saturating_sub(2))), current, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let mut area_widget = if field == Field::Data { compose.data.clone() } else { compose.metadata.clone() };
    if !current || !matches!(compose.stage, Stage::Editing) {
        area_widget.set_cursor_style(Style::new());
    }
    area_widget.set_cursor_line_style(Style::new());
    area_widget.set_line_number_style(theme.dim);
    area_widget.render(inner, frame.buffer_mut());
}

fn completions(frame: &mut Frame, area: Rect, theme: &Theme, compose: &Compose) {
    let row = match compose.field {
        Field::Stream => 1,
        Field::Type => 2,
        _ => return,
    };
    for (line, name) in compose.completions.iter().enumerate() {
        let style = if line == 0 { theme.selected } else { theme.dim };
        let at = Rect { x: area.x + 18.min(area.width), width: area.width.saturating_sub(18), ..area };
        let hint = if line == 0 { "  (tab)" } else { "" };
        let text = fill(&format!("{name}{hint}"), usize::from(at.width.min(48)));
        line_at(frame, at, row + u16::try_from(line).unwrap_or(u16::MAX - row), &text, style);
    }
}

/// What was written since the version that the draft expected.
fn since(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, conflict: &Conflict) {
    let block = frame_of(" written since ".to_owned(), false, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let last = inner.height.saturating_sub(1);
    line_at(frame, inner, last, &cut("t takes the new version · e edits · x gives up", width), theme.key);
    let Some(messages) = &conflict.since else {
        line_at(frame, inner, 0, &format!("{} reading …", spinner(state, theme.ascii)), theme.dim);
        return;
    };
    if messages.is_empty() {
        line_at(
            frame,
            inner,
            0,
            &cut("nothing: the stream does not have the version that was expected", width),
            theme.dim,
        );
    }
    let mut row = 0;
    for message in messages {
        if row + 1 >= last {
            break;
        }
        let time = state.times.short(message.time, state.now);
        let head = format!("{} {} {}", message.position, time, message.message_type);
        line_at(frame, inner, row, &cut(&head, width), theme.title);
        let data = message.data.as_deref().unwrap_or("null");
        line_at(frame, inner, row + 1, &cut(&format!("  {data}"), width), Style::new());
        row += 2;
    }
}
