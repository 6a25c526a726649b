//! A key with its modifiers, as the configuration and the screen write it.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::nearest::suggestion;

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Returns true for a key that types a character into a text field.
    #[must_use]
    pub(crate) fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && !self.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
    }

    /// Returns the event that pressing the key causes.
    #[must_use]
    pub(crate) fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Returns a regular expression that matches what [`Chord::from_str`] accepts, with or without plain characters.
    #[must_use]
    pub(crate) fn pattern(with_text: bool) -> String {
        let in_any_case = |name: &str| {
            let class = |c: char| {
                if c.is_alphabetic() { format!("[{}{}]", c.to_lowercase(), c.to_uppercase()) } else { c.to_string() }
            };
            name.chars().map(class).collect::<String>()
        };
        let modifier = format!("(?:{}|{})", in_any_case("ctrl-"), in_any_case("alt-"));
        let named = NAMED.iter().filter(|(_, code)| *code != KeyCode::Char(' ')).map(|(name, _)| in_any_case(name));
        let others = named.chain([SHIFT_TAB.to_owned(), "[Ff](?:[1-9]|1[0-9]|2[0-4])".to_owned()]);
        let others = others.collect::<Vec<_>>().join("|");
        let least = if with_text { '*' } else { '+' };
        format!("^(?:{modifier}*(?:{others})|{modifier}{least}(?:.|{}))$", in_any_case("space"))
    }

    /// Names the key in a question, where `Y` must not be mistaken for `y`.
    #[must_use]
    pub(crate) fn spelled_out(self) -> String {
        match self.code {
            KeyCode::Char(c) if self.is_text() && c.is_uppercase() => format!("upper-case {c}"),
            _ => self.to_string(),
        }
    }
}

impl From<KeyEvent> for Chord {
    /// Drops Shift if it is already part of the character.
    fn from(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match key.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }
}

/// Keys with a name, as shown on screen. The configuration file accepts them in lower case too.
const NAMED: &[(&str, KeyCode)] = &[
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
];

/// The older name of Shift-Tab in configuration files.
const SHIFT_TAB: &str = "s-tab";

/// Removes a prefix in any case.
fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

impl FromStr for Chord {
    type Err = String;

    /// Parses a key as written in the configuration file: `j`, `G`, `ctrl-p`, `alt-x`, `pgdn`, `f1`, `space`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            if let Some(tail) = strip(rest, "ctrl-") {
                modifiers |= KeyModifiers::CONTROL;
                rest = tail;
            } else if let Some(tail) = strip(rest, "alt-") {
                modifiers |= KeyModifiers::ALT;
                rest = tail;
            } else {
                break;
            }
        }
        let key = if rest == SHIFT_TAB { "Shift-Tab" } else { rest };
        let named = || NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, code)| *code);
        let function = || {
            let number = strip(key, "f")?.parse::<u8>().ok().filter(|number| (1..=24).contains(number))?;
            Some(KeyCode::F(number))
        };
        let mut characters = key.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) if modifiers.contains(KeyModifiers::CONTROL) => Some(KeyCode::Char(c.to_ascii_lowercase())),
            (Some(c), None) => Some(KeyCode::Char(c)),
            _ => named().or_else(function),
        };
        let code = code.ok_or_else(|| {
            let meant = suggestion(key, NAMED.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            format!("unknown key \"{text}\".{meant} Keys are written like j, G, ctrl-p, alt-x, pgdn, f1 or space")
        })?;
        Ok(Self { code, modifiers })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ctrl = self.modifiers.contains(KeyModifiers::CONTROL);
        if is_ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if is_ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            code => write!(f, "{code:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_names_and_modifiers_in_any_case() {
        for (text, shown) in [
            ("CTRL-F", "Ctrl-F"),
            ("ctrl-f", "Ctrl-F"),
            ("alt-X", "Alt-X"),
            ("alt-x", "Alt-x"),
            ("pgdn", "PgDn"),
            ("s-tab", "Shift-Tab"),
            ("F12", "F12"),
            ("G", "G"),
        ] {
            let key: Chord = text.parse().expect(text);
            assert_eq!(key.to_string(), shown);
        }
        assert!("f25".parse::<Chord>().is_err() && "".parse::<Chord>().is_err());
        let error = "entr".parse::<Chord>().expect_err("no key");
        assert!(error.starts_with("unknown key \"entr\". Did you mean \"Enter\"?"), "{error}");
    }

    #[test]
    fn characters_are_text_unless_ctrl_or_alt_is_held() {
        for (text, is_text) in
            [("j", true), ("G", true), ("space", true), ("ctrl-j", false), ("alt-j", false), ("f1", false)]
        {
            assert_eq!(text.parse::<Chord>().expect(text).is_text(), is_text, "{text}");
        }
    }
}
