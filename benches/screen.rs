//! Measures the screen on a real server, in a pseudo-terminal, next to `psql`, and prints a table. It never fails
//! because a machine is slow.
//!
//!     cargo bench --bench screen -- postgres://…/DATABASE
//!
//! DATABASE must hold the messages of the scale tests. The benchmark only reads it. Following is measured in a database
//! `streamscope_screen_bench` on the same server, which the benchmark creates and drops. `psql` must be on the path.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failed measurement ends the program")]

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use support::program::User;
use support::pty::Screen;
use tokio_postgres::{Client, NoTls};

#[path = "../tests/support/mod.rs"]
mod support;

const SCRATCH: &str = "streamscope_screen_bench";
const ROUNDS: usize = 10;
const SAMPLES: usize = 200;

fn row(what: &str, ours: &str, other: &str, target: &str) {
    println!("| {what} | {ours} | {other} | {target} |");
}

/// Returns the median and the 99th percentile in milliseconds.
fn summary(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    (at(50), at(99))
}

fn shown(times: Vec<Duration>) -> String {
    let (median, worst) = summary(times);
    format!("median {median:.1} ms, 99th percentile {worst:.1} ms")
}

/// Returns the time from the start of the program until a text is on screen.
fn until(url: &str, text: &str) -> Duration {
    let user = User::new();
    let begun = Instant::now();
    let mut screen = Screen::start(&user, &["--url", url]);
    screen.shows(text);
    let took = begun.elapsed();
    screen.keys("q");
    screen.end();
    took
}

