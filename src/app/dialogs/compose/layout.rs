//! The sizes of the compose dialog and its fields. Drawing uses them, and so do the text editors: their keys depend on
//! the rows that are visible. Nothing is drawn here.

use ratatui::buffer::Buffer;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::Widget as _;

use super::{Compose, DraftStage, Field};
use crate::app::dialogs::frame::frame;
use crate::wrapping::wrap;

/// The width and height of the dialog in a terminal.
#[must_use]
pub(crate) fn dialog_size(area: Rect) -> (u16, u16) {
    let width = area.width.saturating_sub(area.width / 8).max(area.width.min(60));
    let height = area.height.saturating_sub(area.height / 8).max(area.height.min(20));
    (width, height)
}

/// Divides the inside of the dialog into the form and, after a conflict, the messages written since.
#[must_use]
pub(crate) fn form_and_side(stage: &DraftStage, inner: Rect) -> (Rect, Option<Rect>) {
    match stage {
        DraftStage::Conflict(_) if inner.width >= 90 => {
            let half = inner.width / 2;
            let side = Rect { x: inner.x + half, width: inner.width - half, ..inner };
            (Rect { width: half, ..inner }, Some(side))
        }
        // Without room beside the draft, the newer messages cover it.
        DraftStage::Conflict(_) => (Rect { height: 0, ..inner }, Some(inner)),
        _ => (inner, None),
    }
}

/// The most rows of a problem.
const PROBLEM: u16 = 6;

/// Returns the number of rows below the fields: the status, which is higher for a long problem, and the keys.
#[must_use]
pub(crate) fn rows_below(compose: &Compose, form: Rect) -> u16 {
    let lines = compose.shown_problem().map_or(1, |problem| wrap(problem, usize::from(form.width)).len());
    let most = PROBLEM.min(form.height / 3).max(1);
    let status = u16::try_from(lines).unwrap_or(most).min(most);
    form.height.saturating_sub(1).min(status + 1)
}

/// The most completions that are listed at once.
const COMPLETIONS: u16 = 6;
/// The rows that the bodies keep beside the completions.
const LEAST_BODY: u16 = 6;

/// Returns the number of rows for completions below the focused field, which is a line.
#[must_use]
pub(crate) fn completion_rows(rows: u16, completions: usize) -> u16 {
    let wanted = u16::try_from(completions).unwrap_or(u16::MAX).min(COMPLETIONS);
    wanted.min(rows.saturating_sub(4 + LEAST_BODY))
}

/// Returns the fields to show, with their heights in rows, in the rows that completions leave. The focused one is
/// always among them. A field of one row is a line, a higher one a frame.
#[must_use]
pub(crate) fn rooms(used: Field, rows: u16) -> Vec<(Field, u16)> {
    let edited = if used == Field::Metadata { Field::Metadata } else { Field::Data };
    let body = rows.saturating_sub(4);
    let height = |field: Field| match field {
        // Both bodies have a frame, and the focused one is larger.
        Field::Data | Field::Metadata if body >= 9 && field == edited => body - body / 3,
        Field::Data | Field::Metadata if body >= 9 => body / 3,
        _ if field == edited => body - 1,
        _ => 1,
    };
    match body {
        4.. => Field::ALL.map(|field| (field, height(field))).to_vec(),
        // A body only fits in place of the lines.
        _ if used == edited => vec![(used, rows)],
        _ => {
            let first = (used as usize + 1).saturating_sub(usize::from(rows));
            Field::ALL[first..].iter().take(usize::from(rows)).map(|field| (*field, 1)).collect()
        }
    }
}

/// Returns true if a body of this size has room for a frame.
#[must_use]
pub(crate) fn has_frame(room: Rect) -> bool {
    room.height >= 3
}

impl Compose {
    /// Returns the problem, unless a question or the progress of writing is shown in its place.
    #[must_use]
    pub(crate) fn shown_problem(&self) -> Option<&str> {
        self.problem.as_deref().filter(|_| matches!(self.stage, DraftStage::Editing | DraftStage::Conflict(_)))
    }

    /// Tells the text editors which rows are visible. They learn it only by rendering, so they are rendered into a
    /// buffer that nobody sees.
    pub(crate) fn fit(&self, area: Rect) {
        let (width, height) = dialog_size(area);
        let (_, inner) = frame(area, width, height);
        let (form, _) = form_and_side(&self.stage, inner);
        if form.height == 0 {
            return;
        }
        let rows = form.height - rows_below(self, form);
        for (field, height) in rooms(self.field, rows - completion_rows(rows, self.completions.len())) {
            let text = match field {
                Field::Data => &self.data,
                Field::Metadata => &self.metadata,
                _ => continue,
            };
            let room = Rect::new(0, 0, form.width, height);
            let visible = if has_frame(room) { room.inner(Margin::new(1, 1)) } else { room };
            if height > 1 {
                text.render(visible, &mut Buffer::empty(visible));
            }
        }
    }
}
