//! The themes: a style for each role. The colours come from the configuration. The default theme uses the sixteen
//! colours of the terminal on its own background, so that every scheme stays readable. Without colours, everything is
//! distinguished by bold, dim, underlined and reversed text.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::app::ScreenSettings;
use crate::config::colors::{Paint, Role};
use crate::config::themes::color;
use crate::config::type_rules::TypeLook;

/// The styles by role.
#[derive(Debug, Clone)]
pub(crate) struct Theme {
    /// ASCII characters instead of line drawing.
    pub ascii: bool,
    /// Without colours.
    pub plain: bool,
    /// Text without a style of its own, and the background.
    base: Style,
    /// The border of a pane.
    pub border: Style,
    /// The border of the focused pane.
    pub focused: Style,
    pub title: Style,
    /// The selected row of the focused pane.
    pub selected: Style,
    /// The selected row of another pane.
    pub selected_elsewhere: Style,
    /// The marker beside the selection that is shown.
    pub marker: Style,
    /// The marker beside selections that lead to the shown one.
    pub weak_marker: Style,
    /// A message that the user has marked.
    pub marked: Style,
    /// A match of a search.
    pub matched: Style,
    /// Secondary text.
    pub dim: Style,
    /// Text that only repeats what is known.
    pub repeated: Style,
    /// Keys in the footer and in dialogs.
    pub key: Style,
    pub done: Style,
    /// Late messages, read-only mode, waiting, and other states that deserve attention.
    pub warning: Style,
    pub problem: Style,
    /// The type of a message that reports a failure.
    pub type_error: Style,
    pub json: Json,
    pub scrollbar: Style,
    pub timeline: Style,
    /// The part of the timeline that the list shows.
    pub timeline_visible: Style,
    pub difference: Difference,
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

/// The styles of a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    pub added: Style,
    pub removed: Style,
    pub changed: Style,
}

impl Theme {
    /// Returns the theme for the setup.
    #[must_use]
    pub(crate) fn of(setup: &ScreenSettings) -> Self {
        let style = |role: Role| {
            let own = setup.colors.of(role).filter(|color| *color != Color::Reset);
            let color = if setup.no_color { Color::Reset } else { own.unwrap_or_else(|| color(setup.theme, role)) };
            let style = Style::new().add_modifier(modifier(role, color));
            if color == Color::Reset { style } else { style.fg(color) }
        };
        let frame = |role: Role| {
            // Whatever the colours are, production looks like production.
            let red = setup.profile.production && !setup.no_color;
            if red {
                Style::new().fg(color(setup.theme, Role::Problem)).add_modifier(modifier(role, Color::Red))
            } else {
                style(role)
            }
        };
        let bold = Modifier::BOLD;
        let profile = setup.profile.color.filter(|_| !setup.no_color);
        let ground = setup.colors.of(Role::Background).unwrap_or_else(|| color(setup.theme, Role::Background));
        Self {
            ascii: setup.ascii,
            plain: setup.no_color,
            base: if setup.no_color { Style::new() } else { style(Role::Text).bg(ground) },
            border: frame(Role::Border),
            focused: frame(Role::Focused),
            title: style(Role::Title),
            selected: style(Role::Selected),
            selected_elsewhere: style(Role::SelectedElsewhere),
            marker: style(Role::Marker),
            weak_marker: style(Role::WeakMarker),
            marked: style(Role::Marked),
            matched: style(Role::Match),
            dim: style(Role::Dim),
            repeated: style(Role::Repeated),
            key: style(Role::Key),
            done: style(Role::Done),
            warning: style(Role::Warning),
            problem: style(Role::Problem),
            type_error: style(Role::TypeError),
            json: Json {
                key: style(Role::JsonKey),
                string: style(Role::JsonString),
                number: style(Role::JsonNumber),
                literal: style(Role::JsonLiteral),
                link: style(Role::Link),
            },
            scrollbar: style(Role::Scrollbar),
            timeline: style(Role::Timeline),
            timeline_visible: style(Role::TimelineVisible),
            difference: Difference {
                added: style(Role::Added),
                removed: style(Role::Removed),
                changed: style(Role::Changed),
            },
            profile: profile.map_or(Style::new(), |color| Style::new().fg(color)).add_modifier(bold),
        }
    }

    /// Returns the style of a message type; none if it is neutral.
    #[must_use]
    pub(crate) fn type_style(&self, look: TypeLook) -> Option<Style> {
        match look {
            TypeLook::Neutral => None,
            TypeLook::Failure => Some(self.type_error),
            TypeLook::Colored(paint) => Some(self.painted(paint)),
        }
    }

