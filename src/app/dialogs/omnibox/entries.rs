//! The results of the omnibox as data: what each shows, and where Enter leads. Drawing is in `view`.

use crate::app::bookmarks::Bookmark;
use crate::app::browser::list_key::ListKey;
use crate::app::dialogs::outcome::DialogContext;
use crate::app::keymap::Action;
use crate::locator::{Destination, Target, parse_target};
use crate::message::Name;
use crate::store::browse::Scope;

/// The groups of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// What the text means if taken literally.
    GoTo,
    Namespaces,
    Categories,
    Bookmarks,
    Recent,
    /// Named filters.
    Filters,
    Streams,
    /// Commands that concern the focused pane.
    Here,
    Commands,
    /// What the text means, although it is known not to exist.
    Missing,
}

impl Group {
    #[must_use]
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::GoTo => "Go to",
            Self::Namespaces => "Namespaces",
            Self::Categories => "Categories",
            Self::Bookmarks => "Bookmarks",
            Self::Recent => "Recent",
            Self::Filters => "Filters",
            Self::Streams => "Streams",
            Self::Here => "In this pane",
            Self::Commands => "Commands",
            Self::Missing => "Not found",
        }
    }
}

/// Where Enter leads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lead {
    Go(Destination),
    /// A bookmark, with its filter.
    Open(Bookmark),
    /// A list, as it was left.
    Visit(ListKey),
    /// Filters the list on screen by this text.
    Filter(String),
    Run(Action),
}

/// One result.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub group: Group,
    pub text: String,
    /// Shown at the right: keys, a version or an estimate.
    pub detail: String,
    /// The indices of the characters that match what was typed, in ascending order.
    pub matched: Vec<usize>,
    pub lead: Lead,
}

impl Entry {
    /// Returns true if the matching characters are neighbours.
    #[must_use]
    pub(super) fn contains_text(&self) -> bool {
        self.matched.windows(2).all(|pair| pair[1] == pair[0] + 1)
    }

    /// Returns true if the matching characters are few groups of neighbours.
    #[must_use]
    pub(super) fn is_good(&self) -> bool {
        let groups = self.matched.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() + 1;
        groups * 3 <= self.matched.len().max(3)
    }

    /// Returns the namespace and the target to which the entry leads, if it leads to a whole list or a single message.
    #[must_use]
    pub(super) fn place(&self, shown: Option<&String>) -> Option<(Option<String>, Target)> {
        match &self.lead {
            Lead::Go(destination) => {
                Some((destination.namespace.as_ref().or(shown).cloned(), destination.target.clone()))
            }
            Lead::Visit(list) => Some((Some(list.namespace.clone()), target_of(list))),
            _ => None,
        }
    }

    /// Returns the text that leads to the entry if it is typed.
    #[must_use]
    pub(super) fn text_to_type(&self, context: &DialogContext) -> String {
        let (namespace, target) = match &self.lead {
            Lead::Run(_) | Lead::Filter(_) => return self.text.clone(),
            Lead::Open(bookmark) if !bookmark.name.is_empty() => return bookmark.name.clone(),
            Lead::Open(Bookmark { list, .. }) | Lead::Visit(list) => (Some(&list.namespace), target_of(list)),
            Lead::Go(destination) => (destination.namespace.as_ref(), destination.target.clone()),
        };
        let namespace = namespace.map(|id| format!("{id}/")).unwrap_or_default();
        let location = match &target {
            Target::Namespace => String::new(),
            Target::Name(name) => name_to_type(name, context),
            Target::Member(category, group) => format!("{category}#{}:{}", group.member(), group.size()),
            Target::StreamPosition(stream, position) => format!("{stream}@{position}"),
            Target::GlobalPosition(position) => position.to_string(),
            Target::Id(id) => id.to_string(),
            Target::Time(time) => time.to_string(),
        };
        namespace + &location
    }

    /// Returns the text with which Tab completes what was typed. A complete category is followed by `-`, for its
    /// streams, and a complete stream by `@`, for its positions.
    #[must_use]
    pub(super) fn completion(&self, typed: &str, context: &DialogContext) -> String {
        let text = self.text_to_type(context);
        let sign = match &self.lead {
            Lead::Go(Destination { target: Target::Name(Name::Category(_)), .. }) => "-",
            Lead::Go(Destination { target: Target::Name(Name::Stream(_)), .. }) => "@",
            _ => "",
        };
        let signed = format!("{text}{sign}");
        match self.group {
            // Nothing completes a name that does not exist.
            Group::Missing => typed.to_owned(),
            _ if typed == text || typed == signed => signed,
            _ => text,
        }
    }
}

/// Returns a name, after a `=` if it would otherwise be read as something else.
fn name_to_type(name: &Name, context: &DialogContext) -> String {
    let text = match name {
        Name::Category(category) => category.as_str(),
        Name::Stream(stream) => stream.as_str(),
    };
    let read = parse_target(text, context.now, &context.times.time_zone());
    let is_read = !text.contains('/') && read.is_ok_and(|target| target == Target::Name(name.clone()));
    if is_read { text.to_owned() } else { format!("={text}") }
}

/// Returns what must be typed after the namespace to go to a list.
fn target_of(list: &ListKey) -> Target {
    match &list.scope {
        Scope::Namespace => Target::Namespace,
        Scope::Category(category) => Target::Name(Name::Category(category.clone())),
        Scope::Member(category, group) => Target::Member(category.clone(), *group),
        Scope::Stream(stream) => Target::Name(Name::Stream(stream.clone())),
    }
}
