//! Starts, follows and cancels the export of what is shown. The runtime writes the file.

use super::dialogs::Dialog;
use super::dialogs::export::{ExportDialog, ExportStage};
use super::export::{ExportJob, ExportReport, Exported};
use super::{Effect, State};
use crate::numbers::{count, grouped};

impl State {
    /// Asks for the file of an export of the list on screen.
    pub(super) fn open_export(&mut self) -> Vec<Effect> {
        let messages = &self.browser.messages;
        let Some(list) = messages.key.clone() else {
            self.notices.problem("There is nothing to export".to_owned(), self.now);
            return Vec::new();
        };
        let (filter, text) = (messages.filter.clone(), messages.filter_text.clone());
        let marks = self.marks.in_namespace(&list.namespace);
        let dialog = ExportDialog::new(list.namespace, list.scope, filter, text, marks);
        self.dialogs.open = Some(Dialog::Export(Box::new(dialog)));
        Vec::new()
    }

    pub(super) fn start_export(&mut self, job: ExportJob) -> Effect {
        self.exports += 1;
        Effect::Export { generation: self.exports, job }
    }

    /// Cancels the export under way, whose file is removed.
    pub(super) fn stop_export(&mut self) -> Effect {
        self.exports += 1;
        self.notices.done("Export cancelled. No file was written.".to_owned(), self.now);
        Effect::StopExport
    }

    pub(super) fn export_reported(&mut self, generation: u64, report: ExportReport) {
        if generation != self.exports {
            return;
        }
        let Some(Dialog::Export(dialog)) = &mut self.dialogs.open else { return };
        match report {
            ExportReport::Exists => dialog.stage = ExportStage::Confirming,
            ExportReport::Waiting(waiting) => {
                dialog.stage = ExportStage::Running { written: 0, percent: None, waiting: Some(waiting) };
            }
            ExportReport::Progress { written, percent } => {
                dialog.stage = ExportStage::Running { written, percent, waiting: None };
            }
            ExportReport::Failed(problem) => {
                dialog.stage = ExportStage::Editing;
                dialog.problem = Some(problem.clone());
                self.notices.problem(problem, self.now);
            }
            ExportReport::Done(exported) => {
                let said = said(&exported, dialog.may_have_gaps());
                self.dialogs.open = None;
                if exported.unreadable > 0 || exported.gone > 0 {
                    self.notices.problem(said, self.now);
                } else {
                    self.notices.done(said, self.now);
                }
            }
        }
    }
}

/// Returns what was exported, and what an import of the file needs.
fn said(exported: &Exported, may_have_gaps: bool) -> String {
    let mut said = vec![format!("Exported {} to {}", count(exported.written, "message"), exported.path)];
    if may_have_gaps && exported.written > 0 {
        said.push("Import it with --allow-gaps".to_owned());
    }
    match exported.unreadable {
        0 => {}
        1 => said.push("1 message has a value that cannot be read".to_owned()),
        more => said.push(format!("{} messages have values that cannot be read", grouped(more))),
    }
    match exported.gone {
        0 => {}
        1 => said.push("1 marked message no longer exists".to_owned()),
        more => said.push(format!("{} marked messages no longer exist", grouped(more))),
    }
    if said.len() > 1 { format!("{}.", said.join(". ")) } else { said.remove(0) }
}
