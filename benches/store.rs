//! Compares the store with `psql` and `pgbench` in the same run, and prints a table. It never fails because a machine
//! is slow.
//!
//!     cargo bench --bench store -- --url postgres://…/DATABASE [--namespace NS] [--category C]
//!
//! DATABASE must hold the messages of the scale tests (10 categories, one long stream), in any kind of store. The
//! benchmark only reads it. Writes go to a database `streamscope_bench` on the same server, which the benchmark creates
//! and drops. `psql` and `pgbench` must be on the path.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failed measurement ends the program")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use streamscope::message::{Category, ExpectedVersion, NewMessage, StreamName};
use streamscope::store::browse::{PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::connect::Environment;
use streamscope::store::read::CategoryOptions;
use streamscope::store::{Namespace, Options, Settings, Store};
use uuid::Uuid;

const READ: i64 = 1_000;
const EXPORTED: i64 = 200_000;
/// Writers take turns of this length, because a disk is not always equally busy.
const WRITING: Duration = Duration::from_secs(3);
const TURNS: usize = 7;

struct Arguments {
    url: String,
    namespace: String,
    category: String,
}

fn arguments() -> Arguments {
    let mut given =
        Arguments { url: String::new(), namespace: "message_store".to_owned(), category: "account".to_owned() };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = match word.as_str() {
            "--url" => &mut given.url,
            "--namespace" => &mut given.namespace,
            "--category" => &mut given.category,
            // Cargo adds it.
            "--bench" => continue,
            _ => panic!("unknown argument {word}"),
        };
        *value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
    }
    assert!(!given.url.is_empty(), "--url is missing; name the database to measure");
    given
}

fn store(url: &str) -> Store {
    let settings = Settings::resolve(Some(url), &Environment::of_process()).unwrap().unwrap();
    Store::new(settings, Options { connections: 16, ..Options::default() })
}

fn row(what: &str, ours: &str, other: &str, target: &str) {
    println!("| {what} | {ours} | {other} | {target} |");
    std::io::stdout().flush().unwrap();
}

fn median_and_highest(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() - 1])
}

