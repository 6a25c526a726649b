//! The omnibox: what is typed, a note, the results in their groups, and the keys. Its rectangles and results come from
//! the state.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::omnibox::entries::{Entry, Group, Lead};
use crate::app::dialogs::omnibox::layout::BoxLayout;
use crate::app::dialogs::omnibox::streams::FoundStreams;
use crate::app::dialogs::omnibox::{Kind, Omnibox};
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::numbers::{count, grouped};
use crate::safe_text::SafeText;
use crate::view::text::{cut, cut_middle, whole_parts, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, fitting_hints, line_at, spinner};

/// The width of the names of the groups. Below twice this width beside them, they are left out.
const GROUPS: u16 = 13;

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, omnibox: &Omnibox) {
    let layout = BoxLayout::of(area);
    let (title, prompt) = match omnibox.kind {
        Kind::Everything => ("Go to", ":"),
        Kind::Commands => ("Commands", "> "),
    };
    boxed(frame, area, theme, title, layout.size.0, layout.size.1);
    typed::line(frame, layout.input, prompt, &omnibox.input, true, theme.key);
    let width = usize::from(layout.note.width);
    let (note, style) = note(state, theme, omnibox);
    line_at(frame, layout.note, 0, &whole_parts(&note, width), style);
    for row in 0..layout.list.height {
        let index = omnibox.top + usize::from(row);
        let Some(entry) = omnibox.entries.get(index) else { break };
        let line = Rect { y: layout.list.y + row, height: 1, ..layout.list };
        let is_selected = index == omnibox.selected && omnibox.has_selection();
        let heading = omnibox.heading(index).map(|group| match group {
            // The search may still find it.
            Group::Missing if omnibox.streams.is_walking() => "Not yet found",
            group => group.title(),
        });
        result(frame, line, theme, entry, heading, is_selected);
    }
    let keymap = &state.settings.keymap;
    let keys = fitting_hints(&keys(keymap, omnibox.kind), keymap, DialogKind::Omnibox, width);
    line_at(frame, layout.keys, 0, &keys, theme.dim);
}

/// Returns the keys of the box.
fn keys(keymap: &KeyMap, kind: Kind) -> String {
    let of = DialogKind::Omnibox;
    let key = |action| keymap.dialog_key(of, action).map(|key| key.to_string());
    let (accept, up, down) = (DialogAction::Accept, key(DialogAction::Up), key(DialogAction::Down));
    let accept = keymap.hint_as(of, accept, if kind == Kind::Commands { "run" } else { "go" });
    let others = keymap.hints(of, &[DialogAction::Complete, DialogAction::Close]);
    let select = up.as_ref().zip(down).map(|(up, down)| format!("{up}, {down} select"));
    let recall = up.filter(|_| kind == Kind::Everything).map(|up| format!("{up} recall (if empty)"));
    accept.into_iter().chain([others]).chain(select).chain(recall).collect::<Vec<_>>().join(" · ")
}

/// Returns the line below the text: a problem, the progress of the search, or what can be typed.
fn note(state: &State, theme: &Theme, omnibox: &Omnibox) -> (String, Style) {
    let problem = omnibox.problem.as_ref().or(omnibox.streams.failed.as_ref()).or(omnibox.misread.as_ref());
    let progress = progress(state, theme, &omnibox.streams);
    if let Some(problem) = problem {
        let under_way = progress.filter(|_| omnibox.streams.is_walking());
        return (
            [Some(problem.clone()), under_way].into_iter().flatten().collect::<Vec<_>>().join(" · "),
            theme.problem,
        );
    }
    if let Some(expected) = omnibox.expected {
        return (expected.to_owned(), theme.dim);
    }
    if let Some(progress) = progress {
        return (progress, theme.dim);
    }
    let leads_nowhere = omnibox.entries.iter().all(|entry| entry.group == Group::Missing);
    let is_hinted = !omnibox.has_selection() || leads_nowhere;
    (if is_hinted { omnibox.hint.to_owned() } else { String::new() }, theme.dim)
}

