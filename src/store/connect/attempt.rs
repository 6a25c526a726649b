//! Tries each server of the list and each of its addresses until one accepts the connection. Decides when to try the next
//! address and when to stop, as libpq does. Keeps no connections.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage};

use super::choices::Wanted;
use super::failure::{chain, words};
use super::hosts::{Place, Server};
use super::reached::Failure;
use super::tls::Mode;
use super::way::{Encryption, Way};
use super::wire::{Prepared, Terms};
use super::{Settings, StoreError};
use crate::store::{Obstacle, Result};

/// An open connection.
#[derive(Debug)]
pub(in crate::store) struct Connected {
    pub(in crate::store) client: Arc<Client>,
    pub(in crate::store) canceller: Canceller,
    /// The server did not confirm the read-only start-up option, so each statement needs a read-only transaction around it.
    pub(in crate::store) wrap_read_only: bool,
    /// Major version of the server, or 0 if the server does not report it.
    pub(in crate::store) version: u32,
    /// The database has the encoding `SQL_ASCII`, so its text can be any bytes.
    pub(in crate::store) any_bytes: bool,
    /// Why the connection ended, once it has.
    pub(in crate::store) end: Arc<OnceLock<String>>,
    /// The task that drives the connection. It ends with the connection.
    pub(in crate::store) driver: JoinHandle<()>,
}

/// Sends cancel requests over the same route and with the same encryption as the connection itself.
#[derive(Clone)]
pub(in crate::store) struct Canceller {
    token: CancelToken,
    way: Way,
}

impl Canceller {
    /// Asks the server to cancel the running statement and waits at most `limit`. Failures are ignored because the connection is
    /// closed anyway.
    pub(in crate::store) async fn cancel(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, async {
            if let Ok(wire) = self.way.open(Terms::default()).await {
                let _ = self.token.cancel_query_raw(wire, Prepared).await;
            }
        })
        .await;
    }
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canceller")
    }
}

pub(super) async fn connect(settings: &Settings, read_only: bool) -> Result<Connected> {
    let unavailable =
        |obstacle, reason: String| StoreError::Unavailable { target: settings.target(), reason, obstacle };
    let minted = match &settings.password_command {
        Some(command) => Some(command.run().await.map_err(|reason| unavailable(Obstacle::PasswordCommand, reason))?),
        None => None,
    };
    let (mut reasons, mut last) = (Vec::new(), Obstacle::Silence);
    let passes: &[Wanted] = match settings.wanted {
        Wanted::PreferStandby => &[Wanted::Standby, Wanted::Any],
        _ => &[settings.wanted],
    };
    for wanted in passes {
        for server in in_order(settings) {
            let addresses = match addresses(server, settings.connect_timeout).await {
                Ok(addresses) => addresses,
                Err(reason) => {
                    reasons.push(format!("{server}: {reason}"));
                    last = Obstacle::Name;
                    continue;
                }
            };
            let password = minted.as_deref().or(server.password.as_deref());
            for address in addresses {
                let attempt = Attempt { settings, server, address, wanted: *wanted, read_only, password };
                let failure = match within(settings.connect_timeout, attempt.run()).await {
                    Ok(connected) => return Ok(connected),
                    Err(failure) => failure,
                };
                let goes_on = failure.goes_on();
                let (obstacle, reason) = failure.told()?;
                reasons.push(format!("{}: {reason}", shown(server, address)));
                last = obstacle;
                if !goes_on {
                    return Err(unavailable(last, reasons.join("; ")));
                }
            }
        }
    }
    Err(unavailable(last, reasons.join("; ")))
}

fn in_order(settings: &Settings) -> Vec<&Server> {
    let mut servers: Vec<_> = settings.servers.iter().collect();
    if settings.shuffled {
        for left in (1..servers.len()).rev() {
            // If the system has no randomness, the order stays as given.
            let random =
                getrandom::u64().map_or(left, |number| usize::try_from(number % (left as u64 + 1)).unwrap_or(left));
            servers.swap(left, random);
        }
    }
    servers
}

/// Formats the server, with the address that was tried if it differs from the name.
fn shown(server: &Server, address: Option<IpAddr>) -> String {
    match (&server.place, address) {
        (Place::Name(name) | Place::Address { name: Some(name), .. }, Some(address))
            if *name != address.to_string() =>
        {
            format!("{server} ({address})")
        }
        _ => server.to_string(),
    }
}

