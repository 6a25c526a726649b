//! The mouse: a click selects, the wheel scrolls what is under it, dragging a border resizes.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::layout::Pane;
use super::{Effect, State};

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

impl State {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.dialog.is_some() {
            return Vec::new();
        }
        let layout = self.layout();
        let Some(pane) = layout.pane_at(mouse.column, mouse.row) else { return Vec::new() };
        let mut effects = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(pane, mouse),
            MouseEventKind::Drag(MouseButton::Left) => {
                self.drag(mouse.column);
                Vec::new()
            }
            MouseEventKind::ScrollDown => self.wheel(pane, NOTCH),
            MouseEventKind::ScrollUp => self.wheel(pane, -NOTCH),
            _ => return Vec::new(),
        };
        effects.extend(self.follow_selection());
        effects
    }

    fn click(&mut self, pane: Pane, mouse: MouseEvent) -> Vec<Effect> {
        let area = self.layout().pane(pane);
        let heading = if pane == Pane::Messages { 2 } else { 1 };
        let row = usize::from(mouse.row.saturating_sub(area.y + heading));
        let inside = mouse.row >= area.y + heading && mouse.row + 1 < area.y + area.height;
        let mut effects = if self.focus == pane { Vec::new() } else { self.focus_on(pane) };
        if !inside {
            return effects;
        }
        match pane {
            Pane::Namespaces => {
                self.namespaces.select(self.namespaces.top() + row);
                effects.extend(self.namespace_selected());
            }
            Pane::Categories => {
                self.categories.select(self.categories.top() + row);
                effects.extend(self.category_selected());
            }
            Pane::Streams => {
                self.streams.window.select(self.streams.window.top() + row);
                effects.extend(self.stream_selected());
            }
            Pane::Messages => {
                self.messages.window.select(self.messages.window.top() + row);
                self.messages.moved();
                effects.extend(self.read_on());
            }
            Pane::Message => self.message.click(row),
        }
        effects
    }

    fn wheel(&mut self, pane: Pane, rows: isize) -> Vec<Effect> {
        let height = self.layout().rows(pane);
        match pane {
            Pane::Messages => {
                self.messages.window.scroll(rows, height);
                self.messages.moved();
                self.resume_search();
                self.read_on().into_iter().collect()
            }
            Pane::Message => {
                self.message.step(rows);
                self.reveal();
                Vec::new()
            }
            _ => {
                let mut effects = if self.focus == pane { Vec::new() } else { self.focus_on(pane) };
                effects.extend(self.step(rows));
                self.reveal();
                effects
            }
        }
    }

    /// Moves the border between columns that the pointer is nearest to.
    fn drag(&mut self, column: u16) {
        let layout = self.layout();
        let (messages, message) = (layout.pane(Pane::Messages), layout.pane(Pane::Message));
        if messages.area() == 0 {
            return;
        }
        if column.abs_diff(messages.x) <= 3 && messages.x > 0 {
            self.shares.left = column.max(1);
        } else if message.area() > 0 && column.abs_diff(message.x) <= 3 {
            let rest = self.area.width.saturating_sub(messages.x).max(1);
            let right = self.area.width.saturating_sub(column);
            self.shares.message = u16::try_from(u32::from(right) * 100 / u32::from(rest)).unwrap_or(50);
        }
        self.reveal();
    }
}
