//! `[doctor]`: the limits at which the checks on resources warn or fail. Every limit has a default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::doctor::DoctorLimits;

/// The limits at which doctor warns or fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct DoctorSection {
    /// Warn if a replication slot without a reader retains this many bytes of WAL.
    slot_bytes_warn: i64,
    /// Fail from this value on.
    slot_bytes_fail: i64,
    /// Warn if the oldest row is this many transactions old. The server stops at two billion.
    wraparound_warn: i64,
    /// Fail from this value on.
    wraparound_fail: i64,
    /// Warn if this percentage of the connections is in use.
    connections_warn: u32,
    /// Fail from this value on.
    connections_fail: u32,
}

impl Default for DoctorSection {
    fn default() -> Self {
        let DoctorLimits { slot_bytes, wraparound, connections } = DoctorLimits::default();
        Self {
            slot_bytes_warn: slot_bytes.0,
            slot_bytes_fail: slot_bytes.1,
            wraparound_warn: wraparound.0,
            wraparound_fail: wraparound.1,
            connections_warn: connections.0,
            connections_fail: connections.1,
        }
    }
}

impl DoctorSection {
    /// Returns the limits, as the store applies them.
    pub(super) fn limits(self) -> DoctorLimits {
        DoctorLimits {
            slot_bytes: (self.slot_bytes_warn, self.slot_bytes_fail),
            wraparound: (self.wraparound_warn, self.wraparound_fail),
            connections: (self.connections_warn, self.connections_fail),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn limits_that_are_not_set_keep_their_defaults() {
        let config = Config::parse("[doctor]\nconnections-warn = 60\n").expect("a configuration");
        let expected = DoctorLimits { connections: (60, 95), ..DoctorLimits::default() };
        assert_eq!(config.doctor_limits(), expected);
        let problems = Config::parse("[doctor]\nconnection-warn = 60\n").expect_err("a mistake");
        assert!(problems[0].to_string().contains("Did you mean \"connections-warn\"?"), "{problems:?}");
    }
}
