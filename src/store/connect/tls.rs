//! TLS as libpq's six modes mean it, over rustls: which certificates are believed, which one is shown. Certificates are
//! read at each connection, as `psql` reads them, so that a renewed file counts at once.

mod verify;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio_postgres::config::SslNegotiation;
use tokio_postgres_rustls::MakeRustlsConnect;
use verify::Verifier;

use super::choices::word;
use super::environment::Environment;
use super::invalid;
use super::parameters::Parameters;
use crate::store::Result;

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

/// Whose signature is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// A file; where it exists, every mode that uses TLS checks the chain.
    File(Option<PathBuf>),
    /// The system's (`sslrootcert=system`).
    System,
}

/// What the parameters say about TLS; files are read when a connection is made.
#[derive(Debug, Clone)]
pub(super) struct Tls {
    pub(super) mode: Mode,
    pub(super) negotiation: SslNegotiation,
    roots: Roots,
    revoked: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    server_name: bool,
    versions: Vec<&'static SupportedProtocolVersion>,
}

impl Tls {
    /// No TLS at all.
    pub(super) fn off() -> Self {
        Self {
            mode: Mode::Disable,
            negotiation: SslNegotiation::Postgres,
            roots: Roots::File(None),
            revoked: None,
            certificate: None,
            key: None,
            server_name: false,
            versions: Vec::new(),
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
        let path = |keyword: &str, default: &str| {
            let given = parameters.get(keyword).map(PathBuf::from);
            given.or_else(|| environment.in_home(".postgresql").map(|directory| directory.join(default)))
        };
        let roots = if parameters.get("sslrootcert") == Some("system") {
            if parameters.get("sslmode").is_none() {
                mode = Mode::VerifyFull;
            } else if mode != Mode::VerifyFull {
                return Err(invalid("a weak sslmode may not be used with sslrootcert=system (use verify-full)"));
            }
            Roots::System
        } else {
            Roots::File(path("sslrootcert", "root.crt"))
        };
        let negotiation = word(
            parameters,
            "sslnegotiation",
            &[("postgres", SslNegotiation::Postgres), ("direct", SslNegotiation::Direct)],
        )?;
        if negotiation == SslNegotiation::Direct && mode < Mode::Require {
            return Err(invalid("a weak sslmode may not be used with sslnegotiation=direct (use require or stronger)"));
        }
        let version = |keyword, default| {
            word(parameters, keyword, &[("", default), ("TLSv1", 0), ("TLSv1.1", 1), ("TLSv1.2", 2), ("TLSv1.3", 3)])
        };
        let (least, most) = (version("ssl_min_protocol_version", 2)?, version("ssl_max_protocol_version", 3)?);
        let versions: Vec<_> = [(2, &TLS12), (3, &TLS13)]
            .into_iter()
            .filter(|(v, _)| (least..=most).contains(v))
            .map(|(_, v)| v)
            .collect();
        if versions.is_empty() {
            return Err(invalid(
                "ssl_min_protocol_version and ssl_max_protocol_version leave neither TLSv1.2 nor TLSv1.3",
            ));
        }
        let shows = word(parameters, "sslcertmode", &[("allow", true), ("disable", false), ("require", true)])?;
        Ok(Self {
            mode,
            negotiation,
            roots,
            revoked: path("sslcrl", "root.crl"),
            certificate: path("sslcert", "postgresql.crt").filter(|_| shows),
            key: path("sslkey", "postgresql.key"),
            server_name: word(parameters, "sslsni", &[("1", true), ("0", false)])?,
            versions,
        })
    }

    /// The name that the handshake asks for: the host's, or the address where the host's cannot be one and nobody checks it.
    pub(super) fn asked_name(&self, host: &str, address: Option<IpAddr>) -> String {
        match address {
            Some(address) if self.mode != Mode::VerifyFull && ServerName::try_from(host).is_err() => {
                address.to_string()
            }
            _ => host.to_owned(),
        }
    }

    /// Makes handshakes by these settings. The error is for people.
    pub(super) fn connector(&self) -> Result<MakeRustlsConnect, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier::new(&provider, self.trusted()?, self.revoked()?, self.mode == Mode::VerifyFull)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match self.identity()? {
            Some((chain, key)) => builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| format!("the client certificate and its key cannot be used: {error}"))?,
            None => builder.with_no_client_auth(),
        };
        config.enable_sni = self.server_name;
        if self.negotiation == SslNegotiation::Direct {
            config.alpn_protocols = vec![b"postgresql".to_vec()];
        }
        Ok(MakeRustlsConnect::new(config))
    }

    /// The certificates that a chain may end in; none where no chain is checked.
    fn trusted(&self) -> Result<Option<Vec<CertificateDer<'static>>>, String> {
        let Roots::File(path) = &self.roots else {
            let found = rustls_native_certs::load_native_certs();
            return if found.certs.is_empty() {
                Err("the system has no root certificates".to_owned())
            } else {
                Ok(Some(found.certs))
            };
        };
        match path {
            Some(path) if path.exists() => {
                let certificates = certificates(path).map_err(|reason| {
                    format!("root certificate file \"{}\" cannot be read: {reason}", path.display())
                })?;
                Ok(Some(certificates))
            }
            _ if self.mode < Mode::VerifyCa => Ok(None),
            Some(path) => Err(format!(
                "root certificate file \"{}\" does not exist; provide it, use the system's roots with sslrootcert=system, or \
                 choose an sslmode that does not verify",
                path.display()
            )),
            None => Err("there is no root certificate file to verify the server with (sslrootcert)".to_owned()),
        }
    }

    fn revoked(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
        let Some(path) = self.revoked.as_ref().filter(|path| path.exists()) else { return Ok(Vec::new()) };
        CertificateRevocationListDer::pem_file_iter(path)
            .and_then(Iterator::collect)
            .map_err(|error| format!("revocation list \"{}\" cannot be read: {error}", path.display()))
    }

    /// The client's certificate and key; a certificate file that does not exist is passed over, as libpq does.
    fn identity(&self) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>, String> {
        let Some(path) = self.certificate.as_ref().filter(|path| path.exists()) else { return Ok(None) };
        let chain = certificates(path)
            .map_err(|reason| format!("certificate file \"{}\" cannot be read: {reason}", path.display()))?;
        let Some(key) = self.key.as_ref().filter(|key| key.exists()) else {
            return Err(format!(
                "the certificate \"{}\" is there, but not its private key file (sslkey)",
                path.display()
            ));
        };
        refuse_open_key(key)?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| format!("private key file \"{}\" cannot be read: {error}", key.display()))?;
        Ok(Some((chain, private)))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| error.to_string())?;
    if found.is_empty() { Err("it holds no certificate".to_owned()) } else { Ok(found) }
}

/// A private key that others can read is refused, by libpq's rule.
#[cfg(unix)]
fn refuse_open_key(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata =
        std::fs::metadata(path).map_err(|error| format!("private key file \"{}\": {error}", path.display()))?;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(format!(
        "private key file \"{}\" has group or world access; it must have permissions u=rw (0600) or less, or u=rw,g=r (0640) \
         where root owns it",
        path.display()
    ))
}

#[cfg(not(unix))]
fn refuse_open_key(_path: &Path) -> Result<(), String> {
    Ok(())
}

fn store(trusted: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(trusted.iter().cloned());
    store
}
