//! The selected message: its facts, then its data and metadata as a tree, as formatted or as raw text. The size of a
//! body never slows drawing down, because only visible rows are formatted.

use std::ops::Range;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::messages::server_now;
use super::text::{cut, cut_middle, fill, size, whole_parts, words};
use super::theme::Theme;
use super::widgets::{explain, frame_of, line_at, paragraph_from, spinner_of};
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::message::{Body, Form, Open, Part};
use crate::app::browser::node::{Node, NodeName, head_of};
use crate::app::browser::wrapped::Wrapped;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::app::text_search::contains;
use crate::json::document::Kind;
use crate::json::pretty_line::{PrettyPart, parts_of};
use crate::message::{MessageHead, Size};
use crate::numbers::grouped;
use crate::safe_text::SafeText;
use crate::wrapping::{BETWEEN, wrap_parts};

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
    let pane = &state.browser.message;
    let rows = pane.fact_rows();
    draw_facts(
        frame,
        Rect { height: inner.height.min(cells(pane.link_row().unwrap_or(rows))), ..inner },
        state,
        theme,
        head,
    );
    let Some(height) = inner.height.checked_sub(cells(rows)) else { return };
    draw_links(frame, inner, state, theme, focused);
    let body = Rect { y: inner.y + cells(rows), height, ..inner };
    match &state.browser.message.open {
        Some(open) => lines(frame, body, state, theme, open, focused),
        None => waiting(frame, body, state, theme, head),
    }
}

