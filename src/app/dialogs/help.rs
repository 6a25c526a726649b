//! Lists the actions of the panes, or those of the dialog behind the help, with their keys from the live key map. `/`
//! filters the rows, and Enter runs the selected action. The texts come from the key map; none is repeated here.

pub(crate) mod layout;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::frame::held_row;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::layout::Pane;
use crate::app::input::Input;
use crate::app::keymap::{Action, Chord, Context, DialogAction, DialogKind, KeyMap};
use crate::app::relevance::concerns;
use layout::HelpLayout;

/// The rows that one notch of the wheel moves.
const NOTCH: isize = 3;

/// The open help.
#[derive(Debug)]
pub(crate) struct Help {
    /// The filter prompt, if it is open.
    pub filter: Option<Input>,
    /// The rows that match the filter.
    pub rows: Vec<HelpRow>,
    /// The index of the selected row, never a heading. Enter runs its action, if it has one.
    pub selected: usize,
    /// The row in the middle of the view: the one that was selected last, but not with a click, so that the rows stay
    /// under the pointer.
    middle: usize,
    all: Vec<HelpRow>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HelpRow {
    /// The context of the rows below.
    Heading(&'static str),
    /// Something that keys do.
    Keys(String, Purpose),
    /// A text without an action.
    Note(String),
}

/// What keys do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// In the panes.
    Action(Action),
    /// In the dialog behind the help, with one of the keys.
    InDialog(DialogKind, DialogAction, Chord),
    /// In a dialog that is not open.
    Elsewhere(DialogKind, DialogAction),
}

impl Purpose {
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Action(action) => action.title(),
            Self::InDialog(kind, action, _) | Self::Elsewhere(kind, action) => kind.title(action),
        }
    }
}

/// Explanations of signs and of what no key shows.
const NOTES: [(&str, &[&str]); 2] = [
    (
        "Signs in the messages pane",
        &[
            "? may still change: another message can still appear before it",
            "+ late: appeared below a higher global position",
        ],
    ),
    ("Drafts", &["An empty ID is replaced by a new one"]),
];

/// Returns all rows: first everything that concerns the focused pane, then the other keys by the context in which they
/// work.
fn rows_of(keymap: &KeyMap, pane: Pane) -> Vec<HelpRow> {
    let (here, heading) = match pane {
        Pane::Namespaces => (Context::Namespaces, "In the namespaces pane"),
        Pane::Categories => (Context::Categories, "In the categories pane"),
        Pane::Streams => (Context::Streams, "In the streams pane"),
        Pane::Messages => (Context::Messages, "In the messages pane"),
        Pane::Message => (Context::Message, "In the message pane"),
    };
    let in_pane = |context: Context, chord: &Chord| {
        let shadows = |(of, bound, _): &(Context, Chord, Action)| *of == here && bound == chord;
        context == here || (context == Context::Anywhere && !keymap.bindings().iter().any(shadows))
    };
    let is_here = |action: Action, context: Context| context == here || concerns(action, pane);
    let mut rows = vec![HelpRow::Heading(heading)];
    rows.extend(rows_with_keys(keymap, |context, chord, action| is_here(action, context) && in_pane(context, chord)));
    for (of, heading) in [
        (Context::Anywhere, "Everywhere"),
        (Context::Namespaces, "In the namespaces pane"),
        (Context::Categories, "In the categories pane"),
        (Context::Streams, "In the streams pane"),
        (Context::Messages, "In the messages pane"),
        (Context::Message, "In the message pane"),
    ] {
        rows.push(HelpRow::Heading(heading));
        rows.extend(rows_with_keys(keymap, |context, chord, action| {
            context == of && !(is_here(action, context) && in_pane(context, chord))
        }));
    }
    for (heading, notes) in NOTES {
        rows.push(HelpRow::Heading(heading));
        rows.extend(notes.iter().map(|note| HelpRow::Note((*note).to_owned())));
    }
    for kind in DialogKind::ALL {
        rows.push(HelpRow::Heading(kind.heading()));
        for (action, _) in kind.defaults() {
            let keys: Vec<String> = keymap.dialog_keys(*kind, action).iter().map(ToString::to_string).collect();
            if !keys.is_empty() {
                rows.push(HelpRow::Keys(keys.join(" "), Purpose::Elsewhere(*kind, action)));
            }
        }
    }
    without_empty_headings(rows)
}

