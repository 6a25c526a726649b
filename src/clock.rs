//! This machine's clock. It can be wrong by hours: what is compared with times of the store goes by the server's clock.

use jiff::Timestamp;

/// The time by this machine's clock.
#[must_use]
pub fn now() -> Timestamp {
    #[cfg(debug_assertions)]
    if let Some(wrong) = wrong_for_a_test() {
        return Timestamp::now() + wrong;
    }
    Timestamp::now()
}

/// How a clock that is wrong is dealt with can only be tested with one.
#[cfg(debug_assertions)]
fn wrong_for_a_test() -> Option<jiff::SignedDuration> {
    let seconds = std::env::var("STREAMSCOPE_TEST_CLOCK_WRONG_BY").ok()?.parse().ok()?;
    Some(jiff::SignedDuration::from_secs(seconds))
}
