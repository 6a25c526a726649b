//! Hostile servers and other protocols, simulated by a listener that sends arbitrary bytes. The client must not trust
//! announced lengths, collect endless data, or send a password that `require_auth` excludes.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use streamscope::store::connect::Environment;
use streamscope::store::session::Sessions;
use streamscope::store::{Obstacle, Options, Settings, StoreError};

use super::refusing::connect;
use crate::support::server::url;

/// Upper bound of the bytes read from a server before it is ready, including the system's buffers.
const TAKEN: usize = 24 << 20;

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[tag], &u32::try_from(body.len() + 4).expect("short").to_be_bytes()[..], body].concat()
}

fn error_message(code: &str, text: &str) -> Vec<u8> {
    message(b'E', format!("SFATAL\0C{code}\0M{text}\0\0").as_bytes())
}

/// Reads a start-up packet, or a message after its kind.
fn read_packet(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    stream.read_exact(&mut vec![0; u32::from_be_bytes(length) as usize - 4])
}

/// Listens until the tests end. Reads the start-up packet of each connection, calls `speaks`, and sends everything that
/// the client answers to the receiver.
fn server(speaks: impl Fn(&mut TcpStream) + Send + 'static) -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, answers) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            if read_packet(&mut stream).is_err() {
                continue;
            }
            speaks(&mut stream);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            let _ = sender.send(answer);
        }
    });
    (format!("postgres://shop:s3cret@127.0.0.1:{port}/shop?sslmode=disable&connect_timeout=30"), answers)
}

/// Connects to a server that sends `first` and then `again` endlessly. Returns the error and the number of bytes that
/// the server could send.
async fn flooded(first: Vec<u8>, again: Vec<u8>) -> (StoreError, usize) {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let (url, _answers) = server(move |stream| {
        let mut next = &first;
        while count.load(Ordering::SeqCst) < 4 * TAKEN && stream.write_all(next).is_ok() {
            count.fetch_add(next.len(), Ordering::SeqCst);
            next = &again;
        }
    });
    let error = connect(&url).await.expect_err("the flood ends the attempt");
    (error, sent.load(Ordering::SeqCst))
}

