//! The store's operations on real servers. Most tests run on all four kinds of store, through PgBouncer in transaction mode, and on a
//! primary and its hot standby through one URL. Others need one particular server.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot continue should fail")]

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
