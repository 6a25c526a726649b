//! `y` and one letter: copies the selection. Values, names and messages are copied as they are stored, never as they
//! are drawn. Commands and SQL are quoted so that names in them cannot run anything when they are pasted.

use crossterm::event::{KeyCode, KeyEvent};

use super::Dialog;
use crate::app::layout::Pane;
use crate::app::{Effect, State};
use crate::message::{Message, MessageHead};
use crate::pasteable::{get_command, sql_identifier};
use crate::store::NamespaceInfo;
use crate::store::browse::Scope;

/// What can be copied from the focused pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyMenu {
    /// Letter, label and text.
    pub entries: Vec<(char, &'static str, String)>,
}

/// The message as `get` prints it.
fn as_json(message: &Message) -> String {
    let mut line = Vec::new();
    crate::json_lines::message(&mut line, message, false);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

impl State {
    pub(in crate::app) fn open_copy(&mut self) -> Vec<Effect> {
        let mut entries: Vec<(char, &'static str, String)> = Vec::new();
        let head = self.browser.messages.selection().cloned();
        let info = self.namespace();
        if self.browser.focus == Pane::Message {
            if let Some(value) = self.browser.message.selected_value() {
                entries.push(('v', "value", value));
            }
            if let Some(path) = self.browser.message.selected_path() {
                entries.push(('p', "path", path));
            }
        }
        if let Some(message) = self.browser.message.whole() {
            entries.push(('m', "message as JSON", as_json(message)));
            if let Some(data) = &message.data {
                entries.push(('d', "data", data.clone()));
            }
        }
        match (self.browser.focus, head) {
            (Pane::Messages | Pane::Message, Some(head)) => {
                let (schema, namespace) = info.map(|info| (info.schema.as_str(), info.id.as_str())).unwrap_or_default();
                entries.extend(of_message(&head, schema, namespace));
            }
            _ => entries.extend(self.of_place(info)),
        }
        if !entries.is_empty() {
            self.dialog = Some(Dialog::Copy(CopyMenu { entries }));
        }
        Vec::new()
    }

    /// The entries of the left panes: the name, and the query and the command that show its messages.
    fn of_place(&self, info: Option<&NamespaceInfo>) -> Vec<(char, &'static str, String)> {
        let Some(place) = &self.browser.messages.place else { return Vec::new() };
        let name = match &place.scope {
            Scope::Namespace => return vec![('n', "namespace", place.namespace.clone())],
            Scope::Category(category) | Scope::Member(category, _) => category.to_string(),
            Scope::Stream(stream) => stream.to_string(),
        };
        let command = if let Scope::Member(_, group) = &place.scope {
            let (member, size) = (group.member().to_string(), group.size().to_string());
            let options = ["--consumer-group-member", &member, "--consumer-group-size", &size];
            get_command(Some(&place.namespace), &name, &options)
        } else {
            get_command(Some(&place.namespace), &name, &[])
        };
        let sql = info.map(|info| place.scope.statement(info)).unwrap_or_default();
        vec![('n', "name", name), ('s', "SQL", sql), ('c', "command", command)]
    }

    pub(in crate::app) fn copy_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Copy(menu)) = &self.dialog else { return Vec::new() };
        let entry = menu.entries.iter().find(|(letter, ..)| key.code == KeyCode::Char(*letter));
        // Other letters do not close the menu; otherwise the next key would reach the panes.
        let Some((_, what, text)) = entry else { return Vec::new() };
        let copy = Effect::Copy { text: text.clone(), what };
        self.dialog = None;
        vec![copy]
    }
}

fn of_message(head: &MessageHead, schema: &str, namespace: &str) -> Vec<(char, &'static str, String)> {
    let sql =
        format!("select * from {}.messages where global_position = {};", sql_identifier(schema), head.global_position);
    let position = head.position.to_string();
    let command = get_command(Some(namespace), head.stream.as_str(), &["--from", &position, "--limit", "1"]);
    vec![
        ('i', "ID", head.id.to_string()),
        ('n', "stream name", head.stream.to_string()),
        ('s', "SQL", sql),
        ('c', "command", command),
    ]
}
