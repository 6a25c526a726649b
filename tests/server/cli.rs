//! Tests of the built program as a user runs it: its output, byte for byte, and its exit status.

mod bench;
mod commands;
mod databases;
mod files;
mod namespaces;
mod obstacles;
mod planted;
mod terminal;
mod usage;
mod values;
