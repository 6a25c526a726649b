//! Where a database is and how to get there: settings as `psql` understands them, TLS, the ladder of attempts.

/// Connection settings, complete: what `psql` would connect to for the same input.
#[derive(Debug, Clone)]
pub struct Settings {}

impl Settings {
    /// `user@host/database`, for people. Never a password.
    #[must_use]
    pub fn target(&self) -> String {
        todo!()
    }
}
