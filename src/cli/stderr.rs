//! Lines for people on standard error: notes, warnings and errors. Standard output is never touched.

use std::io::{self, Write as _};

use super::blocking::may_block;
use crate::redact::redact;
use crate::safe_text::safe;

/// Prints a line, made safe and without passwords. Ignores errors, since there is no one to report them to.
pub(super) fn line(line: &str) {
    raw(&format!("{}\n", safe(&redact(line))));
}

/// Prints text unchanged, for a prompt or for a line that is redrawn. Ignores errors.
pub(super) fn raw(text: &str) {
    let _ = may_block(|| io::stderr().write_all(text.as_bytes()));
}
