//! The key map as data: the default bindings, the user's changes to them, and the reverse lookup for help, footer and
//! palette. Nothing here runs an action; `State` does. Dialogs have fixed keys of their own.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Where a binding applies. A binding of a pane takes precedence over [`Context::Anywhere`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Context {
    Anywhere,
    Namespaces,
    Streams,
    Messages,
    Message,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $title:literal;)*) => {
        /// An action that a key can run.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Action { $(#[doc = $title] $name,)* }

        impl Action {
            /// All actions, in the order of the help.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the configuration file.
            #[must_use]
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The title in help and palette.
            #[must_use]
            pub(crate) fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

actions! {
    Down = "down", "Move down";
    Up = "up", "Move up";
    PageDown = "page-down", "Page down";
    PageUp = "page-up", "Page up";
    HalfDown = "half-page-down", "Half a page down";
    HalfUp = "half-page-up", "Half a page up";
    First = "first", "Go to the start";
    Last = "last", "Go to the end";
    Deeper = "deeper", "Open: one pane deeper, or follow the link";
    Back = "back", "Back: one pane up, or end a search, filter or following";
    NextPane = "next-pane", "Next pane";
    PreviousPane = "previous-pane", "Previous pane";
    PaneNamespaces = "pane-namespaces", "Namespaces pane";
    PaneCategories = "pane-categories", "Categories pane";
    PaneStreams = "pane-streams", "Streams pane";
    PaneMessages = "pane-messages", "Messages pane";
    PaneMessage = "pane-message", "Message pane";
    Fullscreen = "fullscreen", "Toggle full screen";
    CollapseSide = "collapse-side-panes", "Collapse or show the side panes";
    BorderLeft = "border-left", "Resize: move the border of the pane left";
    BorderRight = "border-right", "Resize: move the border of the pane right";
    BorderUp = "border-up", "Resize: move the border of the pane up";
    BorderDown = "border-down", "Resize: move the border of the pane down";
    ResetSizes = "reset-sizes", "Reset the sizes of the panes";
    Find = "find", "Find in the pane";
    FindNext = "find-next", "Next match";
    FindPrevious = "find-previous", "Previous match";
    Filter = "filter", "Filter messages on the server";
    GoTo = "go-to", "Go to a stream, position, ID or time";
    Bookmark = "bookmark", "Bookmark the list or message, or remove its bookmark";
    Bookmarks = "bookmarks", "Bookmarks …";
    Member = "member", "Show the messages of a consumer group member";
    Order = "order", "Order: newest or oldest first; streams by name or activity";
    Count = "count", "Count the whole list exactly";
    Timeline = "timeline", "Show or hide the timeline";
    PreviousBucket = "previous-bucket", "Timeline: go to the previous part";
    NextBucket = "next-bucket", "Timeline: go to the next part";
    ZoomIn = "zoom-in", "Timeline: zoom in";
    ZoomOut = "zoom-out", "Timeline: zoom out";
    Follow = "follow", "Follow live; press again to stop";
    Pause = "pause", "Pause or resume following";
    Fold = "fold", "Fold or unfold the node";
    FoldAll = "fold-all", "Fold all";
    UnfoldAll = "unfold-all", "Unfold all";
    Collapse = "collapse", "Fold the node, or go to its parent";
    Expand = "expand", "Unfold the node, or go into it";
    RawText = "raw-text", "Switch between tree, pretty and raw text";
    PreviousMessage = "previous-message", "Previous message";
    NextMessage = "next-message", "Next message";
    Write = "write", "Write a message";
    CloneMessage = "clone", "Clone the message into a draft";
    FollowUp = "follow-up", "Write a follow-up (causation filled in)";
    Edit = "edit", "Open in $EDITOR";
    Copy = "copy", "Copy …";
    Connections = "connections", "Connect to another database …";
    Mark = "mark", "Mark the message, or remove its mark";
    RemoveMarks = "remove-marks", "Remove all marks";
    Compare = "compare", "Compare the two marked messages, or the marked with the selected one";
    CloneMarked = "clone-marked", "Clone each marked message into a draft";
    Export = "export", "Export what is shown, or the marked messages, to a file";
    Times = "times", "Switch times between UTC, local and relative";
    CreateNamespace = "create-namespace", "Create a namespace";
    DeleteNamespace = "delete-namespace", "Delete the namespace";
    Refresh = "refresh", "Reload";
    Log = "log", "Show the log";
    Palette = "palette", "Command palette";
    Help = "help", "Help";
    Suspend = "suspend", "Suspend the program";
    Quit = "quit", "Quit";
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|action| action.id() == text).ok_or_else(|| format!("unknown action '{text}'"))
    }
}

/// One key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Chord {
    /// Drops Shift if it is already part of the character.
    fn from(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match key.code {
            KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        if matches!(code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers -= KeyModifiers::SHIFT;
        }
        Self { code, modifiers }
    }
}

