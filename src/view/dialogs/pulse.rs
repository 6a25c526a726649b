//! The pulse of a namespace between the header and the footer: a line about what is final, and the four parts below
//! each other. How urgent a row is shows as a sign, `!` or `!!`, and as a colour.

mod rows;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::app::State;
use crate::app::dialogs::pulse::layout::{PulseLayout, SIGN};
use crate::app::dialogs::pulse::{Detail, KEYS, PulseDialog};
use crate::app::following::Follow;
use crate::app::keymap::{DialogAction, DialogKind};
use crate::app::pulse_part::PulsePart;
use crate::app::times::age;
use crate::config::pulse::Level;
use crate::numbers::{count, grouped};
use crate::view::messages::server_now;
use crate::view::text::{cut, fill, whole_parts, words};
use crate::view::theme::Theme;
use crate::view::widgets::{fitting_hints, framed, line_at, row_of, spinner_of};
use crate::wrapping::wrap;

/// What the drawing of a row needs.
#[derive(Clone, Copy)]
struct Scene<'a> {
    state: &'a State,
    theme: &'a Theme,
    dialog: &'a PulseDialog,
    follow: Option<&'a Follow>,
    server_now: Timestamp,
}

/// Draws the page.
pub(super) fn draw(frame: &mut Frame, state: &State, theme: &Theme, dialog: &PulseDialog) {
    let (follow, server_now) = (state.following.current.as_ref(), server_now(state));
    let scene = Scene { state, theme, dialog, follow, server_now };
    let layout = PulseLayout::of(dialog, &state.browser, follow, server_now);
    let title = dialog.detail.as_ref().map_or_else(|| scene.title(), |detail| cut(&detail.title, 120));
    framed(frame, layout.outer, theme, &title);
    let hints = |keys: &[DialogAction]| state.settings.keymap.hints(DialogKind::Pulse, keys);
    let keys = if let Some(detail) = &dialog.detail {
        draw_detail(frame, layout.text, detail);
        hints(&[DialogAction::Close])
    } else {
        let (health, level) = scene.health();
        let room = usize::from(layout.health.width).saturating_sub(SIGN);
        line_at(frame, layout.health, 0, &signed(level, &whole_parts(&health, room)), theme.level(level));
        for part in PulsePart::ALL {
            scene.part(frame, &layout, part);
        }
        hints(&KEYS)
    };
    let keys = fitting_hints(&keys, &state.settings.keymap, DialogKind::Pulse, usize::from(layout.keys.width));
    line_at(frame, layout.keys, 0, &keys, theme.key);
}

/// Draws a text in place of the parts.
fn draw_detail(frame: &mut Frame, area: Rect, detail: &Detail) {
    let width = usize::from(area.width).clamp(1, 100);
    let lines: Vec<String> = detail.lines.iter().flat_map(|line| wrap(&cut(line, 2_000), width)).collect();
    for (row, line) in (1..area.height).zip(&lines) {
        line_at(frame, area, row, line, Style::new());
    }
}

/// Puts the sign of a level before a text.
fn signed(level: Level, text: &str) -> String {
    let sign = match level {
        Level::Fine => "  ",
        Level::Amber => "! ",
        Level::Red => "!!",
    };
    format!("{sign} {text}")
}

