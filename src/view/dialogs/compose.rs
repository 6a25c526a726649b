//! The compose dialog: six fields, their problems and completions, and after a conflict the messages written since. If
//! there is not enough room, the focused field gets it. Nothing in here checks or changes the draft.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

use super::progress::confirming;
use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::compose::{Compose, Conflict, DraftStage, Field, layout};
use crate::app::keymap::{Action, Chord, DialogAction, DialogKind, KeyMap};
use crate::app::request::Slot;
use crate::message::ExpectedVersion;
use crate::safe_text::SafeText;
use crate::view::text::{cut, cut_middle, fill, whole_parts, words};
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, fitting_hints, frame_of, line_at, paragraph, waiting_for};
use crate::wrapping::wrap;

/// The keys while a draft is edited, the most important first.
const KEYS: [DialogAction; 8] = [
    DialogAction::Write,
    DialogAction::Close,
    DialogAction::Discard,
    DialogAction::NextField,
    DialogAction::Editor,
    DialogAction::OtherDraft,
    DialogAction::Format,
    DialogAction::Help,
];

/// Draws the dialog.
pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, compose: &Compose) {
    let (width, height) = layout::dialog_size(area);
    let kept = match state.dialogs.drafts.len() {
        0 => String::new(),
        1 => " · 1 more draft".to_owned(),
        more => format!(" · {more} more drafts"),
    };
    let title = format!("Write a message to {}{kept}", cut(&compose.namespace, 40));
    let inner = boxed(frame, area, theme, &title, width, height);
    let (form, side) = layout::form_and_side(&compose.stage, inner);
    fields(frame, form, state, theme, compose);
    if let (Some(side), DraftStage::Conflict(conflict)) = (side, &compose.stage) {
        since(frame, side, state, theme, conflict);
    }
}

fn fields(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, compose: &Compose) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let below = layout::rows_below(compose, area);
    let rows = area.height - below;
    let listed = layout::completion_rows(rows, compose.completions.len());
    let mut row = 0;
    for (field, height) in layout::rooms(compose.field, rows - listed) {
        let room = Rect { y: area.y + row, height, ..area };
        row += height;
        if height == 1 {
            line(frame, room, theme, compose, field);
        } else {
            editor(frame, room, theme, compose, field);
        }
        if field == compose.field && listed > 0 {
            completions(frame, Rect { y: area.y + row, height: listed, ..area }, state, theme, compose);
            row += listed;
        }
    }
    let bottom = area.height - below;
    let (text, style) = match compose.completions.get(compose.chosen) {
        // There is no room for the list.
        Some(name) if listed == 0 => {
            (format!("{} {name}", accepting(state).map(|key| key.to_string()).unwrap_or_default()), theme.dim)
        }
        _ => status(state, theme, compose),
    };
    let status = Rect { y: area.y + bottom, height: below.saturating_sub(1).max(1).min(below), ..area };
    wrapped(frame, status, &text, &rest_in_log(state, compose), style);
    let keymap = &state.settings.keymap;
    let (kind, keys) = match &compose.stage {
        DraftStage::Conflict(conflict) => (DialogKind::Conflict, conflict_keys(keymap, conflict)),
        _ => (DialogKind::Compose, keymap.hints(DialogKind::Compose, &KEYS)),
    };
    line_at(frame, area, bottom + status.height, &fitting_hints(&keys, keymap, kind, width), theme.dim);
}

/// Draws text in whole words. If it does not fit, a hint follows it.
fn wrapped(frame: &mut Frame, area: Rect, text: &str, hint: &str, style: Style) {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = wrap(text, width);
    if lines.len() > height && height > 0 {
        let rest = lines.split_off(height - 1).join(" ");
        let kept = words(&rest, width.saturating_sub(hint.width()));
        // A hint in place of the text explains nothing.
        lines.push(if kept.width() > hint.width() { kept + hint } else { words(&rest, width) });
    }
    for (row, line) in (0..area.height).zip(lines) {
        line_at(frame, area, row, &line, style);
    }
}

