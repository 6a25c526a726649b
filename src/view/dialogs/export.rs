//! The export dialog: what is exported, the file, and how far the export has got.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::progress::confirming;
use crate::app::State;
use crate::app::dialogs::export::{ExportDialog, ExportStage};
use crate::app::keymap::{DialogAction, KeyMap};
use crate::numbers::count;
use crate::view::text::words;
use crate::view::theme::Theme;
use crate::view::typed;
use crate::view::widgets::{boxed, fitting_hints, line_at, paragraph_from, row_of, spinner};

pub(super) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme, dialog: &ExportDialog) {
    let inner = boxed(frame, area, theme, "Export", 76, 10);
    let width = usize::from(inner.width);
    let what = if dialog.only_marked {
        count(dialog.marks.len() as u64, "marked message")
    } else if dialog.filter_text.is_empty() {
        dialog.list_name()
    } else {
        format!("{} · & {}", dialog.list_name(), dialog.filter_text)
    };
    line_at(frame, inner, 0, &words(&what, width), Style::new());
    typed::line(frame, row_of(inner, 2), "File: ", &dialog.input, dialog.stage == ExportStage::Editing, theme.key);
    let (said, style) = said(state, theme, dialog);
    paragraph_from(frame, inner, 4, &said, style);
    if inner.height <= 3 {
        // The file has the last row.
        return;
    }
    let keys = keys(&state.settings.keymap, dialog);
    let keys = fitting_hints(&keys, &state.settings.keymap, dialog.kind(), width);
    line_at(frame, inner, inner.height.saturating_sub(1), &keys, theme.dim);
}

fn keys(keymap: &KeyMap, dialog: &ExportDialog) -> String {
    let hint = |action, text| keymap.hint_as(dialog.kind(), action, text);
    let close = |text| hint(DialogAction::Close, text);
    let parts = match &dialog.stage {
        ExportStage::Editing => {
            let other = if dialog.only_marked { "whole list" } else { "only marked" };
            let other = hint(DialogAction::NextField, other).filter(|_| !dialog.marks.is_empty());
            vec![hint(DialogAction::Accept, "export"), other, close("close")]
        }
        ExportStage::Confirming => {
            vec![hint(DialogAction::Yes, "replace the file"), Some("any other key keep it".to_owned())]
        }
        ExportStage::Running { .. } => vec![close("cancel")],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn said(state: &State, theme: &Theme, dialog: &ExportDialog) -> (String, Style) {
    match (&dialog.stage, &dialog.problem) {
        (ExportStage::Confirming, _) => {
            let key = confirming(state, DialogAction::Yes);
            (format!("{} exists. Replace it? {key}/n", dialog.input.text().trim()), theme.problem)
        }
        (ExportStage::Running { waiting: Some(waiting), .. }, _) => {
            (format!("{} waiting until all messages are final: {waiting}", spinner(state, theme.ascii)), theme.warning)
        }
        (ExportStage::Running { written, percent, .. }, _) => {
            let share = percent.map(|percent| format!(" · {percent}%")).unwrap_or_default();
            (format!("{} {} exported{share}", spinner(state, theme.ascii), count(*written, "message")), theme.dim)
        }
        (ExportStage::Editing, Some(problem)) => (problem.clone(), theme.problem),
        (ExportStage::Editing, None) => {
            ("JSON lines that import accepts. Names that end in .gz or .zst are compressed.".to_owned(), theme.dim)
        }
    }
}