    /// Returns the style of a colour that the user chose for something that is not a role.
    #[must_use]
    pub(crate) fn painted(&self, paint: Paint) -> Style {
        if self.plain { Style::new() } else { Style::new().fg(paint.0) }
    }

    /// Gives every cell without a colour of its own the colours of the theme. It comes last, because clearing the area
    /// of a dialog removes them.
    pub(super) fn fill(&self, buffer: &mut Buffer) {
        let (text, ground) = (self.base.fg.unwrap_or(Color::Reset), self.base.bg.unwrap_or(Color::Reset));
        if (text, ground) == (Color::Reset, Color::Reset) {
            return;
        }
        for cell in &mut buffer.content {
            if cell.fg == Color::Reset {
                cell.fg = text;
            }
            if cell.bg == Color::Reset {
                cell.bg = ground;
            }
        }
    }
}

/// Returns how the text of a role is drawn besides its colour, so that colour never carries the meaning alone.
fn modifier(role: Role, color: Color) -> Modifier {
    let bold = Modifier::BOLD;
    match role {
        Role::Selected => Modifier::REVERSED,
        Role::Link => Modifier::UNDERLINED,
        Role::Match => Modifier::UNDERLINED | bold,
        Role::Focused
        | Role::Title
        | Role::SelectedElsewhere
        | Role::Marker
        | Role::Marked
        | Role::Key
        | Role::Warning
        | Role::Problem
        | Role::TimelineVisible => bold,
        Role::Border | Role::WeakMarker | Role::Dim | Role::Repeated | Role::Scrollbar | Role::Timeline
            if color == Color::Reset =>
        {
            Modifier::DIM
        }
        _ => Modifier::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::themes::ThemeName;

    #[allow(clippy::needless_pass_by_value, reason = "the settings are made for this call")]
    fn theme(settings: ScreenSettings) -> Theme {
        Theme::of(&settings)
    }

    #[test]
    fn colours_of_the_configuration_replace_those_of_the_theme() {
        let colors = toml::from_str("json-key = 130\nborder = \"green\"\nselected = \"#102030\"").expect("colours");
        let theme = theme(ScreenSettings { colors, ..ScreenSettings::default() });
        assert_eq!(theme.json.key.fg, Some(Color::Indexed(130)));
        assert_eq!((theme.border.fg, theme.border.add_modifier), (Some(Color::Green), Modifier::empty()));
        assert_eq!(theme.selected, Style::new().fg(Color::Rgb(16, 32, 48)).add_modifier(Modifier::REVERSED));
        assert_eq!(theme.json.string.fg, Some(Color::Green), "the others stay");
    }

    #[test]
    fn a_production_frame_is_red_in_every_theme_and_whatever_the_colours_are() {
        for name in [ThemeName::Terminal, ThemeName::Light, ThemeName::Dark, ThemeName::HighContrast] {
            for written in ["", "border = \"green\"\nfocused = \"green\"\nproblem = \"green\""] {
                let profile = crate::app::Profile { production: true, ..Default::default() };
                let colors = toml::from_str(written).expect("colours");
                let theme = theme(ScreenSettings { theme: name, colors, profile, ..ScreenSettings::default() });
                let red = [Color::Red, Color::Indexed(160), Color::Indexed(203)];
                for style in [theme.border, theme.focused] {
                    assert!(style.fg.is_some_and(|color| red.contains(&color)), "{name:?}: {style:?}");
                }
                assert!(theme.focused.add_modifier.contains(Modifier::BOLD));
            }
        }
    }

    #[test]
    fn without_colours_no_theme_and_no_configuration_brings_one_back() {
        for name in [ThemeName::Terminal, ThemeName::Light, ThemeName::Dark, ThemeName::HighContrast] {
            let colors = toml::from_str("text = \"red\"\nbackground = 17\nselected = \"green\"").expect("colours");
            let profile = crate::app::Profile { production: true, color: Some(Color::Red), ..Default::default() };
            let setup = ScreenSettings { theme: name, colors, profile, no_color: true, ..ScreenSettings::default() };
            let theme = theme(setup);
            let text = format!("{theme:?}");
            let colors = ["Red", "Green", "Blue", "Yellow", "Magenta", "Cyan", "Indexed", "Rgb"];
            assert!(colors.iter().all(|color| !text.contains(color)), "{text}");
            assert!(theme.selected.add_modifier.contains(Modifier::REVERSED));
        }
    }
}
