//! `/`: finding in the focused pane, among what is loaded, while one types; `n` and `N` go on. It says how much was looked at.

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::Dialog;
use super::input::Input;
use super::layout::Pane;
use super::{Effect, State};

/// The prompt, and where the selection was before.
#[derive(Debug)]
pub struct FindPrompt {
    /// What is typed.
    pub input: Input,
    pane: Pane,
    before: usize,
}

/// What was looked for last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Find {
    /// The text; empty for none.
    pub text: String,
    /// Rows that hold it, rows looked at, and where.
    pub hits: Option<(usize, usize, Pane)>,
}

impl Find {
    /// How many rows of a pane hold it, in words; none where it was not looked for there.
    #[must_use]
    pub fn said_of(&self, pane: Pane) -> Option<String> {
        let (hits, rows, _) = self.hits.filter(|(_, _, looked_in)| *looked_in == pane)?;
        Some(format!("{hits} {} in the {rows} loaded", if hits == 1 { "hit" } else { "hits" }))
    }
}

/// Whether a row holds the text; letter case counts only where the text has an upper-case letter.
#[must_use]
pub fn holds(row: &str, text: &str) -> bool {
    if text.chars().any(char::is_uppercase) { row.contains(text) } else { row.to_lowercase().contains(text) }
}

impl State {
    /// The rows of a pane as text to find in.
    fn rows_as_text(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Namespaces => self.namespaces.rows().iter().map(|row| row.id.clone()).collect(),
            Pane::Categories => self.categories.rows().iter().map(|row| row.category.as_str().to_owned()).collect(),
            Pane::Streams => self.streams.window.rows().iter().map(|row| row.stream.as_str().to_owned()).collect(),
            Pane::Messages => self
                .messages
                .window
                .rows()
                .iter()
                .map(|row| {
                    let head = &row.head;
                    let (position, global) = (head.position, head.global_position);
                    format!("{position} {global} {} {} {} {}", head.message_type, head.stream, head.preview, head.id)
                })
                .collect(),
            Pane::Message => Vec::new(),
        }
    }

    fn selected_row(&self, pane: Pane) -> usize {
        match pane {
            Pane::Namespaces => self.namespaces.selected(),
            Pane::Categories => self.categories.selected(),
            Pane::Streams => self.streams.window.selected(),
            Pane::Messages => self.messages.window.selected(),
            Pane::Message => self.message.selected(),
        }
    }

    fn select_row(&mut self, pane: Pane, index: usize) -> Vec<Effect> {
        let effects = match pane {
            Pane::Namespaces => {
                self.namespaces.select(index);
                self.namespace_selected()
            }
            Pane::Categories => {
                self.categories.select(index);
                self.category_selected()
            }
            Pane::Streams => {
                self.streams.window.select(index);
                self.stream_selected()
            }
            Pane::Messages => {
                self.messages.window.select(index);
                Vec::new()
            }
            Pane::Message => {
                self.message.select(index);
                Vec::new()
            }
        };
        self.reveal();
        effects
    }

    pub(super) fn open_find(&mut self) -> Vec<Effect> {
        let pane = self.focus;
        self.dialog = Some(Dialog::Find(FindPrompt { input: Input::default(), pane, before: self.selected_row(pane) }));
        Vec::new()
    }

    pub(super) fn find_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Find(prompt)) = &mut self.dialog else { return Vec::new() };
        if key.code == KeyCode::Enter {
            self.dialog = None;
            return self.follow_selection();
        }
        if prompt.input.key(key) { self.find_typed() } else { Vec::new() }
    }

    /// The nearest hit from where the search began, at every letter.
    pub(super) fn find_typed(&mut self) -> Vec<Effect> {
        let Some(Dialog::Find(prompt)) = &self.dialog else { return Vec::new() };
        let (pane, before) = (prompt.pane, prompt.before);
        self.find.text = prompt.input.text().to_owned();
        self.find_from(pane, before, true)
    }

    /// Esc goes back to where the search began.
    pub(super) fn abandon_find(&mut self, prompt: &FindPrompt) -> Vec<Effect> {
        self.find = Find::default();
        let mut effects = self.select_row(prompt.pane, prompt.before);
        effects.extend(self.follow_selection());
        effects
    }

    pub(super) fn find_again(&mut self, forwards: bool) -> Vec<Effect> {
        if self.find.text.is_empty() {
            return self.open_find();
        }
        let (pane, selected) = (self.focus, self.selected_row(self.focus));
        if pane == Pane::Message {
            let (hits, rows) = self.message.find_again(&self.find.text, forwards);
            self.find.hits = Some((hits, rows, pane));
            return Vec::new();
        }
        let rows = self.rows_as_text(pane).len().max(1);
        let start = if forwards { (selected + 1) % rows } else { (selected + rows - 1) % rows };
        self.find_from(pane, start, forwards)
    }

    fn find_from(&mut self, pane: Pane, start: usize, forwards: bool) -> Vec<Effect> {
        if pane == Pane::Message {
            let (hits, rows) = self.message.find(&self.find.text, start);
            self.find.hits = Some((hits, rows, pane));
            self.reveal();
            return Vec::new();
        }
        let rows = self.rows_as_text(pane);
        let hits: Vec<usize> = (0..rows.len()).filter(|index| holds(&rows[*index], &self.find.text)).collect();
        self.find.hits = Some((hits.len(), rows.len(), pane));
        let next = if forwards {
            hits.iter().find(|index| **index >= start).or(hits.first())
        } else {
            hits.iter().rev().find(|index| **index <= start).or(hits.last())
        };
        match next {
            Some(index) => self.select_row(pane, *index),
            None => Vec::new(),
        }
    }
}
