//! How a store connects.

/// How a [`Store`](crate::store::Store) connects.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Makes sessions read-only on the server. Writes are refused before anything is sent.
    pub read_only: bool,
    /// The maximum number of connections. An embedded store always uses one.
    pub connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { read_only: false, connections: 4 }
    }
}
