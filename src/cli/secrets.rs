//! Passwords taken out of text before it is printed or logged: those inside connection strings, and those that the
//! program was given. It never decides what is said, only what of it is left.

use std::borrow::Cow;
use std::env;

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
    const KEY: &str = "password=";
    // ASCII lower case keeps every byte offset.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(at) = lower[from..].find(KEY) {
        let value = from + at + KEY.len();
        out.push_str(&text[from..value]);
        out.push_str(STARS);
        let tail = &text[value..];
        let length = match tail.strip_prefix('\'') {
            Some(quoted) => quoted.find('\'').map_or(tail.len(), |end| end + 2),
            None => tail.find(|c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '`')).unwrap_or(tail.len()),
        };
        from = value + length;
    }
    out.push_str(&text[from..]);
    out
}

/// The passwords that this run was given, for text that nobody wrote by hand: panics and the log.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those of the environment and of a connection string.
    #[must_use]
    pub fn of(url: Option<&str>) -> Self {
        let mut secrets = Self::default();
        if let Ok(password) = env::var("PGPASSWORD") {
            secrets.add(&password);
        }
        for text in ["STREAMSCOPE_URL", "DATABASE_URL"].iter().filter_map(|name| env::var(name).ok()) {
            secrets.add_from_url(&text);
        }
        if let Some(url) = url {
            secrets.add_from_url(url);
        }
        secrets
    }

    fn add_from_url(&mut self, url: &str) {
        let user_info =
            url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map(|(user_info, _)| user_info);
        if let Some((_, password)) = user_info.and_then(|text| text.split_once(':')) {
            self.add(password);
            self.add(&percent_encoding::percent_decode_str(password).decode_utf8_lossy());
        }
    }

    fn add(&mut self, secret: &str) {
        if !secret.is_empty() {
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
        secrets.add_from_url("postgres://ada:p%40ss@h/db");
        assert_eq!(secrets.redact("said p@ss and p%40ss"), "said *** and ***");
    }
}
