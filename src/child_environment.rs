//! Removes database passwords from the environment of child processes. An editor, a pager or a password command does
//! not need them, but keeps its own tokens.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use percent_encoding::percent_decode_str;

use crate::redact::redact;

/// Variables that are always removed, because they name a database or contain its password.
const NAMES: [&str; 8] = [
    "STREAMSCOPE_URL",
    "STREAMSCOPE_WHOLE_URL",
    "STREAMSCOPE_PASSWORD",
    "STREAMSCOPE_PASSWORD_COMMAND",
    "DATABASE_URL",
    "PGPASSWORD",
    "PGSSLPASSWORD",
    "PGOAUTHCLIENTSECRET",
];

/// Removes the secrets from the environment of a program that is about to be started.
pub(crate) fn without_secrets(command: &mut Command) -> &mut Command {
    for name in secrets_among(&std::env::vars_os().collect::<Vec<_>>()) {
        command.env_remove(name);
    }
    command
}

/// Returns the variables to remove: those in [`NAMES`], connection strings with a password, and copies of a password.
fn secrets_among(variables: &[(OsString, OsString)]) -> Vec<&OsStr> {
    let is_named = |name: &OsStr| NAMES.iter().any(|secret| name == *secret);
    let named = variables.iter().filter(|(name, _)| is_named(name));
    let passwords: Vec<OsString> =
        named.flat_map(|(_, value)| [value.clone()].into_iter().chain(password(value))).collect();
    let is_copy = |name: &OsStr, value: &OsStr| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        // Keeps USER even if the password equals the user's name.
        ["PASS", "PWD", "SECRET"].iter().any(|word| name.contains(word))
            && passwords.iter().any(|password| password == value)
    };
    let is_secret = |name: &OsStr, value: &OsStr| {
        let text = value.to_string_lossy();
        is_named(name) || redact(&text) != text || is_copy(name, value)
    };
    let secrets = variables.iter().filter(|(name, value)| is_secret(name, value));
    secrets.map(|(name, _)| name.as_os_str()).collect()
}

/// Returns the decoded password of a URL, to find copies of it.
fn password(url: &OsStr) -> Option<OsString> {
    let (_, rest) = url.to_str()?.split_once("://")?;
    let (_, password) = rest.rsplit_once('@')?.0.split_once(':')?;
    Some(percent_decode_str(password).decode_utf8().ok()?.into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_keeps_its_own_tokens_and_gets_no_database_password() {
        let variables = [
            ("HOME", "/home/ada"),
            ("USER", "s3cret"),
            ("PGHOST", "db"),
            ("PGPASSFILE", "/home/ada/.pgpass"),
            ("AWS_SECRET_ACCESS_KEY", "of the password command"),
            ("BROWSER", "https://example.org/a?b=c"),
            ("EMPTY", ""),
            ("PGPASSWORD", "s3cret"),
            ("STREAMSCOPE_URL", "postgres://ada:p%40ss@db/shop"),
            ("DATABASE_URL", "postgres://ada@db/shop"),
            ("STREAMSCOPE_PASSWORD_COMMAND", "vault read -token=abc"),
            ("OTHER_URL", "mysql://ada:other@db/shop"),
            ("DSN", "host=db password=another"),
            ("POSTGRES_PASSWORD", "s3cret"),
            ("DB_PASS", "p@ss"),
        ];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let secrets = secrets_among(&variables);
        let kept: Vec<_> = variables.iter().filter(|(name, _)| !secrets.contains(&name.as_os_str())).collect();
        let kept: Vec<_> = kept.iter().filter_map(|(name, _)| name.to_str()).collect();
        assert_eq!(kept, ["HOME", "USER", "PGHOST", "PGPASSFILE", "AWS_SECRET_ACCESS_KEY", "BROWSER", "EMPTY"]);
    }
}
