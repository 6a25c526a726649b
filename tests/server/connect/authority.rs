//! Creates certificates of every key type and version with OpenSSL, which `psql` also uses to verify them.

use openssl::asn1::{Asn1Object, Asn1OctetString, Asn1Time};
use openssl::bn::{BigNum, MsbOption};
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Builder, X509Crl, X509CrlBuilder, X509Extension, X509Name, X509RevokedBuilder};

/// A type of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa(u32),
    RsaPss,
    Curve(Nid),
    Edwards(Id),
    Dsa,
}

/// Every type of key for which OpenSSL creates certificates.
pub(super) const KINDS: [Kind; 13] = [
    Kind::Rsa(1024),
    Kind::Rsa(2048),
    Kind::Rsa(4096),
    Kind::RsaPss,
    Kind::Curve(Nid::X9_62_PRIME256V1),
    Kind::Curve(Nid::SECP384R1),
    Kind::Curve(Nid::SECP521R1),
    Kind::Curve(Nid::SECP256K1),
    Kind::Curve(Nid::BRAINPOOL_P256R1),
    Kind::Curve(Nid::BRAINPOOL_P384R1),
    Kind::Edwards(Id::ED25519),
    Kind::Edwards(Id::ED448),
    Kind::Dsa,
];

pub(super) fn key(kind: Kind) -> PKey<Private> {
    let made: Result<PKey<Private>, ErrorStack> = match kind {
        Kind::Rsa(bits) => Rsa::generate(bits).and_then(PKey::from_rsa),
        Kind::RsaPss => (|| {
            let mut context = PkeyCtx::new_id(Id::RSA_PSS)?;
            context.keygen_init()?;
            context.keygen()
        })(),
        Kind::Curve(curve) => (|| PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(curve)?)?))(),
        Kind::Edwards(Id::ED25519) => PKey::generate_ed25519(),
        Kind::Edwards(_) => PKey::generate_ed448(),
        Kind::Dsa => Dsa::generate(2048).and_then(PKey::from_dsa),
    };
    made.expect("a key")
}

/// A certificate with its key.
pub(super) struct Certified {
    pub certificate: X509,
    pub key: PKey<Private>,
}

/// The contents of a certificate.
pub(super) struct Wish<'a> {
    pub common_name: &'a str,
    /// Alternative names: host names or IP addresses.
    pub names: &'a [&'a str],
    /// Version 1 has no extensions, so neither alternative names nor the mark of an authority.
    pub version: i32,
    pub authority: bool,
}

impl Certified {
    /// Creates a certificate for a key, signed by `issuer` or by itself.
    pub(super) fn new(key: PKey<Private>, wish: &Wish<'_>, issuer: Option<&Self>) -> Self {
        let digest = digest(issuer.map_or(&key, |issuer| &issuer.key));
        let certificate = build(&key, wish, issuer, digest).expect("a certificate");
        Self { certificate, key }
    }

    /// Creates a certificate that is signed by itself, with a hash.
    pub(super) fn with_digest(key: PKey<Private>, wish: &Wish<'_>, digest: MessageDigest) -> Self {
        let certificate = build(&key, wish, None, digest).expect("a certificate");
        Self { certificate, key }
    }

    pub(super) fn pem(&self) -> String {
        String::from_utf8(self.certificate.to_pem().expect("PEM")).expect("text")
    }

    pub(super) fn key_pem(&self) -> String {
        String::from_utf8(self.key.private_key_to_pem_pkcs8().expect("PEM")).expect("text")
    }

    /// Creates a list that revokes certificates of this authority.
    pub(super) fn revoking(&self, revoked: &[&X509]) -> X509Crl {
        let day = |days| Asn1Time::days_from_now(days).expect("a time");
        let mut list = X509CrlBuilder::new().expect("a list");
        list.set_issuer_name(self.certificate.subject_name()).expect("a name");
        list.set_last_update(&Asn1Time::from_unix(1_577_836_800).expect("a time")).expect("a time");
        list.set_next_update(&day(365)).expect("a time");
        for certificate in revoked {
            let mut entry = X509RevokedBuilder::new().expect("an entry");
            entry.set_serial_number(certificate.serial_number()).expect("a number");
            entry.set_revocation_date(&day(0)).expect("a time");
            list.add_revoked(entry.build()).expect("an entry");
        }
        // The builder needs both extensions: the authority's key (here two arbitrary bytes, which nothing checks) and a
        // number.
        for (id, der) in [("2.5.29.35", &[0x30, 4, 0x80, 2, 1, 2][..]), ("2.5.29.20", &[2, 1, 1])] {
            let id = Asn1Object::from_str(id).expect("an identifier");
            let value = Asn1OctetString::new_from_bytes(der).expect("bytes");
            let extension = X509Extension::new_from_der(&id, false, &value).expect("an extension");
            list.append_extension(extension).expect("an extension");
        }
        list.sign(&self.key, digest(&self.key)).expect("a signature");
        list.build().expect("a list")
    }
}

fn digest(key: &PKey<Private>) -> MessageDigest {
    match key.id() {
        Id::ED25519 | Id::ED448 => MessageDigest::null(),
        _ => MessageDigest::sha256(),
    }
}

fn name_of(common_name: &str) -> Result<X509Name, ErrorStack> {
    let mut name = X509Name::builder()?;
    if !common_name.is_empty() {
        name.append_entry_by_nid(Nid::COMMONNAME, common_name)?;
    }
    Ok(name.build())
}

fn build(
    key: &PKey<Private>,
    wish: &Wish<'_>,
    issuer: Option<&Certified>,
    digest: MessageDigest,
) -> Result<X509, ErrorStack> {
    let mut builder = X509Builder::new()?;
    builder.set_version(wish.version - 1)?;
    let mut number = BigNum::new()?;
    number.rand(64, MsbOption::ONE, false)?;
    builder.set_serial_number(&*number.to_asn1_integer()?)?;
    let name = name_of(wish.common_name)?;
    builder.set_subject_name(&name)?;
    builder.set_issuer_name(issuer.map_or(&*name, |issuer| issuer.certificate.subject_name()))?;
    builder.set_not_before(&*Asn1Time::from_unix(1_577_836_800)?)?;
    builder.set_not_after(&*Asn1Time::days_from_now(3_650)?)?;
    builder.set_pubkey(key)?;
    if wish.version == 3 {
        if wish.authority {
            builder.append_extension(BasicConstraints::new().critical().ca().build()?)?;
        }
        if !wish.names.is_empty() {
            let mut names = SubjectAlternativeName::new();
            for name in wish.names {
                if name.parse::<std::net::IpAddr>().is_ok() {
                    names.ip(name)
                } else {
                    names.dns(name)
                };
            }
            let names = names.build(&builder.x509v3_context(None, None))?;
            builder.append_extension(names)?;
        }
    }
    let signer = issuer.map_or(key, |issuer| &issuer.key);
    builder.sign(signer, digest)?;
    Ok(builder.build())
}

pub(super) fn authority(name: &str, kind: Kind, version: i32) -> Certified {
    Certified::new(key(kind), &Wish { common_name: name, names: &[], version, authority: true }, None)
}
