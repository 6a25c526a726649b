//! Quotes text for pasting into a shell or psql. Whatever the text contains, nothing runs before the user presses
//! Enter, and then the command receives exactly the original text.
//!
//! A line editor treats control characters as keys, quoted or not, and in the C locale it treats bytes above 127 as
//! Meta keys. So the result is always one line of printable ASCII. Shell commands also avoid `!`, which bash expands as
//! history inside double quotes.

use std::fmt::Write as _;

/// Whether a character may appear unescaped in a shell command.
fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~') && c != '!'
}

/// Quotes a text as one word for sh, bash and zsh. Returns `None` if one word is not enough, because `$(…)` removes
/// trailing line breaks.
#[must_use]
pub(crate) fn shell_word(text: &str) -> Option<String> {
    if text.chars().all(is_plain) {
        // It only fails for characters that are not plain.
        return shlex::try_quote(text).ok().map(std::borrow::Cow::into_owned);
    }
    (!text.ends_with('\n')).then(|| format!("\"$({})\"", printf(text, "")))
}

/// Quotes the words of a command as one line for sh, bash and zsh.
#[must_use]
pub(crate) fn shell_command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let (mut before, mut line) = (String::new(), String::new());
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            line.push(' ');
        }
        if let Some(word) = shell_word(word) {
            line.push_str(&word);
        } else {
            // The full stop protects trailing line breaks and is removed again.
            let _ = write!(before, "w{index}=$({}); ", printf(word, "."));
            let _ = write!(line, "\"${{w{index}%.}}\"");
        }
    }
    // A subshell, so that no variables remain.
    if before.is_empty() { line } else { format!("({before}{line})") }
}

/// Returns a `printf` command that prints a text followed by `behind`. Octal escapes work in every shell.
fn printf(text: &str, behind: &str) -> String {
    let mut format = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        // A format that begins with `-` would be taken for an option.
        if c.is_ascii_alphanumeric() || " ./:@_".contains(c) || (c == '-' && !format.is_empty()) {
            format.push(c);
        } else {
            let _ = write!(format, "\\{byte:03o}");
        }
    }
    format!("printf '{format}{behind}'")
}

/// Returns a command of streamscope. `database` are the options that choose the database, and `name` is the argument. A
/// name that begins with `-` goes after `--`.
#[must_use]
pub(crate) fn command_line(
    database: &[String],
    namespace: Option<&str>,
    command: &[&str],
    name: Option<&str>,
    options: &[&str],
) -> String {
    let namespace: Vec<String> = match namespace {
        Some(id) if id.starts_with('-') => vec![format!("--namespace={id}")],
        Some(id) => vec!["-n".to_owned(), id.to_owned()],
        None => Vec::new(),
    };
    let global = database.iter().chain(&namespace).map(String::as_str);
    let words = ["streamscope"].into_iter().chain(global).chain(command.iter().copied());
    let options = options.iter().copied();
    match name {
        Some(name) if name.starts_with('-') => shell_command(words.chain(options).chain(["--", name])),
        name => shell_command(words.chain(name).chain(options)),
    }
}

/// Quotes a text as an SQL string that means the same under every setting of `standard_conforming_strings`.
#[must_use]
pub(crate) fn sql_string(text: &str) -> String {
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

/// Quotes a name as an SQL identifier. Identifiers with escapes do not depend on `standard_conforming_strings`.
#[must_use]
pub(crate) fn sql_identifier(name: &str) -> String {
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

/// Quotes the parts of a qualified name, quoted as the server prints it, like [`sql_identifier`].
#[must_use]
pub(crate) fn sql_name(quoted: &str) -> String {
    let mut name = String::new();
    let mut chars = quoted.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '"' {
            name.push(c);
            continue;
        }
        let mut part = String::new();
        while let Some(c) = chars.next() {
            if c == '"' && chars.next_if_eq(&'"').is_none() {
                break;
            }
            part.push(c);
        }
        name.push_str(&sql_identifier(&part));
    }
    name
}

/// Returns a warning for a text that is copied raw, if pasting it into a terminal could be harmful.
#[cfg(feature = "cli")]
#[must_use]
pub(crate) fn caution(text: &str) -> Option<&'static str> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        return Some("it contains control characters: do not paste it into a terminal");
    }
    text.contains(['\n', '\t']).then_some("it contains line breaks or tabs, which a shell treats as keys")
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn plain_words_are_not_quoted() {
        let get = |namespace, name, options: &[&str]| command_line(&[], namespace, &["get"], Some(name), options);
        assert_eq!(get(Some("shop"), "account-1", &["--from", "3"]), "streamscope -n shop get account-1 --from 3");
        assert_eq!(get(Some("shop"), "-5", &["--from", "3"]), "streamscope -n shop get --from 3 -- -5");
        assert_eq!(get(Some("-x"), "a:b", &[]), "streamscope '--namespace=-x' get a:b");
        assert_eq!(get(None, "a b", &[]), "streamscope get 'a b'");
        let database = ["--embedded".to_owned(), "a;b".to_owned()];
        let migrate = command_line(&database, None, &["ns", "migrate"], Some("shop"), &[]);
        assert_eq!(migrate, "streamscope --embedded 'a;b' ns migrate shop");
        assert_eq!(sql_string("it's"), "'it''s'");
        assert_eq!(sql_identifier("my \"shop\""), r#""my ""shop""""#);
        assert_eq!(sql_name(r#"shop."my ""seq""""#), r#"shop."my ""seq""""#);
    }

    #[test]
    fn sql_escapes_do_not_depend_on_standard_conforming_strings() {
        assert_eq!(sql_string("a\\'\u{15}\u{f6}\u{1f600}"), r"E'a\\''\x15\u00f6\U0001f600'");
        assert_eq!(sql_identifier("a\\\"\u{15}\u{1f600}"), r#"U&"a\\""\0015\+01f600""#);
        assert_eq!(sql_name("\"a\"\"\u{15}.\".seq"), r#"U&"a""\0015.".seq"#);
    }

    #[test]
    fn warns_about_raw_text_that_a_terminal_would_act_on() {
        assert_eq!(caution("plain gr\u{f6}\u{df}e"), None);
        assert!(caution("a\u{1b}[201~b").is_some_and(|said| said.contains("control characters")));
        assert!(caution("a\u{9b}b").is_some_and(|said| said.contains("control characters")));
        assert!(caution("one\ntwo").is_some_and(|said| said.contains("line breaks")));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn quoted_text_is_one_line_of_printable_ascii(text in "[^\0]{0,40}") {
            let command = shell_command(["get", &text]);
            proptest::prop_assert!(command.chars().all(is_plain), "{command}");
            for sql in [sql_string(&text), sql_identifier(&text)] {
                proptest::prop_assert!(sql.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{sql}");
            }
        }
    }
}
