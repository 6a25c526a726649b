//! Messages brought into each kind of store: what arrives, what is refused, and what another writer or a killed program does to it.
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
