//! The databases that the screen can connect to, as data. A typed URL may contain a password, so it is neither shown
//! nor logged as it is. Connecting itself belongs to the runtime.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use crate::redact::redact;

/// What to connect to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ConnectTo {
    /// The profile of this name in the configuration file.
    Profile(String),
    /// The service of this name in the service file.
    Service(String),
    /// The user's embedded store.
    Embedded,
    /// Sample data in a temporary store.
    #[cfg_attr(not(feature = "embedded"), allow(dead_code, reason = "the demo is an embedded store"))]
    Demo,
    /// A URL, or any other connection string that psql takes.
    Url(String),
}

impl fmt::Debug for ConnectTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "Url({:?})", redact(url)),
            other => f.write_str(&other.name()),
        }
    }
}

impl ConnectTo {
    /// Returns its name on screen, without a password.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Profile(name) => format!("profile {name}"),
            Self::Service(name) => format!("service {name}"),
            Self::Embedded => "your embedded store".to_owned(),
            Self::Demo => "the demo".to_owned(),
            Self::Url(url) => masked(url),
        }
    }
}

/// A database that is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub to: ConnectTo,
    /// Its server and database, or what else helps to choose it.
    pub detail: String,
}

/// The databases that are offered, and what is known about the current one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections {
    pub choices: Vec<Choice>,
    /// The directory of the user's embedded store, if nothing else was configured.
    pub default_store: Option<PathBuf>,
    /// The databases were offered at the start.
    pub were_offered: bool,
}

impl Connections {
    /// Returns true if there are databases that the user has configured somewhere.
    #[must_use]
    pub(crate) fn any_configured(&self) -> bool {
        self.choices.iter().any(|choice| matches!(choice.to, ConnectTo::Profile(_) | ConnectTo::Service(_)))
    }
}

/// Returns a connection string that may be incomplete, with a star for every character that may belong to a password.
#[must_use]
pub(crate) fn masked(text: &str) -> String {
    let hidden: Vec<Range<usize>> = in_user_info(text).into_iter().chain(in_settings(text)).collect();
    let is_hidden = |at: usize| hidden.iter().any(|range| range.contains(&at));
    text.char_indices().map(|(at, c)| if is_hidden(at) { '*' } else { c }).collect()
}

/// Returns the password in `scheme://user:PASSWORD@…`. Until the text shows that it is a port, whatever follows the
/// colon may be a password.
fn in_user_info(text: &str) -> Option<Range<usize>> {
    let start = match text.find("://") {
        Some(at) => at + 3,
        None if text.starts_with("postgres:") || text.starts_with("postgresql:") => return None,
        None => 0,
    };
    let rest = &text[start..];
    if let Some(host) = rest.rfind('@') {
        let colon = rest[..host].find(':')?;
        return Some(start + colon + 1..start + host);
    }
    let host = if rest.starts_with('[') { rest.find(']').unwrap_or(rest.len()) } else { 0 };
    let colon = host + rest[host..].find(':')? + 1;
    let end = rest[colon..].find(['/', '?']).map(|end| colon + end);
    let is_port = end.is_some_and(|end| rest[colon..end].parse::<u16>().is_ok());
    (!is_port).then_some(start + colon..text.len())
}

/// Returns the values of `password=…` and `sslpassword=…`, in a URL and elsewhere.
fn in_settings(text: &str) -> Vec<Range<usize>> {
    const KEY: &str = "password";
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find(KEY) {
        from += at + KEY.len();
        let Some(value) = text[from..].trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let begin = text.len() - value.len();
        let end = match value.strip_prefix('\'') {
            Some(quoted) => quoted_end(quoted).map_or(text.len(), |end| begin + 1 + end),
            None => value.find(|c: char| c.is_whitespace() || c == '&').map_or(text.len(), |end| begin + end),
        };
        found.push(begin..end);
        from = end;
    }
    found
}

/// Returns the end of a quoted value: a quote at the end of a word that no backslash precedes.
fn quoted_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, c)| {
        let ends = c == '\'' && !escaped && !text[at + 1..].starts_with(|next: char| !next.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_whatever_may_be_a_password_while_it_is_typed() {
        for (typed, shown) in [
            ("postgres://ada:s3cret@db:5432/shop", "postgres://ada:******@db:5432/shop"),
            ("postgres://ada:s3c", "postgres://ada:***"),
            ("postgres://ada:12345", "postgres://ada:*****"),
            ("postgres://db:5432/shop", "postgres://db:5432/shop"),
            ("postgres://ada:a/b@c", "postgres://ada:***@c"),
            ("postgres://ada:a/b", "postgres://ada:***"),
            ("postgres://ada:p@ss@db/shop", "postgres://ada:****@db/shop"),
            ("postgres://[::1]:5432/shop", "postgres://[::1]:5432/shop"),
            ("postgres:", "postgres:"),
            ("ada:s3cret@db", "ada:******@db"),
            (
                "postgres://ada@db/shop?password=s3cret&sslmode=require",
                "postgres://ada@db/shop?password=******&sslmode=require",
            ),
            ("host=db password = 'it''s' user=ada", "host=db password = ******' user=ada"),
            ("host=db password='a\\'b c' user=ada", "host=db password=*******' user=ada"),
            ("host=db PASSWORD=s3cret", "host=db PASSWORD=******"),
            ("service=shop", "service=shop"),
        ] {
            assert_eq!(masked(typed), shown);
        }
    }

    #[test]
    fn debug_output_contains_no_password() {
        let to = ConnectTo::Url("postgres://ada:s3cret@db/shop".to_owned());
        assert_eq!(format!("{to:?}"), r#"Url("postgres://ada:***@db/shop")"#);
        assert_eq!(to.name(), "postgres://ada:******@db/shop");
    }

    proptest::proptest! {
        #[test]
        fn the_length_stays(text in ".{0,40}") {
            proptest::prop_assert_eq!(masked(&text).chars().count(), text.chars().count());
        }
    }
}
