//! Where Enter leads from a row of the pulse: to the category, to the first message that a consumer has not read, or to
//! the full text of a transaction or a finding.

use jiff::Timestamp;

use super::{Detail, PulseDialog};
use crate::app::dialogs::outcome::{Command, DialogContext, Outcome};
use crate::app::pulse_part::PulsePart;
use crate::app::times::age;
use crate::locator::{Destination, Target};
use crate::message::{Name, StreamName};
use crate::numbers::count;
use crate::store::consumers::{Consumer, ConsumerState, Convention};
use crate::store::doctor::Finding;
use crate::store::pulse::{Blocker, WaitingSession};

/// The most waiting sessions that are listed.
const WAITING: usize = 8;

impl PulseDialog {
    /// Goes where the selected row leads. An error opens as a whole.
    pub(super) fn go(&mut self, context: &DialogContext) -> Outcome {
        let (_, selected) = self.selection(self.part, context.follow, context.server_now);
        let problem = self.state(self.part).problem.clone();
        match self.part {
            PulsePart::Rates => {
                if let Some(row) = self.rate_rows(context.follow, context.server_now).into_iter().nth(selected) {
                    let place = Destination::here(Target::Name(Name::Category(row.category)));
                    return self.leave(Command::Navigate(self.namespace.clone(), place));
                }
            }
            PulsePart::Consumers => {
                if let Some(consumer) = self.consumers.iter().flatten().nth(selected) {
                    if let Some(command) = self.to_first_unread(consumer) {
                        return self.leave(command);
                    }
                    self.detail = Some(of_consumer(consumer));
                    return Outcome::Stay;
                }
            }
            PulsePart::Holdups => {
                if let Some(blocker) = self.blockers().get(selected) {
                    self.detail = Some(of_blocker(blocker, context.server_now));
                    return Outcome::Stay;
                }
            }
            PulsePart::Findings => {
                if let Some(finding) = self.findings.iter().flat_map(|(findings, _)| findings).nth(selected) {
                    self.detail = Some(of_finding(finding));
                    return Outcome::Stay;
                }
            }
        }
        self.detail = problem.map(|problem| Detail { title: "Error".to_owned(), lines: vec![problem] });
        Outcome::Stay
    }

    /// Goes to the stream in which the selected consumer records its positions.
    pub(super) fn go_to_positions(&mut self, context: &DialogContext) -> Outcome {
        let (_, selected) = self.selection(PulsePart::Consumers, context.follow, context.server_now);
        let consumer = self.consumers.iter().flatten().nth(selected).filter(|_| self.part == PulsePart::Consumers);
        let Some(consumer) = consumer else { return Outcome::Stay };
        let Some(stream) = position_stream(consumer) else {
            let lines = vec!["This consumer keeps its position outside the streams of this namespace".to_owned()];
            self.detail = Some(Detail { title: consumer.name.clone(), lines });
            return Outcome::Stay;
        };
        let place = Destination::here(Target::Name(Name::Stream(stream)));
        self.leave(Command::Navigate(self.namespace.clone(), place))
    }

    fn leave(&self, command: Command) -> Outcome {
        let mut commands = self.closed();
        commands.push(command);
        Outcome::Finish(commands)
    }

    /// Returns the command that shows the first unread message, or the last one that was handled if none is unread.
    fn to_first_unread(&self, consumer: &Consumer) -> Option<Command> {
        let (category, position) = consumer.category.clone().zip(consumer.position)?;
        if matches!(consumer.state, ConsumerState::Unknown(_)) {
            return None;
        }
        let position = if consumer.behind == Some(0) { position } else { position.saturating_add(1) };
        // Above the newest message there is nothing to show but that.
        let position = consumer.head.map_or(position, |head| position.min(head));
        Some(Command::GoToGlobal(self.namespace.clone(), category, position))
    }
}

/// Returns the stream of a consumer's positions; none if its convention uses a table.
fn position_stream(consumer: &Consumer) -> Option<StreamName> {
    match (consumer.convention, &consumer.category) {
        // A stream whose category is unknown is listed under its own name.
        (Convention::Eventide, _) | (Convention::Protean, None) => Some(StreamName::stored(consumer.name.clone())),
        (Convention::Protean, Some(category)) => {
            let whole = format!("position-{}-{category}", consumer.name);
            let is_whole = consumer.name.starts_with("position-");
            Some(StreamName::stored(if is_whole { consumer.name.clone() } else { whole }))
        }
        (Convention::Propulsion | Convention::EventodbKit | Convention::Configured, _) => None,
    }
}

fn of_consumer(consumer: &Consumer) -> Detail {
    let mut lines = vec![format!("Convention: {}", consumer.convention.name())];
    lines.extend(consumer.category.as_ref().map(|category| format!("Category: {category}")));
    lines.push(match &consumer.state {
        ConsumerState::Unknown(reason) => format!("Its position is unknown: {reason}"),
        state => format!("State: {}", state.name()),
    });
    Detail { title: consumer.name.clone(), lines }
}

fn of_finding(finding: &Finding) -> Detail {
    let mut lines = vec![finding.seen.clone(), finding.why.to_owned()];
    lines.extend(finding.remedy.as_ref().map(|remedy| format!("→ {remedy}")));
    Detail { title: format!("{} · {}", finding.check, finding.status.as_str()), lines }
}

fn of_blocker(blocker: &Blocker, server_now: Timestamp) -> Detail {
    let transaction = &blocker.transaction;
    let title = transaction.pid.map_or_else(|| "A prepared transaction".to_owned(), |pid| format!("PID {pid}"));
    let mut lines = vec![format!("Open for {}", age(server_now.duration_since(transaction.since)))];
    if blocker.writes {
        lines.push("It writes messages, so newer messages are not final until it ends".to_owned());
    }
    for (what, value) in [
        ("User", &transaction.user),
        ("Application", &transaction.application),
        ("State", &transaction.state),
        ("Query", &transaction.query),
    ] {
        lines.extend(value.as_ref().filter(|value| !value.is_empty()).map(|value| format!("{what}: {value}")));
    }
    if transaction.state.is_none() && transaction.pid.is_some() {
        lines.push("This role may not see its state and query".to_owned());
    }
    if !blocker.waiting.is_empty() {
        let waiting: Vec<String> = blocker.waiting.iter().take(WAITING).map(named).collect();
        let more = blocker.waiting.len().saturating_sub(WAITING);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let sessions = count(blocker.waiting.len() as u64, "session");
        lines.push(format!("{sessions} waiting: {}{more}", waiting.join(", ")));
    }
    if let Some(pid) = transaction.pid {
        lines.push(format!("→ Commit or roll back, or end it: select pg_terminate_backend({pid})"));
    }
    Detail { title, lines }
}

/// Names a waiting session.
pub(crate) fn named(session: &WaitingSession) -> String {
    let who = session.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("PID {pid}"));
    let of = session.application.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    format!("{who}{of} for {}", age(session.waited))
}