/// Returns a row for each action with a key that is wanted.
fn rows_with_keys(keymap: &KeyMap, is_wanted: impl Fn(Context, &Chord, Action) -> bool) -> Vec<HelpRow> {
    let row = |action: &Action| {
        let bound =
            keymap.bindings().iter().filter(|(of, chord, bound)| bound == action && is_wanted(*of, chord, *action));
        let keys: Vec<String> = bound.map(|(_, key, _)| key.to_string()).collect();
        (!keys.is_empty()).then(|| HelpRow::Keys(keys.join(" "), Purpose::Action(*action)))
    };
    Action::ALL.iter().filter_map(row).collect()
}

/// Returns the rows for a dialog: its own keys, and those that it shares with other dialogs.
fn rows_of_dialog(keymap: &KeyMap, kind: DialogKind) -> Vec<HelpRow> {
    use DialogAction::{Close, Down, Help, PageDown, PageUp, Quit, Suspend, Up};
    let own: Vec<DialogAction> = kind.defaults().map(|(action, _)| action).collect();
    let moving: &[DialogAction] = if kind.scrolls() { &[Down, Up, PageDown, PageUp] } else { &[] };
    let shared = [moving, &[Close, Help, Suspend, Quit]].concat();
    let shared = shared.into_iter().filter(|action| !own.contains(action)).collect();
    let mut rows = Vec::new();
    for (heading, actions) in [(kind.heading(), own), (DialogKind::Any.heading(), shared)] {
        rows.push(HelpRow::Heading(heading));
        rows.extend(actions.into_iter().filter_map(|action| {
            let keys = keymap.dialog_keys(kind, action);
            let purpose = Purpose::InDialog(kind, action, *keys.first()?);
            Some(HelpRow::Keys(keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), purpose))
        }));
    }
    without_empty_headings(rows)
}

fn without_empty_headings(rows: Vec<HelpRow>) -> Vec<HelpRow> {
    let mut kept: Vec<HelpRow> = Vec::with_capacity(rows.len());
    for row in rows {
        if matches!((kept.last(), &row), (Some(HelpRow::Heading(_)), HelpRow::Heading(_))) {
            kept.pop();
        }
        kept.push(row);
    }
    if matches!(kept.last(), Some(HelpRow::Heading(_))) {
        kept.pop();
    }
    kept
}

impl Help {
    #[must_use]
    pub(crate) fn new(keymap: &KeyMap, pane: Pane) -> Self {
        Self::with(rows_of(keymap, pane))
    }

    /// Creates the help in front of a dialog.
    #[must_use]
    pub(crate) fn of_dialog(keymap: &KeyMap, kind: DialogKind) -> Self {
        Self::with(rows_of_dialog(keymap, kind))
    }

    fn with(all: Vec<HelpRow>) -> Self {
        let mut help = Self { filter: None, rows: all.clone(), selected: 0, middle: 0, all };
        help.step(0);
        help
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let page = context.page;
        // Characters go into the filter while it is open.
        let is_typed = self.filter.is_some() && Chord::from(key).is_text();
        match context.pressed(DialogKind::Help, key).filter(|_| !is_typed) {
            Some(DialogAction::Accept) => return self.run(),
            Some(DialogAction::Close) if self.filter.take().is_some() => self.narrow(),
            Some(DialogAction::Close | DialogAction::Help) => return Outcome::Close,
            Some(DialogAction::Down) => self.step(1),
            Some(DialogAction::Up) => self.step(-1),
            Some(DialogAction::PageDown) => self.step(page),
            Some(DialogAction::PageUp) => self.step(-page),
            _ if self.filter.is_some() => self.typed(key),
            Some(DialogAction::Filter) => self.filter = Some(Input::default()),
            _ => return self.act(context.action(key), page),
        }
        Outcome::Stay
    }

