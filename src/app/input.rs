//! A text input of one line: the text area widget, kept from ever holding a line break.

use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

/// One line of text with a cursor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Input {
    area: TextArea<'static>,
}

impl Input {
    /// Creates an input with the cursor after the text.
    #[must_use]
    pub(crate) fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// Creates an input with the cursor after a number of characters.
    #[must_use]
    pub(crate) fn with_cursor(text: &str, characters: usize) -> Self {
        let mut input = Self::new(text);
        let column = u16::try_from(characters).unwrap_or(u16::MAX);
        input.area.move_cursor(CursorMove::Jump(0, column));
        input
    }

    #[must_use]
    pub(crate) fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Returns the number of characters before the cursor.
    #[must_use]
    pub(crate) fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// Handles a key that edits the text. Returns whether the text changed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> bool {
        use crossterm::event::{KeyCode, KeyModifiers};
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // In the widget, Tab inserts spaces, which would look like nothing.
            KeyCode::Enter | KeyCode::Tab | KeyCode::BackTab => false,
            KeyCode::Char('m') if ctrl => false,
            // As in a shell. In the widget, Ctrl-U means undo.
            KeyCode::Char('u') if ctrl => self.area.delete_line_by_head(),
            _ => self.area.input(key),
        }
    }

    /// Inserts pasted text. Line breaks at the end, which come with a copied line, are dropped; others become spaces,
    /// and so do tabs.
    pub(crate) fn paste(&mut self, text: &str) {
        self.area.insert_str(one_line(text.trim_end_matches(['\r', '\n'])));
    }

    /// Replaces the text and moves the cursor to its end.
    pub(crate) fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }
}

fn one_line(text: &str) -> String {
    with_line_feeds(text).replace(['\n', '\t'], " ")
}

/// Normalises line breaks to line feeds. Many terminals paste carriage returns.
#[must_use]
pub(crate) fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
