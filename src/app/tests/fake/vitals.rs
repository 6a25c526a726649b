//! The pulse of the store in memory: what its consumers, transactions and checks would show.

use jiff::{SignedDuration, Timestamp};

use super::noon;
use crate::app::pulse_part::PERIOD;
use crate::app::pulse_view::Pulse;
use crate::app::request::{Answer, Question};
use crate::message::Category;
use crate::store::consumers::{Consumer, ConsumerState, Convention};
use crate::store::doctor::{CheckStatus, Finding};
use crate::store::pulse::{Blocker, CategoryRate, CategoryRates, Holdups, WaitingSession};
use crate::store::tail::BlockingTransaction;

/// What the pulse shows.
pub(crate) struct Vitals {
    /// The messages of each category in each period.
    pub rates: Vec<(&'static str, Vec<u64>)>,
    pub consumers: Vec<Consumer>,
    pub holdups: Holdups,
    pub findings: Vec<Finding>,
}

impl Default for Vitals {
    /// Returns the pulse of a store in which nothing happens.
    fn default() -> Self {
        let holdups = Holdups {
            server_time: noon(),
            newest: 30,
            final_to: Some(30),
            standby: false,
            replay_delay: None,
            blockers: Vec::new(),
        };
        Self { rates: Vec::new(), consumers: Vec::new(), holdups, findings: vec![finding(CheckStatus::Ok, "sequence")] }
    }
}

impl Vitals {
    /// Returns a pulse with a consumer in every state, a blocking writer and findings.
    pub(crate) fn of_a_troubled_shop() -> Self {
        let state = ConsumerState::Behind;
        let mut unknown = consumer("jobs.checkpoints", "order", 0, 0, ConsumerState::Unknown("no rights".to_owned()));
        (unknown.position, unknown.behind) = (None, None);
        let mut stuck =
            consumer("mailer", "order", 10_000, 7_200, ConsumerState::Stuck(noon() - SignedDuration::from_mins(42)));
        stuck.capped = true;
        let consumers = vec![
            consumer("account:position", "account", 0, 0, ConsumerState::Current),
            consumer("account:position-audit", "account", 3, 12, ConsumerState::WithinInterval),
            consumer("order:position", "order", 1_204, 192, state.clone()),
            stuck,
            consumer("order:position-copy", "order", 0, 0, ConsumerState::Ahead),
            unknown,
            consumer("projector", "account", 2, 7, state),
        ];
        let holdups = Holdups { final_to: Some(28), blockers: vec![blocker(noon(), 75)], ..Self::default().holdups };
        let rising = (1..=30).collect();
        let falling = (0..30).map(|period| 900 - 30 * period).collect();
        Self {
            rates: vec![("order", falling), ("account", rising)],
            consumers,
            holdups,
            findings: vec![
                finding(CheckStatus::Ok, "functions"),
                finding(CheckStatus::Skipped, "replication"),
                finding(CheckStatus::Warn, "transactions"),
                finding(CheckStatus::Fail, "sequence"),
            ],
        }
    }

    /// Answers a question about the pulse.
    pub(super) fn answer(&self, question: &Question) -> Option<Answer> {
        Some(Answer::Pulse(Box::new(match question {
            Question::CategoryRates { range, .. } => {
                let rate = |(name, messages): &(&str, Vec<u64>)| CategoryRate {
                    category: Category::stored(*name),
                    messages: messages.clone(),
                };
                let categories = self.rates.iter().map(rate).collect();
                let width = SignedDuration::from_secs(PERIOD);
                Pulse::Rates(CategoryRates { start: range.start, width, categories, exact: false })
            }
            Question::Consumers { .. } => Pulse::Consumers(self.consumers.clone()),
            Question::Holdups { .. } => Pulse::Holdups(self.holdups.clone()),
            Question::Findings { .. } => Pulse::Findings(self.findings.clone()),
            _ => return None,
        })))
    }
}

/// Returns a consumer that has read up to global position 20.
pub(crate) fn consumer(name: &str, category: &str, behind: u64, delay: i64, state: ConsumerState) -> Consumer {
    Consumer {
        name: name.to_owned(),
        category: Some(Category::stored(category)),
        convention: Convention::Propulsion,
        position: Some(20),
        head: Some(30),
        behind: Some(behind),
        capped: false,
        delay: (behind > 0).then(|| SignedDuration::from_secs(delay)),
        moved_at: None,
        seen_at: Some(noon()),
        state,
        trend: None,
    }
}

/// Returns a writer that is open since some seconds before a time, with two sessions that wait.
pub(crate) fn blocker(now: Timestamp, seconds: i64) -> Blocker {
    let waiting = |pid, application: &str| WaitingSession {
        pid: Some(pid),
        application: Some(application.to_owned()),
        waited: SignedDuration::from_secs(9),
    };
    Blocker {
        transaction: BlockingTransaction {
            transaction: "3/14".to_owned(),
            pid: Some(4_711),
            since: now - SignedDuration::from_secs(seconds),
            user: Some("loader".to_owned()),
            application: Some("nightly-import".to_owned()),
            state: Some("idle in transaction".to_owned()),
            query: Some("insert into messages select staged from imports".to_owned()),
        },
        writes: true,
        waiting: vec![waiting(4_712, "checkout"), waiting(4_713, "billing")],
    }
}

pub(crate) fn finding(status: CheckStatus, check: &'static str) -> Finding {
    let is_wrong = matches!(status, CheckStatus::Warn | CheckStatus::Fail);
    Finding {
        check,
        status,
        seen: format!("what the check of {check} saw"),
        why: "Readers miss messages.",
        remedy: is_wrong.then(|| "select repaired()".to_owned()),
    }
}
