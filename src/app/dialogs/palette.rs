//! The command palette: lists every action and matches titles fuzzily. It runs an action as if its key had been
//! pressed, and has no commands of its own.

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

use super::{Dialog, is_ctrl};
use crate::app::input::Input;
use crate::app::keymap::Action;
use crate::app::{Effect, State};

/// The open palette.
#[derive(Debug)]
pub struct Palette {
    pub input: Input,
    /// Matching actions, best first.
    pub matches: Vec<Action>,
    /// The index of the action that Enter runs.
    pub selected: usize,
}

impl Palette {
    fn new() -> Self {
        Self { input: Input::default(), matches: matching(""), selected: 0 }
    }

    pub(in crate::app) fn paste(&mut self, text: &str) {
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

/// Returns the items whose name matches, best first.
pub(in crate::app) fn fuzzy<T>(text: &str, items: Vec<(&str, T)>) -> Vec<T> {
    struct Named<'a, T>(&'a str, T);
    impl<T> AsRef<str> for Named<'_, T> {
        fn as_ref(&self) -> &str {
            self.0
        }
    }
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    let named = items.into_iter().map(|(name, item)| Named(name, item));
    let matches = pattern.match_list(named, &mut Matcher::new(Config::DEFAULT));
    matches.into_iter().map(|(named, _)| named.1).collect()
}

impl State {
    pub(in crate::app) fn open_palette(&mut self) -> Vec<Effect> {
        self.dialog = Some(Dialog::Palette(Palette::new()));
        Vec::new()
    }

    pub(in crate::app) fn palette_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Palette(palette)) = &mut self.dialog else { return Vec::new() };
        let last = palette.matches.len().saturating_sub(1);
        match key.code {
            KeyCode::Enter => {
                let action = palette.matches.get(palette.selected).copied();
                self.dialog = None;
                return action.map_or_else(Vec::new, |action| self.act(action));
            }
            KeyCode::Down => palette.selected = (palette.selected + 1).min(last),
            KeyCode::Up => palette.selected = palette.selected.saturating_sub(1),
            _ if is_ctrl(key, 'n') => palette.selected = (palette.selected + 1).min(last),
            _ if is_ctrl(key, 'p') => palette.selected = palette.selected.saturating_sub(1),
            _ => {
                if palette.input.key(key) {
                    palette.typed();
                }
            }
        }
        Vec::new()
    }
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
