//! Parses connection strings (`postgres://…` and `keyword=value …`) as libpq does. Errors give the position of a
//! mistake and never quote text that could be a password.

use percent_encoding::percent_decode_str;

use super::parameters::{Parameters, invalid, is_secret, known};
use crate::store::error::Result;

const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];
/// The predecessor of `sslmode`, which libpq still accepts.
const OLDER: &str = "requiressl";

/// Returns true if a text is the URL of a database.
#[cfg(feature = "cli")]
pub(crate) fn is_url(text: &str) -> bool {
    SCHEMES.iter().any(|scheme| text.starts_with(scheme))
}

/// Returns a connection string without its passwords, or `None` if it is not valid.
#[cfg(feature = "cli")]
pub(crate) fn without_passwords(text: &str) -> Option<String> {
    let parameters = parse(text).ok()?;
    if !parameters.all().any(|(keyword, _)| is_secret(keyword)) {
        return Some(text.to_owned());
    }
    let Some((scheme, rest)) = SCHEMES.iter().find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?))) else {
        let kept = parameters.all().filter(|(keyword, _)| !is_secret(keyword));
        let pairs = kept.map(|(keyword, value)| {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            format!("{keyword}='{value}'")
        });
        return Some(pairs.collect::<Vec<_>>().join(" "));
    };
    let end = rest.find(['@', '/']).unwrap_or(rest.len());
    let (user, rest) = match rest[end..].strip_prefix('@') {
        Some(after) => (format!("{}@", rest[..end].split(':').next().unwrap_or_default()), after),
        None => (String::new(), rest),
    };
    let (servers, query) = rest.split_once('?').unwrap_or((rest, ""));
    let is_kept =
        |pair: &&str| !decode(pair.split('=').next().unwrap_or_default(), "query").is_ok_and(|it| is_secret(&it));
    let query = query.split('&').filter(is_kept).collect::<Vec<_>>().join("&");
    let query = if query.is_empty() { query } else { format!("?{query}") };
    Some(format!("{scheme}{user}{servers}{query}"))
}

/// Parses a URL, `keyword=value` pairs or, like `psql`, the bare name of a database.
pub(super) fn parse(text: &str) -> Result<Parameters> {
    if let Some(rest) = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
        return parse_url(rest, text.len() - rest.len());
    }
    if text.contains("://") && !text.contains('=') {
        return Err(invalid("the URL must begin with postgres:// or postgresql://"));
    }
    if text.contains('=') {
        return parse_pairs(text);
    }
    let mut parameters = Parameters::default();
    parameters.set("dbname", text);
    Ok(parameters)
}

