//! The table of messages: position, global position, time, stream, type, size and the beginning of the data. It draws loaded
//! rows only and never asks for more.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::text::{cut, fill, right, size, whole_parts, words};
use super::theme::Theme;
use super::timeline;
use super::welcome;
use super::widgets::{frame_of, line_at, paragraph, spinner};
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::messages::MessageRow;
use crate::app::browser::search::SearchProgress;
use crate::app::request::Slot;
use crate::app::search::text_of;
use crate::app::text_search::contains;
use crate::numbers::grouped;
use crate::safe_text::SafeText;
use crate::store::browse::{Count, Scope};

/// Draws the table.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let focused = state.browser.focus == Pane::Messages;
    let title = format!(" {} ", title(state, theme, usize::from(area.width)));
    let block = timeline::with_words(frame_of(title.clone(), focused, theme), area.width, &title, state);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let inner = timeline::draw(frame, inner, state, theme);
    if inner.height == 0 {
        return;
    }
    let columns = Columns::new(usize::from(inner.width), state);
    line_at(frame, inner, 0, &columns.heading(state), theme.dim);
    let body = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    let messages = &state.browser.messages;
    if messages.window.is_empty() {
        explain_empty(frame, body, state, theme);
        return;
    }
    let find = state.browser.find_in(Pane::Messages).filter(|_| focused);
    for line in 0..body.height {
        let index = messages.window.top() + usize::from(line);
        let Some(row) = messages.window.rows().get(index) else { break };
        let at = Rect { y: body.y + line, height: 1, ..body };
        let selected = index == messages.window.selected();
        let may_change =
            state.following.current.as_ref().is_some_and(|follow| row.head.global_position > follow.final_to);
        let matched = find.is_some_and(|find| contains(&text_of(&row.head), find));
        let style = match (selected, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_elsewhere,
            _ if matched => theme.matched,
            _ => Style::new(),
        };
        frame.render_widget(columns.line(row, state, theme, selected, may_change).style(style), at);
    }
}

/// Returns the title: the scope, the progress of loading, the order and the filter.
fn title(state: &State, theme: &Theme, width: usize) -> String {
    let messages = &state.browser.messages;
    let name = match messages.key.as_ref().map(|list| &list.scope) {
        None | Some(Scope::Namespace) => String::new(),
        Some(Scope::Category(category)) => category.to_string(),
        Some(Scope::Member(category, group)) => format!("{category}#{}:{}", group.member(), group.size()),
        Some(Scope::Stream(stream)) => stream.to_string(),
    };
    let width = width.saturating_sub(4);
    let waiting = if state.requests.since(Slot::Messages).is_some() { 18 } else { 0 };
    let room = width.saturating_sub(10 + waiting);
    let room = if messages.is_filtered() { room * 2 / 3 } else { room };
    let mut title = match messages.key {
        Some(_) if name.is_empty() => "All messages".to_owned(),
        None => "Messages".to_owned(),
        Some(_) => format!("Messages  {}", cut(&name, room)),
    };
    if let Some(since) = state.requests.since(Slot::Messages) {
        title.push_str(" · ");
        title.push(spinner(state, theme.ascii));
        let seconds = state.now.duration_since(since).as_secs();
        if seconds > 0 {
            title = format!("{title} {seconds}s (Esc stop)");
        }
    }
    if messages.newest_first {
        title.push_str(" · newest first");
    }
    let shown = messages.key.as_ref().map(|list| &list.namespace);
    if state.browser.namespaces.all().any(|info| info.hides_rows && Some(&info.id) == shown) {
        title.push_str(" · rows may be hidden");
    }
    let title = whole_parts(&title, width);
    let room = width.saturating_sub(SafeText::line(&title).width() + 5);
    if messages.is_filtered() && room >= 8 {
        format!("{title} · & {}", words(&messages.filter_text, room))
    } else {
        title
    }
}

/// Returns the position in the list (`5 of ~5`). In a filtered list, returns the number of matches and of messages searched.
#[must_use]
pub(crate) fn progress(state: &State) -> String {
    let messages = &state.browser.messages;
    let spinner = spinner(state, state.settings.ascii);
    let counting = state.requests.since(Slot::Count).filter(|_| messages.count.by_user);
    if let Some(tally) = messages.count.matches.filter(|tally| tally.is_complete || counting.is_some()) {
        let matches = matches(tally.matches);
        return if tally.is_complete {
            all_searched(state, &matches, tally.searched)
        } else {
            format!("{spinner} counting: {matches} · {} searched · Esc stop", of_total(state, tally.searched))
        };
    }
    if let Some(search) = &messages.search {
        return searched(state, search, spinner);
    }
    let total = match (counting, total(state, 0)) {
        (Some(since), _) => {
            format!("{spinner} counting {}s (Esc stop)", state.now.duration_since(since).as_secs())
        }
        (None, total) => total.unwrap_or_else(|| "?".to_owned()),
    };
    match messages.selection() {
        Some(head) if messages.is_stream() => {
            format!("message {} of {total}", grouped(u64::try_from(messages.count.ordinal(head)).unwrap_or(0)))
        }
        Some(head) => format!("global {} · {}", head.global_position, messages_in_words(&total)),
        None => messages_in_words(&total),
    }
}

