//! Compares `import` with a binary `\copy` of the same rows into the same table, and with one prepared insert per row,
//! and prints a table. It never fails because a machine is slow.
//!
//!     cargo bench --bench import -- --url postgres://…/DATABASE [--rows N] [--schema SCHEMA]
//!
//! It works in a database `streamscope_bench_import` on the same server, which it creates as a copy of DATABASE and
//! drops afterwards. If DATABASE holds a message store, SCHEMA names the schema to import into. Otherwise the benchmark
//! creates a namespace. `psql` must be on the path.
#![allow(clippy::unwrap_used, missing_docs, reason = "a failed measurement ends the program")]

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use streamscope::store::connect::Environment;
use streamscope::store::{Options, Settings, Store};
use tokio_postgres::NoTls;
use uuid::Uuid;

const RUNS: usize = 3;
/// Rows for the comparison with single inserts.
const INSERTED: usize = 100_000;
const DATABASE: &str = "streamscope_bench_import";
const COLUMNS: &str = "id, stream_name, type, position, data, metadata, time";

struct Bench {
    url: String,
    schema: String,
    rows: u64,
}

impl Bench {
    fn psql(&self, sql: &str) {
        psql(&self.url, sql);
    }

    fn empty(&self) {
        self.psql(&format!("truncate \"{}\".messages restart identity", self.schema));
        self.psql("checkpoint");
    }

    fn count(&self) {
        let sql = format!("select count(*) from \"{}\".messages", self.schema);
        let output = Command::new("psql").args(["-qXAt", "-d", &self.url, "-c", &sql]).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), self.rows.to_string());
    }
}

fn psql(url: &str, sql: &str) {
    let status = Command::new("psql")
        .args(["-qX", "-v", "ON_ERROR_STOP=1", "-v", "FETCH_COUNT=10000", "-d", url, "-c", sql])
        .stdout(Stdio::null())
        .status()
        .expect("psql on the path");
    assert!(status.success(), "{sql}");
}

