//! The key map as data: the default bindings, the user's changes to them, and the reverse lookup for help, footer,
//! palette and the hints of dialogs. Nothing here runs an action: `State` and the dialogs do.

mod bindings;
mod chord;
mod dialogs;

use std::str::FromStr;

use crossterm::event::KeyEvent;

use bindings::Bindings;
pub(crate) use chord::Chord;
pub(crate) use dialogs::{DialogAction, DialogKind};

use crate::nearest::suggestion;

/// Where a binding applies. A binding of a pane takes precedence over [`Context::Anywhere`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    Anywhere,
    Namespaces,
    Categories,
    Streams,
    Messages,
    Message,
}

impl Context {
    pub(crate) const ALL: &[Self] =
        &[Self::Anywhere, Self::Namespaces, Self::Categories, Self::Streams, Self::Messages, Self::Message];

    /// The name in the configuration file.
    #[must_use]
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Namespaces => "namespaces",
            Self::Categories => "categories",
            Self::Streams => "streams",
            Self::Messages => "messages",
            Self::Message => "message",
        }
    }
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
    Deeper = "deeper", "Open the selection in the next pane, or follow the link";
    Back = "back", "Go back, or end a search or a filter";
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
    Find = "find", "Filter names or search messages";
    FindNext = "find-next", "Next match";
    FindPrevious = "find-previous", "Previous match";
    Filter = "filter", "Filter messages on the server";
    GoTo = "go-to", "Find and go to anything";
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
    Follow = "follow", "Follow new messages, or stop following";
    Pause = "pause", "Pause or resume following";
    Fold = "fold", "Fold or unfold the node";
    FoldAll = "fold-all", "Fold all";
    UnfoldAll = "unfold-all", "Unfold all";
    Collapse = "collapse", "Fold the node, or go to its parent";
    Expand = "expand", "Unfold the node, or go into it";
    RawText = "raw-text", "Switch between tree, pretty text and raw text";
    PreviousMessage = "previous-message", "Previous message";
    NextMessage = "next-message", "Next message";
    Write = "write", "Write a message";
    CloneMessage = "clone", "Clone the message into a draft";
    FollowUp = "follow-up", "Write a follow-up (causation and correlation filled in)";
    Edit = "edit", "Open in $EDITOR";
    Copy = "copy", "Copy …";
    Trace = "trace", "Trace the causes and effects of the message";
    State = "state", "Show the state of the stream at the message";
    Pulse = "pulse", "Pulse: rates, consumers, blocking transactions and findings";
    Connections = "connections", "Connect to another database …";
    Mark = "mark", "Mark the message, or remove its mark";
    RemoveMarks = "remove-marks", "Remove all marks";
    Compare = "compare", "Compare two marked messages, or one with the selected message";
    CloneMarked = "clone-marked", "Clone each marked message into a draft";
    Export = "export", "Export what is shown, or the marked messages, to a file";
    Columns = "columns", "Choose, order and resize the columns";
    NodeAsColumn = "node-as-column", "Add the node as a column";
    Narrower = "narrower-column", "Make the column narrower";
    Wider = "wider-column", "Make the column wider";
    Times = "times", "Switch times between UTC, local and relative";
    CreateNamespace = "create-namespace", "Create a namespace";
    DeleteNamespace = "delete-namespace", "Delete the namespace";
    Refresh = "refresh", "Reload and redraw";
    Log = "log", "Show the log";
    Palette = "palette", "Command palette";
    Help = "help", "Help";
    Suspend = "suspend", "Suspend the program";
    Quit = "quit", "Quit";
}

impl FromStr for Action {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|action| action.id() == text).ok_or_else(|| {
            let meant = suggestion(text, Self::ALL.iter().map(|action| action.id()));
            format!("unknown action \"{text}\".{meant} streamscope config lists the actions")
        })
    }
}

/// Every action of the panes with its context and its keys.
pub(crate) const DEFAULTS: &[(Context, Action, &str)] = &[
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
    (Context::Anywhere, Action::Trace, "T"),
    (Context::Anywhere, Action::State, "S"),
    (Context::Anywhere, Action::Pulse, "P"),
    (Context::Anywhere, Action::Connections, "O"),
    (Context::Anywhere, Action::Mark, "m"),
    (Context::Anywhere, Action::RemoveMarks, "U"),
    (Context::Anywhere, Action::Compare, "="),
    (Context::Anywhere, Action::CloneMarked, "alt-c"),
    (Context::Anywhere, Action::Export, "ctrl-e"),
    (Context::Anywhere, Action::Columns, ","),
    (Context::Anywhere, Action::Narrower, "<"),
    (Context::Anywhere, Action::Wider, ">"),
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
    (Context::Message, Action::NodeAsColumn, "+"),
    (Context::Message, Action::Fold, "space"),
    (Context::Message, Action::FoldAll, "C"),
    (Context::Message, Action::UnfoldAll, "E"),
    (Context::Message, Action::Collapse, "h left"),
    (Context::Message, Action::Expand, "l right"),
];

