//! The line at the bottom: the state of following, the position in the list and the keys that apply, with the toast
//! above it. It shows whole parts only and never cuts a word.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use super::messages::{progress, server_now};
use super::text::{cut, cut_middle, fill, sentences, whole_parts, words};
use super::theme::Theme;
use crate::app::State;
use crate::app::browser::layout::Pane;
use crate::app::browser::message::Form;
use crate::app::dialogs::Dialog;
use crate::app::following::{Follow, Stall};
use crate::app::keymap::Action;
use crate::numbers::grouped;
use crate::store::tail::BlockingTransaction;

/// Draws the footer.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    if area.area() == 0 {
        return;
    }
    // The help key always stays, because it leads to all others.
    let room = usize::from(area.width).saturating_sub(help_width(state) + 1);
    let mut left: Vec<Span> = Vec::new();
    let mut used = 0;
    let mut push = |text: String, style: Style| {
        let text = whole_parts(&text, room.saturating_sub(used + 2));
        // Only what comes first may be cut between its words.
        if text.is_empty() || (used > 0 && text.ends_with('…')) {
            return;
        }
        let span = Span::styled(format!(" {text} "), style);
        used += span.width();
        left.push(span);
    };
    if let Some(follow) = &state.following.current {
        push(following(state, follow), following_style(state, follow, theme));
    }
    if let Some(path) = cursor_path(state) {
        // The position in the list follows it.
        push(cut_middle(&path, room / 2), theme.json.key);
    }
    push(progress(state), Style::new());
    let marks = state.marks.all().len();
    if marks > 0 {
        push(format!("{} marked", grouped(marks as u64)), theme.marked);
    }
    if let Some(said) = find_said(state) {
        push(format!("/{}: {said}", cut(state.browser.find_text(), 20)), theme.dim);
    }
    let left = Line::from(left);
    let used = u16::try_from(used).unwrap_or(area.width).min(area.width);
    frame.render_widget(left, Rect { width: used, ..area });
    // A dialog names its own keys, and these do nothing while it is open.
    if state.dialogs.front().is_some() {
        return;
    }
    let keys = keys(state, theme, usize::from(area.width - used));
    let width = u16::try_from(keys.width()).unwrap_or(0).min(area.width - used);
    frame.render_widget(keys, Rect { x: area.x + area.width - width, width, ..area });
}

/// Returns the path of the cursor in the message, if its pane has the focus: `$.items[2].sku`, or `metadata $.traceId`.
fn cursor_path(state: &State) -> Option<String> {
    if state.browser.focus != Pane::Message {
        return None;
    }
    let message = &state.browser.message;
    let path = message.selected_path()?;
    Some(if message.is_in_metadata() { format!("metadata {path}") } else { path })
}

/// Returns how many loaded rows of the focused pane match `/`.
#[must_use]
pub(crate) fn find_said(state: &State) -> Option<String> {
    let (matches, rows) = state.browser.matches_in(state.browser.focus)?;
    let matches = match matches {
        0 => "no match".to_owned(),
        1 => "1 match".to_owned(),
        more => format!("{} matches", grouped(more as u64)),
    };
    let rows = if rows == 1 { "1 loaded row".to_owned() } else { format!("{} loaded rows", grouped(rows as u64)) };
    Some(format!("{matches} in {rows}"))
}

/// Draws a stall over the lower edge of the open dialog, so that no dialog hides it. A prompt has text in its last two
/// rows, so the stall is above them.
pub(crate) fn stall_over_dialog(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let Some((dialog, follow)) = state.dialogs.front().zip(state.following.current.as_ref()) else { return };
    let Some(text) = stall(state, follow) else { return };
    let from_below = if is_prompt(dialog) { 3 } else { 1 };
    if area.height <= from_below + 1 {
        return;
    }
    let text = format!(" {} ", words(&text, usize::from(area.width).saturating_sub(2)));
    let line = Rect { y: area.y + area.height - from_below, height: 1, ..area };
    frame.buffer_mut().set_stringn(
        line.x,
        line.y,
        &text,
        usize::from(line.width),
        following_style(state, follow, theme),
    );
}

/// Returns true if a dialog is a prompt in the last rows.
fn is_prompt(dialog: &Dialog) -> bool {
    matches!(dialog, Dialog::Find(_) | Dialog::ListFilter(_) | Dialog::Filter(_))
}

