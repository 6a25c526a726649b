//! The three lists on the left: namespaces, categories and streams. Their rows come from the state; an empty list
//! explains itself.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::text::{cut_middle, fill, short_count, whole_parts, words};
use super::theme::Theme;
use super::widgets::{explain, frame_of, paragraph, spans_at, spinner_of};
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::window::Window;
use crate::app::keymap::Action;
use crate::app::list_filter::Filtered;
use crate::app::request::Slot;
use crate::app::text_search::contains;
use crate::message::Category;
use crate::numbers::{count, grouped};
use crate::safe_text::SafeText;

/// The least room for a category in the title of its streams.
const LEAST_CATEGORY: usize = 6;

/// The parts of a list besides its rows.
struct Parts<'a> {
    pane: Pane,
    title: String,
    /// The meaning of the notes at the right.
    notes: &'static str,
    slot: Slot,
    /// Explains an empty list.
    empty: &'a str,
    problem: Option<&'a str>,
}

/// Draws the namespaces, with the flavour of those that streamscope did not create.
pub(crate) fn namespaces(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let create = state.settings.keymap.hint_for(Action::CreateNamespace, "create a namespace");
    let empty = format!("No message store in this database · {create}");
    let parts = Parts {
        pane: Pane::Namespaces,
        title: "Namespaces".to_owned(),
        notes: "",
        slot: Slot::Namespaces,
        empty: &empty,
        // The messages pane says why.
        problem: state.connection.problem().map(|_| "Not connected").or(state.requests.failure(Slot::Namespaces)),
    };
    draw(frame, area, state, theme, &parts, &state.browser.namespaces, |row| {
        let note = match row.flavour {
            _ if row.closed.is_some() => "cannot be opened".to_owned(),
            crate::store::Flavour::Streamscope => String::new(),
            flavour => flavour.as_str().to_owned(),
        };
        (row.id.clone(), note)
    });
}

/// Draws the categories, with estimates of their messages.
pub(crate) fn categories(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let write = state.settings.keymap.hint_for(Action::Write, "write the first");
    let no_messages = format!("No messages yet · {write}");
    let parts = Parts {
        pane: Pane::Categories,
        title: "Categories".to_owned(),
        notes: "messages",
        slot: Slot::Categories,
        empty: if state.namespace().is_some() { &no_messages } else { "" },
        problem: state.requests.failure(Slot::Categories),
    };
    draw(frame, area, state, theme, &parts, &state.browser.categories, |row| {
        // A listed category has at least one message, whatever the statistics say.
        let count = row.estimate.map(|count| format!("~{}", short_count(count.max(1)))).unwrap_or_default();
        (row.category.as_str().to_owned(), count)
    });
}

/// Draws the streams of the selected category, with their versions.
pub(crate) fn streams(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let streams = &state.browser.streams;
    let order = if streams.by_activity && streams.filter.is_none() { " · by activity" } else { "" };
    // The names leave out the category.
    let room = usize::from(area.width).saturating_sub(4 + "Streams  ".len() + order.width());
    let of = streams.of.as_ref().filter(|_| room >= LEAST_CATEGORY);
    let category = of.map(|of| format!("  {}", cut_middle(of.category.as_str(), room))).unwrap_or_default();
    let no_streams = format!("No streams · {}", state.settings.keymap.hint_for(Action::Write, "write a message"));
    let no_streams = match streams.of.as_ref() {
        Some(of) if is_damaged(&of.category) => DAMAGED,
        _ => &no_streams,
    };
    let parts = Parts {
        pane: Pane::Streams,
        title: format!("Streams{category}{order}"),
        notes: "version",
        slot: Slot::Streams,
        empty: if state.browser.categories.is_empty() { "" } else { no_streams },
        problem: state.browser.streams.error.as_deref(),
    };
    draw(frame, area, state, theme, &parts, &state.browser.streams.window, |row| {
        (streams.shown_name(row).to_owned(), format!("v{}", row.version))
    });
}

/// Explains an empty list of such a category. Its name is known only with replacements, so nothing can be asked about
/// it.
pub(crate) const DAMAGED: &str = "The name of this category is not valid UTF-8, so it cannot be looked up · \
                                  Select the namespace to see its messages";

/// Returns true if the server sent a name with bytes that are not valid UTF-8. They were replaced.
pub(crate) fn is_damaged(category: &Category) -> bool {
    category.as_str().contains(char::REPLACEMENT_CHARACTER)
}

