//! Servers that refuse TLS or never answer, simulated by a listener that records requests and compared with `psql`. The
//! listener never answers a start-up packet, so these tests need no database.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use streamscope::store::connect::Environment;
use streamscope::store::session::Sessions;
use streamscope::store::{Obstacle, Options, Settings, StoreError};

/// The codes of requests for TLS and GSSAPI, at the position of the protocol version in a start-up packet.
const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];

/// Listens until the tests end, answers `N` to requests for encryption, and counts start-up packets.
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

/// Connects like the program, with nothing but a URL.
pub(super) async fn connect(url: &str) -> Result<(), StoreError> {
    let settings = Settings::resolve(Some(url), &Environment::default()).expect("a good URL").expect("a server");
    Sessions::new(settings, Options::default()).acquire().await.map(drop)
}

async fn ours(url: &str) -> StoreError {
    connect(url).await.expect_err("there is no server")
}

#[tokio::test]
async fn falls_back_to_plaintext_only_when_sslmode_allows() {
    for (mode, expected) in [("disable", true), ("allow", true), ("prefer", true), ("require", false)] {
        let (port, packets) = refusing_encryption();
        let url = format!("postgres://shop@127.0.0.1:{port}/shop?sslmode={mode}&connect_timeout=20");
        let error = ours(&url).await;
        let sent = packets.swap(0, Ordering::SeqCst) > 0;
        let psql = Command::new("psql").args(["-X", "-w", "-c", "select 1", "-d", &url]).output().expect("psql runs");
        assert!(!psql.status.success());
        assert_eq!(packets.load(Ordering::SeqCst) > 0, expected, "psql, {mode}");
        assert_eq!(sent, expected, "ours, {mode}: {error}");
    }
}

#[tokio::test]
async fn reports_a_server_that_never_answers_after_connect_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    for mode in ["disable", "prefer"] {
        let error = ours(&format!("postgres://shop@127.0.0.1:{port}/shop?sslmode={mode}&connect_timeout=2")).await;
        assert!(matches!(error, StoreError::Unavailable { obstacle: Obstacle::Mute, .. }), "{error:?}");
        assert!(error.to_string().contains("connect_timeout"), "{error}");
    }
}
