//! `streamscope`: an asynchronous store for Postgres message stores, and a terminal screen over it.
//!
//! - [`app`]: the screen's state and how it changes. No I/O, no drawing.
//! - [`backoff`]: pauses between attempts to reach a server that went away.
//! - [`child_environment`]: what programs that this one starts learn of its environment.
//! - [`cli`]: the headless commands over the store.
//! - [`demo`]: the sample data of `--demo`.
//! - [`json`]: JSON as text that must not change, checked and walked.
//! - [`json_lines`]: results as lines of JSON, bodies byte for byte.
//! - [`locator`]: what a person types to get somewhere.
//! - [`message`]: the words of the field as types.
//! - [`own_files`]: files opened without following other users' links.
//! - [`pasteable`]: commands and SQL that do nothing when they are pasted.
//! - [`redact`]: connection strings without their passwords.
//! - [`runtime`]: the event loop. Sees both a store and a screen.
//! - [`safe_text`]: text that is safe to show, made in one place.
//! - [`store`]: namespaces found, made, read and written. Knows nothing of terminals.
//! - [`temporary`]: directories that go away with their owner.
//! - [`utf8`]: text from elsewhere.
//! - [`view`]: draws a state.

pub mod app;
pub mod backoff;
pub mod child_environment;
pub mod cli;
mod clock;
pub mod demo;
pub mod json;
pub mod json_lines;
pub mod locator;
pub mod message;
pub mod own_files;
pub mod pasteable;
pub mod redact;
pub mod runtime;
pub mod safe_text;
pub mod store;
pub mod temporary;
pub mod utf8;
pub mod view;

/// Compiles the example in `docs/library.md` with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
pub struct LibraryGuide;
