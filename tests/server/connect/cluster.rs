//! A server for these tests alone, with passwords, TLS and `pg_hba.conf` rules that the shared server does not have.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use openssl::nid::Nid;
use openssl::x509::X509;

use super::authority::{Certified, Kind, Wish, authority, key};
use crate::support::own_servers::{as_server_user, free_port, server_directory};
use crate::support::server::pg_bin;

/// A kind of key that is fast to generate.
const QUICK: Kind = Kind::Curve(Nid::X9_62_PRIME256V1);

/// A running server. Dropping it stops and removes the server.
pub(super) struct Cluster {
    directory: tempfile::TempDir,
    pub port: u16,
    /// Signs the server's first certificate, and the client certificates that the server accepts.
    pub authority: Certified,
}

impl Cluster {
    /// Starts the server. The authority `ca.pem` signs the server's certificate (for `localhost`, not for its address),
    /// and `client.pem` with `client.key` for the role `certified`. The authority `other.pem` signs nothing.
    pub(super) fn start() -> Self {
        let authority = authority("streamscope test authority", QUICK, 3);
        let cluster = Self { directory: server_directory(), port: free_port(), authority };
        let data = cluster.path("data");
        let initdb = as_server_user(&pg_bin().join("initdb"))
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .status();
        assert!(initdb.expect("initdb runs").success(), "initdb failed");

        let server = cluster.signed("localhost", &["localhost"]);
        cluster.write("server.pem", &server.pem(), 0o644);
        cluster.write("server.key", &server.key_pem(), 0o600);
        cluster.write("ca.pem", &cluster.authority.pem(), 0o644);
        cluster.write("other.pem", &super::authority::authority("another authority", QUICK, 3).pem(), 0o644);
        let client = cluster.signed("certified", &[]);
        cluster.write("client.pem", &client.pem(), 0o644);
        cluster.write("client.key", &client.key_pem(), 0o600);
        if rustix::process::geteuid().is_root() {
            let owned = Command::new("chown").arg("postgres").arg(cluster.path("server.key")).status();
            assert!(owned.expect("chown runs").success());
        }

        let at = |name: &str| cluster.path(name).display().to_string();
        let mut settings = fs::read_to_string(data.join("postgresql.conf")).expect("the settings");
        write!(
            settings,
            "\nport={}\nlisten_addresses='localhost'\nunix_socket_directories='{}, {}'\nfsync=off\nlog_connections=on\nssl=on\nssl_cert_file='{}'\n\
             ssl_key_file='{}'\nssl_ca_file='{}'\n",
            cluster.port,
            cluster.socket_dir(),
            cluster.abstract_name(),
            at("server.pem"),
            at("server.key"),
            at("ca.pem"),
        )
        .expect("text grows");
        fs::write(data.join("postgresql.conf"), settings).expect("the settings");
        let rules = "local all locked scram-sha-256\nlocal all all trust\nhostssl all only_tls all trust\n\
                     host all only_tls all reject\nhostnossl all only_plain all trust\nhost all only_plain all reject\n\
                     hostssl all certified all cert\nhost all locked all scram-sha-256\nhost all digested,latin all md5\n\
                     host all all all trust\n";
        fs::write(data.join("pg_hba.conf"), rules).expect("the rules");
        cluster.control("start");
        cluster
    }

    /// Creates a certificate that the server's authority signs.
    pub(super) fn signed(&self, common_name: &str, names: &[&str]) -> Certified {
        let wish = Wish { common_name, names, version: 3, authority: false };
        Certified::new(key(QUICK), &wish, Some(&self.authority))
    }

    /// Gives the server a self-signed certificate. `server.pem` is then its own root.
    pub(super) fn present(&self, common_name: &str, names: &[&str]) {
        let own = Certified::new(key(QUICK), &Wish { common_name, names, version: 3, authority: false }, None);
        assert!(self.shows(&own, &[]), "the server does not start with its certificate");
    }

    /// Restarts the server with a certificate and the chain to its root. Returns false if the server refuses to start
    /// with it.
    pub(super) fn shows(&self, shown: &Certified, chain: &[&X509]) -> bool {
        let pem = |certificate: &&X509| String::from_utf8(certificate.to_pem().expect("PEM")).expect("text");
        let chain: String = chain.iter().map(pem).collect();
        // Written in place: the files keep their owner and mode.
        fs::write(self.path("server.pem"), shown.pem() + &chain).expect("the certificate");
        fs::write(self.path("server.key"), shown.key_pem()).expect("the key");
        let _ = self.try_control("stop");
        self.try_control("start")
    }

    pub(super) fn control(&self, what: &str) {
        assert!(self.try_control(what), "pg_ctl {what} failed");
    }

    fn try_control(&self, what: &str) -> bool {
        let done = as_server_user(&pg_bin().join("pg_ctl"))
            .arg("-D")
            .arg(self.path("data"))
            .args(["-w", "-s", "-m", "immediate", "-l"])
            .arg(self.path("log"))
            .arg(what)
            .status();
        done.is_ok_and(|status| status.success())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The name of its socket in Linux's abstract namespace.
    pub(super) fn abstract_name(&self) -> String {
        format!("@streamscope-{}", self.port)
    }

    pub(super) fn socket_dir(&self) -> String {
        self.directory.path().display().to_string()
    }

    pub(super) fn write(&self, name: &str, text: &str, mode: u32) -> String {
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
