//! `y` and one letter: what is copied is the raw text, never what is drawn.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::Dialog;
use super::layout::Pane;
use super::{Effect, State};
use crate::message::{Message, MessageHead};
use crate::store::NamespaceInfo;
use crate::store::browse::Scope;
use crate::store::flavour::quote_ident;

/// The letters that mean something here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyMenu {
    /// Letter, what it copies, and the text.
    pub entries: Vec<(char, &'static str, String)>,
}

/// A text as a word of a POSIX shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+=,%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// The command that shows a stream or category. A name that begins like an option is none behind `--`, and nothing else is either.
fn get(namespace: &str, name: &str, options: &str) -> String {
    let (namespace, word) = (shell_word(namespace), shell_word(name));
    if name.starts_with('-') {
        format!("streamscope -n {namespace} get{options} -- {word}")
    } else {
        format!("streamscope -n {namespace} get {word}{options}")
    }
}

/// The message as `get` prints it.
fn as_json(message: &Message) -> String {
    let mut line = Vec::new();
    crate::json_lines::message(&mut line, message, false);
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

impl State {
    pub(super) fn open_copy(&mut self) -> Vec<Effect> {
        let mut entries: Vec<(char, &'static str, String)> = Vec::new();
        let head = self.messages.selection().cloned();
        let info = self.namespace();
        if self.focus == Pane::Message {
            if let Some(value) = self.message.selected_value() {
                entries.push(('v', "value", value));
            }
            if let Some(path) = self.message.selected_path() {
                entries.push(('p', "path", path));
            }
        }
        if let Some(message) = self.message.whole() {
            entries.push(('m', "message as JSON", as_json(message)));
            if let Some(data) = &message.data {
                entries.push(('d', "data", data.clone()));
            }
        }
        match (self.focus, head) {
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

    /// What the left panes offer: the name, the query and the command that shows it.
    fn of_place(&self, info: Option<&NamespaceInfo>) -> Vec<(char, &'static str, String)> {
        let Some(place) = &self.messages.place else { return Vec::new() };
        let name = match &place.scope {
            Scope::Namespace => return vec![('n', "namespace", place.namespace.clone())],
            Scope::Category(category) | Scope::Member(category, _) => category.to_string(),
            Scope::Stream(stream) => stream.to_string(),
        };
        let mut options = String::new();
        if let Scope::Member(_, group) = &place.scope {
            let (member, size) = (group.member(), group.size());
            let _ = write!(options, " --consumer-group-member {member} --consumer-group-size {size}");
        }
        let command = get(&place.namespace, &name, &options);
        let sql = info.map(|info| place.scope.statement(info)).unwrap_or_default();
        vec![('n', "name", name), ('s', "SQL", sql), ('c', "command", command)]
    }

    pub(super) fn copy_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::Copy(menu)) = self.dialog.take() else { return Vec::new() };
        let KeyCode::Char(letter) = key.code else { return Vec::new() };
        menu.entries
            .into_iter()
            .find(|(key, ..)| *key == letter)
            .map(|(_, what, text)| Effect::Copy { text, what })
            .into_iter()
            .collect()
    }
}

fn of_message(head: &MessageHead, schema: &str, namespace: &str) -> Vec<(char, &'static str, String)> {
    let sql =
        format!("select * from {}.messages where global_position = {};", quote_ident(schema), head.global_position);
    let options = format!(" --position {} --batch-size 1", head.position);
    let command = get(namespace, head.stream.as_str(), &options);
    vec![
        ('i', "id", head.id.to_string()),
        ('n', "stream name", head.stream.to_string()),
        ('s', "SQL", sql),
        ('c', "command", command),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_one_word_of_the_shell() {
        assert_eq!(shell_word("account-1"), "account-1");
        assert_eq!(get("shop", "-5", " --position 3"), "streamscope -n shop get --position 3 -- -5");
        assert_eq!(shell_word("a'; rm -rf $HOME"), r"'a'\''; rm -rf $HOME'");
    }
}
