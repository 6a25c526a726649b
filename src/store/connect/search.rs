//! Tries each server of the list and each of its addresses until one accepts the connection. Decides when to try the
//! next address and when to stop, as libpq does. Keeps no connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// With `read_only` the server itself refuses every write: because of the start-up option
    /// `default_transaction_read_only`, or, if a pooler in between rejects or ignores it, because of read-only
    /// transactions (see [`Connected::wrap_read_only`]).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] lists every address that was tried and the reason. [`StoreError::Server`] is any
    /// other error of the server, such as `42704` for an unknown setting in `options`.
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
        for server in in_order(settings.servers.iter().collect(), settings.shuffled) {
            let addresses = match resolve(server, settings.connect_timeout).await {
                Ok(addresses) => in_order(addresses, settings.shuffled),
                Err(reason) => {
                    reasons.add(Obstacle::Name, format!("{server}: {reason}"));
                    continue;
                }
            };
            let password = command_password.as_deref().map(str::as_bytes).or(server.password.as_deref());
            for address in addresses {
                let (target_session, reached) = (*target_session, AtomicBool::new(false));
                let attempt =
                    Attempt { settings, server, address, target_session, read_only, password, reached: &reached };
                let error = match within(settings.connect_timeout, &reached, attempt.run()).await {
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

/// Returns servers, or the addresses of one, in the order in which they are tried (`load_balance_hosts`).
fn in_order<T>(mut items: Vec<T>, shuffled: bool) -> Vec<T> {
    if shuffled {
        fastrand::shuffle(&mut items);
    }
    items
}

/// Formats the server, with the address that was tried if it differs from the name.
fn with_address(server: &Server, address: Option<SocketAddr>) -> String {
    match (&server.endpoint, address) {
        (Endpoint::Name(name) | Endpoint::Address { name: Some(name), .. }, Some(address))
            if *name != address.ip().to_string() =>
        {
            format!("{server} ({})", address.ip())
        }
        _ => server.to_string(),
    }
}

/// Resolves a server to its addresses, in the resolver's order. A socket yields a single `None`.
async fn resolve(server: &Server, timeout: Option<Duration>) -> Result<Vec<Option<SocketAddr>>, String> {
    let name = match &server.endpoint {
        Endpoint::Socket(_) => return Ok(vec![None]),
        Endpoint::Name(name) | Endpoint::Address { address: name, .. } => name,
    };
    let lookup =
        async { tokio::net::lookup_host((name.as_str(), server.port)).await.map_err(|error| error.to_string()) };
    let found = match timeout {
        Some(timeout) => tokio::time::timeout(timeout, lookup)
            .await
            .unwrap_or_else(|_| Err(format!("the name was not resolved within {} s", timeout.as_secs_f64()))),
        None => lookup.await,
    }?;
    let addresses: Vec<_> = found.map(Some).collect();
    if addresses.is_empty() { Err("the host name has no address".to_owned()) } else { Ok(addresses) }
}

async fn within<T>(
    timeout: Option<Duration>,
    reached: &AtomicBool,
    attempt: impl Future<Output = Result<T, ConnectError>>,
) -> Result<T, ConnectError> {
    match timeout {
        Some(timeout) => tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| {
            let limit = format!("within {} s (connect_timeout)", timeout.as_secs_f64());
            Err(if reached.load(Ordering::SeqCst) {
                ConnectError::TryNext(Obstacle::Mute, format!("connected, but got no answer {limit}"))
            } else {
                ConnectError::TryNext(Obstacle::Silence, format!("no answer {limit}"))
            })
        }),
        None => attempt.await,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    use super::super::parameters::Parameters;
    use super::*;

    #[tokio::test]
    async fn keeps_the_interface_of_a_link_local_address() {
        for keyword in ["host", "hostaddr"] {
            let mut parameters = Parameters::default();
            parameters.set(keyword, "fe80::1%1");
            let servers = super::super::hosts::servers(&parameters).expect("an address");
            assert_eq!(servers[0].to_string(), "[fe80::1%1]");
            let found = resolve(&servers[0], None).await.expect("no lookup is needed");
            assert!(
                matches!(found.as_slice(), [Some(SocketAddr::V6(address))] if address.scope_id() == 1),
                "{keyword}: {found:?}"
            );
        }
        for wrong in ["fe80::1%", "127.0.0.1%1", "nowhere.invalid", "fe80::1 %1"] {
            let mut parameters = Parameters::default();
            parameters.set("hostaddr", wrong);
            super::super::hosts::servers(&parameters).expect_err(wrong);
        }
    }

    #[test]
    fn load_balancing_tries_items_in_every_order() {
        let orders: HashSet<Vec<i32>> = (0..500).map(|_| in_order(vec![1, 2, 3], true)).collect();
        assert_eq!(orders.len(), 6);
        assert_eq!(in_order(vec![3, 1, 2], false), [3, 1, 2]);
    }
}
