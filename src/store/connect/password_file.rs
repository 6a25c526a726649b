//! Reads the password file (`~/.pgpass`), which has one line per host, port, database and user. As in `psql`, a file
//! that others can read is ignored with a warning.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::hosts::{Endpoint, SOCKET_DIRECTORIES, Server};
use crate::bounded;
use crate::utf8;

/// Sets the passwords of the servers that the password file lists. Returns a warning if the file is ignored.
pub(super) fn fill(servers: &mut [Server], path: &Path, database: &str, user: &str) -> Option<String> {
    match read(path) {
        Ok(text) => {
            for server in servers {
                server.password = text.as_deref().and_then(|text| find(text, server, database, user));
            }
            None
        }
        Err(warning) => Some(warning),
    }
}

/// Returns the content of the password file without a byte order mark, or `None` if there is no file.
///
/// # Errors
/// A warning that says why the file is ignored.
fn read(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() {
        return Err(format!("the password file \"{}\" was ignored: it is not a regular file", path.display()));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(format!(
            "the password file \"{}\" has group or world access and was ignored; run chmod 600 on it",
            path.display()
        ));
    }
    let bytes = match bounded::read_file(path) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            return Err(format!("the password file \"{}\" was ignored: {error}", path.display()));
        }
        Err(_) => return Ok(None),
        Ok(bytes) => bytes,
    };
    let text = utf8::any_bytes(&bytes);
    let text = text.map_err(|error| format!("the password file \"{}\" was ignored: it {error}", path.display()))?;
    Ok(Some(text.to_owned()))
}

/// Returns the password of the first line that matches. It need not be UTF-8.
fn find(text: &[u8], server: &Server, database: &str, user: &str) -> Option<Vec<u8>> {
    // A default directory of sockets is localhost. Which one that is depends on how libpq was built.
    let is_default = |directory: &PathBuf| SOCKET_DIRECTORIES.iter().any(|known| Path::new(known) == directory);
    let hosts = match &server.endpoint {
        Endpoint::Name(name) | Endpoint::Address { name: Some(name), .. } => vec![name.clone()],
        Endpoint::Address { name: None, address } => vec![address.clone()],
        Endpoint::Socket(directory) => {
            let path = directory.to_string_lossy().into_owned();
            if is_default(directory) { vec!["localhost".to_owned(), path] } else { vec![path] }
        }
    };
    let port = server.port.to_string();
    text.split(|byte| *byte == b'\n')
        .map(without_line_end)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .find_map(|line| {
            let mut rest = hosts.iter().find_map(|host| field(line, host))?;
            for token in [&port, database, user] {
                rest = field(rest, token)?;
            }
            Some(unescaped(rest))
        })
        // As in psql, an empty password is none.
        .filter(|password| !password.is_empty())
}

fn without_line_end(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    line
}

/// Returns the rest of the line if its first field is `*` or the token. `\` escapes a character of the field.
fn field<'a>(line: &'a [u8], token: &str) -> Option<&'a [u8]> {
    if let Some(rest) = line.strip_prefix(b"*:") {
        return Some(rest);
    }
    let mut wanted = token.bytes();
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b':' if wanted.len() == 0 => return Some(bytes.as_slice()),
            b'\\' => bytes.next()?,
            plain => plain,
        };
        if wanted.next() != Some(*byte) {
            return None;
        }
    }
    None
}

/// Decodes the last field, which ends at the first `:` that is not escaped.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut password = Vec::new();
    let mut bytes = field.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b':' => break,
            b'\\' => password.push(*bytes.next().unwrap_or(&b'\\')),
            plain => password.push(*plain),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look(text: impl AsRef<[u8]>, endpoint: Endpoint) -> Option<String> {
        let password = find(text.as_ref(), &Server { endpoint, port: 5432, password: None }, "shop", "me");
        password.map(|password| String::from_utf8(password).expect("UTF-8"))
    }

    #[test]
    fn the_first_matching_line_decides() {
        let text = "# comment\nother:*:*:*:no\n*:5433:*:*:no\ndb:5432:shop:me:first\n*:*:*:*:second\n";
        assert_eq!(look(text, Endpoint::Name("db".to_owned())).as_deref(), Some("first"));
        assert_eq!(look(text, Endpoint::Name("d".to_owned())).as_deref(), Some("second"));
    }

    #[cfg(unix)]
    #[test]
    fn skips_a_byte_order_mark_and_warns_about_utf_16() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("pgpass");
        let write = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("written");
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        };
        write("\u{feff}db:5432:shop:me:first\n".as_bytes());
        let text = read(&path).expect("no warning").expect("a text");
        assert_eq!(look(&text, Endpoint::Name("db".to_owned())).as_deref(), Some("first"));
        write(&"db:5432:shop:me:first\n".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
        let warning = read(&path).expect_err("a warning");
        assert!(warning.contains("it is UTF-16BE, not UTF-8"), "{warning}");
    }

    #[test]
    fn localhost_matches_the_default_socket_and_a_path_matches_itself() {
        let text = "localhost:*:*:*:local\n/srv/sock:*:*:*:other\n";
        assert_eq!(look(text, Endpoint::Socket("/var/run/postgresql".into())).as_deref(), Some("local"));
        assert_eq!(look(text, Endpoint::Socket("/srv/sock".into())).as_deref(), Some("other"));
    }

    #[test]
    fn a_backslash_escapes_colons_and_backslashes() {
        let text = r"a\:b:*:*:*:p\:q\\r:rest";
        assert_eq!(look(text, Endpoint::Name("a:b".to_owned())).as_deref(), Some(r"p:q\r"));
    }

    proptest! {
        #[test]
        fn never_panics(text in ".*", host in ".*") {
            let _ = look(&text, Endpoint::Name(host));
        }

        #[test]
        fn finds_the_password_of_an_escaped_host(host in "[^/\n\r#][^\n\r]{0,8}", password in "[^\n\r]{1,12}") {
            let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
            let text = format!("{}:5432:shop:me:{}", escape(&host), escape(&password));
            prop_assert_eq!(look(&text, Endpoint::Name(host)), Some(password));
        }
    }
}
