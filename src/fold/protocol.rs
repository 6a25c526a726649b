//! The protocol between the program and the process that runs a jq program: requests with their length in front, and
//! answers of one line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The hidden command that starts the process.
pub(crate) const COMMAND: &str = "__reduce";

/// A place in a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// Returns the place of a part of the program.
    pub(super) fn of(program: &str, part: &str) -> Self {
        let offset = (part.as_ptr() as usize).saturating_sub(program.as_ptr() as usize).min(program.len());
        let before = program.get(..offset).unwrap_or(program);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Self { line, column }
    }
}

/// What the process is asked.
#[derive(Debug)]
pub(super) enum Request {
    /// Compile the program and begin with this state, a JSON text.
    Begin { program: String, state: String },
    /// Take a step with this message, a JSON text.
    Message(String),
    /// Return the state.
    State,
}

impl Request {
    /// Returns the request with its length in front.
    pub(super) fn encode(&self) -> Vec<u8> {
        let text = match self {
            Self::Begin { program, state } => format!("b{} {program}{state}", program.len()),
            Self::Message(message) => format!("m{message}"),
            Self::State => "s".to_owned(),
        };
        let mut bytes = (text.len() as u64).to_be_bytes().to_vec();
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    pub(super) fn decode(mut text: String) -> Option<Self> {
        let kind = text.chars().next()?;
        text.remove(0);
        Some(match kind {
            'b' => {
                let (length, rest) = text.split_once(' ')?;
                let (program, state) = rest.split_at_checked(length.parse().ok()?)?;
                Self::Begin { program: program.to_owned(), state: state.to_owned() }
            }
            'm' => Self::Message(text),
            's' => Self::State,
            _ => return None,
        })
    }
}

/// What the process answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    State(String),
    Failed(ProgramError),
}

impl Answer {
    pub(super) fn failure(what: impl Into<String>) -> Self {
        Self::Failed(ProgramError { place: None, what: what.into() })
    }

    pub(super) fn at(place: Place, what: &str) -> Self {
        Self::Failed(ProgramError { place: Some(place), what: what.to_owned() })
    }

    /// Returns the answer as one line. JSON texts have no line breaks, because jaq writes none.
    pub(super) fn encode(&self) -> String {
        match self {
            Self::Done => "d".to_owned(),
            Self::State(state) => format!("s{state}"),
            Self::Failed(error) => format!("f{}", serde_json::to_string(error).unwrap_or_default()),
        }
    }

    pub(super) fn decode(line: &str) -> Option<Self> {
        Some(match (line.get(..1)?, line.get(1..)?) {
            ("d", _) => Self::Done,
            ("s", state) => Self::State(state.to_owned()),
            ("f", error) => Self::Failed(serde_json::from_str(error).ok()?),
            _ => return None,
        })
    }
}

/// Why a program failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgramError {
    /// Where the program is not valid, or the part of it that failed.
    pub place: Option<Place>,
    pub what: String,
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "line {line}, column {column} of the program: ")?;
        }
        f.write_str(&self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_read_back() {
        let request = Request::Begin { program: "a\nb é".to_owned(), state: "{\"x\": 1}".to_owned() };
        let bytes = request.encode();
        let text = String::from_utf8(bytes[8..].to_vec()).expect("UTF-8");
        let Some(Request::Begin { program, state }) = Request::decode(text) else { panic!("a beginning") };
        assert_eq!((program.as_str(), state.as_str()), ("a\nb é", "{\"x\": 1}"));
        for answer in [Answer::Done, Answer::State("[1]".to_owned()), Answer::at(Place { line: 1, column: 2 }, "x\ny")]
        {
            let line = answer.encode();
            assert!(!line.contains('\n'));
            assert_eq!(Answer::decode(&line), Some(answer));
        }
    }

    #[test]
    fn a_place_is_a_line_and_a_column_in_characters() {
        let program = "é |\n  foo";
        assert_eq!(Place::of(program, &program[program.len() - 3..]), Place { line: 2, column: 3 });
    }
}
