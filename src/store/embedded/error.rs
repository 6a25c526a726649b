//! Errors of the embedded store's files. Mentions a full disk first, because it is the one cause that the user can
//! remove.

use std::io;
use std::path::Path;

use crate::store::error::StoreError;

/// Returns the error for a failed operation on a file: "cannot WHAT PATH: ERROR".
pub(super) fn cannot(what: &str, path: &Path, error: &io::Error) -> StoreError {
    let full = if is_disk_full(error) { "the disk is full: " } else { "" };
    StoreError::Embedded(format!("{full}cannot {what} {}: {error}", path.display()))
}

pub(super) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