/// The bindings in effect.
#[derive(Debug, Clone)]
pub(crate) struct KeyMap {
    panes: Bindings<Context, Action>,
    dialogs: Bindings<DialogKind, DialogAction>,
}

impl Default for KeyMap {
    fn default() -> Self {
        Self {
            panes: Bindings::new(Context::Anywhere, DEFAULTS.iter().copied()),
            dialogs: Bindings::new(DialogKind::Any, dialogs::DEFAULTS.iter().map(|row| (row.0, row.1, row.2))),
        }
    }
}

impl KeyMap {
    /// Replaces an action's keys in a context. A key that was bound to another action there is taken from it.
    pub(crate) fn rebind(&mut self, context: Context, action: Action, keys: &[Chord]) {
        self.panes.rebind(context, action, keys);
    }

    /// Returns the action of a key in a context.
    #[must_use]
    pub(crate) fn action(&self, context: Context, key: KeyEvent) -> Option<Action> {
        self.panes.action(context, Chord::from(key))
    }

    /// Returns the keys of an action. The first one is shown if there is room for only one.
    #[must_use]
    pub(crate) fn keys(&self, action: Action) -> Vec<Chord> {
        self.bindings().iter().filter(|(_, _, bound)| *bound == action).map(|(_, chord, _)| *chord).collect()
    }

    /// Returns the first key of an action as text; empty if it has none.
    #[must_use]
    pub(crate) fn key(&self, action: Action) -> String {
        self.keys(action).first().map(ToString::to_string).unwrap_or_default()
    }

    /// Returns a hint such as `Esc stop`; only the text if the action has no key.
    #[must_use]
    pub(crate) fn hint_for(&self, action: Action, text: &str) -> String {
        format!("{} {text}", self.key(action)).trim_start().to_owned()
    }

    /// Returns the keys of an action in a context.
    #[must_use]
    pub(crate) fn keys_in(&self, context: Context, action: Action) -> Vec<Chord> {
        self.panes.keys(context, action)
    }

    #[must_use]
    pub(crate) fn bindings(&self) -> &[(Context, Chord, Action)] {
        self.panes.all()
    }
}

/// The keys of dialogs.
impl KeyMap {
    /// Replaces an action's keys in a dialog. A key that was bound to another action there is taken from it.
    pub(crate) fn rebind_in_dialog(&mut self, kind: DialogKind, action: DialogAction, keys: &[Chord]) {
        self.dialogs.rebind(kind, action, keys);
    }

    /// Returns what a key does in a dialog.
    #[must_use]
    pub(crate) fn dialog_action(&self, kind: DialogKind, key: KeyEvent) -> Option<DialogAction> {
        self.dialogs.action(kind, Chord::from(key))
    }

    /// Returns the keys of an action in a dialog.
    #[must_use]
    pub(crate) fn dialog_keys(&self, kind: DialogKind, action: DialogAction) -> Vec<Chord> {
        self.dialogs.keys(kind, action)
    }

    /// Returns the first key of an action in a dialog; none if it has none.
    #[must_use]
    pub(crate) fn dialog_key(&self, kind: DialogKind, action: DialogAction) -> Option<Chord> {
        self.dialog_keys(kind, action).first().copied()
    }

    /// Returns a hint such as `Ctrl-S write`; none if the action has no key.
    #[must_use]
    pub(crate) fn hint(&self, kind: DialogKind, action: DialogAction) -> Option<String> {
        self.hint_as(kind, action, kind.title(action))
    }

    /// Returns a hint with a text of its own.
    #[must_use]
    pub(crate) fn hint_as(&self, kind: DialogKind, action: DialogAction, text: &str) -> Option<String> {
        self.dialog_key(kind, action).map(|key| format!("{key} {text}"))
    }

    /// Returns the hints of several actions, such as `Enter run · Esc close`.
    #[must_use]
    pub(crate) fn hints(&self, kind: DialogKind, actions: &[DialogAction]) -> String {
        let hints = actions.iter().filter_map(|action| self.hint(kind, *action));
        hints.collect::<Vec<_>>().join(" · ")
    }

