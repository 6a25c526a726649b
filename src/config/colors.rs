//! Colours as the configuration names them, and the roles that have one. Nothing here draws: the theme of the screen
//! turns roles into styles.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ratatui::style::Color;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::nearest::suggestion;

macro_rules! roles {
    ($($name:ident = $id:literal, $meaning:literal;)*) => {
        /// A part of the screen with a colour of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Role { $(#[doc = $meaning] $name,)* }

        impl Role {
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in the configuration file.
            #[must_use]
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// The description in the schema and the printed defaults.
            #[must_use]
            pub(crate) fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

        }
    };
}

roles! {
    Text = "text", "Text without a colour of its own";
    Background = "background", "The background of the whole screen";
    Border = "border", "Borders of panes";
    Focused = "focused", "The border of the focused pane";
    Title = "title", "Titles";
    Selected = "selected", "The selected row, drawn in reverse video";
    SelectedElsewhere = "selected-elsewhere", "The selected row of a pane without the focus";
    Marker = "marker", "The marker beside the selection that is shown";
    WeakMarker = "marker-weak", "The marker beside selections that lead to the shown one";
    Marked = "marked", "Marked messages";
    Match = "match", "Matches of a search";
    Dim = "dim", "Secondary text";
    Repeated = "repeated", "Text that repeats the row above";
    Key = "key", "Keys in the footer and in dialogs";
    Done = "done", "Success, and following without delay";
    Warning = "warning", "Warnings: late messages, read-only mode, waiting";
    Problem = "problem", "Errors and stalls";
    TypeError = "type-error", "Types of messages that report a failure";
    JsonKey = "json-key", "Names of JSON members";
    JsonString = "json-string", "JSON strings";
    JsonNumber = "json-number", "JSON numbers";
    JsonLiteral = "json-literal", "true, false and null";
    Link = "link", "Values that lead to another message or stream";
    Scrollbar = "scrollbar", "Scrollbars";
    Timeline = "timeline", "The timeline above the messages";
    TimelineVisible = "timeline-visible", "The part of the timeline that the list shows";
    Added = "added", "Values only in the second of two compared messages";
    Removed = "removed", "Values only in the first of two compared messages";
    Changed = "changed", "Values that differ between compared messages";
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|role| role.id() == text).ok_or_else(|| {
            let meant = suggestion(text, Self::ALL.iter().map(|role| role.id()));
            format!("unknown part of the screen \"{text}\".{meant}")
        })
    }
}

/// A colour as users write it: a name, a number of the 256-colour palette, or `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paint(pub Color);

/// The names of the terminal's colours.
pub(crate) const NAMES: [&str; 17] = [
    "default",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "white",
];

impl Paint {
    /// Returns the name or the digits, as they are written in the file.
    fn text(self) -> String {
        match self.0 {
            Color::Reset => "default".to_owned(),
            Color::DarkGray => "dark-gray".to_owned(),
            color => color.to_string().to_lowercase().replace("light", "bright-"),
        }
    }
}

impl FromStr for Paint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = if text == "default" { "reset" } else { text };
        let is_known = NAMES.contains(&text) || text.starts_with('#');
        name.parse().ok().filter(|_| is_known).map(Self).ok_or_else(|| {
            let meant = suggestion(text, NAMES);
            format!("unknown colour \"{text}\".{meant} Use a name, a number from 0 to 255, or \"#rrggbb\"")
        })
    }
}

impl fmt::Display for Paint {
    /// Writes the colour as a value of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Color::Indexed(number) => write!(f, "{number}"),
            _ => write!(f, "\"{}\"", self.text()),
        }
    }
}

impl<'de> Deserialize<'de> for Paint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a colour must be a name, a number from 0 to 255, or \"#rrggbb\"")]
        enum Written {
            Number(u8),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(Color::Indexed(number))),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

/// The colours that replace those of the theme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Colors(BTreeMap<Role, Paint>);

impl Colors {
    /// Returns the colour of a role, if the configuration has one.
    #[must_use]
    pub(crate) fn of(&self, role: Role) -> Option<Color> {
        self.0.get(&role).map(|paint| paint.0)
    }
}

impl<'de> Deserialize<'de> for Colors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// A role as the key of a table.
        #[derive(PartialEq, Eq, PartialOrd, Ord)]
        struct Name(Role);

        impl<'de> Deserialize<'de> for Name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::parsed(deserializer).map(Self)
            }
        }

        let colors = BTreeMap::<Name, Paint>::deserialize(deserializer)?;
        Ok(Self(colors.into_iter().map(|(name, paint)| (name.0, paint)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Written {
        color: Paint,
    }

    #[test]
    fn colours_are_written_as_they_are_read() {
        let names = NAMES.map(|name| format!("\"{name}\""));
        for text in names.iter().map(String::as_str).chain(["240", "\"#ff8700\""]) {
            let written: Written = toml::from_str(&format!("color = {text}")).expect(text);
            assert_eq!(written.color.to_string(), text);
        }
        for wrong in ["256", "-1", "\"#fff\"", "\"light blue\"", "\"\"", "\"17\"", "true"] {
            assert!(toml::from_str::<Written>(&format!("color = {wrong}")).is_err(), "{wrong}");
        }
        let error = "gren".parse::<Paint>().expect_err("no colour");
        let told =
            "unknown colour \"gren\". Did you mean \"green\"? Use a name, a number from 0 to 255, or \"#rrggbb\"";
        assert_eq!(error, told);
    }
}
