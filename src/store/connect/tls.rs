//! TLS with libpq's six modes, through OpenSSL as in libpq: checks the server's certificate and presents ours. Files are read again
//! for each connection, as `psql` does, so that a renewed certificate takes effect at once.

mod files;
mod names;

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ssl::{self, Ssl, SslContext, SslMethod, SslRef, SslVerifyMode, SslVersion};
use openssl::x509::X509VerifyResult;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::choices::word;
use super::environment::Environment;
use super::invalid;
use super::parameters::Parameters;
use crate::store::Result;
use files::Files;

pub(super) type TlsSocket = SslStream<BufReader<TcpStream>>;

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Why TLS failed.
#[derive(Debug)]
pub(super) enum Problem {
    /// The server's certificate is not trusted, or belongs to another host.
    Certificate(String),
    /// A local certificate or key file cannot be used.
    Files(String),
    /// The handshake failed.
    Handshake(String),
}

/// The TLS parameters. Their files are read when a connection is made.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    /// Start with the handshake, without asking the server first (`sslnegotiation=direct`).
    pub(super) direct: bool,
    files: Files,
    server_name: bool,
    oldest: Option<SslVersion>,
    newest: Option<SslVersion>,
}

impl Tls {
    pub(super) fn off() -> Self {
        Self {
            mode: Mode::Disable,
            direct: false,
            files: Files::default(),
            server_name: false,
            oldest: None,
            newest: None,
        }
    }

    pub(super) fn from_parameters(parameters: &Parameters, environment: &Environment) -> Result<Self> {
        let mut mode = word(
            parameters,
            "sslmode",
            &[
                ("prefer", Mode::Prefer),
                ("disable", Mode::Disable),
                ("allow", Mode::Allow),
                ("require", Mode::Require),
                ("verify-ca", Mode::VerifyCa),
                ("verify-full", Mode::VerifyFull),
            ],
        )?;
        if parameters.get("sslrootcert") == Some("system") {
            if parameters.get("sslmode").is_none() {
                mode = Mode::VerifyFull;
            } else if mode != Mode::VerifyFull {
                return Err(invalid("sslrootcert=system needs sslmode=verify-full"));
            }
        }
        let direct = word(parameters, "sslnegotiation", &[("postgres", false), ("direct", true)])?;
        if direct && mode < Mode::Require {
            return Err(invalid("sslnegotiation=direct needs sslmode=require, verify-ca or verify-full"));
        }
        let versions = |keyword, default| {
            let versions = [
                ("", default),
                ("TLSv1", Some(SslVersion::TLS1)),
                ("TLSv1.1", Some(SslVersion::TLS1_1)),
                ("TLSv1.2", Some(SslVersion::TLS1_2)),
                ("TLSv1.3", Some(SslVersion::TLS1_3)),
            ];
            // libpq ignores the case of these keywords.
            let given = parameters.get(keyword).unwrap_or_default();
            let found = versions.iter().find(|(word, _)| word.eq_ignore_ascii_case(given));
            found.map(|(word, version)| (*word, *version)).ok_or_else(|| {
                invalid(format!("{keyword} must be one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3, not \"{given}\""))
            })
        };
        let (least, oldest) = versions("ssl_min_protocol_version", Some(SslVersion::TLS1_2))?;
        let least = if least.is_empty() { "TLSv1.2" } else { least };
        let (most, newest) = versions("ssl_max_protocol_version", None)?;
        // The keywords sort like the versions.
        if !most.is_empty() && least > most {
            return Err(invalid("ssl_min_protocol_version is newer than ssl_max_protocol_version"));
        }
        Ok(Self {
            mode,
            direct,
            files: Files::from_parameters(parameters, environment)?,
            server_name: word(parameters, "sslsni", &[("1", true), ("0", false)])?,
            oldest,
            newest,
        })
    }

    /// Returns a warning for the user about the settings, if there is one.
    pub(super) fn warning(&self) -> Option<String> {
        if self.mode == Mode::Disable { None } else { self.files.warning() }
    }

