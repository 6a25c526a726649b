//! How the server plans what a session reads. An interactive query touches few rows, but the server's estimate of its cost grows
//! with the table, and past fixed limits the server compiles the query (JIT) or starts parallel workers, either of which takes
//! longer than the query itself. With old statistics it may also read or sort the whole table. The settings that prevent
//! this hold for one transaction, which is sent in one go with its query: that costs no round trip, leaves nothing behind on
//! the connection, and works through a pooler in transaction mode.

/// The first PostgreSQL that compiles queries. Older ones refuse the setting.
const JIT: u32 = 11;

/// Keeps a query from being compiled or run in parallel.
const AT_ONCE: &str = "set local max_parallel_workers_per_gather = 0";
/// Keeps the planner to the index that has the order of the query, whatever it believes of the table.
const IN_ORDER: &str = "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off";

/// What a session reads, as far as planning is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planning {
    /// Rows in the order of an index that the query names by its conditions and its order: never compiled or parallel, and never
    /// the whole table.
    InOrder,
    /// Rows for which no single index is always right: never compiled or parallel, but the server chooses the index.
    ByChoice,
    /// A report that may read everything, planned as the server likes.
    Freely,
}

impl Planning {
    /// The same, with the index left to the server.
    pub(super) fn by_choice(self) -> Self {
        if self == Self::InOrder { Self::ByChoice } else { self }
    }

    /// What a server of this major version is sent, inside a transaction, before such a query.
    pub(super) fn settings(self, version: u32) -> String {
        let mut settings = Vec::new();
        if self != Self::Freely {
            settings.push(AT_ONCE);
            if version >= JIT {
                settings.push("set local jit = off");
            }
        }
        if self == Self::InOrder {
            settings.push(IN_ORDER);
        }
        settings.join("; ")
    }

    /// How the transaction around one statement begins; none where the statement needs no transaction of its own.
    pub(super) fn opening(self, read_only: bool, version: u32) -> Option<String> {
        let begin = if read_only { "begin read only" } else { "begin" };
        match (self, read_only) {
            (Self::Freely, false) => None,
            (Self::Freely, true) => Some(begin.to_owned()),
            _ => Some(format!("{begin}; {}", self.settings(version))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_sent_only_settings_that_it_knows() {
        assert!(!Planning::InOrder.settings(10).contains("jit"));
        assert!(Planning::InOrder.settings(11).contains("jit = off"));
    }

    #[test]
    fn a_report_on_a_writable_session_needs_no_transaction() {
        assert_eq!(Planning::Freely.opening(false, 15), None);
        assert_eq!(Planning::Freely.opening(true, 15).as_deref(), Some("begin read only"));
    }
}
