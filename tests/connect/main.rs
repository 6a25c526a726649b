//! Connections against real servers: what `psql` connects to, sessions that end on the server too, a pooler in between.
#![allow(clippy::disallowed_methods, reason = "a row of another shape fails the test")]

mod authority;
mod certificates;
mod cluster;
mod hostile;
mod matrix;
mod pooler;
mod psql;
mod refusing;
mod rejected;
mod round_trips;
mod sessions;
#[path = "../support/mod.rs"]
mod support;