    /// Performs the handshake and checks the certificate as the mode demands. `host` is `None` if only an address is configured.
    pub(super) async fn handshake(&self, stream: TcpStream, host: Option<&str>) -> Result<TlsSocket, Problem> {
        let (context, verified) = self.context()?;
        let set_up = |error: ErrorStack| Problem::Handshake(reasons(&error));
        let mut ssl = Ssl::new(&context).map_err(set_up)?;
        if let Some(host) = host.filter(|host| self.server_name && host.parse::<IpAddr>().is_err()) {
            ssl.set_hostname(host).map_err(set_up)?;
        }
        if self.direct {
            ssl.set_alpn_protos(b"\x0apostgresql").map_err(set_up)?;
        }
        let mut socket = SslStream::new(ssl, BufReader::new(stream)).map_err(set_up)?;
        if let Err(error) = Pin::new(&mut socket).connect().await {
            let result = socket.ssl().verify_result();
            return Err(if verified && result != X509VerifyResult::OK {
                Problem::Certificate(format!("the server's certificate is not trusted: {}", result.error_string()))
            } else {
                Problem::Handshake(in_words(&error))
            });
        }
        if self.direct && socket.ssl().selected_alpn_protocol() != Some(b"postgresql") {
            return Err(Problem::Handshake(
                "the server did not accept direct TLS; sslnegotiation=direct needs PostgreSQL 17 or later".to_owned(),
            ));
        }
        if self.mode == Mode::VerifyFull {
            let no_host = || Problem::Certificate("sslmode=verify-full needs a host name; set host".to_owned());
            let host = host.ok_or_else(no_host)?;
            let certificate = socket.ssl().peer_certificate();
            let certificate =
                certificate.ok_or_else(|| Problem::Certificate("the server presented no certificate".to_owned()))?;
            names::check(&certificate, host).map_err(Problem::Certificate)?;
        }
        Ok(socket)
    }

    /// Returns the context for handshakes and whether it verifies the server's certificate.
    fn context(&self) -> Result<(SslContext, bool), Problem> {
        let set_up = |error: ErrorStack| Problem::Handshake(reasons(&error));
        let mut context = SslContext::builder(SslMethod::tls_client()).map_err(set_up)?;
        context.set_min_proto_version(self.oldest).map_err(set_up)?;
        context.set_max_proto_version(self.newest).map_err(set_up)?;
        let verified = self.files.trust(&mut context, self.mode).map_err(Problem::Files)?;
        context.set_verify(if verified { SslVerifyMode::PEER } else { SslVerifyMode::NONE });
        self.files.show(&mut context).map_err(Problem::Files)?;
        Ok((context.build(), verified))
    }
}

/// Returns the hash that binds a SCRAM exchange to this connection (`tls-server-end-point`, RFC 5929), or `None` if the
/// certificate's signature algorithm has no hash of its own.
pub(super) fn end_point(ssl: &SslRef) -> Option<Vec<u8>> {
    let certificate = ssl.peer_certificate()?;
    let digest = certificate.signature_algorithm().object().nid().signature_algorithms()?.digest;
    let digest = match digest {
        Nid::MD5 | Nid::SHA1 => MessageDigest::sha256(),
        other => MessageDigest::from_nid(other)?,
    };
    certificate.digest(digest).ok().map(|hash| hash.to_vec())
}

/// Replaces OpenSSL's text, a line of codes and source locations, with the reasons alone.
pub(super) fn read_problem(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
        Some(inner) => io::Error::new(error.kind(), in_words(inner)),
        None => error,
    }
}

fn in_words(error: &ssl::Error) -> String {
    match (error.ssl_error(), error.io_error()) {
        (Some(stack), _) => reasons(stack),
        (_, Some(error)) => error.to_string(),
        _ => "the server closed the connection during the TLS handshake".to_owned(),
    }
}

/// Joins the reasons of a failure, without codes.
fn reasons(stack: &ErrorStack) -> String {
    let mut reasons: Vec<&str> = stack.errors().iter().filter_map(openssl::error::Error::reason).collect();
    reasons.dedup();
    if reasons.is_empty() { "OpenSSL gave no reason".to_owned() } else { reasons.join(", ") }
}
