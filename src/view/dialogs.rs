//! The dialogs in front of the panes: prompts, palette, help, log, copy menu and namespace dialogs. Their keys are handled
//! elsewhere.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Clear;

use super::header::spinner;
use super::lists::wrap;
use super::text::{cut, fill, full_count, whole_parts, words};
use super::theme::Theme;
use super::{compose, footer, frame_of, line_at, typed};
use crate::app::State;
use crate::app::dialogs::Dialog;
use crate::app::dialogs::help::{Help, Row};
use crate::app::dialogs::namespaces::Stage;
use crate::app::input::Input;

/// Draws the open dialog, if there is one.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let Some(dialog) = &state.dialog else { return };
    match dialog {
        Dialog::Find(prompt) => {
            let said = footer::find_said(state);
            prompt_line(frame, area, theme, "/", &prompt.input, &Ok(said.unwrap_or_default()));
        }
        Dialog::Filter(prompt) => {
            let hint = "words · type:T · since:-2h · until:TIME · stream:PREFIX · data:JSONPATH · meta:JSONPATH";
            let note = prompt.understood.as_ref().map_err(Clone::clone);
            let note = note.map(|words| words.as_ref().map_or(hint.to_owned(), |words| format!("→ {words}")));
            prompt_line(frame, area, theme, "&", &prompt.input, &note);
        }
        Dialog::GoTo(prompt) => {
            let note = prompt.understood.as_ref().map(|target| format!("→ {target}")).map_err(Clone::clone);
            prompt_line(frame, area, theme, ":", &prompt.input, &note);
        }
        Dialog::Palette(palette) => {
            let rows: Vec<(String, String)> = palette
                .matches
                .iter()
                .map(|action| (action.title().to_owned(), state.setup.keymap.key(*action)))
                .collect();
            let inner = boxed(frame, area, theme, "Commands", 78, 18);
            typed::line(frame, row_of(inner, 0), "> ", &palette.input, true, theme.key);
            let height = usize::from(inner.height.saturating_sub(1)).max(1);
            let first = (palette.selected + 1).saturating_sub(height);
            for (line, (index, (title, key))) in rows.iter().enumerate().skip(first).take(height).enumerate() {
                let style = if index == palette.selected { theme.selected } else { Style::new() };
                let width = usize::from(inner.width);
                let room = width.saturating_sub(key.chars().count() + 3);
                let text = format!(" {} {key} ", fill(&words(title, room), room));
                line_at(frame, inner, 1 + u16::try_from(line).unwrap_or(u16::MAX - 1), &text, style);
            }
        }
        Dialog::Help(help) => help_dialog(frame, area, theme, help),
        Dialog::Log(back) => log(frame, area, state, theme, *back),
        Dialog::Copy(menu) => {
            let height = u16::try_from(menu.entries.len()).unwrap_or(u16::MAX).saturating_add(3);
            let inner = boxed(frame, area, theme, "Copy", 60, height);
            for (line, (letter, what, text)) in menu.entries.iter().enumerate() {
                let line = u16::try_from(line).unwrap_or(u16::MAX);
                let name = format!(" {letter}  {}  ", fill(what, 16));
                let room = usize::from(inner.width).saturating_sub(name.chars().count());
                line_at(frame, inner, line, &format!("{name}{}", words(text, room)), Style::new());
            }
        }
        Dialog::Compose(dialog) => compose::draw(frame, area, state, theme, dialog),
        Dialog::CreateNamespace(dialog) => {
            let inner = boxed(frame, area, theme, "Create a namespace", 64, 8);
            let mark = |on: bool| if on { theme.key } else { Style::new() };
            for (row, title, input, on) in [
                (0, "id           ", &dialog.id, !dialog.on_description),
                (1, "description  ", &dialog.description, dialog.on_description),
            ] {
                let has_cursor = on && dialog.stage == Stage::Typing;
                typed::line(frame, row_of(inner, row), title, input, has_cursor, mark(on));
            }
            let keys = "Enter create · Tab next field · Esc close";
            let (note, style) = how_far(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
            notes(frame, inner, 3, &note, style);
        }
        Dialog::Token(dialog) => {
            let inner = boxed(frame, area, theme, "Namespace created", 92, 10);
            let width = usize::from(inner.width);
            line_at(frame, inner, 0, &cut(&format!("Namespace {}", dialog.created.info.id), width), Style::new());
            notes(
                frame,
                inner,
                2,
                "Copy the token now. It is shown only once, because only its hash is stored.",
                theme.warning,
            );
            let token: Vec<char> = dialog.created.token.chars().collect();
            for (row, part) in token.chunks(width.max(1)).enumerate() {
                let part: String = part.iter().collect();
                line_at(frame, inner, 4 + u16::try_from(row).unwrap_or(0), &part, theme.key);
            }
            let last = inner.height.saturating_sub(1);
            line_at(frame, inner, last, "y copy · Enter close", theme.dim);
        }
        Dialog::DeleteNamespace(dialog) => {
            let inner = boxed(frame, area, theme, "Delete a namespace", 78, 10);
            let messages = match dialog.messages {
                None => "all its messages (counting …)".to_owned(),
                Some(1) => "its 1 message".to_owned(),
                Some(messages) => format!("its {} messages", full_count(messages)),
            };
            let text = format!("This permanently deletes {} and {messages}.", dialog.id);
            notes(frame, Rect { height: inner.height.min(2), ..inner }, 0, &text, theme.problem);
            let text = format!("Type {} to confirm:", dialog.id);
            notes(frame, Rect { height: inner.height.min(4), ..inner }, 2, &text, Style::new());
            let has_cursor = dialog.stage == Stage::Typing;
            typed::line(frame, row_of(inner, 4), "> ", &dialog.input, has_cursor, theme.key);
            let keys = "Enter delete · Esc close";
            let (note, style) = how_far(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
            notes(frame, inner, 6, &note, style);
        }
    }
}

/// Draws an empty box in the middle and returns its inner area.
pub(super) fn boxed(frame: &mut Frame, area: Rect, theme: &Theme, title: &str, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    frame.render_widget(Clear, outer);
    let title = whole_parts(title, usize::from(width.saturating_sub(4)));
    let block = frame_of(format!(" {title} "), true, theme);
    let inner = block.inner(outer);
    frame.render_widget(block, outer);
    inner
}

/// Draws text from a row on, wrapped at spaces.
fn notes(frame: &mut Frame, area: Rect, row: u16, text: &str, style: Style) {
    let width = usize::from(area.width);
    for (line, text) in wrap(&cut(text, 2_000), width).into_iter().enumerate() {
        line_at(frame, area, row + u16::try_from(line).unwrap_or(u16::MAX - row), &text, style);
    }
}

/// Returns the progress of creating or deleting a namespace, or its problem, or the keys.
fn how_far(state: &State, theme: &Theme, stage: Stage, problem: Option<&str>, keys: &str) -> (String, Style) {
    match (stage, problem) {
        (Stage::Working, _) => (format!("{} working …", spinner(state, theme.ascii)), theme.warning),
        (Stage::Confirming, _) => {
            let name = &state.setup.profile.name;
            (format!("This is {name}: press upper-case Y to create it, any other key to keep editing."), theme.problem)
        }
        (Stage::Typing, Some(problem)) => (problem.to_owned(), theme.problem),
        (Stage::Typing, None) => (keys.to_owned(), theme.dim),
    }
}

/// Returns one row of an area, which is empty if the area has too few.
fn row_of(area: Rect, row: u16) -> Rect {
    Rect { y: area.y.saturating_add(row), height: u16::from(row < area.height), ..area }
}

/// Draws a prompt in the last line, and its interpretation or its problem in the line above.
fn prompt_line(
    frame: &mut Frame,
    area: Rect,
    theme: &Theme,
    prefix: &str,
    input: &Input,
    note: &Result<String, String>,
) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let line = Rect { y: area.y + area.height - 1, height: 1, ..area };
    frame.render_widget(Clear, line);
    typed::line(frame, line, prefix, input, true, theme.key);
    if area.height >= 2 {
        let above = Rect { y: line.y - 1, ..line };
        let (text, style) = match note {
            Ok(text) => (text, theme.dim),
            Err(text) => (text, theme.problem),
        };
        frame.render_widget(Clear, above);
        line_at(frame, above, 0, &fill(&format!(" {}", whole_parts(text, width.saturating_sub(1))), width), style);
    }
}

