//! Certificates of every key type and both versions, for the server and for the client, with every `sslmode`.
//! streamscope must connect, use TLS and refuse exactly as `psql` does.

use std::fs;

use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::Id;

use super::authority::{Certified, KINDS, Kind, Wish, authority, key};
use super::cluster::Cluster;
use super::psql::{Comparison, prepare};
use super::refusing::connect;

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// A certificate signed by an authority of the same key type.
fn leaf(kind: Kind, version: i32, issuer: &Certified, common_name: &str) -> Certified {
    Certified::new(key(kind), &Wish { common_name, names: &[], version, authority: false }, Some(issuer))
}

#[tokio::test(flavor = "multi_thread")]
async fn accepts_server_certificates_of_every_key_type_and_version_like_psql() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    let mut shown = 0;
    for kind in KINDS {
        for version in [1, 3] {
            let root = authority("an authority of this kind", kind, version);
            let server = leaf(kind, version, &root, "localhost");
            cluster.write("kind.pem", &root.pem(), 0o644);
            // The server itself refuses some certificates, such as those with short keys or DSA.
            if !tokio::task::block_in_place(|| cluster.shows(&server, &[])) {
                continue;
            }
            shown += 1;
            for mode in MODES {
                for root in ["kind.pem", "other.pem", "absent.pem"] {
                    let url =
                        format!("postgres://trusted@localhost:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2F{root}");
                    compare.both(Some(&url), &[]).await;
                }
                let url =
                    format!("postgres://trusted@127.0.0.1:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2Fkind.pem");
                compare.both(Some(&url), &[]).await;
            }
        }
    }
    assert!(shown >= 20, "the server accepted only {shown} certificates");
    compare.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn presents_client_certificates_of_every_key_type_and_version_like_psql() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    for kind in KINDS {
        for version in [1, 3] {
            let client = leaf(kind, version, &cluster.authority, "certified");
            cluster.write("kind.pem", &client.pem(), 0o644);
            cluster.write("kind.key", &client.key_pem(), 0o600);
            for mode in MODES {
                let url = format!(
                    "postgres://certified@localhost:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2Fca.pem\
                     &sslcert={{E}}%2Fkind.pem&sslkey={{E}}%2Fkind.key"
                );
                compare.both(Some(&url), &[]).await;
            }
        }
    }
    compare.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn handles_encrypted_keys_and_revocation_lists_like_psql() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    let client = cluster.signed("certified", &[]);
    cluster.write("client.pem", &client.pem(), 0o644);
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    let write = |name: &str, bytes: &[u8]| {
        cluster.write(name, "", 0o600);
        fs::write(cluster.path(name), bytes).expect("a key");
    };
    write("locked.key", &client.key.private_key_to_pem_pkcs8_passphrase(cipher, b"open sesame").expect("PEM"));
    write("der.key", &client.key.private_key_to_der().expect("DER"));
    write("pkcs8.key", &client.key.private_key_to_pkcs8().expect("DER"));
    write("lockedder.key", &client.key.private_key_to_pkcs8_passphrase(cipher, b"open sesame").expect("DER"));
    for key in ["locked.key", "der.key", "pkcs8.key", "lockedder.key"] {
        for password in ["", "&sslpassword=open%20sesame", "&sslpassword=wrong"] {
            let url = format!(
                "postgres://certified@localhost:{{P}}/shop?sslmode=require&sslcert={{E}}%2Fclient.pem&sslkey={{E}}%2F{key}{password}"
            );
            compare.both(Some(&url), &[]).await;
        }
    }

    let server = cluster.signed("localhost", &["localhost"]);
    assert!(tokio::task::block_in_place(|| cluster.shows(&server, &[])));
    let other = cluster.signed("other", &[]);
    let lists = [("revokes.crl", &[&*server.certificate][..]), ("spares.crl", &[&*other.certificate][..])];
    for (name, revoked) in lists {
        let revoked: Vec<_> = revoked.iter().map(|certificate| (*certificate).to_owned()).collect();
        let list = cluster.authority.revoking(&revoked.iter().collect::<Vec<_>>()).to_pem().expect("PEM");
        cluster.write(name, std::str::from_utf8(&list).expect("text"), 0o644);
        // OpenSSL finds a list in a directory by the hash of its issuer's name.
        let hash = format!("{:08x}", cluster.authority.certificate.subject_name_hash());
        cluster.write(&format!("{name}.d/{hash}.r0"), std::str::from_utf8(&list).expect("text"), 0o644);
    }
    cluster.write("nonsense.crl", "not a list", 0o644);
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        let base = format!("postgres://trusted@localhost:{{P}}/shop?sslmode={mode}&sslrootcert={{E}}%2Fca.pem");
        for more in [
            "&sslcrl={E}%2Frevokes.crl",
            "&sslcrl={E}%2Fspares.crl",
            "&sslcrl={E}%2Fabsent.crl",
            "&sslcrl={E}%2Fnonsense.crl",
            "&sslcrl={E}%2Fca.pem",
            "&sslcrldir={E}%2Frevokes.crl.d",
            "&sslcrldir={E}%2Fspares.crl.d",
            "&sslcrldir={E}%2Fabsent.d",
            "&sslcrl={E}%2Fspares.crl&sslcrldir={E}%2Frevokes.crl.d",
        ] {
            compare.both(Some(&format!("{base}{more}")), &[]).await;
        }
    }
    compare
        .both(
            Some("postgres://trusted@localhost:{P}/shop?sslrootcert={E}%2Fca.pem"),
            &[("PGSSLCRLDIR", "{S}/revokes.crl.d")],
        )
        .await;
    compare.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn compares_certificates_with_hosts_like_psql() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    let cases: [(&str, &[&str]); 9] = [
        ("127.0.0.1", &[]),
        ("localhost", &["127.0.0.1"]),
        ("127.0.0.1", &["localhost"]),
        ("x", &["127.0.0.1", "localhost"]),
        ("x", &["::1"]),
        ("*.localhost", &[]),
        ("x", &["*.example.com"]),
        ("x", &["*.localdomain", "LOCALHOST"]),
        ("", &[]),
    ];
    for (common_name, names) in cases {
        let server = cluster.signed(common_name, names);
        assert!(tokio::task::block_in_place(|| cluster.shows(&server, &[])));
        for host in [
            "localhost",
            "127.0.0.1",
            "127.1",
            "0x7F.0.0.01",
            "127.0.0.256",
            "db.example.com",
            "a.db.example.com",
            "db.localhost",
        ] {
            let url = format!(
                "postgres://trusted@{host}:{{P}}/shop?sslmode=verify-full&sslrootcert={{E}}%2Fca.pem&hostaddr=127.0.0.1"
            );
            compare.both(Some(&url), &[]).await;
        }
        // Without hostaddr, the name is resolved too.
        let url = "postgres://trusted@127.1:{P}/shop?sslmode=verify-full&sslrootcert={E}%2Fca.pem";
        compare.both(Some(url), &[]).await;
        let url = "postgres://trusted@/shop?port={P}&sslmode=verify-full&sslrootcert={E}%2Fca.pem&hostaddr=127.0.0.1";
        compare.both(Some(url), &[]).await;
    }
    compare.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn binds_passwords_to_certificates_of_every_signature_like_psql() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    prepare(&cluster);
    let mut compare = Comparison::new(&cluster);
    let wish = Wish { common_name: "localhost", names: &["localhost"], version: 3, authority: false };
    for (kind, digest) in [
        (Kind::RsaPss, MessageDigest::sha256()),
        (Kind::RsaPss, MessageDigest::sha384()),
        (Kind::RsaPss, MessageDigest::sha512()),
        (Kind::RsaPss, MessageDigest::sha224()),
        (Kind::Rsa(2048), MessageDigest::sha384()),
        (Kind::Curve(Nid::X9_62_PRIME256V1), MessageDigest::sha512()),
    ] {
        let server = Certified::with_digest(key(kind), &wish, digest);
        assert!(tokio::task::block_in_place(|| cluster.shows(&server, &[])));
        for binding in ["require", "prefer", "disable"] {
            for password in ["pa%3Ass%5Cword%20%40%2F%25", "wrong"] {
                let url = format!(
                    "postgres://locked:{password}@localhost:{{P}}/shop?sslmode=require&channel_binding={binding}"
                );
                compare.both(Some(&url), &[]).await;
            }
        }
    }
    compare.end();

    let server =
        leaf(Kind::Edwards(Id::ED25519), 3, &authority("an Edwards curve", Kind::Edwards(Id::ED25519), 3), "localhost");
    assert!(tokio::task::block_in_place(|| cluster.shows(&server, &[])));
    let url = format!("postgres://locked:x@localhost:{}/shop?sslmode=require&channel_binding=require", cluster.port);
    let told = connect(&url).await.expect_err("its signature has no hash").to_string();
    assert!(told.contains("the signature of the server's certificate has no hash of its own"), "{told}");
}
