//! The themes: a colour for each role. The themes with a background of their own use the fixed part of the 256-colour
//! palette, which looks the same in every terminal.

use ratatui::style::Color;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::colors::Role;

/// The colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, JsonSchema)]
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

/// Returns the colour of a role in a theme.
#[must_use]
pub(crate) fn color(theme: ThemeName, role: Role) -> Color {
    match theme {
        ThemeName::Terminal => terminal(role),
        ThemeName::Light => Color::Indexed(light(role)),
        ThemeName::Dark => Color::Indexed(dark(role)),
        ThemeName::HighContrast => Color::Indexed(high_contrast(role)),
    }
}

/// Returns the colour of a role in the default theme.
#[must_use]
pub(crate) fn terminal(role: Role) -> Color {
    match role {
        Role::Focused | Role::Marker | Role::JsonKey | Role::TimelineVisible => Color::Blue,
        Role::Done | Role::JsonString | Role::Added => Color::Green,
        Role::Warning | Role::Changed => Color::Yellow,
        Role::Problem | Role::TypeError | Role::Removed => Color::Red,
        Role::Marked | Role::JsonNumber => Color::Magenta,
        Role::JsonLiteral | Role::Link => Color::Cyan,
        Role::Text
        | Role::Background
        | Role::Border
        | Role::Title
        | Role::Selected
        | Role::SelectedElsewhere
        | Role::WeakMarker
        | Role::Match
        | Role::Dim
        | Role::Repeated
        | Role::Key
        | Role::Scrollbar
        | Role::Timeline => Color::Reset,
    }
}

fn light(role: Role) -> u8 {
    match role {
        Role::Background => 231,
        Role::Text | Role::Title | Role::Selected | Role::SelectedElsewhere | Role::Key => 235,
        Role::Dim | Role::Repeated => 242,
        Role::Border | Role::WeakMarker | Role::Scrollbar | Role::Timeline => 245,
        Role::Focused | Role::Marker | Role::JsonKey | Role::TimelineVisible => 25,
        Role::Done | Role::JsonString | Role::Added => 28,
        Role::Warning | Role::Match | Role::Changed => 130,
        Role::Problem | Role::TypeError | Role::Removed => 160,
        Role::Marked | Role::JsonNumber => 127,
        Role::JsonLiteral | Role::Link => 24,
    }
}

fn dark(role: Role) -> u8 {
    match role {
        Role::Background => 234,
        Role::Text | Role::Title | Role::Selected | Role::SelectedElsewhere | Role::Key => 252,
        Role::Dim | Role::Repeated => 246,
        Role::Border | Role::WeakMarker | Role::Scrollbar | Role::Timeline => 243,
        Role::Focused | Role::Marker | Role::JsonKey | Role::TimelineVisible => 75,
        Role::Done | Role::JsonString | Role::Added => 114,
        Role::Warning | Role::Match | Role::Changed => 221,
        Role::Problem | Role::TypeError | Role::Removed => 203,
        Role::Marked | Role::JsonNumber => 176,
        Role::JsonLiteral | Role::Link => 80,
    }
}

fn high_contrast(role: Role) -> u8 {
    match role {
        Role::Background => 16,
        Role::Text
        | Role::Title
        | Role::Selected
        | Role::SelectedElsewhere
        | Role::Key
        | Role::Dim
        | Role::Repeated
        | Role::Border
        | Role::WeakMarker
        | Role::Scrollbar
        | Role::Timeline => 231,
        Role::Focused | Role::Marker | Role::JsonKey | Role::TimelineVisible => 117,
        Role::Done | Role::JsonString | Role::Added => 46,
        Role::Warning | Role::Match | Role::Changed => 226,
        Role::Problem | Role::TypeError | Role::Removed => 203,
        Role::Marked | Role::JsonNumber => 213,
        Role::JsonLiteral | Role::Link => 51,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the luminance of a fixed colour of the 256-colour palette, as WCAG defines it.
    fn luminance(index: u8) -> f64 {
        let (index, step) = (i32::from(index), |value: i32| if value == 0 { 0 } else { 55 + 40 * value });
        let channels = match index {
            16..=231 => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(step),
            _ => [8 + 10 * (index - 232); 3],
        };
        let [red, green, blue] = channels.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn contrast(left: u8, right: u8) -> f64 {
        let (left, right) = (luminance(left) + 0.05, luminance(right) + 0.05);
        if left > right { left / right } else { right / left }
    }

    #[test]
    fn text_contrasts_with_the_background_of_its_theme() {
        for (colors, least) in [(light as fn(Role) -> u8, 4.5), (dark, 4.5), (high_contrast, 7.0)] {
            for role in Role::ALL.iter().filter(|role| **role != Role::Background) {
                let is_line = matches!(role, Role::Border | Role::WeakMarker | Role::Scrollbar | Role::Timeline);
                let (least, found) =
                    (if is_line { 3.0 } else { least }, contrast(colors(*role), colors(Role::Background)));
                assert!(found >= least, "{}: {found:.2}, not {least}", role.id());
            }
        }
    }
}
