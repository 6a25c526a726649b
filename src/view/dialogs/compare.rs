//! The comparison of two messages, in the whole terminal: the names above, the differences or both sides, and the keys
//! below. A sign in each line says how it differs, so that colour never carries the meaning alone.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::browser::wrapped::Wrapped;
use crate::app::dialogs::compare::{CompareDialog, Form, outer, rows_area, side_width, text_area};
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::json::side_by_side::Sign;
use crate::view::scrollbar;
use crate::view::text::{cut, cut_middle, fill};
use crate::view::theme::Theme;
use crate::view::widgets::{boxed, fitting_hints, line_at};

/// The keys of the dialog, as its last line shows them.
const KEYS: [DialogAction; 5] = [
    DialogAction::OtherView,
    DialogAction::NextDifference,
    DialogAction::PreviousDifference,
    DialogAction::CopyDifferences,
    DialogAction::Close,
];

pub(super) fn draw(frame: &mut Frame, area: Rect, keymap: &KeyMap, theme: &Theme, dialog: &CompareDialog) {
    boxed(frame, area, theme, &format!("Compare · {}", dialog.summary()), area.width, area.height);
    let (text, rows) = (text_area(area), rows_area(area));
    let width = usize::from(rows.width);
    let side = side_width(width);
    let [before, after] = &dialog.names;
    let names = match dialog.form {
        Form::Differences => format!("{} → {}", cut_middle(before, side), cut_middle(after, side)),
        Form::SideBySide => format!("{}   {}", fill(&cut_middle(before, side), side), cut_middle(after, side)),
    };
    line_at(frame, text, 0, &names, theme.title);
    for line in 0..rows.height {
        let row = dialog.top + usize::from(line);
        let drawn = match dialog.form {
            Form::Differences => row_of(&dialog.list, row).map(|text| (text, dialog.sign_of(row))),
            Form::SideBySide => dialog.side_rows.get(row).map(|row| {
                let [before, after] = [0, 1].map(|side| row.rows[side].and_then(|of| row_of(&dialog.sides[side], of)));
                let (before, after) = (before.unwrap_or_default(), after.unwrap_or_default());
                (format!("{} {} {}", fill(&before, side), symbol(row.sign), cut(&after, side)), row.sign)
            }),
        };
        let Some((text, sign)) = drawn else { break };
        line_at(frame, rows, line, &cut(&text, width), style(sign, theme));
    }
    scrollbar::draw(frame, outer(area), Some(dialog.extent()), theme);
    line_at(
        frame,
        text,
        text.height.saturating_sub(1),
        &fitting_hints(&keymap.hints(DialogKind::Compare, &KEYS), keymap, DialogKind::Compare, width),
        theme.dim,
    );
}

/// Returns the text of a row.
fn row_of(wrapped: &Wrapped, row: usize) -> Option<String> {
    wrapped.part(row).map(|(line, bytes)| line[bytes].to_owned())
}

fn symbol(sign: Sign) -> char {
    match sign {
        Sign::Same => ' ',
        Sign::Changed => '~',
        Sign::Respelled => '=',
        Sign::Removed => '-',
        Sign::Added => '+',
    }
}

fn style(sign: Sign, theme: &Theme) -> Style {
    match sign {
        Sign::Same => Style::new(),
        Sign::Changed | Sign::Respelled => theme.difference.changed,
        Sign::Removed => theme.difference.removed,
        Sign::Added => theme.difference.added,
    }
}
