//! Loads the files for TLS: root certificates and revocation lists to verify the server, and our own certificate and
//! key. Follows libpq in where to look and which files may be missing.

use std::io;
use std::path::{Path, PathBuf};

use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContextBuilder, SslFiletype};
use openssl::x509::store::X509Lookup;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Ref};

use super::super::environment::Environment;
use super::super::parameters::{Parameters, invalid};
use super::super::values::one_of;
use super::mode::Mode;
use super::openssl_error::reasons;
use super::revocation;
use crate::bounded;
use crate::store::error::Result;

/// The trusted root certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// A file. If it exists, every mode that uses TLS verifies the chain.
    File(Option<PathBuf>),
    /// The system's roots (`sslrootcert=system`).
    System,
}

/// How a server is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// Not at all.
    None,
    /// Its certificate must lead to a trusted root.
    Chain,
    /// And revocation lists are required.
    WithLists,
}

/// The configured paths and the key's password.
#[derive(Clone)]
pub(super) struct Files {
    roots: Roots,
    /// `sslcrl`
    revoked: Option<PathBuf>,
    /// `sslcrldir`
    revoked_directory: Option<PathBuf>,
    /// The list in the home directory, used if neither of the two is set.
    revoked_default: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    password: String,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            roots: Roots::File(None),
            revoked: None,
            revoked_directory: None,
            revoked_default: None,
            certificate: None,
            key: None,
            password: String::new(),
        }
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Leaves out the key's password.
        f.debug_struct("Files").field("roots", &self.roots).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Files {
    pub(super) fn from_parameters(parameters: &Parameters, environment: &Environment) -> Result<Self> {
        let given = |keyword: &str| parameters.get(keyword).map(PathBuf::from);
        let at_home = |name: &str| environment.in_home(".postgresql").map(|directory| directory.join(name));
        let roots = match parameters.get("sslrootcert") {
            Some("system") => Roots::System,
            _ => Roots::File(given("sslrootcert").or_else(|| at_home("root.crt"))),
        };
        let modes = [("allow", Some(true)), ("disable", Some(false)), ("require", None)];
        let Some(shows) = one_of(parameters, "sslcertmode", &modes)? else {
            return Err(invalid(
                "sslcertmode=require is not supported; set clientcert in the server's pg_hba.conf to require a certificate",
            ));
        };
        let key = given("sslkey").or_else(|| at_home("postgresql.key"));
        if let Some(key) = key.as_ref().filter(|key| !key.exists())
            && key.to_str().is_some_and(|text| text.contains(':'))
        {
            return Err(invalid(format!(
                "sslkey names a key of an OpenSSL engine (\"{}\"), which is not supported; use a key file",
                key.display()
            )));
        }
        Ok(Self {
            roots,
            revoked: given("sslcrl"),
            revoked_directory: given("sslcrldir"),
            revoked_default: at_home("root.crl"),
            certificate: given("sslcert").or_else(|| at_home("postgresql.crt")).filter(|_| shows),
            key,
            password: parameters.get("sslpassword").unwrap_or_default().to_owned(),
        })
    }

    /// Warns about a configured revocation list that does not exist. `psql` ignores it silently. With a directory, a
    /// certificate whose list is missing is refused.
    pub(super) fn warning(&self) -> Option<String> {
        let is_alone = self.revoked_directory.is_none();
        self.revoked.as_ref().filter(|path| is_alone && !path.exists()).map(|path| {
            format!(
                "the revocation list \"{}\" does not exist, so revoked certificates are accepted, as in psql",
                path.display()
            )
        })
    }

    /// Loads the roots and revocation lists. Returns how the server is to be verified.
    pub(super) fn trust(&self, context: &mut SslContextBuilder, mode: Mode) -> Result<Verification, String> {
        match &self.roots {
            Roots::System => system_roots(context)?,
            Roots::File(Some(path)) if path.exists() => {
                context.load_verify_locations(Some(path), None).map_err(|error| {
                    let reason = reasons(&error);
                    format!("the root certificate file \"{}\" cannot be read: {reason}", path.display())
                })?;
            }
            Roots::File(_) if mode < Mode::VerifyCa => return Ok(Verification::None),
            Roots::File(Some(path)) => {
                return Err(format!(
                    "the root certificate file \"{}\" does not exist; create it, use the system's roots with \
                     sslrootcert=system, or choose an sslmode that does not verify the server",
                    path.display()
                ));
            }
            Roots::File(None) => {
                return Err("no root certificate file is set to verify the server; set sslrootcert".to_owned());
            }
        }
        Ok(if self.revoke(context) { Verification::WithLists } else { Verification::Chain })
    }

    /// Refuses a self-signed certificate that is revoked, which OpenSSL does not check.
    pub(super) fn check_self_signed(&self, certificate: &X509Ref) -> Result<(), String> {
        revocation::check(certificate, self.list(), self.revoked_directory.as_deref())
    }

    /// Returns the file with revocation lists.
    fn list(&self) -> Option<&Path> {
        let given = self.revoked.is_some() || self.revoked_directory.is_some();
        if given { self.revoked.as_deref() } else { self.revoked_default.as_deref() }
    }

    /// Like libpq, ignores lists that cannot be read, and otherwise requires a list for every certificate of the chain
    /// but a self-signed one. Returns whether lists are required.
    fn revoke(&self, context: &mut SslContextBuilder) -> bool {
        let list = self.list();
        let store = context.cert_store_mut();
        let mut loaded = true;
        if let Some(list) = list {
            let read = list.exists()
                && store
                    .add_lookup(X509Lookup::file())
                    .is_ok_and(|files| files.load_crl_file(list, SslFiletype::PEM).is_ok());
            loaded &= read || contains_certificate(list);
        }
        if let Some(directory) = self.revoked_directory.as_ref().and_then(|path| path.to_str()) {
            let read = store.add_lookup(X509Lookup::hash_dir());
            loaded &= read.is_ok_and(|lists| lists.add_dir(directory, SslFiletype::PEM).is_ok());
        }
        let required = loaded && (list.is_some() || self.revoked_directory.is_some());
        if required {
            // These flags are always accepted.
            let _ = store.set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL);
        }
        required
    }

    /// Presents our certificate with its key, if the certificate file exists.
    pub(super) fn present_certificate(&self, context: &mut SslContextBuilder) -> Result<(), String> {
        let Some(path) = self.certificate.as_ref().filter(|path| !is_missing(path)) else { return Ok(()) };
        context.set_certificate_chain_file(path).map_err(|error| {
            format!("the certificate file \"{}\" cannot be read: {}", path.display(), reasons(&error))
        })?;
        let Some(key) = self.key.as_ref().filter(|key| !is_missing(key)) else {
            return Err(format!("the certificate \"{}\" has no private key file; set sslkey", path.display()));
        };
        refuse_open_key(key)?;
        let private = private_key(key, &self.password)
            .map_err(|reason| format!("the private key file \"{}\" cannot be read: {reason}", key.display()))?;
        context.set_private_key(&private).and_then(|()| context.check_private_key()).map_err(|error| {
            format!("the private key file \"{}\" does not match the certificate: {}", key.display(), reasons(&error))
        })
    }
}

