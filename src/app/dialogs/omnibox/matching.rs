//! Matches the text with everything that can be gone to or run, and puts the results in groups. The groups that grow while the
//! server searches come last, so that no entry moves while the user reads it.

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

/// The most entries of each group in a box that finds everything.
const CATEGORIES: usize = 5;
const NAMESPACES: usize = 3;
const COMMANDS: usize = 3;

/// Returns the results for a text.
pub(super) fn entries(kind: Kind, meaning: &Meaning, context: &DialogContext, streams: &FoundStreams) -> Vec<Entry> {
    let matching = Matching { meaning, context };
    let mut entries = Vec::new();
    match kind {
        Kind::Everything => {
            let (missing, known) = matching.locations(streams.exists);
            entries.extend(known);
            entries.extend(matching.categories(CATEGORIES));
            entries.extend(matching.namespaces(NAMESPACES));
            if !meaning.name.is_empty() {
                entries.extend(matching.commands(true).into_iter().take(COMMANDS));
            }
            entries.extend(matching.streams(streams));
            entries.extend(missing);
        }
        Kind::Commands => {
            entries.extend(matching.commands(false));
            if !meaning.name.is_empty() {
                entries.extend(matching.categories(CATEGORIES));
                entries.extend(matching.namespaces(NAMESPACES));
            }
        }
    }
    without_repetitions(entries)
}

/// Keeps the first entry of several with the same lead.
fn without_repetitions(entries: Vec<Entry>) -> Vec<Entry> {
    // Streams are distinct, so that only what the text means can be repeated.
    let literal: Vec<Lead> = entries
        .iter()
        .filter(|entry| matches!(entry.group, Group::GoTo | Group::Missing))
        .map(|entry| entry.lead.clone())
        .collect();
    let repeats = |entry: &Entry| {
        !matches!(entry.group, Group::GoTo | Group::Missing)
            && literal.iter().any(|lead| leads_to_the_same(lead, &entry.lead))
    };
    entries.into_iter().filter(|entry| !repeats(entry)).collect()
}

fn leads_to_the_same(one: &Lead, other: &Lead) -> bool {
    match (one, other) {
        (Lead::Go(one), Lead::Go(other)) => one.namespace == other.namespace && one.target == other.target,
        _ => one == other,
    }
}

struct Matching<'a> {
    meaning: &'a Meaning,
    context: &'a DialogContext<'a>,
}

impl Matching<'_> {
    /// Returns what the text means if taken literally: what is known not to exist, and everything else.
    fn locations(&self, exists: Option<bool>) -> (Vec<Entry>, Vec<Entry>) {
        let entry = |destination: &Destination| {
            let is_missing = !self.meaning.only_name && is_missing(destination, exists, self.context);
            let target = Destination { also: Vec::new(), ..destination.clone() };
            Entry {
                group: if is_missing { Group::Missing } else { Group::GoTo },
                text: target.to_string(),
                detail: destination.also.join(" · "),
                matched: Vec::new(),
                lead: Lead::Go(destination.clone()),
            }
        };
        let entries = self.meaning.destinations.iter().map(entry);
        entries.partition(|entry| entry.group == Group::Missing)
    }

    /// Ranks names by how well they match the text; in their own order if there is no text.
    fn ranked<T>(
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

    /// Returns categories of the namespace on screen.
    fn categories(&self, most: usize) -> Vec<Entry> {
        let browser = self.context.browser;
        if self.meaning.namespace != browser.shown_namespace {
            return Vec::new();
        }
        let rows = browser.categories.rows().iter().map(|row| {
            let detail = row.estimate.map(|messages| format!("~{} messages", crate::numbers::grouped(messages)));
            (row.category.to_string(), detail.unwrap_or_default(), row.category.clone())
        });
        let mut entries = self.ranked(Group::Categories, rows, |category| {
            Lead::Go(Destination::here(Target::Name(Name::Category(category))))
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

    /// Returns commands, those that concern the focused pane first. If only good matches count, letters scattered over a
    /// title do not.
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
            entries.retain(|entry| is_good(entry));
        }
        entries
    }

    fn streams(&self, found: &FoundStreams) -> Vec<Entry> {
        let namespace =
            self.meaning.namespace.clone().filter(|id| Some(id) != self.context.browser.shown_namespace.as_ref());
        let part = found.part();
        let entry = |row: &crate::store::browse::StreamRow| {
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

/// Returns true if the matching characters are few groups of neighbours.
fn is_good(entry: &Entry) -> bool {
    let groups = entry.matched.windows(2).filter(|pair| pair[1] != pair[0] + 1).count() + 1;
    groups * 3 <= entry.matched.len().max(3)
}
