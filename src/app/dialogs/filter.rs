//! The filter prompt: words and `key:value` parts become a [`Filter`] that the server applies. The text stays on screen
//! while the filter is active. Nothing here filters messages.
//!
//! `type:Deposited,Withdrawn stream:account-1 since:-2h until:2026-03-01 any text data:$.amount > 5 meta:$.x`

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::{Margin, Rect};

use super::choice::{Choosing, List, moved};
use super::frame::frame_above;
use super::outcome::{Command, DialogContext, Outcome};
use crate::app::browser::Browser;
use crate::app::browser::list_key::ListKey;
use crate::app::input::Input;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::saved_filters::{SavedFilter, SavedFilters, category_of};
use crate::app::text_search::contains;
use crate::app::times::Times;
use crate::locator;
use crate::store::Filter;

/// The most saved filters that are visible at once.
const ROWS: u16 = 8;

/// The open prompt.
#[derive(Debug)]
pub(crate) struct FilterPrompt {
    pub input: Input,
    /// The filter in words, or what is wrong with it; none while nothing is typed.
    pub understood: Result<Option<String>, String>,
    /// The saved filters that contain what was typed.
    pub offered: Vec<SavedFilter>,
    /// The selected one of them.
    pub selected: Option<usize>,
    /// The name under which the filter is to be saved, while it is typed.
    pub naming: Option<Input>,
    /// The list that was on screen when the prompt was opened.
    list: Option<ListKey>,
}

impl FilterPrompt {
    /// Opens the prompt with the active filter.
    #[must_use]
    pub(crate) fn new(browser: &Browser, filters: &SavedFilters, times: &Times, now: Timestamp) -> Self {
        let messages = &browser.messages;
        let input = Input::new(&messages.filter_text);
        let list = messages.key.clone();
        let offered = filters.for_list(list.as_ref()).into_iter().cloned().collect();
        let mut prompt = Self { input, understood: Ok(None), offered, selected: None, naming: None, list };
        prompt.read(times, now);
        prompt
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        if self.naming.is_some() {
            return self.key_in_name(key, context);
        }
        let action = context.pressed(DialogKind::Filter, key);
        if let Some(selected) = self.moved_to(action) {
            self.selected = selected;
            return Outcome::Stay;
        }
        match action {
            Some(DialogAction::Close) if self.selected.is_some() => self.selected = None,
            Some(DialogAction::Close) => return Outcome::Close,
            Some(DialogAction::Accept) => return self.accept(context),
            Some(DialogAction::Edit) => self.take_selected(context),
            Some(DialogAction::Remove) if self.selected.is_some() => return self.remove_selected(),
            Some(DialogAction::Save) => self.begin_naming(),
            _ if self.input.key(key) => self.typed(context),
            _ => {}
        }
        Outcome::Stay
    }

    /// Returns the selection after a key that moves it. Above the first filter, none is selected.
    #[allow(clippy::option_option, reason = "none if the key moves nothing, and none selected above the first")]
    fn moved_to(&self, action: Option<DialogAction>) -> Option<Option<usize>> {
        if self.offered.is_empty() {
            return None;
        }
        let up = action == Some(DialogAction::Up);
        match self.selected {
            None | Some(0) if up => Some(None),
            None => moved(0, self.offered.len(), action).map(|_| Some(0)),
            Some(selected) => moved(selected, self.offered.len(), action).map(Some),
        }
    }

    /// Returns the box of the saved filters, above the prompt, and the rectangle of its rows.
    #[must_use]
    pub(crate) fn offers(&self, area: Rect) -> (Rect, Rect) {
        let rows = u16::try_from(self.offered.len()).unwrap_or(ROWS).min(ROWS);
        let outer = frame_above(Rect { height: area.height.saturating_sub(2), ..area }, rows);
        (outer, outer.inner(Margin::new(1, 1)))
    }

    /// Puts the selected filter into the prompt.
    fn take_selected(&mut self, context: &DialogContext) {
        if let Some(filter) = self.selected.take().and_then(|selected| self.offered.get(selected)) {
            self.input = Input::new(&filter.text);
            self.read(context.times, context.now);
        }
    }

    fn remove_selected(&mut self) -> Outcome {
        let Some(selected) = self.selected.filter(|selected| *selected < self.offered.len()) else {
            return Outcome::Stay;
        };
        let SavedFilter { name, .. } = self.offered.remove(selected);
        self.selected = self.offered.len().checked_sub(1).map(|last| selected.min(last));
        let said = Command::Report(format!("Removed the saved filter {name}"));
        Outcome::Do(vec![Command::RemoveFilter(name), said])
    }

