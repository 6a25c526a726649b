//! A server of this target's own, with passwords, TLS and `pg_hba.conf` lines that the shared one does not have.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::own_servers::{as_server_user, free_port, server_directory};
use crate::support::server::pg_bin;

/// An authority, and what it signed.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Certificate and key, as PEM.
    fn sign(&self, common_name: &str, names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

/// The server; stopped and removed with this.
pub struct Cluster {
    directory: tempfile::TempDir,
    pub port: u16,
}

impl Cluster {
    /// Starts it, with the roles of `roles.sql` below. Certificates: `ca.pem` signed the server's (for `localhost`, not for
    /// its address) and `client.pem`/`client.key` of the role `certified`; `other.pem` signed nothing.
    pub fn start() -> Self {
        let cluster = Self { directory: server_directory(), port: free_port() };
        let data = cluster.path("data");
        let initdb = as_server_user(&pg_bin().join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .status();
        assert!(initdb.expect("initdb runs").success(), "initdb failed");

        let authority = Authority::new("streamscope test authority");
        let (certificate, key) = authority.sign("localhost", &["localhost"]);
        cluster.write("server.pem", &certificate, 0o644);
        cluster.write("server.key", &key, 0o600);
        cluster.write("ca.pem", &authority.pem, 0o644);
        cluster.write("other.pem", &Authority::new("another authority").pem, 0o644);
        let (certificate, key) = authority.sign("certified", &[]);
        cluster.write("client.pem", &certificate, 0o644);
        cluster.write("client.key", &key, 0o600);
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.path("server.key")).status();
            assert!(owned.expect("chown runs").success());
        }

        let at = |name: &str| cluster.path(name).display().to_string();
        let mut settings = fs::read_to_string(data.join("postgresql.conf")).expect("the settings");
        write!(
            settings,
            "\nport={}\nlisten_addresses='localhost'\nunix_socket_directories='{}'\nfsync=off\nlog_connections=on\nssl=on\nssl_cert_file='{}'\n\
             ssl_key_file='{}'\nssl_ca_file='{}'\n",
            cluster.port,
            cluster.socket_dir(),
            at("server.pem"),
            at("server.key"),
            at("ca.pem"),
        )
        .expect("text grows");
        fs::write(data.join("postgresql.conf"), settings).expect("the settings");
        let rules = "local all locked scram-sha-256\nlocal all all trust\nhostssl all only_tls all trust\n\
                     host all only_tls all reject\nhostnossl all only_plain all trust\nhost all only_plain all reject\n\
                     hostssl all certified all cert\nhost all locked all scram-sha-256\nhost all digested all md5\n\
                     host all all all trust\n";
        fs::write(data.join("pg_hba.conf"), rules).expect("the rules");
        cluster.control("start");
        cluster
    }

    /// Gives the server a certificate that signed itself; `server.pem` is then its own root.
    pub fn present(&self, common_name: &str, names: &[&str]) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).expect("parameters");
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        // Written in place: the files keep their owner and mode.
        fs::write(self.path("server.pem"), certificate.pem()).expect("the certificate");
        fs::write(self.path("server.key"), key.serialize_pem()).expect("the key");
        self.control("restart");
    }

    fn control(&self, what: &str) {
        let done = as_server_user(&pg_bin().join("pg_ctl"))
            .arg("-D")
            .arg(self.path("data"))
            .args(["-w", "-s", "-m", "immediate", "-l"])
            .arg(self.path("log"))
            .arg(what)
            .status();
        assert!(done.is_ok_and(|status| status.success()), "pg_ctl {what} failed");
    }

    /// A file of the server's directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn socket_dir(&self) -> String {
        self.directory.path().display().to_string()
    }

    /// Writes a file with a mode.
    pub fn write(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a directory above")).expect("a directory");
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        path.display().to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = as_server_user(&pg_bin().join("pg_ctl"))
            .arg("-D")
            .arg(self.path("data"))
            .args(["-w", "-s", "-m", "immediate", "stop"])
            .status();
    }
}
