//! A proxy that counts round trips: how often a client waits for an answer before it sends more. Every answer is held for a
//! moment, so that what a client sends without waiting for it is not mistaken for what it sends after it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long an answer is held. Longer than a client thinks.
const HELD: Duration = Duration::from_millis(60);

/// See the file's head. Connections count together: what is sent after the third answer on any of them is the fourth round.
pub struct RoundTrips {
    address: SocketAddr,
    /// The latest round whose answer was given to the client.
    answered: Arc<AtomicUsize>,
    listener: JoinHandle<()>,
}

impl RoundTrips {
    /// In front of a server of this machine.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let answered = Arc::new(AtomicUsize::new(0));
        let shared = Arc::clone(&answered);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, port, Arc::clone(&shared)));
            }
        });
        Self { address, answered, listener }
    }

    /// A URL with the proxy in place of the server.
    pub fn url_of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (user, rest) = rest.split_once('@').expect("a user");
        let (_, database) = rest.split_once('/').expect("a database");
        format!("{scheme}://{user}@{}/{database}", self.address)
    }

    /// How many round trips there were since this was asked last.
    pub fn take(&self) -> usize {
        self.answered.swap(0, Ordering::SeqCst)
    }

    /// How many there were so far.
    pub fn so_far(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }
}

impl Drop for RoundTrips {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn connection(client: TcpStream, port: u16, answered: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // The round of what the client sent last on this connection.
    let sent = AtomicUsize::new(0);
    let upstream = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            sent.store(answered.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
            if to_server.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    let downstream = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            let round = sent.load(Ordering::SeqCst);
            tokio::time::sleep(HELD).await;
            answered.fetch_max(round, Ordering::SeqCst);
            if to_client.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = upstream => (),
        () = downstream => (),
    }
}
