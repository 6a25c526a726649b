//! The rectangles of the panes for a terminal size. Drawing, mouse clicks and page keys all use them; nothing is drawn
//! here.
//!
//! Below 120 columns the message pane is below the messages. On a smaller terminal panes are hidden one by one. Below
//! 40×10 only the focused one is left.

use ratatui::layout::Rect;

use super::sizes::{Border, Sizes, part};

/// The five panes, in the order of the keys `1` to `5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(usize)]
pub(crate) enum Pane {
    #[default]
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

    /// Returns true for the lists on the left.
    #[must_use]
    pub(crate) fn is_side(self) -> bool {
        matches!(self, Self::Namespaces | Self::Categories | Self::Streams)
    }
}

/// The width from which the message pane is beside the messages.
const BESIDE: u16 = 120;
/// The width from which the side panes are beside the messages.
const WITH_SIDE: u16 = 70;
/// The least widths of the side panes, the messages and the message.
const SIDE_WIDTH: u16 = 16;
const LIST_WIDTH: u16 = 30;
const MESSAGE_WIDTH: u16 = 24;
/// The least heights of the messages, the message and a side pane.
const LIST_HEIGHT: u16 = 6;
const MESSAGE_HEIGHT: u16 = 7;
const SIDE_HEIGHT: u16 = 3;
/// The height from which all three side panes are shown.
const THREE_LISTS: u16 = 3 * SIDE_HEIGHT + 2;

/// The room that the side panes need for what they list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SideRoom {
    /// The width with the border.
    pub width: u16,
    /// The numbers of namespaces and of categories.
    pub namespaces: u16,
    pub categories: u16,
}

/// The rectangles of a frame. A part that is hidden has an empty one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Layout {
    pub header: Rect,
    pub footer: Rect,
    /// The row above the table of messages.
    pub timeline: Rect,
    panes: [Rect; 5],
}

impl Layout {
    /// Lays out the panes. With `fullscreen` only the focused one is shown.
    #[must_use]
    pub(crate) fn new(area: Rect, focus: Pane, fullscreen: bool, sizes: &Sizes, room: SideRoom) -> Self {
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
        // Without room for the message pane below the messages, it takes the place of the side panes.
        let is_low = body.width < BESIDE && body.height < LIST_HEIGHT + MESSAGE_HEIGHT;
        let no_room = body.width < WITH_SIDE || (is_low && focus == Pane::Message);
        let shows_side = focus.is_side() || !(sizes.collapsed || no_room);
        let side = if !shows_side {
            0
        } else if body.width < WITH_SIDE {
            body.width
        } else {
            side_width(body.width, sizes, room)
        };
        let content = Rect { x: body.x + side, width: body.width - side, ..body };
        if side > 0 {
            layout.stack(Rect { width: side, ..body }, focus, sizes, room);
        }
        if content.width > 0 {
            layout.divide(content, focus, body.width >= BESIDE || (is_low && focus == Pane::Message), sizes);
        }
        layout
    }

    /// Puts the timeline above the table if it is wanted and there is room.
    #[must_use]
    pub(crate) fn with_timeline(mut self, wanted: bool) -> Self {
        let pane = self.pane(Pane::Messages);
        if wanted && pane.width >= 42 && pane.height >= 10 {
            self.timeline = Rect { x: pane.x + 1, y: pane.y + 1, width: pane.width - 2, height: 1 };
        }
        self
    }

    /// Divides the room between the messages and the message, or gives all of it to one of them.
    fn divide(&mut self, content: Rect, focus: Pane, beside: bool, sizes: &Sizes) {
        let (list, message) = (Pane::Messages as usize, Pane::Message as usize);
        self.panes[list] = content;
        if beside && content.width >= LIST_WIDTH + MESSAGE_WIDTH {
            // If both are short of room, the table needs more of it than the tree.
            let default = (340 + content.width.saturating_sub(80) * 2).min(420);
            let wanted = sizes.message_width(content.width, default);
            let width = wanted.clamp(MESSAGE_WIDTH, content.width - LIST_WIDTH);
            self.panes[list].width = content.width - width;
            self.panes[message] = Rect { x: content.right() - width, width, ..content };
        } else if !beside && content.height >= LIST_HEIGHT + MESSAGE_HEIGHT {
            let height = sizes.message_height(content.height, 450);
            let height = height.clamp(MESSAGE_HEIGHT, content.height - LIST_HEIGHT);
            self.panes[list].height = content.height - height;
            self.panes[message] = Rect { y: content.bottom() - height, height, ..content };
        } else if focus == Pane::Message {
            self.panes.swap(list, message);
        }
    }

    /// Stacks the side panes. Without room for all three, only the focused one is shown, or the streams.
    fn stack(&mut self, side: Rect, focus: Pane, sizes: &Sizes, room: SideRoom) {
        let focused = if focus.is_side() { focus } else { Pane::Streams };
        if side.height < THREE_LISTS {
            self.panes[focused as usize] = side;
            return;
        }
        let (namespaces, categories) = match sizes.side_heights(side.height) {
            Some(heights) => heights,
            None => side_heights(side.height, focused, room),
        };
        let namespaces = namespaces.clamp(SIDE_HEIGHT, side.height - 2 * SIDE_HEIGHT);
        let categories = categories.clamp(SIDE_HEIGHT, side.height - namespaces - SIDE_HEIGHT);
        let mut y = side.y;
        for (pane, height) in [namespaces, categories, side.height - namespaces - categories].into_iter().enumerate() {
            self.panes[pane] = Rect { y, height, ..side };
            y += height;
        }
    }

