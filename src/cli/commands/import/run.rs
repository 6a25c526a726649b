//! A running import: sends batches to the store, counts what became of them, and reports it. Lines are numbered as in
//! the input. It never reads a line itself.

use std::cell::Cell;

use super::batch::Batch;
use super::batches::Batches;
use crate::cli::error::{CommandError, Result, Status};
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::progress::Progress;
use crate::cli::stderr;
use crate::message::Difference;
use crate::numbers::{count, count_were, grouped};
use crate::store::StoreError;
use crate::store::import::{
    Commit, Follower, Followers, Import, ImportCounts, ImportError, Messages as _, Placement, Problem,
};

pub(super) struct ImportRun {
    import: Import,
    name: String,
    done: ImportCounts,
    /// The last line of the completed batches.
    done_to: u64,
    /// The last line that was sent.
    sent_to: Cell<u64>,
    /// Most messages in a transaction.
    most: usize,
    /// The first line whose message differs from the stored one.
    difference: Option<(u64, Difference)>,
    dry_run: bool,
}

impl ImportRun {
    pub(super) fn new(import: Import, name: String, most: usize, dry_run: bool) -> Self {
        let done = ImportCounts::default();
        Self { import, name, done, done_to: 0, sent_to: Cell::new(0), most, difference: None, dry_run }
    }

    /// Imports all batches.
    ///
    /// # Errors
    /// The errors of the store, and an error for the first line that cannot be imported.
    pub(super) async fn all(&mut self, mut batches: Batches, progress: &Progress) -> Result<()> {
        let mut next = batches.next().await;
        while let Some(batch) = next {
            let batch = batch.map_err(|invalid| self.line_error(invalid.line, invalid.column, &invalid.reason))?;
            let left = self.transaction(batch, &mut batches).await?;
            progress.set_messages(self.done.imported + self.done.present);
            progress.draw();
            next = match left {
                Some(left) => Some(Ok(left)),
                None => batches.next().await,
            };
        }
        Ok(())
    }

    /// Imports a batch and those that can share its transaction. Returns a batch that was read and cannot.
    async fn transaction(&mut self, batch: Batch, batches: &mut Batches) -> Result<Option<Batch>> {
        self.sent_to.set(batch.last_line());
        let sent_to = &self.sent_to;
        let mut followers = Followers::new(self.most, async || {
            let batch = batches.ready().await?;
            sent_to.set(batch.last_line());
            Some(batch)
        });
        let done = self.import.checked_before(&batch.messages, &batch.checked, None, Some(&mut followers)).await;
        let Followers { sent, left, commit, .. } = followers;
        self.finish(&batch, done)?;
        for Follower { batch, counts, difference } in sent {
            if commit == Commit::Stored {
                let difference = difference.map(|(index, difference)| (batch.line(index), difference));
                self.count(counts, batch.last_line(), difference);
                continue;
            }
            let lost = (commit == Commit::Unanswered).then_some(counts);
            let done = self.import.checked_after(&batch.messages, &batch.checked, lost).await;
            self.finish(&batch, done)?;
        }
        Ok(left)
    }

    fn finish(&mut self, batch: &Batch, done: Result<ImportCounts, ImportError>) -> Result<()> {
        let difference = self.import.difference().map(|(index, difference)| (batch.line(index), difference.clone()));
        let done = done.map_err(|error| self.batch_error(batch, error))?;
        self.count(done, batch.last_line(), difference);
        Ok(())
    }

    fn count(&mut self, done: ImportCounts, to: u64, difference: Option<(u64, Difference)>) {
        self.done.imported += done.imported;
        self.done.present += done.present;
        self.done.differing += done.differing;
        self.done.unchecked += done.unchecked;
        self.difference = self.difference.take().or(difference);
        self.done_to = to;
    }

    fn line_error(&self, line: u64, column: Option<usize>, reason: &str) -> CommandError {
        let column = column.map(|column| format!(", column {column}")).unwrap_or_default();
        CommandError::usage(format!("{}, line {line}{column}: {reason}", self.name))
    }