    /// The wheel moves the selection, a click selects a row, a click on the selected row runs its action, and the
    /// scrollbar can be dragged.
    pub(super) fn mouse(&mut self, mouse: MouseEvent, context: &DialogContext) -> Outcome {
        let layout = HelpLayout::of(self, context.browser.area);
        match mouse.kind {
            MouseEventKind::ScrollDown => self.step(NOTCH),
            MouseEventKind::ScrollUp => self.step(-NOTCH),
            _ => {
                if let Some((row, rows)) = held_row(layout.outer, mouse) {
                    self.select(self.rows.len().saturating_sub(1) * row / rows.saturating_sub(1).max(1));
                } else if mouse.kind == MouseEventKind::Down(MouseButton::Left)
                    && let Some(row) = layout.row_at(mouse.column, mouse.row)
                {
                    if row == self.selected {
                        return self.run();
                    }
                    if !matches!(self.rows[row], HelpRow::Heading(_)) {
                        self.selected = row;
                    }
                }
            }
        }
        Outcome::Stay
    }

    /// Handles a key with the meaning that it has in the panes.
    fn act(&mut self, action: Option<Action>, page: isize) -> Outcome {
        match action {
            Some(Action::Find) => self.filter = Some(Input::default()),
            Some(Action::Down) => self.step(1),
            Some(Action::Up) => self.step(-1),
            Some(Action::PageDown) => self.step(page),
            Some(Action::PageUp) => self.step(-page),
            Some(Action::HalfDown) => self.step(page / 2),
            Some(Action::HalfUp) => self.step(-page / 2),
            Some(Action::First) => self.step(isize::MIN),
            Some(Action::Last) => self.step(isize::MAX),
            Some(Action::Help | Action::Quit) => return Outcome::Close,
            _ => {}
        }
        Outcome::Stay
    }

    /// Keeps the rows that contain every word of the filter in their keys, title or heading.
    fn narrow(&mut self) {
        let text = self.filter.as_ref().map(|input| input.text().to_lowercase()).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut heading = "";
        let matching = self.all.iter().filter(|row| {
            let text = match row {
                HelpRow::Heading(title) => {
                    heading = title;
                    return true;
                }
                HelpRow::Keys(keys, purpose) => format!("{keys} {} {heading}", purpose.title()),
                HelpRow::Note(note) => format!("{note} {heading}"),
            };
            let text = text.to_lowercase();
            words.iter().all(|word| text.contains(word))
        });
        self.rows = without_empty_headings(matching.cloned().collect());
        self.select(0);
    }

    /// Moves the selection by a number of rows and skips headings.
    fn step(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        let wanted = self.selected.saturating_add_signed(by).min(last);
        let is_entry = |index: &usize| matches!(self.rows.get(*index), Some(HelpRow::Keys(..) | HelpRow::Note(_)));
        let after = (wanted..=last).find(is_entry);
        let before = (0..=wanted).rev().find(is_entry);
        let found = if by < 0 { before.or(after) } else { after.or(before) };
        self.selected = found.unwrap_or(0);
        self.middle = self.selected;
    }

    fn typed(&mut self, key: KeyEvent) {
        if self.filter.as_mut().is_some_and(|input| input.key(key)) {
            self.narrow();
        }
    }

    /// Selects a row, or the next one if it is a heading.
    fn select(&mut self, row: usize) {
        self.selected = row;
        self.step(0);
    }

    /// Closes the help and runs the selected action.
    fn run(&self) -> Outcome {
        Outcome::Finish(match self.rows.get(self.selected) {
            Some(HelpRow::Keys(_, Purpose::Action(action))) => vec![Command::Run(*action)],
            Some(HelpRow::Keys(_, Purpose::InDialog(_, _, key))) => vec![Command::Press(*key)],
            _ => Vec::new(),
        })
    }

    pub(super) fn paste(&mut self, text: &str) {
        if let Some(input) = &mut self.filter {
            input.paste(text);
            self.narrow();
        }
    }
}
