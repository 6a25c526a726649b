//! Servers that refuse TLS or never answer: an endpoint of the test that notes what it is asked, and `psql` as the judge.
//! It never answers a start-up packet, so nothing here needs a database.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use streamscope::store::connect::Environment;
use streamscope::store::session::Sessions;
use streamscope::store::{Options, Settings, StoreError};

/// The codes of requests for TLS and for GSSAPI, where a start-up packet has its protocol version.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// Listens until the tests end: answers `N` to whoever asks for encryption, and counts start-up packets.
fn refusing_encryption() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let packets = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&packets);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut head = [0; 8];
            while stream.read_exact(&mut head).is_ok() {
                let code = u32::from_be_bytes(head[4..].try_into().expect("four bytes"));
                if !ENCRYPTION.contains(&code) {
                    seen.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                if stream.write_all(b"N").is_err() {
                    break;
                }
            }
        }
    });
    (port, packets)
}

/// Connects as the program does, by a URL alone.
pub async fn connect(url: &str) -> Result<(), StoreError> {
    let settings = Settings::resolve(Some(url), &Environment::default()).expect("a good URL").expect("a server");
    Sessions::new(settings, Options::default()).acquire().await.map(drop)
}

async fn ours(url: &str) -> StoreError {
    connect(url).await.expect_err("no server is behind it")
}

#[tokio::test]
async fn row_17_tls_refused_by_the_server_is_gone_without_only_where_the_mode_allows_it() {
    for (mode, expected) in [("disable", true), ("allow", true), ("prefer", true), ("require", false)] {
        let (port, packets) = refusing_encryption();
        let url = format!("postgres://shop@127.0.0.1:{port}/shop?sslmode={mode}&connect_timeout=20");
        let error = ours(&url).await;
        let told = packets.swap(0, Ordering::SeqCst) > 0;
        let psql = Command::new("psql").args(["-X", "-w", "-c", "select 1", "-d", &url]).output().expect("psql runs");
        assert!(!psql.status.success());
        assert_eq!(packets.load(Ordering::SeqCst) > 0, expected, "psql, {mode}");
        assert_eq!(told, expected, "ours, {mode}: {error}");
    }
}

#[tokio::test]
async fn row_23_a_server_that_accepts_and_never_answers_is_an_error_at_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    for mode in ["disable", "prefer"] {
        let error = ours(&format!("postgres://shop@127.0.0.1:{port}/shop?sslmode={mode}&connect_timeout=2")).await;
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("connect_timeout"), "{error}");
    }
}