    /// Returns context and name of each action that must have a key but has none: without it, nobody could leave a
    /// dialog or the program.
    #[must_use]
    pub(crate) fn lost_ways_out(&self) -> Vec<(&'static str, &'static str)> {
        let quit = (Context::Anywhere, Action::Quit);
        let quits = self.panes.keys(quit.0, quit.1).is_empty().then_some((quit.0.id(), quit.1.id()));
        let leaves = |kind: &DialogKind| [DialogAction::Close, DialogAction::Quit].map(|action| (*kind, action));
        let lost =
            DialogKind::ALL.iter().flat_map(leaves).filter(|(kind, action)| self.dialog_key(*kind, *action).is_none());
        quits.into_iter().chain(lost.map(|(kind, action)| (kind.id(), action.id()))).collect()
    }
}

#[cfg(test)]
impl KeyMap {
    /// Returns every binding as text, in an order that does not depend on when it was made.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let panes = self.panes.all().iter().map(|binding| format!("{binding:?}"));
        let mut all: Vec<String> =
            panes.chain(self.dialogs.all().iter().map(|binding| format!("{binding:?}"))).collect();
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    fn key(text: &str) -> Chord {
        text.parse().expect("a key")
    }

    #[test]
    fn binds_each_key_once_per_context() {
        let map = KeyMap::default();
        for (index, (context, chord, _)) in map.panes.all().iter().enumerate() {
            let twice = map.panes.all()[index + 1..].iter().find(|(c, k, _)| c == context && k == chord);
            assert!(twice.is_none(), "{chord} in {context:?}");
        }
        for (index, (kind, chord, _)) in map.dialogs.all().iter().enumerate() {
            let twice = map.dialogs.all()[index + 1..].iter().find(|(k, c, _)| k == kind && c == chord);
            assert!(twice.is_none(), "{chord} in {kind:?}");
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
    #[test]
    fn every_action_of_a_dialog_has_a_key_and_a_title() {
        let map = KeyMap::default();
        for kind in DialogKind::ALL {
            for action in kind.actions() {
                // A general key can have another meaning in a dialog: Tab accepts a completion.
                let means_other = |chord: &Chord| {
                    let mut others = kind.defaults().filter(|(other, _)| *other != action);
                    others.any(|(_, keys)| keys.split_whitespace().any(|key| key.parse() == Ok(*chord)))
                };
                let general = map.dialog_keys(DialogKind::Any, action);
                let is_replaced = !general.is_empty() && general.iter().all(means_other);
                assert_eq!(map.dialog_key(*kind, action).is_none(), is_replaced, "{} {}", kind.id(), action.id());
                assert!(!kind.title(action).is_empty(), "{} {}", kind.id(), action.id());
            }
        }
        let unused = DialogAction::ALL
            .iter()
            .find(|action| !DialogKind::ALL.iter().any(|kind| kind.actions().any(|of| of == **action)));
        assert_eq!(unused, None);
    }

    #[test]
    fn text_fields_keep_their_characters() {
        let map = KeyMap::default();
        let taken = map.dialogs.all().iter().find(|(kind, chord, _)| kind.has_text() && chord.is_text());
        assert!(taken.is_none(), "{taken:?}");
    }

    #[test]
    fn a_dialog_with_keys_of_its_own_for_an_action_hides_the_general_ones() {
        let mut map = KeyMap::default();
        let (compose, filter, close) = (DialogKind::Compose, DialogKind::Filter, DialogAction::Close);
        map.rebind_in_dialog(compose, close, &[key("ctrl-q")]);
        let esc = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!((map.dialog_action(compose, esc), map.dialog_action(filter, esc)), (None, Some(close)));
        map.rebind_in_dialog(DialogKind::Any, close, &[key("f10")]);
        assert_eq!(map.hint(compose, close).as_deref(), Some("Ctrl-Q close (keeps draft)"));
        assert_eq!(map.hint(filter, close).as_deref(), Some("F10 close"));
        assert_eq!(map.lost_ways_out(), []);
        map.rebind_in_dialog(compose, close, &[]);
        assert_eq!(map.hint(compose, close), None);
        assert_eq!(map.lost_ways_out(), [("compose", "close")]);
        map.rebind(Context::Anywhere, Action::Quit, &[]);
        assert_eq!(map.lost_ways_out(), [("anywhere", "quit"), ("compose", "close")]);
    }

    #[test]
    fn an_action_bound_in_a_pane_loses_its_general_keys_there() {
        let mut map = KeyMap::default();
        map.rebind(Context::Messages, Action::Pause, &[key("p")]);
        let space = KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE);
        assert_eq!(map.action(Context::Messages, space), None);
        assert_eq!(map.action(Context::Streams, space), Some(Action::Pause));
    }
}
