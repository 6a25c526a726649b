//! Finds the hash of a certificate's signature. For most algorithms it is a part of the name. RSASSA-PSS has it in its
//! parameters, which the OpenSSL bindings do not return, so they are read from the certificate's DER form.

use openssl::nid::Nid;
use openssl::x509::X509Ref;

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// The tag of the hash in the parameters (RFC 4055).
const HASH: u8 = 0xa0;

/// The hashes of RSASSA-PSS and their object identifiers. Without one it is SHA-1.
const HASHES: [(Nid, &[u8]); 5] = [
    (Nid::SHA1, &[0x2b, 0x0e, 0x03, 0x02, 0x1a]),
    (Nid::SHA224, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x04]),
    (Nid::SHA256, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01]),
    (Nid::SHA384, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02]),
    (Nid::SHA512, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03]),
];

/// Returns the hash of the signature, or `None` if it has none of its own, as on an Edwards curve.
pub(super) fn digest(certificate: &X509Ref) -> Option<Nid> {
    match certificate.signature_algorithm().object().nid() {
        Nid::RSASSAPSS => pss_digest(&certificate.to_der().ok()?),
        algorithm => Some(algorithm.signature_algorithms()?.digest).filter(|digest| *digest != Nid::UNDEF),
    }
}

/// Reads the hash from the algorithm of a certificate: `SEQUENCE { contents, SEQUENCE { algorithm, parameters },
/// signature }`.
fn pss_digest(der: &[u8]) -> Option<Nid> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (_, after_contents) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(after_contents, SEQUENCE)?;
    let (_, parameters) = element(algorithm, OBJECT_IDENTIFIER)?;
    let (parameters, _) = element(parameters, SEQUENCE)?;
    let Some((hash, _)) = element(parameters, HASH) else { return Some(Nid::SHA1) };
    let (hash, _) = element(hash, SEQUENCE)?;
    let (identifier, _) = element(hash, OBJECT_IDENTIFIER)?;
    HASHES.iter().find(|(_, known)| *known == identifier).map(|(hash, _)| *hash)
}

/// Splits off an element with this tag. Returns its contents and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    (found == tag).then_some((contents, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_elements_with_short_and_long_lengths_and_refuses_cut_ones() {
        assert_eq!(element(&[0x30, 1, 7, 9], SEQUENCE), Some((&[7][..], &[9][..])));
        let long = [&[0x30, 0x82, 1, 0][..], &[5; 256]].concat();
        assert_eq!(element(&long, SEQUENCE), Some((&[5; 256][..], &[][..])));
        for cut in [&[][..], &[0x30], &[0x30, 2, 7], &[0x30, 0x82, 1], &[0x30, 0x80, 0, 0], &[0x31, 0]] {
            assert_eq!(element(cut, SEQUENCE), None, "{cut:?}");
        }
    }
}
