//! Tries each server of the list and each of its addresses until one accepts the connection. Decides when to try the next
//! address and when to stop, as libpq does. Keeps no connections.

use std::net::IpAddr;
use std::time::Duration;

use super::attempt::Attempt;
use super::connect_error::ConnectError;
use super::connection::Connected;
use super::hosts::{Endpoint, Server};
use super::settings::Settings;
use super::values::TargetSession;
use crate::store::error::{Obstacle, Result, StoreError};

impl Settings {
    /// Connects to the first address of the list that accepts.
    ///
    /// With `read_only` the server itself refuses every write: because of the start-up option `default_transaction_read_only`, or,
    /// if a pooler in between rejects or ignores it, because of read-only transactions (see [`Connected::wrap_read_only`]).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] lists every address that was tried and the reason. [`StoreError::Server`] is any other error of
    /// the server, such as `3D000` for an unknown database.
    pub(in crate::store) async fn connect(&self, read_only: bool) -> Result<Connected> {
        // Boxed because every operation would otherwise contain this large future.
        Box::pin(connect(self, read_only)).await
    }
}

async fn connect(settings: &Settings, read_only: bool) -> Result<Connected> {
    let unavailable =
        |obstacle, reason: String| StoreError::Unavailable { target: settings.target(), reason, obstacle };
    let command_password = match &settings.password_command {
        Some(command) => Some(command.run().await.map_err(|reason| unavailable(Obstacle::PasswordCommand, reason))?),
        None => None,
    };
    let mut reasons = Reasons { texts: Vec::new(), last: Obstacle::Silence };
    let passes: &[TargetSession] = match settings.target_session {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        _ => &[settings.target_session],
    };
    'search: for target_session in passes {
        for server in in_order(settings) {
            let addresses = match resolve(server, settings.connect_timeout).await {
                Ok(addresses) => addresses,
                Err(reason) => {
                    reasons.add(Obstacle::Name, format!("{server}: {reason}"));
                    continue;
                }
            };
            let password = command_password.as_deref().or(server.password.as_deref());
            for address in addresses {
                let attempt =
                    Attempt { settings, server, address, target_session: *target_session, read_only, password };
                let error = match within(settings.connect_timeout, attempt.run()).await {
                    Ok(connected) => return Ok(connected),
                    Err(error) => error,
                };
                let tries_next = error.tries_next();
                let (obstacle, reason) = error.into_obstacle()?;
                reasons.add(obstacle, format!("{}: {reason}", with_address(server, address)));
                if !tries_next {
                    break 'search;
                }
            }
        }
    }
    Err(unavailable(reasons.last, reasons.texts.join("; ")))
}

/// Why the attempts so far failed.
struct Reasons {
    texts: Vec<String>,
    last: Obstacle,
}

impl Reasons {
    fn add(&mut self, obstacle: Obstacle, text: String) {
        self.texts.push(text);
        self.last = obstacle;
    }
}

fn in_order(settings: &Settings) -> Vec<&Server> {
    let mut servers: Vec<_> = settings.servers.iter().collect();
    if settings.shuffled {
        fastrand::shuffle(&mut servers);
    }
    servers
}

/// Formats the server, with the address that was tried if it differs from the name.
fn with_address(server: &Server, address: Option<IpAddr>) -> String {
    match (&server.endpoint, address) {
        (Endpoint::Name(name) | Endpoint::Address { name: Some(name), .. }, Some(address))
            if *name != address.to_string() =>
        {
            format!("{server} ({address})")
        }
        _ => server.to_string(),
    }
}

/// Resolves a server to its addresses, in the resolver's order. A socket yields a single `None`.
async fn resolve(server: &Server, timeout: Option<Duration>) -> Result<Vec<Option<IpAddr>>, String> {
    let name = match &server.endpoint {
        Endpoint::Socket(_) => return Ok(vec![None]),
        Endpoint::Address { address, .. } => return Ok(vec![Some(*address)]),
        Endpoint::Name(name) => name,
    };
    let lookup =
        async { tokio::net::lookup_host((name.as_str(), server.port)).await.map_err(|error| error.to_string()) };
    let found = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, lookup)
            .await
            .unwrap_or_else(|_| Err(format!("the name was not resolved within {} s", timeout.as_secs_f64()))),
        None => lookup.await,
    }?;
    let addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
    if addresses.is_empty() { Err("the host name has no address".to_owned()) } else { Ok(addresses) }
}

async fn within<T>(
    timeout: Option<Duration>,
    attempt: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    match timeout {
        Some(timeout) => tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s (connect_timeout)", timeout.as_secs_f64());
            Err(ConnectError::TryNext(Obstacle::Silence, reason))
        }),
        None => attempt.await,
    }
}
