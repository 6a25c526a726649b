//! Matches the text with everything that can be gone to or run, and puts the results in groups. The groups that grow
//! while the server searches come last, so that no entry moves while the user reads it.

use super::Kind;
use super::entries::{Entry, Group, Lead};
use super::interpretation::{Meaning, is_missing};
use super::streams::FoundStreams;
use crate::app::dialogs::fuzzy::Fuzzy;
use crate::app::dialogs::outcome::DialogContext;
use crate::app::keymap::Action;
use crate::app::relevance::concerns;
use crate::locator::{Destination, Target};
use crate::message::Name;
use crate::numbers::grouped;
use crate::store::browse::{CategoryRow, StreamRow};

/// The most entries of each group in an omnibox that finds everything.
const CATEGORIES: usize = 5;
const NAMESPACES: usize = 3;
const COMMANDS: usize = 3;

/// What the store has answered.
pub(super) struct Found<'a> {
    pub streams: &'a FoundStreams,
    /// A namespace that is not on screen, with its categories.
    pub elsewhere: Option<&'a (String, Vec<CategoryRow>)>,
}

/// Returns the results for a text.
pub(super) fn entries(kind: Kind, meaning: &Meaning, context: &DialogContext, found: &Found) -> Vec<Entry> {
    let matching = Matching { meaning, context, elsewhere: found.elsewhere };
    let mut entries = Vec::new();
    match kind {
        Kind::Everything => {
            let (missing, known) = matching.locations(found.streams.exists);
            entries.extend(known);
            if meaning.name.is_empty() {
                entries.extend(matching.recent());
                entries.extend(matching.bookmarks());
                entries.extend(matching.filters());
            }
            let mut groups = vec![matching.categories(CATEGORIES), matching.namespaces(NAMESPACES)];
            if !meaning.name.is_empty() {
                groups.extend([matching.bookmarks(), matching.recent(), matching.filters()]);
                groups.push(matching.commands(true).into_iter().take(COMMANDS).collect());
            }
            // A group whose best entry contains the text precedes those that only have its letters.
            groups.sort_by_key(|group| !group.first().is_some_and(Entry::contains_text));
            entries.extend(groups.into_iter().flatten());
            entries.extend(matching.streams(found.streams));
            entries.extend(missing);
        }
        Kind::Commands => {
            entries.extend(matching.commands(false));
            if !meaning.name.is_empty() {
                entries.extend(matching.bookmarks());
                entries.extend(matching.recent());
                entries.extend(matching.filters());
                entries.extend(matching.categories(CATEGORIES));
                entries.extend(matching.namespaces(NAMESPACES));
                // Letters scattered over a text count only if nothing matches better.
                if entries.iter().any(Entry::is_good) {
                    entries.retain(Entry::is_good);
                }
            }
        }
    }
    without_repetitions(entries, context.browser.shown_namespace.as_ref())
}

/// Keeps the first entry of several that lead to the same place. A location known not to exist takes precedence,
/// although it comes last.
fn without_repetitions(entries: Vec<Entry>, shown: Option<&String>) -> Vec<Entry> {
    let mut places: Vec<_> =
        entries.iter().filter(|entry| entry.group == Group::Missing).filter_map(|entry| entry.place(shown)).collect();
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        // Streams and missing places do not repeat each other.
        let is_last = matches!(entry.group, Group::Streams | Group::Missing);
        match entry.place(shown) {
            Some(place) if entry.group != Group::Missing && places.contains(&place) => {}
            Some(place) if !is_last => {
                places.push(place);
                kept.push(entry);
            }
            _ => kept.push(entry),
        }
    }
    kept
}

pub(super) struct Matching<'a> {
    pub(super) meaning: &'a Meaning,
    pub(super) context: &'a DialogContext<'a>,
    elsewhere: Option<&'a (String, Vec<CategoryRow>)>,
}

