//! `streamscope`: an asynchronous store for Postgres message stores, and a terminal screen over it.
//!
//! - [`locator`]: what a person types to get somewhere.
//! - [`message`]: the words of the field as types.
//! - [`store`]: namespaces found, made, read and written. Knows nothing of terminals.

pub mod locator;
pub mod message;
pub mod store;
