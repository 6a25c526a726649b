//! A line of text that is being typed: the maintained editor widget, held to one line.

use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

/// One line of text with a cursor.
#[derive(Debug, Clone, Default)]
pub struct Input {
    area: TextArea<'static>,
}

impl Input {
    /// A line that holds a text, the cursor behind it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut area = TextArea::new(vec![one_line(text)]);
        area.move_cursor(CursorMove::End);
        Self { area }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// The cursor's place in characters.
    #[must_use]
    pub fn cursor(&self) -> usize {
        self.area.cursor().1
    }

    /// A key that is not the dialog's own; true where the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        use crossterm::event::{KeyCode, KeyModifiers};
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => false,
            KeyCode::Char('m') if ctrl => false,
            // As in a shell; the widget's own is to undo.
            KeyCode::Char('u') if ctrl => self.area.delete_line_by_head(),
            _ => self.area.input(key),
        }
    }

    /// Pasted text. Line breaks become blanks; one at the end, which comes with every line that is copied, is left out.
    pub fn paste(&mut self, text: &str) {
        self.area.insert_str(one_line(text.trim_end_matches(['\r', '\n'])));
    }

    /// Another text, the cursor behind it.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }
}

fn one_line(text: &str) -> String {
    with_line_feeds(text).replace('\n', " ")
}

/// A pasted text with line feeds for its line breaks: many terminals send what Enter sends.
#[must_use]
pub fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}
