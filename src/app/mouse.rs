//! The mouse: a click selects, the wheel scrolls the pane under the pointer, and dragging a border resizes. It never reaches
//! a dialog.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::layout::Pane;
use super::{Effect, State};

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

impl State {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.dialogs.open.is_some() {
            return Vec::new();
        }
        let layout = self.layout();
        let Some(pane) = layout.pane_at(mouse.column, mouse.row) else { return Vec::new() };
        let mut effects = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.browser.dragged = self.border_at(mouse.column);
                if self.browser.dragged.is_some() { Vec::new() } else { self.click(pane, mouse) }
            }
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
        let mut effects = if self.browser.focus == pane { Vec::new() } else { self.focus_on(pane) };
        if !inside {
            return effects;
        }
        match pane {
            Pane::Namespaces => {
                self.browser.namespaces.select(self.browser.namespaces.top() + row);
                effects.extend(self.namespace_selected());
            }
            Pane::Categories => {
                self.browser.categories.select(self.browser.categories.top() + row);
                effects.extend(self.category_selected());
            }
            Pane::Streams => {
                self.browser.streams.window.select(self.browser.streams.window.top() + row);
                effects.extend(self.stream_selected());
            }
            Pane::Messages => {
                self.browser.messages.window.select(self.browser.messages.window.top() + row);
                self.browser.messages.moved();
                effects.extend(self.read_on());
            }
            Pane::Message => self.browser.message.click(row),
        }
        effects
    }

    fn wheel(&mut self, pane: Pane, rows: isize) -> Vec<Effect> {
        let height = self.layout().rows(pane);
        match pane {
            Pane::Messages => {
                self.browser.messages.window.scroll(rows, height);
                self.browser.messages.moved();
                self.resume_search();
                self.read_on().into_iter().collect()
            }
            Pane::Message => {
                self.browser.message.step(rows);
                self.reveal();
                Vec::new()
            }
            _ => {
                let mut effects = if self.browser.focus == pane { Vec::new() } else { self.focus_on(pane) };
                effects.extend(self.step(rows));
                self.reveal();
                effects
            }
        }
    }

    /// Returns the pane whose left border is at the column, if there is one.
    fn border_at(&self, column: u16) -> Option<Pane> {
        let layout = self.layout();
        [Pane::Messages, Pane::Message].into_iter().find(|pane| {
            let area = layout.pane(*pane);
            area.area() > 0 && area.x > 0 && (area.x - 1..=area.x).contains(&column)
        })
    }

    /// Moves the dragged border to the column.
    fn drag(&mut self, column: u16) {
        let messages = self.layout().pane(Pane::Messages);
        if self.browser.dragged == Some(Pane::Messages) {
            self.browser.shares.left = column.max(1);
        } else if self.browser.dragged == Some(Pane::Message) {
            let rest = self.browser.area.width.saturating_sub(messages.x).max(1);
            let right = self.browser.area.width.saturating_sub(column);
            self.browser.shares.message = u16::try_from(u32::from(right) * 100 / u32::from(rest)).ok();
        }
        self.reveal();
    }
}
