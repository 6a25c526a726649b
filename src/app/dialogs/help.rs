//! `?`: lists every action with its keys, from the live key map. `/` filters the rows, and Enter runs the selected
//! action. Texts about keys are never written here a second time, except for the keys of dialogs, which cannot be
//! rebound.

use crossterm::event::{KeyCode, KeyEvent};

use super::Dialog;
use crate::app::input::Input;
use crate::app::keymap::{Action, Context, KeyMap};
use crate::app::layout::Pane;
use crate::app::{Effect, State};

/// The open help.
#[derive(Debug)]
pub struct Help {
    /// The filter prompt, if it is open.
    pub filter: Option<Input>,
    /// The rows that match the filter.
    pub rows: Vec<Row>,
    /// The index of the selected row, never a heading. Enter runs its action, if it has one.
    pub selected: usize,
    all: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The context of the rows below.
    Heading(&'static str),
    /// An action and its keys.
    Keys(String, Action),
    /// A text without an action.
    Note(&'static str),
}

/// Explanations of signs and of keys that are not in the key map.
const NOTES: [(&str, &[&str]); 2] = [
    (
        "Marks in the messages pane",
        &[
            "? may still change: a lower global position can still appear",
            "+ late: appeared after a higher global position",
        ],
    ),
    (
        "In the compose dialog",
        &[
            "Ctrl-S write",
            "Esc close (keeps draft)",
            "Ctrl-G discard",
            "Ctrl-O other draft",
            "Ctrl-E open in $EDITOR",
            "Ctrl-F format",
            "Tab next field, or accept the completion",
            "Ctrl-N, Ctrl-P next, previous completion",
            "An empty ID is replaced by a new one",
        ],
    ),
];

/// Returns all rows, those of the focused pane first.
fn rows_of(keymap: &KeyMap, pane: Pane) -> Vec<Row> {
    let mut contexts = vec![
        (Context::Anywhere, "Everywhere"),
        (Context::Namespaces, "In the namespaces pane"),
        (Context::Streams, "In the streams pane"),
        (Context::Messages, "In the messages pane"),
        (Context::Message, "In the message pane"),
    ];
    let here = match pane {
        Pane::Namespaces => Context::Namespaces,
        Pane::Categories => Context::Anywhere,
        Pane::Streams => Context::Streams,
        Pane::Messages => Context::Messages,
        Pane::Message => Context::Message,
    };
    contexts.sort_by_key(|(context, _)| *context != here);
    let mut rows = Vec::new();
    for (context, heading) in contexts {
        rows.push(Row::Heading(heading));
        for action in Action::ALL {
            let bound = keymap.bindings().iter().filter(|(of, _, bound)| *of == context && bound == action);
            let keys: Vec<String> = bound.map(|(_, key, _)| key.to_string()).collect();
            if !keys.is_empty() {
                rows.push(Row::Keys(keys.join(" "), *action));
            }
        }
    }
    for (heading, notes) in NOTES {
        rows.push(Row::Heading(heading));
        rows.extend(notes.iter().map(|note| Row::Note(note)));
    }
    without_empty_headings(rows)
}

fn without_empty_headings(rows: Vec<Row>) -> Vec<Row> {
    let mut kept: Vec<Row> = Vec::with_capacity(rows.len());
    for row in rows {
        if matches!((kept.last(), &row), (Some(Row::Heading(_)), Row::Heading(_))) {
            kept.pop();
        }
        kept.push(row);
    }
    if matches!(kept.last(), Some(Row::Heading(_))) {
        kept.pop();
    }
    kept
}

impl Help {
    fn new(keymap: &KeyMap, pane: Pane) -> Self {
        let all = rows_of(keymap, pane);
        let mut help = Self { filter: None, rows: all.clone(), selected: 0, all };
        help.step(0);
        help
    }

    /// Keeps the rows that contain every word of the filter in their keys, title or heading.
    fn narrow(&mut self) {
        let text = self.filter.as_ref().map(|input| input.text().to_lowercase()).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut heading = "";
        let matching = self.all.iter().filter(|row| {
            let text = match row {
                Row::Heading(title) => {
                    heading = title;
                    return true;
                }
                Row::Keys(keys, action) => format!("{keys} {} {heading}", action.title()),
                Row::Note(note) => format!("{note} {heading}"),
            };
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        self.rows = without_empty_headings(matching.cloned().collect());
        self.selected = 0;
        self.step(0);
    }

    /// Moves the selection by a number of rows and skips headings.
    fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        let wanted = self.selected.saturating_add_signed(by).min(last);
        let is_entry = |index: &usize| matches!(self.rows.get(*index), Some(Row::Keys(..) | Row::Note(_)));
        let after = (wanted..=last).find(is_entry);
        let before = (0..=wanted).rev().find(is_entry);
        let found = if by < 0 { before.or(after) } else { after.or(before) };
        self.selected = found.unwrap_or(0);
    }

    fn typed(&mut self, key: KeyEvent) {
        if self.filter.as_mut().is_some_and(|input| input.key(key)) {
            self.narrow();
        }
    }

    fn action(&self) -> Option<Action> {
        match self.rows.get(self.selected) {
            Some(Row::Keys(_, action)) => Some(*action),
            _ => None,
        }
    }

    pub(in crate::app) fn paste(&mut self, text: &str) {
        if let Some(input) = &mut self.filter {
            input.paste(text);
            self.narrow();
        }
    }
}

impl State {
    pub(in crate::app) fn open_help(&mut self) -> Vec<Effect> {
        self.dialog = Some(Dialog::Help(Box::new(Help::new(&self.settings.keymap, self.browser.focus))));
        Vec::new()
    }

    pub(in crate::app) fn help_key(&mut self, key: KeyEvent, page: isize) -> Vec<Effect> {
        let action = self.settings.keymap.action(Context::Anywhere, key);
        let Some(Dialog::Help(help)) = &mut self.dialog else { return Vec::new() };
        let typing = help.filter.is_some();
        match (key.code, action) {
            (KeyCode::Enter, _) => {
                let action = help.action();
                self.dialog = None;
                return action.map_or_else(Vec::new, |action| self.act(action));
            }
            (KeyCode::Esc, _) if typing => {
                help.filter = None;
                help.narrow();
            }
            (KeyCode::Esc, _) => self.dialog = None,
            (KeyCode::Down, _) => help.step(1),
            (KeyCode::Up, _) => help.step(-1),
            (KeyCode::PageDown, _) => help.step(page),
            (KeyCode::PageUp, _) => help.step(-page),
            _ if typing => help.typed(key),
            (KeyCode::Char('/'), _) | (_, Some(Action::Find)) => help.filter = Some(Input::default()),
            (_, Some(Action::Down)) => help.step(1),
            (_, Some(Action::Up)) => help.step(-1),
            (KeyCode::Char(' '), _) | (_, Some(Action::PageDown)) => help.step(page),
            (_, Some(Action::PageUp)) => help.step(-page),
            (_, Some(Action::HalfDown)) => help.step(page / 2),
            (_, Some(Action::HalfUp)) => help.step(-page / 2),
            (_, Some(Action::First)) => help.step(isize::MIN),
            (_, Some(Action::Last)) => help.step(isize::MAX),
            (_, Some(Action::Help | Action::Quit)) => self.dialog = None,
            _ => {}
        }
        Vec::new()
    }
}
