//! The configuration file: keys, appearance and profiles. Every setting is optional, and an error names its line and
//! column. The file is never written. To add a section, give [`Config`] a field whose type derives `Deserialize` and
//! `JsonSchema`: its comments and examples appear in the schema and in the printed defaults.

pub(crate) mod colors;
mod consumers;
pub(crate) mod defaults;
mod doctor;
mod file;
mod folds;
mod keys;
mod links;
mod problems;
pub(crate) mod pulse;
pub(crate) mod schema;
pub(crate) mod themes;
pub(crate) mod type_rules;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use toml::Spanned;

use crate::keymap::KeyMap;
use crate::store::consumers::ConsumerQuery;
use crate::store::doctor::DoctorLimits;
use crate::store::trace::LinkRule;
use crate::store::{Settings, connect};
use colors::{Colors, Paint};
use consumers::ConsumerSource;
use doctor::DoctorSection;
pub(crate) use file::Unreadable;
use folds::CategoryFold;
use keys::Binding;
use links::LinkConvention;
pub(crate) use problems::Problem;
use pulse::PulseLimits;
use themes::ThemeName;
use type_rules::TypeRule;

/// The contents of the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The colours of the screen.
    #[serde(default)]
    pub theme: ThemeName,
    /// Colours of single parts of the screen, in place of the theme's: a name such as "blue" or "bright-blue",
    /// "default", a number of the 256-colour palette, or "#rrggbb".
    #[serde(default)]
    pub colors: Colors,
    /// Draw lines and symbols in plain ASCII.
    #[serde(default)]
    pub ascii: bool,
    /// Select, scroll and resize with the mouse. If false, the mouse is left to the terminal, which can select text.
    #[serde(default = "yes")]
    pub mouse: bool,
    /// The initial format of times.
    #[serde(default)]
    pub times: TimeFormat,
    /// The limits at which values in the pulse of a namespace (P) turn amber or red. Durations have a unit: ms, s, m,
    /// h, d or w.
    #[serde(default)]
    pub pulse: PulseLimits,
    /// Colours of message types. The first rule that matches decides.
    #[serde(default)]
    pub types: Vec<TypeRule>,
    /// Keys of actions.
    #[serde(default)]
    keys: Vec<Binding>,
    /// Environments, such as production. If several match, the last one applies.
    #[serde(default)]
    #[schemars(with = "Vec<Environment>")]
    profile: Vec<Spanned<Environment>>,
    /// Conventions for links between messages, which come before the built-in ones.
    #[serde(default)]
    links: Vec<LinkConvention>,
    /// jq programs that compute the states of streams on the screen (S), by category. The files are read again at each
    /// step. A relative path starts at the directory of this file.
    #[serde(default)]
    folds: Vec<CategoryFold>,
    /// Queries for consumers that follow none of the built-in conventions. Each runs in a read-only transaction for at
    /// most two seconds, with only `pg_catalog` on the search path, so name the schema of each table.
    #[serde(default)]
    consumers: Vec<ConsumerSource>,
    /// The limits at which the command doctor warns or fails.
    #[serde(default)]
    doctor: DoctorSection,
}

/// A format of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TimeFormat {
    /// In UTC.
    #[default]
    Utc,
    /// In the time zone of this machine.
    Local,
    /// As an age, by the server's clock.
    Relative,
}

/// An environment, such as production, and the care that it needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Shown in the header (`local`, `production`).
    pub name: String,
    /// The colour of the name.
    pub color: Option<ratatui::style::Color>,
    /// Draws a red frame, and asks for an upper-case `Y` before writing.
    pub production: bool,
}

/// A profile and the targets to which it applies.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Environment {
    /// The profile applies to every user@host/database that contains this text.
    #[serde(default)]
    #[schemars(with = "String", example = &"@db.example.org")]
    target: Option<String>,
    /// The name in the header.
    #[schemars(example = &"production")]
    name: String,
    /// The database that the profile offers for connecting, without a password.
    #[serde(default)]
    #[schemars(with = "String", example = &"postgres://app@db.example.org/shop")]
    url: Option<String>,
    /// The colour of the name.
    #[serde(default)]
    #[schemars(with = "Paint", example = &"red")]
    color: Option<Paint>,
    /// Draw a red frame, and ask before writing.
    #[serde(default)]
    #[schemars(example = true)]
    production: bool,
    /// A command for sh that prints the password.
    #[serde(default)]
    #[schemars(with = "String", example = &"print-token")]
    password_command: Option<String>,
}

