//! Sends a wrong password only once. Until the server has just accepted the password, connections are attempted one at
//! a time, and those that wait share the failure. Without a password, connections do not wait for each other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use crate::store::connect::{Connected, Settings};
use crate::store::error::{Obstacle, Result, StoreError};

/// How long an accepted password counts as accepted: enough for the connections that a screen opens together. Later it
/// may have expired or been changed.
const ACCEPTED_FOR: Duration = Duration::from_secs(2);

/// Whether the server has just accepted the password.
#[derive(Debug, Default)]
pub(super) struct PasswordGate {
    accepted: Mutex<Option<Instant>>,
    failures: AtomicU64,
    /// The latest failure. The holder of the lock attempts the connection.
    failed: AsyncMutex<Option<(Obstacle, String)>>,
}

impl PasswordGate {
    /// Opens a connection.
    ///
    /// # Errors
    /// The errors of [`Settings::connect`], or the failure of an earlier attempt that this one waited for.
    pub(super) async fn connect(&self, settings: &Settings, read_only: bool) -> Result<Connected> {
        let before = self.failures.load(Ordering::SeqCst);
        let takes_turns = settings.sends_a_password() && !self.is_accepted();
        let mut turn = if takes_turns { Some(self.failed.lock().await) } else { None };
        if let Some((obstacle, reason)) = turn.as_deref().and_then(Option::as_ref)
            && self.failures.load(Ordering::SeqCst) != before
        {
            return Err(StoreError::Unavailable {
                target: settings.target(),
                reason: reason.clone(),
                obstacle: *obstacle,
            });
        }
        if self.is_accepted() {
            turn = None;
        }
        let outcome = settings.connect(read_only).await;
        match &outcome {
            Ok(_) => self.accept(Some(Instant::now())),
            Err(StoreError::Unavailable { obstacle, reason, .. }) => {
                if matches!(obstacle, Obstacle::Password | Obstacle::Role) {
                    self.accept(None);
                }
                if let Some(turn) = &mut turn {
                    **turn = Some((*obstacle, reason.clone()));
                    self.failures.fetch_add(1, Ordering::SeqCst);
                }
            }
            Err(_) => {}
        }
        outcome
    }

    fn is_accepted(&self) -> bool {
        let accepted = *self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.is_some_and(|at| at.elapsed() < ACCEPTED_FOR)
    }

    fn accept(&self, at: Option<Instant>) {
        *self.accepted.lock().unwrap_or_else(PoisonError::into_inner) = at;
    }
}
