//! The keys of dialogs: a kind for each dialog or stage of one, the actions that it knows, and their default keys. What
//! an action does is the dialog's own business.

macro_rules! named {
    ($(#[$doc:meta])* $type:ident: $($name:ident = $id:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum $type { $($name,)* }

        impl $type {
            #[allow(dead_code, reason = "not every list of actions is used")]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the configuration file.
            #[must_use]
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }
        }
    };
}

named! {
    /// A dialog, or a stage of one with keys of its own.
    DialogKind:
    Any = "dialog";
    Compose = "compose";
    Completions = "completions";
    Confirm = "confirm";
    Conflict = "conflict";
    Filter = "filter";
    Find = "find";
    ListFilter = "list-filter";
    Omnibox = "omnibox";
    Bookmarks = "bookmarks";
    Name = "name";
    Connections = "connections";
    Help = "help";
    Log = "log";
    Copy = "copy";
    Compare = "compare";
    Export = "export";
    Columns = "columns";
    ColumnPath = "column-path";
    Trace = "trace";
    State = "state";
    Pulse = "pulse";
    Members = "members";
    CreateNamespace = "create-namespace";
    DeleteNamespace = "delete-namespace";
    Token = "token";
}

named! {
    /// Something that a key does in a dialog.
    DialogAction:
    Close = "close";
    Accept = "accept";
    Complete = "complete";
    Edit = "edit";
    Rename = "rename";
    Remove = "remove";
    Toggle = "toggle";
    MoveDown = "move-down";
    MoveUp = "move-up";
    Narrower = "narrower";
    Wider = "wider";
    Fit = "fit";
    AddPath = "add-path";
    Reset = "reset";
    Save = "save";
    Down = "down";
    Up = "up";
    PageDown = "page-down";
    PageUp = "page-up";
    First = "first";
    Last = "last";
    NextField = "next-field";
    PreviousField = "previous-field";
    Write = "write";
    Discard = "discard";
    OtherDraft = "other-draft";
    Editor = "editor";
    Format = "format";
    Production = "production";
    Yes = "yes";
    Retry = "retry";
    KeepEditing = "keep-editing";
    Filter = "filter";
    OtherView = "other-view";
    NextDifference = "next-difference";
    PreviousDifference = "previous-difference";
    CopyDifferences = "copy-differences";
    Marked = "marked";
    Value = "value";
    Path = "path";
    Message = "message";
    Data = "data";
    Id = "id";
    Name = "name";
    Sql = "sql";
    Command = "command";
    ListCommand = "list-command";
    Token = "token";
    Lanes = "lanes";
    Further = "further";
    Refresh = "refresh";
    Stream = "stream";
    Previous = "previous";
    Next = "next";
    More = "more";
    Fewer = "fewer";
    Earlier = "earlier";
    BeginHere = "begin-here";
    Help = "help";
    Suspend = "suspend";
    Quit = "quit";
}

impl DialogKind {
    /// The heading in the help.
    #[must_use]
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Any => "In every dialog",
            Self::Compose => "While writing a message",
            Self::Completions => "In a list of completions",
            Self::Confirm => "At a question",
            Self::Conflict => "After a version conflict",
            Self::Filter => "In the filter prompt",
            Self::Find => "In the search prompt",
            Self::ListFilter => "While filtering a list of names",
            Self::Omnibox => "In the omnibox",
            Self::Bookmarks => "In the bookmarks",
            Self::Name => "While naming a bookmark or a filter",
            Self::Connections => "In the connections",
            Self::Help => "In the help",
            Self::Log => "In the log",
            Self::Copy => "In the copy menu",
            Self::Compare => "In a comparison",
            Self::Export => "While exporting",
            Self::Columns => "In the columns",
            Self::ColumnPath => "While typing the path of a column",
            Self::Trace => "In a trace",
            Self::State => "In the state of a stream",
            Self::Pulse => "In the pulse",
            Self::Members => "In the members of a consumer group",
            Self::CreateNamespace => "While creating a namespace",
            Self::DeleteNamespace => "While deleting a namespace",
            Self::Token => "At the token of a new namespace",
        }
    }

    /// Returns true if keys that the dialog does not use go to a text field. Characters cannot be bound there.
    #[must_use]
    pub(crate) fn has_text(self) -> bool {
        !matches!(
            self,
            Self::Confirm
                | Self::Conflict
                | Self::Bookmarks
                | Self::Columns
                | Self::Help
                | Self::Log
                | Self::Copy
                | Self::Compare
                | Self::Token
                | Self::Trace
                | Self::State
                | Self::Pulse
                | Self::Members
        )
    }

    /// Returns true if the dialog has a list or a long text, in which the keys of [`Self::Any`] move up and down.
    #[must_use]
    pub(crate) fn scrolls(self) -> bool {
        matches!(
            self,
            Self::Filter
                | Self::Omnibox
                | Self::Bookmarks
                | Self::Connections
                | Self::Log
                | Self::Copy
                | Self::Compare
                | Self::Columns
                | Self::Trace
                | Self::State
                | Self::Pulse
        )
    }

    /// Returns the actions that can be bound in this dialog.
    pub(crate) fn actions(self) -> impl Iterator<Item = DialogAction> {
        DEFAULTS.iter().filter(move |row| row.0 == self || row.0 == Self::Any).map(|row| row.1)
    }

    /// Returns the actions that are listed for this dialog, with their default keys, or none for those of
    /// [`Self::Any`].
    pub(crate) fn defaults(self) -> impl Iterator<Item = (DialogAction, &'static str)> {
        DEFAULTS.iter().filter(move |row| row.0 == self).map(|row| (row.1, row.2))
    }

    /// Returns what an action does in this dialog, in a few words that follow its key.
    #[must_use]
    pub(crate) fn title(self, action: DialogAction) -> &'static str {
        let row = |kind: Self| DEFAULTS.iter().find(|row| (row.0, row.1) == (kind, action)).map(|row| row.3);
        row(self).or_else(|| row(Self::Any)).unwrap_or_default()
    }

    /// Returns the action of this dialog with a name.
    #[must_use]
    pub(crate) fn action(self, name: &str) -> Option<DialogAction> {
        self.actions().find(|action| action.id() == name)
    }
}

