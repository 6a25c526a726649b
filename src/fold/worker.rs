//! The process that runs a jq program over messages. It is this program again, started with a hidden command, so that a
//! program that never ends or uses too much memory can be killed without harm. It reads requests from standard input
//! and answers each on standard output. It opens no files and no connections.

use std::io::{self, BufReader, Read as _};
use std::process::ExitCode;

use jaq_core::load::{Arena, File, Loader, lex, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile, data, load, unwrap_valr};
use jaq_json::{Map, Val, read, write};

use super::protocol::{Answer, Place, Request};

/// The limit on the address space of the process.
#[cfg(unix)]
pub(super) const MEMORY: u64 = 2 << 30;
/// The stack for programs and values that nest deeply.
const STACK: usize = 256 << 20;

/// The most pipes at which a failing program is divided.
const MOST_PARTS: usize = 200;

type JsonFilter = Filter<data::JustLut<Val>>;

/// Serves requests until standard input ends.
pub(crate) fn run() -> ExitCode {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        // Without the limit, the system's own still holds.
        let _ = setrlimit(Resource::As, Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) });
        // A core file of 2 GiB would help nobody, and could contain messages.
        let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    }
    let serving = std::thread::Builder::new().stack_size(STACK).spawn(serve);
    match serving.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

fn serve() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = io::stdout().lock();
    let Some(Request::Begin { program, state }) = next(&mut input)? else { return Ok(()) };
    let arena = Arena::default();
    let filter = match compiled(&arena, &program) {
        Ok(filter) => filter,
        Err(failure) => return answer(&mut output, &failure),
    };
    let Ok(mut state) = read::parse_single(state.as_bytes()) else {
        return answer(&mut output, &Answer::failure("the initial state is not JSON"));
    };
    answer(&mut output, &Answer::Done)?;
    while let Some(request) = next(&mut input)? {
        let reply = match request {
            Request::Begin { .. } => Answer::failure("the program has already begun"),
            Request::Message(message) => match step(&filter, &program, &state, &message) {
                Ok(next) => {
                    state = next;
                    Answer::Done
                }
                Err(failure) => failure,
            },
            Request::State => Answer::State(text(&state)),
        };
        answer(&mut output, &reply)?;
    }
    Ok(())
}

fn next(input: &mut impl io::BufRead) -> io::Result<Option<Request>> {
    let mut length = [0; 8];
    match input.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut text = String::new();
    input.take(u64::from_be_bytes(length)).read_to_string(&mut text)?;
    Ok(Request::decode(text))
}

fn answer(output: &mut impl io::Write, answer: &Answer) -> io::Result<()> {
    let mut line = answer.encode();
    line.push('\n');
    output.write_all(line.as_bytes())?;
    output.flush()
}

/// Returns the state after a message. A failure names its place in the program if that is known.
fn step(filter: &JsonFilter, program: &str, state: &Val, message: &str) -> Result<Val, Answer> {
    let input = input_of(state, message)?;
    reduced(filter, input.clone()).map_err(|failure| match place_of_failure(program, &input) {
        Some(place) => Answer::at(place, &failure),
        None => Answer::failure(failure),
    })
}

/// Returns `{state, message}`.
fn input_of(state: &Val, message: &str) -> Result<Val, Answer> {
    let message = read::parse_single(message.as_bytes())
        .map_err(|error| Answer::failure(format!("the message is not JSON: {error}")))?;
    let mut input = Map::default();
    input.insert(Val::from("state".to_owned()), state.clone());
    input.insert(Val::from("message".to_owned()), message);
    Ok(Val::obj(input))
}

/// Finds the part between two pipes on which a program fails. jaq's errors have no place, so each beginning of the
/// program that ends before a pipe is tried: the failure is after the longest one that succeeds. `None` if the whole
/// program is one part.
fn place_of_failure(program: &str, input: &Val) -> Option<Place> {
    let mut begin = None;
    for (at, _) in program.match_indices('|').take(MOST_PARTS) {
        let arena = Arena::default();
        // After the pipe of `as $x |`, a program must follow.
        let beginning = format!("{}| .", &program[..at]);
        let Ok(filter) = compiled(&arena, &beginning) else { continue };
        let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
        let mut outputs = filter.id.run((context, input.clone())).map(unwrap_valr);
        if outputs.next().is_none_or(|output| output.is_err()) {
            return Some(Place::of(program, &program[begin.unwrap_or(0)..]));
        }
        begin = Some(at + 1 + leading_blanks(&program[at + 1..]));
    }
    begin.map(|begin| Place::of(program, &program[begin..]))
}

