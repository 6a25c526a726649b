//! A TCP proxy between program and server that loses answers and connections on demand. It recognises a write by the
//! name `write_message` in its statement, and assumes that the server answers a write in one piece. It always drops
//! cancel requests, because they would end the writes whose answers it loses.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes everything on.
const PASS: u8 = 0;
/// Passes the next write on and ends the connection when its answer arrives. The write is committed, but the program
/// does not know.
const LOSE_ANSWER: u8 = 1;
/// Passes the next write on and ends the connection at once. The write may still wait for its lock.
const CUT_AFTER_SENDING: u8 = 2;

/// The start of a cancel request: its length and its code.
const CANCEL_REQUEST: [u8; 8] = [0, 0, 0, 16, 4, 210, 22, 46];

#[derive(Default)]
struct Faults {
    mode: AtomicU8,
    lost: AtomicUsize,
    refuses: AtomicBool,
    silent: AtomicBool,
}

impl Faults {
    /// Waits until bytes are passed on again.
    async fn wait_while_silent(&self) {
        while self.silent.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub(crate) struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    listener: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let faults = Arc::new(Faults::default());
        let shared = Arc::clone(&faults);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if shared.refuses.load(Ordering::SeqCst) {
                    continue;
                }
                tokio::spawn(connection(client, server, Arc::clone(&shared)));
            }
        });
        Self { address, faults, listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Loses the answer to the next write, after it was committed.
    pub(crate) fn lose_next_answer(&self) {
        self.faults.mode.store(LOSE_ANSWER, Ordering::SeqCst);
    }

    /// Ends the connection as soon as the next write is sent.
    pub(crate) fn cut_after_next_write(&self) {
        self.faults.mode.store(CUT_AFTER_SENDING, Ordering::SeqCst);
    }

    /// Ends every new connection at once.
    pub(crate) fn refuse(&self) {
        self.faults.refuses.store(true, Ordering::SeqCst);
    }

    /// Stops passing bytes on without ending connections, like a lost network. `false` passes them on again.
    pub(crate) fn silence(&self, silent: bool) {
        self.faults.silent.store(silent, Ordering::SeqCst);
    }

    /// Returns the number of writes that lost their answer.
    pub(crate) fn lost(&self) -> usize {
        self.faults.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn connection(client: TcpStream, server: SocketAddr, faults: Arc<Faults>) {
    let Ok(server) = TcpStream::connect(server).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let swallow = Arc::new(AtomicU8::new(PASS));
    let shared = Arc::clone(&faults);

    let upstream = {
        let swallow = Arc::clone(&swallow);
        async move {
            let mut buffer = vec![0; 65_536];
            while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                faults.wait_while_silent().await;
                let sent = &buffer[..length];
                if sent.starts_with(&CANCEL_REQUEST) {
                    return None;
                }
                let write = sent.windows(b"write_message".len()).any(|window| window == b"write_message");
                let mode = if write { faults.mode.swap(PASS, Ordering::SeqCst) } else { PASS };
                if mode != PASS {
                    faults.lost.fetch_add(1, Ordering::SeqCst);
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
            shared.wait_while_silent().await;
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
        // Keep the connection to the server open until it answers, so that it reads the whole write first.
        let _ = from_server.read(&mut [0; 1]).await;
        drop(server_side);
    }
}
