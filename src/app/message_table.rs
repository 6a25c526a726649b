//! Changing the columns of the message table: the chooser, a node of the message as a column, and widths. The values of
//! new columns are read for the rows on screen and for those that arrive.

use std::sync::Arc;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::browser::columns::{Column, ColumnKind, ColumnList as _, MOST_PATHS, resized};
use super::browser::layout::Pane;
use super::dialogs::Dialog;
use super::dialogs::columns::ColumnChooser;
use super::event::Effect;
use super::keymap::Action;
use super::{Browser, State};

impl State {
    pub(super) fn change_columns(&mut self, action: Action) -> Option<Vec<Effect>> {
        Some(match action {
            Action::Columns => self.open_columns(),
            Action::NodeAsColumn => self.add_node(),
            Action::Narrower => self.resize_column(false),
            Action::Wider => self.resize_column(true),
            _ => return None,
        })
    }

    fn open_columns(&mut self) -> Vec<Effect> {
        if !self.lacks_list() {
            self.dialogs.open = Some(Dialog::Columns(ColumnChooser::new(&self.browser)));
        }
        Vec::new()
    }

    /// Adds the selected node of the message as a column.
    fn add_node(&mut self) -> Vec<Effect> {
        let Some(path) = self.browser.message.selected_body_path() else {
            self.notices.problem("Select a member of the data or metadata first.".to_owned(), self.now);
            return Vec::new();
        };
        let mut columns = self.browser.columns.of(self.browser.messages.key.as_ref()).to_vec();
        let Some(index) = columns.add(path) else {
            self.notices.problem(format!("A table has at most {MOST_PATHS} columns with a path."), self.now);
            return Vec::new();
        };
        let kind = columns[index].kind.clone();
        let choose = self.settings.keymap.hint_for(Action::Columns, "choose columns");
        self.notices.done(format!("Added column {kind} · {choose}"), self.now);
        self.browser.columns.select(kind);
        self.set_columns(columns)
    }

    /// Makes the selected column narrower or wider, or the last one that is not the data.
    fn resize_column(&mut self, wider: bool) -> Vec<Effect> {
        let Some((kind, width)) = self.browser.resizable(&self.settings.times) else { return Vec::new() };
        let mut columns = self.browser.columns.of(self.browser.messages.key.as_ref()).to_vec();
        let width = resized(width, wider);
        if let Some(column) = columns.iter_mut().find(|column| column.kind == kind) {
            column.width = Some(width);
        }
        self.notices.done(format!("Column {kind} · width {width}"), self.now);
        self.browser.columns.select(kind);
        self.set_columns(columns)
    }

    /// Makes the column whose title was clicked the one whose width the keys change.
    pub(super) fn click_title(&mut self, mouse: MouseEvent) {
        let layout = self.browser.layout();
        let area = layout.pane(Pane::Messages);
        let on_titles = mouse.row + 1 == area.y + layout.above_rows(Pane::Messages)
            && (area.x + 1..area.x + area.width).contains(&mouse.column);
        if mouse.kind != MouseEventKind::Down(MouseButton::Left) || !on_titles {
            return;
        }
        let table = self.browser.table(&self.settings.times, usize::from(area.width.saturating_sub(2)));
        let kind = table.at(usize::from(mouse.column - area.x - 1)).cloned();
        if let Some(kind) = kind {
            self.browser.columns.select(kind);
        }
    }

    /// Shows the list with these columns, and reads the values that its rows lack.
    pub(super) fn set_columns(&mut self, columns: Vec<Column>) -> Vec<Effect> {
        let Some(list) = self.browser.messages.key.clone() else { return Vec::new() };
        self.browser.columns.set(&list, columns);
        let paths = self.browser.columns.paths_of(Some(&list));
        let mut effects = Vec::new();
        if self.following.current.is_some() && paths != self.browser.messages.paths {
            effects.push(Effect::FollowPaths(Arc::clone(&paths)));
        }
        effects.extend(self.browser.messages.read_paths(paths, &mut self.requests));
        self.browser.reveal();
        effects
    }
}

impl Browser {
    /// Returns the column whose width the keys change, and its width on screen.
    fn resizable(&self, times: &super::times::Times) -> Option<(ColumnKind, usize)> {
        let table = self.table(times, self.layout().columns(Pane::Messages));
        let selected = table.placed.iter().find(|column| Some(column.kind) == self.columns.selected());
        let last = || {
            let resizable =
                |kind: &ColumnKind| matches!(kind, ColumnKind::Path(_) | ColumnKind::Stream | ColumnKind::Type);
            table.placed.iter().rev().find(|column| resizable(column.kind))
        };
        let column = selected.or_else(last).or_else(|| table.placed.last())?;
        Some((column.kind.clone(), column.width))
    }

    /// Returns true if a column shows ages, which change by themselves.
    pub(super) fn shows_ages(&self) -> bool {
        let columns = self.columns.of(self.messages.key.as_ref());
        columns.iter().any(|column| column.shown && column.kind == ColumnKind::Age)
    }
}
