//! The rows of each part of the pulse, as text of a given width, each with its level.

use super::Scene;
use crate::app::dialogs::pulse::levels::of_finding;
use crate::app::dialogs::pulse::rates::RateRow;
use crate::app::pulse_part::{PERIODS, PulsePart};
use crate::app::timeline::heights;
use crate::app::times::age;
use crate::config::pulse::Level;
use crate::numbers::grouped;
use crate::safe_text::SafeText;
use crate::store::consumers::trend::Trend;
use crate::store::consumers::{Consumer, ConsumerState};
use crate::store::doctor::Finding;
use crate::store::pulse::Blocker;
use crate::view::text::{cut, fill, fill_middle, right, whole_parts, words};
use crate::view::timeline::bars;

/// The widths of the columns of a consumer, after its name and category.
const UNREAD: usize = 7;
const DELAY: usize = 7;
const TREND: usize = 14;
const STATE: usize = 15;
/// The width of all of them, with the space between.
const FIGURES: usize = UNREAD + DELAY + TREND + STATE + 6;
/// The width for names below which the trend is left out, and then the state.
const FEW: usize = 12;
/// The width for names from which the category has a column of its own. Most names contain it.
const WITH_CATEGORY: usize = 50;
/// The room that names get at least, even if all are shorter.
const LEAST: usize = 20;
/// The width of a rate: `12,345.6/s`.
const RATE: usize = 10;
/// The width of a check and of its status.
const CHECK: usize = 17;
const STATUS: usize = 7;

impl Scene<'_> {
    /// Returns the rows of a part with their levels, in the order of its selection.
    pub(super) fn rows(&self, part: PulsePart, width: usize) -> Vec<(Level, String)> {
        let dialog = self.dialog;
        match part {
            PulsePart::Rates => {
                let rows = dialog.rate_rows(self.follow, self.server_now);
                let longest = rows.iter().map(|row| width_of(row.category.as_str())).max().unwrap_or(0);
                rows.iter().map(|row| (Level::Fine, self.rate(row, longest, width))).collect()
            }
            PulsePart::Consumers => {
                let widths = self.name_widths(width);
                let row = |one: &Consumer| (dialog.limits.level_of(one), self.consumer(one, widths));
                dialog.consumers.iter().flatten().map(row).collect()
            }
            PulsePart::Holdups => {
                let row = |one: &&Blocker| (dialog.level_of_blocker(one, self.server_now), self.blocker(one, width));
                dialog.blockers().iter().map(row).collect()
            }
            PulsePart::Findings => {
                let findings = dialog.findings.iter().flat_map(|(findings, _)| findings);
                findings.map(|one| (of_finding(one), finding(one, width))).collect()
            }
        }
    }

    /// Returns the widths of names and categories of consumers.
    pub(super) fn name_widths(&self, width: usize) -> NameWidths {
        let consumers = || self.dialog.consumers.iter().flatten();
        let longest = |names: &mut dyn Iterator<Item = &str>| names.map(width_of).max().unwrap_or(0);
        let name = longest(&mut consumers().map(|one| one.name.as_str()));
        let category = longest(&mut consumers().filter_map(|one| Some(one.category.as_ref()?.as_str())));
        NameWidths::new(width, name, category)
    }

    /// Draws a category: its name, its rate, and a bar for each period, as high as the category's own highest.
    fn rate(&self, row: &RateRow, longest: usize, width: usize) -> String {
        let rest = width.saturating_sub(RATE + 4);
        // Two cells for each period, if the name still has room.
        let cells = if rest >= 3 * PERIODS { 2 * PERIODS } else { PERIODS.min(rest / 2) };
        let values = &row.messages[PERIODS.saturating_sub(cells)..];
        let name = fill_middle(row.category.as_str(), rest.saturating_sub(cells).min(longest.max(LEAST)));
        format!("{name}  {}  {}", right(&rate(row.per_minute()), RATE), bars(&heights(values, cells), self.theme))
    }

    fn consumer(&self, consumer: &Consumer, widths: NameWidths) -> String {
        let behind =
            consumer.behind.map(|behind| format!("{}{}", grouped(behind), if consumer.capped { "+" } else { "" }));
        let state = match &consumer.state {
            ConsumerState::Stuck(since) => format!("stuck {}", age(self.server_now.duration_since(*since))),
            state => state.name().to_owned(),
        };
        let category = consumer.category.as_ref().map(ToString::to_string).unwrap_or_default();
        let trend = consumer.trend.map(Trend::name).unwrap_or_default();
        let delay = consumer.delay.map(age).unwrap_or_default();
        consumer_columns(widths, [&consumer.name, &category, &behind.unwrap_or_default(), &delay, trend, &state])
    }

    fn blocker(&self, blocker: &Blocker, width: usize) -> String {
        let transaction = &blocker.transaction;
        let who = transaction.pid.map_or_else(|| "prepared".to_owned(), |pid| format!("PID {pid}"));
        let mut parts = vec![who, format!("open {}", age(self.server_now.duration_since(transaction.since)))];
        if !blocker.waiting.is_empty() {
            parts.push(waiting(blocker));
        }
        let known = [&transaction.state, &transaction.user, &transaction.application];
        parts.extend(known.into_iter().flatten().filter(|known| !known.is_empty()).map(|known| cut(known, 40)));
        let line = whole_parts(&parts.join(" · "), width);
        // The query takes what room is left. Its words can be long, so it is cut anywhere.
        let room = width.saturating_sub(line.chars().count() + 3);
        match &transaction.query {
            Some(query) if room >= 12 => format!("{line} · {}", cut(query, room)),
            _ => line,
        }
    }
}

