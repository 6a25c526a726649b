//! `O`: connects to another database, which the user chooses from a list or types. The current connection stays until
//! the new one answers, and Esc cancels the attempt.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::layout::Rect;

use super::choice::{Choosing, List, moved};
use super::frame::frame;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::connections::{Choice, ConnectTo};
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};

/// The width of the box with its border.
const WIDTH: u16 = 78;
/// The lines besides the choices: the current connection, a gap, the URL, two lines for a problem, and the keys.
const OTHER_LINES: u16 = 7;

/// The open dialog.
#[derive(Debug, Default)]
pub(crate) struct ConnectDialog {
    pub choices: Vec<Choice>,
    /// The selected choice. The row after the last one is the URL.
    pub selected: usize,
    pub url: Input,
    /// What is being connected to, and since when.
    pub attempt: Option<(ConnectTo, Timestamp)>,
    /// Why the last attempt failed.
    pub problem: Option<String>,
}

impl ConnectDialog {
    #[must_use]
    pub(crate) fn new(choices: Vec<Choice>) -> Self {
        Self { choices, ..Self::default() }
    }

    /// Returns true if the row for the URL is selected.
    #[must_use]
    pub(crate) fn is_on_url(&self) -> bool {
        self.selected >= self.choices.len()
    }

    /// Returns the size of the box with its border.
    #[must_use]
    pub(crate) fn size(&self) -> (u16, u16) {
        let choices = u16::try_from(self.choices.len()).unwrap_or(u16::MAX);
        (WIDTH, choices.saturating_add(OTHER_LINES).saturating_add(2))
    }

    /// Returns the area of the choices inside the box, and the row of the URL below it.
    #[must_use]
    pub(crate) fn areas(inner: Rect) -> (Rect, Rect) {
        let height = inner.height.saturating_sub(OTHER_LINES - 1).min(inner.height.saturating_sub(2));
        let list = Rect { y: inner.y + 2.min(inner.height), height, ..inner };
        let below = inner.height.saturating_sub(4);
        (list, Rect { y: inner.y + below, height: u16::from(below < inner.height), ..inner })
    }

    /// Returns the areas of the choices and of the URL on the terminal.
    fn places(&self, area: Rect) -> (Rect, Rect) {
        let (width, height) = self.size();
        Self::areas(frame(area, width, height).1)
    }

    /// A click on the URL selects it. Anything else is for the choices.
    pub(super) fn point(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        let (_, url) = self.places(context.browser.area);
        let is_click = matches!(mouse.kind, MouseEventKind::Down(MouseButton::Left));
        if is_click && url.contains((mouse.column, mouse.row).into()) && self.attempt.is_none() {
            self.selected = self.choices.len();
            return Outcome::Stay;
        }
        self.mouse(mouse, context)
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let action = context.pressed(DialogKind::Connections, key);
        if self.attempt.is_some() {
            if action == Some(DialogAction::Close) {
                self.attempt = None;
                return Outcome::Do(vec![Command::StopConnecting]);
            }
            return Outcome::Stay;
        }
        if let Some(selected) = moved(self.selected, self.choices.len() + 1, action) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) => Outcome::Close,
            Some(DialogAction::Accept) => self.accept(context),
            _ => {
                if self.url.key(key) {
                    self.typed();
                }
                Outcome::Stay
            }
        }
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.attempt.is_none() {
            self.url.paste(text);
            self.typed();
        }
    }

    /// Selects the row of the URL, because the user types it.
    fn typed(&mut self) {
        self.selected = self.choices.len();
        self.problem = None;
    }

    fn connect(&mut self, now: Timestamp) -> Outcome {
        let to = match self.choices.get(self.selected) {
            Some(choice) => choice.to.clone(),
            None if self.url.text().trim().is_empty() => {
                self.problem = Some("Type a URL, such as postgres://user@host/database".to_owned());
                return Outcome::Stay;
            }
            None => ConnectTo::Url(self.url.text().trim().to_owned()),
        };
        self.problem = None;
        self.attempt = Some((to.clone(), now));
        Outcome::Do(vec![Command::Connect(to)])
    }

    /// Shows why the attempt failed. Returns false if there is none.
    pub(in crate::app) fn fail(&mut self, reason: String) -> bool {
        let failed = self.attempt.take().is_some();
        if failed {
            self.problem = Some(reason);
        }
        failed
    }
}

impl Choosing for ConnectDialog {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let (area, _) = self.places(context.browser.area);
        let selected = (!self.is_on_url()).then_some(self.selected);
        self.attempt.is_none().then_some(List { area, rows: self.choices.len(), selected })
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = row;
        Outcome::Stay
    }

    fn accept(&mut self, context: &DialogContext) -> Outcome {
        self.connect(context.now)
    }
}
