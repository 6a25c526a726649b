//! The six values of `sslmode` with right and wrong certificates. A server must be refused before the start-up packet,
//! which contains the user and the database. The server's log shows whether the packet arrived.

use streamscope::store::{Obstacle, StoreError};

use super::authority::{Kind, authority};
use super::cluster::Cluster;
use super::refusing::connect;

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Counts the start-up packets in the server's log. The server writes the entry before it answers, so there is no need
/// to wait.
fn introductions(cluster: &Cluster) -> usize {
    let log = std::fs::read_to_string(cluster.path("log")).expect("the log");
    log.lines().filter(|line| line.contains("connection authorized: user=postgres")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_wrong_host_or_authority_before_the_start_up_packet() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    // Host, root, and the first mode that refuses. An existing root file is checked from `require` on, the host name by
    // `verify-full`.
    let cases = [
        ("right", "localhost", "ca.pem", None),
        ("wrong host", "127.0.0.1", "ca.pem", Some("verify-full")),
        ("wrong authority", "localhost", "other.pem", Some("require")),
        ("leaf only", "localhost", "server.pem", Some("require")),
    ];
    for (case, host, root, refused_from) in cases {
        let first_refused =
            refused_from.map_or(MODES.len(), |mode| MODES.iter().position(|m| *m == mode).expect("a mode"));
        for (index, mode) in MODES.into_iter().enumerate() {
            let root = cluster.path(root).display().to_string().replace('/', "%2F");
            let port = cluster.port;
            let url = format!("postgres://postgres@{host}:{port}/postgres?sslmode={mode}&sslrootcert={root}");
            let before = introductions(&cluster);
            let outcome = connect(&url).await.map_err(|error| error.to_string());
            let refused = index >= first_refused;
            assert_eq!(outcome.is_err(), refused, "{case}, {mode}: {outcome:?}");
            assert_eq!(introductions(&cluster) == before, refused, "{case}, {mode}: start-up packets in the log");
            if let Err(error) = outcome {
                assert!(error.contains("certificate"), "{case}, {mode}: {error}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn says_that_the_server_refused_the_client_certificate() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    let stranger = authority("a stranger", Kind::Rsa(2048), 3);
    cluster.write("stranger.pem", &stranger.pem(), 0o644);
    cluster.write("stranger.key", &stranger.key_pem(), 0o600);
    let directory = cluster.path("").display().to_string().replace('/', "%2F");
    // With TLS 1.3 the server refuses only after the handshake.
    for version in ["TLSv1.2", "TLSv1.3"] {
        let url = format!(
            "postgres://postgres@localhost:{}/postgres?sslmode=require&ssl_max_protocol_version={version}\
             &sslcert={directory}stranger.pem&sslkey={directory}stranger.key",
            cluster.port
        );
        let error = connect(&url).await.expect_err("the authority is not the server's");
        assert!(matches!(error, StoreError::Unavailable { obstacle: Obstacle::TlsFiles, .. }), "{version}: {error:?}");
        let told = error.to_string();
        assert!(told.contains("the server refused the client certificate: it is not from an authority"), "{told}");
    }
}

/// The server accepts `only_tls` only with TLS, so the certificate is what stands in the way, in every mode that also
/// tries plain text.
#[tokio::test(flavor = "multi_thread")]
async fn reports_the_problem_with_tls_if_the_server_refuses_plain_text() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    let stranger = authority("a stranger", Kind::Rsa(2048), 3);
    cluster.write("stranger.pem", &stranger.pem(), 0o644);
    cluster.write("stranger.key", &stranger.key_pem(), 0o600);
    let revoked = cluster.signed("localhost", &["localhost"]);
    assert!(tokio::task::block_in_place(|| cluster.shows(&revoked, &[])));
    let list = cluster.authority.revoking(&[&revoked.certificate]).to_pem().expect("PEM");
    cluster.write("revoked.crl", std::str::from_utf8(&list).expect("text"), 0o644);
    let directory = cluster.path("").display().to_string().replace('/', "%2F");
    let unknown_client = format!("sslcert={directory}stranger.pem&sslkey={directory}stranger.key");
    let cases = [
        (format!("sslrootcert={directory}other.pem"), Obstacle::Certificate, "the server's certificate is not trusted"),
        (
            format!("sslrootcert={directory}ca.pem&sslcrl={directory}revoked.crl"),
            Obstacle::Certificate,
            "the server's certificate is not trusted: certificate revoked",
        ),
        (
            format!("{unknown_client}&ssl_max_protocol_version=TLSv1.2"),
            Obstacle::TlsFiles,
            "refused the client certificate",
        ),
        (unknown_client, Obstacle::TlsFiles, "refused the client certificate"),
        (
            format!("sslcert={directory}client.pem&sslkey={directory}absent.key"),
            Obstacle::TlsFiles,
            "no private key file",
        ),
    ];
    for mode in ["prefer", "allow"] {
        for (parameters, expected, reason) in &cases {
            let url = format!("postgres://only_tls@localhost:{}/postgres?sslmode={mode}&{parameters}", cluster.port);
            let error = connect(&url).await.expect_err("neither way is open");
            let told = error.to_string();
            assert!(told.contains(reason), "{mode}, {parameters}: {told}");
            // A server that speaks TLS 1.3 refuses the certificate during the session, after which psql does not try
            // plain text either.
            let ends_in_session =
                mode == "prefer" && parameters.contains("stranger") && !parameters.contains("TLSv1.2");
            assert_eq!(told.contains("no encryption"), !ends_in_session, "{mode}, {parameters}: {told}");
            let StoreError::Unavailable { obstacle, .. } = error else { panic!("{told}") };
            assert_eq!(obstacle, *expected, "{mode}, {parameters}: {told}");
        }
    }
    let told = connect(&format!("postgres://nobody@localhost:{}/postgres?sslmode=allow", cluster.port)).await;
    let told = told.expect_err("no such role").to_string();
    assert_eq!(told.matches("role \"nobody\" does not exist").count(), 1, "{told}");
}

/// OpenSSL 3.6 does not look for a self-signed certificate in the lists.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_self_signed_certificate_is_refused() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    let own = authority("localhost", Kind::Rsa(2048), 3);
    assert!(tokio::task::block_in_place(|| cluster.shows(&own, &[])));
    let other = cluster.signed("localhost", &["localhost"]);
    let lists = [
        ("spares.crl", own.revoking(&[&other.certificate]), None),
        ("revokes.crl", own.revoking(&[&own.certificate]), Some("certificate revoked")),
        ("foreign.crl", cluster.authority.revoking(&[&other.certificate]), Some("unable to get certificate CRL")),
    ];
    let directory = cluster.path("").display().to_string().replace('/', "%2F");
    let hash = own.certificate.subject_name_hash();
    for (name, list, refused) in lists {
        let pem = list.to_pem().expect("PEM");
        let pem = std::str::from_utf8(&pem).expect("text");
        cluster.write(name, pem, 0o644);
        std::fs::create_dir_all(cluster.path("lists")).expect("a directory");
        std::fs::write(cluster.path("lists").join(format!("{hash:08x}.r0")), pem).expect("written");
        for source in [format!("sslcrl={directory}{name}"), format!("sslcrldir={directory}lists")] {
            let url = format!(
                "postgres://postgres@localhost:{}/postgres?sslmode=verify-ca&sslrootcert={directory}server.pem&{source}",
                cluster.port
            );
            match (connect(&url).await, refused) {
                (Ok(()), None) => {}
                (Err(error), Some(reason)) => assert!(error.to_string().contains(reason), "{source}: {error}"),
                (outcome, _) => panic!("{name}, {source}: {:?}", outcome.err()),
            }
        }
    }
}
