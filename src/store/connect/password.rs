//! The password file (`~/.pgpass`): one password a line for a host, port, database and user. A file that others can read is
//! ignored with a warning, as `psql` does. Passwords leave here only into the settings.

use std::fs;
use std::path::Path;

use super::hosts::{Place, Server};
use crate::utf8;

/// The directories that a libpq is built with as its default: to them the file's `localhost` applies.
const DEFAULT_DIRECTORIES: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// Text of the password file, where there is one and only its owner can read it; otherwise perhaps a warning.
pub(super) fn read(path: &Path) -> Result<Option<String>, String> {
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    if !metadata.is_file() {
        return Err(format!("password file \"{}\" is not a plain file", path.display()));
    }
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(format!(
            "password file \"{}\" has group or world access and was ignored; permissions should be u=rw (0600) or less",
            path.display()
        ));
    }
    let Ok(bytes) = fs::read(path) else { return Ok(None) };
    let text = utf8::text_lossy(&bytes);
    let text = text.map_err(|error| format!("password file \"{}\" was ignored: it {error}", path.display()))?;
    Ok(Some(text.into_owned()))
}

/// The password of the first line that fits.
pub(super) fn find(text: &str, server: &Server, database: &str, user: &str) -> Option<String> {
    let host = match &server.place {
        Place::Name(name) | Place::Address { name: Some(name), .. } => name.clone(),
        Place::Address { name: None, address } => address.to_string(),
        Place::Socket(directory) if DEFAULT_DIRECTORIES.iter().any(|known| Path::new(known) == directory) => {
            "localhost".to_owned()
        }
        Place::Socket(directory) => directory.to_string_lossy().into_owned(),
    };
    let port = server.port.to_string();
    text.lines()
        .map(|line| line.trim_end_matches('\r'))
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for token in [&host, &port, database, user] {
                rest = field(rest, token)?;
            }
            Some(unescaped(rest))
        })
}

/// What follows the line's first field, where that is `*` or the token (`\` before a character of it).
fn field<'a>(line: &'a str, token: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut wanted = token.chars();
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        let character = match character {
            ':' if wanted.as_str().is_empty() => return Some(&line[at + 1..]),
            '\\' => characters.next()?.1,
            plain => plain,
        };
        if wanted.next() != Some(character) {
            return None;
        }
    }
    None
}

/// The last field: up to a `:` that is not escaped.
fn unescaped(field: &str) -> String {
    let mut password = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' => break,
            '\\' => password.push(characters.next().unwrap_or('\\')),
            plain => password.push(plain),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn look(text: &str, place: Place) -> Option<String> {
        find(text, &Server { place, port: 5432, password: None }, "shop", "me")
    }

    #[test]
    fn the_first_line_that_fits_decides() {
        let text = "# comment\nother:*:*:*:no\n*:5433:*:*:no\ndb:5432:shop:me:first\n*:*:*:*:second\n";
        assert_eq!(look(text, Place::Name("db".to_owned())).as_deref(), Some("first"));
        assert_eq!(look(text, Place::Name("d".to_owned())).as_deref(), Some("second"));
    }

    #[cfg(unix)]
    #[test]
    fn a_byte_order_mark_is_skipped_and_utf_16_is_named() {
        let directory = tempfile::TempDir::new().expect("a directory");
        let path = directory.path().join("pgpass");
        let write = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("written");
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        };
        write("\u{feff}db:5432:shop:me:first\n".as_bytes());
        let text = read(&path).expect("no warning").expect("a text");
        assert_eq!(look(&text, Place::Name("db".to_owned())).as_deref(), Some("first"));
        write(&"db:5432:shop:me:first\n".encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>());
        let warning = read(&path).expect_err("a warning");
        assert!(warning.contains("it is UTF-16BE, not UTF-8"), "{warning}");
    }

    #[test]
    fn localhost_stands_for_the_default_socket_and_a_path_for_itself() {
        let text = "localhost:*:*:*:local\n/srv/sock:*:*:*:other\n";
        assert_eq!(look(text, Place::Socket("/var/run/postgresql".into())).as_deref(), Some("local"));
        assert_eq!(look(text, Place::Socket("/srv/sock".into())).as_deref(), Some("other"));
    }

    #[test]
    fn a_backslash_takes_the_meaning_of_colon_and_backslash() {
        let text = r"a\:b:*:*:*:p\:q\\r:rest";
        assert_eq!(look(text, Place::Name("a:b".to_owned())).as_deref(), Some(r"p:q\r"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*", host in ".*") {
            let _ = look(&text, Place::Name(host));
        }

        #[test]
        fn what_is_escaped_is_found_again(host in "[^/\n\r#][^\n\r]{0,8}", password in "[^\n\r]{1,12}") {
            let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
            let text = format!("{}:5432:shop:me:{}", escape(&host), escape(&password));
            prop_assert_eq!(look(&text, Place::Name(host)), Some(password));
        }
    }
}
