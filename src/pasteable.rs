//! Text that is meant to be pasted into a shell or into psql. Whatever the names in it hold, nothing runs before Enter, and then they are
//! exactly what they were.
//!
//! A line editor takes control characters for keys, quoted or not, and in a plain C locale it takes bytes above 127 for Meta keys.
//! So only printable ASCII leaves here, on one line. `!` does not either for shells: bash looks for history behind it inside of double quotes.

use std::fmt::Write as _;

/// Whether a character may stand for itself in what a shell is given.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && c != '!'
}

/// A text as one word of sh, bash and zsh; none where no single word can be it: `$(…)` takes line breaks away at the end.
#[must_use]
pub fn shell_word(text: &str) -> Option<String> {
    if text.chars().all(is_plain) {
        // Refuses only what is not plain.
        return shlex::try_quote(text).ok().map(std::borrow::Cow::into_owned);
    }
    (!text.ends_with('\n')).then(|| format!("\"$({})\"", printf(text, "")))
}

/// The words of a command as one line of sh, bash and zsh.
#[must_use]
pub fn shell_command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let (mut before, mut line) = (String::new(), String::new());
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        if let Some(word) = shell_word(word) {
            line.push_str(&word);
        } else {
            // The point keeps the line breaks before it.
            let _ = write!(before, "w{index}=$({}); ", printf(word, "."));
            let _ = write!(line, "\"${{w{index}%.}}\"");
        }
    }
    // In a shell of its own, so that the variables are not left behind.
    if before.is_empty() { line } else { format!("({before}{line})") }
}

/// A `printf` that prints a text and what is put behind it. Escapes are octal, which every shell's `printf` knows.
fn printf(text: &str, behind: &str) -> String {
    let mut format = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        // A format that begins with `-` would be an option.
        if c.is_ascii_alphanumeric() || " ./:@_".contains(c) || (c == '-' && !format.is_empty()) {
            format.push(c);
        } else {
            let _ = write!(format, "\\{byte:03o}");
        }
    }
    format!("printf '{format}{behind}'")
}

/// The command that prints messages of a stream or category. A name that begins like an option is none behind `--`.
#[must_use]
pub fn get_command(namespace: Option<&str>, name: &str, options: &[&str]) -> String {
    let namespace: Vec<String> = match namespace {
        Some(id) if id.starts_with('-') => vec![format!("--namespace={id}")],
        Some(id) => vec!["-n".to_owned(), id.to_owned()],
        None => Vec::new(),
    };
    let words = ["streamscope"].into_iter().chain(namespace.iter().map(String::as_str)).chain(["get"]);
    if name.starts_with('-') {
        shell_command(words.chain(options.iter().copied()).chain(["--", name]))
    } else {
        shell_command(words.chain([name]).chain(options.iter().copied()))
    }
}

/// A text as a string of SQL, the same whatever `standard_conforming_strings` is.
#[must_use]
pub fn sql_string(text: &str) -> String {
    let is_plain = |c: char| matches!(c, ' '..='~') && c != '\\';
    if text.chars().all(is_plain) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let mut string = "E'".to_owned();
    for c in text.chars() {
        let _ = match (c, u32::from(c)) {
            ('\\', _) => write!(string, "\\\\"),
            ('\'', _) => write!(string, "''"),
            (' '..='~', _) => write!(string, "{c}"),
            (_, code @ ..=0x7f) => write!(string, "\\x{code:02x}"),
            (_, code @ ..=0xffff) => write!(string, "\\u{code:04x}"),
            (_, code) => write!(string, "\\U{code:08x}"),
        };
    }
    string.push('\'');
    string
}

/// A name as an identifier of SQL. Unlike strings, identifiers with escapes mean the same whatever `standard_conforming_strings` is.
#[must_use]
pub fn sql_identifier(name: &str) -> String {
    if name.chars().all(|c| matches!(c, ' '..='~')) {
        return format!("\"{}\"", name.replace('"', "\"\""));
    }
    let mut identifier = "U&\"".to_owned();
    for c in name.chars() {
        let _ = match (c, u32::from(c)) {
            ('\\', _) => write!(identifier, "\\\\"),
            ('"', _) => write!(identifier, "\"\""),
            (' '..='~', _) => write!(identifier, "{c}"),
            (_, code @ ..=0xffff) => write!(identifier, "\\{code:04x}"),
            (_, code) => write!(identifier, "\\+{code:06x}"),
        };
    }
    identifier.push('"');
    identifier
}

/// What to say of a text that is copied as it is, where pasting it into a terminal could do something.
#[must_use]
pub fn caution(text: &str) -> Option<&'static str> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Some("it holds control characters: do not paste it into a terminal");
    }
    text.contains(['\n', '\t']).then_some("it holds line breaks or tabs: a shell takes them for keys")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_words_stay_as_they_are() {
        assert_eq!(
            get_command(Some("shop"), "account-1", &["--from", "3"]),
            "streamscope -n shop get account-1 --from 3"
        );
        assert_eq!(get_command(Some("shop"), "-5", &["--from", "3"]), "streamscope -n shop get --from 3 -- -5");
        assert_eq!(get_command(Some("-x"), "a:b", &[]), "streamscope '--namespace=-x' get a:b");
        assert_eq!(get_command(None, "a b", &[]), "streamscope get 'a b'");
        assert_eq!(sql_string("it's"), "'it''s'");
        assert_eq!(sql_identifier("my \"shop\""), r#""my ""shop""""#);
    }

    #[test]
    fn escapes_of_sql_are_what_both_settings_read_alike() {
        assert_eq!(sql_string("a\\'\u{15}\u{f6}\u{1f600}"), r"E'a\\''\x15\u00f6\U0001f600'");
        assert_eq!(sql_identifier("a\\\"\u{15}\u{1f600}"), r#"U&"a\\""\0015\+01f600""#);
    }

    #[test]
    fn a_raw_copy_that_a_terminal_would_act_on_is_said_to_be_one() {
        assert_eq!(caution("plain gr\u{f6}\u{df}e"), None);
        assert!(caution("a\u{1b}[201~b").is_some_and(|said| said.contains("control characters")));
        assert!(caution("a\u{9b}b").is_some_and(|said| said.contains("control characters")));
        assert!(caution("one\ntwo").is_some_and(|said| said.contains("line breaks")));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn only_printable_ascii_on_one_line_is_copied(text in "[^\0]{0,40}") {
            let command = shell_command(["get", &text]);
            proptest::prop_assert!(command.chars().all(is_plain), "{command}");
            for sql in [sql_string(&text), sql_identifier(&text)] {
                proptest::prop_assert!(sql.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{sql}");
            }
        }
    }
}
