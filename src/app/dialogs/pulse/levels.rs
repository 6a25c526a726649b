//! How urgent each row of the pulse is, by the configured limits.

use jiff::Timestamp;

use super::PulseDialog;
use crate::app::following::Follow;
use crate::config::pulse::{Level, PulseLimits};
use crate::message::GlobalPosition;
use crate::store::consumers::{Consumer, ConsumerState};
use crate::store::doctor::{CheckStatus, Finding};
use crate::store::pulse::Blocker;

impl PulseLimits {
    /// Judges a consumer. A consumer that is behind by less than its write interval is fine, whatever its delay.
    #[must_use]
    pub(crate) fn level_of(&self, consumer: &Consumer) -> Level {
        let by_limits = || self.consumer(consumer.delay.unwrap_or_default(), consumer.behind.unwrap_or(0));
        match consumer.state {
            ConsumerState::Current | ConsumerState::WithinInterval => Level::Fine,
            ConsumerState::Behind => by_limits(),
            ConsumerState::Stuck(_) | ConsumerState::Ahead => Level::Red,
            ConsumerState::Unknown(_) => Level::Amber,
        }
    }
}

/// Judges a finding.
#[must_use]
pub(crate) fn of_finding(finding: &Finding) -> Level {
    match finding.status {
        CheckStatus::Ok | CheckStatus::Skipped => Level::Fine,
        CheckStatus::Warn => Level::Amber,
        CheckStatus::Fail => Level::Red,
    }
}

/// How far the messages of the namespace are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Horizon {
    pub final_to: GlobalPosition,
    pub newest: GlobalPosition,
    /// Whether `final_to` is an estimate.
    pub about: bool,
}

impl Horizon {
    /// Returns the number of global positions that are not final yet.
    #[must_use]
    pub(crate) fn distance(&self) -> u64 {
        self.newest.saturating_sub(self.final_to).max(0).unsigned_abs()
    }
}

impl PulseDialog {
    /// Returns how far messages are final: as following knows it, or else as the last reading estimates it. None on a
    /// standby.
    #[must_use]
    pub(crate) fn horizon(&self, follow: Option<&Follow>) -> Option<Horizon> {
        let holdups = self.holdups.as_ref()?;
        let estimate = holdups.final_to?;
        let about = holdups.blockers.iter().any(|blocker| blocker.writes);
        let followed = follow.filter(|follow| follow.is_of(&self.namespace) && follow.final_to > 0);
        let (final_to, about) = followed.map_or((estimate, about), |follow| (follow.final_to, false));
        Some(Horizon { final_to, newest: holdups.newest.max(final_to), about })
    }

    /// Judges a transaction at a time of the server's clock.
    #[must_use]
    pub(crate) fn level_of_blocker(&self, blocker: &Blocker, server_now: Timestamp) -> Level {
        self.limits.blocking(server_now.duration_since(blocker.transaction.since))
    }

    /// Judges the horizon and the standby.
    #[must_use]
    pub(crate) fn level_of_health(&self, follow: Option<&Follow>) -> Level {
        let horizon = self.horizon(follow).map_or(Level::Fine, |horizon| self.limits.horizon(horizon.distance()));
        let delay = self.holdups.as_ref().and_then(|holdups| holdups.replay_delay);
        horizon.max(delay.map_or(Level::Fine, |delay| self.limits.standby(delay)))
    }

    /// Returns how many things are amber and how many are red.
    #[must_use]
    pub(crate) fn urgent(&self, follow: Option<&Follow>, server_now: Timestamp) -> (usize, usize) {
        let consumers = self.consumers.iter().flatten().map(|consumer| self.limits.level_of(consumer));
        let blockers = self.blockers().into_iter().map(|blocker| self.level_of_blocker(blocker, server_now));
        let findings = self.findings.iter().flat_map(|(findings, _)| findings).map(of_finding);
        let levels: Vec<Level> =
            consumers.chain(blockers).chain(findings).chain([self.level_of_health(follow)]).collect();
        let count = |wanted| levels.iter().filter(|level| **level == wanted).count();
        (count(Level::Amber), count(Level::Red))
    }

    /// Returns true once every part has been seen and none has failed since.
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.parts.iter().all(|state| state.seen.is_some() && state.problem.is_none())
    }
}
