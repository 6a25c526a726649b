//! Reports a full disk, which PostgreSQL cannot recognise in WebAssembly: there it only learns that a write failed.
//! Rewrites such an error on its way to the client, and no other answer.

use std::path::Path;

use super::error_response::error_response;

/// SQLSTATE `io_error` in an error message: the end of the previous field, then the field with the code.
const IO_ERROR: &[u8] = b"\0C58030\0";
/// SQLSTATE `disk_full`.
const DISK_FULL: &str = "53100";
/// A segment of the write-ahead log takes 16 MiB. With less free space than this, a failed write means that the disk is
/// full.
const SHORT: u64 = 24 << 20;

/// How `pglite-oxide` begins the error if the server of a connection does not start.
const NOT_STARTED: &str = "could not start embedded Postgres backend";
/// How Rust prints the system's error for a full disk.
const NO_SPACE: &str = "(os error 28)";

/// If `answers` is the refusal of a connection because the disk with the cache is full, returns it with SQLSTATE
/// `disk_full`.
pub(super) fn report_full_cache(answers: &[u8]) -> Option<Vec<u8>> {
    let refusal = answers.strip_prefix(b"E").filter(|refusal| refusal.len() < 4096)?;
    let text = field(refusal.get(4..)?, 'M')?;
    let is_full = text.starts_with(NOT_STARTED) && text.contains(NO_SPACE);
    is_full.then(|| error_response("FATAL", DISK_FULL, &format!("the disk is full: {text}. Free some space")))
}

/// If `answers` contains an I/O error and the disk with the server's files below `root` is full, returns the answers
/// with the error replaced.
pub(super) fn report_full_disk(answers: &[u8], root: &Path) -> Option<Vec<u8>> {
    // Asking for the free space is cheaper than searching the answers.
    let free = free_bytes(root).filter(|free| *free < SHORT)?;
    let found = answers.windows(IO_ERROR.len()).position(|window| window == IO_ERROR)?;
    rewritten(answers, found, root, free)
}

/// Replaces the error around the offset `found`. An error that is not complete in `answers` is left as it is; errors
/// are short and normally arrive in one piece.
fn rewritten(answers: &[u8], found: usize, root: &Path, free: u64) -> Option<Vec<u8>> {
    let (from, until) = (0..found).rev().filter(|at| answers[*at..].starts_with(b"E")).find_map(|at| {
        let length = u32::from_be_bytes(answers.get(at + 1..at + 5)?.try_into().ok()?);
        let until = at + 1 + usize::try_from(length).ok()?;
        let is_it = answers.get(at + 5) == Some(&b'S') && until > found && until <= answers.len();
        is_it.then_some((at, until))
    })?;
    let field = |key| field(&answers[from + 5..until], key);
    let message = format!(
        "the disk is full: {} KiB are free for {}, and PostgreSQL {}. Acknowledged writes are safe; free some space",
        free >> 10,
        root.display(),
        field('M').unwrap_or("could not write"),
    );
    let error = error_response(field('V').unwrap_or("ERROR"), DISK_FULL, &message);
    Some([&answers[..from], &error, &answers[until..]].concat())
}

/// Returns a field of an error message by its type.
fn field(fields: &[u8], key: char) -> Option<&str> {
    fields
        .split(|byte| *byte == 0)
        .filter_map(|field| std::str::from_utf8(field).ok())
        .find_map(|field| field.strip_prefix(key))
}

#[cfg(unix)]
fn free_bytes(root: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(root).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_connection_is_searched_for_a_full_cache() {
        let refusal = |text: &str| error_response("FATAL", "XX000", text);
        let full =
            "could not start embedded Postgres backend: write AOT artifact x: No space left on device (os error 28)";
        let reported = report_full_cache(&refusal(full)).expect("a full disk");
        let text = String::from_utf8_lossy(&reported);
        assert!(
            text.contains("C53100\0Mthe disk is full: could not start") && text.contains("Free some space"),
            "{text:?}"
        );
        assert_eq!(report_full_cache(&refusal("the value is (os error 28)")), None);
        let row = [b"D\0\0\0\x07\0\0\0".as_slice(), &refusal(full)].concat();
        assert_eq!(report_full_cache(&row), None);
    }

    #[test]
    fn reports_an_io_error_on_a_full_disk_as_disk_full() {
        let error = error_response("FATAL", "58030", "could not write to file \"a\": I/O error");
        let answers = [b"E\0\0\0\x05S".as_slice(), &error, b"Z\0\0\0\x05I"].concat();
        let found = answers.windows(IO_ERROR.len()).position(|window| window == IO_ERROR).expect("the code");
        let replaced = rewritten(&answers, found, Path::new("/store"), 5 << 10).expect("another error");
        let text = String::from_utf8_lossy(&replaced);
        assert!(text.starts_with("E\0\0\0\u{5}SE") && text.ends_with("Z\0\0\0\u{5}I"), "{text:?}");
        assert!(text.contains("SFATAL\0VFATAL\0C53100\0Mthe disk is full: 5 KiB are free for /store, and"), "{text:?}");
        assert!(text.contains("could not write to file \"a\""), "{text:?}");
        let length = u32::from_be_bytes(replaced[7..11].try_into().expect("four bytes"));
        assert_eq!(usize::try_from(length).expect("small"), replaced.len() - 6 - 1 - 6);
    }

    #[test]
    fn leaves_other_answers_and_partial_errors_unchanged() {
        let error = error_response("ERROR", "58030", "could not write");
        let found = error.windows(IO_ERROR.len()).position(|window| window == IO_ERROR).expect("the code");
        assert_eq!(rewritten(&error[..error.len() - 1], found, Path::new("/"), 0), None);
        assert_eq!(rewritten(&error[1..], found - 1, Path::new("/"), 0), None);
        assert_eq!(report_full_disk(&error_response("ERROR", "42P01", "no table"), Path::new("/")), None);
    }
}
