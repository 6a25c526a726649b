//! Tests against real servers and the embedded store: the library, and the program as a user runs it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue fails with a panic")]

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod connect;
mod doctor;
#[cfg(feature = "embedded")]
mod embedded;
mod headless;
mod import;
mod parity;
mod store;
mod tail;
