//! The guard of a running statement, and the state that it shares with the session. Sends nothing but cancel requests.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::error::QueryError;
use super::unanswered::Unanswered;
use crate::store::connect::{Canceller, error_mapping};
use crate::store::error::StoreError;

/// How long a cancelled connection may take to end before it is closed by force.
pub(super) const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that a session shares with its streamed rows.
#[derive(Debug)]
pub(super) struct SessionState {
    /// `None` if the server does not support cancel requests.
    pub(super) canceller: Option<Canceller>,
    /// A query was dropped before it ended.
    pub(super) abandoned: AtomicBool,
    /// Inside an explicit transaction.
    pub(super) in_transaction: AtomicBool,
    pub(super) end: Arc<OnceLock<String>>,
    pub(super) target: String,
    pub(super) unanswered: Arc<Unanswered>,
}

impl SessionState {
    pub(super) fn store_error(&self, error: &QueryError) -> StoreError {
        match error {
            QueryError::Postgres(error) => {
                error_mapping::of_client(error, &self.target, self.end.get().map(String::as_str))
            }
            QueryError::TimedOut(limit) => StoreError::TimedOut { limit: *limit },
        }
    }
}

/// Guards a running statement: dropping the guard before the statement ends cancels it.
#[derive(Debug)]
pub(super) struct InFlight {
    state: Option<Arc<SessionState>>,
    unanswered: Arc<Unanswered>,
    /// The number of the statement until the server begins to answer it.
    number: Option<u64>,
}

impl InFlight {
    pub(super) fn new(state: &Arc<SessionState>) -> Self {
        let unanswered = Arc::clone(&state.unanswered);
        Self { number: Some(unanswered.sent()), state: Some(Arc::clone(state)), unanswered }
    }

    /// Records that the server has begun to answer. Costs nothing after the first time, because it is called for each
    /// row.
    pub(super) fn answered(&mut self) {
        if let Some(number) = self.number.take() {
            self.unanswered.answered(number);
        }
    }

    pub(super) fn finish(mut self) {
        self.state = None;
    }

    /// Records an error. An error of the server ends the statement; after any other error it may still be running.
    pub(super) fn settle(self, error: &tokio_postgres::Error) {
        if error.as_db_error().is_some() {
            self.finish();
        }
    }

    /// Like [`InFlight::settle`], but passes the error on.
    pub(super) fn ended_by(self, error: QueryError) -> QueryError {
        if let QueryError::Postgres(error) = &error {
            self.settle(error);
        }
        error
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.answered();
        let Some(state) = self.state.take() else { return };
        state.abandoned.store(true, Ordering::Relaxed);
        let canceller = state.canceller.clone();
        if let (Some(canceller), Ok(runtime)) = (canceller, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { canceller.cancel(CANCEL_TIMEOUT).await });
        }
    }
}
