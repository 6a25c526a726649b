//! The commands as a user runs them: the built program, its output byte for byte, its exit status.

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
