//! The mouse: a click selects, the wheel scrolls the pane under the pointer, and dragging moves a border or a
//! scrollbar. It never reaches a dialog.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::browser::Browser;
use super::browser::layout::Pane;
use super::browser::sizes::Border;
use super::event::Effect;
use super::requests::Requests;

/// Rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// What the pointer holds since the button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dragged {
    Border(Border),
    /// The thumb of a pane's scrollbar.
    Thumb(Pane),
}

/// The state of the mouse.
#[derive(Debug, Default)]
pub(crate) struct Mouse {
    dragged: Option<Dragged>,
}

impl Mouse {
    /// Releases the border or thumb that is being dragged.
    pub(crate) fn release(&mut self) {
        self.dragged = None;
    }

    /// Handles an event over the panes.
    pub(crate) fn handle(&mut self, mouse: MouseEvent, browser: &mut Browser, requests: &mut Requests) -> Vec<Effect> {
        if mouse.kind == MouseEventKind::Drag(MouseButton::Left) {
            return self.drag(mouse, browser, requests);
        }
        let Some(pane) = browser.layout().pane_at(mouse.column, mouse.row) else { return Vec::new() };
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => {
                self.dragged = dragged_at(browser, mouse);
                match self.dragged {
                    Some(Dragged::Thumb(pane)) => {
                        let focused = focus_side(browser, pane, requests);
                        focused.into_iter().chain(browser.drag_thumb(pane, mouse.row, requests)).collect()
                    }
                    Some(Dragged::Border(_)) => Vec::new(),
                    None => click(browser, pane, mouse, requests),
                }
            }
            MouseEventKind::ScrollDown => wheel(browser, pane, NOTCH, requests),
            MouseEventKind::ScrollUp => wheel(browser, pane, -NOTCH, requests),
            _ => Vec::new(),
        }
    }
}

impl Mouse {
    /// Moves what the pointer holds, which may have left its pane.
    fn drag(&self, mouse: MouseEvent, browser: &mut Browser, requests: &mut Requests) -> Vec<Effect> {
        match self.dragged {
            Some(Dragged::Thumb(pane)) => browser.drag_thumb(pane, mouse.row, requests),
            Some(Dragged::Border(border)) => {
                let at = if browser.layout().is_vertical(border) { mouse.column } else { mouse.row };
                browser.put_border(border, at);
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}

/// Returns what a press of the button takes hold of: the scrollbar of a pane, which is on its right border, or else a
/// border.
fn dragged_at(browser: &Browser, mouse: MouseEvent) -> Option<Dragged> {
    let layout = browser.layout();
    let has_thumb = |pane: &Pane| {
        let area = layout.pane(*pane);
        let is_on_track = mouse.column + 1 == area.right() && mouse.row > area.y && mouse.row + 1 < area.bottom();
        is_on_track && browser.extent(*pane).and_then(|extent| extent.thumb(area.height - 2)).is_some()
    };
    let thumb = layout.pane_at(mouse.column, mouse.row).filter(has_thumb).map(Dragged::Thumb);
    thumb.or_else(|| layout.border_at(mouse.column, mouse.row).map(Dragged::Border))
}

/// Focuses a side pane, whose selection moves when it is scrolled.
fn focus_side(browser: &mut Browser, pane: Pane, requests: &mut Requests) -> Vec<Effect> {
    if pane.is_side() && browser.focus != pane { browser.focus_on(pane, requests) } else { Vec::new() }
}

/// Focuses the pane and selects the row under the pointer.
fn click(browser: &mut Browser, pane: Pane, mouse: MouseEvent, requests: &mut Requests) -> Vec<Effect> {
    let layout = browser.layout();
    let (area, heading) = (layout.pane(pane), layout.above_rows(pane));
    let row = usize::from(mouse.row.saturating_sub(area.y + heading));
    let inside = mouse.row >= area.y + heading && mouse.row + 1 < area.y + area.height;
    let mut effects = if browser.focus == pane { Vec::new() } else { browser.focus_on(pane, requests) };
    if !inside {
        return effects;
    }
    match pane {
        Pane::Namespaces => {
            let index = browser.namespaces.top() + row;
            browser.namespaces.select(index);
            effects.extend(browser.namespace_selected(requests));
        }
        Pane::Categories => {
            let index = browser.categories.top() + row;
            browser.categories.select(index);
            effects.extend(browser.category_selected(requests));
        }
        Pane::Streams => {
            browser.streams.window.select(browser.streams.window.top() + row);
            effects.extend(browser.stream_selected(requests));
        }
        Pane::Messages => {
            let days = browser.days();
            if let Some(index) = browser.messages.window.row_at_line(row, |row, next| days.part(row, next)) {
                browser.messages.window.select(index);
                browser.messages.moved();
                effects.extend(browser.messages.read_on(requests));
            }
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
            let days = browser.days();
            browser.messages.scroll(rows, height, &days, requests).into_iter().collect()
        }
        Pane::Message => {
            browser.message.step(rows);
            Vec::new()
        }
        _ => {
            let mut effects = focus_side(browser, pane, requests);
            effects.extend(browser.step(rows, requests));
            effects
        }
    }
}
