//! One attempt to connect to one address: start-up options, TLS or plain text, and the check of the session's kind.
//! Never tries another address.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding, SslMode, SslNegotiation};
use tokio_postgres::{Client, Config, Connection, SimpleQueryMessage};

use super::connect_error::ConnectError;
use super::connection::{Canceller, Connected};
use super::error_mapping::{chain, words};
use super::hosts::{Endpoint, Server};
use super::route::{Encryption, Route};
use super::settings::Settings;
use super::tls::{Mode, TlsError};
use super::values::TargetSession;
use super::wire::{AuthTerms, NoHandshake, Wire};
use crate::store::error::Obstacle;

/// The start-up option that makes the server refuse writes.
const READ_ONLY: &str = "-c default_transaction_read_only=on";

/// One address of one server.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) settings: &'a Settings,
    pub(super) server: &'a Server,
    /// `None` for a Unix socket.
    pub(super) address: Option<SocketAddr>,
    pub(super) target_session: TargetSession,
    pub(super) read_only: bool,
    pub(super) password: Option<&'a [u8]>,
    /// Set once something at the address accepts a connection.
    pub(super) reached: &'a AtomicBool,
}

/// A new connection with the settings that PostgreSQL 14 and later report at start-up.
struct Started {
    connected: Connected,
    standby: Option<bool>,
    read_only: Option<bool>,
}

impl Attempt<'_> {
    pub(super) async fn run(self) -> Result<Connected, ConnectError> {
        let started = self.read_only_or_not().await?;
        self.check_target_session(&started).await?;
        Ok(started.connected)
    }

    /// Sets the read-only start-up option if asked to, and connects without it if a pooler rejects options.
    async fn read_only_or_not(self) -> Result<Started, ConnectError> {
        let given = self.settings.options.as_deref();
        if !self.read_only {
            return self.tls_or_not(given).await;
        }
        let mut started = if self.settings.single_connection {
            self.tls_or_not(given).await?
        } else {
            let options = given.map_or_else(|| READ_ONLY.to_owned(), |given| format!("{given} {READ_ONLY}"));
            match self.tls_or_not(Some(&options)).await {
                Err(error) if error.refuses_parameters() => self.tls_or_not(given).await?,
                started => started?,
            }
        };
        // A pooler may ignore the option instead of refusing it. Asking a server that does not report the setting would
        // cost a round trip; read-only transactions cost none.
        started.connected.wrap_read_only = self.settings.single_connection || started.read_only != Some(true);
        Ok(started)
    }

    /// Connects with TLS, without it, or with one after the other, depending on `sslmode`. Sockets never use TLS.
    async fn tls_or_not(self, options: Option<&str>) -> Result<Started, ConnectError> {
        let mode =
            if matches!(self.server.endpoint, Endpoint::Socket(_)) { Mode::Disable } else { self.settings.tls.mode };
        let (first, other) = match mode {
            Mode::Disable => (Encryption::Off, None),
            Mode::Allow => (Encryption::Off, Some(Encryption::Required)),
            Mode::Prefer => (Encryption::Offered, Some(Encryption::Off)),
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (Encryption::Required, None),
        };
        let terms = AuthTerms { methods: self.settings.methods.clone(), ..AuthTerms::default() };
        let failure = match (self.open(options, first, terms.clone()).await, other) {
            (Err(failure @ (ConnectError::Server(_) | ConnectError::Tls(_))), Some(_)) => failure,
            (done, _) => return done.map_err(|error| error.after(&terms)),
        };
        let Some(other) = other else { return Err(failure) };
        // The server offered no TLS, so it has refused the other transport already.
        if first == Encryption::Offered && terms.plain.load(Ordering::SeqCst) {
            return Err(failure.after(&terms));
        }
        // An error after authentication, such as an unknown database, has nothing to do with the transport. Trying the
        // other one could turn an encrypted session that failed into a plain one.
        if terms.authenticated.load(Ordering::SeqCst) {
            return Err(failure);
        }
        let failure = failure.after(&terms);
        match failure {
            // A rejected password is not sent again: it would be just as wrong, and neither `allow` nor `prefer` is
            // meant to expose it a second time.
            ConnectError::Server(_) | ConnectError::PasswordRejected(_) => {
                let terms = AuthTerms { no_password: terms.asked.load(Ordering::SeqCst), ..terms };
                after_refusal(failure, other, self.open(options, other, terms).await)
            }
            // Only `prefer` continues without TLS after TLS failed.
            ConnectError::Tls(error) if mode == Mode::Prefer => {
                self.open(options, other, terms).await.map_err(|plain| ConnectError::Both {
                    encrypted: Box::new(ConnectError::Tls(error)),
                    plain: Box::new(plain),
                })
            }
            failure => Err(failure),
        }
    }

    async fn open(
        self,
        options: Option<&str>,
        encryption: Encryption,
        terms: AuthTerms,
    ) -> Result<Started, ConnectError> {
        let settings = self.settings;
        let mut route = Route {
            server: self.server.clone(),
            address: self.address,
            encryption,
            tls: settings.tls.clone(),
            keepalive: settings.keepalive,
            peer: settings.peer.clone(),
        };
        let socket = route.dial().await?;
        self.reached.store(true, Ordering::SeqCst);
        let plain = Arc::clone(&terms.plain);
        let wire = route.negotiate(socket, terms).await?;
        plain.store(!wire.is_encrypted(), Ordering::SeqCst);
        if settings.channel_binding == ChannelBinding::Require && wire.is_encrypted() && !wire.has_end_point() {
            let reason = "channel_binding=require cannot be met: the signature of the server's certificate has no hash of its own";
            return Err(ConnectError::Refused(Obstacle::Method, reason.to_owned()));
        }
        route.encryption = if wire.is_encrypted() { Encryption::Required } else { Encryption::Off };
        let (client, connection) = self.config(options).connect_raw(wire, NoHandshake).await?;
        let reported = |name| connection.parameter(name).map(|value| value == "on");
        let (standby, read_only) = (reported("in_hot_standby"), reported("default_transaction_read_only"));
        let version = major(connection.parameter("server_version").unwrap_or_default());
        let any_bytes = connection.parameter("server_encoding") == Some("SQL_ASCII");
        let (driver, end) = drive(connection);
        let canceller = Canceller::new(client.cancel_token(), route);
        let client = Arc::new(client);
        let connected = Connected { client, canceller, wrap_read_only: false, version, any_bytes, end, driver };
        Ok(Started { connected, standby, read_only })
    }

    fn config(self, options: Option<&str>) -> Config {
        let settings = self.settings;
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
        config
    }

    /// Checks `target_session_attrs`. A primary qualifies as `read-write` even if this program asked for a read-only
    /// session.
    async fn check_target_session(self, started: &Started) -> Result<(), ConnectError> {
        if self.target_session == TargetSession::Any {
            return Ok(());
        }
        let client = &started.connected.client;
        let standby = match started.standby {
            Some(standby) => standby,
            None => single_value(client, "select pg_catalog.pg_is_in_recovery()").await? == "t",
        };
        let takes_writes = match started.read_only {
            _ if self.read_only => true,
            Some(read_only) => !read_only,
            None => single_value(client, "show transaction_read_only").await? == "off",
        };
        let writable = !standby && takes_writes;
        let (fits, complaint) = match self.target_session {
            TargetSession::Any => return Ok(()),
            TargetSession::ReadWrite => (writable, "the session is read-only"),
            TargetSession::ReadOnly => (self.read_only || !writable, "the session is not read-only"),
            TargetSession::Primary => (!standby, "the server is a standby"),
            TargetSession::Standby | TargetSession::PreferStandby => (standby, "the server is not a standby"),
        };
        if fits {
            Ok(())
        } else {
            Err(ConnectError::TryNext(Obstacle::Kind, format!("{complaint} (target_session_attrs)")))
        }
    }
}

