//! The filter prompt: words and `key:value` parts become a [`Filter`] that the server applies. What was typed is kept and
//! shown while it is in force.
//!
//! `type:Deposited,Withdrawn stream:account-1 since:-2h until:2026-03-01 data:'$.amount > 5' meta:'$.x' any text`

use crossterm::event::{KeyCode, KeyEvent};
use jiff::Timestamp;

use super::dialog::Dialog;
use super::input::Input;
use super::{Effect, State};
use crate::locator;
use crate::store::browse::{Filter, PageFrom};

/// The prompt, and what is wrong with what is typed.
#[derive(Debug)]
pub struct FilterPrompt {
    /// What is typed.
    pub input: Input,
    /// What is wrong with it.
    pub problem: Option<String>,
}

impl FilterPrompt {
    pub(super) fn paste(&mut self, text: &str) {
        self.input.paste(text);
        self.problem = None;
    }
}

/// Splits at spaces; quotes (`'` or `"`) hold a part together.
fn parts(text: &str) -> Result<Vec<String>, String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || (c == '"' && (part.is_empty() || part.ends_with(':'))) => quote = Some(c),
            None if c.is_whitespace() => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            _ => part.push(c),
        }
    }
    if let Some(open) = quote {
        return Err(format!("a {open} is not closed"));
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}

/// Reads a filter as it is typed. Words without a key are looked for as text, in this order and with one space between.
///
/// # Errors
/// What is wrong, in words for the prompt.
pub fn parse(text: &str, now: Timestamp) -> Result<Filter, String> {
    let mut filter = Filter::default();
    let mut words: Vec<String> = Vec::new();
    let time = |value: &str| locator::parse_time(value, now).ok_or_else(|| format!("'{value}' is not a time"));
    for part in parts(text)? {
        let Some((key, value)) = part.split_once(':') else {
            words.push(part);
            continue;
        };
        if value.is_empty() && matches!(key, "type" | "stream" | "since" | "until" | "data" | "meta" | "text") {
            return Err(format!("nothing after {key}:"));
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
        return Err("since is not before until".to_owned());
    }
    if text.contains('\0') {
        return Err("Postgres text cannot hold a NUL character".to_owned());
    }
    Ok(filter)
}

impl State {
    pub(super) fn open_filter(&mut self) -> Vec<Effect> {
        let input = Input::new(&self.messages.filter_text);
        self.dialog = Some(Dialog::Filter(FilterPrompt { input, problem: None }));
        Vec::new()
    }

    pub(super) fn filter_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let now = self.now;
        let Some(Dialog::Filter(prompt)) = &mut self.dialog else { return Vec::new() };
        if key.code != KeyCode::Enter {
            if prompt.input.key(key) {
                prompt.problem = parse(prompt.input.text(), now).err();
            }
            return Vec::new();
        }
        let text = prompt.input.text().trim().to_owned();
        match parse(&text, now) {
            Ok(filter) => {
                self.dialog = None;
                self.focus = super::layout::Pane::Messages;
                self.messages.filter = filter;
                self.messages.filter_text = text;
                self.read_from(PageFrom::End).into_iter().collect()
            }
            Err(problem) => {
                prompt.problem = Some(problem);
                Vec::new()
            }
        }
    }

    pub(super) fn clear_filter(&mut self) -> Vec<Effect> {
        let selected = self.messages.selection().map(|head| self.messages.number(head));
        self.messages.filter = Filter::default();
        self.messages.filter_text.clear();
        match selected {
            Some(number) => self.read_around(number).into_iter().collect(),
            None => self.read_from(PageFrom::End).into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_words_become_parts_of_the_filter() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let filter = parse("type:A,B stream:account-1 data:'$.amount > 5' two words", now).expect("a filter");
        assert_eq!(filter.types, ["A", "B"]);
        assert_eq!(filter.stream_prefix.as_deref(), Some("account-1"));
        assert_eq!(filter.data_path.as_deref(), Some("$.amount > 5"));
        assert_eq!(filter.text.as_deref(), Some("two words"));
        assert!(parse("data:'$.a", now).is_err());
        assert!(parse("since:nonsense", now).is_err());
        assert_eq!(parse("  ", now), Ok(Filter::default()));
    }
}
