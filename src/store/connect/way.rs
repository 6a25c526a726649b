//! The way to one address of one server, up to the start-up packet: the socket, who is at its other end, TLS as far as it is
//! asked for. What comes after is the protocol's.

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

/// Asks a server for TLS: length and code, as the protocol says.
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// Whether there is TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    Off,
    /// If the server offers it.
    Offered,
    Required,
}

/// See the file's head.
#[derive(Debug, Clone)]
pub(super) struct Way {
    pub(super) server: Server,
    /// None for a socket of this machine.
    pub(super) address: Option<IpAddr>,
    pub(super) encryption: Encryption,
    pub(super) tls: Tls,
    pub(super) keepalive: Keepalive,
    /// `requirepeer`: whose a socket's other end must be.
    pub(super) peer: Option<String>,
}

impl Way {
    /// Goes it.
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
            return Err(Failure::GoOn(Obstacle::Name, "the name has no address".to_owned()));
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
                .map_err(|error| refused(format!("the account of the socket's other end cannot be found: {error}")))?;
            if owner != *wanted {
                return Err(refused(format!("requirepeer specifies \"{wanted}\", but the server runs as \"{owner}\"")));
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

    /// The server's answer is one byte; what else it sends in plain text before the handshake makes the handshake fail.
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
            b'E' => Err(foreign("the server answers the request for TLS with an error; it does not know the request")),
            b'H' => Err(foreign("the answer to the request for TLS is not PostgreSQL's; it looks like an HTTP server")),
            // An alert of TLS itself.
            0x15 => Err(foreign(
                "the answer to the request for TLS is not PostgreSQL's; something there expects TLS at once \
                 (sslnegotiation=direct, with PostgreSQL 17)",
            )),
            _ => Err(foreign("the answer to the request for TLS is not PostgreSQL's")),
        }
    }
}
