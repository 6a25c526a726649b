//! Removes the passwords of this run from text before it is printed or logged, and from the command line. This module
//! never decides what is printed.

use std::env;
use std::ffi::OsString;

use crate::cli::database::URL_VARIABLES;
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
        let variables = URL_VARIABLES.iter().filter_map(|name| env::var(name).ok());
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

/// Replaces the URL in the arguments by another one.
#[must_use]
pub(super) fn with_url(arguments: &[OsString], url: &str, other: &str) -> Vec<OsString> {
    let mut arguments = arguments.to_vec();
    let attached = format!("--url={url}");
    let after_option = arguments.windows(2).position(|pair| pair[0] == "--url" && pair[1] == url).map(|at| at + 1);
    // Without the option, it is the first argument.
    let alone = || arguments.iter().position(|argument| argument == url);
    if let Some(at) = arguments.iter().position(|argument| *argument == *attached) {
        arguments[at] = format!("--url={other}").into();
    } else if let Some(at) = after_option.or_else(alone) {
        arguments[at] = other.into();
    }
    arguments
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
    fn replaces_the_url_wherever_it_was_given() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        for (given, expected) in [
            ("scope --url x://a:s@h get a", "scope --url x://a@h get a"),
            ("scope get a --url=x://a:s@h", "scope get a --url=x://a@h"),
            ("scope x://a:s@h get a", "scope x://a@h get a"),
            ("scope write x://a:s@h B --url x://a:s@h", "scope write x://a:s@h B --url x://a@h"),
        ] {
            assert_eq!(with_url(&words(given), "x://a:s@h", "x://a@h"), words(expected));
        }
    }
}
