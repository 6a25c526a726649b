//! `[[keys]]`: the user's keys for actions of panes and dialogs, and what can be wrong with them.

use std::str::FromStr;

use serde::Deserialize;
use toml::Spanned;

use super::parsed;
use super::problems::Mistake;
use crate::keymap::{Action, Chord, Context, DEFAULTS, DialogAction, DialogKind, KeyMap};
use crate::nearest::suggestion;

/// The keys of an action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Binding {
    #[serde(default, deserialize_with = "parsed")]
    context: Scope,
    action: Spanned<String>,
    keys: Vec<Spanned<Key>>,
}

/// A key, written as `ctrl-q`.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Key(#[serde(deserialize_with = "parsed")] Chord);

/// Where keys apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Pane(Context),
    Dialog(DialogKind),
}

impl Default for Scope {
    fn default() -> Self {
        Self::Pane(Context::Anywhere)
    }
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Pane(Context, Action),
    Dialog(DialogKind, DialogAction),
}

impl Scope {
    /// Every context, those of panes first.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let panes = Context::ALL.iter().map(|context| Self::Pane(*context));
        panes.chain(DialogKind::ALL.iter().map(|kind| Self::Dialog(*kind)))
    }

    /// The name in the file.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Pane(context) => context.id(),
            Self::Dialog(kind) => kind.id(),
        }
    }

    /// Returns the names of the actions that can have keys here.
    #[must_use]
    pub(crate) fn actions(self) -> Vec<&'static str> {
        match self {
            Self::Pane(_) => Action::ALL.iter().map(|action| action.id()).collect(),
            Self::Dialog(kind) => kind.actions().map(DialogAction::id).collect(),
        }
    }

    /// Returns true if characters are typed here, so that they cannot be keys.
    #[must_use]
    pub(crate) fn has_text(self) -> bool {
        matches!(self, Self::Dialog(kind) if kind.has_text())
    }

    fn meaning(self, name: &str) -> Option<Meaning> {
        match self {
            Self::Pane(context) => name.parse().ok().map(|action| Meaning::Pane(context, action)),
            Self::Dialog(kind) => kind.action(name).map(|action| Meaning::Dialog(kind, action)),
        }
    }

    /// Says why a name is not an action here, and what is meant.
    fn unknown(self, name: &str) -> String {
        let elsewhere: Vec<&str> = Self::all().filter(|scope| scope.meaning(name).is_some()).map(Self::id).collect();
        let here = self.id();
        match elsewhere.as_slice() {
            [] => format!(
                "unknown action \"{name}\".{} streamscope config lists the actions",
                suggestion(name, self.actions())
            ),
            [first, ..] if *first == Context::Anywhere.id() => {
                format!("{name} is an action of panes, not of the context {here}. Choose another context")
            }
            contexts => {
                format!("{name} is not an action of the context {here}. Set context to {}", contexts.join(", "))
            }
        }
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::all().find(|scope| scope.id() == name).ok_or_else(|| {
            let meant = suggestion(name, Self::all().map(Self::id));
            let all: Vec<&str> = Self::all().map(Self::id).collect();
            format!("unknown context \"{name}\".{meant} Use {}", all.join(", "))
        })
    }
}

impl Binding {
    fn meaning(&self) -> Option<Meaning> {
        self.context.meaning(self.action.get_ref())
    }

    fn bind(&self, map: &mut KeyMap) {
        let keys: Vec<Chord> = self.keys.iter().map(|key| key.get_ref().0).collect();
        match self.meaning() {
            Some(Meaning::Pane(context, action)) => map.rebind(context, action, &keys),
            Some(Meaning::Dialog(kind, action)) => map.rebind_in_dialog(kind, action, &keys),
            None => {}
        }
    }
}

/// Returns the default key map, overridden by the bindings.
pub(super) fn keymap(bindings: &[Binding]) -> KeyMap {
    let mut map = KeyMap::default();
    for binding in bindings {
        binding.bind(&mut map);
    }
    map
}

