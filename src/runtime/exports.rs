//! Exports what is shown to a file, as the command `export` does: the same lines, only final messages, and a part file
//! that gets its name when it is complete. An export that fails or is cancelled leaves no file behind.

use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::questions::Answerer;
use crate::app::Event;
use crate::app::export::{ExportJob, ExportReport, ExportWhat, Exported};
use crate::app::marks::Mark;
use crate::compression::Compression;
use crate::json_lines;
use crate::message::{Message, Name, StreamName};
use crate::own_files::{self, Purpose};
use crate::store::browse::Scope;
use crate::store::export::ExportOptions;
use crate::store::tail::BlockingTransaction;
use crate::store::{Filter, Namespace, StoreError};

/// The time between two reports.
const INTERVAL: Duration = Duration::from_millis(100);

/// The longest that the end of the program waits for the file of a cancelled export to be removed.
const LIMIT: Duration = Duration::from_millis(500);

/// The export under way. Dropping it cancels the export.
#[derive(Debug, Default)]
pub(crate) struct Exports {
    current: Option<Current>,
}

#[derive(Debug)]
struct Current {
    task: JoinHandle<()>,
    /// Closed when the file is complete or removed.
    file: oneshot::Receiver<Infallible>,
}

impl Exports {
    /// Starts an export in place of the one under way.
    pub(crate) fn start(
        &mut self,
        answerer: Arc<Answerer>,
        events: mpsc::Sender<Event>,
        generation: u64,
        job: ExportJob,
    ) {
        self.stop();
        let (open, file) = oneshot::channel();
        let task = tokio::spawn(async move {
            let reports = Reports { events, generation };
            let report = match export(&answerer, job, open, &reports).await {
                Ok(exported) => ExportReport::Done(exported),
                Err(Refusal::Exists) => ExportReport::Exists,
                Err(Refusal::Failed(problem)) => ExportReport::Failed(problem),
            };
            reports.send(report).await;
        });
        self.current = Some(Current { task, file });
    }

    pub(crate) fn stop(&mut self) {
        if let Some(current) = self.current.take() {
            current.task.abort();
        }
    }

    /// Cancels the export, and waits until its file is removed. A thread may still be writing to it.
    pub(crate) async fn end(mut self) {
        if let Some(Current { task, file }) = self.current.take() {
            task.abort();
            let _ = tokio::time::timeout(LIMIT, file).await;
        }
    }
}