impl Matching<'_> {
    /// Returns the literal meanings of the text: the locations known not to exist, and the others.
    fn locations(&self, exists: Option<bool>) -> (Vec<Entry>, Vec<Entry>) {
        let elsewhere = self.rows_elsewhere();
        let entry = |destination: &Destination| {
            let is_missing = !self.meaning.only_name && is_missing(destination, exists, elsewhere, self.context);
            let target = Destination { also: Vec::new(), ..destination.clone() };
            Entry {
                group: if is_missing { Group::Missing } else { Group::GoTo },
                text: target.to_string(),
                detail: destination.also.join(" · "),
                matched: Vec::new(),
                lead: Lead::Go(destination.clone()),
            }
        };
        // A location that is being typed exists only if it is a name by chance.
        let is_whole = self.meaning.expected.is_none() || exists == Some(true);
        let entries = self.meaning.destinations.iter().filter(|_| is_whole).map(entry);
        entries.partition(|entry| entry.group == Group::Missing)
    }

    /// Ranks names by how well they match the text; in their own order if there is no text.
    pub(super) fn ranked<T>(
        &self,
        group: Group,
        items: impl Iterator<Item = (String, String, T)>,
        lead: impl Fn(T) -> Lead,
    ) -> Vec<Entry> {
        let mut fuzzy = Fuzzy::new(&self.meaning.name);
        let mut found: Vec<(u32, Entry)> = items
            .filter_map(|(text, detail, item)| {
                let (score, matched) = fuzzy.rank(&text)?;
                Some((score, Entry { group, text, detail, matched, lead: lead(item) }))
            })
            .collect();
        found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Returns the categories of the namespace that is searched, if it is not the one on screen and they are known.
    fn rows_elsewhere(&self) -> Option<&[CategoryRow]> {
        let (id, rows) = self.elsewhere?;
        (Some(id) == self.meaning.namespace.as_ref()).then_some(rows.as_slice())
    }

    /// Returns the namespace that is searched, if it is not the one on screen.
    fn other_namespace(&self) -> Option<String> {
        let shown = self.context.browser.shown_namespace.as_ref();
        self.meaning.namespace.clone().filter(|id| Some(id) != shown)
    }

    /// Returns categories of the namespace that is searched.
    fn categories(&self, most: usize) -> Vec<Entry> {
        let namespace = self.other_namespace();
        let rows: Vec<&CategoryRow> = match &namespace {
            Some(_) => self.rows_elsewhere().unwrap_or_default().iter().collect(),
            None => self.context.browser.categories.rows().iter().collect(),
        };
        let rows = rows.into_iter().map(|row| {
            let detail = row.estimate.map(|messages| format!("~{} messages", grouped(messages)));
            (row.category.to_string(), detail.unwrap_or_default(), row.category.clone())
        });
        let mut entries = self.ranked(Group::Categories, rows, |category| {
            let target = Target::Name(Name::Category(category));
            Lead::Go(Destination { namespace: namespace.clone(), ..Destination::here(target) })
        });
        entries.truncate(most);
        entries
    }

    fn namespaces(&self, most: usize) -> Vec<Entry> {
        let shown = self.context.browser.shown_namespace.as_deref();
        let rows = self.context.browser.namespaces.rows().iter().map(|row| {
            let detail = if Some(row.id.as_str()) == shown { "on screen" } else { "" };
            (row.id.clone(), detail.to_owned(), row.id.clone())
        });
        let mut entries = self.ranked(Group::Namespaces, rows, |id| {
            Lead::Go(Destination { namespace: Some(id), ..Destination::here(Target::Namespace) })
        });
        entries.truncate(most);
        entries
    }

    /// Returns commands, those that concern the focused pane first. If only good matches count, letters scattered over
    /// a title do not.
    fn commands(&self, only_good: bool) -> Vec<Entry> {
        let pane = self.context.browser.focus;
        let entries_of = |group: Group| {
            let actions =
                Action::ALL.iter().copied().filter(|action| concerns(*action, pane) == (group == Group::Here));
            let items = actions.map(|action| {
                let keys: Vec<String> = self.context.keymap.keys(action).iter().map(ToString::to_string).collect();
                (action.title().to_owned(), keys.join(" "), action)
            });
            self.ranked(group, items, Lead::Run)
        };
        let mut entries = entries_of(Group::Here);
        entries.extend(entries_of(Group::Commands));
        if only_good {
            entries.retain(Entry::is_good);
        }
        entries
    }

    fn streams(&self, found: &FoundStreams) -> Vec<Entry> {
        let namespace = self.other_namespace();
        let part = found.part();
        let entry = |row: &StreamRow| {
            let name = row.stream.as_str();
            let at = part.and_then(|part| Some((part.find_in(name)?, part.as_str())));
            let matched = at.map(|(at, part)| {
                let begin = name[..at].chars().count();
                (begin..begin + part.chars().count()).collect()
            });
            let target = Target::Name(Name::Stream(row.stream.clone()));
            Entry {
                group: Group::Streams,
                text: name.to_owned(),
                detail: format!("v{}", row.version),
                matched: matched.unwrap_or_default(),
                lead: Lead::Go(Destination { namespace: namespace.clone(), ..Destination::here(target) }),
            }
        };
        found.rows().iter().map(entry).collect()
    }
}
