//! `:` and Ctrl-P: the omnibox, which finds everything. Results appear while the user types, in groups: where the text
//! leads if taken literally, names and places that match it, commands, and streams from the server. Going there is up
//! to the panes, and the search for streams to the store; the omnibox only asks for both.

pub(crate) mod entries;
pub(crate) mod history;
mod interpretation;
pub(crate) mod keys;
pub(crate) mod layout;
mod matching;
mod places;
pub(crate) mod streams;

use std::time::Duration;

use super::filter;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::request::{Answer, Slot};
use crate::locator::{Destination, Target};
use crate::message::Category;
use crate::store::browse::{CategoryRow, Scope};
use entries::{Entry, Group, Lead};
use interpretation::{MEMBER, Meaning};
use layout::BoxLayout;
use streams::{FoundStreams, Names};

/// A pause in typing before the names of streams are searched for a part.
const PAUSE: Duration = Duration::from_millis(60);

/// What an omnibox finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `:` finds places, streams and commands.
    Everything,
    /// Ctrl-P finds commands and places, those of the focused pane first.
    Commands,
}

/// The open omnibox.
#[derive(Debug)]
pub(crate) struct Omnibox {
    pub kind: Kind,
    pub input: Input,
    /// The results, group by group.
    pub entries: Vec<Entry>,
    /// The index of the entry to which Enter leads, if there are any.
    pub selected: usize,
    /// The index of the first visible entry.
    pub top: usize,
    /// Why Enter led nowhere.
    pub problem: Option<String>,
    /// Why the text is no location.
    pub misread: Option<String>,
    /// What is expected after the last sign of the text.
    pub expected: Option<&'static str>,
    /// What the text is expected to be; shown while nothing else is.
    pub hint: &'static str,
    pub streams: FoundStreams,
    /// A namespace that is not on screen, with its categories.
    elsewhere: Option<(String, Vec<CategoryRow>)>,
    /// The user selected an entry, which stays selected while others arrive.
    chosen: bool,
    /// The number of the recalled text in the history.
    recalled: Option<usize>,
    /// The text of the entry that was last opened, for the history.
    opened: Option<String>,
    /// Enter was pressed before a namespace was open.
    waiting: bool,
    /// The text was typed before a namespace was open, so no streams were searched.
    unsearched: bool,
}

impl Omnibox {
    #[must_use]
    pub(crate) fn new(kind: Kind) -> Self {
        let hint = match kind {
            Kind::Everything => "category · stream · stream@position · namespace/ · position · ID · time · =name",
            Kind::Commands => "",
        };
        Self {
            kind,
            input: Input::default(),
            entries: Vec::new(),
            selected: 0,
            top: 0,
            problem: None,
            misread: None,
            expected: None,
            hint,
            streams: FoundStreams::default(),
            elsewhere: None,
            chosen: false,
            recalled: None,
            opened: None,
            waiting: false,
            unsearched: false,
        }
    }

    /// Creates an omnibox with `CATEGORY#`, for a consumer group member to be typed after it.
    #[must_use]
    pub(crate) fn for_member(category: &Category) -> Self {
        Self { input: Input::new(&format!("{category}#")), ..Self::new(Kind::Everything) }
    }

    /// Returns true if Enter leads to the selected entry. In an empty `:`, no entry is selected until the user selects
    /// one.
    #[must_use]
    pub(crate) fn has_selection(&self) -> bool {
        self.chosen || self.kind == Kind::Commands || !self.input.text().trim().is_empty()
    }

    fn selection(&self) -> Option<&Entry> {
        self.entries.get(self.selected).filter(|_| self.has_selection())
    }

    /// Matches the text again after a list of the screen has changed, since it may now lead elsewhere. If it waited for
    /// a namespace, goes there.
    pub(in crate::app) fn listed(&mut self, context: &DialogContext) -> Outcome {
        let mut commands = if self.unsearched { self.search(context) } else { Vec::new() };
        self.refresh(context);
        if self.waiting && context.browser.shown_namespace.is_some() {
            self.waiting = false;
            self.problem = None;
            match self.enter(context) {
                Outcome::Do(entered) => commands.extend(entered),
                Outcome::Stay => {}
                outcome => return outcome,
            }
        }
        Outcome::Do(commands)
    }

    /// Matches everything again after the text or the lists of the screen have changed.
    pub(in crate::app) fn refresh(&mut self, context: &DialogContext) {
        let meaning = Meaning::read(self.input.text(), context);
        let kept = self.selection().filter(|_| self.chosen).map(|entry| entry.lead.clone());
        self.misread.clone_from(&meaning.problem);
        self.expected = meaning.expected;
        let found = matching::Found { streams: &self.streams, elsewhere: self.elsewhere.as_ref() };
        self.entries = matching::entries(self.kind, &meaning, context, &found);
        self.selected = match kept {
            Some(lead) => self.entries.iter().position(|entry| entry.lead == lead).unwrap_or(self.selected),
            None => 0,
        };
        self.select(self.selected, context);
    }

    /// Selects an entry and makes it visible.
    fn select(&mut self, index: usize, context: &DialogContext) {
        self.selected = index.min(self.entries.len().saturating_sub(1));
        let height = usize::from(BoxLayout::of(context.browser.area).list.height).max(1);
        self.top = self.top.clamp((self.selected + 1).saturating_sub(height), self.selected);
        self.top = self.top.min(self.entries.len().saturating_sub(height));
    }

