//! The messages pane: its title, the table of loaded rows, and why it is empty. It never asks for more rows.

mod cells;
mod data;
mod table;

use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::lists::{DAMAGED, is_damaged};
use super::text::{cut_middle, whole_parts, words};
use super::theme::Theme;
use super::timeline;
use super::welcome;
use super::widgets::{frame_of, paragraph, spinner, spinner_of};
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::list_key::ListKey;
use crate::app::browser::search::SearchProgress;
use crate::app::keymap::Action;
use crate::app::request::Slot;
use crate::numbers::grouped;
use crate::safe_text::SafeText;
use crate::store::browse::{Count, Scope};
use crate::wrapping::BETWEEN;

/// What the title says before the name of the list.
const MESSAGES: &str = "Messages  ";
/// The notes after the name leave it as many cells.
const LEAST_NAME: usize = 16;

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
    let table = state.browser.table(&state.settings.times, usize::from(inner.width));
    table::heading(frame, inner, &table, state, theme);
    let body = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    if state.browser.messages.window.is_empty() {
        explain_empty(frame, body, state, theme);
    } else {
        table::rows(frame, body, &table, state, theme, focused);
    }
}

/// Returns the title: the scope, the progress of loading, the order and the filter. A long name is shortened in the
/// middle, and both it and the filter stay recognisable.
fn title(state: &State, theme: &Theme, width: usize) -> String {
    let messages = &state.browser.messages;
    let name = match messages.key.as_ref().map(|list| &list.scope) {
        None | Some(Scope::Namespace) => String::new(),
        Some(Scope::Category(category)) => category.to_string(),
        Some(Scope::Member(category, group)) => format!("{category}#{}:{}", group.member(), group.size()),
        Some(Scope::Stream(stream)) => stream.to_string(),
    };
    let width = width.saturating_sub(4);
    let mut notes = String::new();
    if let Some(since) = state.requests.since(Slot::Messages) {
        notes = format!("{BETWEEN}{}", spinner_of(state, Slot::Messages, theme.ascii));
        if state.now.duration_since(since).as_secs() > 0 {
            notes = format!("{notes} ({})", hint(state, Action::Back, "stop"));
        }
    }
    if messages.newest_first {
        notes.push_str(" · newest first");
    }
    let shown = messages.key.as_ref().map(|list| &list.namespace);
    if state.browser.namespaces.all().any(|info| info.hides_rows && Some(&info.id) == shown) {
        notes.push_str(" · rows may be hidden");
    }
    let filter = if messages.is_filtered() { format!("& {}", messages.filter_text) } else { String::new() };
    let cells = |text: &str| SafeText::line(text).width();
    let wanted = if filter.is_empty() { 0 } else { BETWEEN.width() + cells(&filter) };
    // The filter can take half of the title, and what the name leaves of the other half.
    let beside = width.saturating_sub(MESSAGES.len() + cells(&name));
    let reserved = wanted.min(beside.max(width / 2));
    let title = match messages.key {
        Some(_) if name.is_empty() => "All messages".to_owned(),
        None => "Messages".to_owned(),
        Some(_) => {
            let room = width.saturating_sub(MESSAGES.len() + reserved);
            let room = room.saturating_sub(cells(&notes)).max(room.min(LEAST_NAME));
            format!("{MESSAGES}{}", cut_middle(&name, room))
        }
    };
    let title = whole_parts(&format!("{title}{notes}"), width - reserved);
    let room = width.saturating_sub(cells(&title) + BETWEEN.width());
    if filter.is_empty() || room < 8 { title } else { format!("{title}{BETWEEN}{}", words(&filter, room)) }
}

/// Returns the position in the list (`5 of ~5`). In a filtered list, returns the number of matches and of messages
/// searched.
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
            {
                let stop = hint(state, Action::Back, "stop");
                format!("{spinner} counting: {matches} · {} searched · {stop}", of_total(state, tally.searched))
            }
        };
    }
    if let Some(search) = &messages.search {
        return searched(state, search, spinner);
    }
    let selected = messages.selection();
    let mut parts = Vec::new();
    let known = if counting.is_some() { None } else { total(state, 0) };
    match (selected, known) {
        (Some(head), known) if messages.is_stream() => {
            let ordinal = grouped(u64::try_from(messages.count.ordinal(head)).unwrap_or(0));
            let of = known.map(|total| format!(" of {total}")).unwrap_or_default();
            parts.push(format!("message {ordinal}{of}"));
        }
        (selected, known) => {
            parts.extend(selected.map(|head| format!("global {}", head.global_position)));
            parts.extend(known.map(|total| messages_in_words(&total)));
        }
    }
    if let Some(since) = counting {
        let stop = hint(state, Action::Back, "stop");
        parts.push(format!("{spinner} counting {}s ({stop})", state.now.duration_since(since).as_secs()));
    }
    parts.join(" · ")
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
    if state.browser.messages.error.is_some() {
        // Nothing continues it, and what it did not find says nothing.
        let found = if search.matches > 0 { format!("{found} · ") } else { String::new() };
        return format!("{found}{searched} searched");
    }
    match (state.requests.since(Slot::Messages), search.matches) {
        (Some(_), _) => {
            format!("{spinner} {found} so far · {searched} searched · {}", hint(state, Action::Back, "stop"))
        }
        (None, 0) => format!("No match yet · {searched} searched · {}", hint(state, Action::Up, "continue")),
        (None, 1) => format!("First match · {searched} searched · scroll for more"),
        (None, _) => format!("First {found} · {searched} searched · scroll for more"),
    }
}

