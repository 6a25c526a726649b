//! The six modes before right and wrong certificates. Who is refused is refused before the start-up packet, which would name
//! the user and the database: the server's log tells whether it came.

use crate::cluster::Cluster;
use crate::refusing::connect;

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Start-up packets that the server's log tells of. It is written before the server goes on, so nothing is waited for.
fn introductions(cluster: &Cluster) -> usize {
    let log = std::fs::read_to_string(cluster.path("log")).expect("the log");
    log.lines().filter(|line| line.contains("connection authorized: user=postgres")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn row_16_a_wrong_host_or_authority_is_refused_before_the_start_up_packet() {
    let cluster = tokio::task::block_in_place(Cluster::start);
    // Host, root, and the first mode that refuses: a root that is there is asked from `require` on, the name by `verify-full`.
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
            assert_eq!(introductions(&cluster) == before, refused, "{case}, {mode}: who connects is told of");
            if let Err(error) = outcome {
                assert!(error.contains("certificate"), "{case}, {mode}: {error}");
            }
        }
    }
}
