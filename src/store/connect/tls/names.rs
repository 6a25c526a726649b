//! Compares the names in a certificate with the host by the rules of libpq 15 and later: alternative names of the
//! host's kind count first, then the common name if there are none, and `*.` stands for one label. Does not check who
//! signed the certificate.

use std::net::IpAddr;

use openssl::nid::Nid;
use openssl::x509::X509Ref;

use super::super::hosts::numeric;

/// Checks that the certificate names the host.
///
/// # Errors
/// The names in the certificate, in words.
pub(super) fn check(certificate: &X509Ref, host: &str) -> Result<(), String> {
    let address = numeric(host);
    let mut names = Vec::new();
    let mut by_common_name = true;
    for name in certificate.subject_alt_names().iter().flatten() {
        if let Some(name) = name.dnsname() {
            by_common_name &= address.is_some();
            if name.contains('\0') {
                return Err("the server's certificate contains a name with a NUL character".to_owned());
            }
            if fits(name, host) {
                return Ok(());
            }
            names.push(name.to_owned());
        } else if let Some(bytes) = name.ipaddress() {
            by_common_name &= address.is_none();
            let Some(found) = address_of(bytes) else {
                return Err(format!("the server's certificate contains an IP address of {} bytes", bytes.len()));
            };
            if Some(found) == address {
                return Ok(());
            }
            names.push(found.to_string());
        }
    }
    if by_common_name && let Some(entry) = certificate.subject_name().entries_by_nid(Nid::COMMONNAME).next() {
        let name = String::from_utf8_lossy(entry.data().as_slice());
        if fits(&name, host) {
            return Ok(());
        }
        names.push(name.into_owned());
    }
    Err(match names.as_slice() {
        [] => "the server's certificate contains no host name".to_owned(),
        [name] => format!("the server's certificate is for \"{name}\", not for the host \"{host}\""),
        [name, others @ ..] => {
            let count = others.len();
            let more = if count == 1 { "1 other name" } else { &format!("{count} other names") };
            format!("the server's certificate is for \"{name}\" and {more}, not for the host \"{host}\"")
        }
    })
}

fn address_of(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Whether a name of the certificate covers the host, either exactly or with `*.` for its first label.
fn fits(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|domain| {
            !domain.is_empty()
                && host
                    .split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain))
        })
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_wildcard_covers_exactly_one_label() {
        for (name, host, fitting) in [
            ("db.example.com", "DB.example.COM", true),
            ("*.example.com", "db.example.com", true),
            ("*.example.com", "a.db.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("db*.example.com", "db1.example.com", false),
            ("*.", "db.", false),
            ("*", "db", false),
        ] {
            assert_eq!(fits(name, host), fitting, "{name}, {host}");
        }
    }
}
