//! Compares the screen's queries on a large store with the same queries on a small one, and prints a table. The two
//! stores take turns, so that other work on the machine slows both. It never writes to either store.
//!
//!     cargo bench --bench growth -- --small postgres://…/DATABASE --large postgres://…/DATABASE [--namespace NS] [--category C]

#![allow(clippy::unwrap_used, reason = "a failed measurement ends the program")]

use std::time::Instant;

use streamscope::message::{Category, StreamName};
use streamscope::store::browse::{PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::connect::Environment;
use streamscope::store::tail::{Delivery, TailFrom, TailOptions};
use streamscope::store::{Filter, Namespace, Options, Settings, Store};

/// Measured runs of each query on each store. One more run before them only warms up.
const RUNS: usize = 50;

/// The queries as the table names them, in the order of [`Subject::ask`].
const QUESTIONS: [&str; 16] = [
    "categories",
    "a page of 100 streams of a category, always the same",
    "a page of 100 streams of a category, each time another",
    "recently active streams of a category",
    "recent types of a category",
    "estimated number of messages",
    "estimated number of messages of a category",
    "200 heads at the end of the namespace",
    "200 heads in the middle of the namespace",
    "200 heads at the end of a category",
    "200 heads in the middle of a category",
    "200 heads at the end of a long stream",
    "one step of a search",
    "the first message at a time",
    "one message",
    "the start of following",
];

struct Subject {
    namespace: Namespace,
    category: Category,
    newest: i64,
}

impl Subject {
    async fn open(url: &str, namespace: &str, category: &str) -> Self {
        let settings = Settings::resolve(Some(url), &Environment::of_process()).unwrap().unwrap();
        let store = Store::new(settings, Options::default());
        let namespace = store.namespace(namespace).await.unwrap();
        let newest = namespace.newest(&Scope::Namespace).await.unwrap();
        Self { namespace, category: Category::new(category).unwrap(), newest }
    }

    async fn ask(&self, question: usize, run: usize) {
        let (namespace, category) = (&self.namespace, &self.category);
        let of_category = Scope::Category(category.clone());
        let middle = PageFrom::At(self.newest / 2);
        match question {
            0 => drop(namespace.categories().await.unwrap()),
            1 | 2 => {
                let page = if question == 1 { 0 } else { run };
                let after = StreamsFrom::After(StreamName::stored(format!("{category}-{:02x}", page * 5)));
                namespace.streams(&StreamsOf::Category(category.clone()), &after, 100).await.unwrap();
            }
            3 => drop(namespace.recent_streams(category, None, 1_000).await.unwrap()),
            4 => drop(namespace.recent_types(category).await.unwrap()),
            5 => drop(namespace.estimate(&Scope::Namespace).await.unwrap()),
            6 => drop(namespace.estimate(&of_category).await.unwrap()),
            7 => drop(namespace.page(&Scope::Namespace, PageFrom::End, 200).await.unwrap()),
            8 => drop(namespace.page(&Scope::Namespace, middle, 200).await.unwrap()),
            9 => drop(namespace.page(&of_category, PageFrom::End, 200).await.unwrap()),
            10 => drop(namespace.page(&of_category, middle, 200).await.unwrap()),
            11 => {
                let stream = Scope::Stream(StreamName::stored("ledger-main"));
                namespace.page(&stream, PageFrom::End, 200).await.unwrap();
            }
            12 => {
                let filter = Filter { data_path: Some("$.amount > 990".to_owned()), ..Filter::default() };
                namespace.search(&of_category, &filter, PageFrom::End, 1_000).await.unwrap();
            }
            13 => {
                let time = "2026-01-02T00:00:00Z".parse().unwrap();
                namespace.first_at(&Scope::Namespace, time).await.unwrap();
            }
            14 => drop(namespace.message(self.newest / 2).await.unwrap()),
            _ => {
                let (delivery, filter) = (Delivery::AtOnce, Filter::default());
                let options = TailOptions {
                    scope: Scope::Namespace,
                    from: TailFrom::After(self.newest - 1),
                    delivery,
                    batch: 10,
                    filter,
                };
                namespace.tail_heads(options).next().await.unwrap();
            }
        }
    }
}

#[tokio::main]
async fn main() {
    let [mut small, mut large] = [String::new(), String::new()];
    let [mut namespace, mut category] = ["message_store", "account"].map(str::to_owned);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = match word.as_str() {
            "--small" => &mut small,
            "--large" => &mut large,
            "--namespace" => &mut namespace,
            "--category" => &mut category,
            // Cargo adds it.
            "--bench" => continue,
            _ => panic!("unknown argument {word}"),
        };
        *value = words.next().unwrap_or_else(|| panic!("{word} needs a value"));
    }
    let subjects =
        [Subject::open(&small, &namespace, &category).await, Subject::open(&large, &namespace, &category).await];
    println!(
        "| What | {} messages | {} messages | Ratio |\n| --- | --- | --- | --- |",
        subjects[0].newest, subjects[1].newest
    );
    for (question, what) in QUESTIONS.iter().enumerate() {
        let mut times = [Vec::new(), Vec::new()];
        for run in 0..=RUNS {
            for (subject, times) in subjects.iter().zip(&mut times) {
                let begun = Instant::now();
                subject.ask(question, run % RUNS).await;
                if run > 0 {
                    times.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        let [small, large] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        });
        println!("| {what} | {small:.1} ms | {large:.1} ms | {:.2} |", large / small);
    }
}