/// Parses the text after `postgres://`. `offset` is its position in the whole URL.
fn parse_url(text: &str, offset: usize) -> Result<Parameters> {
    let mut parameters = Parameters::default();
    let mut rest = text;

    // As in libpq, `@` and `/` in a password must be percent-encoded.
    let authority_end = text.find(['@', '/']).unwrap_or(text.len());
    if text[authority_end..].starts_with('@') {
        let (user, password) = text[..authority_end].split_once(':').unwrap_or((&text[..authority_end], ""));
        set_decoded(&mut parameters, "user", user)?;
        set_decoded(&mut parameters, "password", password)?;
        rest = &text[authority_end + 1..];
    } else if text.split('?').next().is_some_and(|before_query| before_query.contains('@')) {
        // libpq would read a host and a database, which are displayed and logged. Here this is far more likely a
        // password.
        return Err(invalid(
            "the URL contains \"/\" before \"@\"; write \"/\" as %2F in a password, and \"@\" as %40 after the host",
        ));
    }

    let (mut hosts, mut ports) = (String::new(), String::new());
    loop {
        let host;
        if let Some(inside) = rest.strip_prefix('[') {
            let end = inside.find(']').ok_or_else(|| invalid("the URL has no \"]\" after the IPv6 address"))?;
            if end == 0 {
                return Err(invalid("the URL has an empty IPv6 address"));
            }
            host = &inside[..end];
            rest = &inside[end + 1..];
            if !rest.is_empty() && !rest.starts_with([':', '/', '?', ',']) {
                let position = offset + text.len() - rest.len() + 1;
                return Err(invalid(format!("unexpected character at position {position} of the URL, after \"]\"")));
            }
        } else {
            let end = rest.find([':', '/', '?', ',']).unwrap_or(rest.len());
            host = &rest[..end];
            rest = &rest[end..];
        }
        if host.rfind('@').is_some_and(|at| at > 0) {
            // It would be looked up and shown as part of the host, but is far more likely part of a password.
            return Err(invalid("the URL contains a second \"@\"; write \"@\" as %40 in a password"));
        }
        hosts.push_str(host);
        if let Some(after) = rest.strip_prefix(':') {
            let end = after.find(['/', '?', ',']).unwrap_or(after.len());
            ports.push_str(&after[..end]);
            rest = &after[end..];
        }
        let Some(after) = rest.strip_prefix(',') else { break };
        rest = after;
        hosts.push(',');
        ports.push(',');
    }
    // Decoded as a whole, because libpq treats an encoded comma as a separator too.
    set_decoded(&mut parameters, "host", &hosts)?;
    set_decoded(&mut parameters, "port", &ports)?;

    if let Some(path) = rest.strip_prefix('/') {
        let end = path.find('?').unwrap_or(path.len());
        set_decoded(&mut parameters, "dbname", &path[..end])?;
        rest = &path[end..];
    }
    if let Some(query) = rest.strip_prefix('?').filter(|query| !query.is_empty()) {
        parse_query(&mut parameters, query, offset + text.len() - query.len())?;
    }
    Ok(parameters)
}

fn parse_query(parameters: &mut Parameters, query: &str, mut offset: usize) -> Result<()> {
    // libpq ignores a final `&`.
    for pair in query.strip_suffix('&').filter(|pairs| !pairs.is_empty()).unwrap_or(query).split('&') {
        let position = offset + 1;
        offset += pair.len() + 1;
        let Some((keyword, value)) = pair.split_once('=') else {
            return Err(invalid(format!("the query parameter at position {position} of the URL has no \"=\"")));
        };
        if value.contains('=') {
            return Err(invalid(format!(
                "the query parameter at position {position} of the URL has more than one \"=\""
            )));
        }
        let keyword = decode(keyword, "query")?;
        if keyword == "ssl" && value == "true" {
            // JDBC's spelling, which libpq accepts too.
            parameters.set("sslmode", "require");
            continue;
        }
        if keyword == OLDER {
            require_tls(parameters, value);
            continue;
        }
        let keyword =
            known(&keyword).ok_or_else(|| invalid(format!("unknown parameter \"{keyword}\" in the URL's query")))?;
        parameters.set(keyword, decode_value(value, keyword)?);
    }
    Ok(())
}

/// Sets `sslmode` from its predecessor.
fn require_tls(parameters: &mut Parameters, value: &str) {
    parameters.set("sslmode", if value.starts_with('1') { "require" } else { "prefer" });
}

/// Ignores an empty part of the URL, so that weaker sources can set the parameter.
fn set_decoded(parameters: &mut Parameters, keyword: &'static str, text: &str) -> Result<()> {
    if !text.is_empty() {
        parameters.set(keyword, decode_value(text, keyword)?);
    }
    Ok(())
}

/// Decodes the value of a parameter. Only a password may have bytes that are not UTF-8.
fn decode_value(text: &str, keyword: &'static str) -> Result<Vec<u8>> {
    if keyword == "password" { decode_bytes(text, keyword) } else { decode(text, keyword).map(String::into_bytes) }
}

fn decode(text: &str, what: &str) -> Result<String> {
    String::from_utf8(decode_bytes(text, what)?)
        .map_err(|_| invalid(format!("the URL's {what} is not UTF-8 after decoding")))
}

