//! Sends a wrong password only once. Until the server has accepted the password, connections are attempted one at a time, and those
//! that wait share the rejection. Without a password, connections do not wait for each other.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::store::connect::{Connected, Settings};
use crate::store::error::{Obstacle, Result, StoreError};

/// Whether the server has accepted the password.
#[derive(Debug, Default)]
pub(super) struct PasswordGate {
    passed: AtomicBool,
    rejections: AtomicU64,
    /// The latest rejection. The holder of the lock attempts the connection.
    rejected: Mutex<Option<(Obstacle, String)>>,
}

impl PasswordGate {
    /// Opens a connection.
    ///
    /// # Errors
    /// Those of [`Settings::connect`], or the rejection of an earlier attempt that this one waited for.
    pub(super) async fn connect(&self, settings: &Settings, read_only: bool) -> Result<Connected> {
        let before = self.rejections.load(Ordering::SeqCst);
        let takes_turns = settings.sends_a_password() && !self.passed.load(Ordering::SeqCst);
        let mut turn = if takes_turns { Some(self.rejected.lock().await) } else { None };
        if let Some((obstacle, reason)) = turn.as_deref().and_then(Option::as_ref)
            && self.rejections.load(Ordering::SeqCst) != before
        {
            return Err(StoreError::Unavailable {
                target: settings.target(),
                reason: reason.clone(),
                obstacle: *obstacle,
            });
        }
        if self.passed.load(Ordering::SeqCst) {
            turn = None;
        }
        let outcome = settings.connect(read_only).await;
        match &outcome {
            Ok(_) => self.passed.store(true, Ordering::SeqCst),
            Err(StoreError::Unavailable {
                obstacle: obstacle @ (Obstacle::Password | Obstacle::Role), reason, ..
            }) => {
                self.passed.store(false, Ordering::SeqCst);
                self.rejections.fetch_add(1, Ordering::SeqCst);
                if let Some(turn) = &mut turn {
                    **turn = Some((*obstacle, reason.clone()));
                }
            }
            Err(_) => {}
        }
        outcome
    }
}
