//! Computes the state of a stream from its messages: by merging their data, or with a jq program. This module reads no
//! store and prints nothing.

pub(crate) mod history;
mod merge;
pub(crate) mod protocol;
pub(crate) mod reducer;
pub(crate) mod worker;

pub(crate) use merge::Merged;
