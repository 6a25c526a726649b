//! The sizes that the user gave the panes, with the keys or the mouse, and whether the side panes are collapsed. They
//! survive a restart. `layout` turns them into rectangles and keeps every pane at its least size.

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

/// The sizes of the panes. A size that is none follows from the terminal and the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Sizes {
    /// The width of the side panes in cells.
    pub(super) side: Option<u16>,
    /// The parts of the height that the namespaces and the categories take, in thousandths.
    pub(super) namespaces: Option<u16>,
    pub(super) categories: Option<u16>,
    /// The part of the width that the message pane takes beside the messages, in thousandths.
    pub(super) message_width: Option<u16>,
    /// The part of the height that the message pane takes below the messages, in thousandths.
    pub(super) message_height: Option<u16>,
    /// The side panes are shown only while one of them has the focus.
    pub collapsed: bool,
}

/// Returns the part of a whole in thousandths.
pub(super) fn part(cells: u16, of: u16) -> u16 {
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
}
