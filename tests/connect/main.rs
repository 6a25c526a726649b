//! Connections against real servers: what `psql` connects to, sessions that end on the server too, a pooler in between.

mod sessions;

/// A variable that `tests/run` sets.
fn test_variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests by tests/run"))
}
