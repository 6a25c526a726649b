//! Passwords taken out of text before it is printed or logged: those inside connection strings, and those that the
//! program was given. It never decides what is said, only what of it is left.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;

use crate::store::Settings;
use crate::store::connect::Environment;

/// What a password is replaced by.
const STARS: &str = "***";

/// Passwords of connection strings in `text` replaced: `scheme://user:PASSWORD@…` and `password=…`.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    if !text.contains("://") && !text.to_ascii_lowercase().contains("password") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(redact_settings(&redact_urls(text)))
}

fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        // A password may hold '/', '?' or '@' unescaped, so the word is looked at up to its last '@'.
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(tail.len());
        let word = &tail[..end];
        match word.rfind('@').and_then(|host| word[..host].find(':').map(|colon| (colon, host))) {
            Some((colon, host)) => {
                out.push_str(&word[..=colon]);
                out.push_str(STARS);
                out.push_str(&word[host..]);
            }
            None => out.push_str(word),
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

fn redact_settings(text: &str) -> String {
    const KEY: &str = "password";
    // ASCII lower case keeps every byte offset.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut looked_at = 0;
    while let Some(at) = lower[looked_at..].find(KEY) {
        looked_at += at + KEY.len();
        let Some(value) = text[looked_at..].trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let begin = text.len() - value.len();
        out.push_str(&text[from..begin]);
        out.push_str(STARS);
        from = begin + value_length(value);
        looked_at = from;
    }
    out.push_str(&text[from..]);
    out
}

/// How long the value at the beginning of a text is: in quotes, or up to what cannot be in one; `\` stands before any character.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return at + 1,
            '&' | '"' | '\'' | '`' if !quoted => return at,
            c if !quoted && c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

/// The passwords that this run was given, for text that nobody wrote by hand: panics and the log.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of the environment and of a connection string, and what they lead to: password and service files.
    #[must_use]
    pub fn of(url: Option<&str>) -> Self {
        let mut secrets = Self::default();
        if let Ok(password) = env::var("PGPASSWORD") {
            secrets.add(&password);
        }
        let variables = ["STREAMSCOPE_URL", "DATABASE_URL"].iter().filter_map(|name| env::var(name).ok());
        let environment = Environment::of_process();
        for text in variables.chain([url.unwrap_or_default().to_owned()]) {
            secrets.add_from_url(&text, &environment);
        }
        secrets
    }

    fn add_from_url(&mut self, url: &str, environment: &Environment) {
        // What is wrong with it is told when it is used.
        if let Ok(Some(settings)) = Settings::resolve(Some(url), environment) {
            settings.passwords().for_each(|password| self.add(password));
        }
        // As it was typed, too.
        let user_info =
            url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user_info, _)| user_info);
        if let Some((_, password)) = user_info.and_then(|text| text.split_once(':')) {
            self.add(password);
        }
    }

    fn add(&mut self, secret: &str) {
        if !secret.is_empty() && !self.0.iter().any(|known| known == secret) {
            self.0.push(secret.to_owned());
        }
    }

    /// `text` without any of them, and without passwords in connection strings.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut text = redact(text).into_owned();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), STARS);
        }
        text
    }
}

/// The arguments without a `--url` that holds a password, and that URL: none where there is none. Everybody can read the
/// arguments of a process, but only its owner the environment.
#[must_use]
pub fn without_password(arguments: &[OsString]) -> Option<(Vec<OsString>, OsString)> {
    let holds_one = |url: &str| redact(url) != url;
    for (at, argument) in arguments.iter().enumerate().filter_map(|(at, argument)| Some((at, argument.to_str()?))) {
        let (url, words) = match argument.strip_prefix("--url") {
            Some("") => (arguments.get(at + 1).and_then(|url| url.to_str()), 2),
            Some(rest) => (rest.strip_prefix('='), 1),
            None => (None, 0),
        };
        if let Some(url) = url.filter(|url| holds_one(url)) {
            return Some(([&arguments[..at], &arguments[at + words..]].concat(), url.into()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_replaced() {
        assert_eq!(redact("bad postgres://ada:s3cret@h/db here"), "bad postgres://ada:***@h/db here");
        assert_eq!(redact("'postgres://ada:s3@c/r?t@h/db'"), "'postgres://ada:***@h/db'");
        assert_eq!(redact("a postgres://u:x@h b mysql://u:y@h"), "a postgres://u:***@h b mysql://u:***@h");
    }

    #[test]
    fn a_password_in_a_setting_is_replaced() {
        assert_eq!(redact("host=h password=s3cret user=u"), "host=h password=*** user=u");
        assert_eq!(redact("host=h password='s3 cret' user=u"), "host=h password=*** user=u");
        assert_eq!(redact("postgres://h/db?password=s3cret&x=1"), "postgres://h/db?password=***&x=1");
        assert_eq!(redact("PGPASSWORD=s3cret"), "PGPASSWORD=***");
        assert_eq!(redact("host=h password = s3cret user=u"), "host=h password = *** user=u");
        assert_eq!(redact("host=h Password\t=\t's3 cret' user=u"), "host=h Password\t=\t*** user=u");
        assert_eq!(redact(r"password='a\'s3cret' user=u"), "password=*** user=u");
        assert_eq!(redact(r"password=a\ s3cret user=u"), "password=*** user=u");
        assert_eq!(redact("a password, and password=s3cret"), "a password, and password=***");
    }

    #[test]
    fn text_without_a_password_stays() {
        for text in ["postgres://ada@h:5432/db", "no password here", "ä://ö", "://", "password="] {
            let left = redact(text).replace("password=***", "password=");
            assert_eq!(left, text);
        }
    }

    #[test]
    fn known_secrets_are_replaced_wherever_they_stand() {
        let mut secrets = Secrets::default();
        let environment = Environment::default();
        secrets.add_from_url("postgres://ada:p%40ss@h/db", &environment);
        secrets.add_from_url("host=h user=ada password='hun\\'ter 2'", &environment);
        secrets.add_from_url("postgres://ada@h/db?password=s3%2Fcret", &environment);
        assert_eq!(secrets.redact("said p@ss and p%40ss, hun'ter 2, s3/cret"), "said *** and ***, ***, ***");
    }

    #[test]
    fn a_url_with_a_password_is_taken_out_of_the_arguments_and_no_other() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (given, left) in [
            ("scope --url postgres://ada:s3cret@h/db get a", "scope get a"),
            ("scope get a --url=postgres://ada:s3cret@h/db", "scope get a"),
            ("scope --url postgres://ada@h/db?password=s3cret", "scope"),
        ] {
            let (arguments, url) = without_password(&words(given)).expect("a password is in it");
            assert_eq!(arguments, words(left));
            assert!(url.to_str().is_some_and(|url| url.contains("s3cret")), "{url:?}");
        }
        for given in
            ["scope --url postgres://ada@h:1/db get a", "scope get --url", "scope", "scope write a B --data {}"]
        {
            assert_eq!(without_password(&words(given)), None, "{given}");
        }
    }
}
