//! The message pane: data and metadata of the selected message, as a tree that folds, as pretty text or as raw text,
//! with links in the metadata. The body is read when a message is selected, never with the list.

mod body;
mod find;
mod folding;
mod place;

pub(crate) use self::body::{Body, Open, Part};
use self::place::Place;
use super::relations::{LinkLine, Relation};
use super::wrapped::Wrapped;
use crate::json::document::{Document, Kind};
use crate::json::links::{Link, link};
use crate::json::{self, string_value};
use crate::message::{BodyPath, GlobalPosition, Message, MessageHead, Size};
use crate::store::trace::{Links, Named, Relations};

/// How the body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    #[default]
    Tree,
    /// Indented JSON.
    Pretty,
    /// The text from the server.
    Raw,
}

/// The state of the pane.
#[derive(Debug, Default)]
pub(crate) struct MessagePane {
    namespace: String,
    head: Option<MessageHead>,
    /// The whole message, once it has been read.
    pub open: Option<Open>,
    pub form: Form,
    /// The links to other messages. None until the message has been read, and if it follows no convention.
    pub links: Option<LinkLine>,
    /// The selected part of the line of links, in place of a line of the documents.
    pub(super) selected_link: Option<usize>,
    /// Why the message could not be read.
    pub error: Option<String>,
    pub(super) selected: usize,
    pub(super) top: usize,
    /// The rows of the first line in view that are above the view, because the line is longer than one row.
    pub(super) skipped: usize,
    /// The size of the pane inside its border.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// The place of the selection in the message before, for the next one to be read.
    left: Option<Place>,
}

/// Up to this height, the line of links is left out.
const LOW: usize = 4;
/// The height from which each fact above the documents has a row of its own.
const ROOMY: usize = 14;

impl MessagePane {
    /// Shows a message. Returns whether its body must be read.
    pub(in crate::app) fn show(&mut self, namespace: &str, head: Option<MessageHead>) -> bool {
        let same = self.namespace == namespace
            && self.head.as_ref().map(|head| (head.id, head.global_position))
                == head.as_ref().map(|head| (head.id, head.global_position));
        if same {
            return false;
        }
        let (form, columns, rows) = (self.form, self.columns, self.rows);
        // A user who steps through messages compares the same value of each.
        let left = self.leave().filter(|_| head.is_some());
        *self = Self { namespace: namespace.to_owned(), head, form, columns, rows, left, ..Self::default() };
        self.head.is_some()
    }

    /// Returns the namespace of the message.
    pub(in crate::app) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the message as listed, without its body.
    #[must_use]
    pub(crate) fn head(&self) -> Option<&MessageHead> {
        self.head.as_ref()
    }

    /// Returns the global position of a message whose body has not been read.
    pub(in crate::app) fn awaited(&self) -> Option<GlobalPosition> {
        self.head.as_ref().filter(|_| self.open.is_none()).map(|head| head.global_position)
    }

    /// Empties the pane and keeps its form.
    pub(in crate::app) fn forget(&mut self) {
        *self = Self { form: self.form, columns: self.columns, rows: self.rows, ..Self::default() };
    }

    /// Returns the message with data and metadata, once it has been read.
    #[must_use]
    pub(crate) fn whole(&self) -> Option<&Message> {
        self.open.as_ref().map(|open| &open.message)
    }

    pub(in crate::app) fn fail(&mut self, error: String) {
        self.error = Some(error);
    }

    /// Returns true if each fact above the documents has a row of its own.
    #[must_use]
    pub(crate) fn is_roomy(&self) -> bool {
        self.rows >= ROOMY
    }

    /// Returns the number of rows above the documents, for the facts that are known without the body.
    #[must_use]
    pub(crate) fn fact_rows(&self) -> usize {
        let facts = if self.is_roomy() { 5 } else { 2 };
        facts + usize::from(self.link_row().is_some())
    }

    /// Returns the row of the line of links, if there is one.
    #[must_use]
    pub(crate) fn link_row(&self) -> Option<usize> {
        let row = if self.is_roomy() { 4 } else { 2 };
        self.links.as_ref().filter(|_| self.rows > LOW).map(|_| row)
    }

    /// Returns the index of the selected part of the line of links.
    #[must_use]
    pub(crate) fn selected_link(&self) -> Option<usize> {
        self.selected_link.filter(|_| self.link_row().is_some())
    }

    /// Returns the selected part of the line of links.
    pub(in crate::app) fn selected_relation(&self) -> Option<Relation> {
        let index = self.selected_link()?;
        self.links.as_ref()?.parts(self.columns, false).get(index).map(|(relation, _)| *relation)
    }

    /// Applies what was found around the message, or none if it no longer exists.
    pub(super) fn relations_found(&mut self, found: Option<Relations>) {
        if let Some(links) = &mut self.links {
            links.failed = found.is_none();
            links.found = found;
        }
    }

    pub(in crate::app) fn relations_failed(&mut self) {
        self.relations_found(None);
    }

    /// Returns the index of the selected line, without the facts.
    #[must_use]
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    /// Returns the index of the first line in view.
    #[must_use]
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// Returns the number of lines of both documents, including their headings.
    #[must_use]
    pub(crate) fn lines(&self) -> usize {
        match (&self.open, self.form) {
            (None, _) => 0,
            (Some(open), Form::Tree) => open.data.lines() + open.metadata.lines(),
            (Some(open), _) => open.text.height(),
        }
    }

