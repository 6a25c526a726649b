//! Faults of servers and of what is between: each must lose nothing, double nothing, and be told.
#![cfg(unix)]

#[path = "../tail/history.rs"]
mod history;
mod killed;
mod standby;
#[path = "../support/mod.rs"]
mod support;
