//! Recognises pastes, whose text must never trigger keys. Terminals with bracketed paste mark them, but a pasted text
//! that contains the end mark continues after it. Other terminals send a paste as keys, faster than anybody types.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::{SignedDuration, Timestamp};

/// Unmarked keys that arrive together are a paste from this many lines and characters on. Scripts that drive the screen
/// send fewer at once.
const LINES: usize = 3;
const CHARACTERS: usize = 40;
/// A long unmarked paste arrives in several reads, at most this far apart.
const GOES_ON: SignedDuration = SignedDuration::from_millis(50);

/// Joins events into pastes.
#[derive(Debug, Default)]
pub(super) struct Pastes {
    /// The time at which the last part of an unmarked paste was read.
    unmarked: Option<Timestamp>,
}

impl Pastes {
    /// Joins the events of one read. Text after a marked paste belongs to it, and other keys after it are dropped. Keys
    /// that form several lines of text are an unmarked paste.
    pub(super) fn join(&mut self, read: Vec<Event>, at: Timestamp) -> Vec<Event> {
        let goes_on = self.unmarked.is_some_and(|before| at.duration_since(before).abs() < GOES_ON);
        let text: String = read.iter().map_while(character).collect();
        let begins_unmarked = goes_on && !text.is_empty() || is_many_lines(&text);
        self.unmarked = begins_unmarked.then_some(at);
        let mut joined = Vec::with_capacity(read.len());
        let mut pasted = begins_unmarked.then(String::new);
        for event in read {
            match (event, &mut pasted) {
                (Event::Paste(text), Some(before)) => before.push_str(&text),
                (Event::Paste(text), None) => pasted = Some(text),
                (event @ Event::Key(_), Some(before)) => before.extend(character(&event)),
                (event, _) => joined.push(event),
            }
        }
        joined.extend(pasted.map(Event::Paste));
        joined
    }
}

fn is_many_lines(text: &str) -> bool {
    let lines = text.split('\n').filter(|line| !line.trim().is_empty()).count();
    lines >= LINES && text.chars().count() >= CHARACTERS
}

/// Returns the character that a key stands for in pasted text. A line feed arrives as Ctrl-J unless the terminal
/// translates it.
fn character(event: &Event) -> Option<char> {
    let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press | KeyEventKind::Repeat, .. }) = event else {
        return None;
    };
    match (code, *modifiers - KeyModifiers::SHIFT) {
        (KeyCode::Char('j'), KeyModifiers::CONTROL) | (KeyCode::Enter, KeyModifiers::NONE) => Some('\n'),
        (KeyCode::Tab, KeyModifiers::NONE) => Some('\t'),
        (KeyCode::Char(c), KeyModifiers::NONE) => Some(*c),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<Event> {
        let key = |c| match c {
            '\r' => KeyEvent::from(KeyCode::Enter),
            '\t' => KeyEvent::from(KeyCode::Tab),
            '\x13' => KeyEvent::new(KeyCode::Char('s'), KeyModifiers::CONTROL),
            c => KeyEvent::from(KeyCode::Char(c)),
        };
        text.chars().map(|c| Event::Key(key(c))).collect()
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(milliseconds).expect("a time")
    }

    const LINES_OF_JSON: &str = "{\r\t\"amount\": 10,\r\t\"note\": \"quit with q\"\r}\r";

    #[test]
    fn keys_after_a_marked_paste_belong_to_it() {
        let read = [vec![Event::Paste("one".to_owned())], keys("q\r\x13Y")].concat();
        assert_eq!(Pastes::default().join(read, at(0)), [Event::Paste("oneq\nY".to_owned())]);
        let size = Event::Resize(80, 24);
        let read = vec![Event::Paste("one".to_owned()), size.clone()];
        assert_eq!(Pastes::default().join(read, at(0)), [size, Event::Paste("one".to_owned())]);
    }

    #[test]
    fn keys_before_a_paste_stay_keys() {
        let read = [keys(":"), vec![Event::Paste("one".to_owned())]].concat();
        assert_eq!(Pastes::default().join(read.clone(), at(0)), read);
    }

    #[test]
    fn several_lines_at_once_are_a_paste_even_without_marks() {
        let mut pastes = Pastes::default();
        let text = LINES_OF_JSON.replace('\r', "\n");
        assert_eq!(pastes.join(keys(LINES_OF_JSON), at(0)), [Event::Paste(text)]);
        // Keys that follow at once are the rest of the paste, later ones are typed.
        assert_eq!(pastes.join(keys("q\r"), at(5)), [Event::Paste("q\n".to_owned())]);
        assert_eq!(pastes.join(keys("q\r"), at(200)), keys("q\r"));
    }

    #[test]
    fn fast_typing_and_scripts_stay_keys() {
        for typed in ["jjjj\r", ":account-1\r", "account-1\rDeposited\r\r\r", "{\"a\": 1}\x13", "a\rb\rc\r"] {
            assert_eq!(Pastes::default().join(keys(typed), at(0)), keys(typed));
        }
    }
}
