//! The screen without a terminal, a database or time: events in, state and effects and a rendered buffer out.

#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "numbers in here are small")]

mod browse;
mod compose;
mod drafts;
mod editing;
mod fake;
mod filtered;
mod find;
mod fitting;
mod follow;
mod goto;
mod namespaces;
mod properties;
mod snapshots;
