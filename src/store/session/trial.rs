//! Whether the server takes our password. Until it did, one connection at a time tries, and those that were asked for meanwhile
//! share its rejection: a wrong password is sent once, however many questions there are at the beginning. Without a password
//! nobody waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::store::connect::{Connected, Settings};
use crate::store::{Obstacle, Result, StoreError};

/// See the file's head.
#[derive(Debug, Default)]
pub(super) struct Trial {
    passed: AtomicBool,
    rejections: AtomicU64,
    /// The last rejection of a trial. Whoever has the lock is the one who tries.
    rejected: Mutex<Option<(Obstacle, String)>>,
}

impl Trial {
    /// A new connection.
    ///
    /// # Errors
    /// As [`Settings::connect`].
    pub(super) async fn connect(&self, settings: &Settings, read_only: bool) -> Result<Connected> {
        let before = self.rejections.load(Ordering::SeqCst);
        let on_trial = settings.sends_a_password() && !self.passed.load(Ordering::SeqCst);
        let mut turn = if on_trial { Some(self.rejected.lock().await) } else { None };
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
