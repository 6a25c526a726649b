//! Draws the open dialog in front of the panes. The keys of the dialogs are handled in `app::dialogs`.

mod bookmarks;
mod choices;
mod columns;
mod compare;
mod compose;
mod connections;
mod copy;
mod create_namespace;
mod delete_namespace;
mod export;
mod filter;
mod help;
mod log;
mod members;
mod omnibox;
mod progress;
mod prompts;
mod pulse;
mod state;
mod token;
mod trace;

use ratatui::Frame;
use ratatui::layout::Rect;

use super::theme::Theme;
use crate::app::State;
use crate::app::dialogs::Dialog;

/// Draws the open dialog, if there is one, and the help in front of it.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    for dialog in state.dialogs.shown() {
        draw_one(frame, area, state, theme, dialog);
    }
}

fn draw_one(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &Dialog) {
    match dialog {
        Dialog::Find(prompt) => prompts::find(frame, area, state, theme, prompt),
        Dialog::ListFilter(prompt) => prompts::list_filter(frame, area, state, theme, prompt),
        Dialog::Filter(prompt) => filter::draw(frame, area, state, theme, prompt),
        Dialog::Omnibox(omnibox) => omnibox::draw(frame, area, state, theme, omnibox),
        Dialog::Bookmarks(list) => bookmarks::draw(frame, area, state, theme, list),
        Dialog::Connections(dialog) => connections::draw(frame, area, state, theme, dialog),
        Dialog::Help(help) => help::draw(frame, area, &state.settings.keymap, theme, help),
        Dialog::Pulse(dialog) => pulse::draw(frame, state, theme, dialog),
        Dialog::Trace(dialog) => trace::draw(frame, state, theme, dialog),
        Dialog::State(dialog) => state::draw(frame, state, theme, dialog),
        Dialog::Members(dialog) => members::draw(frame, state, theme, dialog),
        Dialog::Log(log) => log::draw(frame, area, state, theme, log.back),
        Dialog::Columns(chooser) => columns::draw(frame, area, state, theme, chooser),
        Dialog::Copy(menu) => copy::draw(frame, area, state, theme, menu),
        Dialog::Compare(dialog) => compare::draw(frame, area, &state.settings.keymap, theme, dialog),
        Dialog::Export(dialog) => export::draw(frame, area, state, theme, dialog),
        Dialog::Compose(compose) => compose::draw(frame, area, state, theme, compose),
        Dialog::CreateNamespace(dialog) => create_namespace::draw(frame, area, state, theme, dialog),
        Dialog::Token(dialog) => token::draw(frame, area, &state.settings.keymap, theme, dialog),
        Dialog::DeleteNamespace(dialog) => delete_namespace::draw(frame, area, state, theme, dialog),
    }
}