    fn begin_naming(&mut self) {
        let is_empty = self.input.text().trim().is_empty();
        match &self.understood {
            Ok(_) if is_empty => self.understood = Err("type a filter to save".to_owned()),
            Ok(_) => {
                let text = self.input.text().trim();
                let known = self.offered.iter().find(|filter| filter.text == text);
                self.naming = Some(Input::new(known.map_or("", |filter| &filter.name)));
            }
            Err(_) => {}
        }
    }

    fn key_in_name(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        let Some(name) = &mut self.naming else { return Outcome::Stay };
        match context.pressed(DialogKind::Name, key) {
            Some(DialogAction::Close) => self.naming = None,
            Some(DialogAction::Accept) => {
                let name = name.text().trim().to_owned();
                if name.is_empty() {
                    return Outcome::Stay;
                }
                self.naming = None;
                let text = self.input.text().trim().to_owned();
                let category = self.list.as_ref().and_then(category_of).map(|category| category.to_string());
                let filter = SavedFilter { name, text, category };
                let said = Command::Report(format!("Saved the filter {}", filter.name));
                self.offered.retain(|held| held.name != filter.name);
                self.offered.insert(0, filter.clone());
                return Outcome::Do(vec![Command::SaveFilter(filter), said]);
            }
            _ => {
                name.key(key);
            }
        }
        Outcome::Stay
    }

    /// Reads the filter and offers the named ones that contain it.
    fn typed(&mut self, context: &DialogContext) {
        self.read(context.times, context.now);
        let text = self.input.text().trim();
        let filters = context.saved_filters.for_list(self.list.as_ref()).into_iter();
        let matching = filters.filter(|filter| contains(&filter.name, text) || contains(&filter.text, text));
        self.offered = matching.cloned().collect();
        self.selected = None;
    }

    pub(super) fn paste(&mut self, text: &str, context: &DialogContext) -> Outcome {
        if let Some(name) = &mut self.naming {
            name.paste(text);
        } else {
            self.input.paste(text);
            self.typed(context);
        }
        Outcome::Stay
    }

    fn read(&mut self, times: &Times, now: Timestamp) {
        let filter = parse(self.input.text(), now, &times.time_zone());
        self.understood = filter.map(|filter| understood(&filter, times, now));
    }

    fn apply(&mut self, context: &DialogContext) -> Outcome {
        if self.list != context.browser.messages.key {
            // A slow link or list changed the screen while the filter was typed.
            self.list.clone_from(&context.browser.messages.key);
            let key = context.keymap.dialog_key(DialogKind::Filter, DialogAction::Accept);
            let key = key.map(|key| key.to_string()).unwrap_or_default();
            self.understood = Err(format!("the list has changed; press {key} again to filter the new one"));
            return Outcome::Stay;
        }
        let text = self.input.text().trim().to_owned();
        match parse(&text, context.now, &context.times.time_zone()) {
            Ok(filter) => Outcome::Finish(vec![Command::Filter(filter, text)]),
            Err(problem) => {
                self.understood = Err(problem);
                Outcome::Stay
            }
        }
    }
}

impl Choosing for FilterPrompt {
    fn list(&self, context: &DialogContext) -> Option<List> {
        let (_, area) = self.offers(context.browser.area);
        let list = List { area, rows: self.offered.len(), selected: self.selected };
        (self.naming.is_none() && !self.offered.is_empty()).then_some(list)
    }

    fn select(&mut self, row: usize, _: &DialogContext) -> Outcome {
        self.selected = Some(row);
        Outcome::Stay
    }

    fn accept(&mut self, context: &DialogContext) -> Outcome {
        self.take_selected(context);
        self.apply(context)
    }
}

const KEYS: [&str; 7] = ["type", "stream", "since", "until", "data", "meta", "text"];

/// Returns a filter with a text to search for in place of its words. Its other parts stay.
#[must_use]
pub(crate) fn with_text(filter: &str, text: &str) -> String {
    let key_of =
        |part: &str| part.split_once(':').map(|(key, _)| key.to_owned()).filter(|key| KEYS.contains(&key.as_str()));
    let others = parts(filter).unwrap_or_default();
    let others = others.iter().filter(|part| key_of(part).is_some_and(|key| key != "text"));
    let text = format!("text:{}", quoted(text));
    others
        .map(|part| part.split_once(':').map_or_else(String::new, |(key, value)| format!("{key}:{}", requoted(value))))
        .chain([text])
        .collect::<Vec<_>>()
        .join(" ")
}

