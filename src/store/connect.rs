//! Where a database is and how to get there: settings as `psql` understands them, TLS, the ladder of attempts.
//!
//! What `psql` would connect to for the same URL, environment and files, [`Settings`] connects to. Passwords stay in here:
//! no message, target or debug text has one, and whoever prints can ask which they are, to leave them out.

mod attempt;
mod authentication;
mod choices;
mod command;
mod environment;
pub(crate) mod failure;
mod hosts;
mod parameters;
mod password;
mod reached;
mod service;
mod socket;
mod tls;
mod uri;
mod way;
mod wire;

use std::path::PathBuf;
use std::time::Duration;

pub(super) use attempt::{Canceller, Connected};
use authentication::Methods;
use choices::{Keepalive, Wanted};
use command::PasswordCommand;
pub use environment::Environment;
use hosts::{Place, Server};
use parameters::Parameters;
use tls::Tls;
use tokio_postgres::config::ChannelBinding;

use super::{Result, StoreError};

/// How long one attempt may take where nothing else is said: TCP, TLS, start-up and authentication together.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for the embedded store, whose server starts with the first connection and may have to unpack itself on a slow machine.
const EMBEDDED_CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

fn invalid(reason: impl Into<String>) -> StoreError {
    StoreError::Invalid { field: "connection settings", reason: reason.into() }
}

/// Connection settings, complete: what `psql` would connect to for the same input.
#[derive(Clone)]
pub struct Settings {
    servers: Vec<Server>,
    user: String,
    database: String,
    application_name: String,
    options: Option<String>,
    /// For one address: TCP, TLS, start-up and authentication together. None waits for ever (`connect_timeout=0`).
    connect_timeout: Option<Duration>,
    keepalive: Keepalive,
    wanted: Wanted,
    /// The list is tried in random order.
    shuffled: bool,
    channel_binding: ChannelBinding,
    methods: Methods,
    /// `requirepeer`: the account that a socket's other end must belong to.
    peer: Option<String>,
    tls: Tls,
    /// Prints the password of each connection, in place of the servers' own.
    password_command: Option<PasswordCommand>,
    /// The password was given for this run (URL, `PGPASSWORD`), and nothing takes its place.
    password_given: bool,
    single_connection: bool,
    warnings: Vec<String>,
}

impl Settings {
    /// Settings from a connection string (`postgres://…`, `keyword=value …`), filled up by the environment as libpq does;
    /// without one, from the environment alone; none where that names no server either.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] says what cannot be read, and never repeats a password.
    pub fn resolve(url: Option<&str>, environment: &Environment) -> Result<Option<Self>> {
        let mut parameters = match url {
            Some(text) if !text.is_empty() => uri::parse(text)?,
            _ if environment.names_a_server() => Parameters::default(),
            _ => return Ok(None),
        };
        service::fill(&mut parameters, environment)?;
        environment.fill(&mut parameters);
        Self::from_parameters(&parameters, environment).map(Some)
    }

    fn from_parameters(parameters: &Parameters, environment: &Environment) -> Result<Self> {
        choices::refuse_unsupported(parameters)?;
        let mut servers = hosts::servers(parameters)?;
        let user = parameters
            .get("user")
            .or(environment.user())
            .ok_or_else(|| invalid("no user is given, and the account has no name"))?
            .to_owned();
        let database = parameters.get("dbname").unwrap_or(&user).to_owned();
        let tls = Tls::from_parameters(parameters, environment)?;
        let mut warnings: Vec<String> = tls.warning().into_iter().collect();
        let password = parameters.get("password");
        let command = environment.variable("STREAMSCOPE_PASSWORD_COMMAND").filter(|line| !line.is_empty());
        if let Some(password) = password {
            for server in &mut servers {
                server.password = Some(password.to_owned());
            }
        } else if command.is_some() {
            // It comes before the password file, whose lines often fit every server.
        } else if let Some(path) = parameters.get("passfile").map(PathBuf::from).or(environment.in_home(".pgpass")) {
            let text = password::read(&path).unwrap_or_else(|warning| {
                warnings.push(warning);
                None
            });
            for server in &mut servers {
                server.password = text.as_deref().and_then(|text| password::find(text, server, &database, &user));
            }
        }
        let name = parameters.get("application_name").or(parameters.get("fallback_application_name"));
        Ok(Self {
            servers,
            database,
            application_name: name.unwrap_or("streamscope").to_owned(),
            options: parameters.get("options").map(str::to_owned),
            connect_timeout: choices::connect_timeout(parameters)?,
            keepalive: choices::keepalive(parameters)?,
            wanted: choices::wanted(parameters)?,
            shuffled: choices::word(parameters, "load_balance_hosts", &[("disable", false), ("random", true)])?,
            channel_binding: choices::channel_binding(parameters)?,
            methods: Methods::parse(parameters.get("require_auth"))?,
            peer: parameters.get("requirepeer").map(str::to_owned),
            tls,
            password_command: command.filter(|_| password.is_none()).map(PasswordCommand::new),
            password_given: password.is_some(),
            single_connection: false,
            warnings,
            user,
        })
    }

