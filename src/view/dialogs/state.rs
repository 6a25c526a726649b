//! The state of a stream at a message, over the message pane: a row for each value, with the message that set it. `+`
//! marks what this message added, `~` what it changed, and `-` what it removed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::choice::first_in_view;
use crate::app::dialogs::state::{Note, StateDialog};
use crate::app::request::Slot;
use crate::app::state_view::{Change, StateRow, StateView};
use crate::view::text::{cut, cut_middle, fill, fill_middle, words};
use crate::view::theme::Theme;
use crate::view::widgets::{framed, line_at, paragraph, spinner_of};

/// Draws the state.
pub(super) fn draw(frame: &mut Frame, state: &State, theme: &Theme, dialog: &StateDialog) {
    let waiting = state.requests.since(Slot::State).is_some();
    let sign = if waiting { format!(" · {}", spinner_of(state, Slot::State, theme.ascii)) } else { String::new() };
    let program = dialog.view.as_ref().and_then(|view| view.program.as_ref());
    let by = program.map(|program| format!(" by {program}")).unwrap_or_default();
    let layout = dialog.layout(&state.browser, &state.settings.keymap);
    let end = format!("@{}{by}{sign}", dialog.position);
    let room = usize::from(layout.outer.width).saturating_sub(end.chars().count() + 13);
    framed(frame, layout.outer, theme, &format!("State of {}{end}", cut_middle(dialog.stream.as_str(), room)));
    for (row, line) in (0..layout.keys.height).zip(&layout.hints) {
        line_at(frame, layout.keys, row, line, theme.key);
    }
    match (&dialog.problem, &dialog.view) {
        (Some(problem), _) => paragraph(frame, layout.text, problem, theme.problem),
        (None, Some(view)) => {
            for (row, (line, note)) in (0..layout.text.height).zip(&layout.notes) {
                let style = match note {
                    Note::Missing => theme.warning,
                    Note::Problem => theme.problem,
                };
                line_at(frame, layout.text, row, &words(line, usize::from(layout.text.width)), style);
            }
            rows(frame, layout.values, theme, (dialog.selected, state.dialogs.top), view);
        }
        (None, None) => {}
    }
}

fn rows(frame: &mut Frame, area: Rect, theme: &Theme, (selected, top): (usize, usize), view: &StateView) {
    let width = usize::from(area.width);
    if view.rows.is_empty() {
        return line_at(frame, area, 0, "The messages up to here have no data", theme.dim);
    }
    let setters: Vec<String> = view.rows.iter().map(setter).collect();
    // The columns take what they need. The values get the rest.
    let longest = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or(0).min(width / 3);
    let path_width = longest(&mut view.rows.iter().map(|row| row.path.chars().count()));
    let setter_width = longest(&mut setters.iter().map(|setter| setter.chars().count()));
    let value_width = width.saturating_sub(path_width + setter_width + 6);
    let first = first_in_view(top, selected, view.rows.len(), usize::from(area.height));
    let shown = view.rows.iter().zip(&setters).enumerate().skip(first);
    for (line, (index, (row, setter))) in (0..area.height).zip(shown) {
        let (mark, colour) = match row.change {
            Some(Change::Added) => ("+", theme.done),
            Some(Change::Changed) => ("~", theme.warning),
            None => (" ", Style::new()),
        };
        // The last step of a path says more than its beginning.
        let (path, value) = (fill_middle(&row.path, path_width), fill(&row.value, value_width));
        let text = format!("{mark} {path}  {value}  {}", cut(setter, setter_width));
        line_at(frame, area, line, &fill(&text, width), if index == selected { theme.selected } else { colour });
    }
}

/// Names the message that set a value.
fn setter(row: &StateRow) -> String {
    row.setter.as_ref().map_or_else(String::new, |(position, message_type)| format!("← {position} {message_type}"))
}
