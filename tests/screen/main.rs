//! The screen without a terminal, a database or time: events in, state and effects and a rendered buffer out.

mod browse;
mod compose;
mod fake;
mod find;
mod follow;
mod properties;
mod snapshots;