/// An action in a scope, with its default keys.
pub(super) struct DefaultRow {
    pub action: &'static str,
    /// Separated by spaces.
    pub keys: &'static str,
    /// The keys are those of the context for all dialogs.
    pub is_inherited: bool,
    pub title: &'static str,
    meaning: Meaning,
}

/// Returns the actions that have keys of their own in a scope, or a title.
pub(super) fn default_rows(scope: Scope) -> Vec<DefaultRow> {
    match scope {
        Scope::Pane(context) => {
            let rows = DEFAULTS.iter().filter(|row| row.0 == context);
            rows.map(|(context, action, keys)| DefaultRow {
                action: action.id(),
                keys,
                is_inherited: false,
                title: action.title(),
                meaning: Meaning::Pane(*context, *action),
            })
            .collect()
        }
        Scope::Dialog(kind) => kind
            .defaults()
            .map(|(action, keys)| DefaultRow {
                action: action.id(),
                keys: if keys.is_empty() { general(action) } else { keys },
                is_inherited: keys.is_empty(),
                title: kind.title(action),
                meaning: Meaning::Dialog(kind, action),
            })
            .collect(),
    }
}

/// Returns the default keys of an action in all dialogs.
fn general(action: DialogAction) -> &'static str {
    DialogKind::Any.defaults().find(|(of, _)| *of == action).map_or("", |(_, keys)| keys)
}

/// Reports each action that has lost all its keys, unless the file removes them on purpose.
pub(super) fn notes(bindings: &[Binding]) -> Vec<String> {
    let map = keymap(bindings);
    let mut notes = Vec::new();
    for scope in Scope::all() {
        for row in default_rows(scope) {
            let is_lost = match row.meaning {
                Meaning::Pane(context, action) => map.keys_in(context, action).is_empty(),
                Meaning::Dialog(kind, action) => map.dialog_keys(kind, action).is_empty(),
            };
            if is_lost && !bindings.iter().any(|binding| binding.meaning() == Some(row.meaning)) {
                notes.push(format!("{} in the context {} no longer has a key", row.action, scope.id()));
            }
        }
    }
    notes
}

/// Returns what is wrong with the bindings, beyond what each of them shows alone.
pub(super) fn mistakes(bindings: &[Binding]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut bound: Vec<(Scope, Chord, &str)> = Vec::new();
    let mut actions: Vec<(Scope, &str)> = Vec::new();
    for Binding { context, action, keys } in bindings {
        let (name, context) = (action.get_ref().as_str(), *context);
        if context.meaning(name).is_none() {
            mistakes.push((action.span(), context.unknown(name)));
            continue;
        }
        if actions.contains(&(context, name)) {
            let what =
                format!("{name} already has keys in the context {}. List all of them in one entry", context.id());
            mistakes.push((action.span(), what));
        }
        actions.push((context, name));
        for key in keys {
            let chord = key.get_ref().0;
            let first = bound.iter().find(|(of, with, other)| (*of, *with) == (context, chord) && *other != name);
            if let Some((.., other)) = first {
                let what = format!(
                    "{chord} runs both {other} and {name} in the context {}. Give one of them another key",
                    context.id()
                );
                mistakes.push((key.span(), what));
            }
            if chord.is_text() && context.has_text() {
                let what = format!(
                    "{chord} cannot be a key in the context {}, because it is typed into a text field there. Use ctrl-, alt- or a function key",
                    context.id()
                );
                mistakes.push((key.span(), what));
            }
            bound.push((context, chord, name));
        }
    }
    mistakes
}

/// Returns the bindings that would leave no way out of a dialog or the program.
pub(super) fn lost_ways_out(bindings: &[Binding]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    let mut map = KeyMap::default();
    for binding in bindings {
        let before = map.lost_ways_out();
        binding.bind(&mut map);
        if let Some((context, action)) = map.lost_ways_out().into_iter().find(|lost| !before.contains(lost)) {
            let what = format!("this leaves {action} in the context {context} without a key. Bind another key");
            mistakes.push((binding.action.span(), what));
        }
    }
    mistakes
}