    /// Returns the rectangle of a pane with its border; empty if the pane is hidden.
    #[must_use]
    pub(crate) fn pane(&self, pane: Pane) -> Rect {
        self.panes[pane as usize]
    }

    #[must_use]
    pub(crate) fn shows(&self, pane: Pane) -> bool {
        self.pane(pane).area() > 0
    }

    /// Returns the rectangle of the side panes.
    pub(super) fn side(&self) -> Rect {
        union([Pane::Namespaces, Pane::Categories, Pane::Streams].map(|pane| self.pane(pane)))
    }

    /// Returns the rectangle of the messages and the message.
    pub(super) fn content(&self) -> Rect {
        union([Pane::Messages, Pane::Message].map(|pane| self.pane(pane)))
    }

    /// Returns true if the message pane is beside the messages.
    pub(super) fn is_beside(&self) -> bool {
        self.pane(Pane::Message).x > self.pane(Pane::Messages).x
    }

    /// Returns the borders that can be moved.
    fn borders(&self) -> impl Iterator<Item = Border> {
        let both = |one: Pane, other: Pane| self.shows(one) && self.shows(other);
        let borders = [
            (Border::Side, self.side().area() > 0 && self.content().area() > 0),
            (Border::Message, both(Pane::Messages, Pane::Message)),
            (Border::Namespaces, both(Pane::Namespaces, Pane::Categories)),
            (Border::Categories, both(Pane::Categories, Pane::Streams)),
        ];
        borders.into_iter().filter(|(_, exists)| *exists).map(|(border, _)| border)
    }

    /// Returns true if the border is vertical, and so moves to the left and right.
    #[must_use]
    pub(crate) fn is_vertical(&self, border: Border) -> bool {
        border == Border::Side || (border == Border::Message && self.is_beside())
    }

    /// Returns the vertical or horizontal border that is moved for a pane.
    #[must_use]
    pub(crate) fn border_of(&self, pane: Pane, vertical: bool) -> Option<Border> {
        let touches = |border: &Border| match border {
            Border::Side => true,
            Border::Message => !pane.is_side(),
            Border::Namespaces => pane == Pane::Namespaces,
            Border::Categories => matches!(pane, Pane::Categories | Pane::Streams),
        };
        // Beside each other, the messages and the message share a border that is nearer than the one of the side panes.
        self.borders().filter(|border| self.is_vertical(*border) == vertical).filter(touches).last()
    }

    /// Returns the first column or row after a border.
    #[must_use]
    pub(crate) fn position(&self, border: Border) -> u16 {
        match border {
            Border::Side => self.content().x,
            Border::Message if self.is_beside() => self.pane(Pane::Message).x,
            Border::Message => self.pane(Pane::Message).y,
            Border::Namespaces => self.pane(Pane::Categories).y,
            Border::Categories => self.pane(Pane::Streams).y,
        }
    }

    /// Moves a border of this layout to a column or a row of the terminal.
    pub(super) fn put(&self, border: Border, at: u16, sizes: &mut Sizes) {
        let (side, content) = (self.side(), self.content());
        match border {
            Border::Side => sizes.side = Some(at.saturating_sub(side.x)),
            Border::Message if self.is_beside() => {
                sizes.message_width = Some(part(content.right().saturating_sub(at), content.width));
            }
            Border::Message => sizes.message_height = Some(part(content.bottom().saturating_sub(at), content.height)),
            Border::Namespaces | Border::Categories => {
                let (first, second) = (self.position(Border::Namespaces), self.position(Border::Categories));
                let (first, second) = if border == Border::Namespaces { (at, second) } else { (first, at) };
                sizes.namespaces = Some(part(first.saturating_sub(side.y), side.height));
                sizes.categories = Some(part(second.saturating_sub(first), side.height));
            }
        }
    }

    /// Returns the border at a cell. A vertical border takes two cells, and a horizontal one takes one, because the row
    /// below it is a title.
    #[must_use]
    pub(crate) fn border_at(&self, column: u16, row: u16) -> Option<Border> {
        self.borders().find(|border| {
            let at = self.position(*border);
            let within = match border {
                Border::Side | Border::Message => self.content(),
                Border::Namespaces | Border::Categories => self.side(),
            };
            if self.is_vertical(*border) {
                (at - 1..=at).contains(&column) && (within.y..within.bottom()).contains(&row)
            } else {
                row == at - 1 && (within.x..within.right()).contains(&column)
            }
        })
    }

    /// Returns the number of rows inside the border of a pane, without the heading of the messages pane.
    #[must_use]
    pub(crate) fn rows(&self, pane: Pane) -> usize {
        usize::from(self.pane(pane).height.saturating_sub(self.above_rows(pane) + 1))
    }