/// Draws every action with its keys. The selected one is visible, and the last line shows the keys of the help itself.
fn help_dialog(frame: &mut Frame, area: Rect, theme: &Theme, help: &Help) {
    let inner = boxed(frame, area, theme, "Help", 78, area.height);
    let width = usize::from(inner.width);
    let keys_width = help.rows.iter().map(|row| if let Row::Keys(keys, _) = row { keys.chars().count() } else { 0 });
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
            Row::Heading(title) => {
                if index > 0 {
                    lines.push((String::new(), Style::new()));
                }
                lines.push((words(title, width), theme.title));
            }
            Row::Note(note) => {
                let note = wrap(note, width.saturating_sub(2));
                lines.extend(note.iter().map(|line| (fill(&format!("  {line}"), width), style)));
            }
            Row::Keys(keys, action) => {
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
    if lines.is_empty() {
        line_at(frame, inner, 0, &words("No key or action contains this text", width), theme.dim);
    }
    let last = row_of(inner, inner.height.saturating_sub(1));
    match &help.filter {
        Some(input) => typed::line(frame, last, "/", input, true, theme.key),
        None => line_at(frame, last, 0, &whole_parts("Enter run · / filter · Esc close", width), theme.dim),
    }
}

/// Draws the log, newest line at the bottom.
fn log(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, back: usize) {
    let inner =
        boxed(frame, area, theme, "Log · Esc close", area.width.saturating_sub(4), area.height.saturating_sub(2));
    let width = usize::from(inner.width);
    if state.notices.log().is_empty() {
        line_at(frame, inner, 0, "Nothing logged yet", theme.dim);
        return;
    }
    let mut lines: Vec<(String, Style)> = Vec::new();
    for notice in state.notices.log() {
        let style = if notice.problem { theme.problem } else { Style::new() };
        let time = state.times.short(notice.time, state.now);
        for line in wrap(&cut(&format!("{time} {}", notice.text), 4_000), width) {
            lines.push((line, style));
        }
    }
    let height = usize::from(inner.height);
    let end = lines.len().saturating_sub(back.min(lines.len().saturating_sub(height)));
    let shown = &lines[end.saturating_sub(height)..end];
    for (row, (text, style)) in shown.iter().enumerate() {
        line_at(frame, inner, u16::try_from(row).unwrap_or(0), &cut(text, width), *style);
    }
}