    /// The embedded store's server: a socket directory (`/…`) or a host, without TLS, and one connection only, which
    /// knows neither cancel requests nor start-up options.
    #[must_use]
    pub fn embedded(host: &str, port: u16, user: &str, database: &str) -> Self {
        let place = if host.starts_with('/') { Place::Socket(host.into()) } else { Place::Name(host.to_owned()) };
        Self {
            servers: vec![Server { place, port, password: None }],
            user: user.to_owned(),
            database: database.to_owned(),
            application_name: "streamscope".to_owned(),
            options: None,
            connect_timeout: Some(EMBEDDED_CONNECT_TIMEOUT),
            keepalive: Keepalive::default(),
            wanted: Wanted::Any,
            shuffled: false,
            channel_binding: ChannelBinding::Prefer,
            methods: Methods::default(),
            peer: None,
            tls: Tls::off(),
            password_command: None,
            password_given: false,
            single_connection: true,
            warnings: Vec::new(),
        }
    }

    /// Takes the password of each connection from what a command line for `sh` prints: for passwords that expire. A password in the URL or in `PGPASSWORD`, and `STREAMSCOPE_PASSWORD_COMMAND`, come first; a password file
    /// comes after it.
    pub fn use_password_command(&mut self, line: &str) {
        if self.password_given || self.password_command.is_some() {
            return;
        }
        for server in &mut self.servers {
            server.password = None;
        }
        self.password_command = Some(PasswordCommand::new(line));
    }

    /// Whether a password, or a command for one, was named for this run, so that no other one is looked for.
    #[must_use]
    pub fn names_its_password(&self) -> bool {
        self.password_given || self.password_command.is_some()
    }

    /// `user@host[:port]/database`, for people; a socket's directory in brackets. Never a password.
    #[must_use]
    pub fn target(&self) -> String {
        if self.single_connection {
            return "the embedded store".to_owned();
        }
        let servers: Vec<_> = self.servers.iter().map(ToString::to_string).collect();
        format!("{}@{}/{}", self.user, servers.join(","), self.database)
    }

    /// Whether there is a password that a server could reject.
    pub(super) fn sends_a_password(&self) -> bool {
        self.password_command.is_some() || self.servers.iter().any(|server| server.password.is_some())
    }

    /// Its passwords, to keep them out of what is printed.
    pub(crate) fn passwords(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().filter_map(|server| server.password.as_deref())
    }

    /// What a person should be told about the settings (a password file that was ignored).
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether the server takes one connection only, knows no cancel request and no start-up options.
    #[must_use]
    pub fn is_single_connection(&self) -> bool {
        self.single_connection
    }

    /// A new connection: the first server and address of the list that takes it.
    ///
    /// With `read_only` the server refuses every write: by the start-up option `default_transaction_read_only`, or, where
    /// something between takes no options (a pooler), by read-only transactions ([`Connected`] tells which).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with every address that was tried and what stands in the way, [`StoreError::Server`] for
    /// what else the server says (`3D000`).
    pub(super) async fn connect(&self, read_only: bool) -> Result<Connected> {
        // A large future that every operation would otherwise carry inside its own.
        Box::pin(attempt::connect(self, read_only)).await
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("target", &self.target()).finish_non_exhaustive()
    }
}
