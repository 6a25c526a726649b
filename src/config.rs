//! The configuration file: keys, appearance and profiles. Every setting is optional, and an error names its line and column.
//! The file is never written.

pub(crate) mod colors;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::keymap::{Action, Chord, Context, KeyMap};
use crate::store::trace::{LinkRule, LinkTarget, Path as MetadataPath};
use crate::store::{Settings, connect};
use crate::{own_files, utf8};
use colors::{Colors, Paint, ThemeName};

/// The contents of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The colours of the screen.
    #[serde(default)]
    pub theme: ThemeName,
    /// Colours of single parts of the screen, in place of the theme's.
    #[serde(default)]
    pub colors: Colors,
    /// ASCII characters instead of line drawing.
    #[serde(default)]
    pub ascii: bool,
    /// The mouse selects and scrolls. If false, the selection of the terminal works.
    #[serde(default = "yes")]
    pub mouse: bool,
    /// The initial format of times.
    #[serde(default)]
    pub times: TimeFormat,
    /// Keys of actions: `[[keys]] action = "quit" keys = ["ctrl-q"]`.
    #[serde(default)]
    keys: Vec<Binding>,
    #[serde(default)]
    profile: Vec<Environment>,
    /// Conventions for links between messages, which come before the built-in ones.
    #[serde(default)]
    links: Vec<LinkConvention>,
}

/// Where metadata names the cause or the workflow of a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkConvention {
    /// The name that results show.
    name: String,
    /// Path of the cause in metadata, such as `$.headers.parent`.
    #[serde(default, deserialize_with = "parsed_some")]
    cause: Option<MetadataPath>,
    /// What it names: `id`, `stream@position`, `global position`, or a path in the metadata of the cause.
    #[serde(default = "an_id", deserialize_with = "parsed")]
    to: LinkTarget,
    /// Path of a value that all messages of a workflow share.
    #[serde(default, deserialize_with = "parsed_some")]
    workflow: Option<MetadataPath>,
}

/// The keys of an action.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    #[serde(default = "anywhere")]
    context: Context,
    #[serde(deserialize_with = "parsed")]
    action: Action,
    keys: Vec<Key>,
}

/// A key, written as `ctrl-q`.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Key(#[serde(deserialize_with = "parsed")] Chord);

/// A format of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TimeFormat {
    #[default]
    Utc,
    /// In the time zone of this machine.
    Local,
    /// As an age by the clock of the server.
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    /// The profile applies to every target (`user@host/database`) that contains this text.
    target: Option<String>,
    name: String,
    /// The database that the profile offers for connecting, without a password.
    url: Option<String>,
    color: Option<Paint>,
    #[serde(default)]
    production: bool,
    /// A command for `sh` that prints the password.
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

fn an_id() -> LinkTarget {
    LinkTarget::Id
}

fn yes() -> bool {
    true
}

fn anywhere() -> Context {
    Context::Anywhere
}

impl Config {
    /// Returns the path of the file, which `STREAMSCOPE_CONFIG` overrides.
    #[must_use]
    pub(crate) fn path() -> Option<PathBuf> {
        if let Some(path) = Self::named() {
            return Some(path);
        }
        let directories = directories::ProjectDirs::from("", "", "streamscope")?;
        Some(directories.config_dir().join("config.toml"))
    }