/// Returns a hint at the log if it has the problem.
fn rest_in_log(state: &State, compose: &Compose) -> String {
    let keymap = &state.settings.keymap;
    let is_logged = compose
        .shown_problem()
        .is_some_and(|problem| state.notices.log().iter().rev().any(|notice| notice.text == problem));
    match keymap.dialog_key(DialogKind::Compose, DialogAction::Close).filter(|_| is_logged) {
        Some(close) => format!("  ({close}, then {} shows it all)", keymap.key(Action::Log)),
        None => String::new(),
    }
}

/// Returns the progress of writing, a question or the problem.
fn status(state: &State, theme: &Theme, compose: &Compose) -> (String, Style) {
    match (&compose.stage, &compose.problem) {
        (DraftStage::Writing, _) => (waiting_for(state, Slot::Write, "writing …", theme.ascii), theme.warning),
        (DraftStage::Confirming, _) => {
            let (name, key) = (&state.settings.profile.name, confirming(state, DialogAction::Production));
            (format!("Press {key} to write to {name}, any other key to edit."), theme.problem)
        }
        (DraftStage::Discarding, _) => {
            (format!("Discard this draft? {}/n", confirming(state, DialogAction::Yes)), theme.problem)
        }
        (_, Some(problem)) => (problem.clone(), theme.problem),
        (DraftStage::Conflict(conflict), None) => {
            let actual = conflict.actual.map_or_else(
                || "the stream does not exist".to_owned(),
                |version| format!("the stream is at version {version}"),
            );
            let expected = match conflict.expected {
                ExpectedVersion::NoStream => "no stream".to_owned(),
                version => format!("version {version}"),
            };
            (format!("Conflict: expected {expected}, but {actual}."), theme.problem)
        }
        (DraftStage::Editing, None) => (String::new(), theme.dim),
    }
}

/// Returns the keys that resolve a conflict.
fn conflict_keys(keymap: &KeyMap, conflict: &Conflict) -> String {
    let retry = match conflict.actual {
        Some(version) => format!("retry at version {version}"),
        None => "retry as a new stream".to_owned(),
    };
    let retry = keymap.hint_as(DialogKind::Conflict, DialogAction::Retry, &retry);
    let others = keymap.hints(DialogKind::Conflict, &[DialogAction::KeepEditing, DialogAction::Discard]);
    retry.into_iter().chain([others]).collect::<Vec<_>>().join(" · ")
}

/// Returns the width of the name before a field of one line.
fn title_width(area: Rect) -> u16 {
    18.min(area.width / 2)
}

/// Draws a field in one row, followed by its problem.
fn line(frame: &mut Frame, area: Rect, theme: &Theme, compose: &Compose, field: Field) {
    let used = compose.field == field;
    let wrong = compose.wrong(field).filter(|_| !compose.text(field).is_empty());
    let style = match (used, wrong.is_some()) {
        (_, true) => theme.problem,
        (true, false) => theme.key,
        (false, false) => Style::new(),
    };
    let title = fill(field.title(), usize::from(title_width(area)).saturating_sub(1));
    let text = if let Some(input) = compose.lines.get(field as usize) {
        let has_cursor = used && matches!(compose.stage, DraftStage::Editing);
        typed::line(frame, area, &format!("{title} "), input, has_cursor, style);
        input.text().to_owned()
    } else {
        let text = compose.text(field).split_whitespace().take(64).collect::<Vec<_>>().join(" ");
        line_at(frame, area, 0, &cut(&format!("{title} {text}"), usize::from(area.width)), style);
        text
    };
    let taken = usize::from(title_width(area)) + SafeText::line(&text).width();
    let taken = u16::try_from(taken).unwrap_or(u16::MAX).min(area.width);
    let behind = Rect { x: area.x + taken, width: area.width - taken, ..area };
    let (note, style) = match wrong {
        Some(wrong) => (format!("  ✗ {wrong}"), theme.problem),
        None if field == Field::Id && compose.text(field).is_empty() => (" (new UUID)".to_owned(), theme.dim),
        None if field == Field::ExpectedVersion && compose.awaits_version && compose.text(field).is_empty() => {
            (" (reading the stream version …)".to_owned(), theme.dim)
        }
        None => return,
    };
    line_at(frame, behind, 0, &words(&note, usize::from(behind.width)), style);
}