fn leading_blanks(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Applies the program to `{state, message}`.
fn reduced(filter: &JsonFilter, input: Val) -> Result<Val, String> {
    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut outputs = filter.id.run((context, input)).map(unwrap_valr);
    let next = match outputs.next() {
        None => return Err("the program returned no state".to_owned()),
        Some(output) => output.map_err(|error| thrown(&error))?,
    };
    match outputs.next() {
        None => Ok(next),
        Some(Ok(_)) => Err("the program returned more than one state".to_owned()),
        Some(Err(error)) => Err(thrown(&error)),
    }
}

fn text(value: &Val) -> String {
    let mut out = Vec::new();
    // Writing to a Vec does not fail.
    let _ = write::write(&mut out, &write::Pp::default(), 0, value);
    String::from_utf8_lossy(&out).into_owned()
}

/// Returns the text of an error. A program can throw any value; a string is shown without its quotes, as jq does.
fn thrown(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    serde_json::from_str(&text).unwrap_or(text)
}

/// Compiles a program. The failure names the place of the first error in it.
fn compiled(arena: &Arena, program: &str) -> Result<JsonFilter, Answer> {
    let defs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let funs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let modules = Loader::new(defs).load(arena, File { code: program, path: () }).map_err(|errors| {
        errors.into_iter().next().map_or_else(unknown, |(file, error)| not_loaded(file.code, error))
    })?;
    Compiler::default().with_funs(funs).compile(modules).map_err(|errors| {
        let first = errors.into_iter().find_map(|(file, errors)| Some((file.code, errors.into_iter().next()?)));
        first.map_or_else(unknown, |(code, error)| undefined(code, &error))
    })
}

fn unknown() -> Answer {
    Answer::failure("the program is not valid jq")
}

fn not_loaded(code: &str, error: load::Error<&str>) -> Answer {
    match error {
        load::Error::Io(errors) => match errors.first() {
            Some((path, _)) => Answer::at(Place::of(code, path), "modules cannot be imported"),
            None => unknown(),
        },
        load::Error::Lex(errors) => match errors.first() {
            Some((expected, at)) => Answer::at(Place::of(code, at), &format!("expected {}", lexed(expected))),
            None => unknown(),
        },
        load::Error::Parse(errors) => match errors.first() {
            Some((expected, found)) => {
                let found = if found.is_empty() { "the end of the program" } else { found };
                Answer::at(
                    Place::of(code, found_at(code, found)),
                    &format!("expected {}, found {found}", parsed(expected)),
                )
            }
            None => unknown(),
        },
    }
}

/// Returns the part of the program that an error names, or its end if it names none.
fn found_at<'a>(code: &'a str, found: &'a str) -> &'a str {
    let range = code.as_bytes().as_ptr_range();
    if range.contains(&found.as_ptr()) { found } else { &code[code.len()..] }
}

fn lexed(expected: &lex::Expect<&str>) -> String {
    match expected {
        lex::Expect::Delim(open) if !matches!(*open, "(" | "[" | "{" | "\"") => format!("the end of {open}"),
        other => other.as_str().to_owned(),
    }
}

fn parsed(expected: &parse::Expect<&str>) -> String {
    expected.as_str().to_owned()
}

fn undefined(code: &str, (name, kind): &compile::Error<&str>) -> Answer {
    let what = match kind {
        compile::Undefined::Filter(arity) => format!("no filter named {name}/{arity}"),
        kind => format!("no {} named {name}", kind.as_str()),
    };
    Answer::at(Place::of(code, found_at(code, name)), &what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(program: &str) -> String {
        let arena = Arena::default();
        let filter = compiled(&arena, program).unwrap_or_else(|answer| panic!("{program}: {answer:?}"));
        let state = read::parse_single(br#"{"n": 1}"#).expect("JSON");
        let input = input_of(&state, r#"{"type": "Placed"}"#).expect("an input");
        let failure = reduced(&filter, input.clone()).expect_err(program);
        let place = place_of_failure(program, &input);
        format!("{} {failure}", place.map_or_else(String::new, |place| format!("{}:{}", place.line, place.column)))
    }

    #[test]
    fn a_failure_names_the_part_between_two_pipes() {
        let cases = [
            (".state.n.x", ""),
            (".state | .n | .x", "1:15"),
            (".state\n  | .n.x\n  | .y", "2:5"),
            (".message.type as $type | .state | if $type == \"Placed\" then .n | error(\"no\") else . end", "1:35"),
            ("def f: .n | .x; .state | f | .", "1:26"),
            (".state | \"a|b\" as $s | . + 1 | .", "1:24"),
            (".state | empty", "1:10"),
        ];
        for (program, place) in cases {
            let failure = failure(program);
            assert!(failure.starts_with(&format!("{place} ")), "{program}: {failure}");
        }
    }
}
