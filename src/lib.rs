//! An asynchronous client for Postgres message stores: Message DB, `EventoDB` and namespaces of its own.
//!
//! [`store`] finds, creates, reads, writes and follows namespaces. [`message`] has messages, streams, categories and
//! versions as types. Everything else is private: the feature `cli` builds the `streamscope` program from it.
//!
//! | feature | default | adds |
//! | --- | --- | --- |
//! | `cli` | yes | the `streamscope` program: the screen and the commands |
//! | `embedded` | yes | [`store::embedded`]: PostgreSQL inside the process |
//!
//! A program that needs only the client depends on streamscope with `default-features = false`.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "cli")]
mod app;
mod backoff;
mod bounded;
mod child_environment;
#[cfg(feature = "cli")]
mod cli;
mod clock;
#[cfg(feature = "cli")]
mod compression;
#[cfg(feature = "cli")]
mod config;
#[cfg(feature = "cli")]
#[cfg_attr(not(feature = "embedded"), expect(dead_code, reason = "the demo needs the embedded store"))]
mod demo;
#[cfg(test)]
mod documents;
#[cfg(feature = "cli")]
mod fold;
#[cfg(feature = "cli")]
mod group_load;
mod invocation;
mod json;
#[cfg(feature = "cli")]
mod json_lines;
#[cfg(feature = "cli")]
mod keymap;
#[cfg(feature = "cli")]
mod locator;
pub mod message;
#[cfg(feature = "cli")]
mod nearest;
mod numbers;
#[cfg(any(feature = "cli", feature = "embedded"))]
#[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "the embedded store opens files in fewer ways"))]
mod own_files;
mod pasteable;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod program;
mod redact;
#[cfg(feature = "cli")]
mod runtime;
#[cfg(feature = "cli")]
mod safe_text;
#[cfg(feature = "cli")]
mod signals;
pub mod store;
#[cfg(any(feature = "cli", feature = "embedded"))]
mod temporary;
#[cfg(feature = "cli")]
mod trace_text;
mod utf8;
#[cfg(feature = "cli")]
mod view;
#[cfg(feature = "cli")]
mod wrapping;

/// Compiles the example in `docs/library.md` with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
pub struct LibraryGuide;
