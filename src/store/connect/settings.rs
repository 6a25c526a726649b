//! The complete settings of a connection, from a connection string, a service and the environment. Opens no connection.

#[cfg(feature = "cli")]
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

use super::authentication::Methods;
use super::environment::{Environment, PASSWORD_COMMAND};
use super::hosts::{self, Endpoint, Server};
use super::parameters::{Parameters, invalid};
use super::password_command::PasswordCommand;
use super::tls::Tls;
use super::values::{self, Keepalive, TargetSession};
use super::{connection_string, password_file, service_file};
use crate::store::error::Result;

/// The embedded server starts on the first connection and may first have to unpack itself on a slow machine.
const EMBEDDED_CONNECT_TIMEOUT: Duration = Duration::from_mins(1);

/// Complete connection settings: servers, database, role, TLS and timeouts.
#[derive(Clone)]
pub struct Settings {
    pub(super) servers: Vec<Server>,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) application_name: String,
    pub(super) options: Option<String>,
    /// Per address, from TCP to authentication. `None` waits forever (`connect_timeout=0`).
    pub(super) connect_timeout: Option<Duration>,
    pub(super) keepalive: Keepalive,
    pub(super) target_session: TargetSession,
    /// Try the servers in random order (`load_balance_hosts=random`).
    pub(super) shuffled: bool,
    pub(super) channel_binding: ChannelBinding,
    pub(super) methods: Methods,
    /// The account that the server must run as (`requirepeer`).
    pub(super) peer: Option<String>,
    pub(super) tls: Tls,
    /// If set, its output replaces the passwords in `servers`.
    pub(super) password_command: Option<PasswordCommand>,
    /// The URL, a service or `PGPASSWORD` contains the password, so no other source is used.
    password_given: bool,
    pub(super) single_connection: bool,
    warnings: Vec<String>,
}

impl Settings {
    /// Reads a connection string (`postgres://…` or `keyword=value …`) and takes missing values from the environment,
    /// as libpq does. Without a connection string, the environment decides alone; returns `None` if it names no server
    /// either.
    ///
    /// # Errors
    /// [`StoreError::Invalid`](crate::store::StoreError::Invalid) names the wrong part and never repeats a password.
    pub fn resolve(url: Option<&str>, environment: &Environment) -> Result<Option<Self>> {
        let mut parameters = match url {
            Some(text) if !text.is_empty() => connection_string::parse(text)?,
            _ if environment.names_a_server() => Parameters::default(),
            _ => return Ok(None),
        };
        service_file::fill(&mut parameters, environment)?;
        environment.fill(&mut parameters)?;
        Self::from_parameters(&parameters, environment).map(Some)
    }

    fn from_parameters(parameters: &Parameters, environment: &Environment) -> Result<Self> {
        values::refuse_unsupported(parameters)?;
        let mut servers = hosts::servers(parameters)?;
        let user = parameters
            .get("user")
            .or(environment.user())
            .ok_or_else(|| invalid("no user name: add one to the URL or set PGUSER, because this account has no name"))?
            .to_owned();
        let database = parameters.get("dbname").unwrap_or(&user).to_owned();
        let tls = Tls::from_parameters(parameters, environment)?;
        let mut warnings: Vec<String> = environment.warnings().chain(tls.warning()).collect();
        let password = parameters.password();
        // The command takes precedence over the password file, whose lines often match every server.
        let command = environment.variable(PASSWORD_COMMAND).filter(|line| !line.is_empty());
        let password_file = || parameters.get("passfile").map(PathBuf::from).or(environment.in_home(".pgpass"));
        if let Some(password) = password {
            for server in &mut servers {
                server.password = Some(password.to_owned());
            }
        } else if let Some(path) = password_file().filter(|_| command.is_none()) {
            warnings.extend(password_file::fill(&mut servers, &path, &database, &user));
        }
        let name = parameters.get("application_name").or(parameters.get("fallback_application_name"));
        Ok(Self {
            servers,
            database,
            application_name: name.unwrap_or("streamscope").to_owned(),
            options: parameters.get("options").map(str::to_owned),
            connect_timeout: values::connect_timeout(parameters)?,
            keepalive: values::keepalive(parameters)?,
            target_session: values::target_session(parameters)?,
            shuffled: values::one_of(parameters, "load_balance_hosts", &[("disable", false), ("random", true)])?,
            channel_binding: values::channel_binding(parameters)?,
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

    /// Returns the settings for an embedded server at a socket directory (`/…`) or a host. There is no TLS, only one
    /// connection at a time, and neither cancel requests nor start-up options.
    #[must_use]
    pub fn embedded(host: &str, port: u16, user: &str, database: &str) -> Self {
        let endpoint =
            if host.starts_with('/') { Endpoint::Socket(host.into()) } else { Endpoint::Name(host.to_owned()) };
        Self {
            servers: vec![Server { endpoint, port, password: None }],
            user: user.to_owned(),
            database: database.to_owned(),
            application_name: "streamscope".to_owned(),
            options: None,
            connect_timeout: Some(EMBEDDED_CONNECT_TIMEOUT),
            keepalive: Keepalive::default(),
            target_session: TargetSession::Any,
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

    /// Runs `line` with `sh` for each new connection and uses its output as the password, for passwords that expire.
    ///
    /// A password in the URL or in `PGPASSWORD` takes precedence, and so does `STREAMSCOPE_PASSWORD_COMMAND`; the
    /// password file is then ignored.
    pub fn use_password_command(&mut self, line: &str) {
        if self.password_given || self.password_command.is_some() {
            return;
        }
        for server in &mut self.servers {
            server.password = None;
        }
        self.password_command = Some(PasswordCommand::new(line));
    }

    /// Keeps the password command from reading the terminal, because the screen reads it.
    #[cfg(feature = "cli")]
    pub(crate) fn keep_password_command_off_terminal(&mut self) {
        if let Some(command) = &mut self.password_command {
            command.keep_off_terminal();
        }
    }

    /// Whether the URL or the environment contains a password or a password command, so that
    /// [`use_password_command`](Self::use_password_command) has no effect.
    #[must_use]
    pub fn names_its_password(&self) -> bool {
        self.password_given || self.password_command.is_some()
    }

    /// Returns `user@host[:port]/database` for display, with socket directories in brackets and never with a password.
    #[must_use]
    pub fn target(&self) -> String {
        if self.single_connection {
            return "the embedded store".to_owned();
        }
        let servers: Vec<_> = self.servers.iter().map(ToString::to_string).collect();
        format!("{}@{}/{}", self.user, servers.join(","), self.database)
    }

    /// Whether there is a password that a server could reject.
    pub(in crate::store) fn sends_a_password(&self) -> bool {
        self.password_command.is_some() || self.servers.iter().any(|server| server.password.is_some())
    }

    /// All passwords, so that output can be redacted.
    #[cfg(feature = "cli")]
    pub(crate) fn passwords(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.servers.iter().filter_map(|server| server.password.as_deref()).map(String::from_utf8_lossy)
    }

    /// Warnings to show to the user, for example about an ignored password file.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether the server accepts only one connection, and neither cancel requests nor start-up options.
    #[must_use]
    pub fn is_single_connection(&self) -> bool {
        self.single_connection
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("target", &self.target()).finish_non_exhaustive()
    }
}