/// Resolves a server to its addresses, in the resolver's order. A socket yields a single `None`.
async fn addresses(server: &Server, limit: Option<Duration>) -> Result<Vec<Option<IpAddr>>, String> {
    let name = match &server.place {
        Place::Socket(_) => return Ok(vec![None]),
        Place::Address { address, .. } => return Ok(vec![Some(*address)]),
        Place::Name(name) => name,
    };
    let lookup =
        async { tokio::net::lookup_host((name.as_str(), server.port)).await.map_err(|error| error.to_string()) };
    let found = match limit {
        Some(limit) => tokio::time::timeout(limit, lookup)
            .await
            .unwrap_or_else(|_| Err(format!("the name was not resolved within {} s", limit.as_secs_f64()))),
        None => lookup.await,
    }?;
    let addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
    if addresses.is_empty() { Err("the host name has no address".to_owned()) } else { Ok(addresses) }
}

async fn within<T>(limit: Option<Duration>, attempt: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s (connect_timeout)", limit.as_secs_f64());
            Err(Failure::GoOn(Obstacle::Silence, reason))
        }),
        None => attempt.await,
    }
}

/// One address of one server.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    settings: &'a Settings,
    server: &'a Server,
    address: Option<IpAddr>,
    wanted: Wanted,
    read_only: bool,
    password: Option<&'a str>,
}

/// A new connection with the settings that PostgreSQL 14 and later report at start-up.
struct Begun {
    connected: Connected,
    standby: Option<bool>,
    read_only: Option<bool>,
}

