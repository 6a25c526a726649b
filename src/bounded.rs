//! Reads files and streams into memory, up to a limit. A file that the user names can be a device or a pipe without an
//! end.

use std::fs::File;
#[cfg(feature = "cli")]
use std::io::BufRead;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The limit in MiB for files that people write: configuration, services, passwords, keys and programs.
pub(crate) const WRITTEN_BY_HAND: u64 = 16;
/// The most bytes in a line with a message, which is more than Postgres can store.
#[cfg(feature = "cli")]
pub(crate) const LINE: usize = 256 << 20;
/// The limit in MiB for a message.
#[cfg(feature = "cli")]
pub(crate) const MESSAGE: u64 = LINE as u64 >> 20;

/// Reads everything.
///
/// # Errors
/// The errors of reading, and [`ErrorKind::FileTooLarge`] above the limit, after reading one byte more.
pub(crate) fn read(input: impl Read, mebibytes: u64) -> io::Result<Vec<u8>> {
    let limit = mebibytes << 20;
    let mut bytes = Vec::new();
    if input.take(limit + 1).read_to_end(&mut bytes)? as u64 > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {mebibytes} MiB")));
    }
    Ok(bytes)
}

/// Appends the next line and its end to `line`, up to one byte more than [`LINE`]. Returns the number of bytes, 0 at
/// the end of the input.
///
/// # Errors
/// The errors of reading.
#[cfg(feature = "cli")]
pub(crate) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    input.take(LINE as u64 + 1).read_until(b'\n', line)
}

/// Reads a file that someone wrote by hand.
///
/// # Errors
/// The errors of opening the file and of [`read`].
pub(crate) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    read(File::open(path)?, WRITTEN_BY_HAND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_up_to_the_limit_and_refuses_more_without_reading_on() {
        let mut input = io::repeat(b'x').take((1 << 20) + 5);
        let error = read(&mut input, 1).expect_err("5 bytes too many");
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
        assert_eq!(input.limit(), 4, "one byte more was read");
        assert_eq!(read(io::repeat(b'x').take(1 << 20), 1).expect("exactly the limit").len(), 1 << 20);
    }

    #[cfg(unix)]
    #[test]
    fn a_device_without_an_end_is_refused() {
        assert_eq!(read_file(Path::new("/dev/zero")).expect_err("endless").kind(), ErrorKind::FileTooLarge);
    }
}
