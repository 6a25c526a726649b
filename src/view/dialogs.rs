//! What is in front of the panes: prompts, palette, help, log, copy menu, namespace dialogs.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::header::spinner;
use super::lists::wrap;
use super::text::{cut, fill, full_count};
use super::theme::Theme;
use super::{compose, footer, frame_of, line_at, typed};
use crate::app::State;
use crate::app::dialog::Dialog;
use crate::app::input::Input;
use crate::app::keymap::{Action, Context};
use crate::app::namespaces::Stage;

/// Draws the dialog that is in front, if any.
pub fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let Some(dialog) = &state.dialog else { return };
    match dialog {
        Dialog::Find(prompt) => {
            let said = footer::find_said(state);
            prompt_line(frame, area, theme, "/", &prompt.input, &Ok(said.unwrap_or_default()));
        }
        Dialog::Filter(prompt) => {
            let hint = "words · type:T stream:PREFIX since:-2h until:TIME data:JSONPATH meta:JSONPATH";
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
            let inner = boxed(frame, area, theme, "Commands", 64, 18);
            typed::line(frame, row_of(inner, 0), "> ", &palette.input, true, theme.key);
            let height = usize::from(inner.height.saturating_sub(1)).max(1);
            let first = (palette.selected + 1).saturating_sub(height);
            for (line, (index, (title, key))) in rows.iter().enumerate().skip(first).take(height).enumerate() {
                let style = if index == palette.selected { theme.selected } else { Style::new() };
                let width = usize::from(inner.width);
                let text = format!(" {} {key} ", fill(title, width.saturating_sub(key.chars().count() + 3)));
                line_at(frame, inner, 1 + u16::try_from(line).unwrap_or(u16::MAX - 1), &text, style);
            }
        }
        Dialog::Help(first) => help(frame, area, state, theme, *first),
        Dialog::Log(back) => log(frame, area, state, theme, *back),
        Dialog::Copy(menu) => {
            let height = u16::try_from(menu.entries.len()).unwrap_or(u16::MAX).saturating_add(3);
            let inner = boxed(frame, area, theme, "Copy", 60, height);
            for (line, (letter, what, text)) in menu.entries.iter().enumerate() {
                let line = u16::try_from(line).unwrap_or(u16::MAX);
                let text = format!(" {letter}  {}  {text}", fill(what, 16));
                line_at(frame, inner, line, &cut(&text, usize::from(inner.width)), Style::new());
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
            let keys = "tab next field · enter creates · esc gives up";
            let (note, style) = how_far(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
            notes(frame, inner, 3, &note, style);
        }
        Dialog::Token(dialog) => {
            let inner = boxed(frame, area, theme, "The namespace is there", 92, 10);
            let width = usize::from(inner.width);
            line_at(frame, inner, 0, &cut(&format!("namespace {}", dialog.created.info.id), width), Style::new());
            notes(frame, inner, 2, "Its token is shown this one time. Only its hash is kept.", theme.warning);
            let token: Vec<char> = dialog.created.token.chars().collect();
            for (row, part) in token.chunks(width.max(1)).enumerate() {
                let part: String = part.iter().collect();
                line_at(frame, inner, 4 + u16::try_from(row).unwrap_or(0), &part, theme.key);
            }
            let last = inner.height.saturating_sub(1);
            line_at(frame, inner, last, "y copies it · enter closes", theme.dim);
        }
        Dialog::DeleteNamespace(dialog) => {
            let inner = boxed(frame, area, theme, "Delete a namespace", 70, 9);
            let width = usize::from(inner.width);
            let messages = dialog.messages.map_or_else(|| "counting …".to_owned(), full_count);
            let text = format!("{} and its messages ({messages}) will be gone for good.", dialog.id);
            line_at(frame, inner, 0, &cut(&text, width), theme.problem);
            line_at(frame, inner, 2, &cut(&format!("Type {} to delete it:", dialog.id), width), Style::new());
            let has_cursor = dialog.stage == Stage::Typing;
            typed::line(frame, row_of(inner, 3), "> ", &dialog.input, has_cursor, theme.key);
            let keys = "enter deletes · esc gives up";
            let (note, style) = how_far(state, theme, dialog.stage, dialog.problem.as_deref(), keys);
            notes(frame, inner, 5, &note, style);
        }
    }
}

/// A box in the middle, emptied; gives its inside.
pub(super) fn boxed(frame: &mut Frame, area: Rect, theme: &Theme, title: &str, width: u16, height: u16) -> Rect {
    let width = width.min(area.width);
    let height = height.min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 3, width, height };
    frame.render_widget(Clear, outer);
    let block = frame_of(format!(" {title} "), true, theme);
    let inner = block.inner(outer);
    frame.render_widget(block, outer);
    inner
}

