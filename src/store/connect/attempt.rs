//! The ladder of attempts: each server of the list, each of its addresses, until one takes the connection. Knows when to go
//! on to the next one and when to stop, as libpq does; keeps no connection.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{CancelToken, Client, Config, NoTls, SimpleQueryMessage};

use super::failure::{chain, of_server, words};
use super::hosts::{Place, Server};
use super::{Settings, StoreError};
use crate::store::Result;

/// An open connection.
#[derive(Debug)]
pub(in crate::store) struct Connected {
    /// Takes the statements.
    pub(in crate::store) client: Arc<Client>,
    /// Cancels what runs.
    pub(in crate::store) canceller: Canceller,
    /// The server takes no start-up option: each statement needs a read-only transaction around it.
    pub(in crate::store) wrap_read_only: bool,
    /// What ended the connection, once it has ended.
    pub(in crate::store) end: Arc<OnceLock<String>>,
    /// Moves the bytes; ends with the connection.
    pub(in crate::store) driver: JoinHandle<()>,
}

/// Sends cancel requests for a connection, the way the connection itself was made.
#[derive(Clone)]
pub(in crate::store) struct Canceller {
    token: CancelToken,
}

impl Canceller {
    /// Asks the server to stop what runs on the connection; gives up after `limit`. A failure is no one's concern: the
    /// connection is closed next.
    pub(in crate::store) async fn cancel(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.token.cancel_query(NoTls)).await;
    }
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canceller")
    }
}

/// Why an attempt failed, in the grades that the ladder decides by.
enum Failure {
    /// Not reached, or not what is looked for: the next address may do.
    GoOn(String),
    /// Refused before the server said anything about the session.
    Refused(String),
    /// The server's own words.
    Server(DbError),
}

pub(super) async fn connect(settings: &Settings, read_only: bool) -> Result<Connected> {
    let mut reasons = Vec::new();
    for server in &settings.servers {
        let addresses = match addresses(server, settings.connect_timeout).await {
            Ok(addresses) => addresses,
            Err(reason) => {
                reasons.push(format!("{server}: {reason}"));
                continue;
            }
        };
        for address in addresses {
            let reason = match within(settings.connect_timeout, one(settings, server, address, read_only)).await {
                Ok(connected) => return Ok(connected),
                Err(Failure::GoOn(reason)) => reason,
                Err(Failure::Refused(reason)) => {
                    reasons.push(format!("{}: {reason}", shown(server, address)));
                    return Err(unavailable(settings, &reasons));
                }
                Err(Failure::Server(error)) => match of_server(&error, &settings.target()) {
                    StoreError::Unavailable { .. } if *error.code() == SqlState::CANNOT_CONNECT_NOW => words(&error),
                    StoreError::Unavailable { .. } => {
                        reasons.push(format!("{}: {}", shown(server, address), words(&error)));
                        return Err(unavailable(settings, &reasons));
                    }
                    decided => return Err(decided),
                },
            };
            reasons.push(format!("{}: {reason}", shown(server, address)));
        }
    }
    Err(unavailable(settings, &reasons))
}

fn unavailable(settings: &Settings, reasons: &[String]) -> StoreError {
    StoreError::Unavailable { target: settings.target(), reason: reasons.join("; ") }
}

/// The server with the address that was tried.
fn shown(server: &Server, address: Option<IpAddr>) -> String {
    match (&server.place, address) {
        (Place::Name(name), Some(address)) if *name != address.to_string() => format!("{server} ({address})"),
        (Place::Address { name: Some(_), .. }, Some(address)) => format!("{server} ({address})"),
        _ => server.to_string(),
    }
}

/// The addresses of a server in the resolver's order; one without an address for a socket.
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
            .unwrap_or_else(|_| Err(format!("no answer to the look-up of the name within {} s", limit.as_secs_f64()))),
        None => lookup.await,
    }?;
    let addresses: Vec<_> = found.map(|address| Some(address.ip())).collect();
    if addresses.is_empty() { Err("the name has no address".to_owned()) } else { Ok(addresses) }
}

async fn within<T>(limit: Option<Duration>, attempt: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| {
            Err(Failure::GoOn(format!("no answer within {} s (connect_timeout)", limit.as_secs_f64())))
        }),
        None => attempt.await,
    }
}

/// One address, with and without the read-only start-up option.
async fn one(
    settings: &Settings,
    server: &Server,
    address: Option<IpAddr>,
    read_only: bool,
) -> Result<Connected, Failure> {
    if !read_only {
        return open(settings, server, address, settings.options.as_deref()).await;
    }
    if !settings.single_connection {
        let option = "-c default_transaction_read_only=on";
        let options = settings.options.as_ref().map_or_else(|| option.to_owned(), |given| format!("{given} {option}"));
        match open(settings, server, address, Some(&options)).await {
            // A pooler that ignores the option instead of refusing it must not pass for read-only.
            Ok(connected) if shows_read_only(&connected.client).await? => return Ok(connected),
            Ok(_) => {}
            // PgBouncer: "unsupported startup parameter: options".
            Err(Failure::Server(error)) if *error.code() == SqlState::PROTOCOL_VIOLATION => {}
            Err(failure) => return Err(failure),
        }
    }
    let connected = open(settings, server, address, settings.options.as_deref()).await?;
    Ok(Connected { wrap_read_only: true, ..connected })
}

async fn shows_read_only(client: &Client) -> Result<bool, Failure> {
    let messages = client.simple_query("show default_transaction_read_only").await.map_err(failure)?;
    Ok(messages.iter().any(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
        _ => false,
    }))
}

async fn open(
    settings: &Settings,
    server: &Server,
    address: Option<IpAddr>,
    options: Option<&str>,
) -> Result<Connected, Failure> {
    let mut config = Config::new();
    config
        .user(&settings.user)
        .dbname(&settings.database)
        .application_name(&settings.application_name)
        .port(server.port)
        .ssl_mode(SslMode::Disable);
    match &server.place {
        Place::Socket(directory) => config.host_path::<&Path>(directory),
        Place::Name(name) | Place::Address { name: Some(name), .. } => config.host(name),
        Place::Address { name: None, address } => config.host(address.to_string()),
    };
    if let Some(address) = address {
        config.hostaddr(address);
    }
    if let Some(password) = &server.password {
        config.password(password);
    }
    if let Some(options) = options {
        config.options(options);
    }
    let (client, connection) = config.connect(NoTls).await.map_err(failure)?;
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
    let canceller = Canceller { token: client.cancel_token() };
    Ok(Connected { client: Arc::new(client), canceller, wrap_read_only: false, end, driver })
}

fn failure(error: tokio_postgres::Error) -> Failure {
    if let Some(error) = error.as_db_error() {
        return Failure::Server(error.clone());
    }
    let text = error.to_string();
    let reason = chain(&error);
    // tokio-postgres keeps the kind of an error to itself but for these words; a test watches them.
    if text == "error connecting to server" { Failure::GoOn(reason) } else { Failure::Refused(reason) }
}
