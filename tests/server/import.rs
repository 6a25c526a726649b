//! Tests of importing into each kind of store: which messages arrive, which are refused, and how imports survive other
//! writers, lost connections and kills.

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
