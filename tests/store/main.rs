//! The store's operations on real servers: everything on all four kinds of store, through PgBouncer in transaction mode, and on a
//! primary and its hot standby through one URL; then what only some of them can show.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails")]

#[path = "../support/mod.rs"]
mod support;

mod browse;
mod collation;
mod column_types;
mod isolation;
mod lost_answers;
mod messages;
mod operations;
mod plans;
mod repeated;
mod sequences;
mod shape;
mod versions;
mod writes;