    /// Returns the path in `STREAMSCOPE_CONFIG`. That file must exist.
    fn named() -> Option<PathBuf> {
        std::env::var_os("STREAMSCOPE_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
    }

    /// Reads the file, or returns the defaults if there is none.
    ///
    /// # Errors
    /// The file cannot be read or has a mistake, whose line and column are named.
    pub(crate) fn load() -> Result<Self, String> {
        match Self::path() {
            Some(path) => Self::read(&path, Self::named().is_some()),
            None => Self::parse(""),
        }
    }

    fn read(path: &Path, must_exist: bool) -> Result<Self, String> {
        let bytes = match own_files::read_trusted(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !must_exist => Vec::new(),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        let text = utf8::into_text(bytes).map_err(|error| format!("{} {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = &text[..error.span().map_or(0, |span| span.start)];
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: {}", error.message().replace('\n', ", "))
        })?;
        match config.profile.iter().find(|profile| profile.target.is_none() && profile.url.is_none()) {
            Some(Environment { name, .. }) => Err(format!("the profile '{name}' has neither a target nor a url")),
            None => Ok(config),
        }
    }

    /// Returns the default key map, overridden by the keys in the file.
    #[must_use]
    pub(crate) fn keymap(&self) -> KeyMap {
        let mut map = KeyMap::default();
        for Binding { context, action, keys } in &self.keys {
            let keys: Vec<Chord> = keys.iter().map(|key| key.0).collect();
            map.rebind(*context, *action, &keys);
        }
        map
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
        let rule = |link: &LinkConvention| LinkRule {
            name: link.name.clone(),
            cause: link.cause.clone(),
            to: link.to.clone(),
            workflow: link.workflow.clone(),
        };
        self.links.iter().map(rule).collect()
    }

    /// Returns the profiles with a URL, by name, and their URLs.
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.profile.iter().filter_map(|profile| Some((profile.name.as_str(), profile.url.as_deref()?)))
    }

    /// Returns the password command in the profile of a target, if there is one.
    #[must_use]
    pub(crate) fn password_command_of(&self, target: &str) -> Option<&str> {
        self.environment_of(target)?.password_command.as_deref()
    }

    fn environment_of(&self, target: &str) -> Option<&Environment> {
        self.profile.iter().rev().find(|profile| profile.applies_to(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_keys_appearance_and_profiles() {
        let config = Config::parse(
            "ascii = true\nmouse = false\ntimes = \"local\"\n\
             [[keys]]\naction = \"quit\"\nkeys = [\"ctrl-q\"]\n\
             [[profile]]\ntarget = \"@db.example.com\"\nname = \"production\"\ncolor = \"red\"\nproduction = true\n\
             password_command = \"print-token\"\n",
        )
        .expect("a configuration");
        assert!(config.ascii && !config.mouse && config.times == TimeFormat::Local);
        assert!(config.profile_of("app@db.example.com/shop").production);
        assert!(!config.profile_of("app@localhost/shop").production);
        assert_eq!(config.password_command_of("app@db.example.com/shop"), Some("print-token"));
        assert_eq!(config.password_command_of("app@localhost/shop"), None);
        assert_eq!(config.keymap().key(Action::Quit), "Ctrl-Q");
    }

    #[test]
    fn reads_conventions_for_links() {
        let config = Config::parse(
            "[[links]]\nname = \"ours\"\ncause = \"$.x.parent\"\nto = \"$.headers.id\"\nworkflow = \"$.x.flow\"\n",
        )
        .expect("a configuration");
        let rules = config.link_rules();
        assert_eq!(rules.len(), 1);
        assert_eq!((rules[0].name.as_str(), &rules[0].to), ("ours", &"$.headers.id".parse().expect("a target")));
        let error = Config::parse("[[links]]\nname = \"a\"\ncause = \"parent\"").expect_err("a mistake");
        assert!(error.contains("line 3, column 9: 'parent' is not a path"), "{error}");
    }

    #[test]
    fn a_profile_applies_to_its_target_and_to_the_database_of_its_url() {
        let config = Config::parse(
            "[[profile]]\nname = \"production\"\nurl = \"postgres://app@db.example.com:6432/shop\"\nproduction = true\n",
        )
        .expect("a configuration");
        assert!(config.profile_of("app@db.example.com:6432/shop").production);
        assert!(!config.profile_of("app@db.example.com:6432/shop2").production);
        let offered: Vec<_> = config.databases().collect();
        assert_eq!(offered, [("production", "postgres://app@db.example.com:6432/shop")]);
        let error = Config::parse("[[profile]]\nname = \"nothing\"\n").expect_err("applies to nothing");
        assert_eq!(error, "the profile 'nothing' has neither a target nor a url");
    }

    #[test]
    fn the_mouse_is_on_by_default() {
        assert!(Config::parse("").expect("an empty file is valid").mouse);
    }

    #[test]
    fn skips_a_byte_order_mark_and_rejects_utf_16() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "\u{feff}ascii = true\n").expect("written");
        assert!(Config::read(&path, true).expect("a configuration").ascii);
        let utf16 = "ascii = true\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        std::fs::write(&path, utf16).expect("written");
        let error = Config::read(&path, true).expect_err("not UTF-8");
        assert!(error.contains("config.toml is UTF-16LE, not UTF-8"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn rejects_a_file_that_everybody_can_write() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "ascii = true\n").expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("set");
        let error = Config::read(&path, false).expect_err("not to be trusted");
        assert!(error.contains("everyone can write"), "{error}");
    }

    #[test]
    fn reports_a_mistake_in_one_line_with_its_position() {
        for (text, told) in [
            ("ascii = true\ncolour = 1", "line 2, column 1: unknown field `colour`"),
            ("ascii = tru", "line 1, column 9: "),
            ("[[keys]]\naction = \"fly\"\nkeys = [\"x\"]", "line 2, column 10: unknown action 'fly'"),
            ("[[keys]]\naction = \"quit\"\nkeys = [\"x\", \"hyper-x\"]", "line 3, column 14: unknown key 'hyper-x'"),
            ("[[profile]]\ntarget = \"a\"\nname = \"b\"\ncolor = \"rad\"", "line 4, column 9: unknown colour 'rad'"),
        ] {
            let error = Config::parse(text).expect_err("a mistake");
            assert!(error.starts_with(told) && !error.contains('\n'), "{error}");
        }
    }
}
