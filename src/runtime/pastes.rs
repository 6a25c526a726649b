//! Which of the terminal's input is a paste. A terminal that can marks pastes, but not what follows at once: a text that holds the mark of
//! the end goes on behind it. A terminal that cannot sends a paste as keys, faster than anybody types. Neither may trigger keys.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::{SignedDuration, Timestamp};

/// Lines and characters from which on what came at once without a mark is a paste. Scripts that drive the screen send less at once.
const LINES: usize = 3;
const CHARACTERS: usize = 40;
/// A long paste without marks comes in several reads; the next one comes within this time.
const GOES_ON: SignedDuration = SignedDuration::from_millis(50);

/// Joins to pastes what was read at once.
#[derive(Debug, Default)]
pub struct Pastes {
    /// When the last part of a paste without marks was read.
    unmarked: Option<Timestamp>,
}

impl Pastes {
    /// The events that were read at one time: text behind a marked paste is a part of it and other keys there are dropped, and a longer
    /// text of several lines is a paste though nothing marks it.
    pub fn join(&mut self, read: Vec<Event>, at: Timestamp) -> Vec<Event> {
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

/// What a key is in a text. A line feed is Ctrl-J to a terminal that does not translate it.
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
    fn keys_that_come_with_a_marked_paste_are_a_part_of_it_and_trigger_nothing() {
        let read = [vec![Event::Paste("one".to_owned())], keys("q\r\x13Y")].concat();
        assert_eq!(Pastes::default().join(read, at(0)), [Event::Paste("oneq\nY".to_owned())]);
        let size = Event::Resize(80, 24);
        let read = vec![Event::Paste("one".to_owned()), size.clone()];
        assert_eq!(Pastes::default().join(read, at(0)), [size, Event::Paste("one".to_owned())]);
    }

    #[test]
    fn keys_in_front_of_a_paste_are_keys() {
        let read = [keys(":"), vec![Event::Paste("one".to_owned())]].concat();
        assert_eq!(Pastes::default().join(read.clone(), at(0)), read);
    }

    #[test]
    fn lines_that_come_at_once_are_a_paste_without_its_marks_too() {
        let mut pastes = Pastes::default();
        let text = LINES_OF_JSON.replace('\r', "\n");
        assert_eq!(pastes.join(keys(LINES_OF_JSON), at(0)), [Event::Paste(text)]);
        // The rest of it comes at once; what comes later is typed.
        assert_eq!(pastes.join(keys("q\r"), at(5)), [Event::Paste("q\n".to_owned())]);
        assert_eq!(pastes.join(keys("q\r"), at(200)), keys("q\r"));
    }

    #[test]
    fn fast_typing_and_scripts_are_keys() {
        for typed in ["jjjj\r", ":account-1\r", "account-1\rDeposited\r\r\r", "{\"a\": 1}\x13", "a\rb\rc\r"] {
            assert_eq!(Pastes::default().join(keys(typed), at(0)), keys(typed));
        }
    }
}
