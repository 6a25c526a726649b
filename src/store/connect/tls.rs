//! TLS with libpq's six modes, through OpenSSL as in libpq: checks the server's certificate and presents ours. Files
//! are read again for each connection, as `psql` does, so that a renewed certificate takes effect at once.

mod files;
mod mode;
mod names;
mod openssl_error;
mod revocation;
mod signature;
mod versions;

use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslRef, SslVerifyMode};
use openssl::x509::X509VerifyResult;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use self::files::{Files, Verification};
pub(super) use self::mode::Mode;
pub(super) use self::openssl_error::{CertificateRefused, readable};
use self::openssl_error::{failed_handshake, reasons};
use self::versions::Versions;
use super::environment::Environment;
use super::parameters::{Parameters, invalid};
use super::values::one_of;
use crate::store::error::Result;

pub(super) type TlsSocket = SslStream<BufReader<TcpStream>>;

/// The protocol's name in ALPN, with its length.
const ALPN: &[u8] = b"\x0apostgresql";

/// What to know about direct TLS.
const DIRECT: &str = "sslnegotiation=direct needs PostgreSQL 17 or later";

/// Why TLS failed.
#[derive(Debug)]
pub(super) enum TlsError {
    /// The server's certificate is not trusted, or belongs to another host.
    Certificate(String),
    /// A local certificate or key file cannot be used.
    Files(String),
    /// The handshake failed.
    Handshake(String),
    /// The server does not offer TLS.
    NotOffered,
    /// The other end does not speak TLS, although it seemed to offer it.
    Foreign(String),
}

impl From<ErrorStack> for TlsError {
    fn from(error: ErrorStack) -> Self {
        Self::Handshake(reasons(&error))
    }
}

/// The TLS parameters. Their files are read when a connection is made.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    /// Start with the handshake, without asking the server first (`sslnegotiation=direct`).
    pub(super) direct: bool,
    files: Files,
    /// Send the host name to the server (`sslsni`).
    sends_host_name: bool,
    versions: Versions,
}

impl Tls {
    pub(super) fn off() -> Self {
        Self {
            mode: Mode::Disable,
            direct: false,
            files: Files::default(),
            sends_host_name: false,
            versions: Versions::default(),
        }
    }

    pub(super) fn from_parameters(parameters: &Parameters, environment: &Environment) -> Result<Self> {
        let mode = Mode::from_parameters(parameters)?;
        let direct = one_of(parameters, "sslnegotiation", &[("postgres", false), ("direct", true)])?;
        if direct && mode < Mode::Require {
            return Err(invalid("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full"));
        }
        Ok(Self {
            mode,
            direct,
            versions: Versions::from_parameters(parameters)?,
            files: Files::from_parameters(parameters, environment)?,
            // As in libpq, every other value turns it off.
            sends_host_name: parameters.given("sslsni").is_none_or(|value| value.starts_with('1')),
        })
    }

    /// Returns a warning for the user about the settings, if there is one.
    pub(super) fn warning(&self) -> Option<String> {
        if self.mode == Mode::Disable { None } else { self.files.warning() }
    }

    /// Performs the handshake and checks the certificate as the mode demands. `host` is `None` if only an address is
    /// configured.
    pub(super) async fn handshake(&self, stream: TcpStream, host: Option<&str>) -> Result<TlsSocket, TlsError> {
        let (context, verification) = self.context()?;
        let mut ssl = Ssl::new(&context)?;
        // As in libpq: addresses are never sent, not even with an interface after `%`.
        let is_name = |host: &&str| !host.contains(':') && host.contains(|c: char| c != '.' && !c.is_ascii_digit());
        if let Some(host) = host.filter(is_name).filter(|_| self.sends_host_name) {
            ssl.set_hostname(host)?;
        }
        if self.direct {
            ssl.set_alpn_protos(ALPN)?;
        }
        let mut socket = SslStream::new(ssl, BufReader::new(stream))?;
        if let Err(error) = Pin::new(&mut socket).connect().await {
            let result = socket.ssl().verify_result();
            return Err(if verification != Verification::None && result != X509VerifyResult::OK {
                untrusted(result.error_string())
            } else if let Some(refused) = CertificateRefused::of(&error) {
                TlsError::Files(refused.to_string())
            } else {
                match failed_handshake(&error) {
                    TlsError::Handshake(reason) if self.direct => TlsError::Handshake(format!("{reason}; {DIRECT}")),
                    failure => failure,
                }
            });
        }
        if self.direct && socket.ssl().selected_alpn_protocol() != Some(&ALPN[1..]) {
            return Err(TlsError::Handshake(format!("the server did not accept direct TLS; {DIRECT}")));
        }
        if verification == Verification::WithLists
            && let Some(certificate) = socket.ssl().peer_certificate()
        {
            self.files.check_self_signed(&certificate).map_err(|reason| untrusted(&reason))?;
        }
        if self.mode == Mode::VerifyFull {
            check_host(socket.ssl(), host).map_err(TlsError::Certificate)?;
        }
        Ok(socket)
    }

    /// Returns the context for handshakes and how it verifies the server's certificate.
    fn context(&self) -> Result<(SslContext, Verification), TlsError> {
        let mut context = SslContext::builder(SslMethod::tls_client())?;
        context.set_min_proto_version(self.versions.oldest)?;
        context.set_max_proto_version(self.versions.newest)?;
        let verification = self.files.trust(&mut context, self.mode).map_err(TlsError::Files)?;
        let is_verified = verification != Verification::None;
        context.set_verify(if is_verified { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        self.files.present_certificate(&mut context).map_err(TlsError::Files)?;
        Ok((context.build(), verification))
    }
}

fn untrusted(reason: &str) -> TlsError {
    TlsError::Certificate(format!("the server's certificate is not trusted: {reason}"))
}

fn check_host(ssl: &SslRef, host: Option<&str>) -> Result<(), String> {
    let host = host.ok_or("sslmode=verify-full needs a host name; set host")?;
    let certificate = ssl.peer_certificate().ok_or("the server presented no certificate")?;
    names::check(&certificate, host)
}

/// Returns the hash that binds a SCRAM exchange to this connection (`tls-server-end-point`, RFC 5929), or `None` if the
/// certificate's signature algorithm has no hash of its own.
pub(super) fn end_point(ssl: &SslRef) -> Option<Vec<u8>> {
    let certificate = ssl.peer_certificate()?;
    let digest = match signature::digest(&certificate)? {
        Nid::MD5 | Nid::SHA1 => MessageDigest::sha256(),
        other => MessageDigest::from_nid(other)?,
    };
    certificate.digest(digest).ok().map(|hash| hash.to_vec())
}
