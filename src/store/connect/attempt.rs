//! The ladder of attempts: each server of the list, each of its addresses, until one takes the connection. Knows when to go
//! on to the next one and when to stop, as libpq does; keeps no connection.

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, NoTls, SimpleQueryMessage, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::choices::Wanted;
use super::failure::{chain, of_server, words};
use super::hosts::{Place, Server};
use super::tls::Mode;
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
    /// Major version of the server; 0 if it does not say.
    pub(in crate::store) version: u32,
    /// What ended the connection, once it has ended.
    pub(in crate::store) end: Arc<OnceLock<String>>,
    /// Moves the bytes; ends with the connection.
    pub(in crate::store) driver: JoinHandle<()>,
}

/// Sends cancel requests for a connection, the way the connection itself was made.
#[derive(Clone)]
pub(in crate::store) struct Canceller {
    token: CancelToken,
    tls: Option<MakeRustlsConnect>,
}

impl Canceller {
    /// Asks the server to stop what runs on the connection; gives up after `limit`. A failure is no one's concern: the
    /// connection is closed next.
    pub(in crate::store) async fn cancel(&self, limit: Duration) {
        let _ = tokio::time::timeout(limit, async {
            match &self.tls {
                Some(tls) => self.token.cancel_query(tls.clone()).await,
                None => self.token.cancel_query(NoTls).await,
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

/// Why an attempt failed, in the grades that the ladder decides by.
enum Failure {
    /// Not reached, or not what is looked for: the next address may do.
    GoOn(String),
    /// Refused before the server said anything about the session.
    Refused(String),
    /// The handshake failed: `sslmode=prefer` goes on without it.
    Tls(String),
    /// A password is asked for and there is none.
    NoPassword,
    /// The server's own words.
    Server(Box<DbError>),
}

pub(super) async fn connect(settings: &Settings, read_only: bool) -> Result<Connected> {
    let mut reasons = Vec::new();
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
                    continue;
                }
            };
            for address in addresses {
                let attempt = Attempt { settings, server, address, wanted: *wanted, read_only };
                let failure = match within(settings.connect_timeout, attempt.run()).await {
                    Ok(connected) => return Ok(connected),
                    Err(failure) => failure,
                };
                let goes_on = failure.goes_on();
                let place = shown(server, address);
                match failure {
                    Failure::GoOn(reason) | Failure::Refused(reason) | Failure::Tls(reason) => {
                        reasons.push(format!("{place}: {reason}"));
                    }
                    Failure::NoPassword => {
                        return Err(StoreError::NoPermission(format!(
                            "{place} asks for a password and none was given (PGPASSWORD, ~/.pgpass or the URL)"
                        )));
                    }
                    Failure::Server(error) => match of_server(&error, "") {
                        StoreError::Unavailable { reason, .. } => reasons.push(format!("{place}: {reason}")),
                        decided => return Err(decided),
                    },
                }
                if !goes_on {
                    return Err(unavailable(settings, &reasons));
                }
            }
        }
    }
    Err(unavailable(settings, &reasons))
}

impl Failure {
    /// Whether the next address is tried, by libpq's rules: a server that was reached and refused ends the ladder, unless it
    /// only takes no connections now.
    fn goes_on(&self) -> bool {
        match self {
            Self::GoOn(_) => true,
            Self::Server(error) => *error.code() == SqlState::CANNOT_CONNECT_NOW,
            Self::Refused(_) | Self::Tls(_) | Self::NoPassword => false,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::Server(Box::new(error.clone()));
        }
        let reason = chain(&error);
        // tokio-postgres keeps the kind of an error to itself but for these words; tests watch them.
        match (error.to_string().as_str(), reason.as_str()) {
            ("error connecting to server", _) => Self::GoOn(reason),
            ("error performing TLS handshake", _) => Self::Tls(reason),
            (_, "invalid configuration: password missing") => Self::NoPassword,
            _ => Self::Refused(reason),
        }
    }
}

fn unavailable(settings: &Settings, reasons: &[String]) -> StoreError {
    StoreError::Unavailable { target: settings.target(), reason: reasons.join("; ") }
}

fn in_order(settings: &Settings) -> Vec<&Server> {
    let mut servers: Vec<_> = settings.servers.iter().collect();
    if settings.shuffled {
        for left in (1..servers.len()).rev() {
            // Without randomness from the system the list stays as it is given.
            let random =
                getrandom::u64().map_or(left, |number| usize::try_from(number % (left as u64 + 1)).unwrap_or(left));
            servers.swap(left, random);
        }
    }
    servers
}

/// The server with the address that was tried.
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

/// One address of one server.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    settings: &'a Settings,
    server: &'a Server,
    address: Option<IpAddr>,
    wanted: Wanted,
    read_only: bool,
}

