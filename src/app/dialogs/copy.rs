//! `y` and one letter, or Enter on an entry: copies the selection. Values, names and messages are copied as they are
//! stored, never as they are drawn. Commands and SQL are quoted so that names in them cannot run anything when they are
//! pasted.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::choice::{Choosing, List, moved};
use super::frame::frame;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::layout::Pane;
use crate::app::browser::list_key::ListKey;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::list_command::list_command;
use crate::message::{Message, MessageHead};
use crate::numbers::count;
use crate::pasteable::{command_line, sql_identifier};
use crate::store::browse::Scope;
use crate::store::{Filter, NamespaceInfo};

/// Something that can be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyEntry {
    /// The action whose key copies it.
    pub action: DialogAction,
    pub label: &'static str,
    pub text: String,
}

impl CopyEntry {
    fn new(action: DialogAction, label: &'static str, text: String) -> Self {
        Self { action, label, text }
    }

    /// Returns the outcome that copies the entry.
    fn copied(&self) -> Outcome {
        Outcome::Finish(vec![match self.action {
            DialogAction::Marked => Command::CopyMarked,
            _ => Command::Copy(self.text.clone(), self.label),
        }])
    }
}

/// The open menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CopyMenu {
    pub entries: Vec<CopyEntry>,
    /// The index of the selected entry.
    pub selected: usize,
}

/// The width of the box.
const WIDTH: u16 = 60;

impl CopyMenu {
    /// Returns what can be copied from the focused pane; none if that is nothing. `connection` are the options of a
    /// command that choose the database.
    #[must_use]
    pub(crate) fn of(browser: &Browser, marked: usize, connection: &[String]) -> Option<Self> {
        let mut entries = Vec::new();
        if marked > 0 {
            entries.push(CopyEntry::new(
                DialogAction::Marked,
                "marked messages",
                format!("{} as JSON lines", count(marked as u64, "message")),
            ));
        }
        if browser.focus == Pane::Message {
            let value = browser.message.selected_value();
            let path = browser.message.selected_path();
            entries.extend(value.map(|value| CopyEntry::new(DialogAction::Value, "value", value)));
            entries.extend(path.map(|path| CopyEntry::new(DialogAction::Path, "path", path)));
        }
        if let Some(message) = browser.message.whole() {
            entries.push(CopyEntry::new(DialogAction::Message, "message as JSON", as_json(message)));
            let data = message.data.clone();
            entries.extend(data.map(|data| CopyEntry::new(DialogAction::Data, "data", data)));
        }
        let namespace = browser.messages.key.as_ref().and_then(|list| browser.namespaces.named(&list.namespace));
        match (browser.focus, browser.messages.selection()) {
            (Pane::Messages | Pane::Message, Some(head)) => {
                entries.extend(of_message(head, namespace, connection));
                let list = browser.messages.key.as_ref();
                let command = list.map(|list| list_command(connection, list, &browser.messages.filter));
                entries.extend(
                    command.map(|command| CopyEntry::new(DialogAction::ListCommand, "command for list", command)),
                );
            }
            _ => entries.extend(
                browser
                    .messages
                    .key
                    .iter()
                    .flat_map(|list| of_list(list, &browser.messages.filter, namespace, connection)),
            ),
        }
        (!entries.is_empty()).then_some(Self { entries, selected: 0 })
    }

    /// Returns the size of the box with its border: the entries, a gap and the keys.
    #[must_use]
    pub(crate) fn size(&self) -> (u16, u16) {
        (WIDTH, u16::try_from(self.entries.len()).unwrap_or(u16::MAX).saturating_add(4))
    }

    /// Returns the area of the entries inside the box. The keys are below it, and a gap if there is room.
    #[must_use]
    pub(crate) fn area(&self, inner: Rect) -> Rect {
        let entries = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        Rect { height: inner.height.saturating_sub(1).min(entries), ..inner }
    }

    /// Copies the entry of a key. Other keys do not close the menu; otherwise the next key would reach the panes.
    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let action = context.pressed(DialogKind::Copy, key);
        if let Some(selected) = moved(self.selected, self.entries.len(), action) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) => Outcome::Close,
            Some(DialogAction::Accept) => self.accept(context),
            Some(action) => match (self.entry(action), DialogKind::Copy.title(action)) {
                (Some(entry), _) => entry.copied(),
                (None, "") => Outcome::Stay,
                (None, what) => Outcome::Do(vec![Command::Warn(format!("No {what} to copy from this pane."))]),
            },
            None => Outcome::Stay,
        }
    }

    /// Returns the entry that an action copies. In the side panes, the command of the list is the only command.
    fn entry(&self, action: DialogAction) -> Option<&CopyEntry> {
        let of = |action| self.entries.iter().find(|entry| entry.action == action);
        of(action).or_else(|| of(DialogAction::Command).filter(|_| action == DialogAction::ListCommand))
    }
}

impl Choosing for CopyMenu {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let (width, height) = self.size();
        let area = self.area(frame(context.browser.area, width, height).1);
        Some(List { area, rows: self.entries.len(), selected: Some(self.selected) })
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = row;
        Outcome::Stay
    }

    fn accept(&mut self, _: &DialogContext) -> Outcome {
        self.entries.get(self.selected).map_or(Outcome::Stay, CopyEntry::copied)
    }
}

/// The message as `get` prints it.
pub(in crate::app) fn as_json(message: &Message) -> String {
    let mut line = Vec::new();
    crate::json_lines::message(&mut line, message, false);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// Returns the name of a location, the query that shows its messages, and the command that prints what the list shows.
fn of_list(list: &ListKey, filter: &Filter, info: Option<&NamespaceInfo>, connection: &[String]) -> Vec<CopyEntry> {
    let command = CopyEntry::new(DialogAction::Command, "command", list_command(connection, list, filter));
    let name = match &list.scope {
        Scope::Namespace => {
            return vec![CopyEntry::new(DialogAction::Name, "namespace", list.namespace.clone()), command];
        }
        Scope::Category(category) | Scope::Member(category, _) => category.to_string(),
        Scope::Stream(stream) => stream.to_string(),
    };
    let sql = info.map(|info| list.scope.statement(info)).unwrap_or_default();
    let label = if *filter == Filter::default() { "SQL" } else { "SQL, no filter" };
    vec![CopyEntry::new(DialogAction::Name, "name", name), CopyEntry::new(DialogAction::Sql, label, sql), command]
}

/// Returns the ID and stream of a message, and the query and the command that show it.
fn of_message(head: &MessageHead, info: Option<&NamespaceInfo>, connection: &[String]) -> Vec<CopyEntry> {
    let (schema, namespace) = info.map(|info| (info.schema.as_str(), info.id.as_str())).unwrap_or_default();
    let sql =
        format!("select * from {}.messages where global_position = {};", sql_identifier(schema), head.global_position);
    let position = head.position.to_string();
    let (name, options) = (Some(head.stream.as_str()), ["--from", &position, "--limit", "1"]);
    let command = command_line(connection, Some(namespace), &["get"], name, &options);
    vec![
        CopyEntry::new(DialogAction::Id, "ID", head.id.to_string()),
        CopyEntry::new(DialogAction::Name, "stream name", head.stream.to_string()),
        CopyEntry::new(DialogAction::Sql, "SQL", sql),
        CopyEntry::new(DialogAction::Command, "command", command),
    ]
}
