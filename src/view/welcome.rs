//! What the messages pane says while the database has no namespace: where the store is, and how to get to messages.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::theme::Theme;
use super::widgets::{line_at, paragraph};
use crate::app::State;
use crate::app::connections::ConnectTo;
use crate::keymap::Action;
use crate::view::text::cut;
use crate::wrapping::wrap_parts;

/// Draws the text at the top of an area. Lines without room are left out.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    let width = usize::from(area.width);
    let keymap = &state.settings.keymap;
    let connections = &state.settings.connections;
    let key = |action: Action| keymap.key(action);
    let (create, connect) = (key(Action::CreateNamespace), key(Action::Connections));
    let place = match &connections.default_store {
        Some(directory) => format!("This is your embedded store in {}. It is empty.", directory.display()),
        None => format!("{} has no message store yet.", state.settings.target),
    };
    let mut rows = Vec::new();
    if state.read_only().is_none() {
        rows.push((create, "create a namespace here".to_owned()));
    }
    rows.push((connect, format!("connect to another database: {}", offered(state))));
    rows.push(("--url".to_owned(), "start with streamscope --url postgres://user@host/database".to_owned()));
    rows.push(("--demo".to_owned(), "start with streamscope --demo to see sample data".to_owned()));
    let mut row = 0;
    for line in wrap_parts(&place, width) {
        line_at(frame, area, row, &cut(&line, width), theme.title);
        row += 1;
    }
    row += 1;
    for (key, text) in rows {
        let lines = wrap_parts(&text, width.saturating_sub(9));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        if row.saturating_add(height) > area.height {
            break;
        }
        line_at(frame, area, row, &format!(" {key}"), theme.key);
        let beside =
            Rect { x: area.x + 9.min(area.width), y: area.y + row, width: area.width.saturating_sub(9), height };
        paragraph(frame, beside, &text, Style::new());
        row += height;
    }
}

/// Returns what can be chosen, as in `2 profiles, 1 service or a URL`.
fn offered(state: &State) -> String {
    let choices = &state.settings.connections.choices;
    let count =
        |wanted: fn(&ConnectTo) -> bool, one: &str| match choices.iter().filter(|choice| wanted(&choice.to)).count() {
            0 => None,
            1 => Some(format!("1 {one}")),
            more => Some(format!("{more} {one}s")),
        };
    let profiles = count(|to| matches!(to, ConnectTo::Profile(_)), "profile");
    let services = count(|to| matches!(to, ConnectTo::Service(_)), "service");
    match profiles.into_iter().chain(services).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "type a URL".to_owned(),
        some => format!("{some} or a URL"),
    }
}