/// Text of several lines from a row on, in our own or the server's words.
fn notes(frame: &mut Frame, area: Rect, row: u16, text: &str, style: Style) {
    let width = usize::from(area.width);
    for (line, text) in wrap(&cut(text, 2_000), width).into_iter().enumerate() {
        line_at(frame, area, row + u16::try_from(line).unwrap_or(u16::MAX - row), &text, style);
    }
}

/// How far creating or deleting a namespace is, else why it was not done, else the keys.
fn how_far(state: &State, theme: &Theme, stage: Stage, problem: Option<&str>, keys: &str) -> (String, Style) {
    match (stage, problem) {
        (Stage::Working, _) => (format!("{} working …", spinner(state, theme.ascii)), theme.warning),
        (Stage::Confirming, _) => {
            let name = &state.setup.profile.name;
            (format!("This is {name}: press upper-case Y to create it, any other key to go on editing"), theme.problem)
        }
        (Stage::Typing, Some(problem)) => (problem.to_owned(), theme.problem),
        (Stage::Typing, None) => (keys.to_owned(), theme.dim),
    }
}

/// One row of an area; empty where there is none.
fn row_of(area: Rect, row: u16) -> Rect {
    Rect { y: area.y.saturating_add(row), height: u16::from(row < area.height), ..area }
}

/// A prompt in the last line, with what it understood in the line above.
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
        line_at(frame, above, 0, &fill(&format!(" {text}"), width), style);
    }
}

/// Every action with its keys, from the live key map.
fn help(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, first: usize) {
    let inner = boxed(frame, area, theme, "Keys", 72, area.height);
    let mut lines: Vec<Line> = Vec::new();
    for (context, title) in [
        (Context::Anywhere, "Everywhere"),
        (Context::Namespaces, "In the namespaces pane"),
        (Context::Streams, "In the streams pane"),
        (Context::Messages, "In the messages pane"),
        (Context::Message, "In the message pane"),
    ] {
        let bound: Vec<Action> = Action::ALL
            .iter()
            .copied()
            .filter(|action| state.setup.keymap.bindings().iter().any(|(c, _, a)| *c == context && a == action))
            .collect();
        if bound.is_empty() {
            continue;
        }
        lines.push(Line::styled(title, theme.title));
        for action in bound {
            let keys: Vec<String> = state
                .setup
                .keymap
                .bindings()
                .iter()
                .filter(|(c, _, a)| *c == context && *a == action)
                .map(|(_, key, _)| key.to_string())
                .collect();
            lines.push(Line::from(vec![
                Span::styled(fill(&format!("  {}", keys.join(" ")), 18), theme.key),
                Span::raw(action.title()),
            ]));
        }
        lines.push(Line::default());
    }
    lines.push(Line::raw("In the list: ? not settled yet · + came in late"));
    lines.push(Line::raw("In the compose dialog: ctrl-s writes, esc keeps the draft, ctrl-g gives it"));
    lines.push(Line::raw("up, ctrl-o opens another one, ctrl-e $EDITOR, ctrl-f formats, ctrl-n ctrl-p"));
    lines.push(Line::raw("choose what is offered; without an id the message gets a new one"));
    let first = first.min(lines.len().saturating_sub(usize::from(inner.height)));
    for (row, line) in lines.into_iter().skip(first).take(usize::from(inner.height)).enumerate() {
        let row = u16::try_from(row).unwrap_or(0);
        frame.render_widget(line, Rect { y: inner.y + row, height: 1, ..inner });
    }
}

/// What went wrong and what was done, the newest at the bottom.
fn log(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, back: usize) {
    let inner = boxed(frame, area, theme, "Log", area.width.saturating_sub(4), area.height.saturating_sub(2));
    let width = usize::from(inner.width);
    if state.notices.log().is_empty() {
        line_at(frame, inner, 0, "nothing happened so far", theme.dim);
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
