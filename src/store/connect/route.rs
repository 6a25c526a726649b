//! Opens the connection to one address up to, but not including, the start-up packet: the socket, the check of the
//! server's account, and TLS.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::connect_error::ConnectError;
use super::hosts::{Endpoint, Server};
use super::socket::{self, Socket};
use super::tls::{Tls, TlsError};
use super::values::Keepalive;
use super::wire::{AuthTerms, Channel, Wire};
use crate::store::error::Obstacle;

/// The protocol's `SSLRequest`: length and code.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Off,
    /// TLS if the server offers it.
    Offered,
    Required,
}

/// Everything needed to connect to one address, and later to cancel a statement there.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) server: Server,
    /// `None` for a Unix socket.
    pub(super) address: Option<SocketAddr>,
    pub(super) encryption: Encryption,
    pub(super) tls: Tls,
    pub(super) keepalive: Keepalive,
    /// The account that the server must run as (`requirepeer`).
    pub(super) peer: Option<String>,
}

impl Route {
    pub(super) async fn open(&self, terms: AuthTerms) -> Result<Wire, ConnectError> {
        let socket = self.dial().await?;
        self.negotiate(socket, terms).await
    }

    /// Opens the socket, which shows that something listens there.
    pub(super) async fn dial(&self) -> Result<Socket, ConnectError> {
        match (&self.server.endpoint, self.address) {
            (_, Some(address)) => {
                let dialled = socket::tcp(address, &self.keepalive).await;
                let stream = dialled.map_err(|error| ConnectError::TryNext(Obstacle::Silence, error.to_string()))?;
                Ok(Socket::Tcp(stream))
            }
            (endpoint, None) => self.local(endpoint).await,
        }
    }

    /// Negotiates TLS on an open socket.
    pub(super) async fn negotiate(&self, socket: Socket, terms: AuthTerms) -> Result<Wire, ConnectError> {
        let channel = match socket {
            Socket::Tcp(stream) => self.encrypted(stream).await?,
            #[cfg(unix)]
            Socket::Unix(_) => Channel::Plain(socket),
        };
        Ok(Wire::new(channel, terms))
    }

    #[cfg(unix)]
    async fn local(&self, endpoint: &Endpoint) -> Result<Socket, ConnectError> {
        let Endpoint::Socket(directory) = endpoint else {
            return Err(ConnectError::TryNext(Obstacle::Name, "the host name has no address".to_owned()));
        };
        let stream = socket::unix(directory, self.server.port).await.map_err(|error| {
            let obstacle = match error.kind() {
                std::io::ErrorKind::ConnectionRefused => Obstacle::Silence,
                _ => Obstacle::Socket,
            };
            ConnectError::TryNext(obstacle, format!("{}: {error}", socket::file(directory, self.server.port)))
        })?;
        if let Some(wanted) = &self.peer {
            let refused = |reason| ConnectError::Refused(Obstacle::Method, reason);
            let owner = socket::owner(&stream)
                .map_err(|error| refused(format!("cannot find the account of the server for requirepeer: {error}")))?;
            if owner != *wanted {
                return Err(refused(format!("requirepeer is \"{wanted}\", but the server runs as \"{owner}\"")));
            }
        }
        Ok(Socket::Unix(stream))
    }

    #[cfg(not(unix))]
    async fn local(&self, _endpoint: &Endpoint) -> Result<Socket, ConnectError> {
        Err(ConnectError::TryNext(Obstacle::Socket, "this system has no Unix sockets".to_owned()))
    }

    async fn encrypted(&self, mut stream: TcpStream) -> Result<Channel, ConnectError> {
        if self.encryption == Encryption::Off {
            return Ok(Channel::Plain(Socket::Tcp(stream)));
        }
        if !self.tls.direct && !self.is_offered(&mut stream).await? {
            return match self.encryption {
                Encryption::Required => Err(ConnectError::Tls(TlsError::NotOffered)),
                _ => Ok(Channel::Plain(Socket::Tcp(stream))),
            };
        }
        let host = match &self.server.endpoint {
            Endpoint::Name(name) | Endpoint::Address { name: Some(name), .. } => Some(name.as_str()),
            Endpoint::Address { name: None, .. } | Endpoint::Socket(_) => None,
        };
        let socket = self.tls.handshake(stream, host).await.map_err(ConnectError::Tls)?;
        Ok(Channel::Tls(Box::new(socket)))
    }

    /// Asks the server whether it offers TLS. The answer is one byte; any further plain text makes the handshake fail.
    async fn is_offered(&self, stream: &mut TcpStream) -> Result<bool, ConnectError> {
        let lost = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ConnectError::Refused(
                Obstacle::Closed,
                "the server closed the connection when it was asked for TLS".to_owned(),
            ),
            _ => ConnectError::Refused(Obstacle::Closed, error.to_string()),
        };
        stream.write_all(&TLS_REQUEST).await.map_err(lost)?;
        let answer = stream.read_u8().await.map_err(lost)?;
        let foreign = |what: &str| ConnectError::Refused(Obstacle::Protocol, what.to_owned());
        match answer {
            b'S' => Ok(true),
            b'N' => Ok(false),
            // Either the server is older than TLS, or it has no resources for another connection.
            b'E' => Err(ConnectError::Refused(
                Obstacle::Closed,
                "the server answered the request for TLS with an error".to_owned(),
            )),
            b'H' => Err(foreign("an HTTP server answered the request for TLS, not PostgreSQL")),
            // A TLS alert.
            0x15 => Err(foreign(
                "the server expects TLS from the start; PostgreSQL 17 and later accept that with sslnegotiation=direct",
            )),
            _ => Err(foreign("the answer to the request for TLS is not PostgreSQL's")),
        }
    }
}