/// Returns the result of a search that examined every message that can match.
fn all_searched(state: &State, matches: &str, searched: u64) -> String {
    let filter = &state.browser.messages.filter;
    let messages = messages_in_words(&grouped(searched));
    if filter.since.is_some() || filter.until.is_some() {
        format!("{matches} in this time range · {messages} searched")
    } else {
        let all = if searched > 1 { "all " } else { "" };
        format!("{matches} · {all}{messages} searched")
    }
}

fn matches(count: u64) -> String {
    match count {
        0 => "no match".to_owned(),
        1 => "1 match".to_owned(),
        more => format!("{} matches", grouped(more)),
    }
}

/// Returns how many messages were searched, and of how many. A filter with times does not search the whole scope, and
/// for a member of a consumer group, the messages of all members are searched.
fn of_total(state: &State, searched: u64) -> String {
    let list = &state.browser.messages;
    let within_times = list.filter.since.is_some() || list.filter.until.is_some();
    let of_member = matches!(&list.key, Some(ListKey { scope: Scope::Member(..), .. }));
    match total(state, searched).filter(|_| !within_times && !of_member) {
        Some(total) => format!("{} of {total}", grouped(searched)),
        None => grouped(searched),
    }
}

/// Returns the number of messages in the scope, at least those already seen, or none if it is unknown.
fn total(state: &State, seen: u64) -> Option<String> {
    let list = &state.browser.messages;
    list.count.total.map(|count| match count {
        Count { messages: 0, through: None } if list.is_known_empty() => "0".to_owned(),
        Count { messages, through: None } => format!("~{}", grouped(messages.max(seen))),
        Count { messages, through: Some(_) } => grouped(messages),
    })
}

fn hint(state: &State, action: Action, text: &str) -> String {
    state.settings.keymap.hint_for(action, text)
}

fn explain_empty(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let messages = &state.browser.messages;
    let spinner = spinner(state, theme.ascii);
    let waiting = state.requests.since(Slot::Messages);
    let stop = hint(state, Action::Back, "stop");
    let (text, style) = if let Some(problem) = state.connection.problem() {
        (format!("Not connected: {problem}"), theme.problem)
    } else if let Some(error) = &messages.error {
        let edit = if messages.is_filtered() {
            format!(" · {}", hint(state, Action::Filter, "edit the filter"))
        } else {
            String::new()
        };
        (format!("{error}{edit} · {}", hint(state, Action::Refresh, "reload")), theme.problem)
    } else if state.connection.server().is_none() {
        return;
    } else if let (Some(since), Some(search)) = (waiting, &messages.search) {
        let seconds = state.now.duration_since(since).as_secs();
        let searched = of_total(state, search.searched);
        (format!("{spinner} searching for {seconds}s · no match yet in {searched} · {stop}"), theme.dim)
    } else if let Some(since) = waiting {
        let seconds = state.now.duration_since(since).as_secs();
        if seconds == 0 {
            return;
        }
        (format!("{spinner} loading for {seconds}s · {stop}"), theme.dim)
    } else if let Some(search) = &messages.search {
        let searched = messages_in_words(&grouped(search.searched));
        let on =
            if search.can_go_on() { format!(" · {}", hint(state, Action::Up, "continue")) } else { String::new() };
        let all = hint(state, Action::Back, "show all");
        (format!("No match · {searched} searched{on} · {all}"), theme.dim)
    } else if messages.key.is_none()
        && let Some(problem) = state.requests.failure(Slot::Namespaces)
    {
        (format!("{problem} · {}", hint(state, Action::Refresh, "reload")), theme.problem)
    } else if state.has_no_namespace() {
        return welcome::draw(frame, area, state, theme);
    } else if messages.key.is_none() {
        ("Nothing selected".to_owned(), theme.dim)
    } else if let Some(Scope::Category(category)) = messages.key.as_ref().map(|key| &key.scope)
        && is_damaged(category)
    {
        (DAMAGED.to_owned(), theme.dim)
    } else {
        let [write, follow] = [hint(state, Action::Write, "write"), hint(state, Action::Follow, "follow")];
        (format!("No messages · {write} · {follow}"), theme.dim)
    };
    paragraph(frame, area, &text, style);
}

/// Returns the time by the clock of the server, or by the local clock until the difference is known.
#[must_use]
pub(crate) fn server_now(state: &State) -> jiff::Timestamp {
    state.connection.server_now(state.now)
}
