//! The chooser of columns: shows, hides, moves and resizes the columns of the table behind it, and adds columns with a path.
//! Every change shows at once. Closing keeps it.

use crossterm::event::KeyEvent;

use super::choice::moved;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::columns::{Column, ColumnKind, ColumnList as _, MOST_PATHS, default_columns, resized};
use crate::app::browser::layout::Pane;
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::message::BodyPath;

/// The open chooser.
#[derive(Debug)]
pub(crate) struct ColumnChooser {
    pub columns: Vec<Column>,
    pub selected: usize,
    /// The path that is being typed.
    pub path: Option<Input>,
}

impl ColumnChooser {
    #[must_use]
    pub(crate) fn new(browser: &Browser) -> Self {
        let columns = browser.columns.of(browser.messages.key.as_ref()).to_vec();
        let current = browser.columns.selected();
        let selected = columns.iter().position(|column| Some(&column.kind) == current).unwrap_or(0);
        Self { columns, selected, path: None }
    }

    /// Returns what is wrong with the path that is being typed, or its full form.
    pub(crate) fn understood(&self) -> Option<Result<String, String>> {
        let text = self.path.as_ref()?.text();
        Some(text.parse::<BodyPath>().map(|path| path.to_string()))
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        if self.path.is_some() {
            return self.key_in_path(key, context);
        }
        let action = context.pressed(DialogKind::Columns, key);
        if let Some(selected) = moved(self.selected, self.columns.len(), action) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::MoveDown) => self.selected = self.columns.shift(self.selected, true),
            Some(DialogAction::MoveUp) => self.selected = self.columns.shift(self.selected, false),
            Some(DialogAction::Toggle) => self.columns.toggle(self.selected),
            Some(DialogAction::Narrower) => self.resize(false, context),
            Some(DialogAction::Wider) => self.resize(true, context),
            Some(DialogAction::Fit) => {
                if let Some(column) = self.columns.get_mut(self.selected) {
                    column.width = None;
                }
            }
            Some(DialogAction::AddPath) => {
                self.path = Some(Input::new("$."));
                return Outcome::Stay;
            }
            Some(DialogAction::Remove) => self.remove(),
            Some(DialogAction::Reset) => {
                self.columns = default_columns();
                self.selected = self.selected.min(self.columns.len() - 1);
            }
            _ => return Outcome::Stay,
        }
        self.changed()
    }

    fn key_in_path(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match (context.pressed(DialogKind::ColumnPath, key), &mut self.path) {
            (Some(DialogAction::Close), path) => *path = None,
            (Some(DialogAction::Accept), _) => return self.add(),
            (_, Some(input)) => {
                input.key(key);
            }
            (_, None) => {}
        }
        Outcome::Stay
    }

    pub(super) fn paste(&mut self, text: &str) {
        let input = self.path.get_or_insert_default();
        input.paste(text);
    }

    /// Adds the path that was typed, unless it has a mistake.
    fn add(&mut self) -> Outcome {
        let typed = self.path.as_ref().map(Input::text).unwrap_or_default();
        let Ok(path) = typed.parse::<BodyPath>() else { return Outcome::Stay };
        let Some(index) = self.columns.add(path) else {
            return Outcome::Do(vec![Command::Warn(format!("A table has at most {MOST_PATHS} columns with a path."))]);
        };
        self.selected = index;
        self.path = None;
        self.changed()
    }

    /// Removes a column with a path, and hides any other. The last one that is shown stays.
    fn remove(&mut self) {
        let shown = self.columns.iter().filter(|column| column.shown).count();
        match self.columns.get_mut(self.selected) {
            Some(column) if column.shown && shown == 1 => {}
            Some(Column { kind: ColumnKind::Path(_), .. }) => {
                self.columns.remove(self.selected);
                self.selected = self.selected.min(self.columns.len().saturating_sub(1));
            }
            Some(column) => column.shown = false,
            None => {}
        }
    }

    fn resize(&mut self, wider: bool, context: &DialogContext) {
        let table = context.browser.table(context.times, context.browser.layout().columns(Pane::Messages));
        let Some(column) = self.columns.get_mut(self.selected) else { return };
        let on_screen = table.placed.iter().find(|placed| *placed.kind == column.kind).map(|placed| placed.width);
        if let Some(width) = on_screen.or(column.width.map(usize::from)) {
            column.width = Some(resized(width, wider));
        }
    }

    fn changed(&self) -> Outcome {
        Outcome::Do(vec![Command::Columns(self.columns.clone())])
    }
}
