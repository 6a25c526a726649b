//! The byte stream that tokio-postgres uses: a socket with or without TLS that checks incoming messages first. Knows
//! nothing about outgoing messages.

mod filter;
mod shorten;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready as poll_ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use self::filter::MessageFilter;
pub(super) use self::filter::{AuthTerms, Rejection};
use super::socket::Socket;
use super::tls::{CertificateRefused, TlsSocket, end_point, readable};

/// Bytes per read.
const READ_SIZE: usize = 32 * 1024;

#[derive(Debug)]
pub(super) enum Channel {
    Plain(Socket),
    Tls(Box<TlsSocket>),
}

#[derive(Debug)]
pub(super) struct Wire {
    channel: Channel,
    filter: MessageFilter,
    raw: Box<[u8]>,
    /// Checked bytes, and how many of them the client has read.
    passed: Vec<u8>,
    given: usize,
    /// The error of a write, until the server's reason for closing the connection has been read.
    failed: Option<io::Error>,
}

impl Wire {
    pub(super) fn new(channel: Channel, terms: AuthTerms) -> Self {
        Self {
            channel,
            filter: MessageFilter::new(terms),
            raw: vec![0; READ_SIZE].into_boxed_slice(),
            passed: Vec::new(),
            given: 0,
            failed: None,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.channel, Channel::Tls(_))
    }

    /// Whether an exchange of passwords can be bound to the server's certificate.
    pub(super) fn has_end_point(&self) -> bool {
        matches!(&self.channel, Channel::Tls(socket) if end_point(socket.ssl()).is_some())
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
                Channel::Tls(socket) => Pin::new(socket.as_mut()).poll_read(context, &mut raw).map_err(readable),
            })?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let filtered = wire.filter.take(raw.filled(), &mut wire.passed);
            filtered.map_err(|rejection| io::Error::new(io::ErrorKind::InvalidData, rejection))?;
        }
        let length = out.remaining().min(wire.passed.len() - wire.given);
        out.put_slice(&wire.passed[wire.given..][..length]);
        wire.given += length;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        match &mut wire.channel {
            Channel::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Channel::Tls(socket) => {
                let failed = match wire.failed.take() {
                    Some(failed) => failed,
                    None => match poll_ready!(Pin::new(socket.as_mut()).poll_write(context, bytes)) {
                        Ok(written) => return Poll::Ready(Ok(written)),
                        Err(error) => readable(error),
                    },
                };
                // A server that refuses our certificate says so before it closes the connection.
                match Pin::new(socket.as_mut()).poll_read(context, &mut ReadBuf::new(&mut [0])) {
                    Poll::Pending => {
                        wire.failed = Some(failed);
                        Poll::Pending
                    }
                    Poll::Ready(read) => {
                        let refusal = read.map_err(readable).err();
                        let refusal = refusal.filter(|error| CertificateRefused::inside(error).is_some());
                        Poll::Ready(Err(refusal.unwrap_or(failed)))
                    }
                }
            }
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

/// A connector for tokio-postgres that does nothing, because the handshake, if any, is already complete.
pub(super) struct NoHandshake;

impl TlsConnect<Wire> for NoHandshake {
    type Stream = Wire;
    type Error = Infallible;
    type Future = Ready<Result<Wire, Infallible>>;

    fn connect(self, wire: Wire) -> Self::Future {
        ready(Ok(wire))
    }
}
