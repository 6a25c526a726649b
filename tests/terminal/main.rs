//! The whole program on a pseudo-terminal, against real servers and the embedded default.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "a row of another shape fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod content;
mod ending;
mod journeys;
mod pasted;
mod trouble;
mod visit;
