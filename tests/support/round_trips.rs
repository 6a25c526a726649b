//! A proxy that counts round trips: how often a client waits for an answer before it sends more. It delays every answer
//! a little, to distinguish requests that do not wait for an answer from those that do. It also keeps the statements.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The delay of an answer. It must exceed the time that a client needs to send its next request.
const HELD: Duration = Duration::from_millis(60);

struct Count {
    /// The latest round whose answer reached the client.
    answered: AtomicUsize,
    /// Answers of later rounds are withheld.
    last: AtomicUsize,
    /// Bytes that the server sent.
    bytes: AtomicUsize,
    /// Statements that the client sent with parameters, each in a Parse message.
    statements: Mutex<Vec<String>>,
}

/// The proxy. All connections count together: a request sent after the third answer on any of them belongs to the
/// fourth round.
pub(crate) struct RoundTrips {
    address: SocketAddr,
    count: Arc<Count>,
    listener: JoinHandle<()>,
}

impl RoundTrips {
    /// Starts a proxy in front of the local server at this port.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let count = Arc::new(Count {
            answered: AtomicUsize::new(0),
            last: AtomicUsize::new(usize::MAX),
            bytes: AtomicUsize::new(0),
            statements: Mutex::default(),
        });
        let shared = Arc::clone(&count);
        let listener = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, port, Arc::clone(&shared)));
            }
        });
        Self { address, count, listener }
    }

    /// Replaces the server in a URL with the proxy.
    pub(crate) fn url_of(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (user, rest) = rest.split_once('@').expect("a user");
        let (_, database) = rest.split_once('/').expect("a database");
        format!("{scheme}://{user}@{}/{database}", self.address)
    }

    /// Returns the number of round trips since the last call.
    pub(crate) fn take(&self) -> usize {
        self.count.answered.swap(0, Ordering::SeqCst)
    }

    /// Returns the number of bytes that the server sent since the last call.
    pub(crate) fn take_bytes(&self) -> usize {
        self.count.bytes.swap(0, Ordering::SeqCst)
    }

    /// Returns the statements with parameters that the client sent since the last call.
    pub(crate) fn take_statements(&self) -> Vec<String> {
        std::mem::take(&mut self.count.statements.lock().expect("not poisoned"))
    }

    /// Withholds all answers after this many rounds.
    pub(crate) fn end_after(&self, rounds: usize) {
        self.count.last.store(rounds, Ordering::SeqCst);
    }
}

impl Drop for RoundTrips {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn connection(client: TcpStream, port: u16, count: Arc<Count>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // The round of the last request on this connection.
    let sent = AtomicUsize::new(0);
    let upstream = async {
        let mut buffer = vec![0; 65_536];
        let mut messages = Messages::default();
        while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
            let statements = messages.statements(&buffer[..length]);
            count.statements.lock().expect("not poisoned").extend(statements);
            sent.store(count.answered.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
            if to_server.write_all(&buffer[..length]).await.is_err() {
                break;
            }
        }
    };
    let downstream = async {
        let mut buffer = vec![0; 65_536];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            let round = sent.load(Ordering::SeqCst);
            count.bytes.fetch_add(length, Ordering::SeqCst);
            tokio::time::sleep(HELD).await;
            if round > count.last.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            count.answered.fetch_max(round, Ordering::SeqCst);
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

/// The messages of a client on a connection without TLS.
#[derive(Default)]
struct Messages {
    /// The beginning of a message that is not complete.
    rest: Vec<u8>,
    /// The start-up message, the only one without a type, has passed.
    started: bool,
}

impl Messages {
    /// Returns the statements of the Parse messages that these bytes complete.
    fn statements(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut statements = Vec::new();
        loop {
            let head = usize::from(self.started);
            let Some(length) = self.rest.get(head..head + 4) else { return statements };
            let length = u32::from_be_bytes(length.try_into().expect("four bytes"));
            let end = head + usize::try_from(length).expect("a length");
            if self.rest.len() < end {
                return statements;
            }
            if self.started && self.rest[0] == b'P' {
                // The name of the statement comes before its text.
                let text = self.rest[head + 4..end].split(|byte| *byte == 0).nth(1).expect("a text");
                statements.push(String::from_utf8_lossy(text).into_owned());
            }
            self.started = true;
            self.rest.drain(..end);
        }
    }
}
