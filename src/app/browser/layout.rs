//! The rectangles of the panes for a terminal size. Drawing, mouse clicks and page keys all use them; nothing is drawn here.
//!
//! On a narrow terminal panes are hidden one by one. Below 40×10 only the focused one is left.

use ratatui::layout::Rect;

/// The five panes, in the order of the keys `1` to `5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub(crate) enum Pane {
    Namespaces,
    Categories,
    Streams,
    Messages,
    Message,
}

impl Pane {
    pub(crate) const ALL: [Self; 5] =
        [Self::Namespaces, Self::Categories, Self::Streams, Self::Messages, Self::Message];

    /// Returns the next pane; the first one follows the last.
    #[must_use]
    pub(crate) fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// Returns the previous pane; the last one precedes the first.
    #[must_use]
    pub(crate) fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}

/// The widths of the columns, which the mouse can change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shares {
    /// Width of the left column in cells.
    pub left: u16,
    /// The share of the remaining width that the message pane takes, in percent; none to derive it from the width.
    pub message: Option<u16>,
}

impl Default for Shares {
    fn default() -> Self {
        Self { left: 28, message: None }
    }
}

/// The rectangles of a frame. A part that is hidden has an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub header: Rect,
    pub footer: Rect,
    panes: [Rect; 5],
}

impl Layout {
    /// Lays out the panes. With `fullscreen` only the focused one is shown.
    #[must_use]
    pub(crate) fn new(area: Rect, focus: Pane, fullscreen: bool, shares: Shares) -> Self {
        let mut layout = Self::default();
        let lines = u16::from(area.height >= 3);
        let footer_lines = u16::from(area.height >= 4);
        layout.header = Rect { height: lines, ..area };
        layout.footer = Rect { y: area.y + area.height - footer_lines, height: footer_lines, ..area };
        let body = Rect { y: area.y + lines, height: area.height - lines - footer_lines, ..area };
        if fullscreen || area.width < 40 || area.height < 10 {
            layout.panes[focus as usize] = body;
            return layout;
        }
        let left_has_focus = matches!(focus, Pane::Namespaces | Pane::Categories | Pane::Streams);
        let (left, middle, right) = columns(body, focus, left_has_focus, shares);
        layout.panes[Pane::Messages as usize] = middle;
        layout.panes[Pane::Message as usize] = right;
        if left.width > 0 {
            layout.stack(left, focus);
        }
        layout
    }

    /// Stacks the three lists of the left column. The focused list, or else the streams, gets most of the height.
    fn stack(&mut self, left: Rect, focus: Pane) {
        let focused = if matches!(focus, Pane::Namespaces | Pane::Categories) { focus } else { Pane::Streams };
        let heights: [u16; 3] = if left.height < 15 {
            let rest = left.height.saturating_sub(6);
            std::array::from_fn(|pane| if pane == focused as usize { rest } else { 3 })
        } else {
            let namespaces = (left.height / 5).max(4);
            let rest = left.height - namespaces;
            match focused {
                Pane::Streams => [namespaces, rest * 2 / 5, rest - rest * 2 / 5],
                _ => [namespaces, rest / 2, rest - rest / 2],
            }
        };
        let mut y = left.y;
        for (pane, height) in heights.into_iter().enumerate() {
            let height = height.min(left.y + left.height - y);
            self.panes[pane] = Rect { y, height, ..left };
            y += height;
        }
    }

    /// Returns the rectangle of a pane with its border; empty if the pane is hidden.
    #[must_use]
    pub(crate) fn pane(&self, pane: Pane) -> Rect {
        self.panes[pane as usize]
    }

    /// Returns the number of rows inside the border of a pane, without the heading of the messages pane.
    #[must_use]
    pub(crate) fn rows(&self, pane: Pane) -> usize {
        let frame = if pane == Pane::Messages { 3 } else { 2 };
        usize::from(self.pane(pane).height.saturating_sub(frame))
    }

    /// Returns the number of columns inside the border of a pane.
    #[must_use]
    pub(crate) fn columns(&self, pane: Pane) -> usize {
        usize::from(self.pane(pane).width.saturating_sub(2))
    }

    #[must_use]
    pub(crate) fn pane_at(&self, column: u16, row: u16) -> Option<Pane> {
        Pane::ALL.into_iter().find(|pane| self.pane(*pane).contains((column, row).into()))
    }
}

/// Divides the width into three or two columns, or gives all of it to the focused pane.
fn columns(body: Rect, focus: Pane, left_has_focus: bool, shares: Shares) -> (Rect, Rect, Rect) {
    let none = Rect { width: 0, ..body };
    let at = |x: u16, width: u16| Rect { x: body.x + x, width, ..body };
    if body.width >= 110 {
        let left = shares.left.clamp(16, body.width / 3);
        let rest = body.width - left;
        // If both are short of room, the table needs more of it than the tree.
        let share = shares.message.unwrap_or((34 + (body.width - 110) / 6).min(42));
        let right = rest * share.clamp(20, 75) / 100;
        return (at(0, left), at(left, rest - right), at(left + rest - right, right));
    }
    if body.width >= 70 {
        return if focus == Pane::Message {
            let right = body.width * 55 / 100;
            (none, at(0, body.width - right), at(body.width - right, right))
        } else {
            let left = shares.left.clamp(16, body.width / 3);
            (at(0, left), at(left, body.width - left), none)
        };
    }
    if left_has_focus {
        (body, none, none)
    } else if focus == Pane::Messages {
        (none, body, none)
    } else {
        (none, none, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_focused_pane_is_shown_at_every_size() {
        for width in 1..200 {
            for height in 1..60 {
                for focus in Pane::ALL {
                    let area = Rect::new(0, 0, width, height);
                    let layout = Layout::new(area, focus, false, Shares::default());
                    let pane = layout.pane(focus);
                    assert!(pane.width > 0 && pane.height > 0, "{width}x{height} {focus:?}");
                    for pane in Pane::ALL {
                        assert_eq!(layout.pane(pane).intersection(area).area(), layout.pane(pane).area());
                    }
                }
            }
        }
    }

    #[test]
    fn panes_are_hidden_one_by_one() {
        let shown = |width, height| {
            let layout = Layout::new(Rect::new(0, 0, width, height), Pane::Messages, false, Shares::default());
            Pane::ALL.into_iter().filter(|pane| layout.pane(*pane).area() > 0).count()
        };
        assert_eq!((shown(160, 45), shown(80, 24), shown(60, 20), shown(39, 9)), (5, 4, 1, 1));
    }
}