/// Returns how long following has made no progress, because of the server or of a transaction.
fn stall_of(state: &State, follow: &Follow) -> Stall {
    follow.silence(state.now).max(follow.stall(server_now(state)))
}

/// Names the reason if following has made no progress for a while: `STALLED: blocked by PID 4711, open 15s`.
fn stall(state: &State, follow: &Follow) -> Option<String> {
    let word = match stall_of(state, follow) {
        Stall::No => return None,
        Stall::Waiting => "WAITING",
        Stall::Stalled => "STALLED",
    };
    if let Some(since) = follow.unanswered_since {
        return Some(format!("{word}: no answer for {}s", state.now.duration_since(since).as_secs()));
    }
    let now = server_now(state);
    let holder = follow.blocked_by.first()?;
    Some(format!("{word}: blocked by {}", named(holder, now, follow.blocked_by.len() - 1)))
}

/// Returns the state of following: `FOLLOWING · 3.2/s · lag 12 ms · final to 52`, and the blocking transaction.
fn following(state: &State, follow: &Follow) -> String {
    let now = server_now(state);
    let mut parts = Vec::new();
    match (follow.paused, state.is_live()) {
        (true, _) => parts.push("PAUSED".to_owned()),
        (false, true) if stall_of(state, follow) != Stall::No => {}
        (false, true) => parts.push("FOLLOWING".to_owned()),
        (false, false) => parts.push("FOLLOWING (scrolled)".to_owned()),
    }
    parts.extend(stall(state, follow));
    if follow.new > 0 {
        parts.push(format!("+{} new", grouped(follow.new)));
    }
    if let Some(error) = &follow.error {
        parts.push(format!("interrupted: {}", cut(error, 60)));
        return parts.join(" · ");
    }
    parts.extend(follow.caveat.clone());
    parts.push(format!("{:.1}/s", follow.rate(state.now)));
    if let Some(lag) = follow.lag(now) {
        parts.push(match lag.as_millis().max(0) {
            milliseconds @ ..10_000 => format!("lag {milliseconds} ms"),
            milliseconds => format!("lag {} s", milliseconds / 1_000),
        });
    }
    parts.push(format!("final to {}", follow.final_to));
    if follow.late > 0 {
        parts.push(format!("{} late", grouped(follow.late)));
    }
    match follow.unloaded {
        0 => {}
        1 => parts.push("1 older row unloaded".to_owned()),
        rows => parts.push(format!("{} older rows unloaded", grouped(rows))),
    }
    parts.join(" · ")
}

fn process(holder: &BlockingTransaction) -> String {
    holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("PID {pid}"))
}

/// Names the blocking transaction and its age, and counts the others.
fn named(holder: &BlockingTransaction, now: Timestamp, others: usize) -> String {
    let more = if others > 0 { format!(" and {others} more") } else { String::new() };
    format!("{}{more}, open {}s", process(holder), now.duration_since(holder.since).as_secs().max(0))
}

/// Returns the style of the state of following.
fn following_style(state: &State, follow: &Follow, theme: &Theme) -> Style {
    match stall_of(state, follow) {
        Stall::Stalled => theme.problem,
        Stall::No if state.is_live() => theme.done,
        Stall::Waiting | Stall::No => theme.warning,
    }
}

/// Draws the blocking transaction above the footer: its process, application, state and query, if the role may see
/// them.
pub(crate) fn blocking(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let Some(follow) = state.following.current.as_ref().filter(|_| area.height >= 4) else { return };
    let Some(holder) = follow.blocked_by.first().filter(|_| follow.stall(server_now(state)) != Stall::No) else {
        return;
    };
    let width = usize::from(area.width);
    let mut text = process(holder);
    for known in [&holder.application, &holder.state].into_iter().flatten().filter(|known| !known.is_empty()) {
        text = format!("{text} · {}", cut(known, 40));
    }
    match (&holder.query, &holder.state) {
        (Some(query), Some(state)) => {
            let which = if state == "active" { "query" } else { "last query" };
            text = format!("{text} · {which}: {query}");
        }
        (None, None) if holder.pid.is_some() => text.push_str(" · this role may not see its application and query"),
        _ => {}
    }
    let line = Rect { y: area.y + area.height - 2, height: 1, ..area };
    // The words of a query can be long, so it is cut anywhere.
    let text = format!(" {}", cut(&text, width.saturating_sub(2)));
    frame.render_widget(Clear, line);
    frame.buffer_mut().set_stringn(line.x, line.y, fill(&text, width), width, following_style(state, follow, theme));
}