    fn batch_error(&self, batch: &Batch, error: ImportError) -> CommandError {
        let line = |index: usize| batch.line(index);
        match error {
            ImportError::Message { index, problem } => {
                let remedy = if matches!(problem, Problem::Gap { .. }) { "; --allow-gaps accepts gaps" } else { "" };
                self.line_error(line(index), None, &format!("{problem}{remedy}"))
            }
            ImportError::Refused { index, error } => {
                let location = format!("{}, line {}", self.name, line(index));
                let what = format!("{location}: {error}");
                let logged = Some(format!("{location}: {}", error.without_values()));
                CommandError { what, logged, remedy: None, ..CommandError::from(error) }
            }
            ImportError::OutcomeUnknown(reason) => {
                let mut messages = (0..batch.messages.count()).map(|index| batch.messages.get(index));
                let generated =
                    messages.find(|message| matches!(message.placement, Placement::Next { generated: true, .. }));
                let remedy = match generated {
                    Some(message) => {
                        format!("check whether {} has a message with ID {}", message.stream, message.id)
                    }
                    None => "run the import again; it adds only the missing messages".to_owned(),
                };
                self.unknown(&reason).remedy(remedy)
            }
            ImportError::Store(error @ (StoreError::Raised { .. } | StoreError::Server { .. })) => {
                let location = format!("{}, {}", self.name, lines(line(0), batch.last_line()));
                let logged = Some(format!("{location}: {}", error.without_values()));
                CommandError { logged, ..CommandError::new(Status::Failed, format!("{location}: {error}")) }
            }
            ImportError::Store(error) => error.into(),
        }
    }

    fn unknown(&self, reason: &str) -> CommandError {
        let (first, last) = (self.done_to + 1, self.sent_to.get());
        let were = if first == last { "was" } else { "were" };
        let what = format!("cannot tell whether {} of {} {were} written: {reason}", lines(first, last), self.name);
        CommandError::new(Status::OutcomeUnknown, what)
    }

    /// The error of an import that a signal ended.
    pub(super) fn signalled(&self, number: u8) -> CommandError {
        if self.import.is_in_doubt() {
            self.unknown("a signal arrived before the server answered")
        } else {
            CommandError::signalled(number)
        }
    }

    /// Reports the messages that were imported before a failure and stay.
    pub(super) fn report_stored(&self) {
        if self.done_to == 0 || self.dry_run {
            return;
        }
        stderr::line(&format!(
            "streamscope: lines 1 to {} are stored ({} of them new); another run will skip lines that have an ID",
            self.done_to,
            grouped(self.done.imported)
        ));
    }

    /// Prints the result.
    ///
    /// # Errors
    /// The errors of the output.
    pub(super) fn report(&self, output: &mut Output) -> Result<()> {
        let ImportCounts { imported, present, differing, unchecked } = self.done;
        if let Some((line, difference)) = &self.difference {
            let messages = if differing == 1 {
                "1 message differs from the stored one".to_owned()
            } else {
                format!("{} messages differ from the stored ones", grouped(differing))
            };
            stderr::line(&format!("streamscope: {messages}; line {line}: {difference}"));
        }
        if output.is_json() {
            let object = Object::begin(output.buffer()).number("imported", imported).number("present", present);
            let object = object.raw("dryRun", if self.dry_run { "true" } else { "false" });
            let object = if unchecked > 0 { object.number("unchecked", unchecked) } else { object };
            object.end();
        } else {
            let verb = if self.dry_run { "would import" } else { "imported" };
            output.line(&format!("{verb} {}, {} already stored", count(imported, "message"), grouped(present)))?;
            if unchecked > 0 {
                let note = "not checked for gaps and duplicates, because the file has too many messages";
                output.line(&format!("{} {note}", count_were(unchecked, "message")))?;
            }
        }
        if self.dry_run {
            return Ok(output.finish()?);
        }
        output.finish_after(|| format!("{} imported", count_were(imported, "message")))
    }
}

/// Returns a range of lines in words.
fn lines(first: u64, last: u64) -> String {
    if first == last { format!("line {first}") } else { format!("lines {first} to {last}") }
}
