//! Tests of importing into each kind of store: which messages arrive, which are refused, and how imports survive other writers, lost
//! connections and kills.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../cli/place.rs"]
mod place;

mod batches;
mod commands;
mod gaps;
mod lines;
mod new;
mod shaped;
mod sharing;
#[cfg(unix)]
mod trouble;
mod wrong;