fn messages_in_words(count: &str) -> String {
    let noun = if matches!(count, "1" | "~1") { "message" } else { "messages" };
    format!("{count} {noun}")
}

/// Returns the progress of a search, and the key that continues it.
fn searched(state: &State, search: &SearchProgress, spinner: char) -> String {
    let found = matches(search.matches);
    if state.following.current.is_some() {
        // Newer messages that do not match are not counted.
        return format!("{found} · {} searched before following", grouped(search.searched));
    }
    if search.is_complete() {
        return all_searched(state, &found, search.searched);
    }
    let searched = of_total(state, search.searched);
    match (state.requests.since(Slot::Messages), search.matches) {
        (Some(_), _) => format!("{spinner} {found} so far · {searched} searched · Esc stop"),
        (None, 0) => format!("No match yet · {searched} searched · Up continue"),
        (None, 1) => format!("First match · {searched} searched · scroll for more"),
        (None, _) => format!("First {found} · {searched} searched · scroll for more"),
    }
}

/// Returns the result of a search that examined every message that can match.
fn all_searched(state: &State, matches: &str, searched: u64) -> String {
    let filter = &state.browser.messages.filter;
    let searched = messages_in_words(&grouped(searched));
    if filter.since.is_some() || filter.until.is_some() {
        format!("{matches} in this time range · {searched} searched")
    } else {
        format!("{matches} · all {searched} searched")
    }
}

fn matches(count: u64) -> String {
    match count {
        0 => "no match".to_owned(),
        1 => "1 match".to_owned(),
        more => format!("{} matches", grouped(more)),
    }
}

/// Returns how many messages were searched, and of how many. A filter with times does not search the whole scope.
fn of_total(state: &State, searched: u64) -> String {
    let filter = &state.browser.messages.filter;
    let total = total(state, searched).filter(|_| filter.since.is_none() && filter.until.is_none());
    match total {
        Some(total) => format!("{} of {total}", grouped(searched)),
        None => grouped(searched),
    }
}

/// Returns the number of messages in the scope, at least those already seen, or none if it is unknown.
fn total(state: &State, seen: u64) -> Option<String> {
    state.browser.messages.count.total.map(|count| match count {
        Count { messages, through: None } => format!("~{}", grouped(messages.max(seen))),
        Count { messages, through: Some(_) } => grouped(messages),
    })
}

fn explain_empty(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let messages = &state.browser.messages;
    let spinner = spinner(state, theme.ascii);
    let waiting = state.requests.since(Slot::Messages);
    let (text, style) = if let Some(problem) = state.connection.problem() {
        (format!("Not connected: {problem}"), theme.problem)
    } else if let Some(error) = &messages.error {
        (format!("{error} · Ctrl-R reload"), theme.problem)
    } else if state.connection.server().is_none() {
        return;
    } else if let (Some(since), Some(search)) = (waiting, &messages.search) {
        let seconds = state.now.duration_since(since).as_secs();
        let searched = of_total(state, search.searched);
        (format!("{spinner} searching for {seconds}s · no match yet in {searched} · Esc stop"), theme.dim)
    } else if let Some(since) = waiting {
        let seconds = state.now.duration_since(since).as_secs();
        if seconds == 0 {
            return;
        }
        (format!("{spinner} loading for {seconds}s · Esc stop"), theme.dim)
    } else if let Some(search) = &messages.search {
        let searched = messages_in_words(&grouped(search.searched));
        let on = if search.can_go_on() { " · Up continue" } else { "" };
        (format!("No match · {searched} searched{on} · Esc show all"), theme.dim)
    } else if messages.key.is_none()
        && state.requests.since(Slot::Namespaces).is_none()
        && state.browser.namespaces.is_empty()
    {
        return welcome::draw(frame, area, state, theme);
    } else if messages.key.is_none() {
        ("Nothing selected".to_owned(), theme.dim)
    } else {
        ("No messages · w write · F follow".to_owned(), theme.dim)
    };
    paragraph(frame, area, &text, style);
}

/// Returns the heading of the time column, with the zone if it fits. The header always names the zone.
fn time_heading(state: &State, width: usize) -> String {
    let heading = format!("time {}", state.settings.times.zone(state.now));
    if heading.chars().count() <= width { heading } else { "time".to_owned() }
}

/// The width that the data should have at least.
const DATA: usize = 12;

/// The widths of the columns; 0 for a hidden one.
struct Columns {
    position: usize,
    global: usize,
    time: usize,
    stream: usize,
    message_type: usize,
    size: usize,
    data: usize,
}