impl Scene<'_> {
    /// Returns the title: the namespace, and how many things are amber or red.
    fn title(&self) -> String {
        let urgent = match self.dialog.urgent(self.follow, self.server_now) {
            (0, 0) if self.dialog.is_complete() => "all is well".to_owned(),
            (0, 0) => String::new(),
            (amber, 0) => format!("{amber} amber"),
            (0, red) => format!("{red} red"),
            (amber, red) => format!("{red} red, {amber} amber"),
        };
        let title = format!("Pulse of {}", cut(&self.dialog.namespace, 40));
        if urgent.is_empty() { title } else { format!("{title} · {urgent}") }
    }

    /// Describes how far messages are final, and the standby.
    fn health(&self) -> (String, Level) {
        let Some(holdups) = &self.dialog.holdups else { return (String::new(), Level::Fine) };
        let level = self.dialog.level_of_health(self.follow);
        let mut parts = Vec::new();
        if holdups.standby {
            parts.push(match holdups.replay_delay {
                Some(delay) => format!("This standby is {} behind its primary", age(delay)),
                None => "This standby has replayed nothing since it started".to_owned(),
            });
            parts.push(format!("newest message at {}", position(holdups.newest)));
        } else if let Some(horizon) = self.dialog.horizon(self.follow) {
            let about = if horizon.about { "about " } else { "" };
            match horizon.distance() {
                0 => parts.push(format!("Final to {}, the newest message", position(horizon.newest))),
                distance => {
                    parts.push(format!("Final to {about}{}", position(horizon.final_to)));
                    parts.push(format!("{about}{} behind the newest message", count(distance, "position")));
                }
            }
        }
        (parts.join(" · "), level)
    }

    fn part(&self, frame: &mut Frame, layout: &PulseLayout, part: PulsePart) {
        let Self { dialog, theme, .. } = *self;
        let place = layout.place(part);
        let is_focused = dialog.part == part && dialog.detail.is_none();
        let width = usize::from(place.heading.width);
        let heading = whole_parts(&self.heading(part), width);
        line_at(frame, place.heading, 0, &heading, if is_focused { theme.title } else { theme.dim });
        let mut notes: Vec<(String, Style)> = Vec::new();
        let room = width.saturating_sub(SIGN);
        for (index, line) in dialog.problem_lines(part, place.heading.width).iter().enumerate() {
            let level = if index == 0 { Level::Red } else { Level::Fine };
            notes.push((signed(level, &words(line, room)), theme.problem));
        }
        let (count, selected) = dialog.selection(part, self.follow, self.server_now);
        if count == 0 {
            notes.push((signed(Level::Fine, &words(&self.nothing(part), room)), theme.dim));
        } else if part == PulsePart::Consumers {
            notes.push((signed(Level::Fine, &rows::titles(self.name_widths(room))), theme.dim));
        }
        for (row, (text, style)) in (0..place.notes.height).zip(notes) {
            line_at(frame, place.notes, row, &text, style);
        }
        let rows = self.rows(part, room);
        for (row, (index, (level, text))) in (0..place.rows.height).zip(rows.iter().enumerate().skip(place.first)) {
            let line = row_of(place.rows, row);
            let style = if index == selected && is_focused { theme.selected } else { theme.level(*level) };
            line_at(frame, line, 0, &fill(&signed(*level, text), width), style);
        }
    }

    /// Returns the heading of a part: what it shows, how much of it, and as of when.
    fn heading(&self, part: PulsePart) -> String {
        let (rows, _) = self.dialog.selection(part, self.follow, self.server_now);
        let state = self.dialog.state(part);
        let mut parts = vec![match part {
            PulsePart::Rates => "Messages in the last 15 min".to_owned(),
            PulsePart::Consumers => "Consumers by delay".to_owned(),
            PulsePart::Holdups => "Blocking transactions".to_owned(),
            PulsePart::Findings => "Doctor".to_owned(),
        }];
        if rows > 0 {
            parts.push(match (part, rows) {
                (PulsePart::Rates, 1) => "1 category".to_owned(),
                (PulsePart::Rates, _) => format!("{} categories", grouped(rows as u64)),
                (PulsePart::Consumers | PulsePart::Holdups, _) => grouped(rows as u64),
                (PulsePart::Findings, _) => count(rows as u64, "finding"),
            });
        }
        if part == PulsePart::Rates && self.dialog.rates.as_ref().is_some_and(|rates| !rates.exact) {
            parts.push("estimated".to_owned());
        }
        if part == PulsePart::Rates && self.dialog.has_live_rates(self.follow) {
            parts.push("followed".to_owned());
        } else if let Some(seen) = state.seen {
            let times = &self.state.settings.times;
            parts.push(if times.is_relative() {
                format!("as of {} ago", age(self.state.now.duration_since(seen)))
            } else {
                format!("as of {}", times.of_day(self.state.connection.server_now(seen), false))
            });
        }
        let waits = self.state.requests.since(part.slot()).is_some();
        let spinner =
            if waits { format!(" {}", spinner_of(self.state, part.slot(), self.theme.ascii)) } else { String::new() };
        format!("{}{spinner}", parts.join(" · "))
    }

    /// Says why a part has no rows.
    fn nothing(&self, part: PulsePart) -> String {
        if self.dialog.state(part).seen.is_none() {
            return "loading …".to_owned();
        }
        match part {
            PulsePart::Rates => "no messages".to_owned(),
            PulsePart::Consumers => "no consumer has recorded a position".to_owned(),
            PulsePart::Holdups if self.dialog.holdups.as_ref().is_some_and(|holdups| holdups.standby) => {
                "a standby does not show the transactions of its primary".to_owned()
            }
            PulsePart::Holdups => "no transaction has been open for a second or longer".to_owned(),
            PulsePart::Findings => {
                let checks = self.dialog.findings.as_ref().map_or(0, |(_, checks)| *checks);
                format!("{}, all ok", count(checks as u64, "check"))
            }
        }
    }
}

/// Formats a global position with grouped thousands.
fn position(position: i64) -> String {
    let sign = if position < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(position.unsigned_abs()))
}

impl Theme {
    /// Returns the style of a level.
    fn level(&self, level: Level) -> Style {
        match level {
            Level::Fine => Style::new(),
            Level::Amber => self.warning,
            Level::Red => self.problem,
        }
    }
}
