//! Tests of the state without a terminal, a database or a clock: events in, state, effects and a drawn buffer out.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "all numbers are small")]

mod browse;
mod columns;
mod compose;
mod connecting;
mod drafts;
mod editing;
pub(crate) mod fake;
mod filtered;
mod find;
mod follow;
mod goto;
mod layout;
mod list_filters;
mod marked;
mod members;
mod namespaces;
mod omnibox;
mod pointing;
mod properties;
mod pulse;
mod relations;
pub(crate) mod screen;
mod session;
mod state;
mod stepping;
mod timeline;
mod trace;
