//! Resizing and collapsing the panes, with the keys and with the mouse. Neither ever hides a pane or loses the focus;
//! the least sizes are those of `layout`.

use ratatui::layout::Rect;

use super::Browser;
use super::layout::{Layout, Pane, SideRoom};
use super::sizes::Border;
use crate::app::event::Effect;
use crate::app::keymap::Action;
use crate::app::requests::Requests;
use crate::safe_text::SafeText;

/// The cells by which a key moves a vertical and a horizontal border.
const COLUMNS: i16 = 2;
const ROWS: i16 = 1;

/// The rows of a list that decide its width. More could not be on screen.
const IN_VIEW: usize = 100;
/// The cells that a row of a side pane needs besides its name: border, marker and space.
const AROUND: usize = 4;
/// The columns and rows of the text that is shown if there is no namespace.
const EXPLANATION: (usize, usize) = (36, 4);
/// The cells of an estimate, such as `~12.3k`.
const ESTIMATE: usize = 6;

impl Browser {
    /// Returns the rectangles of the panes.
    #[must_use]
    pub(crate) fn layout(&self) -> Layout {
        Layout::new(self.area, self.focus, self.fullscreen, &self.sizes, self.side_room)
            .with_timeline(!self.hides_timeline)
    }

    /// Returns the area of all panes: the screen without its header and footer.
    #[must_use]
    pub(crate) fn body(&self) -> Rect {
        let (area, layout) = (self.area, self.layout());
        let (header, footer) = (layout.header.height, layout.footer.height);
        Rect { y: area.y + header, height: area.height.saturating_sub(header + footer), ..area }
    }

    /// Carries out an action that changes the sizes of the panes; none if it is another one.
    pub(in crate::app) fn resize(&mut self, action: Action, requests: &mut Requests) -> Option<Vec<Effect>> {
        match action {
            Action::BorderLeft => self.move_border(true, -COLUMNS),
            Action::BorderRight => self.move_border(true, COLUMNS),
            Action::BorderUp => self.move_border(false, -ROWS),
            Action::BorderDown => self.move_border(false, ROWS),
            Action::ResetSizes => self.sizes.reset(),
            Action::CollapseSide => return Some(self.collapse_side(requests)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Moves the nearest border of the focused pane.
    fn move_border(&mut self, vertical: bool, by: i16) {
        let layout = self.layout();
        if let Some(border) = layout.border_of(self.focus, vertical) {
            self.put_border(border, layout.position(border).saturating_add_signed(by));
        }
    }

    /// Moves a border to a column or a row of the terminal.
    pub(in crate::app) fn put_border(&mut self, border: Border, at: u16) {
        let layout = self.layout();
        layout.put(border, at, &mut self.sizes);
    }

    /// Collapses the side panes, or shows them again.
    fn collapse_side(&mut self, requests: &mut Requests) -> Vec<Effect> {
        self.sizes.collapsed = !self.sizes.collapsed;
        if self.sizes.collapsed && self.focus.is_side() { self.focus_on(Pane::Messages, requests) } else { Vec::new() }
    }

    /// Measures what the side panes list. Within a namespace they only become wider, so that moving through the
    /// categories does not move the messages.
    pub(super) fn measure_side(&mut self) {
        let row = |name: &str, note: usize| SafeText::line(name).width() + usize::from(note > 0) + note + AROUND;
        let namespaces = self.namespaces.all().take(IN_VIEW).map(|info| row(&info.id, info.flavour.as_str().len()));
        let categories = self.categories.all().take(IN_VIEW).map(|of| row(of.category.as_str(), ESTIMATE));
        let streams = self.streams.window.rows().iter().skip(self.streams.window.top()).take(IN_VIEW);
        let streams = streams.map(|of| row(self.streams.shown_name(of), of.version.to_string().len() + 1));
        let widest = namespaces.chain(categories).chain(streams).max().unwrap_or(0);
        let without_namespace = self.namespaces.at_last && !self.namespaces.has_rows();
        let (widest, listed) = if without_namespace { EXPLANATION } else { (widest, self.namespaces.all().count()) };
        let cells = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let before = if self.measured_namespace == self.shown_namespace { self.side_room.width } else { 0 };
        self.measured_namespace.clone_from(&self.shown_namespace);
        self.side_room = SideRoom {
            width: before.max(cells(widest)),
            namespaces: cells(listed),
            categories: cells(self.categories.all().count()),
        };
    }
}
