//! The store's operations on real servers. Most tests run on all four kinds of store, through PgBouncer in transaction
//! mode, and on a primary and its hot standby through one URL. Others need one particular server.

mod browse;
mod collation;
mod column_types;
mod consumers;
mod isolation;
mod lost_answers;
pub(crate) mod messages;
mod operations;
mod plans;
mod pulse;
mod repeated;
mod sequences;
mod shape;
mod timeline;
mod trace;
mod versions;
mod writes;
