//! Calls that can block for as long as another program likes, such as writes to a pipe that nobody reads. A signal does
//! not wait for them. This module never ends a call.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of running calls.
static BLOCKING: AtomicUsize = AtomicUsize::new(0);

/// Runs work that can block until another program reads or writes. The program exits after a signal even if it still
/// blocks.
pub(super) fn may_block<T>(work: impl FnOnce() -> T) -> T {
    BLOCKING.fetch_add(1, Ordering::Relaxed);
    let done = work();
    BLOCKING.fetch_sub(1, Ordering::Relaxed);
    done
}

/// Returns whether such a call is running.
pub(super) fn is_blocked() -> bool {
    BLOCKING.load(Ordering::Relaxed) > 0
}
