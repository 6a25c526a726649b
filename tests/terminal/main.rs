//! Tests of the whole program on a pseudo-terminal, with real servers and with the embedded store.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "an unexpected row may fail the test")]

#[path = "../support/mod.rs"]
mod support;

mod content;
mod day;
mod ending;
mod journeys;
mod marked;
mod pasted;
mod pictures;
mod pulse;
mod session;
mod trouble;
mod visit;
