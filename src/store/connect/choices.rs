//! Parameters that are one word of a few, a number or a flag, read as libpq reads them. An unknown value is an error that
//! repeats it; none of these can be a password.

use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::parameters::Parameters;
use super::{DEFAULT_CONNECT_TIMEOUT, invalid};
use crate::store::Result;

/// Which server of the list will do (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// When an idle or unanswered connection is given up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keepalive {
    pub(super) on: bool,
    /// Rest before the first probe. 30 s where nothing is said: the system's two hours let a screen wait for ever.
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

/// Reads a parameter that is one of a few words; the first is the default.
pub(super) fn word<T: Copy>(parameters: &Parameters, keyword: &str, words: &[(&str, T)]) -> Result<T> {
    let Some(value) = parameters.get(keyword) else { return Ok(words[0].1) };
    words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).filter(|word| !word.is_empty()).collect();
        invalid(format!("invalid {keyword} value: \"{value}\" (one of {})", known.join(", ")))
    })
}

/// Reads a parameter that is a whole number, blanks around it allowed.
pub(super) fn number(parameters: &Parameters, keyword: &str) -> Result<Option<i32>> {
    let Some(value) = parameters.get(keyword) else { return Ok(None) };
    let number = value.trim().parse();
    number
        .map(Some)
        .map_err(|_| invalid(format!("invalid integer value \"{value}\" for connection option \"{keyword}\"")))
}

pub(super) fn wanted(parameters: &Parameters) -> Result<Wanted> {
    word(
        parameters,
        "target_session_attrs",
        &[
            ("any", Wanted::Any),
            ("read-write", Wanted::ReadWrite),
            ("read-only", Wanted::ReadOnly),
            ("primary", Wanted::Primary),
            ("standby", Wanted::Standby),
            ("prefer-standby", Wanted::PreferStandby),
        ],
    )
}

pub(super) fn channel_binding(parameters: &Parameters) -> Result<ChannelBinding> {
    word(
        parameters,
        "channel_binding",
        &[
            ("prefer", ChannelBinding::Prefer),
            ("disable", ChannelBinding::Disable),
            ("require", ChannelBinding::Require),
        ],
    )
}

/// Seconds for one attempt. None (`0` or less, by libpq's meaning) waits for ever; libpq makes 1 into 2.
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

/// Parameters that libpq has and this program has not, each with what to do without it.
const UNSUPPORTED: [(&str, &str); 8] = [
    ("replication", "streamscope reads tables, not the log"),
    ("scram_client_key", "give the password, or a password command"),
    ("scram_server_key", "give the password, or a password command"),
    ("oauth_issuer", "give a token as the password where the server takes one, by a password command"),
    ("oauth_client_id", "give a token as the password where the server takes one, by a password command"),
    ("oauth_client_secret", "give a token as the password where the server takes one, by a password command"),
    ("oauth_scope", "give a token as the password where the server takes one, by a password command"),
    ("sslkeylogfile", "psql writes one"),
];

/// Refuses what would be unsafe or misleading to pass over.
pub(super) fn refuse_unsupported(parameters: &Parameters) -> Result<()> {
    for (keyword, instead) in UNSUPPORTED {
        if parameters.get(keyword).is_some() {
            return Err(invalid(format!("the connection parameter {keyword} is not supported; {instead}")));
        }
    }
    word(parameters, "gssencmode", &[("prefer", true), ("disable", true), ("require", false)])?
        .then_some(())
        .ok_or_else(|| invalid("gssencmode=require: encryption by GSSAPI is not supported"))?;
    // Of the protocol's versions 3.0 is spoken, which every server does.
    let versions = [("", true), ("3.0", true), ("3.2", false), ("latest", false)];
    word(parameters, "min_protocol_version", &versions)?
        .then_some(())
        .ok_or_else(|| invalid("min_protocol_version: only version 3.0 of the protocol is supported"))?;
    word(parameters, "max_protocol_version", &versions).map(drop)
}