/// Keys with a name, as shown on screen. The configuration file accepts them in lower case too.
const NAMED: &[(&str, KeyCode)] = &[
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Shift-Tab", KeyCode::BackTab),
    ("Space", KeyCode::Char(' ')),
    ("Backspace", KeyCode::Backspace),
    ("Del", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
];

/// The older name of Shift-Tab in configuration files.
const SHIFT_TAB: &str = "s-tab";

/// Removes a prefix in any case.
fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

impl FromStr for Chord {
    type Err = String;

    /// Parses a key as written in the configuration file: `j`, `G`, `ctrl-p`, `alt-x`, `pgdn`, `f1`, `space`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            if let Some(tail) = strip(rest, "ctrl-") {
                modifiers |= KeyModifiers::CONTROL;
                rest = tail;
            } else if let Some(tail) = strip(rest, "alt-") {
                modifiers |= KeyModifiers::ALT;
                rest = tail;
            } else {
                break;
            }
        }
        let key = if rest == SHIFT_TAB { "Shift-Tab" } else { rest };
        let named = || NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, code)| *code);
        let function = || {
            let number = strip(key, "f")?.parse::<u8>().ok().filter(|number| (1..=24).contains(number))?;
            Some(KeyCode::F(number))
        };
        let mut characters = key.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) if modifiers.contains(KeyModifiers::CONTROL) => Some(KeyCode::Char(c.to_ascii_lowercase())),
            (Some(c), None) => Some(KeyCode::Char(c)),
            _ => named().or_else(function),
        };
        let code = code.ok_or_else(|| format!("unknown key '{text}'"))?;
        Ok(Self { code, modifiers })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ctrl = self.modifiers.contains(KeyModifiers::CONTROL);
        if is_ctrl {
            f.write_str("Ctrl-")?;
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            f.write_str("Alt-")?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) if is_ctrl => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            code => write!(f, "{code:?}"),
        }
    }
}

const DEFAULTS: &[(Context, Action, &str)] = &[
    (Context::Anywhere, Action::Down, "down j"),
    (Context::Anywhere, Action::Up, "up k"),
    (Context::Anywhere, Action::PageDown, "pgdn ctrl-f"),
    (Context::Anywhere, Action::PageUp, "pgup ctrl-b"),
    (Context::Anywhere, Action::HalfDown, "ctrl-d"),
    (Context::Anywhere, Action::HalfUp, "ctrl-u"),
    (Context::Anywhere, Action::First, "g home"),
    (Context::Anywhere, Action::Last, "G end"),
    (Context::Anywhere, Action::Deeper, "enter right l"),
    (Context::Anywhere, Action::Back, "esc left h"),
    (Context::Anywhere, Action::NextPane, "tab"),
    (Context::Anywhere, Action::PreviousPane, "shift-tab"),
    (Context::Anywhere, Action::PaneNamespaces, "1"),
    (Context::Anywhere, Action::PaneCategories, "2"),
    (Context::Anywhere, Action::PaneStreams, "3"),
    (Context::Anywhere, Action::PaneMessages, "4"),
    (Context::Anywhere, Action::PaneMessage, "5"),
    (Context::Anywhere, Action::Fullscreen, "f"),
    (Context::Anywhere, Action::CollapseSide, "H"),
    (Context::Anywhere, Action::BorderLeft, "alt-left"),
    (Context::Anywhere, Action::BorderRight, "alt-right"),
    (Context::Anywhere, Action::BorderUp, "alt-up"),
    (Context::Anywhere, Action::BorderDown, "alt-down"),
    (Context::Anywhere, Action::ResetSizes, "alt-0"),
    (Context::Anywhere, Action::Find, "/"),
    (Context::Anywhere, Action::FindNext, "n"),
    (Context::Anywhere, Action::FindPrevious, "N"),
    (Context::Anywhere, Action::Filter, "&"),
    (Context::Anywhere, Action::GoTo, ":"),
    (Context::Anywhere, Action::Bookmark, "b"),
    (Context::Anywhere, Action::Bookmarks, "'"),
    (Context::Anywhere, Action::Member, "M"),
    (Context::Anywhere, Action::Count, "#"),
    (Context::Anywhere, Action::Timeline, "alt-t"),
    (Context::Anywhere, Action::PreviousBucket, "("),
    (Context::Anywhere, Action::NextBucket, ")"),
    (Context::Anywhere, Action::ZoomIn, "z"),
    (Context::Anywhere, Action::ZoomOut, "Z"),
    (Context::Anywhere, Action::Follow, "F"),
    (Context::Anywhere, Action::Pause, "space"),
    (Context::Anywhere, Action::Order, "o"),
    (Context::Anywhere, Action::Write, "w"),
    (Context::Anywhere, Action::CloneMessage, "c"),
    (Context::Anywhere, Action::FollowUp, "r"),
    (Context::Anywhere, Action::Edit, "e"),
    (Context::Anywhere, Action::Copy, "y"),
    (Context::Anywhere, Action::Connections, "O"),
    (Context::Anywhere, Action::Mark, "m"),
    (Context::Anywhere, Action::RemoveMarks, "U"),
    (Context::Anywhere, Action::Compare, "="),
    (Context::Anywhere, Action::CloneMarked, "alt-c"),
    (Context::Anywhere, Action::Export, "ctrl-e"),
    (Context::Anywhere, Action::Times, "t"),
    (Context::Anywhere, Action::RawText, "v"),
    (Context::Anywhere, Action::PreviousMessage, "["),
    (Context::Anywhere, Action::NextMessage, "]"),
    (Context::Anywhere, Action::Refresh, "ctrl-r"),
    (Context::Anywhere, Action::Log, "!"),
    (Context::Anywhere, Action::Palette, "ctrl-p"),
    (Context::Anywhere, Action::Help, "? f1"),
    (Context::Anywhere, Action::Suspend, "ctrl-z"),
    (Context::Anywhere, Action::Quit, "q ctrl-c"),
    (Context::Namespaces, Action::CreateNamespace, "a"),
    (Context::Namespaces, Action::DeleteNamespace, "D"),
    (Context::Message, Action::Fold, "space"),
    (Context::Message, Action::FoldAll, "C"),
    (Context::Message, Action::UnfoldAll, "E"),
    (Context::Message, Action::Collapse, "h left"),
    (Context::Message, Action::Expand, "l right"),
];

