//! The theme: the sixteen colours of the terminal on its own background, so that light and dark schemes stay readable.
//! Without colours, everything is distinguished by bold, dim, underlined and reversed text.

use ratatui::style::{Color, Modifier, Style};

use crate::app::ScreenSettings;

/// The styles by purpose.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    /// ASCII characters instead of line drawing.
    pub ascii: bool,
    /// Without colours.
    pub plain: bool,
    /// The border of a pane.
    pub border: Style,
    /// The border of the focused pane.
    pub focused: Style,
    /// The title of the focused pane.
    pub title: Style,
    /// The selected row of the focused pane.
    pub selected: Style,
    /// The selected row of another pane.
    pub marked: Style,
    /// Text that matters less.
    pub dim: Style,
    pub problem: Style,
    pub done: Style,
    /// Late messages, read-only mode and other states that deserve attention.
    pub warning: Style,
    /// The state of following while a transaction blocks it.
    pub held: Style,
    /// Keys in the footer and the help.
    pub key: Style,
    /// A match of `/`.
    pub matched: Style,
    pub json: Json,
    /// The name of the environment in the header.
    pub profile: Style,
}

/// The styles of JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Json {
    /// Names of members.
    pub key: Style,
    pub string: Style,
    pub number: Style,
    /// `true`, `false`, `null`.
    pub literal: Style,
    /// A value that leads to another message or stream.
    pub link: Style,
}

/// Colours for types, readable on light and dark backgrounds in every scheme.
const TYPE_COLORS: [Color; 6] = [Color::Blue, Color::Green, Color::Magenta, Color::Cyan, Color::Red, Color::Yellow];

impl Theme {
    /// Returns the theme for the setup.
    #[must_use]
    pub(crate) fn of(setup: &ScreenSettings) -> Self {
        let plain = setup.no_color;
        let colored = |color: Color| if plain { Style::new() } else { Style::new().fg(color) };
        let bold = Modifier::BOLD;
        let profile = setup.profile.color.as_deref().and_then(|name| name.parse().ok());
        let frame = if setup.profile.production { colored(Color::Red) } else { Style::new() };
        Self {
            ascii: setup.ascii,
            plain,
            border: if setup.profile.production { frame } else { Style::new().add_modifier(Modifier::DIM) },
            focused: if setup.profile.production {
                frame.add_modifier(bold)
            } else {
                colored(Color::Blue).add_modifier(bold)
            },
            title: Style::new().add_modifier(bold),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            marked: Style::new().add_modifier(bold),
            dim: Style::new().add_modifier(Modifier::DIM),
            problem: colored(Color::Red).add_modifier(bold),
            done: colored(Color::Green),
            warning: colored(Color::Magenta).add_modifier(bold),
            held: colored(Color::Yellow).add_modifier(bold),
            key: Style::new().add_modifier(bold),
            matched: Style::new().add_modifier(Modifier::UNDERLINED | bold),
            json: Json {
                key: colored(Color::Blue),
                string: colored(Color::Green),
                number: colored(Color::Magenta),
                literal: colored(Color::Cyan),
                link: colored(Color::Cyan).add_modifier(Modifier::UNDERLINED),
            },
            profile: profile.map_or(Style::new(), colored).add_modifier(bold),
        }
    }

    /// Returns the style of a type, which is the same in every run.
    #[must_use]
    pub(crate) fn type_style(&self, message_type: &str) -> Style {
        if self.plain {
            return Style::new();
        }
        let sum = message_type.bytes().fold(5_381_usize, |sum, byte| sum.wrapping_mul(33) ^ usize::from(byte));
        Style::new().fg(TYPE_COLORS[sum % TYPE_COLORS.len()])
    }
}