/// Quotes a value that was split off, unless it is a JSON path or a time, which need no quotes.
fn requoted(value: &str) -> String {
    let is_time = |value: &str| value.split(' ').all(|part| part.contains([':', '-']));
    let is_plain = value.starts_with('$') || is_time(value) || !value.contains(['\'', '"', ' ']);
    if is_plain { value.to_owned() } else { quoted(value) }
}

/// Quotes a value. One that contains both kinds of quotes can be shown but not typed.
fn quoted(value: &str) -> String {
    let quote = if value.contains('\'') { '"' } else { '\'' };
    format!("{quote}{value}{quote}")
}

/// Splits a filter at spaces, except inside `'` and `"`. A JSON path without quotes ends at the next key.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let path = rest.strip_prefix("data:").or_else(|| rest.strip_prefix("meta:"));
        let end = if path.is_some_and(|path| path.starts_with('$')) {
            let end = path_end(rest);
            parts.push(rest[..end].trim_end().to_owned());
            end
        } else if let Some(end) = day_and_time_end(rest) {
            parts.push(rest[..end].to_owned());
            end
        } else {
            let (part, end) = word(rest)?;
            // Empty quotes are not a part.
            if !part.is_empty() {
                parts.push(part);
            }
            end
        };
        rest = rest[end..].trim_start();
    }
    Ok(parts)
}

/// Returns the end of a date followed by a time of day, as in `since:2026-03-01 12:00`.
fn day_and_time_end(text: &str) -> Option<usize> {
    let time = text.strip_prefix("since:").or_else(|| text.strip_prefix("until:"))?;
    let (day, rest) = time.split_once(' ')?;
    day.parse::<jiff::civil::Date>().ok()?;
    let clock = rest.split_whitespace().next()?;
    clock.contains(':').then_some(())?;
    clock.parse::<jiff::civil::Time>().ok()?;
    Some(text.len() - rest.len() + (rest.len() - rest.trim_start().len()) + clock.len())
}

/// Returns the text up to the next space, without its quotes, and its end. Quotes with text right after them are kept,
/// as in `"line": 5`.
fn word(text: &str) -> Result<(String, usize), String> {
    let mut part = String::new();
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || (c == '"' && (part.is_empty() || part.ends_with(':')) && ends_a_part(&text[at..])) => {
                quote = Some(c);
            }
            None if c.is_whitespace() => return Ok((part, at)),
            _ => part.push(c),
        }
    }
    match quote {
        Some(open) => Err(format!("unclosed {open}")),
        None => Ok((part, text.len())),
    }
}

/// Whether the text's opening quote is never closed, or is closed at the end of a part.
fn ends_a_part(text: &str) -> bool {
    text[1..].split_once('"').is_none_or(|(_, behind)| behind.is_empty() || behind.starts_with(char::is_whitespace))
}

/// Returns the end of a JSON path: the next key outside the path's strings.
fn path_end(text: &str) -> usize {
    let mut inside = false;
    for (at, c) in text.char_indices() {
        inside ^= c == '"';
        let after = || text[at..].trim_start().split_once(':').is_some_and(|(key, _)| KEYS.contains(&key));
        if !inside && c.is_whitespace() && after() {
            return at;
        }
    }
    text.len()
}

/// Parses a filter. Words without a key are searched as one text, joined by single spaces.
///
/// # Errors
/// Returns the reason for the prompt.
pub(crate) fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Filter, String> {
    let mut filter = Filter::default();
    let mut words: Vec<String> = Vec::new();
    let time = |value: &str| {
        locator::time_in(value, now, zone)
            .ok_or_else(|| format!("\"{value}\" is not a time; use -2h, 12:00 or 2026-03-01"))
    };
    for part in parts(text)? {
        let Some((key, value)) = part.split_once(':') else {
            words.push(part);
            continue;
        };
        if value.is_empty() && KEYS.contains(&key) {
            return Err(format!("{key}: needs a value"));
        }
        match key {
            "type" => filter.types.extend(value.split(',').filter(|name| !name.is_empty()).map(str::to_owned)),
            "stream" => filter.stream_prefix = Some(value.to_owned()),
            "since" => filter.since = Some(time(value)?),
            "until" => filter.until = Some(time(value)?),
            "data" => filter.data_path = Some(value.to_owned()),
            "meta" => filter.metadata_path = Some(value.to_owned()),
            "text" => words.push(value.to_owned()),
            _ => words.push(part),
        }
    }
    if !words.is_empty() {
        filter.text = Some(words.join(" "));
    }
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        return Err("since must be before until".to_owned());
    }
    if text.contains('\0') {
        return Err("Postgres text cannot contain a NUL character".to_owned());
    }
    Ok(filter)
}