/// Returns the time from the start of `psql` until its prompt.
fn psql(url: &str) -> Duration {
    let pair = native_pty_system().openpty(PtySize::default()).unwrap();
    let mut command = CommandBuilder::new("psql");
    command.args(["-X", url]);
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut bytes = [0; 4_096];
    let mut seen = String::new();
    while !seen.contains("=#") && !seen.contains("=>") {
        let count = reader.read(&mut bytes).unwrap();
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let took = begun.elapsed();
    child.kill().unwrap();
    took
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Creates the scratch database with one namespace. Returns an administrator's client, the database's URL and the
/// schema.
async fn scratch(url: &str) -> (Client, String, String) {
    let admin = connect(url).await;
    admin.batch_execute(&format!("drop database if exists {SCRATCH} with (force)")).await.unwrap();
    admin.batch_execute(&format!("create database {SCRATCH}")).await.unwrap();
    let scratch_url = format!("{}/{SCRATCH}", url.rsplit_once('/').unwrap().0);
    let environment = streamscope::store::connect::Environment::of_process();
    let settings = streamscope::store::Settings::resolve(Some(&scratch_url), &environment).unwrap().unwrap();
    let store = streamscope::store::Store::new(settings, streamscope::store::Options::default());
    let schema = store.create_namespace("bench", None).await.unwrap().info.schema;
    (admin, scratch_url, schema)
}

async fn write(client: &Client, schema: &str, kind: &str) {
    let sql = format!("select {schema}.write_message(gen_random_uuid()::varchar, 'load-1', $1, '{{\"a\": 1}}')");
    client.query(&sql, &[&kind]).await.unwrap();
}

/// Writes messages at this rate per second until `stop` is set.
fn load(url: &str, schema: &str, a_second: u32, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<()> {
    let (url, schema, stop) = (url.to_owned(), schema.to_owned(), Arc::clone(stop));
    tokio::spawn(async move {
        let client = connect(&url).await;
        let mut tick = tokio::time::interval(Duration::from_secs(1) / a_second);
        while !stop.load(Ordering::Relaxed) {
            tick.tick().await;
            write(&client, &schema, "Loaded").await;
        }
    })
}

/// Returns the CPU time of the screen as a percentage of a core, over ten seconds.
async fn share(screen: &Screen) -> f64 {
    const SECONDS: u64 = 10;
    let before = screen.processor_ticks();
    tokio::time::sleep(Duration::from_secs(SECONDS)).await;
    #[allow(clippy::cast_precision_loss, reason = "a few hundred ticks")]
    let ticks = (screen.processor_ticks() - before) as f64;
    // A tick is a hundredth of a second.
    ticks / 100.0 / 10.0 * 100.0
}

fn megabytes(screen: &Screen) -> String {
    let kib = u32::try_from(screen.memory()).unwrap();
    format!("{:.1} MB", f64::from(kib) / 1_024.0)
}

/// Measures the time from the last key in the omnibox to the first stream that it finds.
async fn find(url: &str) {
    let client = connect(url).await;
    // In the order of the search, which goes by name, some streams from the beginning.
    let sql =
        "select stream_name from message_store.messages where stream_name >= 'account-' order by stream_name, position
               offset $1 limit 1";
    let (mut by_prefix, mut by_part) = (Vec::new(), Vec::new());
    for number in 0..i64::try_from(ROUNDS).unwrap() {
        let found = client.query_one(sql, &[&(number * 1_000)]).await.unwrap();
        let stream: String = found.try_get(0).unwrap();
        for (text, times) in [(&stream[..14], &mut by_prefix), (&stream[stream.len() - 6..], &mut by_part)] {
            let user = User::new();
            let mut screen = Screen::start(&user, &["--url", url]);
            screen.shows("inventory").keys(":").shows("Go to");
            let begun = Instant::now();
            screen.paste(text).shows(&stream);
            times.push(begun.elapsed());
            screen.keys("\x1b\x1b").keys("q");
            screen.end();
        }
    }
    row("omnibox, text to the first stream that begins with it", &shown(by_prefix), "", "30 ms");
    row("omnibox, text to the first stream that contains it", &shown(by_part), "", "300 ms");
}

/// Measures the times from a key to the frame that it causes: the help opens and closes in front of the messages.
async fn answer(screen: &mut Screen) -> Vec<Duration> {
    let mut answers = Vec::new();
    for _ in 0..SAMPLES / 2 {
        for key in ["?", "q"] {
            let pressed = Instant::now();
            screen.keys(key);
            if key == "?" {
                screen.shows("Everywhere")
            } else {
                screen.hides("Everywhere")
            };
            answers.push(pressed.elapsed());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }
    answers
}

#[tokio::main]
async fn main() {
    let url = std::env::args().skip(1).find(|word| word != "--bench").expect("the URL of a database");
    println!("| What | streamscope | For comparison | Target |\n| --- | --- | --- | --- |");
    let first: Vec<_> = (0..ROUNDS).map(|_| until(&url, "Namespaces")).collect();
    row("start to first frame", &shown(first), "", "30 ms");
    let categories: Vec<_> = (0..ROUNDS).map(|_| until(&url, "inventory")).collect();
    let prompts: Vec<_> = (0..ROUNDS).map(|_| psql(&url)).collect();
    row(
        "start to categories on screen",
        &shown(categories),
        &format!("`psql` prompt: {}", shown(prompts)),
        "0.8 times the `psql` prompt",
    );

    find(&url).await;

    let user = User::new();
    let mut screen = Screen::start(&user, &["--url", &url]);
    screen.shows("inventory").keys("4");
    for page in 0..1_500 {
        screen.keys("\x1b[5~");
        if page % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    row("memory after scrolling through 1,500 pages of 5 million messages", &megabytes(&screen), "", "40 MB");
    row("CPU when idle", &format!("{:.1} % of a core", share(&screen).await), "", "1 %");
    screen.keys("q");
    screen.end();

    let (admin, scratch_url, schema) = scratch(&url).await;
    let client = connect(&scratch_url).await;
    write(&client, &schema, "First").await;
    let mut screen = Screen::start(&user, &["--url", &scratch_url]);
    screen.shows("First").keys("4F").shows("FOLLOWING");
    let stop = Arc::new(AtomicBool::new(false));
    let loading = load(&scratch_url, &schema, 100, &stop);
    tokio::time::sleep(Duration::from_secs(1)).await;
    row(
        "CPU while following 100 messages per second",
        &format!("{:.1} % of a core", share(&screen).await),
        "",
        "6.4 %",
    );
    let mut lags = Vec::new();
    for number in 0..u32::try_from(SAMPLES).expect("a few hundred") {
        let kind = format!("Mark{number}x");
        write(&client, &schema, &kind).await;
        let committed = Instant::now();
        screen.shows(&kind);
        lags.push(committed.elapsed());
        // A pause that varies, so that the writes do not keep step with the polls.
        tokio::time::sleep(Duration::from_micros(5_000 + u64::from(number.wrapping_mul(7_919) % 31) * 1_000)).await;
    }
    row("commit to screen while following", &shown(lags), "", "median 12 ms, 99th percentile 20 ms");
    stop.store(true, Ordering::Relaxed);
    loading.await.unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let loading = load(&scratch_url, &schema, 1_000, &stop);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let answers = answer(&mut screen).await;
    row("key to frame while following 1,000 messages per second", &shown(answers), "", "99th percentile 16 ms");
    // The chooser of columns begins a path with `$.`.
    screen.keys(",a").shows("Path: $.").keys("a\r").shows("[x] $.a").keys("\x1b").hides("[x] $.a");
    let answers = answer(&mut screen).await;
    row("the same with a value of the data as a column", &shown(answers), "", "99th percentile 16 ms");
    stop.store(true, Ordering::Relaxed);
    loading.await.unwrap();
    let many = format!(
        "insert into {schema}.messages (stream_name, position, type, data)
         select 'bulk-1', i, 'Bulk', '{{\"a\": 1}}' from generate_series(0, 999999) i"
    );
    client.batch_execute(&many).await.unwrap();
    write(&client, &schema, "AfterAll").await;
    let mut kept = screen;
    while !kept.contents().contains("AfterAll") {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    row("memory after following 1,000,000 messages", &megabytes(&kept), "", "40 MB");
    kept.keys("q");
    kept.end();
    drop(client);
    admin.batch_execute(&format!("drop database {SCRATCH} with (force)")).await.unwrap();
}
