//! libpq's connection parameters with their environment variables, and a set of values for them. Interprets no values
//! and never prints a password.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::store::error::StoreError;

/// Every parameter and its environment variable, from "Parameter Key Words" and "Environment Variables" in libpq's
/// documentation.
const KNOWN: &[(&str, Option<&str>)] = &[
    ("application_name", Some("PGAPPNAME")),
    ("channel_binding", Some("PGCHANNELBINDING")),
    ("client_encoding", None),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT")),
    ("dbname", Some("PGDATABASE")),
    ("fallback_application_name", None),
    ("gssdelegation", Some("PGGSSDELEGATION")),
    ("gssencmode", Some("PGGSSENCMODE")),
    ("gsslib", Some("PGGSSLIB")),
    ("host", Some("PGHOST")),
    ("hostaddr", Some("PGHOSTADDR")),
    ("keepalives", None),
    ("keepalives_count", None),
    ("keepalives_idle", None),
    ("keepalives_interval", None),
    ("krbsrvname", Some("PGKRBSRVNAME")),
    ("load_balance_hosts", Some("PGLOADBALANCEHOSTS")),
    ("max_protocol_version", Some("PGMAXPROTOCOLVERSION")),
    ("min_protocol_version", Some("PGMINPROTOCOLVERSION")),
    ("oauth_client_id", None),
    ("oauth_client_secret", None),
    ("oauth_issuer", None),
    ("oauth_scope", None),
    ("options", Some("PGOPTIONS")),
    ("passfile", Some("PGPASSFILE")),
    ("password", Some("PGPASSWORD")),
    ("port", Some("PGPORT")),
    ("replication", None),
    ("require_auth", Some("PGREQUIREAUTH")),
    ("requirepeer", Some("PGREQUIREPEER")),
    ("scram_client_key", None),
    ("scram_server_key", None),
    ("service", Some("PGSERVICE")),
    // PGSERVICEFILE does not name a server by itself; `service_file.rs` reads it.
    ("servicefile", None),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION")),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION")),
    ("sslcert", Some("PGSSLCERT")),
    ("sslcertmode", Some("PGSSLCERTMODE")),
    ("sslcompression", Some("PGSSLCOMPRESSION")),
    ("sslcrl", Some("PGSSLCRL")),
    ("sslcrldir", Some("PGSSLCRLDIR")),
    ("sslkey", Some("PGSSLKEY")),
    ("sslkeylogfile", None),
    ("sslmode", Some("PGSSLMODE")),
    ("sslnegotiation", Some("PGSSLNEGOTIATION")),
    ("sslpassword", None),
    ("sslrootcert", Some("PGSSLROOTCERT")),
    ("sslsni", Some("PGSSLSNI")),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS")),
    ("tcp_user_timeout", None),
    ("user", Some("PGUSER")),
];

/// Returns the error for invalid connection settings.
pub(super) fn invalid(reason: impl Into<String>) -> StoreError {
    StoreError::Invalid { field: "connection settings", reason: reason.into() }
}

/// Returns the keyword from [`KNOWN`], if it is there.
pub(super) fn known(keyword: &str) -> Option<&'static str> {
    KNOWN.iter().map(|(known, _)| *known).find(|known| *known == keyword)
}

/// Returns true if the value of a keyword is a password or works like one.
pub(super) fn is_secret(keyword: &str) -> bool {
    matches!(keyword, "password" | "sslpassword" | "oauth_client_secret" | "scram_client_key" | "scram_server_key")
}

/// All keywords that have an environment variable, each with its variable.
pub(super) fn variables() -> impl Iterator<Item = (&'static str, &'static str)> {
    KNOWN.iter().filter_map(|(keyword, variable)| variable.map(|variable| (*keyword, variable)))
}

/// Values by keyword. Passwords can be any bytes, and all other values are text.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters(BTreeMap<&'static str, Vec<u8>>);

impl Parameters {
    /// Sets or replaces a value. `keyword` comes from [`known`].
    pub(super) fn set(&mut self, keyword: &'static str, value: impl Into<Vec<u8>>) {
        self.0.insert(keyword, value.into());
    }

    /// Sets a value unless a stronger source has set one.
    pub(super) fn set_default(&mut self, keyword: &'static str, value: impl Into<Vec<u8>>) {
        self.0.entry(keyword).or_insert_with(|| value.into());
    }

    /// Returns the values, by keyword.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        self.0.iter().map(|(keyword, value)| (*keyword, String::from_utf8_lossy(value)))
    }

    /// Returns the password if it is not empty.
    pub(super) fn password(&self) -> Option<&[u8]> {
        self.0.get("password").map(Vec::as_slice).filter(|password| !password.is_empty())
    }

    /// Returns the value if it is not empty. To libpq, an empty name, path or text means the default.
    pub(super) fn get(&self, keyword: &str) -> Option<&str> {
        self.given(keyword).filter(|value| !value.is_empty())
    }

    /// Returns the value even if it is empty. To libpq, an empty keyword or number is a mistake: `sslmode=` must not
    /// silently mean `prefer`.
    pub(super) fn given(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).and_then(|value| std::str::from_utf8(value).ok())
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(keyword, value)| if is_secret(keyword) { (keyword, "…".into()) } else { (keyword, value) };
        f.debug_map().entries(self.all().map(shown)).finish()
    }
}