impl Attempt<'_> {
    async fn run(self) -> Result<Connected, Failure> {
        let begun = self.read_only_or_not().await?;
        self.check_wanted(&begun).await?;
        Ok(begun.connected)
    }

    /// Sets the read-only start-up option if asked to, and connects without it if a pooler rejects options.
    async fn read_only_or_not(self) -> Result<Begun, Failure> {
        let given = self.settings.options.as_deref();
        if !self.read_only {
            return self.tls_or_not(given).await;
        }
        let mut begun = if self.settings.single_connection {
            self.tls_or_not(given).await?
        } else {
            let option = "-c default_transaction_read_only=on";
            let options = given.map_or_else(|| option.to_owned(), |given| format!("{given} {option}"));
            match self.tls_or_not(Some(&options)).await {
                // PgBouncer: "unsupported startup parameter: options".
                Err(Failure::Server(error)) if *error.code() == SqlState::PROTOCOL_VIOLATION => {
                    self.tls_or_not(given).await?
                }
                begun => begun?,
            }
        };
        // A pooler may ignore the option instead of refusing it. Asking a server that does not report the setting would cost a
        // round trip; read-only transactions cost none.
        begun.connected.wrap_read_only = self.settings.single_connection || begun.read_only != Some(true);
        Ok(begun)
    }

    /// Connects with TLS, without, or one after the other, depending on `sslmode`. Sockets never use TLS.
    async fn tls_or_not(self, options: Option<&str>) -> Result<Begun, Failure> {
        let mode = if matches!(self.server.place, Place::Socket(_)) { Mode::Disable } else { self.settings.tls.mode };
        let (first, other) = match mode {
            Mode::Disable => (Encryption::Off, None),
            Mode::Allow => (Encryption::Off, Some(Encryption::Required)),
            Mode::Prefer => (Encryption::Offered, Some(Encryption::Off)),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (Encryption::Required, None),
        };
        let terms = Terms { methods: self.settings.methods.clone(), ..Terms::default() };
        let failure = match (self.open(options, first, terms.clone()).await, other) {
            (Err(failure @ (Failure::Server(_) | Failure::Tls(_))), Some(_)) => failure,
            (done, _) => return done,
        };
        let Some(other) = other else { return Err(failure) };
        match failure {
            // A rejected password is not sent again: it would be just as wrong, and neither `allow` nor `prefer` means to expose
            // it a second time.
            Failure::Server(first) => {
                let terms = Terms { no_password: terms.asked.load(Ordering::SeqCst), ..terms };
                second(first, self.open(options, other, terms).await)
            }
            // Only `prefer` continues without TLS after TLS failed.
            Failure::Tls(_) if mode == Mode::Prefer => self.open(options, other, terms).await,
            failure => Err(failure),
        }
    }

    async fn open(self, options: Option<&str>, encryption: Encryption, terms: Terms) -> Result<Begun, Failure> {
        let settings = self.settings;
        let mut way = Way {
            server: self.server.clone(),
            address: self.address,
            encryption,
            tls: settings.tls.clone(),
            keepalive: settings.keepalive,
            peer: settings.peer.clone(),
        };
        let wire = way.open(terms).await?;
        way.encryption = if wire.is_encrypted() { Encryption::Required } else { Encryption::Off };
        let mut config = Config::new();
        config
            .user(&settings.user)
            .dbname(&settings.database)
            .application_name(&settings.application_name)
            // TLS is already negotiated, if at all; with these settings tokio-postgres uses the stream as it is.
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct)
            .channel_binding(settings.channel_binding);
        if let Some(password) = self.password {
            config.password(password);
        }
        if let Some(options) = options {
            config.options(options);
        }
        let (client, connection) = config.connect_raw(wire, Prepared).await?;
        let reported = |name| connection.parameter(name).map(|value| value == "on");
        let (standby, read_only) = (reported("in_hot_standby"), reported("default_transaction_read_only"));
        let version = major(connection.parameter("server_version").unwrap_or_default());
        let any_bytes = connection.parameter("server_encoding") == Some("SQL_ASCII");
        let end = Arc::new(OnceLock::new());
        let driver = tokio::spawn({
            let end = Arc::clone(&end);
            async move {
                if let Err(error) = connection.await {
                    let reason = error.as_db_error().map_or_else(|| chain(&error), words);
                    tracing::debug!(%reason, "connection ended");
                    let _ = end.set(reason);
                }
            }
        });
        let canceller = Canceller { token: client.cancel_token(), way };
        let client = Arc::new(client);
        let connected = Connected { client, canceller, wrap_read_only: false, version, any_bytes, end, driver };
        Ok(Begun { connected, standby, read_only })
    }

    /// Checks `target_session_attrs`. A primary qualifies as `read-write` even if this program asked for a read-only session.
    async fn check_wanted(self, begun: &Begun) -> Result<(), Failure> {
        if self.wanted == Wanted::Any {
            return Ok(());
        }
        let client = &begun.connected.client;
        let standby = match begun.standby {
            Some(standby) => standby,
            None => shows(client, "select pg_catalog.pg_is_in_recovery()").await? == "t",
        };
        let takes_writes = match begun.read_only {
            _ if self.read_only => true,
            Some(read_only) => !read_only,
            None => shows(client, "show transaction_read_only").await? == "off",
        };
        let writable = !standby && takes_writes;
        let (fits, complaint) = match self.wanted {
            Wanted::Any => return Ok(()),
            Wanted::ReadWrite => (writable, "the session is read-only"),
            Wanted::ReadOnly => (self.read_only || !writable, "the session is not read-only"),
            Wanted::Primary => (!standby, "the server is a standby"),
            Wanted::Standby | Wanted::PreferStandby => (standby, "the server is not a standby"),
        };
        if fits { Ok(()) } else { Err(Failure::GoOn(Obstacle::Kind, format!("{complaint} (target_session_attrs)"))) }
    }
}

/// After a refusal the attempt with the other transport decides. If `pg_hba.conf` merely has no entry for that transport (28000),
/// the first refusal is the one to report.
fn second(first: Box<DbError>, outcome: Result<Begun, Failure>) -> Result<Begun, Failure> {
    match outcome {
        Err(Failure::Server(error)) if *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Err(Failure::Server(first))
        }
        Err(Failure::Refused(..) | Failure::Tls(_)) => Err(Failure::Server(first)),
        outcome => outcome,
    }
}

/// Returns the single value of a statement's result.
async fn shows(client: &Client, sql: &str) -> Result<String, Failure> {
    let messages = client.simple_query(sql).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.try_get(0).ok().flatten(),
        _ => None,
    });
    Ok(value.unwrap_or_default().to_owned())
}

/// Returns the major version in `15.18 (Debian 15.18-0+deb12u1)` or `18beta1`, or 0 if there is none.
fn major(version: &str) -> u32 {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn reads_the_major_version_from_the_leading_digits() {
        assert_eq!(["15.18 (Debian 15.18-0+deb12u1)", "10.23", "18beta1", ""].map(major), [15, 10, 18, 0]);
    }
}
