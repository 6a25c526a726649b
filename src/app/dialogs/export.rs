//! Ctrl-E: asks for the file of an export, and shows how far it has got. Replacing a file needs a confirmation, and Esc
//! cancels.

use crossterm::event::KeyEvent;

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::export::{ExportJob, ExportWhat};
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::marks::Mark;
use crate::store::Filter;
use crate::store::browse::Scope;

/// The longest proposed name, without its extension.
const LONGEST: usize = 80;

/// How far the export has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ExportStage {
    Editing,
    /// The file exists; `y` replaces it.
    Confirming,
    Running {
        written: u64,
        percent: Option<u8>,
        /// What the export waits for.
        waiting: Option<String>,
    },
}

/// The open dialog.
#[derive(Debug)]
pub(crate) struct ExportDialog {
    pub input: Input,
    pub stage: ExportStage,
    pub problem: Option<String>,
    /// The ID of the namespace.
    pub namespace: String,
    scope: Scope,
    filter: Filter,
    /// The filter as it was typed.
    pub filter_text: String,
    /// The marked messages of the namespace.
    pub marks: Vec<Mark>,
    /// Exports the marked messages instead of the list.
    pub only_marked: bool,
    /// The user has typed a name, so none is proposed any more.
    typed: bool,
}

impl ExportDialog {
    /// Proposes a file for a list, or for the marked messages if there are some.
    #[must_use]
    pub(crate) fn new(namespace: String, scope: Scope, filter: Filter, filter_text: String, marks: Vec<Mark>) -> Self {
        let only_marked = !marks.is_empty();
        let mut dialog = Self {
            input: Input::default(),
            stage: ExportStage::Editing,
            problem: None,
            namespace,
            scope,
            filter,
            filter_text,
            marks,
            only_marked,
            typed: false,
        };
        dialog.propose();
        dialog
    }

    fn propose(&mut self) {
        if !self.typed {
            self.input.set(&proposed_name(&self.namespace, &self.scope, self.is_filtered(), self.only_marked));
        }
    }

    fn is_filtered(&self) -> bool {
        self.filter != Filter::default()
    }

    /// Names the list.
    #[must_use]
    pub(crate) fn list_name(&self) -> String {
        match &self.scope {
            Scope::Namespace if self.is_filtered() => format!("Messages of {}", self.namespace),
            Scope::Namespace => format!("All messages of {}", self.namespace),
            Scope::Category(category) => format!("Messages of {category}"),
            Scope::Member(category, group) => {
                format!("Messages of {category}, member {} of {}", group.member(), group.size())
            }
            Scope::Stream(stream) => format!("Messages of {stream}"),
        }
    }

    /// Returns true if the file will not have every message of its streams, so that an import needs `--allow-gaps`.
    #[must_use]
    pub(crate) fn may_have_gaps(&self) -> bool {
        self.only_marked || self.is_filtered()
    }

    /// Returns the kind whose keys apply in this stage.
    #[must_use]
    pub(crate) fn kind(&self) -> DialogKind {
        if self.stage == ExportStage::Confirming { DialogKind::Confirm } else { DialogKind::Export }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match (&self.stage, context.pressed(self.kind(), key)) {
            (ExportStage::Confirming, Some(DialogAction::Yes)) => return self.start(true),
            (ExportStage::Confirming, _) => self.stage = ExportStage::Editing,
            (_, Some(DialogAction::Close)) => return Outcome::Close,
            (ExportStage::Running { .. }, _) => {}
            (ExportStage::Editing, Some(DialogAction::Accept)) => return self.start(false),
            (ExportStage::Editing, Some(DialogAction::NextField | DialogAction::PreviousField))
                if !self.marks.is_empty() =>
            {
                self.only_marked = !self.only_marked;
                self.propose();
            }
            (ExportStage::Editing, _) => {
                if self.input.key(key) {
                    self.typed();
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.stage == ExportStage::Editing {
            self.input.paste(text);
            self.typed();
        }
    }

    fn typed(&mut self) {
        self.typed = true;
        self.problem = None;
    }

    fn start(&mut self, replace: bool) -> Outcome {
        let path = self.input.text().trim().to_owned();
        if path.is_empty() {
            self.problem = Some("Type the name of a file".to_owned());
            return Outcome::Stay;
        }
        self.problem = None;
        self.stage = ExportStage::Running { written: 0, percent: None, waiting: None };
        let what = if self.only_marked {
            ExportWhat::Marked(self.marks.clone())
        } else {
            ExportWhat::List(self.scope.clone(), self.filter.clone())
        };
        Outcome::Do(vec![Command::Export(ExportJob { namespace: self.namespace.clone(), what, path, replace })])
    }
}

/// Returns a name without characters that a file system or a shell treats in a special way.
fn proposed_name(namespace: &str, scope: &Scope, filtered: bool, only_marked: bool) -> String {
    let list = match scope {
        _ if only_marked => "marked".to_owned(),
        Scope::Namespace => String::new(),
        Scope::Category(category) => category.to_string(),
        Scope::Member(category, group) => format!("{category}-member-{}-of-{}", group.member(), group.size()),
        Scope::Stream(stream) => stream.to_string(),
    };
    let filtered = if filtered && !only_marked { "filtered" } else { "" };
    let parts = [namespace, &list, filtered].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let name: String = parts.chars().map(plain).take(LONGEST).collect();
    let name = name.trim_start_matches(['-', '.']);
    format!("{}.ndjson", if name.is_empty() { "messages" } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::StreamName;

    #[test]
    fn proposes_a_name_that_needs_no_quotes() {
        let stream = |name: &str| Scope::Stream(StreamName::stored(name));
        assert_eq!(proposed_name("shop", &stream("account-1"), false, false), "shop-account-1.ndjson");
        assert_eq!(proposed_name("shop", &stream("a:b-c/../d é"), true, false), "shop-a_b-c_.._d__-filtered.ndjson");
        assert_eq!(proposed_name("shop", &Scope::Namespace, false, false), "shop.ndjson");
        assert_eq!(proposed_name("shop", &Scope::Namespace, true, true), "shop-marked.ndjson");
        assert_eq!(proposed_name("-..", &Scope::Namespace, false, false), "messages.ndjson");
    }
}