/// Every action of every dialog: its keys, and what it does. A row without keys uses those of `Any`.
pub(super) const DEFAULTS: &[(DialogKind, DialogAction, &str, &str)] = {
    use DialogAction as A;
    use DialogKind as K;
    &[
        (K::Any, A::Close, "esc", "close"),
        (K::Any, A::Accept, "enter", "accept"),
        (K::Any, A::Down, "down ctrl-n", "next"),
        (K::Any, A::Up, "up ctrl-p", "previous"),
        (K::Any, A::PageDown, "pgdn", "page down"),
        (K::Any, A::PageUp, "pgup", "page up"),
        (K::Any, A::NextField, "tab", "next field"),
        (K::Any, A::PreviousField, "shift-tab", "previous field"),
        (K::Any, A::Help, "f1", "help"),
        (K::Any, A::Suspend, "ctrl-z", "suspend the program"),
        (K::Any, A::Quit, "ctrl-c", "quit (keeps drafts)"),
        (K::Compose, A::Write, "ctrl-s", "write"),
        (K::Compose, A::Close, "", "close (keeps draft)"),
        (K::Compose, A::Discard, "ctrl-g", "discard"),
        (K::Compose, A::NextField, "", "next field"),
        (K::Compose, A::PreviousField, "", "previous field"),
        (K::Compose, A::Editor, "ctrl-e", "$EDITOR"),
        (K::Compose, A::OtherDraft, "ctrl-o", "other draft"),
        (K::Compose, A::Format, "ctrl-f", "format"),
        (K::Completions, A::Accept, "tab", "accept the completion"),
        (K::Completions, A::Down, "", "next completion"),
        (K::Completions, A::Up, "", "previous completion"),
        (K::Completions, A::Close, "", "close the completions"),
        (K::Confirm, A::Production, "Y", "confirm in production"),
        (K::Confirm, A::Yes, "y", "confirm discarding or replacing"),
        (K::Conflict, A::Retry, "t", "retry"),
        (K::Conflict, A::KeepEditing, "e", "keep editing"),
        (K::Conflict, A::Close, "", "keep editing"),
        (K::Conflict, A::Discard, "x", "discard"),
        (K::Conflict, A::Help, "? f1", "help"),
        (K::Filter, A::Accept, "", "apply"),
        (K::Filter, A::Edit, "tab", "edit"),
        (K::Filter, A::Remove, "del", "remove"),
        (K::Filter, A::Save, "ctrl-s", "save"),
        (K::Find, A::Accept, "", "go to the match"),
        (K::ListFilter, A::Accept, "", "keep the filter"),
        (K::ListFilter, A::Close, "", "show the whole list"),
        (K::Omnibox, A::Accept, "", "go"),
        (K::Omnibox, A::Complete, "tab", "complete"),
        (K::Bookmarks, A::Accept, "", "go"),
        (K::Bookmarks, A::Rename, "r", "rename"),
        (K::Bookmarks, A::Remove, "d del", "remove"),
        (K::Bookmarks, A::Help, "? f1", "help"),
        (K::Name, A::Accept, "", "save the name"),
        (K::Name, A::Close, "", "keep the old name"),
        (K::Connections, A::Accept, "", "connect"),
        (K::Help, A::Accept, "", "run"),
        (K::Help, A::Filter, "/", "filter"),
        (K::Help, A::PageDown, "pgdn space", "page down"),
        (K::Log, A::Close, "esc enter", "close"),
        (K::Log, A::PageDown, "pgdn space", "page down"),
        (K::Log, A::Down, "down j", "one line down"),
        (K::Log, A::Up, "up k", "one line up"),
        (K::Log, A::First, "g home", "go to the start"),
        (K::Log, A::Last, "G end", "go to the end"),
        (K::Log, A::Help, "? f1", "help"),
        (K::Copy, A::Accept, "", "copy"),
        (K::Copy, A::Marked, "a", "marked messages"),
        (K::Copy, A::Value, "v", "value"),
        (K::Copy, A::Path, "p", "path"),
        (K::Copy, A::Message, "m", "message as JSON"),
        (K::Copy, A::Data, "d", "data"),
        (K::Copy, A::Id, "i", "ID"),
        (K::Copy, A::Name, "n", "name"),
        (K::Copy, A::Sql, "s", "SQL"),
        (K::Copy, A::Command, "c", "command"),
        (K::Copy, A::ListCommand, "l", "command for the list"),
        (K::Copy, A::Help, "? f1", "help"),
        (K::Columns, A::Toggle, "space", "show/hide"),
        (K::Columns, A::MoveDown, "J alt-down", "move down"),
        (K::Columns, A::MoveUp, "K alt-up", "move up"),
        (K::Columns, A::Narrower, "<", "narrower"),
        (K::Columns, A::Wider, ">", "wider"),
        (K::Columns, A::Fit, "=", "fit"),
        (K::Columns, A::AddPath, "a + $", "add a path"),
        (K::Columns, A::Remove, "d del", "remove"),
        (K::Columns, A::Reset, "R", "reset"),
        (K::Columns, A::Down, "down j", "next"),
        (K::Columns, A::Up, "up k", "previous"),
        (K::Columns, A::Close, "esc enter ,", "close"),
        (K::Columns, A::Help, "? f1", "help"),
        (K::ColumnPath, A::Accept, "", "add"),
        (K::ColumnPath, A::Close, "", "back to the list"),
        (K::Compare, A::OtherView, "v", "other view"),
        (K::Compare, A::NextDifference, "n", "next difference"),
        (K::Compare, A::PreviousDifference, "N", "previous"),
        (K::Compare, A::CopyDifferences, "y", "copy list"),
        (K::Compare, A::Help, "? f1", "help"),
        (K::Export, A::Accept, "", "export"),
        (K::Export, A::NextField, "", "whole list or only marked"),
        (K::Trace, A::Accept, "", "go"),
        (K::Trace, A::Lanes, "v", "lanes or tree"),
        (K::Trace, A::Further, "+", "search further"),
        (K::Trace, A::Down, "down j", "next message"),
        (K::Trace, A::Up, "up k", "previous message"),
        (K::Trace, A::First, "g home", "go to the start"),
        (K::Trace, A::Last, "G end", "go to the end"),
        (K::Trace, A::Help, "? f1", "help"),
        (K::State, A::Previous, "[", "step back"),
        (K::State, A::Next, "]", "step forward"),
        (K::State, A::Earlier, "{", "begin 10,000 messages earlier"),
        (K::State, A::BeginHere, "}", "begin here"),
        (K::State, A::Accept, "enter B", "go to its message"),
        (K::State, A::Down, "down j", "next value"),
        (K::State, A::Up, "up k", "previous value"),
        (K::State, A::First, "g home", "go to the start"),
        (K::State, A::Last, "G end", "go to the end"),
        (K::State, A::Help, "? f1", "help"),
        (K::Pulse, A::Accept, "", "open"),
        (K::Pulse, A::Stream, "s", "go to the stream with the consumer's positions"),
        (K::Pulse, A::NextField, "tab l right", "next part"),
        (K::Pulse, A::PreviousField, "shift-tab h left", "previous part"),
        (K::Pulse, A::Refresh, "ctrl-r", "refresh"),
        (K::Pulse, A::Close, "esc P q", "close"),
        (K::Pulse, A::Down, "down j", "next row"),
        (K::Pulse, A::Up, "up k", "previous row"),
        (K::Pulse, A::First, "g home", "first row of the part"),
        (K::Pulse, A::Last, "G end", "last row of the part"),
        (K::Pulse, A::Help, "? f1", "help"),
        (K::Members, A::Accept, "", "go to the member"),
        (K::Members, A::More, "+ =", "larger group"),
        (K::Members, A::Fewer, "-", "smaller group"),
        (K::Members, A::Previous, "left h", "previous member"),
        (K::Members, A::Next, "right l", "next member"),
        (K::Members, A::First, "g home", "first member"),
        (K::Members, A::Last, "G end", "last member"),
        (K::Members, A::Help, "? f1", "help"),
        (K::CreateNamespace, A::Accept, "", "create"),
        (K::DeleteNamespace, A::Accept, "", "delete"),
        (K::Token, A::Token, "y", "copy"),
        (K::Token, A::Close, "enter", "close"),
    ]
};
