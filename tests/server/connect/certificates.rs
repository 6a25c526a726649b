//! The six values of `sslmode` with right and wrong certificates. A server must be refused before the start-up packet, which contains
//! the user and the database. The server's log shows whether the packet arrived.

use streamscope::store::{Obstacle, StoreError};

use super::authority::{Kind, authority};
use super::cluster::Cluster;
use super::refusing::connect;

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Counts the start-up packets in the server's log. The server writes the entry before it answers, so there is no need to wait.
fn introductions(cluster: &Cluster) -> usize {
    let log = std::fs::read_to_string(cluster.path("log")).expect("the log");
    log.lines().filter(|line| line.contains("connection authorized: user=postgres")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_wrong_host_or_authority_before_the_start_up_packet() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    // Host, root, and the first mode that refuses. An existing root file is checked from `require` on, the host name by `verify-full`.
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
