//! Themes and colours as the configuration names them. Nothing here draws: the theme of the screen turns roles into styles.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ratatui::style::Color;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::nearest::suggestion;

/// The colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ThemeName {
    /// The sixteen colours and the background of the terminal.
    #[default]
    Terminal,
    /// Dark text on white.
    Light,
    /// Light text on a dark grey.
    Dark,
    /// Bright text on black, and nothing grey.
    HighContrast,
}

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

        }
    };
}

roles! {
    Text = "text", "Text without a colour of its own";
    Background = "background", "The background of the whole screen";
    Border = "border", "Borders of panes";
    Focused = "focused", "The border of the focused pane";
    Title = "title", "Titles";
    Selected = "selected", "The selected row, which is drawn reversed";
    SelectedElsewhere = "selected-elsewhere", "The selected row of a pane without the focus";
    Marker = "marker", "The sign beside the selection that is shown";
    WeakMarker = "marker-weak", "The sign beside selections that lead to the shown one";
    Marked = "marked", "Marked messages";
    Match = "match", "Matches of a search";
    Dim = "dim", "Text that matters less";
    Repeated = "repeated", "Text that only repeats what is known";
    Key = "key", "Keys in the footer and in dialogs";
    Done = "done", "Success, and following without delay";
    Warning = "warning", "What deserves attention: late messages, read-only mode, waiting";
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
    Added = "added", "What a comparison finds only in the second message";
    Removed = "removed", "What a comparison finds only in the first message";
    Changed = "changed", "What differs between compared messages";
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

impl FromStr for Paint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = if text == "default" { "reset" } else { text };
        name.parse().map(Self).map_err(|_| {
            let meant = suggestion(text, NAMES);
            format!("unknown colour '{text}'.{meant} Use a name, a number from 0 to 255, or #rrggbb")
        })
    }
}

impl fmt::Display for Paint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Color::Reset => f.write_str("default"),
            Color::DarkGray => f.write_str("dark-gray"),
            color => f.write_str(&color.to_string().to_lowercase().replace("light", "bright-")),
        }
    }
}

impl<'de> Deserialize<'de> for Paint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a colour must be a name, a number from 0 to 255, or \"#rrggbb\"")]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => number.to_string().parse(),
            Written::Text(text) => text.parse(),
        }
        .map_err(D::Error::custom)
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

    #[test]
    fn colours_are_written_as_they_are_read() {
        for name in NAMES {
            let paint: Paint = name.parse().expect(name);
            assert_eq!(paint.to_string(), name);
        }
        for (text, color) in [("240", Color::Indexed(240)), ("#Ff8700", Color::Rgb(255, 135, 0))] {
            assert_eq!(text.parse(), Ok(Paint(color)));
        }
        for wrong in ["256", "-1", "#fff", "bleu sky", ""] {
            assert!(wrong.parse::<Paint>().is_err(), "{wrong}");
        }
        let error = "gren".parse::<Paint>().expect_err("no colour");
        assert_eq!(
            error,
            "unknown colour 'gren'. Did you mean \"green\"? Use a name, a number from 0 to 255, or #rrggbb"
        );
    }
}