impl Attempt<'_> {
    async fn run(self) -> Result<Connected, Failure> {
        let connected = self.read_only_or_not().await?;
        self.check_wanted(&connected.client).await?;
        Ok(connected)
    }

    /// With and without the read-only start-up option.
    async fn read_only_or_not(self) -> Result<Connected, Failure> {
        let given = self.settings.options.as_deref();
        if !self.read_only {
            return self.tls_or_not(given).await;
        }
        if !self.settings.single_connection {
            let option = "-c default_transaction_read_only=on";
            let options = given.map_or_else(|| option.to_owned(), |given| format!("{given} {option}"));
            match self.tls_or_not(Some(&options)).await {
                // A pooler that ignores the option instead of refusing it must not pass for read-only.
                Ok(connected) if shows(&connected.client, "show default_transaction_read_only").await? == "on" => {
                    return Ok(connected);
                }
                Ok(_) => {}
                // PgBouncer: "unsupported startup parameter: options".
                Err(Failure::Server(error)) if *error.code() == SqlState::PROTOCOL_VIOLATION => {}
                Err(failure) => return Err(failure),
            }
        }
        let connected = self.tls_or_not(given).await?;
        Ok(Connected { wrap_read_only: true, ..connected })
    }

    /// With TLS, without, or one after the other, as the mode says. A socket has none, whatever the mode.
    async fn tls_or_not(self, options: Option<&str>) -> Result<Connected, Failure> {
        let mode = if matches!(self.server.place, Place::Socket(_)) { Mode::Disable } else { self.settings.tls.mode };
        match mode {
            Mode::Disable => self.open(options, SslMode::Disable).await,
            Mode::Allow => match self.open(options, SslMode::Disable).await {
                Err(Failure::Server(first)) => second(first, self.open(options, SslMode::Require).await),
                done => done,
            },
            Mode::Prefer => match self.open(options, SslMode::Prefer).await {
                Err(Failure::Server(first)) => second(first, self.open(options, SslMode::Disable).await),
                Err(Failure::Tls(_)) => self.open(options, SslMode::Disable).await,
                done => done,
            },
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => self.open(options, SslMode::Require).await,
        }
    }

    async fn open(self, options: Option<&str>, mode: SslMode) -> Result<Connected, Failure> {
        let settings = self.settings;
        let keepalive = &settings.keepalive;
        let mut config = Config::new();
        config
            .user(&settings.user)
            .dbname(&settings.database)
            .application_name(&settings.application_name)
            .port(self.server.port)
            .ssl_mode(mode)
            .channel_binding(settings.channel_binding)
            .keepalives(keepalive.on)
            .keepalives_idle(keepalive.idle)
            .keepalives_interval(keepalive.interval)
            .keepalives_retries(keepalive.count)
            .tcp_user_timeout(keepalive.unanswered);
        match &self.server.place {
            Place::Socket(directory) => config.host_path::<&Path>(directory),
            Place::Name(name) | Place::Address { name: Some(name), .. } => {
                config.host(settings.tls.asked_name(name, self.address))
            }
            Place::Address { name: None, address } => config.host(address.to_string()),
        };
        if let Some(address) = self.address {
            config.hostaddr(address);
        }
        if let Some(password) = &self.server.password {
            config.password(password);
        }
        if let Some(options) = options {
            config.options(options);
        }
        if mode == SslMode::Disable {
            return start(&config, NoTls, None).await;
        }
        config.ssl_negotiation(settings.tls.negotiation);
        let tls = settings.tls.connector().map_err(Failure::Tls)?;
        start(&config, tls.clone(), Some(tls)).await
    }

    /// `target_session_attrs`. The program's own read-only option does not make a primary unfit for `read-write`.
    async fn check_wanted(self, client: &Client) -> Result<(), Failure> {
        if self.wanted == Wanted::Any {
            return Ok(());
        }
        let standby = shows(client, "select pg_catalog.pg_is_in_recovery()").await? == "t";
        let writable = !standby && (self.read_only || shows(client, "show transaction_read_only").await? == "off");
        let (fits, complaint) = match self.wanted {
            Wanted::Any => return Ok(()),
            Wanted::ReadWrite => (writable, "the session is read-only"),
            Wanted::ReadOnly => (self.read_only || !writable, "the session is not read-only"),
            Wanted::Primary => (!standby, "the server is a standby"),
            Wanted::Standby | Wanted::PreferStandby => (standby, "the server is not a standby"),
        };
        if fits { Ok(()) } else { Err(Failure::GoOn(format!("{complaint} (target_session_attrs)"))) }
    }
}

/// After a refusal the attempt with the other kind of transport decides; where that is only not provided for in
/// `pg_hba.conf` (28000), the first refusal is the one to tell.
fn second(first: Box<DbError>, outcome: Result<Connected, Failure>) -> Result<Connected, Failure> {
    match outcome {
        Err(Failure::Server(error)) if *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            Err(Failure::Server(first))
        }
        Err(Failure::Refused(_) | Failure::Tls(_)) => Err(Failure::Server(first)),
        outcome => outcome,
    }
}

/// The one value that a statement shows.
async fn shows(client: &Client, sql: &str) -> Result<String, Failure> {
    let messages = client.simple_query(sql).await?;
    let value = messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.unwrap_or_default().to_owned())
}

async fn start<T>(config: &Config, tls: T, keep: Option<MakeRustlsConnect>) -> Result<Connected, Failure>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    let version = major(connection.parameter("server_version").unwrap_or_default());
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
    let canceller = Canceller { token: client.cancel_token(), tls: keep };
    Ok(Connected { client: Arc::new(client), canceller, wrap_read_only: false, version, end, driver })
}

/// The major version in `15.18 (Debian 15.18-0+deb12u1)` or `18beta1`; 0 if there is none.
fn major(version: &str) -> u32 {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_number_that_a_version_begins_with() {
        assert_eq!(["15.18 (Debian 15.18-0+deb12u1)", "10.23", "18beta1", ""].map(major), [15, 10, 18, 0]);
    }
}
