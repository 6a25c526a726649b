//! Turns OpenSSL's errors into readable text. OpenSSL's own text is a line of codes and source locations.

use std::io;

use openssl::error::ErrorStack;
use openssl::ssl;

/// Replaces the text of a TLS error inside an I/O error. Other errors stay as they are.
pub(in crate::store::connect) fn readable(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ssl::Error>()) {
        Some(inner) => io::Error::new(error.kind(), describe(inner)),
        None => error,
    }
}

pub(super) fn describe(error: &ssl::Error) -> String {
    match (error.ssl_error(), error.io_error()) {
        (Some(stack), _) => reasons(stack),
        (_, Some(error)) => error.to_string(),
        _ => "the server closed the connection during the TLS handshake".to_owned(),
    }
}

/// Joins the reasons of a failure, without codes.
pub(super) fn reasons(stack: &ErrorStack) -> String {
    let mut reasons: Vec<&str> = stack.errors().iter().filter_map(openssl::error::Error::reason).collect();
    reasons.dedup();
    if reasons.is_empty() { "OpenSSL gave no reason".to_owned() } else { reasons.join(", ") }
}