fn cells(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// The width that an ID has at least, before what cannot be read is cut.
const SHORT_ID: usize = 9;
/// The width that a name of a stream has at least, before the global position takes room.
const STREAM: usize = 12;

/// Draws the facts that are known without the body: one in each row, or as many as fit into a low pane.
fn draw_facts(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, head: &MessageHead) {
    let width = usize::from(area.width);
    let facts = facts(head, state);
    if state.browser.message.is_roomy() {
        for (row, (name, value)) in (0..).zip(facts) {
            let room = width.saturating_sub(8);
            let value = match name {
                "type" => whole_parts(&value, room),
                "stream" => stream_fact(head, room),
                "id" => id_fact(&value, room),
                // Without the fractions of its second, the time still names its zone.
                _ if SafeText::line(&value).width() > room => without_fraction(&value),
                _ => value,
            };
            line_at(frame, area, row, &fill(&format!("{name:<8}{value}"), width), theme.dim);
        }
        return;
    }
    // The title has the position.
    let [(_, type_and_sizes), _, (_, time), (_, id)] = facts;
    let stream = cut_middle(head.stream.as_str(), width);
    let text = format!("{type_and_sizes} · global {} · {time} · {stream} · {id}", head.global_position);
    for (row, line) in (0..area.height).zip(wrap_parts(&text, width)) {
        line_at(frame, area, row, &line, theme.dim);
    }
}

/// Returns a time without the fraction of its second: `2026-03-01 12:00:00 UTC`.
fn without_fraction(time: &str) -> String {
    let Some((seconds, rest)) = time.split_once('.') else { return time.to_owned() };
    format!("{seconds}{}", rest.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Returns the stream and the place of the message in it. A long name is shortened in its middle, and the global
/// position needs room.
fn stream_fact(head: &MessageHead, width: usize) -> String {
    let (position, global) = (format!(" @ {}", head.position), format!(" (global {})", head.global_position));
    let name = SafeText::line(head.stream.as_str()).width().min(STREAM);
    let has_room = name + position.len() + global.len() <= width;
    let place = if has_room { position + &global } else { position };
    format!("{}{place}", cut_middle(head.stream.as_str(), width.saturating_sub(place.len()).max(8)))
}

/// Returns the ID, and what cannot be read of the message. The ID is shortened in its middle, and makes room for the
/// rest first.
fn id_fact(fact: &str, width: usize) -> String {
    let Some((id, flaw)) = fact.split_once(BETWEEN) else { return cut_middle(fact, width) };
    let room = width.saturating_sub(BETWEEN.width() + SafeText::line(flaw).width());
    words(&format!("{}{BETWEEN}{flaw}", cut_middle(id, room.max(SHORT_ID))), width)
}

/// Draws the line of links to other messages below the facts.
fn draw_links(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, focused: bool) {
    let pane = &state.browser.message;
    let (Some(links), Some(row)) = (&pane.links, pane.link_row()) else { return };
    let mut spans = Vec::new();
    for (index, (_, text)) in links.parts(usize::from(area.width), theme.ascii).into_iter().enumerate() {
        if index > 0 {
            spans.push(Span::styled(BETWEEN, theme.dim));
        }
        let is_selected = focused && pane.selected_link() == Some(index);
        spans.push(Span::styled(
            SafeText::line(&text).to_string(),
            if is_selected { theme.selected } else { theme.json.link },
        ));
    }
    frame.render_widget(Line::from(spans), Rect { y: area.y + cells(row), height: 1, ..area });
}

/// Returns the facts that are known without the body.
fn facts(head: &MessageHead, state: &State) -> [(&'static str, String); 4] {
    let zone_now = server_now(state);
    let whole = state.browser.message.open.as_ref().and_then(|open| open.message.flaw.as_ref());
    let flaw = whole.or(head.flaw.as_ref());
    let time = head.stored_instead_of_time().map(str::to_owned);
    [
        ("type", format!("{} · {}", head.message_type, sizes(head, state))),
        ("stream", stream_fact(head, usize::MAX)),
        ("time", time.unwrap_or_else(|| state.settings.times.full(head.time, zone_now))),
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
    if let Some(error) = &state.browser.message.error {
        let keys = format!("{} reload", state.settings.keymap.key(Action::Refresh));
        explain(frame, area, error, &keys, theme.problem);
    } else if state.requests.since(Slot::Message).is_some() {
        line_at(frame, area, 0, &spinner_of(state, Slot::Message, theme.ascii), theme.dim);
        paragraph_from(frame, area, 1, &head.preview, theme.dim);
    }
}

fn lines(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, open: &Open, focused: bool) {
    let pane = &state.browser.message;
    let find = state.browser.find_in(Pane::Message).filter(|_| focused);
    let width = usize::from(area.width);
    let (mut row, mut skipped) = (0, pane.skipped());
    for line in pane.top()..pane.lines() {
        let shown = match pane.form {
            Form::Tree => tree_rows(state, theme, open, line, width),
            form => vec![text_row(&open.text, line, form, theme)],
        };
        // A match may begin in one row of a value and end in the next.
        let in_value =
            |find: &str| pane.node(line).is_some_and(|node| !node.row.is_container() && contains(node.value, find));
        let matched = find.is_some_and(|find| {
            let in_rows = shown.iter().flat_map(|row| &row.spans).any(|span| contains(&span.content, find));
            in_rows || (pane.form == Form::Tree && in_value(find))
        });
        let is_selected = line == pane.selected() && pane.selected_link().is_none();
        let style = match (is_selected && focused, matched) {
            (true, _) => theme.selected,
            (false, true) => theme.matched,
            (false, false) => Style::new(),
        };
        for shown in shown.into_iter().skip(std::mem::take(&mut skipped)) {
            if row == area.height {
                return;
            }
            frame.render_widget(shown.style(style), Rect { y: area.y + row, height: 1, ..area });
            row += 1;
        }
    }
}

/// Returns a row of pretty or raw text. Pretty text has the colours of the tree.
fn text_row(text: &Wrapped, row: usize, form: Form, theme: &Theme) -> Line<'static> {
    let Some((line, bytes)) = text.part(row) else { return Line::default() };
    let shown = |bytes: Range<usize>| SafeText::line(&line[bytes]).to_string();
    if line == "data" || line == "metadata" {
        return Line::styled(shown(bytes), theme.title);
    }
    if form == Form::Raw {
        return Line::raw(shown(bytes));
    }
    let mut begin = bytes.start;
    let parts = parts_of(line).into_iter().map(|(end, part)| (end.min(bytes.end), part));
    let spans = parts.filter(|(end, _)| *end > bytes.start).map(|(end, part)| {
        let style = match part {
            PrettyPart::Plain => Style::new(),
            PrettyPart::Key => theme.json.key,
            PrettyPart::String => theme.json.string,
            PrettyPart::Number => theme.json.number,
            PrettyPart::Literal => theme.json.literal,
        };
        Span::styled(shown(std::mem::replace(&mut begin, end)..end), style)
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// Returns the rows of a line in the tree.
fn tree_rows(state: &State, theme: &Theme, open: &Open, line: usize, width: usize) -> Vec<Line<'static>> {
    let pane = &state.browser.message;
    if let Some(node) = pane.node(line) {
        let is_link = pane.is_link(line);
        return if node.row.is_container() {
            vec![container(&node, theme, width)]
        } else {
            scalar(&node, is_link, theme, width)
        };
    }
    let Some((part, _)) = pane.line(line) else { return Vec::new() };
    let (title, body) = match part {
        Part::Data => ("data", &open.data),
        Part::Metadata => ("metadata", &open.metadata),
    };
    let mut spans = vec![Span::styled(format!("  {title}: "), theme.title)];
    match body {
        Body::Text(text, why) => {
            let why = words(&format!("not shown as a tree: {why}"), width.saturating_sub(title.len() + 5)) + " ";
            let room = width.saturating_sub(title.len() + 4 + why.chars().count());
            spans.extend([Span::styled(why, theme.warning), Span::raw(cut(head_of(text), room))]);
        }
        _ => spans.push(Span::styled("NULL", theme.json.literal)),
    }
    vec![Line::from(spans)]
}

/// Returns the beginning of a row: its fold mark and its name.
fn named(node: &Node, theme: &Theme) -> Vec<Span<'static>> {
    let mark = match (node.row.is_container(), node.row.is_folded(), theme.ascii) {
        (false, ..) => " ",
        (true, true, false) => "▸",
        (true, false, false) => "▾",
        (true, true, true) => "+",
        (true, false, true) => "-",
    };
    let style = match node.name {
        NodeName::Title(_) => theme.title,
        NodeName::Index(_) => theme.dim,
        NodeName::Key(_) => theme.json.key,
    };
    let name = Span::styled(node.name.text().to_owned(), style);
    vec![Span::raw(" ".repeat(node.indent)), Span::raw(mark), Span::raw(" "), name]
}

/// Returns the row of a container. A folded one shows the beginning of its content.
fn container(node: &Node, theme: &Theme, width: usize) -> Line<'static> {
    let mut spans = named(node, theme);
    let (open, close) = if node.row.kind == Kind::Object { ('{', '}') } else { ('[', ']') };
    spans.push(Span::styled(format!(" {open}{}{close}", node.row.children), theme.dim));
    if node.row.is_folded() {
        let used: usize = spans.iter().map(Span::width).sum();
        spans.push(Span::styled(format!(" {}", cut(node.value, width.saturating_sub(used + 1))), theme.dim));
    }
    Line::from(spans)
}

/// Returns the rows of a value.
fn scalar(node: &Node, is_link: bool, theme: &Theme, width: usize) -> Vec<Line<'static>> {
    let style = match (node.row.kind, is_link) {
        (_, true) => theme.json.link,
        (Kind::String, false) => theme.json.string,
        (Kind::Number, false) => theme.json.number,
        _ => theme.json.literal,
    };
    let last = node.rows.len() - 1;
    let mut lines = Vec::with_capacity(node.rows.len());
    for (index, bytes) in node.rows.iter().enumerate() {
        let mut spans = if index == 0 { named(node, theme) } else { vec![Span::raw(" ".repeat(node.hanging))] };
        if index == 0 {
            spans.push(Span::raw(": "));
            if is_link {
                spans.push(Span::styled(if theme.ascii { "-> " } else { "⇢ " }, theme.json.link));
            }
        }
        let used: usize = spans.iter().map(Span::width).sum();
        let more = if index == last && node.is_cut { "…" } else { "" };
        let text = format!("{}{more}", SafeText::line(&node.value[bytes.clone()]));
        spans.push(Span::styled(cut(&text, width.saturating_sub(used)), style));
        lines.push(Line::from(spans));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tests::fake::{Fake, head};

    #[test]
    fn facts_that_do_not_fit_keep_the_zone_of_the_time_and_the_position_in_the_stream() {
        assert_eq!(without_fraction("2026-03-01 12:00:00.123456 UTC"), "2026-03-01 12:00:00 UTC");
        assert_eq!(without_fraction("2026-03-01 12:00:00.123456 +01:00"), "2026-03-01 12:00:00 +01:00");
        let head = head(&Fake::default().push("account-0190b6a3f0a5", "Opened", "{}", None));
        for (width, shown) in [
            (40, "account-0190b6a3f0a5 @ 0 (global 1)"),
            (30, "account…6a3f0a5 @ 0 (global 1)"),
            (20, "account-…6a3f0a5 @ 0"),
        ] {
            assert_eq!(stream_fact(&head, width), shown, "{width}");
        }
    }

    #[test]
    fn the_id_makes_room_for_what_cannot_be_read() {
        let id = "59cc607f-fd96-4054-8b1e-12c5befeb337";
        let fact = format!("{id} · its stream is not valid UTF-8");
        for (width, shown) in [
            (80, fact.as_str()),
            (50, "59cc607f-…befeb337 · its stream is not valid UTF-8"),
            (30, "59cc…b337 · its stream is …"),
        ] {
            assert_eq!(id_fact(&fact, width), shown, "{width}");
        }
        assert_eq!(id_fact(id, 9), "59cc…b337");
    }
}
