//! The limits at which a resource that is running out causes a warning or a failure.

/// A warning from the first value on, and a failure from the second on.
pub type Limit<T> = (T, T);

/// The limits of the checks on resources. They depend on the disk, the load and the pooler of a server, so they can be
/// changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoctorLimits {
    /// The WAL that a replication slot without a reader retains, in bytes. By default 1 and 10 GiB.
    pub slot_bytes: Limit<i64>,
    /// The age of the oldest row, in transactions. The server stops at two billion. By default 1 and 1.6 billion.
    pub wraparound: Limit<i64>,
    /// The share of connections in use, in percent. By default 80 and 95.
    pub connections: Limit<u32>,
}

impl Default for DoctorLimits {
    fn default() -> Self {
        Self { slot_bytes: (1 << 30, 10 << 30), wraparound: (1_000_000_000, 1_600_000_000), connections: (80, 95) }
    }
}