impl Environment {
    /// Returns true for a target that contains the profile's text, and for the one of its URL.
    fn applies_to(&self, target: &str) -> bool {
        let is_own = |url: &String| {
            let settings = Settings::resolve(Some(url), &connect::Environment::of_process());
            settings.is_ok_and(|settings| settings.is_some_and(|settings| settings.target() == target))
        };
        self.target.as_ref().is_some_and(|part| target.contains(part)) || self.url.as_ref().is_some_and(is_own)
    }
}

/// Parses a value while the file is read, so that an error names its line and column.
fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

/// Like [`parsed`], for a setting that can be absent.
fn parsed_some<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

fn yes() -> bool {
    true
}

impl Config {
    /// Returns the problems that no single value shows.
    fn mistakes(&self) -> Vec<problems::Mistake> {
        let useless = |profile: &&Spanned<Environment>| {
            let Environment { target, url, .. } = profile.get_ref();
            target.is_none() && url.is_none()
        };
        let useless = self.profile.iter().filter(useless).map(|profile| {
            let what = format!("the profile \"{}\" has neither a target nor a url. Add one", profile.get_ref().name);
            (profile.span(), what)
        });
        useless.chain(keys::mistakes(&self.keys)).collect()
    }

    /// Returns the bindings without which there is no way out of a dialog or the program.
    fn lost_ways_out(&self) -> Vec<problems::Mistake> {
        keys::lost_ways_out(&self.keys)
    }

    /// Returns what the user should know about a configuration without mistakes.
    #[must_use]
    pub(crate) fn notes(&self) -> Vec<String> {
        keys::notes(&self.keys)
    }

    /// Returns the default key map, overridden by the keys in the file.
    #[must_use]
    pub(crate) fn keymap(&self) -> KeyMap {
        keys::keymap(&self.keys)
    }

    /// Returns the profile of a target. The last one that applies wins.
    #[must_use]
    pub(crate) fn profile_of(&self, target: &str) -> Profile {
        self.environment_of(target).map_or_else(Profile::default, |profile| Profile {
            name: profile.name.clone(),
            color: profile.color.map(|paint| paint.0),
            production: profile.production,
        })
    }

    /// Returns the user's conventions for links between messages.
    #[must_use]
    pub(crate) fn link_rules(&self) -> Vec<LinkRule> {
        self.links.iter().map(LinkConvention::rule).collect()
    }

    /// Returns the user's queries for consumers in a namespace of a target.
    #[must_use]
    pub(crate) fn consumer_queries(&self, target: &str, namespace: &str) -> Vec<ConsumerQuery> {
        consumers::queries(&self.consumers, target, namespace)
    }

    /// Returns the limits of doctor's checks.
    #[must_use]
    pub(crate) fn doctor_limits(&self) -> DoctorLimits {
        self.doctor.limits()
    }

    /// Returns the file with the jq program for the streams of a category, if there is one.
    #[must_use]
    pub(crate) fn fold_of(&self, category: &str) -> Option<PathBuf> {
        let path = Self::path().unwrap_or_default();
        self.fold_in(category, path.parent().unwrap_or(Path::new("")))
    }

    fn fold_in(&self, category: &str, directory: &Path) -> Option<PathBuf> {
        folds::file(&self.folds, category, directory)
    }

    /// Returns the profiles with a URL, by name, and their URLs.
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.profile
            .iter()
            .map(Spanned::get_ref)
            .filter_map(|profile| Some((profile.name.as_str(), profile.url.as_deref()?)))
    }

    /// Returns the password command in the profile of a target, if there is one.
    #[must_use]
    pub(crate) fn password_command_of(&self, target: &str) -> Option<&str> {
        self.environment_of(target)?.password_command.as_deref()
    }

    fn environment_of(&self, target: &str) -> Option<&Environment> {
        self.profile.iter().map(Spanned::get_ref).rev().find(|profile| profile.applies_to(target))
    }
}

#[cfg(test)]
mod tests;
