//! Writes the sixteen colours in their classic form, `31` instead of `38;5;1`, for terminals that have no more and may
//! take the newer form for blinking. Other colours stay as they are.

const ESCAPE: &[u8] = b"\x1b[";

/// Returns true if the environment names a terminal with more than sixteen colours.
#[must_use]
pub(super) fn has_more_colors() -> bool {
    crossterm::style::available_color_count() >= 256
}

/// Replaces the colours in the escape sequences of a frame. No other text contains such sequences, because it has been
/// made safe.
#[must_use]
pub(super) fn classic(frame: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = rest.windows(ESCAPE.len()).position(|bytes| bytes == ESCAPE) {
        let (before, sequence) = rest.split_at(at + ESCAPE.len());
        out.extend_from_slice(before);
        let length = sequence.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
        let (parameters, after) = sequence.split_at(length);
        match std::str::from_utf8(parameters) {
            Ok(parameters) if after.first() == Some(&b'm') => out.extend_from_slice(renamed(parameters).as_bytes()),
            _ => out.extend_from_slice(parameters),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Replaces the colours in the parameters of a sequence that sets colours and attributes.
fn renamed(parameters: &str) -> String {
    let mut renamed: Vec<String> = Vec::new();
    let mut all = parameters.split(';');
    while let Some(parameter) = all.next() {
        let mut next = || all.next().unwrap_or_default();
        let base = match parameter {
            "38" => 30,
            "48" => 40,
            other => {
                renamed.push(other.to_owned());
                continue;
            }
        };
        match next() {
            "5" => match next().parse::<u16>() {
                Ok(color @ 0..8) => renamed.push((base + color).to_string()),
                Ok(color @ 8..16) => renamed.push((base + 60 + color - 8).to_string()),
                Ok(color) => renamed.push(format!("{parameter};5;{color}")),
                Err(_) => {}
            },
            form => renamed.push(format!("{parameter};{form};{};{};{}", next(), next(), next())),
        }
    }
    renamed.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(frame: &str) -> String {
        String::from_utf8(classic(frame.as_bytes())).expect("text")
    }

    #[test]
    fn the_sixteen_colours_get_their_classic_codes_and_everything_else_stays() {
        for (frame, expected) in [
            ("\x1b[38;5;1ma\x1b[48;5;4mb", "\x1b[31ma\x1b[44mb"),
            ("\x1b[38;5;9;48;5;15mé", "\x1b[91;107mé"),
            ("\x1b[1;38;5;0;4m", "\x1b[1;30;4m"),
            ("\x1b[38;5;130;48;2;1;2;3m", "\x1b[38;5;130;48;2;1;2;3m"),
            ("\x1b[39;49m\x1b[0m\x1b[m", "\x1b[39;49m\x1b[0m\x1b[m"),
            ("\x1b[38;5H\x1b[?25l", "\x1b[38;5H\x1b[?25l"),
            ("38;5;1m \x1b[", "38;5;1m \x1b["),
        ] {
            assert_eq!(text(frame), expected, "{frame:?}");
        }
    }

    /// The back end of the screen writes colours in the form that is replaced here.
    #[test]
    fn every_named_colour_of_a_frame_gets_its_classic_code() {
        use ratatui::backend::{Backend as _, CrosstermBackend};
        use ratatui::buffer::Cell;
        use ratatui::style::Color;
        let colors = [
            (Color::Black, "30"),
            (Color::Red, "31"),
            (Color::Gray, "37"),
            (Color::DarkGray, "90"),
            (Color::LightCyan, "96"),
            (Color::White, "97"),
            (Color::Indexed(3), "33"),
        ];
        crossterm::style::force_color_output(true);
        for (color, code) in colors {
            let mut cell = Cell::new("x");
            cell.fg = color;
            let mut bytes = Vec::new();
            CrosstermBackend::new(&mut bytes).draw([(0, 0, &cell)].into_iter()).expect("a frame in memory");
            let frame = String::from_utf8(classic(&bytes)).expect("text");
            assert!(frame.contains(&format!("\x1b[{code};49mx")), "{color}: {frame:?}");
        }
    }
}
