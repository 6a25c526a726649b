//! Tests of the drawn screen: snapshots of every dialog, and what fits at each size.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "all numbers are small")]

mod explained;
mod fitting;
mod pulse;
mod snapshots;
mod table;
mod timeline;
