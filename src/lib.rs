//! An asynchronous client for Postgres message stores, and a terminal screen and commands built on it.
//!
//! Programs use [`store`] and [`message`]. The other modules belong to the `streamscope` program:
//!
//! - [`app`]: the state of the screen and how it changes. It does no I/O and draws nothing.
//! - [`backoff`]: pauses between attempts to reconnect.
//! - [`child_environment`]: the environment of programs that streamscope starts, without its passwords.
//! - [`cli`]: the commands.
//! - [`demo`]: the sample data of `--demo`.
//! - [`json`]: checks and walks JSON without changing its text.
//! - [`json_lines`]: prints results as JSON lines, with message bodies byte for byte.
//! - [`locator`]: parses the locations that people type.
//! - [`message`]: messages, streams, categories and versions as types.
//! - [`own_files`]: opens files without following other users' links.
//! - [`pasteable`]: quotes commands and SQL so that pasting them runs nothing.
//! - [`program`]: starts a command or the screen.
//! - [`redact`]: removes passwords from connection strings.
//! - [`runtime`]: the event loop between the screen and the store.
//! - [`safe_text`]: makes text from a store safe to show.
//! - [`store`]: finds, creates, reads and writes namespaces. It never touches a terminal.
//! - [`temporary`]: directories that are deleted with their owner.
//! - [`utf8`]: decodes text from files and standard input.
//! - [`view`]: draws a state.

pub mod app;
pub mod backoff;
pub mod child_environment;
pub mod cli;
mod clock;
pub mod demo;
#[cfg(test)]
mod documents;
pub mod json;
pub mod json_lines;
pub mod locator;
pub mod message;
mod numbers;
pub mod own_files;
pub mod pasteable;
pub mod program;
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
