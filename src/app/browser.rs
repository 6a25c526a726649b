//! The panes and their lists: the selection that leads to the messages on screen, and the locations to return to. The browser
//! knows neither dialogs nor the keys that lead to it.

use ratatui::layout::Rect;

use super::find::Find;
use super::goto::Journey;
use super::layout::{Pane, Shares};
use super::message::MessagePane;
use super::messages::Messages;
use super::places::Places;
use super::streams::Streams;
use super::trail::Trail;
use super::window::Window;
use crate::message::Category;
use crate::store::NamespaceInfo;
use crate::store::browse::CategoryRow;

/// The state of the panes.
#[derive(Debug)]
pub struct Browser {
    /// The area of the terminal.
    pub area: Rect,
    /// The pane that takes keys.
    pub focus: Pane,
    /// The left pane whose selection the messages pane shows.
    pub active: Pane,
    /// Only the focused pane is shown.
    pub fullscreen: bool,
    /// The widths of the columns.
    pub shares: Shares,
    /// The pane whose left border is being dragged.
    pub(super) dragged: Option<Pane>,
    pub namespaces: Window<NamespaceInfo>,
    /// The categories of the selected namespace.
    pub categories: Window<CategoryRow>,
    /// The streams of the selected category.
    pub streams: Streams,
    /// The messages of the active selection.
    pub messages: Messages,
    /// The selected message.
    pub message: MessagePane,
    /// Lists that were left, kept for returning to them.
    pub places: Places,
    pub find: Find,
    /// The navigation under way, started by the go-to box or a link.
    pub(super) journey: Option<Journey>,
    /// The locations from which links and the go-to box were used.
    pub(super) trail: Trail,
    /// The namespace whose categories are listed.
    pub(super) shown_namespace: Option<String>,
    /// The namespace to select once the namespaces are loaded.
    pub(super) wanted_namespace: Option<String>,
    /// The category to select once the categories are loaded.
    pub(super) wanted_category: Option<Category>,
}

impl Browser {
    /// Creates empty panes.
    #[must_use]
    pub fn new(area: Rect) -> Self {
        Self {
            area,
            focus: Pane::Namespaces,
            active: Pane::Namespaces,
            fullscreen: false,
            shares: Shares::default(),
            dragged: None,
            namespaces: Window::default(),
            categories: Window::default(),
            streams: Streams::default(),
            messages: Messages::default(),
            message: MessagePane::default(),
            places: Places::default(),
            find: Find::default(),
            journey: None,
            trail: Trail::default(),
            shown_namespace: None,
            wanted_namespace: None,
            wanted_category: None,
        }
    }
}