/// Whether there is no such file. One that this account may not see is not missing.
fn is_missing(path: &Path) -> bool {
    matches!(std::fs::metadata(path), Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()))
}

/// Reads a key in PEM, encrypted or not, or in DER.
fn private_key(path: &Path, password: &str) -> Result<PKey<Private>, String> {
    let bytes = bounded::read_file(path).map_err(|error: io::Error| error.to_string())?;
    let password = password.as_bytes();
    let pem = match PKey::private_key_from_pem_passphrase(&bytes, password) {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    PKey::private_key_from_der(&bytes).map_err(|_| {
        let encrypted = bytes.windows(9).any(|window| window == b"ENCRYPTED");
        let unsupported = reasons(&pem).contains("unsupported");
        match (encrypted, password.is_empty()) {
            (true, _) if unsupported => "it is encrypted with an algorithm that OpenSSL no longer supports".to_owned(),
            (true, true) => "it is encrypted; set sslpassword".to_owned(),
            (true, false) => "it is encrypted, and sslpassword does not decrypt it".to_owned(),
            (false, _) => reasons(&pem),
        }
    })
}

/// Whether a file has a certificate where a revocation list belongs. libpq reads such a file successfully and then
/// refuses every server, because the list is missing. Unlike libpq, streamscope does not trust the certificate.
fn contains_certificate(path: &Path) -> bool {
    bounded::read_file(path).is_ok_and(|bytes| X509::stack_from_pem(&bytes).is_ok_and(|found| !found.is_empty()))
}

/// Loads the roots that OpenSSL's variables name, or those in the usual directories.
fn system_roots(context: &mut SslContextBuilder) -> Result<(), String> {
    let failed = |error| format!("the system's root certificates cannot be read: {}", reasons(&error));
    if ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| std::env::var_os(name).is_some()) {
        return context.set_default_verify_paths().map_err(failed);
    }
    let found = openssl_probe::probe();
    if found.cert_file.is_none() && found.cert_dir.is_empty() {
        return Err("the system's root certificates are not in the usual directories; set SSL_CERT_FILE to their file"
            .to_owned());
    }
    let directory = found.cert_dir.first().map(PathBuf::as_path);
    context.load_verify_locations(found.cert_file.as_deref(), directory).map_err(failed)
}

/// Refuses a private key that others can read, by libpq's rule.
#[cfg(unix)]
fn refuse_open_key(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;

    let metadata =
        std::fs::metadata(path).map_err(|error| format!("the private key file \"{}\": {error}", path.display()))?;
    if !metadata.is_file() {
        return Err(format!("the private key file \"{}\" is not a regular file", path.display()));
    }
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if metadata.mode() & forbidden == 0 {
        return Ok(());
    }
    Err(format!(
        "the private key file \"{}\" has group or world access; run chmod 600 on it, or chmod 640 if root owns it",
        path.display()
    ))
}

#[cfg(not(unix))]
fn refuse_open_key(_path: &Path) -> Result<(), String> {
    Ok(())
}
