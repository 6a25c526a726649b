//! The mouse: a click selects, the wheel scrolls the pane under the pointer, and dragging a border resizes. It never reaches
//! a dialog.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::browser::Browser;
use super::browser::layout::Pane;
use super::event::Effect;
use super::requests::Requests;

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// The state of the mouse.
#[derive(Debug, Default)]
pub(crate) struct Mouse {
    /// The pane whose left border is being dragged.
    dragged: Option<Pane>,
}

impl Mouse {
    /// Handles an event over the panes.
    pub(crate) fn handle(&mut self, mouse: MouseEvent, browser: &mut Browser, requests: &mut Requests) -> Vec<Effect> {
        let Some(pane) = browser.layout().pane_at(mouse.column, mouse.row) else { return Vec::new() };
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.dragged = border_at(browser, mouse.column);
                if self.dragged.is_some() { Vec::new() } else { click(browser, pane, mouse, requests) }
            }
            MouseEventKind::Drag(MouseButton::Left) => {
                self.drag(browser, mouse.column);
                Vec::new()
            }
            MouseEventKind::ScrollDown => wheel(browser, pane, NOTCH, requests),
            MouseEventKind::ScrollUp => wheel(browser, pane, -NOTCH, requests),
            _ => Vec::new(),
        }
    }

    /// Moves the dragged border to the column.
    fn drag(&self, browser: &mut Browser, column: u16) {
        let messages = browser.layout().pane(Pane::Messages);
        if self.dragged == Some(Pane::Messages) {
            browser.shares.left = column.max(1);
        } else if self.dragged == Some(Pane::Message) {
            let rest = browser.area.width.saturating_sub(messages.x).max(1);
            let right = browser.area.width.saturating_sub(column);
            browser.shares.message = u16::try_from(u32::from(right) * 100 / u32::from(rest)).ok();
        }
    }
}

/// Returns the pane whose left border is at the column, if there is one.
fn border_at(browser: &Browser, column: u16) -> Option<Pane> {
    let layout = browser.layout();
    [Pane::Messages, Pane::Message].into_iter().find(|pane| {
        let area = layout.pane(*pane);
        area.area() > 0 && area.x > 0 && (area.x - 1..=area.x).contains(&column)
    })
}

/// Focuses the pane and selects the row under the pointer.
fn click(browser: &mut Browser, pane: Pane, mouse: MouseEvent, requests: &mut Requests) -> Vec<Effect> {
    let area = browser.layout().pane(pane);
    let heading = if pane == Pane::Messages { 2 } else { 1 };
    let row = usize::from(mouse.row.saturating_sub(area.y + heading));
    let inside = mouse.row >= area.y + heading && mouse.row + 1 < area.y + area.height;
    let mut effects = if browser.focus == pane { Vec::new() } else { browser.focus_on(pane, requests) };
    if !inside {
        return effects;
    }
    match pane {
        Pane::Namespaces => {
            browser.namespaces.select(browser.namespaces.top() + row);
            effects.extend(browser.namespace_selected(requests));
        }
        Pane::Categories => {
            browser.categories.select(browser.categories.top() + row);
            effects.extend(browser.category_selected(requests));
        }
        Pane::Streams => {
            browser.streams.window.select(browser.streams.window.top() + row);
            effects.extend(browser.stream_selected(requests));
        }
        Pane::Messages => {
            browser.messages.window.select(browser.messages.window.top() + row);
            browser.messages.moved();
            effects.extend(browser.messages.read_on(requests));
        }
        Pane::Message => browser.message.click(row),
    }
    effects
}

/// Scrolls the messages, or moves the selection of another pane.
fn wheel(browser: &mut Browser, pane: Pane, rows: isize, requests: &mut Requests) -> Vec<Effect> {
    match pane {
        Pane::Messages => {
            let height = browser.layout().rows(pane);
            browser.messages.scroll(rows, height, requests).into_iter().collect()
        }
        Pane::Message => {
            browser.message.step(rows);
            Vec::new()
        }
        _ => {
            let mut effects = if browser.focus == pane { Vec::new() } else { browser.focus_on(pane, requests) };
            effects.extend(browser.step(rows, requests));
            effects
        }
    }
}
