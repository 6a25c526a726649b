//! Tests of the built program as a user runs it: its output, byte for byte, and its exit status.
#![allow(clippy::disallowed_methods, reason = "a row with other columns fails the test")]

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