/// Formats a rate per second, or per minute if that is less than one a second.
fn rate(per_minute: u64) -> String {
    if per_minute < 60 {
        return format!("{per_minute}/min");
    }
    let tenths = (per_minute + 3) / 6;
    format!("{}.{}/s", grouped(tenths / 10), tenths % 10)
}

/// Names the processes that wait for a transaction, the first three of them.
fn waiting(blocker: &Blocker) -> String {
    let pids: Vec<String> = blocker.waiting.iter().filter_map(|session| Some(session.pid?.to_string())).collect();
    let more = pids.len().saturating_sub(3);
    let named = pids.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match (blocker.waiting.len(), named.as_str(), more) {
        (sessions, "", _) => format!("{sessions} waiting"),
        (_, named, 0) => format!("PID {named} waiting"),
        (_, named, more) => format!("PID {named} and {more} more waiting"),
    }
}

fn width_of(text: &str) -> usize {
    SafeText::line(text).width()
}

/// The widths of the first columns of a consumer.
#[derive(Debug, Clone, Copy)]
pub(super) struct NameWidths {
    name: usize,
    /// None if there is no room for categories.
    category: Option<usize>,
    has_trend: bool,
    has_state: bool,
}

impl NameWidths {
    /// Divides the room of a row, given the longest name and the longest category.
    fn new(width: usize, name: usize, category: usize) -> Self {
        let has_trend = width >= FIGURES + FEW;
        let figures = FIGURES - if has_trend { 0 } else { TREND + 2 };
        let has_state = width >= figures + FEW;
        let figures = figures - if has_state { 0 } else { STATE + 2 };
        let room = width.saturating_sub(figures);
        if room < WITH_CATEGORY {
            return Self { name: room, category: None, has_trend, has_state };
        }
        let name = name.clamp(LEAST, room * 3 / 5);
        let category = Some(category.clamp(LEAST.min(room - name - 2), room - name - 2));
        Self { name, category, has_trend, has_state }
    }
}

/// Returns the titles of the consumers' columns.
pub(super) fn titles(widths: NameWidths) -> String {
    consumer_columns(widths, ["name", "category", "unread", "delay", "trend", "state"])
}

/// Aligns name, category, unread messages, delay, trend and state.
fn consumer_columns(widths: NameWidths, [name, category, behind, delay, trend, state]: [&str; 6]) -> String {
    let name = fill_middle(name, widths.name);
    let category = widths.category.map_or_else(String::new, |width| format!("  {}", fill_middle(category, width)));
    let trend = if widths.has_trend { format!("  {}", fill(trend, TREND)) } else { String::new() };
    let state = if widths.has_state { format!("  {}", cut(state, STATE)) } else { String::new() };
    format!("{name}{category} {} {}{trend}{state}", right(behind, UNREAD), right(delay, DELAY))
}

fn finding(finding: &Finding, width: usize) -> String {
    let begin = format!("{}  {}  ", fill(finding.status.as_str(), STATUS), fill(finding.check, CHECK));
    let room = width.saturating_sub(STATUS + CHECK + 4);
    format!("{begin}{}", words(&finding.seen, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second_or_per_minute() {
        assert_eq!(
            [0, 59, 60, 65, 738, 74_000].map(rate),
            ["0/min", "59/min", "1.0/s", "1.1/s", "12.3/s", "1,233.3/s"]
        );
    }

    #[test]
    fn columns_fill_the_width_and_align() {
        for width in [60, 73, 93, 150] {
            let widths = NameWidths::new(width, 16, 100);
            let title = titles(widths);
            let row = consumer_columns(
                widths,
                ["account:position", "account", "10,000+", "10d02h", "falling behind", "within interval"],
            );
            assert!(title.chars().count() <= width && row.chars().count() <= width, "{width}: {row}");
            let column = |line: &str, text: &str| line.find(text).map(|at| line[..at].chars().count());
            assert_eq!(column(&title, "state"), column(&row, "within"), "{width}");
        }
    }
}
