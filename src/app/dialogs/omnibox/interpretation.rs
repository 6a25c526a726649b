//! What a typed text means if it is taken literally, and which part of it is matched with names. Nothing in here asks
//! the store.

use crate::app::dialogs::outcome::DialogContext;
use crate::app::listed_names::ListedNames;
use crate::app::request::Lookup;
use crate::locator::{Destination, Known as _, Target, digits};
use crate::message::{Name, StreamName};
use crate::store::browse::{CategoryRow, Scope};

/// What follows the `#` of a category.
pub(super) const MEMBER: &str = "type MEMBER:SIZE of the consumer group, such as 0:3";
/// What follows the `@` of a stream.
const POSITION: &str = "type a position in the stream";

/// The meaning of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meaning {
    /// The locations that the text can mean, the likeliest first.
    pub destinations: Vec<Destination>,
    /// The reason why the text is no location.
    pub problem: Option<String>,
    /// What is expected next, if the text ends in the middle of a location. It may still be a name.
    pub expected: Option<&'static str>,
    /// The namespace whose streams are searched; none before one is open.
    pub namespace: Option<String>,
    /// The part of the text that names are matched with.
    pub name: String,
    /// The text begins with `=` and means nothing but a name.
    pub only_name: bool,
}

impl Meaning {
    /// Reads a text, relative to the namespace and the stream on screen.
    #[must_use]
    pub(super) fn read(text: &str, context: &DialogContext) -> Self {
        let text = text.trim();
        let shown = context.browser.shown_namespace.clone();
        if text.is_empty() {
            return Self {
                destinations: Vec::new(),
                problem: None,
                expected: None,
                namespace: shown,
                name: String::new(),
                only_name: false,
            };
        }
        let names = ListedNames::on_screen(context.browser);
        let read = Destination::read(text, &names, context.now, &context.times.time_zone());
        let mut destinations = Vec::new();
        let (mut namespace, mut name, mut problem, mut expected) = (shown, text, None, None);
        match read {
            Ok(destination) => {
                if let (Some(other), Some((_, rest))) = (&destination.namespace, text.split_once('/')) {
                    (namespace, name) = (Some(other.clone()), rest);
                }
                expected = expected_after(name, &destination, &names);
                name = searched_part(name, &destination.target);
                destinations.push(destination);
            }
            Err(why) => problem = Some(why),
        }
        if let Some(here) = position_here(text, context) {
            // A bare number is a global position first, and `@4` is nothing else.
            let at = if text.starts_with('@') { 0 } else { destinations.len() };
            destinations.insert(at, here);
            problem = None;
        } else if !context.browser.messages.is_stream() && text.strip_prefix('@').and_then(digits).is_some() {
            problem = Some("no stream is on screen".to_owned());
        }
        let only_name = text.starts_with('=');
        Self { destinations, problem, expected, namespace, name: name.to_owned(), only_name }
    }

    /// Returns the lookup that tells whether the text leads anywhere, if only the store knows.
    #[must_use]
    pub(super) fn lookup(&self) -> Option<Lookup> {
        match &self.destinations.first()?.target {
            Target::Name(Name::Stream(stream)) | Target::StreamPosition(stream, _) => {
                Some(Lookup::At(stream.clone(), None))
            }
            Target::Id(id) => Some(Lookup::Id(*id)),
            _ => None,
        }
    }
}

/// Returns true if the location is known not to exist. `exists` is the answer to [`Meaning::lookup`], and `elsewhere`
/// are the categories of another namespace, if they are known.
#[must_use]
pub(super) fn is_missing(
    destination: &Destination,
    exists: Option<bool>,
    elsewhere: Option<&[CategoryRow]>,
    context: &DialogContext,
) -> bool {
    if destination.otherwise.is_some() {
        return false;
    }
    match &destination.target {
        Target::Name(Name::Category(category)) if destination.namespace.is_some() => {
            elsewhere.is_some_and(|rows| rows.iter().all(|row| row.category != *category))
        }
        Target::Name(name @ Name::Category(_)) => ListedNames::on_screen(context.browser).name(name) == Some(false),
        Target::Name(Name::Stream(_)) | Target::StreamPosition(..) | Target::Id(_) => exists == Some(false),
        _ => false,
    }
}

/// Returns what is expected at the end of a text that ends in the middle of a location: `CATEGORY#`, `CATEGORY#0:` or
/// `STREAM@`.
fn expected_after(text: &str, destination: &Destination, names: &ListedNames) -> Option<&'static str> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match &destination.target {
        Target::Name(Name::Stream(_)) if text.len() > 1 && text.ends_with('@') => Some(POSITION),
        Target::Name(name) => {
            let (category, member) = text.rsplit_once('#')?;
            let (member, size) = member.split_once(':').unwrap_or((member, ""));
            let is_begun = is_number(member) && is_number(size) && names.name(name) != Some(true);
            let of = Name::new(category).ok().filter(|of| matches!(of, Name::Category(_)))?;
            (is_begun && names.name(&of) != Some(false)).then_some(MEMBER)
        }
        _ => None,
    }
}

/// Returns the part of a location that names are matched with: without the signs before and after a name.
fn searched_part<'a>(text: &'a str, target: &Target) -> &'a str {
    let cut = match target {
        Target::StreamPosition(..) => text.rsplit_once('@').map(|(stream, _)| stream),
        Target::Member(..) => text.rsplit_once('#').map(|(category, _)| category),
        Target::Name(Name::Stream(_)) if text.ends_with('@') => text.strip_suffix('@'),
        Target::Name(_) => text.strip_prefix('='),
        _ => None,
    };
    cut.unwrap_or(text)
}

/// Returns the position in the stream on screen that a number means, with or without `@` before it.
fn position_here(text: &str, context: &DialogContext) -> Option<Destination> {
    let list = context.browser.messages.key.as_ref()?;
    let Scope::Stream(stream) = &list.scope else { return None };
    let position = digits(text.strip_prefix('@').unwrap_or(text))?.parse().ok()?;
    Some(Destination::here(Target::StreamPosition(StreamName::stored(stream.as_str()), position)))
}