/// Draws a body with its problem in the frame, or without a frame if there is no room for it.
fn editor(frame: &mut Frame, area: Rect, theme: &Theme, compose: &Compose, field: Field) {
    let used = compose.field == field;
    let has_cursor = used && matches!(compose.stage, DraftStage::Editing);
    let text = if field == Field::Metadata { &compose.metadata } else { &compose.data };
    if !layout::has_frame(area) {
        return typed::text(frame, area, text, has_cursor, theme);
    }
    let title = match compose.wrong(field) {
        Some(wrong) => format!(" {} ✗ {wrong} ", field.title()),
        None => format!(" {} ", field.title()),
    };
    let block = frame_of(words(&title, usize::from(area.width.saturating_sub(2))), used, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    typed::text(frame, inner, text, has_cursor, theme);
}

/// Returns the key that accepts a completion.
fn accepting(state: &State) -> Option<Chord> {
    state.settings.keymap.dialog_key(DialogKind::Completions, DialogAction::Accept)
}

/// Draws the completions in the rows below the focused field. The one that the key accepts is always visible.
fn completions(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, compose: &Compose) {
    let accept = accepting(state).map(|key| format!("  ({key})")).unwrap_or_default();
    let title = title_width(area);
    let area = Rect { x: area.x + title, width: area.width - title, ..area };
    let first = first_in_view(0, compose.chosen, compose.completions.len(), usize::from(area.height));
    let longest = compose.completions.iter().map(|name| name.width()).max().unwrap_or(0) + accept.width();
    let width = longest.max(48).min(usize::from(area.width));
    for (row, (index, name)) in (0..area.height).zip(compose.completions.iter().enumerate().skip(first)) {
        let (style, hint) = if index == compose.chosen { (theme.selected, accept.as_str()) } else { (theme.dim, "") };
        // Similar names differ at their ends.
        let name = cut_middle(name, width.saturating_sub(accept.width()));
        let text = fill(&format!("{name}{hint}"), width);
        line_at(frame, area, row, &text, style);
    }
}

/// Draws the messages written since the version that the draft expects.
fn since(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, conflict: &Conflict) {
    // On a small terminal, nothing else says that there was a conflict.
    let version = conflict.expected.as_argument().filter(|version| *version >= 0);
    let since = version.map(|version| format!(" version {version}")).unwrap_or_default();
    let title = format!("Conflict · Written since{since}");
    let title = whole_parts(&title, usize::from(area.width).saturating_sub(4));
    let block = frame_of(format!(" {title} "), false, theme);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let last = inner.height.saturating_sub(1);
    line_at(frame, inner, last, &whole_parts(&conflict_keys(&state.settings.keymap, conflict), width), theme.key);
    let Some(messages) = &conflict.since else {
        line_at(frame, inner, 0, &waiting_for(state, Slot::Write, "reading …", theme.ascii), theme.dim);
        return;
    };
    if messages.is_empty() {
        paragraph(frame, inner, "No newer messages: the stream is not at the expected version.", theme.dim);
    }
    let mut row = 0;
    for message in messages {
        if row + 1 >= last {
            break;
        }
        let time = state.settings.times.short(message.time, state.now);
        let head = format!("{} {} {}", message.position, time, message.message_type);
        line_at(frame, inner, row, &cut(&head, width), theme.title);
        let data = message.data.as_deref().unwrap_or("null");
        line_at(frame, inner, row + 1, &cut(&format!("  {data}"), width), Style::new());
        row += 2;
    }
}
