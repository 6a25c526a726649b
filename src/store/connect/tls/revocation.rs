//! Checks whether a self-signed certificate of a server is revoked. OpenSSL 3.6 skips this check, because a root
//! vouches for itself. libpq with an older OpenSSL refuses such a certificate without a valid list that its own key has
//! signed.

use std::cmp::Ordering;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Public};
use openssl::x509::{CrlStatus, X509Crl, X509Ref};

use crate::bounded;

/// The beginning of a list in PEM.
const BEGIN: &str = "-----BEGIN X509 CRL-----";

/// Refuses a self-signed certificate that is revoked, or whose list is missing or not valid now.
pub(super) fn check(certificate: &X509Ref, list: Option<&Path>, directory: Option<&Path>) -> Result<(), String> {
    let outcome = look_up(certificate, list, directory);
    // A signature that does not match leaves errors in the queue of the thread, which the next operation would report.
    drop(ErrorStack::get());
    outcome
}

fn look_up(certificate: &X509Ref, list: Option<&Path>, directory: Option<&Path>) -> Result<(), String> {
    let Some(key) = own_key(certificate) else { return Ok(()) };
    let hashed = directory.into_iter().flat_map(|directory| {
        let hash = certificate.subject_name_hash();
        // Lists of the same issuer are numbered.
        (0..).map(move |number| directory.join(format!("{hash:08x}.r{number}"))).take_while(|path| path.exists())
    });
    let paths = list.map(Path::to_owned).into_iter().chain(hashed);
    let lists: Vec<X509Crl> = paths.flat_map(|path| lists_in(&path)).collect();
    let is_own = |list: &&X509Crl| {
        list.issuer_name().try_cmp(certificate.subject_name()).is_ok_and(Ordering::is_eq)
            && list.verify(&key).unwrap_or(false)
    };
    let own: Vec<&X509Crl> = lists.iter().filter(is_own).collect();
    if own.is_empty() {
        return Err("unable to get certificate CRL".to_owned());
    }
    if own.iter().any(|list| matches!(list.get_by_serial(certificate.serial_number()), CrlStatus::Revoked(_))) {
        return Err("certificate revoked".to_owned());
    }
    let now = Asn1Time::days_from_now(0).map_err(|error| error.to_string())?;
    let is_current = |list: &&X509Crl| {
        list.last_update() <= &*now && list.next_update().is_none_or(|next_update| next_update >= &*now)
    };
    if own.iter().any(is_current) { Ok(()) } else { Err("CRL has expired, or is not yet valid".to_owned()) }
}

/// Returns the key of a certificate that is signed with it.
fn own_key(certificate: &X509Ref) -> Option<openssl::pkey::PKey<Public>> {
    let key = certificate.public_key().ok()?;
    let is_own = |key: &PKeyRef<Public>| certificate.verify(key).unwrap_or(false);
    is_own(&key).then_some(key)
}

/// Returns the lists in a file, in PEM.
fn lists_in(path: &Path) -> Vec<X509Crl> {
    let bytes = bounded::read_file(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let list = |part: &str| X509Crl::from_pem(format!("{BEGIN}{part}").as_bytes()).ok();
    text.split(BEGIN).skip(1).filter_map(list).collect()
}