impl Drop for Exports {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Why there is no file.
enum Refusal {
    Exists,
    Failed(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Returns the refusal for an error of a file.
fn failed(path: &Path, error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(format!("Cannot write {}: {error}", path.display()))
}

/// Where reports go.
struct Reports {
    events: mpsc::Sender<Event>,
    generation: u64,
}

impl Reports {
    async fn send(&self, report: ExportReport) {
        // Fails only if the screen has ended.
        let _ = self.events.send(Event::Export { generation: self.generation, report }).await;
    }

    fn waiting(&self, holders: &[BlockingTransaction]) {
        let named = |holder: &BlockingTransaction| match holder.pid {
            Some(pid) => format!("blocked by PID {pid}"),
            None => "blocked by a prepared transaction".to_owned(),
        };
        if let Some(first) = holders.first() {
            let report = ExportReport::Waiting(named(first));
            let _ = self.events.try_send(Event::Export { generation: self.generation, report });
        }
    }
}

async fn export(
    answerer: &Answerer,
    job: ExportJob,
    open: oneshot::Sender<Infallible>,
    reports: &Reports,
) -> Result<Exported, Refusal> {
    let path = expanded(&job.path);
    let replace = job.replace;
    let mut file = blocking(move || ExportFile::open(&path, replace, open)).await?;
    let namespace = answerer.namespace(&job.namespace).await?;
    let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
    let mut exported = Exported { path: path.display().to_string(), ..Exported::default() };
    match job.what {
        ExportWhat::List(scope, filter) => {
            let (mut messages, up_to) = messages_of(&namespace, scope, filter, reports).await?;
            let mut first = None;
            let mut due = Instant::now() + INTERVAL;
            while let Some(message) = messages.next().await {
                let message = message?;
                file = file.write(&message, &mut exported).await?;
                let from = *first.get_or_insert(message.global_position);
                if due <= Instant::now() {
                    due = Instant::now() + INTERVAL;
                    let percent = percent(from, message.global_position, up_to);
                    reports.send(ExportReport::Progress { written: exported.written, percent }).await;
                }
            }
        }
        ExportWhat::Marked(marks) => {
            for mark in &marks {
                match marked(&namespace, mark).await? {
                    Some(message) => file = file.write(&message, &mut exported).await?,
                    None => exported.gone += 1,
                }
            }
        }
    }
    blocking(move || file.finish()).await?;
    Ok(exported)
}

async fn marked(namespace: &Namespace, mark: &Mark) -> Result<Option<Message>, StoreError> {
    let message = namespace.message(mark.global_position).await?;
    Ok(message.filter(|message| message.id == mark.id))
}

/// Returns the final messages of a list, and the last global position among which they are.
async fn messages_of(
    namespace: &Namespace,
    scope: Scope,
    filter: Filter,
    reports: &Reports,
) -> Result<(BoxStream<'static, Result<Message, StoreError>>, i64), Refusal> {
    let end = namespace.final_end(|holders| reports.waiting(holders)).await?;
    let (above, up_to) = namespace.between(filter.since, filter.until).await?;
    let up_to = up_to.min(end.position);
    let mut group = None;
    let names = match scope {
        Scope::Namespace => Vec::new(),
        Scope::Category(category) => vec![Name::Category(category)],
        Scope::Member(category, of) => {
            group = Some(of);
            vec![Name::Category(category)]
        }
        Scope::Stream(stream) => vec![Name::Stream(StreamName::stored(stream.as_str()))],
    };
    let messages = namespace.export(ExportOptions { names, filter, above, up_to });
    let is_member = move |message: &Message| group.is_none_or(|group| group.has(message.stream.as_str()));
    let messages = messages.filter(move |message| {
        let keep = message.as_ref().map_or(true, &is_member);
        std::future::ready(keep)
    });
    Ok((messages.boxed(), up_to))
}

/// Returns the share of the global positions that were read.
fn percent(first: i64, at: i64, last: i64) -> Option<u8> {
    let (done, all) = (u128::from(at.abs_diff(first)), u128::from(last.abs_diff(first)));
    u8::try_from((done * 100).checked_div(all)?.min(100)).ok()
}

/// Returns the path with the home directory in place of a leading `~/`.
fn expanded(typed: &str) -> PathBuf {
    let home = typed.strip_prefix("~/").zip(std::env::home_dir());
    home.map_or_else(|| PathBuf::from(typed), |(rest, home)| home.join(rest))
}

/// Runs file operations in a thread of their own, because a disk can be slow.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Refusal> + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(Refusal::Failed(error.to_string())))
}

/// A file that is being written. Dropping it before it is complete removes it.
struct ExportFile {
    path: PathBuf,
    part: PathBuf,
    file: File,
    replace: bool,
    compression: Compression,
    piece: Vec<u8>,
    is_complete: bool,
    /// Dropped last, after the file was removed.
    _open: oneshot::Sender<Infallible>,
}

impl ExportFile {
    fn open(path: &Path, replace: bool, open: oneshot::Sender<Infallible>) -> Result<Self, Refusal> {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => return Err(failed(path, "this is a directory")),
            Ok(found) if !found.is_file() => return Err(failed(path, "this is not a regular file")),
            Ok(_) if !replace => return Err(Refusal::Exists),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(path, error)),
            _ => {}
        }
        let path = own_files::output_target(path).map_err(|error| failed(path, error))?;
        let part = own_files::part_of(&path);
        let file = own_files::open(&part, Purpose::ReadWriteShared).map_err(|error| failed(&part, error))?;
        if !own_files::lock_named(&file, &part).map_err(|error| failed(&part, error))? {
            return Err(failed(&path, "another export is writing this file"));
        }
        let length = file.metadata().map_err(|error| failed(&part, error))?.len();
        if length > 0 {
            let what = format!("{} holds an unfinished export. Choose another name.", part.display());
            return Err(failed(&path, what));
        }
        let compression = Compression::of_name(&path);
        let file = Self { path, part, file, replace, compression, piece: Vec::new(), is_complete: false, _open: open };
        // The new file is not readable by more people than the one that it replaces.
        if let Ok(replaced) = std::fs::metadata(&file.path) {
            file.file.set_permissions(replaced.permissions()).map_err(|error| failed(&file.part, error))?;
        }
        Ok(file)
    }

    /// Adds the line of a message.
    async fn write(mut self, message: &Message, exported: &mut Exported) -> Result<Self, Refusal> {
        json_lines::message(&mut self.piece, message, false);
        exported.written += 1;
        exported.unreadable += u64::from(message.flaw.is_some());
        if !Compression::is_complete(&self.piece) {
            return Ok(self);
        }
        blocking(move || {
            self.end_piece().map_err(|error| failed(&self.part, error))?;
            Ok(self)
        })
        .await
    }

    fn end_piece(&mut self) -> io::Result<()> {
        self.compression.end_piece(&mut self.piece, &mut self.file)
    }

