//! Answers the question for the state of a stream. The states of the stream on screen are kept, so that a step costs
//! little, and the jq program of its category is read again at each step.

use futures_util::TryStreamExt as _;

use crate::app::state_view::{MOST_FOLDED, StateView};
use crate::config::Config;
use crate::fold::history::{History, Obstacle};
use crate::message::{Position, StreamName};
use crate::own_files;
use crate::store::{Namespace, Result, StoreError};
use crate::utf8;

/// The largest program, in bytes.
const LARGEST: usize = 1 << 20;

/// The states of one stream.
#[derive(Default)]
pub(super) struct States(tokio::sync::Mutex<Option<Kept>>);

struct Kept {
    namespace: String,
    stream: StreamName,
    history: History,
}

/// The program of a category: the name of its file, and its text.
struct Program {
    name: String,
    text: String,
}

/// A state that is wanted.
pub(super) struct Wanted<'a> {
    pub stream: &'a StreamName,
    /// The last message, or the end of the stream if it is shorter.
    pub position: Position,
    /// Where to begin. None for the start of the stream, or so late that it is not too long.
    pub from: Option<Position>,
    /// Compute all messages again.
    pub first: bool,
}

impl States {
    /// Returns a state.
    pub(super) async fn state(&self, namespace: &Namespace, wanted: Wanted<'_>) -> Result<StateView> {
        let Wanted { stream, position, from, first } = wanted;
        let version = namespace.stream_version(stream).await?;
        let last = version.ok_or_else(|| StoreError::StreamNotFound(stream.to_string()))?.min(position);
        let (program, unread) = match program(stream) {
            Ok(program) => (program, None),
            Err(problem) => (None, Some(problem)),
        };
        let text = program.as_ref().map(|program| program.text.as_str());
        let mut kept = self.0.lock().await;
        let id = &namespace.info().id;
        let is_usable = kept.as_ref().is_some_and(|kept| {
            let begin = kept.history.from();
            let is_long = from.is_none() && last.saturating_sub(begin) >= 2 * MOST_FOLDED;
            let begins_there = from.is_none_or(|from| from.min(last) == begin) && begin <= last && !is_long;
            !first && kept.namespace == *id && kept.stream == *stream && kept.history.program() == text && begins_there
        });
        if !is_usable {
            let begin = from.unwrap_or_else(|| last.saturating_sub(MOST_FOLDED - 1)).clamp(0, last.max(0));
            let history = History::new(text.map(str::to_owned), begin);
            *kept = Some(Kept { namespace: id.clone(), stream: stream.clone(), history });
        }
        // It stays here while messages are added, so that a cancelled question loses nothing.
        let Some(Kept { history, .. }) = kept.as_mut() else {
            return Err(StoreError::StreamNotFound(stream.to_string()));
        };
        let mut problem = unread;
        let next = history.seek(last);
        if problem.is_none() && next <= last {
            let mut messages =
                namespace.stream_messages(stream, next, last.saturating_sub(next).saturating_add(1)).await?;
            while let Some(message) = messages.try_next().await? {
                let Err(obstacle) = history.add(&message, message.position == last).await else { continue };
                let is_fatal = history.program().is_some();
                problem.get_or_insert_with(|| told(&obstacle, message.position, &message.message_type));
                if is_fatal {
                    break;
                }
            }
        }
        let name = program.map(|program| program.name);
        Ok(StateView::of(history, stream.clone(), last, name, problem))
    }
}

/// Returns what went wrong, with the position of the message.
fn told(obstacle: &Obstacle, position: Position, message_type: &str) -> String {
    match obstacle {
        Obstacle::Program(error) => error.to_string(),
        Obstacle::Step(error) => format!("at position {position} ({message_type}): {error}"),
        Obstacle::Data(problem) => format!("at position {position} ({message_type}): not JSON: {problem}"),
    }
}

/// Reads the program for the category of a stream, if the configuration has one.
fn program(stream: &StreamName) -> std::result::Result<Option<Program>, String> {
    let Some(path) = Config::load()?.fold_of(stream.category().as_str()) else { return Ok(None) };
    let failed = |what: String| format!("Cannot read {}: {what}", path.display());
    let bytes = own_files::read_trusted(&path).map_err(|error| failed(error.to_string()))?;
    if bytes.len() > LARGEST {
        return Err(failed("the file is larger than 1 MiB".to_owned()));
    }
    let text = utf8::into_text(bytes).map_err(|error| failed(format!("it {error}")))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Some(Program { name, text }))
}
