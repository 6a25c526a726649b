//! Server and network faults. None of them may lose or duplicate a message, and each must be reported.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "an unexpected row fails the test")]

#[path = "../tail/history.rs"]
mod history;
mod killed;
mod standby;
#[path = "../support/mod.rs"]
mod support;