/// Returns a filter in words; none if it matches everything.
#[must_use]
pub(crate) fn understood(filter: &Filter, times: &Times, now: Timestamp) -> Option<String> {
    let mut words = Vec::new();
    if !filter.types.is_empty() {
        words.push(format!("type {}", filter.types.join(" or ")));
    }
    let time = |time: Timestamp| times.full(time, now);
    words.extend(filter.stream_prefix.as_ref().map(|prefix| format!("streams {prefix}…")));
    words.extend(filter.since.map(|since| format!("since {}", time(since))));
    words.extend(filter.until.map(|until| format!("until {}", time(until))));
    words.extend(filter.data_path.as_ref().map(|path| format!("data {path}")));
    words.extend(filter.metadata_path.as_ref().map(|path| format!("metadata {path}")));
    words.extend(filter.text.as_ref().map(|text| format!("text \"{text}\"")));
    (!words.is_empty()).then(|| words.join(" · "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_keys_words_and_quotes() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let filter =
            parse("type:A,B stream:account-1 data:'$.amount > 5' two words", now, &TimeZone::UTC).expect("a filter");
        assert_eq!(filter.types, ["A", "B"]);
        assert_eq!(filter.stream_prefix.as_deref(), Some("account-1"));
        assert_eq!(filter.data_path.as_deref(), Some("$.amount > 5"));
        assert_eq!(filter.text.as_deref(), Some("two words"));
        assert!(parse("data:'$.a", now, &TimeZone::UTC).is_err());
        let filter = parse("data:$.name == \"a type:b\" type:C meta:$.n > 5", now, &TimeZone::UTC).expect("a filter");
        assert_eq!(filter.data_path.as_deref(), Some("$.name == \"a type:b\""));
        assert_eq!(
            (filter.types.as_slice(), filter.metadata_path.as_deref()),
            (&["C".to_owned()][..], Some("$.n > 5"))
        );
        assert!(parse("since:nonsense", now, &TimeZone::UTC).is_err());
        let text = |text: &str| parse(text, now, &TimeZone::UTC).expect("a filter");
        assert_eq!(
            text("\"line\": 99").text.as_deref(),
            Some("\"line\": 99"),
            "text right after the quotes keeps them"
        );
        assert_eq!(text("\"two  words\" three").text.as_deref(), Some("two  words three"));
        let filter = text("since:2026-02-27 12:30 until:2026-02-28 x");
        let times = [filter.since, filter.until].map(|time| time.map(|time| time.to_string()));
        assert_eq!(times, [Some("2026-02-27T12:30:00Z".to_owned()), Some("2026-02-28T00:00:00Z".to_owned())]);
        assert_eq!(filter.text.as_deref(), Some("x"));
        let new_york = TimeZone::fixed(jiff::tz::offset(-5));
        let filter = parse("since:12:00", now, &new_york).expect("a filter");
        assert_eq!(filter.since.map(|time| time.to_string()).as_deref(), Some("2026-03-01T17:00:00Z"));
        assert_eq!(parse("  ", now, &TimeZone::UTC), Ok(Filter::default()));
        assert_eq!(parse("''", now, &TimeZone::UTC), Ok(Filter::default()));
    }

    #[test]
    fn another_text_replaces_the_words_and_keeps_the_other_parts() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let zone = TimeZone::UTC;
        for (before, text) in [
            ("", "two words"),
            ("old words", "it's"),
            ("type:A,B since:2026-02-27 12:30 old data:$.name == \"a b\" text:older meta:$.n > 5", "say \"hi\""),
            ("stream:'a b'", "type:x"),
        ] {
            let expected = Filter { text: Some(text.to_owned()), ..parse(before, now, &zone).expect("a filter") };
            let shown = with_text(before, text);
            assert_eq!(parse(&shown, now, &zone), Ok(expected), "{shown}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_parsed_or_rejected(
            text in "((type|stream|since|until|data|meta):|['\"\\\\ ,$.]|[a-z0-9äß\u{202e}]){0,12}",
            other in ".*",
        ) {
            let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
            for text in [text, other] {
                if let Ok(filter) = parse(&text, now, &TimeZone::UTC) {
                    let words = understood(&filter, &crate::app::times::Times::default(), now);
                    proptest::prop_assert_eq!(words.is_none(), filter == Filter::default(), "{:?}", filter);
                }
            }
        }
    }
}
