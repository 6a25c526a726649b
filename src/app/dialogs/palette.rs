//! The command palette: lists every action and matches titles fuzzily. It runs an action as if its key had been
//! pressed, and has no commands of its own.

use crossterm::event::{KeyCode, KeyEvent};

use super::fuzzy::fuzzy;
use super::outcome::{Command, Outcome, is_ctrl};
use crate::app::input::Input;
use crate::app::keymap::Action;

/// The open palette.
#[derive(Debug)]
pub(crate) struct Palette {
    pub input: Input,
    /// Matching actions, best first.
    pub matches: Vec<Action>,
    /// The index of the action that Enter runs.
    pub selected: usize,
}

impl Palette {
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { input: Input::default(), matches: matching(""), selected: 0 }
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Outcome {
        let last = self.matches.len().saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Outcome::Close,
            KeyCode::Enter => {
                let action = self.matches.get(self.selected).copied();
                return Outcome::Finish(action.map(Command::Run).into_iter().collect());
            }
            KeyCode::Down => self.selected = (self.selected + 1).min(last),
            KeyCode::Up => self.selected = self.selected.saturating_sub(1),
            _ if is_ctrl(key, 'n') => self.selected = (self.selected + 1).min(last),
            _ if is_ctrl(key, 'p') => self.selected = self.selected.saturating_sub(1),
            _ if self.input.key(key) => self.typed(),
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.input.paste(text);
        self.typed();
    }

    fn typed(&mut self) {
        self.matches = matching(self.input.text());
        self.selected = 0;
    }
}

fn matching(text: &str) -> Vec<Action> {
    let titles: Vec<(&str, Action)> = Action::ALL.iter().map(|action| (action.title(), *action)).collect();
    if text.trim().is_empty() {
        return titles.into_iter().map(|(_, action)| action).collect();
    }
    fuzzy(text, titles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_the_action_with_the_typed_letters_first() {
        assert_eq!(matching("write").first(), Some(&Action::Write));
        assert_eq!(matching("flwup").first(), Some(&Action::FollowUp));
        assert!(matching("zzzz").is_empty());
    }
}