/// Returns the median and the longest time of these runs, after one run to warm up.
async fn measure(runs: usize, mut work: impl AsyncFnMut(usize)) -> (f64, f64) {
    work(0).await;
    let mut times = Vec::new();
    for run in 0..runs {
        let begun = Instant::now();
        work(run).await;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    median_and_highest(times)
}

/// Returns the time of each statement as `psql` reports it with `\timing`. Rows go to `/dev/null`.
fn psql(url: &str, statements: &[String]) -> Vec<f64> {
    let mut script = String::from("\\o /dev/null\n");
    for statement in statements {
        // One run to warm up, as for the store.
        writeln!(script, "{statement};\n\\timing on\n{statement};\n\\timing off").unwrap();
    }
    let mut child = Command::new("psql")
        .args(["-qX", "-d", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("psql on the path");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "psql failed");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_prefix("Time: ")?.split_once(' ')?.0.parse().ok())
        .collect()
}

fn schema(namespace: &Namespace) -> String {
    format!("\"{}\"", namespace.info().schema.replace('"', "\"\""))
}

#[tokio::main]
async fn main() {
    let arguments = arguments();
    let store = store(&arguments.url);
    let namespace = store.namespace(&arguments.namespace).await.unwrap();
    println!("{}, {}", store.server().await.unwrap().version, namespace.info().flavour.as_str());
    println!();
    row("What", "streamscope", "For comparison", "Target");
    row("---", "---", "---", "---");
    browse(&namespace, &arguments).await;
    read(&namespace, &arguments).await;
    export(&namespace, &arguments);
    writes(&arguments).await;
}

async fn browse(namespace: &Namespace, arguments: &Arguments) {
    let category = Category::new(&*arguments.category).unwrap();
    let (median, worst) = measure(50, async |_| drop(namespace.categories().await.unwrap())).await;
    row("categories, warm", &format!("{median:.1} ms (worst {worst:.1})"), "", "10 ms");

    let of = StreamsOf::Category(category.clone());
    // On the first pass, the server reads pages from disk unless it has them in memory.
    for what in ["a page of 100 streams, first read", "a page of 100 streams, read again"] {
        let (median, worst) = measure(50, async |run| {
            let after = StreamsFrom::After(StreamName::stored(format!("{category}-{:02x}", run * 5)));
            assert_eq!(namespace.streams(&of, &after, 100).await.unwrap().len(), 100);
        })
        .await;
        row(what, &format!("{median:.1} ms (worst {worst:.1})"), "", "5 ms");
    }

    let scopes = [
        ("the namespace", Scope::Namespace),
        ("a category", Scope::Category(category.clone())),
        ("a long stream", Scope::Stream(StreamName::stored("ledger-main"))),
    ];
    for (name, scope) in scopes {
        let (median, worst) = measure(50, async |run| {
            let from = if run % 2 == 0 { PageFrom::Start } else { PageFrom::End };
            namespace.page(&scope, from, 200).await.unwrap();
        })
        .await;
        row(&format!("200 heads at an end of {name}"), &format!("{median:.1} ms (worst {worst:.1})"), "", "");
    }
    let (median, worst) = measure(50, async |_| {
        let from = PageFrom::After(i64::MAX - 1);
        namespace.page(&Scope::Category(category.clone()), from, 200).await.unwrap();
    })
    .await;
    row("a check for new messages in a category", &format!("{median:.1} ms (worst {worst:.1})"), "", "");
}

/// Returns a query for the same rows, as a person would write it for `psql`.
fn select(namespace: &Namespace, arguments: &Arguments, from: i64, limit: i64) -> String {
    let schema = schema(namespace);
    let category = match namespace.info().flavour.as_str() {
        "message-db" => format!("{schema}.category(stream_name)"),
        _ => "split_part(stream_name, '-', 1)".to_owned(),
    };
    format!(
        "select id, stream_name, type, position, global_position, data, metadata, time from {schema}.messages \
         where {category} = '{}' and global_position >= {from} order by {category}, global_position limit {limit}",
        arguments.category
    )
}

async fn read(namespace: &Namespace, arguments: &Arguments) {
    let end = namespace.page(&Scope::Namespace, PageFrom::End, 1).await.unwrap();
    let last = end.heads.first().map_or(0, |head| head.global_position);
    let category = Category::new(&*arguments.category).unwrap();
    let positions: Vec<i64> = (0..20).map(|part| last / 25 * part).collect();

    let statements: Vec<_> = positions.iter().map(|from| select(namespace, arguments, *from, READ)).collect();
    let (theirs, _) = median_and_highest(psql(&arguments.url, &statements));
    let mut times = Vec::new();
    for from in positions {
        for timed in [false, true] {
            let begun = Instant::now();
            let options = CategoryOptions::default();
            let mut messages = namespace.category_messages(&category, from, READ, &options).await.unwrap();
            let mut count = 0;
            while let Some(message) = messages.next().await {
                message.unwrap();
                count += 1;
            }
            assert_eq!(count, READ);
            if timed {
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
        }
    }
    let (ours, worst) = median_and_highest(times);
    row(
        "1,000 messages of a category",
        &format!("{ours:.1} ms (worst {worst:.1}), {:.2} times", ours / theirs),
        &format!("psql {theirs:.1} ms"),
        "1.3 times",
    );
}

/// Measures time and peak memory of the program while it prints JSON lines, next to `\copy`.
fn export(namespace: &Namespace, arguments: &Arguments) {
    let copy = format!(
        "\\copy (select row_to_json(m) from ({}) as m) to '/dev/null'",
        select(namespace, arguments, 0, EXPORTED)
    );
    let (mut theirs, mut ours, mut memory) = (Vec::new(), Vec::new(), 0);
    for _ in 0..3 {
        let begun = Instant::now();
        let status = Command::new("psql").args(["-qX", "-d", &arguments.url, "-c", &copy]).status().unwrap();
        theirs.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(status.success());

        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_streamscope"))
            .args(["--url", &arguments.url, "-n", &arguments.namespace, "--format", "json", "get"])
            .args([&arguments.category, "--batch-size", &EXPORTED.to_string()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let status = loop {
            memory = memory.max(peak_memory(child.id()));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        ours.push(begun.elapsed().as_secs_f64() * 1e3);
        assert!(status.success());
    }
    let ((ours, _), (theirs, _)) = (median_and_highest(ours), median_and_highest(theirs));
    row(
        "200,000 messages as JSON lines",
        &format!("{ours:.0} ms, {:.2} times, {:.1} MB", ours / theirs, f64::from(memory) / 1024.0),
        &format!("\\copy {theirs:.0} ms"),
        "1.0 times, 40 MB",
    );
}

/// Returns the peak resident memory so far in KiB, or 0 on systems other than Linux.
fn peak_memory(process: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

async fn writes(arguments: &Arguments) {
    let admin = |sql: &str| {
        let status = Command::new("psql").args(["-qX", "-d", &arguments.url, "-c", sql]).status().unwrap();
        assert!(status.success(), "{sql}");
    };
    admin("drop database if exists streamscope_bench");
    admin("create database streamscope_bench");
    let (server, _) = arguments.url.rsplit_once('/').expect("--url must end with the name of a database");
    let url = format!("{server}/streamscope_bench");
    {
        let store = store(&url);
        store.create_namespace("bench", None).await.unwrap();
        let namespace = store.namespace("bench").await.unwrap();
        for clients in [1, 4] {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for turn in 0..TURNS {
                for which in [turn % 2, 1 - turn % 2] {
                    match which {
                        0 => theirs.push(pgbench(&url, &namespace, clients)),
                        _ => ours.push(write(&namespace, clients).await),
                    }
                }
            }
            let (ours, theirs) = (median_and_highest(ours).0, median_and_highest(theirs).0);
            row(
                &format!("writes per second, {clients} connections"),
                &format!("{ours:.0}, {:.2} times", ours / theirs),
                &format!("pgbench {theirs:.0}"),
                "0.95 times",
            );
        }
    }
    admin("drop database streamscope_bench with (force)");
}

async fn write(namespace: &Namespace, clients: usize) -> f64 {
    let begun = Instant::now();
    let mut writers = tokio::task::JoinSet::new();
    for client in 0..clients {
        let namespace = namespace.clone();
        writers.spawn(async move {
            let mut written = 0_u32;
            while begun.elapsed() < WRITING {
                let message = NewMessage {
                    id: Uuid::now_v7(),
                    stream: StreamName::stored(format!("bench-{}", (written as usize * 7 + client) % 1_000)),
                    message_type: "Written".to_owned(),
                    data: r#"{"amount": 25}"#.to_owned(),
                    metadata: None,
                    expected_version: ExpectedVersion::Any,
                };
                namespace.write(&message).await.unwrap();
                written += 1;
            }
            written
        });
    }
    let written: u32 = writers.join_all().await.into_iter().sum();
    f64::from(written) / begun.elapsed().as_secs_f64()
}

/// Returns the transactions per second of `pgbench`, each one call of `write_message`.
fn pgbench(url: &str, namespace: &Namespace, clients: usize) -> f64 {
    let script = std::env::temp_dir().join(format!("streamscope-bench-{}.sql", std::process::id()));
    let statement = format!(
        "\\set n random(0, 999)\nselect {}.write_message(gen_random_uuid()::varchar, 'bench-' || :n, 'Written', \
         '{{\"amount\": 25}}'::jsonb);\n",
        schema(namespace)
    );
    std::fs::write(&script, statement).unwrap();
    let output = Command::new("pgbench")
        .args(["-n", "-c", &clients.to_string(), "-j", "1", "-T", &WRITING.as_secs().to_string(), "-f"])
        .args([script.as_os_str(), url.as_ref()])
        .output()
        .expect("pgbench on the path");
    std::fs::remove_file(&script).unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.unwrap_or_else(|| panic!("pgbench said: {text}{}", String::from_utf8_lossy(&output.stderr)))
}
