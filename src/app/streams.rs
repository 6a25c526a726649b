//! The streams pane: streams of the selected category, by name or by recent activity, a page at a time.

use super::Effect;
use super::request::Question;
use super::window::Window;
use crate::message::{Category, GlobalPosition};
use crate::store::StoreError;
use crate::store::browse::{StreamRow, StreamsOf};

/// Streams asked for at once.
const PAGE: usize = 200;

/// Whose streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// The namespace's id.
    pub namespace: String,
    /// The category.
    pub category: Category,
}

/// Streams of a category.
#[derive(Debug, Default)]
pub struct Streams {
    /// Whose; none before a category is selected.
    pub of: Option<Of>,
    /// The streams.
    pub window: Window<StreamRow>,
    /// Most recently active first, instead of by name.
    pub by_activity: bool,
    /// Where the search by activity goes on.
    next: Option<GlobalPosition>,
    /// What went wrong.
    pub error: Option<String>,
}

impl Streams {
    /// An empty list of a category.
    #[must_use]
    pub fn new(of: Of, by_activity: bool) -> Self {
        Self { of: Some(of), by_activity, ..Self::default() }
    }

    /// What to ask for the next page.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        let of = self.of.as_ref()?;
        Some(if self.by_activity {
            Question::RecentStreams {
                namespace: of.namespace.clone(),
                category: of.category.clone(),
                before: self.next,
                limit: PAGE,
            }
        } else {
            Question::Streams {
                namespace: of.namespace.clone(),
                of: StreamsOf::Category(of.category.clone()),
                after: self.window.rows().back().map(|row| row.stream.clone()),
                limit: PAGE,
            }
        })
    }

    pub(super) fn page(&mut self, rows: Vec<StreamRow>, end: bool) -> Vec<Effect> {
        self.error = None;
        self.window.at_first = true;
        self.window.at_last = end;
        self.window.extend_unbounded(rows);
        Vec::new()
    }

    /// Windows overlap in streams, not in messages: a stream that was active in two of them is shown where it was last.
    pub(super) fn recent(&mut self, rows: Vec<StreamRow>, next: Option<GlobalPosition>) -> Vec<Effect> {
        self.error = None;
        self.next = next;
        self.window.at_first = true;
        self.window.at_last = next.is_none();
        self.window.extend_unbounded(rows);
        Vec::new()
    }

    /// The same list, read anew; what is shown stays until the answer is there.
    pub(super) fn refresh(&mut self) {
        self.next = None;
        self.error = None;
        self.window.at_last = false;
        self.window.replace([]);
    }

    pub(super) fn fail(&mut self, error: &StoreError) {
        self.error = Some(error.to_string());
        self.window.at_last = true;
    }
}
