//! The commands as a user runs them: the built program, its output byte for byte, its exit status.
#![allow(clippy::disallowed_methods, reason = "a row of another shape fails the test")]

#[path = "../support/mod.rs"]
mod support;

mod bench;
mod commands;
mod databases;
mod files;
mod namespaces;
mod obstacles;
mod place;
mod planted;
mod terminal;
mod usage;
mod values;
