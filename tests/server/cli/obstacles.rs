//! Tests of the errors without a connection: each states the problem and its remedy. Only an error without any answer
//! asks whether the server is running.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::support::own_servers::free_port;
use crate::support::pooler::Pooler;
use crate::support::program::User;
use crate::support::server::{self, Database};

const ASKED: &str = "Is the server running";

/// Returns what a command reports about a URL.
fn told(url: &str, status: i32) -> String {
    let outcome = User::new().run(&["--url", url, "ns", "list"]);
    assert_eq!(outcome.status, status, "{url}: {}", outcome.stderr);
    outcome.stderr
}

/// Answers the first packet of each connection with these bytes, until the tests end.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 1_000]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

#[test]
fn asks_whether_the_server_is_running_only_if_nothing_answers() {
    let refused = told(&format!("postgres://a@127.0.0.1:{}/shop", free_port()), 5);
    assert!(refused.contains(ASKED), "{refused}");
    let socket = told(&format!("postgres://a@/shop?host=%2Ftmp&port={}", free_port()), 5);
    assert!(socket.contains(".s.PGSQL.") && socket.contains("host=localhost"), "{socket}");
    let name = told("postgres://a@nowhere.invalid/shop", 5);
    assert!(name.contains("Check the host name") && !name.contains(ASKED), "{name}");
}

#[test]
fn explains_answers_that_no_ready_server_gives() {
    let starting: &[u8] = b"E\0\0\0\x37SFATAL\0C57P03\0Mthe database system is starting up\0\0";
    let no_tenant: &[u8] = b"E\0\0\0\x2dSFATAL\0CXX000\0MTenant or user not found\0\0";
    for (answer, advice) in [
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "Check the port"),
        (b"", "Check the port"),
        (starting, "Try again in a moment"),
        (no_tenant, "the pooler in front of it"),
    ] {
        let port = answering(answer);
        let told = told(&format!("postgres://a@127.0.0.1:{port}/shop?sslmode=disable"), 5);
        assert!(told.contains(advice) && !told.contains(ASKED), "{told}");
    }
    let port = answering(b"N");
    let told = told(&format!("postgres://a@127.0.0.1:{port}/shop?sslmode=require"), 5);
    assert!(told.contains("offers no TLS") && told.contains("sslmode") && !told.contains(ASKED), "{told}");
    // A server that cannot start another process.
    let port = answering(b"Ecould not fork new process for connection: Cannot allocate memory\n\0");
    let told = self::told(&format!("postgres://a@127.0.0.1:{port}/shop"), 5);
    assert!(told.contains("with an error") && told.contains("the server's log"), "{told}");
    // The kernel accepts connections even if the program never serves them.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let told = self::told(&format!("postgres://a@127.0.0.1:{port}/shop?connect_timeout=2"), 5);
    assert!(told.contains("does not answer") && !told.contains(ASKED), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn explains_refusals_by_the_server() {
    let database = Database::new().await;
    let client = database.client().await;
    let name = database.name();
    let roles = format!(
        "create role full_{name} login connection limit 0; create role barred_{name} nologin; \
         revoke connect on database {name} from public; create role outside_{name} login"
    );
    client.batch_execute(&roles).await.expect("roles");
    let as_role = |role: &str| database.url().replace("postgres@", &format!("{role}@"));
    for (url, status, advice) in [
        (server::url_of("absent"), 5, "Use another database"),
        (as_role(&format!("full_{name}")), 5, "fewer connections"),
        (as_role(&format!("barred_{name}")), 1, "Check the user name"),
        (as_role("absent"), 1, "Check the user name"),
        (as_role(&format!("outside_{name}")), 1, "role"),
        (format!("{}?sslmode=require", database.url()), 5, "ssl setting"),
    ] {
        let told = told(&url, status);
        assert!(told.contains(advice) && !told.contains(ASKED), "{url}: {told}");
    }
    for role in ["full", "barred", "outside"] {
        client.batch_execute(&format!("drop role {role}_{name}")).await.expect("dropped");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn advises_to_create_a_database_only_if_it_does_not_exist() {
    let database = Database::new().await;
    let create = "or create this one";
    assert!(told(&server::url_of("absent"), 5).contains(create));
    let close = format!("alter database {} allow_connections false", database.name());
    Database::new().await.client().await.batch_execute(&close).await.expect("closed");
    let told = told(&database.url(), 5);
    assert!(told.contains("allow_connections true") && !told.contains(create), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_a_pooler_that_pools_statements() {
    let database = Database::new().await;
    let pooler = Pooler::start(server::port(), "pool_mode=statement").await;
    let user = User::new();
    let outcome = user.run(&["--url", &pooler.url_of(database.name()), "ns", "create", "shop"]);
    assert_eq!(outcome.status, 5, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("pool transactions or sessions") && !outcome.stderr.contains(ASKED),
        "{}",
        outcome.stderr
    );
}
