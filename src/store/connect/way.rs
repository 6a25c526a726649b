//! Opens the connection to one address up to, but not including, the start-up packet: the socket, the check of the server's
//! account, and TLS.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::choices::Keepalive;
use super::hosts::{Place, Server};
use super::reached::Failure;
use super::socket::{self, Socket};
use super::tls::{Problem, Tls};
use super::wire::{Channel, Terms, Wire};
use crate::store::Obstacle;

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
pub(super) struct Way {
    pub(super) server: Server,
    /// `None` for a Unix socket.
    pub(super) address: Option<IpAddr>,
    pub(super) encryption: Encryption,
    pub(super) tls: Tls,
    pub(super) keepalive: Keepalive,
    /// The account that the server must run as (`requirepeer`).
    pub(super) peer: Option<String>,
}

impl Way {
    pub(super) async fn open(&self, terms: Terms) -> Result<Wire, Failure> {
        let channel = match (&self.server.place, self.address) {
            (_, Some(address)) => {
                let dialled = socket::tcp(address, self.server.port, &self.keepalive).await;
                let stream = dialled.map_err(|error| Failure::GoOn(Obstacle::Silence, error.to_string()))?;
                self.encrypted(stream).await?
            }
            (place, None) => Channel::Plain(self.local(place).await?),
        };
        Ok(Wire::new(channel, terms))
    }

    #[cfg(unix)]
    async fn local(&self, place: &Place) -> Result<Socket, Failure> {
        let Place::Socket(directory) = place else {
            return Err(Failure::GoOn(Obstacle::Name, "the host name has no address".to_owned()));
        };
        let stream = socket::unix(directory, self.server.port).await.map_err(|error| {
            let obstacle = match error.kind() {
                std::io::ErrorKind::ConnectionRefused => Obstacle::Silence,
                _ => Obstacle::Socket,
            };
            Failure::GoOn(obstacle, format!("{}: {error}", socket::file(directory, self.server.port)))
        })?;
        if let Some(wanted) = &self.peer {
            let refused = |reason| Failure::Refused(Obstacle::Method, reason);
            let owner = socket::owner(&stream)
                .map_err(|error| refused(format!("cannot find the account of the server for requirepeer: {error}")))?;
            if owner != *wanted {
                return Err(refused(format!("requirepeer is \"{wanted}\", but the server runs as \"{owner}\"")));
            }
        }
        Ok(Socket::Unix(stream))
    }

    #[cfg(not(unix))]
    async fn local(&self, _place: &Place) -> Result<Socket, Failure> {
        Err(Failure::GoOn(Obstacle::Socket, "this system has no Unix sockets".to_owned()))
    }

    async fn encrypted(&self, mut stream: TcpStream) -> Result<Channel, Failure> {
        if self.encryption == Encryption::Off {
            return Ok(Channel::Plain(Socket::Tcp(stream)));
        }
        if !self.tls.direct && !self.is_offered(&mut stream).await? {
            return match self.encryption {
                Encryption::Required => Err(Failure::Tls(Problem::Handshake(
                    "the server offers no TLS, but sslmode requires it".to_owned(),
                ))),
                _ => Ok(Channel::Plain(Socket::Tcp(stream))),
            };
        }
        let host = match &self.server.place {
            Place::Name(name) | Place::Address { name: Some(name), .. } => Some(name.as_str()),
            Place::Address { name: None, .. } | Place::Socket(_) => None,
        };
        let socket = self.tls.handshake(stream, host).await.map_err(Failure::Tls)?;
        Ok(Channel::Tls(Box::new(socket)))
    }

    /// Asks the server whether it offers TLS. The answer is one byte; any further plain text makes the handshake fail.
    async fn is_offered(&self, stream: &mut TcpStream) -> Result<bool, Failure> {
        let lost = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Failure::Refused(
                Obstacle::Closed,
                "the server closed the connection when it was asked for TLS".to_owned(),
            ),
            _ => Failure::Refused(Obstacle::Closed, error.to_string()),
        };
        stream.write_all(&TLS_REQUEST).await.map_err(lost)?;
        let answer = stream.read_u8().await.map_err(lost)?;
        let foreign = |what: &str| Failure::Refused(Obstacle::Protocol, what.to_owned());
        match answer {
            b'S' => Ok(true),
            b'N' => Ok(false),
            b'E' => Err(foreign("the server does not understand a request for TLS")),
            b'H' => Err(foreign("an HTTP server answered the request for TLS, not PostgreSQL")),
            // A TLS alert.
            0x15 => Err(foreign(
                "the server expects TLS from the start; PostgreSQL 17 and later accept that with sslnegotiation=direct",
            )),
            _ => Err(foreign("the answer to the request for TLS is not PostgreSQL's")),
        }
    }
}
