//! The dialog that connects to another database: the choices with their targets, a line for a URL, and the attempt. A
//! password in the URL is shown as stars.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::choices;
use crate::app::State;
use crate::app::connection::Connection;
use crate::app::connections::masked;
use crate::app::dialogs::connections::ConnectDialog;
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::view::text::cut;
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, fitting_hints, line_at, paragraph_from, spinner};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &ConnectDialog) {
    let (width, height) = dialog.size();
    let inner = boxed(frame, area, theme, "Connect to another database", width, height);
    let (list, url_row) = ConnectDialog::areas(inner);
    let width = usize::from(inner.width);
    let connected = match state.connection {
        Connection::Up(_) => "Connected",
        Connection::Connecting { .. } => "Connecting",
        Connection::Down { .. } | Connection::Refused { .. } => "Not connected",
    };
    let current = format!(" {connected} to {}", state.settings.target);
    if url_row.y > inner.y {
        line_at(frame, inner, 0, &cut(&current, width), theme.dim);
    }
    let selected = (!dialog.is_on_url()).then_some(dialog.selected);
    let choices = dialog.choices.iter().map(|choice| (choice.to.name(), choice.detail.clone()));
    choices::draw(frame, list, theme, choices, (selected, state.dialogs.top), "");
    // The stars are as many as the characters, so the cursor stays where it is.
    let url = Input::with_cursor(&masked(dialog.url.text()), dialog.url.cursor());
    let prefix = if dialog.is_on_url() { "▌URL: " } else { " URL: " };
    typed::line(frame, url_row, prefix, &url, dialog.attempt.is_none(), theme.key);
    let notes = Rect { y: (url_row.y + 1).min(inner.bottom()), height: 2.min(inner.height), ..inner };
    if let Some((to, since)) = &dialog.attempt {
        let seconds = state.now.duration_since(*since).as_secs();
        let text = format!(" {} Connecting to {} · {seconds}s", spinner(state, theme.ascii), to.name());
        line_at(frame, notes, 0, &cut(&text, width), theme.title);
    } else if let Some(problem) = &dialog.problem {
        paragraph_from(frame, notes, 0, &format!(" {problem}"), theme.problem);
    }
    let keys = keys(&state.settings.keymap, dialog.attempt.is_some());
    let last = inner.height.saturating_sub(1);
    let keys = fitting_hints(&keys, &state.settings.keymap, DialogKind::Connections, width.saturating_sub(1));
    line_at(frame, inner, last, &format!(" {keys}"), theme.dim);
}

/// Returns the keys of the dialog, or those during an attempt.
fn keys(keymap: &KeyMap, is_attempting: bool) -> String {
    let of = DialogKind::Connections;
    if is_attempting {
        return keymap.hint_as(of, DialogAction::Close, "cancel and keep the connection").unwrap_or_default();
    }
    let key = |action| keymap.dialog_key(of, action).map(|key| key.to_string()).unwrap_or_default();
    let choose = format!("{}, {} choose, or type a URL", key(DialogAction::Up), key(DialogAction::Down));
    let [connect, close] = [DialogAction::Accept, DialogAction::Close].map(|action| keymap.hint(of, action));
    connect.into_iter().chain([choose]).chain(close).collect::<Vec<_>>().join(" · ")
}
