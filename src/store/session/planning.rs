//! Planner settings for queries. An interactive query touches few rows, but the server's estimate of its cost grows
//! with the table. Beyond fixed limits the server compiles the query (JIT) or starts parallel workers, and both take
//! longer than the query itself. With old statistics it may also read or sort the whole table.
//!
//! The settings that prevent this apply to one transaction, which is sent together with its query. This costs no round
//! trip, leaves no trace on the connection, and works through a pooler in transaction mode.

/// The first version of PostgreSQL with JIT. Older servers refuse the setting.
const JIT: u32 = 11;

/// Prevents parallel workers.
const NO_WORKERS: &str = "set local max_parallel_workers_per_gather = 0";
/// Makes the planner use the index with the query's order, whatever its statistics say.
const FOLLOW_INDEX: &str =
    "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off";

/// How much freedom the planner has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planning {
    /// Follow the index that matches the query's conditions and order. No JIT, no workers, no sequential scan and no
    /// sort.
    FollowIndex,
    /// Let the server choose the index. No JIT and no workers.
    AnyIndex,
    /// No restrictions, for reports that read everything.
    Unrestricted,
}

impl Planning {
    /// Leaves the choice of the index to the server.
    pub(super) fn any_index(self) -> Self {
        if self == Self::FollowIndex { Self::AnyIndex } else { self }
    }

    /// Returns the settings to send inside a transaction to a server of this major version.
    pub(super) fn settings(self, version: u32) -> String {
        let mut settings = Vec::new();
        if self != Self::Unrestricted {
            settings.push(NO_WORKERS);
            if version >= JIT {
                settings.push("set local jit = off");
            }
        }
        if self == Self::FollowIndex {
            settings.push(FOLLOW_INDEX);
        }
        settings.join("; ")
    }

    /// Returns the beginning of the transaction around one statement, or `None` if the statement needs no transaction
    /// of its own.
    pub(super) fn opening(self, read_only: bool, version: u32) -> Option<String> {
        let begin = if read_only { "begin read only" } else { "begin" };
        match (self, read_only) {
            (Self::Unrestricted, false) => None,
            (Self::Unrestricted, true) => Some(begin.to_owned()),
            _ => Some(format!("{begin}; {}", self.settings(version))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_only_settings_that_the_server_version_has() {
        assert!(!Planning::FollowIndex.settings(10).contains("jit"));
        assert!(Planning::FollowIndex.settings(11).contains("jit = off"));
    }

    #[test]
    fn a_report_on_a_writable_session_needs_no_transaction() {
        assert_eq!(Planning::Unrestricted.opening(false, 15), None);
        assert_eq!(Planning::Unrestricted.opening(true, 15).as_deref(), Some("begin read only"));
    }
}
