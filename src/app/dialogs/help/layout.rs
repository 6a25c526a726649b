//! The lines of the help and their place on the terminal, which drawing and the mouse share.

use ratatui::layout::Rect;

use super::{Help, HelpRow};
use crate::app::dialogs::frame::frame;
use crate::wrapping::wrap;

const WIDTH: u16 = 78;

/// One line of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpLine {
    /// The index of the row that it belongs to; none for the empty line above a heading.
    pub row: Option<usize>,
    /// The keys at the beginning of the line.
    pub keys: String,
    pub text: String,
}

/// The lines, and the part of them that is in view.
#[derive(Debug)]
pub(crate) struct HelpLayout {
    pub outer: Rect,
    /// The rectangle of the lines.
    pub text: Rect,
    /// The line below them.
    pub last: Rect,
    /// The width of the keys.
    pub indent: usize,
    pub lines: Vec<HelpLine>,
    /// The index of the first line in view.
    pub first: usize,
}

impl HelpLayout {
    #[must_use]
    pub(crate) fn of(help: &Help, area: Rect) -> Self {
        let (_, inner) = frame(area, WIDTH, area.height);
        // The box has room for all rows, whatever the filter hides, and for an empty line and the keys below them.
        let rows = lines(&help.all, usize::from(inner.width), 0).len() + 2;
        let height = u16::try_from(rows + 2).unwrap_or(u16::MAX).min(area.height);
        let (outer, inner) = frame(area, WIDTH, height);
        let width = usize::from(inner.width);
        let keys = help.rows.iter().map(|row| match row {
            HelpRow::Keys(keys, _) => keys.chars().count(),
            _ => 0,
        });
        let indent = 4 + keys.max().unwrap_or(0).min(width / 3);
        let lines = lines(&help.rows, width, indent);
        let last = Rect { y: inner.bottom().saturating_sub(1), height: inner.height.min(1), ..inner };
        let text = Rect { height: inner.height.saturating_sub(1), ..inner };
        let height = usize::from(text.height).max(1);
        let middle = lines.iter().position(|line| line.row == Some(help.middle)).unwrap_or(0);
        let first = middle.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
        Self { outer, text, last, indent, lines, first }
    }

    /// Returns the row of the help under the pointer.
    #[must_use]
    pub(super) fn row_at(&self, column: u16, row: u16) -> Option<usize> {
        let is_inside = self.text.contains((column, row).into());
        let line = is_inside.then(|| self.first + usize::from(row - self.text.y))?;
        self.lines.get(line)?.row
    }
}

fn lines(rows: &[HelpRow], width: usize, indent: usize) -> Vec<HelpLine> {
    let line = |row, keys: &str, text: String| HelpLine { row, keys: keys.to_owned(), text };
    let mut lines = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        match row {
            HelpRow::Heading(title) => {
                if index > 0 {
                    lines.push(line(None, "", String::new()));
                }
                lines.push(line(Some(index), "", (*title).to_owned()));
            }
            HelpRow::Note(note) => {
                let texts = wrap(note, width.saturating_sub(2));
                lines.extend(texts.into_iter().map(|text| line(Some(index), "", text)));
            }
            HelpRow::Keys(keys, purpose) => {
                let texts = wrap(purpose.title(), width.saturating_sub(indent)).into_iter().enumerate();
                lines.extend(texts.map(|(at, text)| line(Some(index), if at == 0 { keys } else { "" }, text)));
            }
        }
    }
    lines
}
