//! Reads this machine's clock. It can be wrong by hours, so times that are compared with the store's must come from the
//! server's clock.

use jiff::Timestamp;

/// Returns the time of this machine's clock.
#[must_use]
pub(crate) fn now() -> Timestamp {
    #[cfg(debug_assertions)]
    if let Some(wrong) = wrong_for_a_test() {
        return Timestamp::now() + wrong;
    }
    Timestamp::now()
}

/// Returns the error of the clock that a test has set.
#[cfg(debug_assertions)]
fn wrong_for_a_test() -> Option<jiff::SignedDuration> {
    let seconds = std::env::var("STREAMSCOPE_TEST_CLOCK_WRONG_BY").ok()?.parse().ok()?;
    Some(jiff::SignedDuration::from_secs(seconds))
}
