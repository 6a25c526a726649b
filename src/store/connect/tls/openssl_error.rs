//! Turns OpenSSL's errors into readable text. OpenSSL's own text is a line of codes and source locations.

use std::io;

use openssl::error::ErrorStack;
use openssl::ssl;
use thiserror::Error;

use super::TlsError;

/// The server refused our certificate. With TLS 1.3 it says so only after the handshake.
#[derive(Debug, Error)]
#[error("the server refused the client certificate: {0}")]
pub(in crate::store::connect) struct CertificateRefused(String);

impl CertificateRefused {
    /// Returns the refusal inside a readable error.
    pub(in crate::store::connect) fn inside(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    pub(super) fn of(error: &ssl::Error) -> Option<Self> {
        let codes = error.ssl_error()?.errors().iter().map(openssl::error::Error::reason_code);
        codes.map(|code| code - ALERT).find_map(|alert| {
            REFUSALS.iter().find(|(number, _)| *number == alert).map(|(_, words)| Self((*words).to_owned()))
        })
    }
}

/// OpenSSL's code of an alert from the server is this plus the number of the alert.
const ALERT: i32 = 1_000;
/// The alerts of RFC 8446 about a certificate.
const REFUSALS: [(i32, &str); 7] = [
    (42, "it is damaged, or its signature is wrong"),
    (43, "its kind is not supported"),
    (44, "it is revoked"),
    (45, "it has expired"),
    (46, "it is not acceptable"),
    (48, "it is not from an authority that the server trusts (ssl_ca_file)"),
    (116, "the server needs one"),
];

/// Replaces the text of a TLS error inside an I/O error. Other errors stay as they are.
pub(in crate::store::connect) fn readable(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
        Some(inner) => match CertificateRefused::of(inner) {
            Some(refused) => io::Error::new(error.kind(), refused),
            None => io::Error::new(error.kind(), describe(inner)),
        },
        None => error,
    }
}

/// OpenSSL's code for bytes that are not TLS (`SSL_R_WRONG_VERSION_NUMBER`). Servers of other versions of TLS send an
/// alert instead.
const NOT_TLS: i32 = 267;

/// Classifies the error of a handshake.
pub(super) fn failed_handshake(error: &ssl::Error) -> TlsError {
    let errors = error.ssl_error().map(ErrorStack::errors).unwrap_or_default();
    if errors.iter().any(|error| error.reason_code() == NOT_TLS) {
        return TlsError::Foreign(
            "the server does not speak TLS, although its first answer seemed to offer it".to_owned(),
        );
    }
    TlsError::Handshake(format!("the TLS handshake failed: {}", describe(error)))
}

fn describe(error: &ssl::Error) -> String {
    match (error.ssl_error(), error.io_error()) {
        (Some(stack), _) => reasons(stack),
        (_, Some(error)) => error.to_string(),
        _ => "the server closed the connection".to_owned(),
    }
}

/// Joins the reasons of a failure, without codes.
pub(super) fn reasons(stack: &ErrorStack) -> String {
    let mut reasons: Vec<&str> = stack.errors().iter().filter_map(openssl::error::Error::reason).collect();
    reasons.dedup();
    if reasons.is_empty() { "OpenSSL gave no reason".to_owned() } else { reasons.join(", ") }
}
