//! Removes the passwords of this run from text before it is printed or logged, and from the command line. This module
//! never decides what is printed.

use std::env;
use std::ffi::OsString;

use crate::redact::{STARS, redact};
use crate::store::Settings;
use crate::store::connect::Environment;

/// The passwords of this run, to be removed from text with unknown parts: panics and the log.
#[derive(Debug, Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// Collects the passwords of the environment, of a connection string, and of the password and service files that
    /// they name.
    #[must_use]
    pub(super) fn of(url: Option<&str>) -> Self {
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
        // An invalid URL is reported when it is used.
        if let Ok(Some(settings)) = Settings::resolve(Some(url), environment) {
            settings.passwords().for_each(|password| self.add(&password));
        }
        // The password as it was typed, without decoding.
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

    /// Replaces these passwords in a text, and those in connection strings.
    #[must_use]
    pub(super) fn redact(&self, text: &str) -> String {
        let mut text = redact(text).into_owned();
        for secret in &self.0 {
            text = text.replace(secret.as_str(), STARS);
        }
        text
    }
}

/// Returns the arguments without a `--url` that contains a password, and that URL; `None` if there is no such URL. All
/// users can read the arguments of a process, but only its owner can read its environment.
#[must_use]
pub(super) fn without_password(arguments: &[OsString]) -> Option<(Vec<OsString>, OsString)> {
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
    fn replaces_known_secrets_anywhere_in_a_text() {
        let mut secrets = Secrets::default();
        let environment = Environment::default();
        secrets.add_from_url("postgres://ada:p%40ss@h/db", &environment);
        secrets.add_from_url("host=h user=ada password='hun\\'ter 2'", &environment);
        secrets.add_from_url("postgres://ada@h/db?password=s3%2Fcret", &environment);
        assert_eq!(secrets.redact("said p@ss and p%40ss, hun'ter 2, s3/cret"), "said *** and ***, ***, ***");
    }

    #[test]
    fn removes_only_a_url_with_a_password_from_the_arguments() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (given, left) in [
            ("scope --url postgres://ada:s3cret@h/db get a", "scope get a"),
            ("scope get a --url=postgres://ada:s3cret@h/db", "scope get a"),
            ("scope --url postgres://ada@h/db?password=s3cret", "scope"),
        ] {
            let (arguments, url) = without_password(&words(given)).expect("a URL with a password");
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
