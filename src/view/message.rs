//! The selected message: its facts, then its data and metadata as a tree, as formatted or as raw text. The size of a body
//! never slows drawing down, because only visible rows are formatted.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::messages::server_now;
use super::text::{cut, fill, size, whole_parts, words, wrap};
use super::theme::Theme;
use super::widgets::{frame_of, line_at, spinner};
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::message::{Body, FACTS, Form, Open, Part};
use crate::app::request::Slot;
use crate::app::text_search::contains;
use crate::json::document::{Document, Kind};
use crate::message::{MessageHead, Size};
use crate::numbers::grouped;

/// The most characters of a value that a line is built from. More would be cut off anyway.
const PREVIEW: usize = 4_000;

/// The width that a value has at least.
const VALUE: usize = 8;

/// Draws the pane.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let focused = state.browser.focus == Pane::Message;
    let form = match state.browser.message.form {
        Form::Tree => "",
        Form::Pretty => " · pretty",
        Form::Raw => " · raw",
    };
    let title = match state.browser.message.head() {
        Some(head) => format!(" Message {}{form} ", head.position),
        None => " Message ".to_owned(),
    };
    let block = frame_of(title, focused, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(head) = state.browser.message.head() else { return };
    let width = usize::from(inner.width);
    for (row, (name, value)) in facts(head, state).into_iter().enumerate() {
        let row = u16::try_from(row).unwrap_or(u16::MAX);
        let value = if name == "type" { whole_parts(&value, width.saturating_sub(8)) } else { value };
        line_at(frame, inner, row, &fill(&format!("{name:<8}{value}"), width), theme.dim);
    }
    let facts = u16::try_from(FACTS).unwrap_or(u16::MAX);
    let Some(height) = inner.height.checked_sub(facts) else { return };
    let body = Rect { y: inner.y + facts, height, ..inner };
    match &state.browser.message.open {
        Some(open) => lines(frame, body, state, theme, open, focused),
        None => waiting(frame, body, state, theme, head),
    }
}

/// Returns the facts that are known without the body.
fn facts(head: &MessageHead, state: &State) -> [(&'static str, String); 4] {
    let zone_now = server_now(state);
    let whole = state.browser.message.open.as_ref().and_then(|open| open.message.flaw.as_ref());
    let flaw = whole.or(head.flaw.as_ref());
    [
        ("type", format!("{} · {}", head.message_type, sizes(head, state))),
        ("stream", format!("{} @ {} (global {})", head.stream, head.position, head.global_position)),
        ("time", state.settings.times.full(head.time, zone_now)),
        ("id", flaw.map_or_else(|| head.id.to_string(), |flaw| format!("{} · {flaw}", head.id))),
    ]
}

/// Returns the size of the data, and of the metadata once it is loaded.
fn sizes(head: &MessageHead, state: &State) -> String {
    let bytes = |number: u64| if number == 1 { "1 byte".to_owned() } else { format!("{} bytes", grouped(number)) };
    let data = match head.size {
        Size::Text(length) => format!("data {}", bytes(length)),
        stored @ Size::Stored(_) => format!("data {}", size(stored)),
    };
    match state.browser.message.whole().and_then(|message| message.metadata.as_deref()) {
        Some(metadata) => format!("{data} · metadata {}", bytes(metadata.len() as u64)),
        None => data,
    }
}

/// Draws the error that the body could not be read for, or the beginning of the data until the body is there.
fn waiting(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, head: &MessageHead) {
    let width = usize::from(area.width);
    if let Some(error) = &state.browser.message.error {
        for (row, line) in wrap(&cut(error, 1_000), width).into_iter().enumerate() {
            line_at(frame, area, u16::try_from(row).unwrap_or(u16::MAX), &line, theme.problem);
        }
    } else if state.requests.since(Slot::Message).is_some() {
        line_at(frame, area, 0, &spinner(state, theme.ascii).to_string(), theme.dim);
        for (row, line) in wrap(&cut(&head.preview, PREVIEW), width).into_iter().enumerate() {
            line_at(frame, area, u16::try_from(row + 1).unwrap_or(u16::MAX), &line, theme.dim);
        }
    }
}

fn lines(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, open: &Open, focused: bool) {
    let pane = &state.browser.message;
    let find = state.browser.find_in(Pane::Message).filter(|_| focused);
    for row in 0..area.height {
        let line = pane.top() + usize::from(row);
        if line >= pane.lines() {
            break;
        }
        let at = Rect { y: area.y + row, height: 1, ..area };
        let selected = line == pane.selected();
        let shown = match pane.form {
            Form::Tree => tree_line(state, theme, open, line, usize::from(area.width)),
            _ => text_line(open.text.row(line).unwrap_or_default(), theme, usize::from(area.width)),
        };
        let matched = find.is_some_and(|find| shown.spans.iter().any(|span| contains(&span.content, find)));
        let style = match (selected && focused, matched) {
            (true, _) => theme.selected,
            (false, true) => theme.matched,
            (false, false) => Style::new(),
        };
        frame.render_widget(shown.style(style), at);
    }
}

fn text_line(text: &str, theme: &Theme, width: usize) -> Line<'static> {
    let heading = text == "data" || text == "metadata";
    Line::styled(fill(text, width), if heading { theme.title } else { Style::new() })
}

