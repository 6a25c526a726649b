//! Says that the disk is full where PostgreSQL cannot: in WebAssembly it learns no more than that writing failed.

use std::path::Path;

use super::relay::error_response;

/// An input or output error, as the server sends it: the end of a field before, and the field with the SQLSTATE.
const IO_ERROR: &[u8] = b"\0C58030\0";
/// SQLSTATE `disk_full`.
const DISK_FULL: &str = "53100";
/// A segment of the write-ahead log is 16 MiB. With less than that and a little more, it is the disk that cannot be written to.
const SHORT: u64 = 24 << 20;

/// The answers of a server whose files are below `root`, with an input or output error told as what it is if the disk is full there;
/// none if they stay as they are.
pub fn told(answers: &[u8], root: &Path) -> Option<Vec<u8>> {
    // Asking the system costs less than looking through the answers.
    let free = free_bytes(root).filter(|free| *free < SHORT)?;
    let found = answers.windows(IO_ERROR.len()).position(|window| window == IO_ERROR)?;
    rewritten(answers, found, root, free)
}

/// The error around `found`, replaced. Errors are short and come in one piece; one that does not stays as it is.
fn rewritten(answers: &[u8], found: usize, root: &Path, free: u64) -> Option<Vec<u8>> {
    let (from, until) = (0..found).rev().filter(|at| answers[*at..].starts_with(b"E")).find_map(|at| {
        let length = u32::from_be_bytes(answers.get(at + 1..at + 5)?.try_into().ok()?);
        let until = at + 1 + usize::try_from(length).ok()?;
        let is_it = answers.get(at + 5) == Some(&b'S') && until > found && until <= answers.len();
        is_it.then_some((at, until))
    })?;
    let fields =
        || answers[from + 5..until].split(|byte| *byte == 0).filter_map(|field| std::str::from_utf8(field).ok());
    let field = |key: char| fields().find_map(|field| field.strip_prefix(key));
    let message = format!(
        "the disk is full: {} KiB are free for {}, and PostgreSQL {}. What was acknowledged is kept; free some space",
        free >> 10,
        root.display(),
        field('M').unwrap_or("could not write"),
    );
    let error = error_response(field('V').unwrap_or("ERROR"), DISK_FULL, &message);
    Some([&answers[..from], &error, &answers[until..]].concat())
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
    fn an_input_or_output_error_on_a_full_disk_is_told_as_that() {
        let error = error_response("FATAL", "58030", "could not write to file \"a\": I/O error");
        let answers = [b"E\0\0\0\x05S".as_slice(), &error, b"Z\0\0\0\x05I"].concat();
        let found = answers.windows(IO_ERROR.len()).position(|window| window == IO_ERROR).expect("the code");
        let told = rewritten(&answers, found, Path::new("/store"), 5 << 10).expect("another error");
        let text = String::from_utf8_lossy(&told);
        assert!(text.starts_with("E\0\0\0\u{5}SE") && text.ends_with("Z\0\0\0\u{5}I"), "{text:?}");
        assert!(text.contains("SFATAL\0VFATAL\0C53100\0Mthe disk is full: 5 KiB are free for /store, and"), "{text:?}");
        assert!(text.contains("could not write to file \"a\""), "{text:?}");
        let length = u32::from_be_bytes(told[7..11].try_into().expect("four bytes"));
        assert_eq!(usize::try_from(length).expect("small"), told.len() - 6 - 1 - 6);
    }

    #[test]
    fn other_answers_and_errors_in_pieces_stay_as_they_are() {
        let error = error_response("ERROR", "58030", "could not write");
        let found = error.windows(IO_ERROR.len()).position(|window| window == IO_ERROR).expect("the code");
        assert_eq!(rewritten(&error[..error.len() - 1], found, Path::new("/"), 0), None);
        assert_eq!(rewritten(&error[1..], found - 1, Path::new("/"), 0), None);
        assert_eq!(told(&error_response("ERROR", "42P01", "no table"), Path::new("/")), None);
    }
}
