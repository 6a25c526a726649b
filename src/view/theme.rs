//! The looks: the terminal's own sixteen colours on its own background, so that light and dark schemes stay readable.
//! Without colours everything is told apart by bold, dim, underline and reverse.

use ratatui::style::{Color, Modifier, Style};

use crate::app::Setup;

/// Styles by what they are for.
#[derive(Debug, Clone)]
pub struct Theme {
    /// Plain characters instead of line drawing.
    pub ascii: bool,
    /// No colours at all.
    pub plain: bool,
    /// A pane's border.
    pub border: Style,
    /// The border of the pane in use.
    pub focused: Style,
    /// The title of the pane in use.
    pub title: Style,
    /// The selected row of the pane in use.
    pub selected: Style,
    /// The selected row of another pane.
    pub marked: Style,
    /// What matters less.
    pub dim: Style,
    /// What went wrong.
    pub problem: Style,
    /// What went well.
    pub done: Style,
    /// What deserves a look: unsettled, late, read-only.
    pub warning: Style,
    /// Following waits for a transaction.
    pub held: Style,
    /// Keys in footer and help.
    pub key: Style,
    /// A hit of a search.
    pub hit: Style,
    /// JSON keys, strings, numbers, `true` `false` `null`, and links.
    pub json: Json,
    /// The header's name of the environment.
    pub profile: Style,
}

/// Styles of JSON.
#[derive(Debug, Clone, Copy)]
pub struct Json {
    /// Names of members.
    pub key: Style,
    /// Strings.
    pub string: Style,
    /// Numbers.
    pub number: Style,
    /// `true`, `false`, `null`.
    pub literal: Style,
    /// What leads somewhere.
    pub link: Style,
}

/// Colours that are readable on light and dark backgrounds in every scheme, for types.
const TYPE_COLORS: [Color; 6] = [Color::Blue, Color::Green, Color::Magenta, Color::Cyan, Color::Red, Color::Yellow];

impl Theme {
    /// The looks that the setup asks for.
    #[must_use]
    pub fn of(setup: &Setup) -> Self {
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
            hit: Style::new().add_modifier(Modifier::UNDERLINED | bold),
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

    /// The colour of a type: the same in every run.
    #[must_use]
    pub fn type_style(&self, message_type: &str) -> Style {
        if self.plain {
            return Style::new();
        }
        let sum = message_type.bytes().fold(5_381_usize, |sum, byte| sum.wrapping_mul(33) ^ usize::from(byte));
        Style::new().fg(TYPE_COLORS[sum % TYPE_COLORS.len()])
    }
}
