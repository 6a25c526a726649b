//! The pulse, as someone sees it who opens it while a consumer lags and a transaction blocks.

use super::support::stores::Kind;
use super::visit::Visit;

#[tokio::test(flavor = "multi_thread")]
async fn the_pulse_shows_consumers_and_a_transaction_that_comes_and_goes() {
    let visit = Visit::with_accounts(Kind::MessageDb).await;
    visit.plant("account:position", 0, "Recorded", "{\"position\": 2}").await;
    let mut screen = visit.screen(&["account-1"]);
    screen.shows("› account-1").shows_line(&["Withdrawn", "10"]);
    screen.keys("P").shows("Pulse of message_store").shows_line(&["account:position", "3", "within interval"]);
    screen.shows("Messages in the last 15 min · 2 categories ·").shows("Final to 6, the newest message");
    let client = visit.store.client().await.expect("a store on the server");
    let insert = "begin; insert into message_store.messages (id, stream_name, type, position, data) \
                  values (gen_random_uuid(), 'account-3', 'Opened', 0, '{}')";
    client.batch_execute(insert).await.expect("an open transaction");
    let pid: i32 = client.query_one("select pg_backend_pid()", &[]).await.expect("a process").get(0);
    screen.shows_line(&[&format!("PID {pid}"), "idle in transaction", "select pg_backend_pid()"]);
    client.batch_execute("rollback").await.expect("ended");
    screen.hides(&format!("PID {pid}")).shows("no transaction has been open for a second or longer");
    screen.keys("\r").hides("Pulse of").shows("account-2 @ 0 (global 3)");
    screen.keys("P").shows("Pulse of message_store").keys("\u{1b}").hides("Pulse of");
}
