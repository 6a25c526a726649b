//! Draws a [`State`], with one file for each pane or dialog. Nothing in here changes the state or talks to the store.
//!
//! Every text from the store, the server or a file passes through [`text`] before it reaches a cell.

pub(crate) mod dialogs;
pub(crate) mod footer;
pub(crate) mod header;
pub(crate) mod lists;
pub(crate) mod message;
pub(crate) mod messages;
pub(crate) mod scrollbar;
pub(crate) mod text;
pub(crate) mod theme;
mod timeline;
pub(crate) mod typed;
mod welcome;
pub(crate) mod widgets;

use ratatui::Frame;

use crate::app::State;
use crate::app::browser::layout::Pane;
use theme::Theme;

/// Draws the whole screen.
pub(crate) fn draw(frame: &mut Frame, state: &State) {
    let theme = Theme::of(&state.settings);
    let layout = state.browser.layout();
    header::draw(frame, layout.header, state, &theme);
    for pane in Pane::ALL {
        let area = layout.pane(pane);
        if area.area() == 0 {
            continue;
        }
        match pane {
            Pane::Namespaces => lists::namespaces(frame, area, state, &theme),
            Pane::Categories => lists::categories(frame, area, state, &theme),
            Pane::Streams => lists::streams(frame, area, state, &theme),
            Pane::Messages => messages::draw(frame, area, state, &theme),
            Pane::Message => message::draw(frame, area, state, &theme),
        }
        scrollbar::draw(frame, area, state.browser.extent(pane), &theme);
    }
    footer::draw(frame, layout.footer, state, &theme);
    footer::blocking(frame, frame.area(), state, &theme);
    dialogs::draw(frame, frame.area(), state, &theme);
    footer::toast(frame, frame.area(), state, &theme);
    footer::stall_over_dialog(frame, frame.area(), state, &theme);
    theme.fill(frame.buffer_mut());
    if theme.ascii {
        in_ascii(frame);
    }
}

/// Replaces the symbols that the screen draws with ASCII characters. Symbols in messages are replaced as well, because
/// a terminal that needs ASCII could not show them.
fn in_ascii(frame: &mut Frame) {
    for cell in &mut frame.buffer_mut().content {
        let plain = match cell.symbol() {
            "─" | "–" => "-",
            "›" | "→" | "▶" => ">",
            "·" | "│" | "├" | "┤" => "|",
            "…" => "~",
            "✗" => "!",
            "“" | "”" => "\"",
            "◌" | "●" => "o",
            "└" => "`",
            "◀" => "<",
            picture if picture.starts_with(|c| ('\u{2400}'..='\u{2421}').contains(&c)) => "?",
            _ => continue,
        };
        cell.set_symbol(plain);
    }
}

#[cfg(test)]
mod tests;