    /// Writes the rest, and gives the file its name.
    fn finish(mut self) -> Result<(), Refusal> {
        self.end_piece().and_then(|()| self.file.sync_all()).map_err(|error| failed(&self.part, error))?;
        if !self.replace && self.path.exists() {
            return Err(failed(&self.path, "the file appeared during the export"));
        }
        own_files::rename_and_sync(&self.part, &self.path).map_err(|error| failed(&self.path, error))?;
        self.is_complete = true;
        Ok(())
    }
}

impl Drop for ExportFile {
    fn drop(&mut self) {
        if !self.is_complete {
            // The user asked to cancel, or sees why the export failed. A file that cannot be removed is named `.part`.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(path: &Path, replace: bool) -> Result<ExportFile, Refusal> {
        ExportFile::open(path, replace, oneshot::channel().0)
    }

    fn refusal(outcome: Result<ExportFile, Refusal>) -> String {
        match outcome {
            Ok(_) => "opened".to_owned(),
            Err(Refusal::Exists) => "exists".to_owned(),
            Err(Refusal::Failed(problem)) => problem,
        }
    }

    fn message() -> Message {
        Message {
            id: uuid::Uuid::nil(),
            stream: StreamName::stored("account-1"),
            message_type: "Opened".to_owned(),
            position: 0,
            global_position: 1,
            data: Some("{\"n\": 1.10}".to_owned()),
            metadata: None,
            time: jiff::Timestamp::UNIX_EPOCH,
            flaw: None,
        }
    }

    #[tokio::test]
    async fn a_file_appears_only_when_it_is_complete() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let mut exported = Exported::default();
        let file = opened(&path, false).ok().expect("a new file");
        let file = file.write(&message(), &mut exported).await.ok().expect("written");
        assert!(!path.exists());
        assert!(file.finish().is_ok());
        let text = std::fs::read_to_string(&path).expect("the file");
        assert_eq!((exported.written, text.lines().count()), (1, 1));
        assert!(text.contains("{\"n\": 1.10}"), "{text}");
    }

    #[tokio::test]
    async fn a_dropped_file_leaves_nothing_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = opened(&directory.path().join("a.ndjson"), false).ok().expect("a new file");
        drop(file.write(&message(), &mut Exported::default()).await);
        assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 0);
    }

    #[tokio::test]
    async fn the_end_waits_until_the_file_of_a_cancelled_export_is_removed() {
        let directory = tempfile::tempdir().expect("a directory");
        let (open, gone) = oneshot::channel();
        let file = ExportFile::open(&directory.path().join("a.ndjson"), false, open).ok().expect("a new file");
        let (finish, writing) = std::sync::mpsc::channel();
        // A slow disk keeps the thread that writes busy.
        let task = tokio::spawn(async move {
            let _ = blocking(move || {
                let _: () = writing.recv().expect("the disk answers");
                drop(file);
                Ok(())
            })
            .await;
        });
        let exports = Exports { current: Some(Current { task, file: gone }) };
        tokio::task::yield_now().await;
        let ended = async {
            exports.end().await;
            assert_eq!(std::fs::read_dir(directory.path()).expect("a directory").count(), 0);
        };
        tokio::join!(ended, async { finish.send(()).expect("the thread waits") });
    }

    #[test]
    fn other_files_are_never_replaced_unasked() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        std::fs::write(&path, "precious").expect("written");
        assert_eq!(refusal(opened(&path, false)), "exists");
        assert!(refusal(opened(directory.path(), true)).ends_with("this is a directory"));
        let missing = directory.path().join("missing/a.ndjson");
        assert!(refusal(opened(&missing, false)).contains("missing/a.ndjson"));
        let part = directory.path().join("b.ndjson.part");
        std::fs::write(&part, "unfinished").expect("written");
        assert!(refusal(opened(&directory.path().join("b.ndjson"), false)).contains("unfinished export"));
        assert_eq!(std::fs::read_to_string(&part).expect("there"), "unfinished");
        let file = opened(&path, true).ok().expect("may be replaced");
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "precious", "until the export is complete");
        assert!(file.finish().is_ok());
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "");
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.ndjson");
        let file = opened(&path, false).ok().expect("a new file");
        std::fs::write(&path, "precious").expect("written");
        assert!(file.finish().is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("there"), "precious");
    }

    #[test]
    fn progress_is_the_share_of_positions() {
        assert_eq!([percent(10, 10, 110), percent(10, 60, 110), percent(10, 110, 110)], [Some(0), Some(50), Some(100)]);
        assert_eq!(percent(5, 5, 5), None);
    }
}