    /// Returns the document of a line in the tree, and the line in that document. The lines of a text belong to no
    /// node.
    #[must_use]
    pub(crate) fn line(&self, line: usize) -> Option<(Part, usize)> {
        let open = self.open.as_ref().filter(|_| self.form == Form::Tree)?;
        let data = open.data.lines();
        if line < data { Some((Part::Data, line)) } else { Some((Part::Metadata, line - data)) }
            .filter(|(part, line)| *line < open.body(*part).lines())
    }

    /// Returns the document of a line in the tree, and the row in that document.
    fn row(&self, line: usize) -> Option<(Part, &Document, usize)> {
        let (part, line) = self.line(line)?;
        match self.open.as_ref()?.body(part) {
            Body::Tree(document) => Some((part, document, document.at_line(line)?)),
            _ => None,
        }
    }

    fn line_of(&self, part: Part, row: usize) -> usize {
        let Some(open) = &self.open else { return 0 };
        let before = if part == Part::Data { 0 } else { open.data.lines() };
        match open.body(part) {
            Body::Tree(document) => before + document.line_of(row),
            _ => before,
        }
    }

    pub(in crate::app) fn select(&mut self, line: usize) {
        self.selected_link = None;
        self.selected = line.min(self.lines().saturating_sub(1));
    }

    pub(in crate::app) fn next_form(&mut self) {
        self.form = match self.form {
            Form::Tree => Form::Pretty,
            Form::Pretty => Form::Raw,
            Form::Raw => Form::Tree,
        };
        self.set_text();
        self.select(0);
    }

    fn set_text(&mut self) {
        let form = self.form;
        let Some(open) = &mut self.open else { return };
        let text = |body: Option<&str>| match (body, form) {
            (None, _) => "NULL".to_owned(),
            (Some(text), Form::Pretty) => json::pretty(text),
            (Some(text), _) => text.to_owned(),
        };
        open.text = if form == Form::Tree {
            Wrapped::default()
        } else {
            let (data, metadata) = (text(open.message.data.as_deref()), text(open.message.metadata.as_deref()));
            let sections = [("data", data), ("metadata", metadata)];
            let lines = |(title, text): (&str, String)| {
                std::iter::once(title.to_owned()).chain(text.lines().map(str::to_owned).collect::<Vec<_>>())
            };
            Wrapped::new(sections.into_iter().flat_map(lines).collect(), self.columns)
        };
    }

    /// Returns the value of the selected row: a string without quotes and escapes, anything else as stored.
    pub(in crate::app) fn selected_value(&self) -> Option<String> {
        let (_, document, row) = self.row(self.selected)?;
        let raw = document.value(row);
        match document.row(row)?.kind {
            Kind::String => string_value(raw),
            _ => Some(raw.to_owned()),
        }
    }

    /// Returns the JSON path of the selected row.
    #[must_use]
    pub(crate) fn selected_path(&self) -> Option<String> {
        self.row(self.selected).map(|(_, document, row)| document.path(row))
    }

    /// Returns true if the selected row of the tree is in the metadata.
    #[must_use]
    pub(crate) fn is_in_metadata(&self) -> bool {
        self.line(self.selected).is_some_and(|(part, _)| part == Part::Metadata)
    }

    /// Returns the path of the selected row of the tree into data or metadata; none for the documents themselves.
    pub(in crate::app) fn selected_body_path(&self) -> Option<BodyPath> {
        let (part, document, row) = self.row(self.selected)?;
        let path: BodyPath = document.path(row).parse().ok()?;
        Some(if part == Part::Metadata { path.in_metadata() } else { path })
    }

    /// Returns the link on a line of metadata.
    #[must_use]
    pub(crate) fn link_at(&self, line: usize) -> Option<Link> {
        let (part, document, row) = self.row(line)?;
        if part != Part::Metadata || document.row(row)?.depth != 1 {
            return None;
        }
        link(document.text(), &string_value(document.key(row))?)
    }

    /// Returns what the value on a line of metadata names, by the conventions for links.
    #[must_use]
    pub(crate) fn named_at(&self, line: usize) -> Option<&Named> {
        let (part, document, row) = self.row(line)?;
        if part != Part::Metadata || document.row(row)?.is_container() {
            return None;
        }
        self.links.as_ref()?.named_at(document, row)
    }

    /// Returns true if Enter on a line leads to other messages.
    #[must_use]
    pub(crate) fn is_link(&self, line: usize) -> bool {
        self.link_at(line).is_some() || self.named_at(line).is_some()
    }

    /// Receives the whole message, or none if it no longer exists.
    pub(super) fn arrived(&mut self, message: Option<Box<Message>>, links: &Links) {
        let Some(message) = message else {
            self.error = Some("this message no longer exists".to_owned());
            return;
        };
        self.error = None;
        if let Some(head) = &mut self.head {
            head.size = Size::of(message.data.as_deref());
        }
        let (data, metadata) = (Body::new(message.data.as_deref()), Body::new(message.metadata.as_deref()));
        self.links = LinkLine::of(message.metadata.as_deref(), links);
        self.open = Some(Open { message: *message, data, metadata, text: Wrapped::default() });
        self.set_text();
        self.return_to_place();
    }
}
