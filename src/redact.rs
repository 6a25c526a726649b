//! Removes passwords from text that contains connection strings. It knows their syntax, not the passwords themselves.

use std::borrow::Cow;

/// The replacement for a password.
pub(crate) const STARS: &str = "***";

/// Replaces the passwords in `scheme://user:PASSWORD@…` and `password=…`.
#[must_use]
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    if !text.contains("://") && !text.to_ascii_lowercase().contains("password") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(redact_settings(&redact_urls(text)))
}

fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at + 3);
        out.push_str(head);
        // A password may contain an unescaped '/', '?' or '@', so it extends to the last '@' of the word.
        let end = tail.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(tail.len());
        let word = &tail[..end];
        match word.rfind('@').and_then(|host| word[..host].find(':').map(|colon| (colon, host))) {
            Some((colon, host)) => {
                out.push_str(&word[..=colon]);
                out.push_str(STARS);
                out.push_str(&word[host..]);
            }
            None => out.push_str(word),
        }
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

fn redact_settings(text: &str) -> String {
    const KEY: &str = "password";
    // Converting ASCII to lower case keeps all byte offsets.
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut looked_at = 0;
    while let Some(at) = lower[looked_at..].find(KEY) {
        looked_at += at + KEY.len();
        let Some(value) = text[looked_at..].trim_start().strip_prefix('=').map(str::trim_start) else { continue };
        let begin = text.len() - value.len();
        out.push_str(&text[from..begin]);
        out.push_str(STARS);
        from = begin + value_length(value);
        looked_at = from;
    }
    out.push_str(&text[from..]);
    out
}

/// Returns the length in bytes of the value at the beginning of a text. It is quoted, or ends before a character that
/// cannot be part of it. `\` escapes any character.
fn value_length(text: &str) -> usize {
    let quoted = text.starts_with('\'');
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(usize::from(quoted)) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\'' if quoted => return at + 1,
            '&' | '"' | '\'' | '`' if !quoted => return at,
            c if !quoted && c.is_whitespace() => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_a_password_in_a_url() {
        assert_eq!(redact("bad postgres://ada:s3cret@h/db here"), "bad postgres://ada:***@h/db here");
        assert_eq!(redact("'postgres://ada:s3@c/r?t@h/db'"), "'postgres://ada:***@h/db'");
        assert_eq!(redact("a postgres://u:x@h b mysql://u:y@h"), "a postgres://u:***@h b mysql://u:***@h");
    }

    #[test]
    fn replaces_a_password_in_a_setting() {
        assert_eq!(redact("host=h password=s3cret user=u"), "host=h password=*** user=u");
        assert_eq!(redact("host=h password='s3 cret' user=u"), "host=h password=*** user=u");
        assert_eq!(redact("postgres://h/db?password=s3cret&x=1"), "postgres://h/db?password=***&x=1");
        assert_eq!(redact("PGPASSWORD=s3cret"), "PGPASSWORD=***");
        assert_eq!(redact("host=h password = s3cret user=u"), "host=h password = *** user=u");
        assert_eq!(redact("host=h Password\t=\t's3 cret' user=u"), "host=h Password\t=\t*** user=u");
        assert_eq!(redact(r"password='a\'s3cret' user=u"), "password=*** user=u");
        assert_eq!(redact(r"password=a\ s3cret user=u"), "password=*** user=u");
        assert_eq!(redact("a password, and password=s3cret"), "a password, and password=***");
    }

    #[test]
    fn leaves_text_without_a_password_unchanged() {
        for text in ["postgres://ada@h:5432/db", "no password here", "ä://ö", "://", "password="] {
            let left = redact(text).replace("password=***", "password=");
            assert_eq!(left, text);
        }
    }
}
