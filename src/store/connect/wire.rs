//! The bytes between us and a server: a socket, with TLS or without, whose messages are watched on their way in. Handed to
//! tokio-postgres when everything before the start-up packet is done.

mod cut;
mod watch;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready as poll_ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use watch::Watch;
pub(super) use watch::{Objection, Terms};

use super::socket::Socket;
use super::tls::{TlsSocket, end_point, read_problem};

/// The most that is read at once.
const AT_ONCE: usize = 32 * 1024;

/// What carries the bytes.
#[derive(Debug)]
pub(super) enum Channel {
    Plain(Socket),
    Tls(Box<TlsSocket>),
}

/// See the file's head.
#[derive(Debug)]
pub(super) struct Wire {
    channel: Channel,
    watch: Watch,
    raw: Box<[u8]>,
    /// Watched bytes, and how many of them were given on.
    passed: Vec<u8>,
    given: usize,
}

impl Wire {
    pub(super) fn new(channel: Channel, terms: Terms) -> Self {
        Self {
            channel,
            watch: Watch::new(terms),
            raw: vec![0; AT_ONCE].into_boxed_slice(),
            passed: Vec::new(),
            given: 0,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.channel, Channel::Tls(_))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        while wire.given == wire.passed.len() {
            wire.passed.clear();
            wire.given = 0;
            let mut raw = ReadBuf::new(&mut wire.raw);
            poll_ready!(match &mut wire.channel {
                Channel::Plain(socket) => Pin::new(socket).poll_read(context, &mut raw),
                Channel::Tls(socket) => Pin::new(socket.as_mut()).poll_read(context, &mut raw).map_err(read_problem),
            })?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let watched = wire.watch.take(raw.filled(), &mut wire.passed);
            watched.map_err(|objection| io::Error::new(io::ErrorKind::InvalidData, objection))?;
        }
        let length = out.remaining().min(wire.passed.len() - wire.given);
        out.put_slice(&wire.passed[wire.given..][..length]);
        wire.given += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().channel {
            Channel::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Channel::Tls(socket) => Pin::new(socket.as_mut()).poll_write(context, bytes).map_err(read_problem),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().channel {
            Channel::Plain(socket) => Pin::new(socket).poll_flush(context),
            Channel::Tls(socket) => Pin::new(socket.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().channel {
            Channel::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Channel::Tls(socket) => Pin::new(socket.as_mut()).poll_shutdown(context),
        }
    }
}

impl TlsStream for Wire {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.channel {
            Channel::Tls(socket) => {
                end_point(socket.ssl()).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
            }
            Channel::Plain(_) => ChannelBinding::none(),
        }
    }
}

/// What tokio-postgres takes for a TLS connector: the handshake is over already, or there is none.
pub(super) struct Prepared;

impl TlsConnect<Wire> for Prepared {
    type Stream = Wire;
    type Error = Infallible;
    type Future = Ready<Result<Wire, Infallible>>;

    fn connect(self, wire: Wire) -> Self::Future {
        ready(Ok(wire))
    }
}
