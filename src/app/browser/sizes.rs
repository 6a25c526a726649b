//! The sizes that the user gave the panes, with the keys or the mouse, and whether the side panes are collapsed. They survive
//! a restart. `layout` turns them into rectangles and keeps every pane at its least size.

use super::layout::Layout;

/// A border that can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Border {
    /// To the right of the side panes.
    Side,
    /// Between the messages and the message, which is beside or below them.
    Message,
    /// Below the namespaces.
    Namespaces,
    /// Below the categories.
    Categories,
}

/// The sizes of the panes. What is none follows from the terminal and the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Sizes {
    /// The width of the side panes in cells.
    side: Option<u16>,
    /// The parts of the height that the namespaces and the categories take, in thousandths.
    namespaces: Option<u16>,
    categories: Option<u16>,
    /// The part of the width that the message pane takes beside the messages, in thousandths.
    message_width: Option<u16>,
    /// The part of the height that the message pane takes below the messages, in thousandths.
    message_height: Option<u16>,
    /// The side panes are shown only while one of them has the focus.
    pub collapsed: bool,
}

/// Returns the part of a whole in thousandths.
fn part(cells: u16, of: u16) -> u16 {
    u16::try_from((u32::from(cells) * 1_000 + u32::from(of) / 2) / u32::from(of.max(1))).unwrap_or(1_000)
}

/// Returns the number of cells that a part takes.
fn cells(part: u16, of: u16) -> u16 {
    u16::try_from((u32::from(part) * u32::from(of) + 500) / 1_000).unwrap_or(of)
}

impl Sizes {
    /// Forgets the sizes. Collapsed panes stay collapsed.
    pub(super) fn reset(&mut self) {
        *self = Self { collapsed: self.collapsed, ..Self::default() };
    }

    /// Returns the width of the side panes, if the user chose it.
    pub(super) fn side(&self) -> Option<u16> {
        self.side
    }

    /// Returns the heights of the namespaces and the categories, if the user chose them.
    pub(super) fn side_heights(&self, of: u16) -> Option<(u16, u16)> {
        Some((cells(self.namespaces?, of), cells(self.categories?, of)))
    }

    /// Returns the width of the message pane beside the messages, whose default is in thousandths.
    pub(super) fn message_width(&self, of: u16, default: u16) -> u16 {
        cells(self.message_width.unwrap_or(default), of)
    }

    /// Returns the height of the message pane below the messages, whose default is in thousandths.
    pub(super) fn message_height(&self, of: u16, default: u16) -> u16 {
        cells(self.message_height.unwrap_or(default), of)
    }

    /// Moves a border to a column or a row of the terminal. The layout is the one on screen.
    pub(super) fn put(&mut self, border: Border, at: u16, layout: &Layout) {
        let (side, content) = (layout.side(), layout.content());
        match border {
            Border::Side => self.side = Some(at.saturating_sub(side.x)),
            Border::Message if layout.is_beside() => {
                self.message_width = Some(part(content.right().saturating_sub(at), content.width));
            }
            Border::Message => self.message_height = Some(part(content.bottom().saturating_sub(at), content.height)),
            Border::Namespaces | Border::Categories => {
                let (first, second) = (layout.position(Border::Namespaces), layout.position(Border::Categories));
                let (first, second) = if border == Border::Namespaces { (at, second) } else { (first, at) };
                self.namespaces = Some(part(first.saturating_sub(side.y), side.height));
                self.categories = Some(part(second.saturating_sub(first), side.height));
            }
        }
    }
}
