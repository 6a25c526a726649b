//! The dialog of the columns: shows, hides, moves and resizes the columns of the message table, and adds columns with a
//! path. Every change is visible at once and stays after the dialog is closed.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::choice::{Choosing, List, moved};
use super::frame::frame;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::columns::{Column, ColumnKind, ColumnList as _, MOST_PATHS, default_columns, resized};
use crate::app::browser::layout::Pane;
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind, KeyMap};
use crate::message::BodyPath;
use crate::wrapping::wrap_parts;

/// The keys that the box shows.
const KEYS: [DialogAction; 10] = [
    DialogAction::Toggle,
    DialogAction::MoveDown,
    DialogAction::MoveUp,
    DialogAction::Narrower,
    DialogAction::Wider,
    DialogAction::Fit,
    DialogAction::AddPath,
    DialogAction::Remove,
    DialogAction::Reset,
    DialogAction::Close,
];
/// The width of the box.
const WIDTH: u16 = 60;
/// The text with which the input of a path begins.
const BEGUN: &str = "$.";
/// The rows of the input of a path: the path, and how it is understood.
const TYPED: u16 = 2;

/// The parts of the box, from top to bottom.
#[derive(Debug)]
pub(crate) struct ChooserLayout {
    /// The size of the box with its border, without padding.
    pub size: (u16, u16),
    pub list: Rect,
    /// The input of a path.
    pub typed: Rect,
    pub keys: Rect,
    /// The lines of the keys.
    pub hints: Vec<String>,
}

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
        Some(self.typed_path()?.map(|path| path.to_string()))
    }

    /// Reads the path that is being typed. A whole path that was typed or pasted after the `$.` of the input replaces
    /// it.
    fn typed_path(&self) -> Option<Result<BodyPath, String>> {
        let text = self.path.as_ref()?.text();
        let after = text.strip_prefix(BEGUN).map(str::trim_start);
        let is_whole =
            |rest: &&str| ["$.", "$[", "meta:", "metadata:", "data:"].iter().any(|begin| rest.starts_with(begin));
        Some(after.filter(is_whole).unwrap_or(text).parse())
    }

    /// Lays out the box. If there is too little room, some columns and the input stay, and the list scrolls.
    #[must_use]
    pub(crate) fn layout(&self, area: Rect, keymap: &KeyMap) -> ChooserLayout {
        let text = match self.path {
            Some(_) => keymap.hints(DialogKind::ColumnPath, &[DialogAction::Accept, DialogAction::Close]),
            None => format!("{} · [-] no room", keymap.hints(DialogKind::Columns, &KEYS)),
        };
        let hints = wrap_parts(&text, usize::from(WIDTH.min(area.width)).saturating_sub(6));
        let rows = |rows: usize| u16::try_from(rows).unwrap_or(u16::MAX);
        let (columns, below) = (rows(self.columns.len()), rows(hints.len()).saturating_add(1));
        let size = (WIDTH, columns.saturating_add(TYPED).saturating_add(below).saturating_add(3));
        let inner = frame(area, size.0, size.1).1;
        let typed = if self.path.is_some() { TYPED.min(inner.height) } else { 0 };
        let room = inner.height - typed;
        let below = if room >= below + 4 { below } else { 0 };
        let height = (room - below).min(columns);
        let part = |from: u16, height: u16| Rect { y: inner.y + from, height, ..inner };
        let keys = part(height + typed + below.min(1), below.saturating_sub(1));
        ChooserLayout { size, list: part(0, height), typed: part(height, typed), keys, hints }
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
            Some(DialogAction::Toggle) => return self.accept(context),
            Some(DialogAction::Narrower) => self.resize(false, context),
            Some(DialogAction::Wider) => self.resize(true, context),
            Some(DialogAction::Fit) => {
                if let Some(column) = self.columns.get_mut(self.selected) {
                    column.width = None;
                }
            }
            Some(DialogAction::AddPath) => {
                self.path = Some(Input::new(BEGUN));
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
        let Some(Ok(path)) = self.typed_path() else { return Outcome::Stay };
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

impl Choosing for ColumnChooser {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let area = self.layout(context.browser.area, context.keymap).list;
        self.path.is_none().then_some(List { area, rows: self.columns.len(), selected: Some(self.selected) })
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = row;
        Outcome::Stay
    }

    /// Shows or hides the selected column.
    fn accept(&mut self, _: &DialogContext) -> Outcome {
        self.columns.toggle(self.selected);
        self.changed()
    }
}