impl Columns {
    fn new(width: usize, state: &State) -> Self {
        let in_view =
            || state.browser.messages.window.rows().iter().skip(state.browser.messages.window.top()).take(100);
        let digits = |number: i64| number.to_string().len();
        let position = in_view().map(|row| digits(row.head.position)).max().unwrap_or(3).max(3);
        let global = in_view().map(|row| digits(row.head.global_position)).max().unwrap_or(4).max(4);
        let now = server_now(state);
        let time = in_view().map(|row| state.settings.times.short(row.head.time, now).len()).max().unwrap_or(12).max(4);
        let message_type = in_view().map(|row| row.head.message_type.chars().count()).max().unwrap_or(8).clamp(4, 24);
        let one_stream = state.browser.messages.is_stream();
        let longest = in_view().map(|row| row.head.stream.as_str().chars().count()).max().unwrap_or(10);
        let mut columns = Self {
            position,
            global,
            time,
            stream: if one_stream { 0 } else { longest.clamp(8, 28) },
            message_type,
            size: in_view().map(|row| size(row.head.size).len()).max().unwrap_or(4).max(4),
            data: 0,
        };
        // The least informative columns shrink first, so that the beginning of the data stays.
        if columns.used() + DATA > width {
            columns.message_type = columns.message_type.min(14);
            columns.stream = columns.stream.min(18);
        }
        if columns.used() + DATA > width {
            columns.size = 0;
        }
        if columns.used() + DATA > width {
            columns.stream = columns.stream.min(12);
            columns.message_type = columns.message_type.min(10);
        }
        // The number that orders the list is hidden last.
        if columns.used() + 4 > width {
            *(if one_stream { &mut columns.global } else { &mut columns.position }) = 0;
        }
        if columns.used() > width {
            columns.time = 0;
        }
        columns.data = width.saturating_sub(columns.used());
        columns
    }

    /// Returns the width of all columns but the data, with the two markers and a space after each column.
    fn used(&self) -> usize {
        let widths = [self.position, self.global, self.time, self.stream, self.message_type, self.size];
        2 + widths.iter().filter(|width| **width > 0).map(|width| width + 1).sum::<usize>()
    }

    fn heading(&self, state: &State) -> String {
        let mut text = "  ".to_owned();
        let cells = [
            (right("pos", self.position), self.position),
            (right("gpos", self.global), self.global),
            (fill(&time_heading(state, self.time), self.time), self.time),
            (fill("stream", self.stream), self.stream),
            (fill("type", self.message_type), self.message_type),
            (right("size", self.size), self.size),
            (fill(if self.data < 4 { "" } else { "data" }, self.data), self.data),
        ];
        for (cell, _) in cells.into_iter().filter(|(_, width)| *width > 0) {
            text.push_str(&cell);
            text.push(' ');
        }
        text
    }

    fn line<'a>(&self, row: &MessageRow, state: &State, theme: &Theme, selected: bool, may_change: bool) -> Line<'a> {
        let head = &row.head;
        let list = state.browser.messages.key.as_ref();
        let marked = list.is_some_and(|list| state.marks.contains(&list.namespace, head));
        let marker = match (marked, selected, theme.ascii) {
            (true, _, false) => "◆",
            (true, _, true) => "*",
            (false, true, false) => "▌",
            (false, true, true) => ">",
            (false, false, _) => " ",
        };
        let (state_mark, mark_style) = match (row.late, may_change) {
            (true, _) => ("+", theme.warning),
            (false, true) => ("?", theme.dim),
            (false, false) => (" ", Style::new()),
        };
        let mut spans = vec![Span::raw(marker), Span::styled(state_mark, mark_style)];
        let mut cell = |text: String, width: usize, style: Style| {
            if width > 0 {
                spans.push(Span::styled(text, style));
                spans.push(Span::raw(" "));
            }
        };
        let plain = Style::new();
        cell(right(&head.position.to_string(), self.position), self.position, plain);
        cell(right(&head.global_position.to_string(), self.global), self.global, theme.dim);
        cell(fill(&state.settings.times.short(head.time, server_now(state)), self.time), self.time, plain);
        cell(fill(head.stream.as_str(), self.stream), self.stream, plain);
        cell(fill(&head.message_type, self.message_type), self.message_type, theme.type_style(&head.message_type));
        cell(right(&size(head.size), self.size), self.size, theme.dim);
        // Data that is too large for a preview must not look empty.
        let preview = if head.preview.is_empty() && !head.size.is_zero() { "…" } else { &head.preview };
        match &head.flaw {
            Some(flaw) => cell(fill(&format!("{flaw} · {preview}"), self.data), self.data, theme.problem),
            None => cell(fill(preview, self.data), self.data, theme.dim),
        }
        Line::from(spans)
    }
}

/// Returns the time by the clock of the server, or by the local clock until the difference is known.
#[must_use]
pub(crate) fn server_now(state: &State) -> jiff::Timestamp {
    state.connection.server_now(state.now)
}