    /// Searches for the text that was just typed.
    fn typed(&mut self, context: &DialogContext) -> Outcome {
        self.problem = None;
        self.waiting = false;
        self.chosen = false;
        self.top = 0;
        self.search_and_match(context)
    }

    fn search_and_match(&mut self, context: &DialogContext) -> Outcome {
        let commands = self.search(context);
        self.refresh(context);
        Outcome::Do(commands)
    }

    fn search(&mut self, context: &DialogContext) -> Vec<Command> {
        if self.kind == Kind::Commands {
            return Vec::new();
        }
        let meaning = Meaning::read(self.input.text(), context);
        self.unsearched = meaning.namespace.is_none();
        let Some(namespace) = meaning.namespace.clone() else { return self.streams.clear() };
        if meaning.name.is_empty() || meaning.expected == Some(MEMBER) {
            return self.streams.clear();
        }
        let names = if context.browser.shown_namespace.as_ref() == Some(&namespace) {
            let categories = context.browser.categories.rows().iter().map(|row| row.category.clone()).collect();
            let list = context.browser.messages.key.as_ref().filter(|list| list.namespace == namespace);
            let here = match list.map(|list| &list.scope) {
                Some(Scope::Category(category) | Scope::Member(category, _)) => Some(category.clone()),
                Some(Scope::Stream(stream)) => Some(stream.category()),
                _ => None,
            };
            Names { here, categories, known: true }
        } else {
            let listed = self.elsewhere.as_ref().filter(|(id, _)| *id == namespace).map(|(_, rows)| rows);
            let categories = listed.into_iter().flatten().map(|row| row.category.clone()).collect();
            Names { here: None, categories, known: listed.is_some() }
        };
        self.streams.search(&namespace, &meaning.name, &names, meaning.lookup(), context.now)
    }

    /// Takes an answer to the search for streams, and continues the search.
    pub(in crate::app) fn answered(&mut self, mut answer: Answer, context: &DialogContext) -> Outcome {
        if let Answer::Suggested { categories, .. } = &mut answer
            && let (Some(categories), Some(namespace)) = (categories.take(), self.streams.namespace())
        {
            self.elsewhere = Some((namespace.to_owned(), categories));
        }
        let before = self.streams.rows().len();
        let next = self.streams.answered(answer, context.now);
        if self.streams.rows().len() > before {
            self.problem = None;
        }
        self.refresh(context);
        Outcome::Do(next.into_iter().collect())
    }

    /// Searches for the text again if the search for streams has failed.
    pub(in crate::app) fn repeat_failed(&mut self, context: &DialogContext) -> Outcome {
        if self.streams.failed.is_none() {
            return Outcome::Stay;
        }
        self.problem = None;
        self.search_and_match(context)
    }

    /// Shows why the search for streams failed.
    pub(in crate::app) fn search_failed(&mut self, error: String) {
        self.streams.fail(error);
    }

    /// Shows that the text, or the entry that was opened, leads nowhere.
    pub(in crate::app) fn fail(&mut self, problem: String) {
        self.problem = Some(problem);
        self.opened = None;
    }

    /// Returns the text of the entry that was opened, for the history.
    pub(in crate::app) fn into_opened(self) -> Option<String> {
        self.opened
    }

    /// Goes where the selected entry leads.
    fn enter(&mut self, context: &DialogContext) -> Outcome {
        let shown = context.browser.shown_namespace.clone();
        let Some(entry) = self.selection() else {
            self.waiting = shown.is_none();
            return Outcome::Stay;
        };
        let text = match &entry.lead {
            // `-2h` is worth recalling, but not the time that it means now.
            Lead::Go(Destination { target: Target::Time(_), .. }) => self.input.text().trim().to_owned(),
            _ => entry.text_to_type(context),
        };
        let command = match entry.lead.clone() {
            Lead::Go(destination) => {
                let Some(namespace) = destination.namespace.clone().or(shown) else {
                    self.waiting = true;
                    self.problem = Some("no namespace is open; type NAMESPACE/ first".to_owned());
                    return Outcome::Stay;
                };
                // The omnibox stays open until the location is found.
                self.opened = Some(text);
                return Outcome::Do(vec![Command::Navigate(namespace, destination)]);
            }
            Lead::Filter(filter) => match filter::parse(&filter, context.now, &context.times.time_zone()) {
                Ok(parsed) => Command::Filter(parsed, filter),
                Err(problem) => {
                    self.problem = Some(problem);
                    return Outcome::Stay;
                }
            },
            Lead::Open(bookmark) => Command::OpenBookmark(bookmark),
            Lead::Visit(list) => Command::Visit(list),
            Lead::Run(action) => Command::Run(action),
        };
        let stop = [Slot::GoTo, Slot::Suggest, Slot::StreamSearch].map(Command::Cancel);
        Outcome::Finish(stop.into_iter().chain([Command::Remember(text), command]).collect())
    }

    /// Returns the title of an entry's group if the entry is the first visible one of the group.
    #[must_use]
    pub(crate) fn heading(&self, index: usize) -> Option<Group> {
        let group = self.entries.get(index)?.group;
        (index == self.top || self.entries[index - 1].group != group).then_some(group)
    }
}
