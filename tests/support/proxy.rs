//! A TCP proxy between program and server that loses what it is told to lose. It knows of the protocol only that a write's
//! statement names `write_message`, that the server answers in one piece when the statement has ended, and what a cancel
//! request looks like: those are always lost, or they would end the writes whose answers are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes everything.
const PASS: u8 = 0;
/// The next write is sent on, and the connection ends when its answer comes: it was committed, nobody was told.
const LOSE_ANSWER: u8 = 1;
/// The next write is sent on, and the connection ends at once: it may still wait for its lock.
const CUT_AFTER_SENDING: u8 = 2;

/// How a cancel request begins: its length and its code.
const CANCEL_REQUEST: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];

#[derive(Default)]
struct Plan {
    mode: AtomicU8,
    lost: AtomicUsize,
    refuses: AtomicBool,
    silent: AtomicBool,
}

impl Plan {
    /// Comes back when bytes are passed on again.
    async fn heard(&self) {
        while self.silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// See the file's head.
pub struct Proxy {
    address: SocketAddr,
    plan: Arc<Plan>,
    listener: JoinHandle<()>,
}

impl Proxy {
    /// A proxy in front of a server.
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let plan = Arc::new(Plan::default());
        let shared = Arc::clone(&plan);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.refuses.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(connection(client, server, Arc::clone(&shared)));
            }
        });
        Self { address, plan, listener }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The answer to the next write is lost, after it was committed.
    pub fn lose_next_answer(&self) {
        self.plan.mode.store(LOSE_ANSWER, Ordering::SeqCst);
    }

    /// The connection ends as soon as the next write is sent.
    pub fn cut_after_next_write(&self) {
        self.plan.mode.store(CUT_AFTER_SENDING, Ordering::SeqCst);
    }

    /// Every connection from now on ends at once.
    pub fn refuse(&self) {
        self.plan.refuses.store(true, Ordering::SeqCst);
    }

    /// Nothing comes through any more, and nothing ends, as when a network is gone; or everything comes through again.
    pub fn silence(&self, silent: bool) {
        self.plan.silent.store(silent, Ordering::SeqCst);
    }

    /// How many writes lost their answer.
    pub fn lost(&self) -> usize {
        self.plan.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn connection(client: TcpStream, server: SocketAddr, plan: Arc<Plan>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let swallow = Arc::new(AtomicU8::new(PASS));
    let shared = Arc::clone(&plan);

    let upstream = {
        let swallow = Arc::clone(&swallow);
        async move {
            let mut buffer = vec![0; 65_536];
            while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                plan.heard().await;
                let sent = &buffer[..length];
                if sent.starts_with(&CANCEL_REQUEST) {
                    return None;
                }
                let write = sent.windows(b"write_message".len()).any(|window| window == b"write_message");
                let mode = if write { plan.mode.swap(PASS, Ordering::SeqCst) } else { PASS };
                if mode != PASS {
                    plan.lost.fetch_add(1, Ordering::SeqCst);
                    swallow.store(mode, Ordering::SeqCst);
                }
                if to_server.write_all(sent).await.is_err() {
                    return None;
                }
                if mode == CUT_AFTER_SENDING {
                    return Some(to_server);
                }
            }
            None
        }
    };
    let downstream = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            shared.heard().await;
            if swallow.load(Ordering::SeqCst) != PASS || to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    let orphan = tokio::select! {
        orphan = upstream => orphan,
        () = downstream => None,
    };
    drop(to_client);
    if let Some(server_side) = orphan {
        // The server must not see the end before it has read the write: its side stays open until it answers.
        let _ = from_server.read(&mut [0; 1]).await;
        drop(server_side);
    }
}