/// Says how many names the search for streams has examined, and whether those were all.
fn progress(state: &State, theme: &Theme, streams: &FoundStreams) -> Option<String> {
    let searched = grouped(streams.searched);
    if streams.is_walking() {
        let spinner = spinner(state, theme.ascii);
        if let Some(category) = streams.category() {
            return Some(format!("{spinner} searched {} of {category}", count(streams.searched, "stream")));
        }
        let total = streams.total.filter(|total| *total > streams.searched);
        let searched = match total {
            Some(total) => format!("{searched} of ~{}", count(total, "stream")),
            None => count(streams.searched, "stream"),
        };
        return Some(format!("{spinner} searched {searched}"));
    }
    if streams.is_paused() {
        let found = streams.rows().len() as u64;
        // The index finds streams without a search.
        let searched = if streams.searched >= found { format!("searched {searched} · ") } else { String::new() };
        return Some(format!("first {} · {searched}select the last one for more", count(found, "stream")));
    }
    (streams.is_complete() && streams.searched > 0).then(|| match streams.searched {
        1 => "searched the only stream".to_owned(),
        _ => format!("searched all {searched} streams"),
    })
}

/// Draws one result: its group, its text with the matching characters, and its detail at the right.
fn result(frame: &mut Frame, line: Rect, theme: &Theme, entry: &Entry, heading: Option<&str>, is_selected: bool) {
    let groups = if line.width >= 3 * GROUPS { GROUPS } else { 0 };
    if let Some(heading) = heading.filter(|_| groups > 0) {
        line_at(frame, Rect { width: groups, ..line }, 0, heading, theme.dim);
    }
    let rest = Rect { x: line.x + groups, width: line.width - groups, ..line };
    let base = match (is_selected, entry.group) {
        (true, _) => theme.selected,
        (false, Group::Missing) => theme.dim,
        (false, _) => Style::new(),
    };
    line_at(frame, rest, 0, &" ".repeat(usize::from(rest.width)), base);
    let arrow = if matches!(entry.group, Group::GoTo | Group::Missing) { "→ " } else { "" };
    let mut name = Rect { x: rest.x + 1.min(rest.width), width: rest.width.saturating_sub(2), ..rest };
    let taken = SafeText::line(arrow).width() + SafeText::line(&entry.text).width();
    let room = usize::from(name.width).saturating_sub(taken + 2);
    // Of several keys, the first one is enough.
    let first = entry.detail.split(' ').next().filter(|_| matches!(entry.lead, Lead::Run(_)));
    let fits = |detail: &&str| SafeText::line(detail).width() <= room;
    let details = [Some(entry.detail.as_str()), first].into_iter().flatten().filter(|detail| !detail.is_empty());
    // The key of a command is shown in any case. Its title can be shortened.
    if let Some(detail) = details.clone().find(fits).or(first.filter(|key| !key.is_empty())) {
        let style = if is_selected { base } else { theme.dim };
        let width = u16::try_from(SafeText::line(detail).width()).unwrap_or(name.width).min(name.width);
        line_at(frame, Rect { x: name.right() - width, width, ..name }, 0, &cut(detail, usize::from(width)), style);
        name.width = name.width.saturating_sub(width + 1);
    }
    matched(frame, name, arrow, entry, base, theme);
}

/// Draws the text of a result with its matching characters marked.
fn matched(frame: &mut Frame, area: Rect, arrow: &str, entry: &Entry, base: Style, theme: &Theme) {
    let room = usize::from(area.width);
    let whole = SafeText::line(&format!("{arrow}{}", entry.text));
    // Streams often differ in the ends of their names only.
    let left_out = whole.left_out(room).filter(|_| !matches!(entry.lead, Lead::Run(_)));
    let text = match &left_out {
        Some(_) => cut_middle(whole.as_str(), room),
        None => words(whole.as_str(), room),
    };
    line_at(frame, area, 0, &text, base);
    let marked = base.patch(theme.matched);
    let before = |characters: usize| -> usize {
        let text: String = entry.text.chars().take(characters).collect();
        arrow.chars().count() + SafeText::line(&text).width()
    };
    for index in &entry.matched {
        let (mut begin, mut end) = (before(*index), before(index + 1));
        if let Some(left_out) = &left_out {
            if begin >= left_out.end {
                // One cell shows that something was left out.
                (begin, end) = (begin + 1 - left_out.len(), end + 1 - left_out.len());
            } else if end > left_out.start {
                continue;
            }
        }
        if end > room {
            break;
        }
        let (x, width) = (u16::try_from(begin).unwrap_or(u16::MAX), u16::try_from(end - begin).unwrap_or(0));
        frame.buffer_mut().set_style(Rect { x: area.x.saturating_add(x), width, ..area }, marked);
    }
}
