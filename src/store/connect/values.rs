//! Parses connection parameters that are keywords, numbers or flags, as libpq does. Errors quote unknown values,
//! because none of these parameters can be a password.

use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::parameters::{Parameters, invalid};
use crate::store::error::Result;

/// Default timeout of one attempt, which covers TCP, TLS, start-up and authentication.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The required kind of server (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TargetSession {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// When a silent connection counts as dead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keepalive {
    pub(super) on: bool,
    /// Silence before the first probe. Defaults to 30 s, because the system's two hours would leave a screen waiting.
    pub(super) idle: Duration,
    pub(super) interval: Duration,
    pub(super) count: u32,
    /// How long sent bytes may stay unacknowledged.
    pub(super) unanswered: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self {
            on: true,
            idle: Duration::from_secs(30),
            interval: Duration::from_secs(10),
            count: 3,
            unanswered: Duration::from_secs(45),
        }
    }
}

/// Parses a parameter that is one of a few keywords, of which the first is the default.
pub(super) fn one_of<T: Copy>(parameters: &Parameters, keyword: &str, words: &[(&str, T)]) -> Result<T> {
    let Some(value) = parameters.given(keyword) else { return Ok(words[0].1) };
    words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        invalid(format!("{keyword} must be one of {}, not \"{value}\"", known.join(", ")))
    })
}

/// Parses a parameter that is a whole number, possibly with spaces around it.
pub(super) fn number(parameters: &Parameters, keyword: &str) -> Result<Option<i32>> {
    let Some(value) = parameters.given(keyword) else { return Ok(None) };
    let number = value.trim().parse();
    number.map(Some).map_err(|_| invalid(format!("{keyword} must be a whole number, not \"{value}\"")))
}

pub(super) fn target_session(parameters: &Parameters) -> Result<TargetSession> {
    one_of(
        parameters,
        "target_session_attrs",
        &[
            ("any", TargetSession::Any),
            ("read-write", TargetSession::ReadWrite),
            ("read-only", TargetSession::ReadOnly),
            ("primary", TargetSession::Primary),
            ("standby", TargetSession::Standby),
            ("prefer-standby", TargetSession::PreferStandby),
        ],
    )
}

pub(super) fn channel_binding(parameters: &Parameters) -> Result<ChannelBinding> {
    one_of(
        parameters,
        "channel_binding",
        &[
            ("prefer", ChannelBinding::Prefer),
            ("disable", ChannelBinding::Disable),
            ("require", ChannelBinding::Require),
        ],
    )
}

/// Returns the timeout of one attempt. As in libpq, `0` or less waits forever (`None`), and 1 second becomes 2.
pub(super) fn connect_timeout(parameters: &Parameters) -> Result<Option<Duration>> {
    Ok(match number(parameters, "connect_timeout")? {
        None => Some(DEFAULT_CONNECT_TIMEOUT),
        Some(seconds) => u64::try_from(seconds).ok().filter(|s| *s > 0).map(|s| Duration::from_secs(s.max(2))),
    })
}

pub(super) fn keepalive(parameters: &Parameters) -> Result<Keepalive> {
    let default = Keepalive::default();
    let positive = |keyword| -> Result<Option<u32>> {
        Ok(number(parameters, keyword)?.and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0))
    };
    let seconds = |keyword| -> Result<Option<Duration>> {
        Ok(positive(keyword)?.map(|seconds| Duration::from_secs(seconds.into())))
    };
    let unanswered = positive("tcp_user_timeout")?.map(|milliseconds| Duration::from_millis(milliseconds.into()));
    Ok(Keepalive {
        on: number(parameters, "keepalives")?.is_none_or(|flag| flag != 0),
        idle: seconds("keepalives_idle")?.unwrap_or(default.idle),
        interval: seconds("keepalives_interval")?.unwrap_or(default.interval),
        count: positive("keepalives_count")?.unwrap_or(default.count),
        unanswered: unanswered.unwrap_or(default.unanswered),
    })
}

/// Parameters that libpq supports and streamscope does not, each with the alternative.
const UNSUPPORTED: [(&str, &str); 7] = [
    ("scram_client_key", "use the password or a password command"),
    ("scram_server_key", "use the password or a password command"),
    ("oauth_issuer", "if the server accepts a token as the password, print the token with a password command"),
    ("oauth_client_id", "if the server accepts a token as the password, print the token with a password command"),
    ("oauth_client_secret", "if the server accepts a token as the password, print the token with a password command"),
    ("oauth_scope", "if the server accepts a token as the password, print the token with a password command"),
    ("sslkeylogfile", "use psql to write a key log"),
];

/// Refuses parameters that would be unsafe or misleading to ignore.
pub(super) fn refuse_unsupported(parameters: &Parameters) -> Result<()> {
    let refused = |keyword, instead| invalid(format!("the connection parameter {keyword} is not supported; {instead}"));
    for (keyword, instead) in UNSUPPORTED {
        if parameters.get(keyword).is_some() {
            return Err(refused(keyword, instead));
        }
    }
    let ordinary = |value: &str| ["false", "off", "no", "0"].iter().any(|no| no.eq_ignore_ascii_case(value));
    if parameters.get("replication").is_some_and(|value| !ordinary(value)) {
        return Err(refused("replication", "remove it, because streamscope reads tables and not the write-ahead log"));
    }
    one_of(parameters, "gssencmode", &[("prefer", true), ("disable", true), ("require", false)])?
        .then_some(())
        .ok_or_else(|| invalid("gssencmode=require is not supported; use TLS (sslmode) for encryption"))?;
    // tokio-postgres speaks version 3.0 of the protocol, which every server supports.
    let versions = [("3.0", true), ("3.2", false), ("latest", false)];
    one_of(parameters, "min_protocol_version", &versions)?.then_some(()).ok_or_else(|| {
        invalid("min_protocol_version must be 3.0, the only protocol version that streamscope supports")
    })?;
    one_of(parameters, "max_protocol_version", &versions).map(drop)
}
