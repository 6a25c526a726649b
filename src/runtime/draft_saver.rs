//! Saves drafts at every change. The file is written in a thread, so the event loop never waits for a disk. Changes
//! that arrive during a write are saved together after it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};

use super::drafts::Drafts;
use crate::app::dialogs::compose::Draft;

/// The longest wait for the last write.
const LIMIT: Duration = Duration::from_secs(3);

/// Whether the drafts were saved, and if not, the reason for the user.
type Saved = Result<(), String>;

/// Saves the drafts of a screen in the background.
pub(super) struct DraftSaver {
    drafts: Arc<Drafts>,
    writing: Option<JoinHandle<Saved>>,
    /// The drafts to write next.
    next: Option<Vec<Draft>>,
    /// The result of the last write.
    last: Saved,
}

impl DraftSaver {
    pub(super) fn new(drafts: Drafts) -> Self {
        Self { drafts: Arc::new(drafts), writing: None, next: None, last: Ok(()) }
    }

    /// Reads the drafts of an earlier run, as [`Drafts::load`].
    pub(super) fn load(&self) -> (Vec<Draft>, Option<String>) {
        self.drafts.load()
    }

    /// Replaces the saved drafts, after the write under way.
    pub(super) fn save(&mut self, drafts: Vec<Draft>) {
        self.next = Some(drafts);
        self.start();
    }

    fn start(&mut self) {
        if self.writing.is_none()
            && let Some(next) = self.next.take()
        {
            let drafts = Arc::clone(&self.drafts);
            self.writing = Some(tokio::task::spawn_blocking(move || drafts.save(&next)));
        }
    }

    pub(super) fn is_writing(&self) -> bool {
        self.writing.is_some()
    }

    /// Waits for the write under way, and starts the next one. Returns the result if it differs from that of the write
    /// before: while a draft is typed, the same failure would follow at each change. Can be cancelled without losing a
    /// result.
    pub(super) async fn written(&mut self) -> Option<Saved> {
        let result = self.writing.as_mut()?.await;
        self.writing = None;
        self.start();
        self.learn(result)
    }

    /// Waits until everything is written, and returns the last result if it differs from the one reported before.
    pub(super) async fn settle(&mut self) -> Option<Saved> {
        let reported = self.last.clone();
        let all = async {
            while self.is_writing() {
                self.written().await;
            }
        };
        if tokio::time::timeout(LIMIT, all).await.is_err() {
            self.last = Err("the disk does not answer".to_owned());
        }
        (self.last != reported).then(|| self.last.clone())
    }

    fn learn(&mut self, result: Result<Saved, JoinError>) -> Option<Saved> {
        let result = result.unwrap_or_else(|error| Err(error.to_string()));
        if result == self.last {
            return None;
        }
        self.last.clone_from(&result);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &str) -> Vec<Draft> {
        vec![Draft { data: text.to_owned(), ..Draft::default() }]
    }

    #[tokio::test]
    async fn the_last_of_many_changes_is_saved_and_a_failure_is_reported_once() {
        let root = tempfile::TempDir::new().expect("a directory");
        let mut saver = DraftSaver::new(Drafts::in_directory(root.path(), "here"));
        for text in ["a", "ab", "abc"] {
            saver.save(draft(text));
        }
        assert_eq!(saver.settle().await, None, "as before: everything is saved");
        assert_eq!(saver.load().0, draft("abc"));
        // A file in place of the directory.
        std::fs::remove_dir_all(root.path()).expect("the test's own directory");
        std::fs::write(root.path(), "").expect("a file");
        saver.save(draft("abcd"));
        assert!(saver.written().await.is_some_and(|result| result.is_err()));
        saver.save(draft("abcde"));
        assert_eq!(saver.written().await, None, "the same failure");
        assert_eq!(saver.settle().await, None);
        std::fs::remove_file(root.path()).expect("the file");
        saver.save(draft("abcdef"));
        assert_eq!(saver.settle().await, Some(Ok(())));
        assert_eq!(saver.load().0, draft("abcdef"));
    }
}