/// The bindings in effect.
#[derive(Debug, Clone)]
pub(crate) struct KeyMap {
    bindings: Vec<(Context, Chord, Action)>,
}

impl Default for KeyMap {
    fn default() -> Self {
        let mut map = Self { bindings: Vec::new() };
        for (context, action, keys) in DEFAULTS {
            for key in keys.split(' ') {
                let chord = key.parse().expect("the default map names keys that exist");
                map.bindings.push((*context, chord, *action));
            }
        }
        map
    }
}

impl KeyMap {
    /// Replaces an action's keys in a context. A key that was bound to another action there is taken from it.
    pub(crate) fn rebind(&mut self, context: Context, action: Action, keys: &[Chord]) {
        self.bindings
            .retain(|(in_context, chord, bound)| *in_context != context || (*bound != action && !keys.contains(chord)));
        self.bindings.extend(keys.iter().map(|chord| (context, *chord, action)));
    }

    /// Returns the action of a key in a context.
    #[must_use]
    pub(crate) fn action(&self, context: Context, key: KeyEvent) -> Option<Action> {
        let chord = Chord::from(key);
        let bound_in = |wanted: Context| {
            self.bindings.iter().find(|(context, bound, _)| *context == wanted && *bound == chord).map(|found| found.2)
        };
        bound_in(context).or_else(|| bound_in(Context::Anywhere))
    }

    /// Returns the keys of an action. The first one is shown if there is room for only one.
    #[must_use]
    pub(crate) fn keys(&self, action: Action) -> Vec<Chord> {
        self.bindings.iter().filter(|(_, _, bound)| *bound == action).map(|(_, chord, _)| *chord).collect()
    }

    /// Returns the first key of an action as text; empty if it has none.
    #[must_use]
    pub(crate) fn key(&self, action: Action) -> String {
        self.keys(action).first().map(ToString::to_string).unwrap_or_default()
    }

    #[must_use]
    pub(crate) fn bindings(&self) -> &[(Context, Chord, Action)] {
        &self.bindings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_each_key_once_per_context() {
        let map = KeyMap::default();
        for (index, (context, chord, _)) in map.bindings.iter().enumerate() {
            let twice = map.bindings[index + 1..].iter().find(|(c, k, _)| c == context && k == chord);
            assert!(twice.is_none(), "{chord} in {context:?}");
        }
    }

    #[test]
    fn binds_every_action() {
        let map = KeyMap::default();
        for action in Action::ALL {
            assert!(!map.keys(*action).is_empty(), "{}", action.id());
        }
    }

    #[test]
    fn parses_keys_as_they_are_displayed() {
        for (_, chord, _) in KeyMap::default().bindings() {
            assert_eq!(chord.to_string().parse::<Chord>(), Ok(*chord));
        }
    }

    #[test]
    fn parses_names_and_modifiers_in_any_case() {
        for (text, shown) in [
            ("CTRL-F", "Ctrl-F"),
            ("ctrl-f", "Ctrl-F"),
            ("alt-X", "Alt-X"),
            ("alt-x", "Alt-x"),
            ("pgdn", "PgDn"),
            ("s-tab", "Shift-Tab"),
            ("F12", "F12"),
            ("G", "G"),
        ] {
            let key: Chord = text.parse().expect(text);
            assert_eq!(key.to_string(), shown);
        }
        assert!("f25".parse::<Chord>().is_err() && "".parse::<Chord>().is_err());
    }

    #[test]
    fn bindings_of_a_pane_take_precedence() {
        let map = KeyMap::default();
        let space = KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Messages, space), Some(Action::Pause));
        assert_eq!(map.action(Context::Message, space), Some(Action::Fold));
    }

    #[test]
    fn rebinding_takes_the_key_from_its_old_action() {
        let mut map = KeyMap::default();
        map.rebind(Context::Anywhere, Action::Quit, &["f".parse().expect("a key")]);
        let f = KeyEvent::new(KeyCode::Char('f'), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Messages, f), Some(Action::Quit));
        let q = KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Messages, q), None);
        assert!(map.keys(Action::Fullscreen).is_empty());
    }
}