fn decode_bytes(text: &str, what: &str) -> Result<Vec<u8>> {
    for (at, _) in text.match_indices('%') {
        match text.as_bytes().get(at + 1..at + 3) {
            Some(b"00") => return Err(invalid(format!("the URL's {what} contains %00, which is not allowed"))),
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {}
            _ => {
                return Err(invalid(format!(
                    "two hexadecimal digits must follow each \"%\" in the URL's {what}; write a percent sign as %25"
                )));
            }
        }
    }
    Ok(percent_decode_str(text).collect())
}

/// Parses `keyword=value` pairs. Values may be in single quotes, and `\` escapes any character.
fn parse_pairs(text: &str) -> Result<Parameters> {
    let mut parameters = Parameters::default();
    let mut characters = text.char_indices().peekable();
    let blank = |c: char| c.is_ascii_whitespace() || c == '\u{b}';
    loop {
        while characters.next_if(|(_, c)| blank(*c)).is_some() {}
        let Some(&(start, _)) = characters.peek() else { return Ok(parameters) };
        let mut keyword = String::new();
        while let Some((_, c)) = characters.next_if(|(_, c)| *c != '=' && !blank(*c)) {
            keyword.push(c);
        }
        while characters.next_if(|(_, c)| blank(*c)).is_some() {}
        if characters.next_if(|(_, c)| *c == '=').is_none() {
            return Err(invalid(format!(
                "\"=\" is missing after the word at position {} of the connection string; put a value with a space in single quotes",
                start + 1
            )));
        }
        while characters.next_if(|(_, c)| blank(*c)).is_some() {}
        let quoted = characters.next_if(|(_, c)| *c == '\'').is_some();
        let mut value = String::new();
        loop {
            match characters.next() {
                None if quoted => {
                    return Err(invalid(format!(
                        "the closing quote is missing for the keyword at position {} of the connection string",
                        start + 1
                    )));
                }
                None => break,
                Some((_, '\'')) if quoted => break,
                Some((_, c)) if !quoted && blank(c) => break,
                Some((_, '\\')) => value.extend(characters.next().map(|(_, c)| c)),
                Some((_, c)) => value.push(c),
            }
        }
        if keyword == OLDER {
            require_tls(&mut parameters, &value);
            continue;
        }
        let keyword = known(&keyword).ok_or_else(|| {
            // It can be the rest of a password with a space.
            let shown = if parameters.all().any(|(keyword, _)| is_secret(keyword)) {
                format!("at position {} of the connection string", start + 1)
            } else {
                format!("\"{keyword}\"")
            };
            invalid(format!("unknown connection parameter {shown}; put a value with a space in single quotes"))
        })?;
        if value.contains('\0') {
            return Err(invalid(format!("{keyword} contains a NUL character")));
        }
        parameters.set(keyword, value);
    }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn encoded(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    #[test]
    fn splits_a_url_into_its_parameters() {
        let parameters = parse("postgres://me:p%40ss@[::1]:1,db,/shop?sslmode=require&port=9").expect("a good URL");
        let get = |keyword| parameters.get(keyword);
        assert_eq!(get("user"), Some("me"));
        assert_eq!(get("password"), Some("p@ss"));
        assert_eq!(get("host"), Some("::1,db,"));
        assert_eq!(get("port"), Some("9"));
        assert_eq!(get("dbname"), Some("shop"));
        assert_eq!(get("sslmode"), Some("require"));
    }

    #[cfg(feature = "cli")]
    #[test]
    fn passwords_are_removed_and_everything_else_stays() {
        for (with, without) in [
            ("postgres://ada:s3cret@db:5432/shop", "postgres://ada@db:5432/shop"),
            ("postgres://db:5432", "postgres://db:5432"),
            ("postgres://db:5432/shop?user=ada", "postgres://db:5432/shop?user=ada"),
            ("postgresql://:s3cret@[::1]:5432,db/shop", "postgresql://@[::1]:5432,db/shop"),
            ("postgres://ada:s3c%40ret@db/shop?sslmode=require", "postgres://ada@db/shop?sslmode=require"),
            ("postgres://db/shop?password=s3cret&sslmode=require", "postgres://db/shop?sslmode=require"),
            ("postgres://db/shop?p%61ssword=s3cret", "postgres://db/shop"),
            ("postgres://db/shop?sslmode=require&sslpassword=s3cret&", "postgres://db/shop?sslmode=require&"),
            ("host=db password = 's3 cret' user='o\\'hara'", "host='db' user='o\\'hara'"),
            ("host = db user=ada", "host = db user=ada"),
            ("service=shop", "service=shop"),
            ("shop", "shop"),
        ] {
            assert_eq!(without_passwords(with).as_deref(), Some(without));
        }
        assert_eq!(without_passwords("host=h password='s3cret"), None);
    }

    #[test]
    fn names_an_unknown_query_parameter() {
        let error = parse("postgres://h/d?colour=red").expect_err("not a parameter").to_string();
        assert!(error.contains("unknown parameter \"colour\" in the URL's query"), "{error}");
    }

    #[test]
    fn no_error_contains_the_password() {
        for text in [
            "postgres://me:hunter2%@host/db",
            "postgres://me:hunter2%00@host/db",
            "postgres://me:hunter2/@host/db?x",
            "postgres://me:hunter2?@host/db",
            "postgres://ada:/hunter2@host/shop",
            "postgres://ada:7/hunter2@host/shop",
            "postgres://ada/hunter2@host/shop",
            "postgres://host/db?password=hunter2&x",
            "postgres://host/db?password=hunter2=x",
            "postgres://host/db?password=%hunter2",
            "mysql://me:hunter2@host/db",
            "host=h password='hunter2",
            "host=h password=a hunter2 user=me",
        ] {
            let message = match parse(text) {
                Ok(parameters) => format!("{:?} {parameters:?}", super::super::hosts::servers(&parameters)),
                Err(error) => format!("{error} {error:?}"),
            };
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    proptest! {
        #[cfg(feature = "cli")]
        #[test]
        fn a_text_without_its_passwords_has_the_same_other_parameters(rest in "[a-z:@/?&=,%0-9' \\\\]{0,30}") {
            let password = "password=x&user=ada&sslpassword=y";
            for text in [format!("postgres://{rest}"), format!("postgres://u:p@{rest}?{password}"), format!("password=x host={rest}")] {
                let Ok(parameters) = parse(&text) else { continue };
                let without = without_passwords(&text).expect("a valid text");
                let left = parse(&without).expect("a valid text");
                let expected: Vec<_> = parameters.all().filter(|(keyword, _)| !is_secret(keyword)).collect();
                prop_assert_eq!(left.all().collect::<Vec<_>>(), expected, "{}", without);
            }
        }

        #[test]
        fn never_panics(text in ".*", rest in "[a-z:@/?&=,%\\[\\]0-9' \\\\]*") {
            let _ = parse(&text);
            let _ = parse(&format!("postgres://{rest}"));
            let _ = parse(&format!("host={rest}"));
        }

        #[test]
        fn decodes_percent_encoded_parts(user in "[^\0]{1,9}", password in "[^\0]{1,9}", database in "[^\0]{1,9}") {
            let url = format!("postgres://{}:{}@h/{}", encoded(&user), encoded(&password), encoded(&database));
            let parameters = parse(&url).expect("a good URL");
            prop_assert_eq!(parameters.get("user"), Some(&*user));
            prop_assert_eq!(parameters.get("password"), Some(&*password));
            prop_assert_eq!(parameters.get("dbname"), Some(&*database));
        }

        #[test]
        fn decodes_quoted_values(password in "[^\0]{1,12}") {
            let quoted = password.replace('\\', "\\\\").replace('\'', "\\'");
            let parameters = parse(&format!("host=h password='{quoted}' user = u")).expect("good pairs");
            prop_assert_eq!(parameters.get("password"), Some(&*password));
            prop_assert_eq!(parameters.get("user"), Some("u"));
        }
    }
}