fn obstacle_of(error: &StoreError) -> Obstacle {
    match error {
        StoreError::Unavailable { obstacle, .. } => *obstacle,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_message_of_two_gigabytes_before_the_session_is_ready() {
    let authenticated = message(b'R', &[0; 4]);
    for tag in [b'R', b'E', b'N', b'S', b'K'] {
        for before in [Vec::new(), authenticated.clone()] {
            let announced = [before, vec![tag], i32::MAX.to_be_bytes().to_vec()].concat();
            let (error, sent) = flooded(announced, vec![b'x'; 1 << 16]).await;
            assert_eq!(obstacle_of(&error), Obstacle::Protocol, "{error}");
            assert!(sent < TAKEN, "the client read {sent} bytes of a message of kind {}", char::from(tag));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_notices_end_the_attempt_to_connect() {
    let notice = message(b'N', format!("SNOTICE\0M{}\0\0", "x".repeat(10_000)).as_bytes());
    let (error, sent) = flooded(message(b'R', &[0; 4]), notice).await;
    assert_eq!(obstacle_of(&error), Obstacle::Protocol, "{error}");
    assert!(sent < TAKEN, "the client read {sent} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn shortens_long_errors_before_and_after_the_session_is_ready() {
    let (url, _answers) = server(|stream| {
        let _ = stream.write_all(&error_message("XX000", &"x".repeat(500_000)));
    });
    let error = connect(&url).await.expect_err("an error").to_string();
    assert!(error.contains("(500,000 bytes in total)") && error.len() < 10_000, "{} bytes", error.len());

    let settings = Settings::resolve(Some(&self::url()), &Environment::default()).expect("a good URL").expect("a URL");
    let session = Sessions::new(settings, Options::default()).acquire().await.expect("a connection");
    let raise = "do $$ begin raise exception '%', repeat('é', 25000000) using detail = repeat('d', 1000000); end $$";
    let error = session.batch(raise).await.expect_err("an error");
    assert!(matches!(&error, StoreError::Raised { code, .. } if code == "P0001"), "{} bytes", error.to_string().len());
    let error = error.to_string();
    assert!(error.contains("(50,000,000 bytes in total)") && error.len() < 10_000, "{} bytes", error.len());
    let notices = "do $$ begin for i in 1..20 loop raise notice '%', repeat('x', 5000000); end loop; end $$";
    session.batch(notices).await.expect("notices are dropped");
    assert_eq!(session.query("select 1", &[]).await.expect("the connection is intact").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_servers_of_other_protocols() {
    for (said, told) in
        [("HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP"), ("SSH-2.0-OpenSSH_9.2\r\n", "does not speak PostgreSQL")]
    {
        for mode in ["disable", "prefer", "require"] {
            let (url, _answers) = server(|stream| {
                let _ = stream.write_all(said.as_bytes());
            });
            let error = connect(&url.replace("sslmode=disable", &format!("sslmode={mode}"))).await.expect_err("none");
            // As an answer to a request for TLS, the S of SSH means that the server offers TLS.
            assert_eq!(obstacle_of(&error), Obstacle::Protocol, "{mode}: {error}");
            assert!(error.to_string().contains(told) || mode != "disable", "{mode}: {error}");
        }
    }
    let (url, _answers) = server(|_| {});
    let error = connect(&url).await.expect_err("the server closes the connection");
    assert_eq!(obstacle_of(&error), Obstacle::Closed, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_no_password_to_a_method_that_is_not_accepted() {
    let cleartext = [0, 0, 0, 3].to_vec();
    let md5 = [0, 0, 0, 5, 1, 2, 3, 4].to_vec();
    let scram = [&[0, 0, 0, 10][..], b"SCRAM-SHA-256\0\0"].concat();
    for (require, asked, given) in [
        ("scram-sha-256", &cleartext, false),
        ("scram-sha-256", &md5, false),
        ("scram-sha-256", &scram, true),
        ("none", &scram, false),
        ("md5", &cleartext, false),
        ("md5,password", &cleartext, true),
        ("!password", &cleartext, false),
        ("!password", &md5, true),
        ("!password,!md5,!scram-sha-256", &scram, false),
    ] {
        let request = message(b'R', asked);
        let (url, answers) = server(move |stream| {
            let _ = stream.write_all(&request);
        });
        let error = connect(&format!("{url}&require_auth={require}")).await.expect_err("the server does not go on");
        let answer = answers.recv().expect("the connection ends");
        assert_eq!(!answer.is_empty(), given, "{require}: {error}");
        assert_eq!(obstacle_of(&error) == Obstacle::Method, !given, "{require}: {error}");
    }
    // The server requests no authentication, although `require_auth` demands it.
    let (url, _answers) = server(|stream| {
        let _ = stream.write_all(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat());
    });
    let error = connect(&format!("{url}&require_auth=!none")).await.expect_err("no authentication");
    assert_eq!(obstacle_of(&error), Obstacle::Method, "{error}");
    assert!(error.to_string().contains("did not complete authentication"), "{error}");
}

/// Listens as [`server`], and counts the connections.
fn counting(speaks: impl Fn(&mut TcpStream) + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let (url, _) = server(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        speaks(stream);
    });
    (url, connections)
}

/// Opens a session, and returns the error and how often the client connected.
async fn refused(url: &str, read_only: bool, connections: &AtomicUsize) -> (Obstacle, usize) {
    let settings = Settings::resolve(Some(url), &Environment::default()).expect("a good URL").expect("a server");
    let sessions = Sessions::new(settings, Options { read_only, ..Options::default() });
    let error = sessions.acquire().await.expect_err("refused");
    (obstacle_of(&error), connections.load(Ordering::SeqCst))
}

/// Poolers report a wrong password with any code.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_place_of_the_accepted_proof_means_that_the_password_was_rejected() {
    for (code, expected) in [
        ("08P01", Obstacle::Password),
        ("XX000", Obstacle::Password),
        ("28P01", Obstacle::Password),
        ("53300", Obstacle::Full),
        ("57P03", Obstacle::NotReady),
    ] {
        for read_only in [false, true] {
            let (url, connections) = counting(move |stream| {
                let sasl = [&10_u32.to_be_bytes()[..], b"SCRAM-SHA-256\0\0"].concat();
                stream.write_all(&message(b'R', &sasl)).expect("sent");
                stream.read_exact(&mut [0]).and_then(|()| read_packet(stream)).expect("an answer");
                let _ = stream.write_all(&error_message(code, "no"));
            });
            assert_eq!(refused(&url, read_only, &connections).await, (expected, 1), "{code}, {read_only}");
        }
    }
}

/// PgBouncer has the same code for a wrong password and for a server that is away.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_of_a_pooler_tell_a_rejected_password_from_a_server_that_is_away() {
    let (cleartext, md5): (&[u8], &[u8]) = (&[0, 0, 0, 3], &[0, 0, 0, 5, 1, 2, 3, 4]);
    for (method, text, expected) in [
        (md5, "password authentication failed", Obstacle::Password),
        (cleartext, "password authentication failed", Obstacle::Password),
        (md5, "auth failed", Obstacle::Password),
        (md5, "server login has been failing, cached error: connect failed (server_login_retry)", Obstacle::Pooler),
    ] {
        for read_only in [false, expected == Obstacle::Password] {
            let (url, connections) = counting(move |stream| {
                stream.write_all(&message(b'R', method)).expect("sent");
                stream.read_exact(&mut [0]).and_then(|()| read_packet(stream)).expect("an answer");
                let _ = stream.write_all(&error_message("08P01", text));
            });
            assert_eq!(refused(&url, read_only, &connections).await, (expected, 1), "{text}, {read_only}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_new_sessions_is_not_asked_again_at_once() {
    let (url, connections) = counting(|stream| {
        let _ = stream.write_all(&[message(b'R', &[0; 4]), message(b'Z', b"I")].concat());
        let _ = stream.write_all(&error_message("57P01", "terminating connection"));
    });
    let settings = Settings::resolve(Some(&url), &Environment::default()).expect("a good URL").expect("a server");
    let sessions = Sessions::new(settings, Options::default());
    // A session may be returned before the end has arrived, but no second one is opened for the same request.
    for asked in 1..=5 {
        drop(sessions.acquire().await);
        assert!(connections.load(Ordering::SeqCst) <= asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_does_not_repeat_a_plain_attempt_that_was_refused() {
    let (url, connections) = counting(|stream| {
        stream.write_all(b"N").expect("no TLS");
        read_packet(stream).expect("a start-up packet");
        let _ = stream.write_all(&error_message("53300", "too many connections"));
    });
    let url = url.replace("sslmode=disable", "sslmode=prefer");
    assert_eq!(refused(&url, false, &connections).await, (Obstacle::Full, 1));
}