/// Returns the first [`PREVIEW`] characters of a text.
fn head_of(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

fn tree_line(state: &State, theme: &Theme, open: &Open, line: usize, width: usize) -> Line<'static> {
    let Some((part, line_in_part)) = state.browser.message.line(line) else { return Line::default() };
    let (title, body) = match part {
        Part::Data => ("data", &open.data),
        Part::Metadata => ("metadata", &open.metadata),
    };
    match body {
        Body::Null => Line::from(vec![
            Span::styled(format!("  {title}: "), theme.title),
            Span::styled("NULL", theme.json.literal),
        ]),
        Body::Text(text, why) => {
            let why = words(&format!("not shown as a tree: {why}"), width.saturating_sub(title.len() + 5)) + " ";
            let room = width.saturating_sub(title.len() + 4 + why.chars().count());
            Line::from(vec![
                Span::styled(format!("  {title}: "), theme.title),
                Span::styled(why, theme.warning),
                Span::raw(cut(&head_of(text), room)),
            ])
        }
        Body::Tree(document) => match document.at_line(line_in_part) {
            Some(row) => document_line(state, theme, document, row, title, line, width),
            None => Line::default(),
        },
    }
}

/// Returns a row of the tree: fold mark, name and value. A folded container shows the beginning of its content.
fn document_line(
    state: &State,
    theme: &Theme,
    document: &Document,
    index: usize,
    title: &str,
    line: usize,
    width: usize,
) -> Line<'static> {
    let Some(row) = document.row(index) else { return Line::default() };
    // Deep rows keep half of the width for their content.
    let indent = usize::try_from(row.depth).unwrap_or(usize::MAX).saturating_mul(2).min(width / 2);
    let mark = match (row.is_container(), row.is_folded(), theme.ascii) {
        (false, ..) => " ",
        (true, true, false) => "▸",
        (true, false, false) => "▾",
        (true, true, true) => "+",
        (true, false, true) => "-",
    };
    let parent_is_array =
        document.parent(index).and_then(|parent| document.row(parent)).is_some_and(|parent| parent.kind == Kind::Array);
    let name = match (row.depth, parent_is_array) {
        (0, _) => title.to_owned(),
        (_, true) => row.index.to_string(),
        _ => crate::json::string_value(document.key(index)).unwrap_or_else(|| document.key(index).to_owned()),
    };
    let name_style = match (row.depth, parent_is_array) {
        (0, _) => theme.title,
        (_, true) => theme.dim,
        _ => theme.json.key,
    };
    // The beginning of the value stays visible beside a long name.
    let name = cut(&head_of(&name), width.saturating_sub(indent + 4 + VALUE).max(1));
    let mut spans =
        vec![Span::raw(" ".repeat(indent)), Span::raw(mark), Span::raw(" "), Span::styled(name, name_style)];
    let room = |spans: &[Span]| width.saturating_sub(spans.iter().map(Span::width).sum());
    let value = head_of(document.value(index));
    match row.kind {
        Kind::Object | Kind::Array if row.is_container() => {
            let count = match row.kind {
                Kind::Object => format!(" {{{}}}", row.children),
                _ => format!(" [{}]", row.children),
            };
            spans.push(Span::styled(count, theme.dim));
            if row.is_folded() {
                let start = cut(&value, room(&spans).saturating_sub(1));
                spans.push(Span::styled(format!(" {start}"), theme.dim));
            }
        }
        kind => {
            spans.push(Span::raw(": "));
            let link = state.browser.message.link_at(line);
            let style = match (kind, &link) {
                (_, Some(_)) => theme.json.link,
                (Kind::String, None) => theme.json.string,
                (Kind::Number, None) => theme.json.number,
                _ => theme.json.literal,
            };
            if link.is_some() {
                spans.push(Span::styled(if theme.ascii { "-> " } else { "⇢ " }, theme.json.link));
            }
            let value = cut(&value, room(&spans));
            spans.push(Span::styled(value, style));
        }
    }
    Line::from(spans)
}
