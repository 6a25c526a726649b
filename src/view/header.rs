//! The line at the top: the environment, the server and database, the location, the connection and the time zone. It
//! never shows a password.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::text::{cut, cut_middle};
use super::theme::Theme;
use super::widgets::spinner;
use crate::app::State;
use crate::app::connection::Connection;
use crate::app::keymap::Action;
use crate::safe_text::SafeText;
use crate::store::browse::Scope;

const SEPARATOR: &str = " ─ ";
/// The width that the target has at least, unless that is more than a third of the line.
const TARGET: usize = 24;
/// A name that is shortened keeps at least this width, if there is more than the name.
const NAME: usize = 16;

/// Draws the header.
pub(crate) fn draw(frame: &mut Frame, area: Rect, state: &State, theme: &Theme) {
    if area.area() == 0 {
        return;
    }
    let (mode, style) = mode(state, theme);
    let right = format!(" {mode} · {} ", state.settings.times.zone(state.now));
    let right_width = right.chars().count().min(usize::from(area.width));
    let room = usize::from(area.width).saturating_sub(right_width);
    let name = &state.settings.profile.name;
    let mut left = vec![Span::raw(" ")];
    if !name.is_empty() {
        left.push(Span::styled(format!("{} ", cut(name, 20)), theme.profile));
        left.push(Span::raw("· "));
    }
    // The location matters more than the server, and its last part the most.
    let rest = room.saturating_sub(left.iter().map(Span::width).sum::<usize>() + SEPARATOR.width());
    let target = &state.settings.target;
    let path = path(state, rest.saturating_sub(target.width().min(TARGET).min(rest / 3)));
    left.push(Span::raw(cut_middle(target, rest.saturating_sub(path.width()))));
    if !path.is_empty() {
        left.push(Span::styled(SEPARATOR, theme.dim));
        left.push(Span::styled(path, theme.title));
    }
    frame.render_widget(Line::from(left), Rect { width: u16::try_from(room).unwrap_or(area.width), ..area });
    let x = area.x + u16::try_from(room).unwrap_or(0);
    frame.buffer_mut().set_stringn(x, area.y, right, right_width, style);
}

/// Returns the location (`shop › account › account-123`). Without enough room, it omits the category of a stream,
/// shortens the last name in the middle, or omits the namespace.
fn path(state: &State, room: usize) -> String {
    let Some(list) = &state.browser.messages.key else { return String::new() };
    let namespace = list.namespace.as_str();
    let (category, last) = match &list.scope {
        Scope::Namespace => return cut_middle(namespace, room),
        Scope::Category(category) => (None, category.to_string()),
        Scope::Member(category, group) => (None, format!("{category} (member {} of {})", group.member(), group.size())),
        Scope::Stream(stream) => (Some(stream.category()), stream.to_string()),
    };
    let whole = category.map(|category| format!("{namespace} › {category} › {last}"));
    let before = format!("{namespace} › ");
    let short = format!("{before}{last}");
    let fits = |path: &String| SafeText::line(path).width() <= room;
    if let Some(path) = [whole, Some(short)].into_iter().flatten().find(fits) {
        return path;
    }
    let left = room.saturating_sub(SafeText::line(&before).width());
    if left >= NAME { before + &cut_middle(&last, left) } else { cut_middle(&last, room) }
}

/// Returns whether the store can be read and written.
fn mode(state: &State, theme: &Theme) -> (String, ratatui::style::Style) {
    let ascii = state.settings.ascii;
    match &state.connection {
        Connection::Connecting { since } => {
            (format!("{} connecting {}s", spinner(state, ascii), state.now.duration_since(*since).as_secs()), theme.dim)
        }
        Connection::Down { since, next, .. } => {
            let down = state.now.duration_since(*since).as_secs();
            let wait = match next.duration_since(state.now) {
                wait if wait.is_positive() => {
                    format!("retry in {}s", wait.as_secs() + i64::from(wait.subsec_nanos() > 0))
                }
                _ => "retrying".to_owned(),
            };
            (format!("OFFLINE for {down}s, {wait}"), theme.problem)
        }
        Connection::Refused { .. } => {
            let retry = state.settings.keymap.hint_for(Action::Refresh, "retry");
            (format!("REFUSED ({retry})"), theme.problem)
        }
        Connection::Up(_) if state.read_only().is_some() => ("READ-ONLY".to_owned(), theme.warning),
        Connection::Up(_) => ("RW".to_owned(), theme.dim),
    }
}