/// Writes messages as JSON lines, ordered by global position. They have the shape of the scale tests' messages.
fn lines(bench: &Bench, file: &Path) {
    let sql = format!(
        "select '{{\"id\":\"' || gen_random_uuid() || '\",\"stream\":\"' ||
           (array['account','order','payment','shipment','customer','invoice','cart','account:command','inventory','user'])[1 + i % 10]
           || '-' || md5((i % ({rows} / 10))::text)::uuid || '\",\"type\":\"'
           || (array['Opened','Deposited','Withdrawn','Closed','HoldPlaced'])[1 + i / 7 % 5]
           || '\",\"pos\":' || i / ({rows} / 10) || ',\"gpos\":' || i + 1 || ',\"data\":'
           || jsonb_build_object('amount', i % 1000, 'currency', 'EUR', 'note', repeat('x', (i % 60)::int), 'items', jsonb_build_array(i, i + 1))
           || ',\"meta\":' || jsonb_build_object('correlationStreamName', 'order-' || i % 1000, 'causationMessageStreamName', 'cart-1',
                'causationMessagePosition', i % 5)
           || ',\"time\":\"' || to_char(timestamp '2026-01-01' + i * interval '3 seconds', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') || '\"}}'
         from generate_series(0, {rows}::bigint - 1) as i",
        rows = bench.rows
    );
    let status = Command::new("psql")
        .args(["-qXAt", "-v", "FETCH_COUNT=10000", "-d", &bench.url, "-c", &sql, "-o"])
        .arg(file)
        .status()
        .unwrap();
    assert!(status.success());
}

/// Runs the program. Returns its seconds and its peak memory in KiB.
fn import(bench: &Bench, file: &Path) -> (f64, u32) {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_streamscope"))
        .args(["--url", &bench.url, "-n", &bench.schema, "import"])
        .arg(file)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak_memory(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    assert!(status.success());
    (begun.elapsed().as_secs_f64(), memory)
}

/// Returns the peak resident memory so far in KiB, or 0 on systems other than Linux.
fn peak_memory(process: u32) -> u32 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Inserts row by row with a prepared statement in one transaction, as a simple client would. Returns the seconds.
async fn inserts(bench: &Bench, file: &Path) -> f64 {
    let (mut client, connection) = tokio_postgres::connect(&bench.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let reader = std::io::BufReader::new(std::fs::File::open(file).unwrap());
    let rows: Vec<serde_json::Value> =
        reader.lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let sql = format!(
        "insert into \"{}\".messages ({COLUMNS}) values ($1, $2, $3, $4, $5::text::jsonb, $6::text::jsonb, $7::text::timestamp)",
        bench.schema
    );
    let begun = Instant::now();
    let transaction = client.transaction().await.unwrap();
    let statement = transaction.prepare(&sql).await.unwrap();
    for row in &rows {
        let text = |key: &str| row[key].as_str().unwrap();
        let id = Uuid::parse_str(text("id")).unwrap();
        let (data, meta) = (row["data"].to_string(), row["meta"].to_string());
        let position = row["pos"].as_i64().unwrap();
        transaction
            .execute(&statement, &[&id, &text("stream"), &text("type"), &position, &data, &meta, &text("time")])
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    begun.elapsed().as_secs_f64()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn range(values: &[f64]) -> String {
    let all = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap();
    format!("{:.1} to {:.1} s", all(f64::min), all(f64::max))
}

#[tokio::main]
async fn main() {
    let (mut url, mut schema, mut rows) = (String::new(), None, 1_000_000_u64);
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
        match word.as_str() {
            "--url" => url = value,
            "--schema" => schema = Some(value),
            "--rows" => rows = value.parse().unwrap(),
            _ => panic!("unknown argument {word}"),
        }
    }
    let (server, template) = url.rsplit_once('/').expect("--url must end with the name of a database");
    psql(&url, &format!("drop database if exists {DATABASE}"));
    psql(&format!("{server}/postgres"), &format!("create database {DATABASE} template {template}"));
    let url = format!("{server}/{DATABASE}");
    let schema = if let Some(schema) = schema {
        schema
    } else {
        let settings = Settings::resolve(Some(&url), &Environment::of_process()).unwrap().unwrap();
        let store = Store::new(settings, Options::default());
        store.create_namespace("bench", None).await.unwrap().info.schema
    };
    let bench = Bench { url, schema, rows };
    let directory = tempfile::tempdir().unwrap();
    let [file, some, binary] = ["lines", "some", "binary"].map(|name| directory.path().join(name));
    bench.empty();
    lines(&bench, &file);
    let reader = std::io::BufReader::new(std::fs::File::open(&file).unwrap());
    let mut writer = std::io::BufWriter::new(std::fs::File::create(&some).unwrap());
    for line in reader.lines().take(INSERTED) {
        writeln!(writer, "{}", line.unwrap()).unwrap();
    }
    writer.flush().unwrap();
    import(&bench, &file);
    bench.count();
    let table = format!("\"{}\".messages", bench.schema);
    bench.psql(&format!(
        "\\copy (select {COLUMNS} from {table} order by global_position) to '{}' binary",
        binary.display()
    ));

    let (mut ours, mut theirs, mut memory) = (Vec::new(), Vec::new(), 0);
    let (mut some_ours, mut one_by_one) = (Vec::new(), Vec::new());
    for run in 0..RUNS {
        // Alternate the order, so that a busy moment does not always hit the same one.
        for turn in [run % 2, 1 - run % 2] {
            bench.empty();
            if turn == 0 {
                let begun = Instant::now();
                bench.psql(&format!("\\copy {table} ({COLUMNS}) from '{}' binary", binary.display()));
                theirs.push(begun.elapsed().as_secs_f64());
            } else {
                let (seconds, peak) = import(&bench, &file);
                ours.push(seconds);
                memory = memory.max(peak);
            }
            bench.count();
        }
        bench.empty();
        one_by_one.push(inserts(&bench, &some).await);
        bench.empty();
        some_ours.push(import(&bench, &some).0);
    }
    bench.empty();
    import(&bench, &file);
    let (again, _) = import(&bench, &file);
    println!("| What | streamscope | For comparison | Target |\n| --- | --- | --- | --- |");
    println!(
        "| import {rows} messages | {}, {:.2} times as fast, {:.1} MB | `\\copy … binary` {} | 0.9 times, 40 MB |",
        range(&ours),
        median(&theirs) / median(&ours),
        f64::from(memory) / 1024.0,
        range(&theirs)
    );
    println!(
        "| import {INSERTED} messages | {}, {:.1} times as fast | one prepared `INSERT` per row in one transaction: {} | 5 times |",
        range(&some_ours),
        median(&one_by_one) / median(&some_ours),
        range(&one_by_one)
    );
    println!("| import {rows} messages that are all present already | {again:.1} s | | |");
    std::io::stdout().flush().unwrap();
    psql(&format!("{server}/postgres"), &format!("drop database {DATABASE} with (force)"));
}
