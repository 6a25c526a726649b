//! Faults of servers and of what is between: each must lose nothing, double nothing, and be told.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "a row of another shape fails the test")]

#[path = "../tail/history.rs"]
mod history;
mod killed;
mod standby;
#[path = "../support/mod.rs"]
mod support;