fn draw<T>(
    frame: &mut Frame,
    area: Rect,
    state: &State,
    theme: &Theme,
    parts: &Parts,
    window: &Window<T>,
    row_of: impl Fn(&T) -> (String, String),
) {
    let focused = state.browser.focus == parts.pane;
    let waiting = state.requests.since(parts.slot).is_some();
    let spinner = if waiting { format!(" · {}", spinner_of(state, parts.slot, theme.ascii)) } else { String::new() };
    let room = usize::from(area.width.saturating_sub(4));
    let title = match state.browser.filtered(parts.pane).filter(|filtered| !filtered.text.is_empty()) {
        Some(filtered) => filtered_title(&parts.title, &spinner, &filtered, room),
        None => whole_parts(&format!("{}{spinner}", parts.title), room),
    };
    let title = format!(" {title} ");
    let notes = Line::styled(format!(" {} ", parts.notes), theme.dim).right_aligned();
    let has_room = !parts.notes.is_empty() && title.width() + notes.width() + 3 <= usize::from(area.width);
    let mut block = frame_of(title, focused, theme);
    if has_room && !window.is_empty() {
        block = block.title_top(notes);
    }
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    if let Some(problem) = parts.problem.filter(|_| window.is_empty()) {
        let keys = format!("{} reload", state.settings.keymap.key(Action::Refresh));
        explain(frame, inner, problem, &keys, theme.problem);
        return;
    }
    if window.is_empty() && !waiting && state.connection.server().is_some() {
        let is_filtered = state.browser.filtered(parts.pane).is_some();
        let unfiltered = format!("No match · {}", state.settings.keymap.hint_for(Action::Back, "show all"));
        paragraph(frame, inner, if is_filtered { &unfiltered } else { parts.empty }, theme.dim);
        return;
    }
    let find = state.browser.find_in(parts.pane).filter(|_| focused);
    for line in 0..inner.height {
        let index = window.top() + usize::from(line);
        let Some(row) = window.rows().get(index) else { break };
        let (name, note) = row_of(row);
        let selected = index == window.selected();
        let room = width.saturating_sub(name.width() + 2);
        let note_width = match note.chars().count() {
            // The name of a namespace matters more than its flavour.
            wanted if wanted > room && parts.notes.is_empty() && !note.contains(' ') => 0,
            wanted => wanted.min(width / 2),
        };
        let name_width = width.saturating_sub(note_width + 2);
        // The selections that lead to the shown one have a light marker, those to the right of it have none.
        let behind = parts.pane as usize > state.browser.active as usize && !focused;
        let is_shown = parts.pane == state.browser.active || focused;
        let marker = match (selected && !behind, is_shown, theme.ascii) {
            (false, ..) => " ",
            (true, true, false) => "▌",
            (true, true, true) => ">",
            (true, false, false) => "▏",
            (true, false, true) => "|",
        };
        let text = format!("{} {}", fill(&cut_middle(&name, name_width), name_width), words(&note, note_width));
        let style = match (selected && is_shown, focused) {
            (true, true) => theme.selected,
            (true, false) => theme.selected_elsewhere,
            _ if find.is_some_and(|find| contains(&name, find)) => theme.matched,
            _ => Style::new(),
        };
        let marker_style = match (selected, is_shown) {
            // A reversed row has one colour.
            (true, true) if focused => Style::new(),
            (true, true) => theme.marker,
            (true, false) => theme.weak_marker,
            (false, _) => Style::new(),
        };
        let row = Rect { y: inner.y + line, height: 1, ..inner };
        let spans = [Span::styled(marker, marker_style), Span::raw(fill(&text, width.saturating_sub(1)))];
        spans_at(frame, row, &spans, style);
    }
}

/// Returns the title of a filtered list. The name of the pane gives way first, and then the text. A filter under way
/// keeps its spinner.
fn filtered_title(name: &str, spinner: &str, filtered: &Filtered, room: usize) -> String {
    let found = found(filtered);
    let text = SafeText::line(filtered.text);
    let shown = grouped(filtered.shown as u64);
    let so_far = if filtered.searched.is_some() { " so far" } else { "" };
    let text = text.as_str();
    let titles = [
        format!("{name}{spinner} /{text} · {found}"),
        format!("/{text}{spinner} · {found}"),
        format!("/{text}{spinner} · {shown}{so_far}"),
        format!("/{text}{spinner} · {shown}"),
    ];
    let fitting = titles.into_iter().find(|title| SafeText::line(title).width() <= room);
    fitting.unwrap_or_else(|| whole_parts(&format!("{shown}{so_far}{spinner}"), room))
}

/// Returns how many rows a filter has left: `3 of 120`, or `3 so far · 40,000 names searched`.
#[must_use]
pub(crate) fn found(filtered: &Filtered) -> String {
    let shown = grouped(filtered.shown as u64);
    match (filtered.searched, filtered.total) {
        (Some(0), _) => format!("{shown} so far"),
        (Some(searched), _) => format!("{shown} so far · {} searched", count(searched, "name")),
        (None, Some(total)) => format!("{shown} of {}", grouped(total as u64)),
        (None, None) => format!("{shown} found"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_title_of_a_filter_under_way_keeps_its_spinner() {
        let filtered = |shown| Filtered { text: "7aa6", shown, total: None, searched: Some(40_000) };
        let title = |shown, room| filtered_title("Streams  account", " · ⠴", &filtered(shown), room);
        assert_eq!(title(12, 80), "Streams  account · ⠴ /7aa6 · 12 so far · 40,000 names searched");
        assert_eq!(title(12, 50), "/7aa6 · ⠴ · 12 so far · 40,000 names searched");
        assert_eq!(title(12, 30), "/7aa6 · ⠴ · 12 so far");
        assert_eq!(title(12, 14), "/7aa6 · ⠴ · 12");
        assert_eq!(title(12, 13), "12 so far · ⠴");
    }
}
