//! Whether a server's certificate is believed: not at all, by its chain, or by chain and name, as libpq's modes say. The
//! handshake's own signatures are checked in every mode.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, asn1};

use super::store;

#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Option<Chain>,
    name: bool,
}

#[derive(Debug)]
struct Chain {
    webpki: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl Verifier {
    /// `trusted`: none checks no chain. `name`: the certificate must be the host's.
    pub(super) fn new(
        provider: &Arc<CryptoProvider>,
        trusted: Option<Vec<CertificateDer<'static>>>,
        revoked: Vec<CertificateRevocationListDer<'static>>,
        name: bool,
    ) -> Result<Self, String> {
        let chain = match trusted {
            None => None,
            Some(trusted) => {
                let roots = Arc::new(store(&trusted));
                let webpki = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
                    .with_crls(revoked)
                    .build()
                    .map_err(|error| format!("the root certificates cannot be used: {error}"))?;
                Some(Chain { webpki, trusted })
            }
        };
        Ok(Self { provider: Arc::clone(provider), chain, name })
    }

    /// The name, where webpki found none that fits: a certificate without alternative names is taken by its common name, as
    /// libpq does and PostgreSQL's documentation makes them.
    fn by_common_name(certificate: &CertificateDer<'_>, host: &ServerName<'_>) -> Result<(), Error> {
        let refused = || Error::InvalidCertificate(CertificateError::NotValidForName);
        let parsed = Certificate::from_der(certificate).map_err(|_| refused())?;
        let host = host.to_str();
        let named_otherwise =
            parsed.tbs_certificate.get::<x509_cert::ext::pkix::SubjectAltName>().is_ok_and(|names| names.is_some());
        let names = parsed.tbs_certificate.subject.0.iter().flat_map(|part| part.0.iter());
        let common = names.filter(|attribute| attribute.oid == x509_cert::der::oid::db::rfc4519::CN).any(|attribute| {
            let text = asn1::Utf8StringRef::try_from(&attribute.value)
                .map(|text| text.as_str().to_owned())
                .or_else(|_| asn1::PrintableStringRef::try_from(&attribute.value).map(|text| text.as_str().to_owned()));
            text.is_ok_and(|name| fits(&name, &host))
        });
        if common && !named_otherwise { Ok(()) } else { Err(refused()) }
    }
}

/// A name of a certificate: the host's, or `*.` before everything after the host's first label.
fn fits(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|domain| {
            host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain))
        })
}

/// Whether the certificate is one of the trusted ones itself, signed by itself, and of today. OpenSSL takes it as
/// PostgreSQL's documentation makes it; webpki does not take an authority's certificate for a server's.
fn is_trusted_itself(chain: &Chain, certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    let now = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(now.as_secs());
    chain.trusted.iter().any(|trusted| trusted == certificate)
        && Certificate::from_der(certificate).is_ok_and(|parsed| {
            let validity = parsed.tbs_certificate.validity;
            parsed.tbs_certificate.issuer == parsed.tbs_certificate.subject
                && (validity.not_before.to_system_time()..=validity.not_after.to_system_time()).contains(&now)
        })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        // webpki looks at the name after the chain: an error about the name says that the chain is good.
        match chain.webpki.verify_server_cert(certificate, intermediates, host, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => {}
            Err(error) if !is_trusted_itself(chain, certificate, now) => return Err(error),
            Err(_) => {
                let parsed = rustls::server::ParsedCertificate::try_from(certificate)?;
                if self.name && rustls::client::verify_server_name(&parsed, host).is_ok() {
                    return Ok(ServerCertVerified::assertion());
                }
            }
        }
        if self.name {
            Self::by_common_name(certificate, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