/// Drives the connection in a task. The cell receives the reason when the connection ends with an error.
fn drive(connection: Connection<Wire, Wire>) -> (JoinHandle<()>, Arc<OnceLock<String>>) {
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
    (driver, end)
}

/// After a refusal the attempt with the other transport decides. If that transport is closed too, because `pg_hba.conf`
/// has no entry for it or because of a certificate, both reasons are reported, as by `psql`.
fn after_refusal(
    first: ConnectError,
    other: Encryption,
    outcome: Result<Started, ConnectError>,
) -> Result<Started, ConnectError> {
    let error = match outcome {
        Err(ConnectError::Refused(obstacle, _)) if obstacle != Obstacle::TlsFiles => return Err(first),
        Err(ConnectError::Tls(TlsError::NotOffered)) => return Err(first),
        Err(error @ (ConnectError::Refused(..) | ConnectError::Tls(_))) => error,
        Err(error) if error.refuses_role() => error,
        outcome => return outcome,
    };
    let (first, error) = (Box::new(first), Box::new(error));
    Err(match other {
        Encryption::Off => ConnectError::Both { encrypted: first, plain: error },
        Encryption::Offered | Encryption::Required => ConnectError::Both { encrypted: error, plain: first },
    })
}

/// Returns the single value of a statement's result.
async fn single_value(client: &Client, sql: &str) -> Result<String, ConnectError> {
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
