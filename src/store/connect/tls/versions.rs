//! The range of TLS versions (`ssl_min_protocol_version` and `ssl_max_protocol_version`). Knows nothing about the
//! handshake.

use openssl::ssl::SslVersion;

use super::super::parameters::{Parameters, invalid};
use crate::store::error::Result;

/// The oldest version that libpq accepts by default.
const OLDEST: &str = "TLSv1.2";
/// Keywords and versions, oldest first.
const KNOWN: [(&str, SslVersion); 4] = [
    ("TLSv1", SslVersion::TLS1),
    ("TLSv1.1", SslVersion::TLS1_1),
    ("TLSv1.2", SslVersion::TLS1_2),
    ("TLSv1.3", SslVersion::TLS1_3),
];

/// The accepted versions. `None` means no limit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Versions {
    pub(super) oldest: Option<SslVersion>,
    pub(super) newest: Option<SslVersion>,
}

impl Versions {
    pub(super) fn from_parameters(parameters: &Parameters) -> Result<Self> {
        let oldest = index(parameters, "ssl_min_protocol_version", Some(OLDEST))?;
        let newest = index(parameters, "ssl_max_protocol_version", None)?;
        if newest.is_some_and(|newest| oldest.is_some_and(|oldest| oldest > newest)) {
            return Err(invalid("ssl_min_protocol_version is newer than ssl_max_protocol_version"));
        }
        let version = |index: usize| KNOWN[index].1;
        Ok(Self { oldest: oldest.map(version), newest: newest.map(version) })
    }
}

/// Returns the index in [`KNOWN`] of the configured version. Like libpq, ignores the keyword's case.
fn index(parameters: &Parameters, keyword: &str, default: Option<&str>) -> Result<Option<usize>> {
    let Some(value) = parameters.get(keyword).or(default) else { return Ok(None) };
    let found = KNOWN.iter().position(|(known, _)| known.eq_ignore_ascii_case(value));
    found.map(Some).ok_or_else(|| {
        let known = KNOWN.map(|(known, _)| known).join(", ");
        invalid(format!("{keyword} must be one of {known}, not \"{value}\""))
    })
}
