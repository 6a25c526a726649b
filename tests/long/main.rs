//! Long-running tests: server and network faults, and storms of writers. No fault may lose or duplicate a message, and
//! each must be reported.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "an unexpected row fails the test")]

mod killed;
mod standby;
mod storm;
#[path = "../support/mod.rs"]
mod support;