    /// Returns the number of lines above the rows of a pane: the border, and in the messages pane the timeline and the
    /// heading.
    #[must_use]
    pub(crate) fn above_rows(&self, pane: Pane) -> u16 {
        if pane == Pane::Messages { 2 + self.timeline.height } else { 1 }
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

/// Returns the width of the side panes: the chosen one, or what their lists need within limits.
fn side_width(width: u16, sizes: &Sizes, room: SideRoom) -> u16 {
    match sizes.side() {
        Some(chosen) => chosen.clamp(SIDE_WIDTH, width / 2),
        None => room.width.clamp(20, (width / 4 + 2).max(24)),
    }
}

/// Returns the heights of the namespaces and the categories: what they need, within limits that leave most of the room
/// to the focused list.
fn side_heights(height: u16, focused: Pane, room: SideRoom) -> (u16, u16) {
    let needed = |rows: u16| rows.saturating_add(2).max(4);
    if height < 15 {
        let large = height - 2 * SIDE_HEIGHT;
        return match focused {
            Pane::Namespaces => (large, SIDE_HEIGHT),
            Pane::Categories => (SIDE_HEIGHT, large),
            _ => (SIDE_HEIGHT, SIDE_HEIGHT),
        };
    }
    let most = if focused == Pane::Namespaces { height / 2 } else { height / 5 };
    let namespaces = needed(room.namespaces).min(most.max(4));
    let rest = height - namespaces;
    let most = if focused == Pane::Streams { rest * 2 / 5 } else { rest / 2 };
    (namespaces, needed(room.categories).min(most))
}

/// Returns the rectangle of those that are not empty.
fn union<const N: usize>(areas: [Rect; N]) -> Rect {
    areas.into_iter().filter(|area| area.area() > 0).reduce(Rect::union).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(json: &str) -> Sizes {
        serde_json::from_str(json).expect("sizes")
    }

    fn layout(width: u16, height: u16, focus: Pane) -> Layout {
        Layout::new(Rect::new(0, 0, width, height), focus, false, &Sizes::default(), SideRoom::default())
    }

    fn shown(layout: &Layout) -> Vec<Pane> {
        Pane::ALL.into_iter().filter(|pane| layout.shows(*pane)).collect()
    }

    #[test]
    fn the_focused_pane_is_shown_at_every_size_with_room_for_a_row() {
        for width in 1..200 {
            for height in 1..60 {
                for focus in Pane::ALL {
                    let layout = layout(width, height, focus);
                    assert!(layout.shows(focus), "{width}x{height} {focus:?}");
                    assert!(layout.rows(focus) > 0 || height < 10, "{width}x{height} {focus:?}");
                }
            }
        }
    }

    #[test]
    fn panes_are_hidden_one_by_one() {
        let shown = |width, height| shown(&layout(width, height, Pane::Messages)).len();
        assert_eq!((shown(160, 45), shown(80, 24), shown(80, 12), shown(60, 20)), (5, 5, 2, 2));
        assert_eq!((shown(60, 12), shown(39, 9), shown(1, 1)), (1, 1, 1));
    }

    #[test]
    fn the_message_is_below_the_messages_on_fewer_than_120_columns() {
        assert!(layout(120, 30, Pane::Messages).is_beside());
        let narrow = layout(119, 30, Pane::Messages);
        let (list, message) = (narrow.pane(Pane::Messages), narrow.pane(Pane::Message));
        assert_eq!((message.x, message.y, message.width), (list.x, list.bottom(), list.width));
    }

    #[test]
    fn collapsed_side_panes_are_shown_only_while_one_has_the_focus() {
        for width in [60, 80, 160] {
            let collapsed = sizes(r#"{"collapsed": true}"#);
            let layout = |focus| Layout::new(Rect::new(0, 0, width, 30), focus, false, &collapsed, SideRoom::default());
            assert_eq!(shown(&layout(Pane::Message)), [Pane::Messages, Pane::Message]);
            assert!(layout(Pane::Categories).shows(Pane::Categories));
            assert_eq!(layout(Pane::Messages).content().width, width);
        }
    }

    #[test]
    fn the_side_panes_take_what_their_lists_need_within_limits() {
        let width = |terminal, needed| {
            let room = SideRoom { width: needed, ..SideRoom::default() };
            let area = Rect::new(0, 0, terminal, 30);
            Layout::new(area, Pane::Messages, false, &Sizes::default(), room).side().width
        };
        assert_eq!((width(160, 3), width(160, 33), width(160, 90), width(80, 90)), (20, 33, 42, 24));
    }

    #[test]
    fn namespaces_and_categories_leave_the_rows_that_they_do_not_need_to_the_streams() {
        let room = SideRoom { width: 20, namespaces: 2, categories: 5 };
        let layout = Layout::new(Rect::new(0, 0, 160, 45), Pane::Messages, false, &Sizes::default(), room);
        assert_eq!([Pane::Namespaces, Pane::Categories, Pane::Streams].map(|pane| layout.rows(pane)), [2, 5, 30]);
    }
}