/// Returns the keys that apply now, as many as fit. The help key is kept as long as possible.
fn keys(state: &State, theme: &Theme, width: usize) -> Line<'static> {
    let newest = if state.browser.messages.newest_first { Action::First } else { Action::Last };
    let mut offered: Vec<(Action, &str)> = match state.browser.focus {
        Pane::Namespaces => vec![(Action::Deeper, "open"), (Action::CreateNamespace, "create")],
        Pane::Categories => vec![(Action::Deeper, "open"), (Action::Back, "back")],
        Pane::Streams => vec![(Action::Deeper, "open"), (Action::Order, "order")],
        Pane::Messages if state.following.current.is_some() => vec![(Action::Pause, "pause"), (newest, "live")],
        Pane::Messages if !state.marks.all().is_empty() => {
            vec![(Action::Compare, "compare"), (Action::Export, "export")]
        }
        Pane::Messages => vec![(Action::Deeper, "open"), (Action::Filter, "filter")],
        Pane::Message
            if state.browser.message.selected_link().is_some()
                || state.browser.message.is_link(state.browser.message.selected()) =>
        {
            vec![(Action::Deeper, "open link"), (Action::Copy, "copy")]
        }
        Pane::Message => {
            let first = match state.browser.message.form {
                Form::Tree => (Action::Fold, "fold"),
                Form::Pretty => (Action::RawText, "raw text"),
                Form::Raw => (Action::RawText, "tree"),
            };
            vec![first, (Action::Copy, "copy")]
        }
    };
    offered.extend([
        (Action::Find, if state.browser.focus.is_side() { "filter" } else { "search" }),
        (Action::GoTo, "go to"),
        (Action::Write, "write"),
        (Action::Follow, if state.following.current.is_some() { "stop" } else { "follow" }),
    ]);
    if state.read_only().is_some() {
        offered.retain(|(action, _)| !matches!(action, Action::Write | Action::CreateNamespace));
    }
    let help = help_width(state);
    let mut spans: Vec<Span> = Vec::new();
    let mut used = 1;
    for (action, label) in offered {
        let key = state.settings.keymap.key(action);
        let needed = key.chars().count() + label.len() + 3;
        if used + needed + help > width {
            break;
        }
        used += needed;
        spans.extend([Span::styled(key, theme.key), Span::styled(format!(" {label}  "), theme.dim)]);
    }
    if used + help <= width {
        spans.extend([
            Span::styled(state.settings.keymap.key(Action::Help), theme.key),
            Span::styled(format!(" {HELP} "), theme.dim),
        ]);
    }
    Line::from(spans)
}

const HELP: &str = "help";

fn help_width(state: &State) -> usize {
    state.settings.keymap.key(Action::Help).chars().count() + HELP.len() + 3
}

/// The height from which a toast hides no text field of a dialog.
const OVER_DIALOG: u16 = 12;

/// Draws the toast above the footer, in front of an open dialog: many toasts say what became of a key in the dialog.
pub(crate) fn toast(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let Some(notice) = state.notices.toast() else { return };
    let dialog = state.dialogs.front();
    if area.height < 3 || area.width < 8 || (dialog.is_some() && area.height < OVER_DIALOG) {
        return;
    }
    // The last two rows of a prompt are text. A stall takes precedence.
    let from_below = if dialog.is_some_and(is_prompt) { 3 } else { 2 };
    let width = usize::from(area.width);
    let (mark, style) = if notice.problem { ("!", theme.problem) } else { ("·", theme.done) };
    let more =
        if notice.problem { format!("  ({} log)", state.settings.keymap.key(Action::Log)) } else { String::new() };
    let text = format!(" {mark} {}{more} ", sentences(&notice.text, width.saturating_sub(more.len() + 4)));
    let line = Rect { y: area.y + area.height - from_below, height: 1, ..area };
    frame.render_widget(Clear, line);
    frame.buffer_mut().set_stringn(line.x, line.y, fill(&text, width), width, style);
}
