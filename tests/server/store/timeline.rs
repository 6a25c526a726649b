//! Timelines: messages per bucket of time, compared with a count of all messages.
#![allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "small numbers of a test")]

use std::ops::Range;

use jiff::{SignedDuration, Timestamp};
use streamscope::message::{ConsumerGroup, StreamName};
use streamscope::store::Namespace;
use streamscope::store::browse::{PageFrom, Scope, Timeline};
use streamscope::store::import::{Import, ImportOptions, ImportedMessage, Placement};

use super::messages::{category, stream};
use crate::support::stores::TestStore;
use crate::support::{for_each_route, for_each_store};

for_each_route! {
    short_lists_are_counted_message_by_message_in_any_order,
}

for_each_store! {
    long_lists_are_counted_by_their_numbers,
    times_that_run_backwards_give_estimates,
    extreme_lists_have_a_timeline,
}

fn start() -> Timestamp {
    "2026-03-01T10:00:00Z".parse().expect("a time")
}

fn after(milliseconds: i64) -> Timestamp {
    start() + SignedDuration::from_millis(milliseconds)
}

/// A message of a stream at a global position and a time in milliseconds after [`start`].
type Planned<'a> = (&'a str, i64, i64);

async fn import(namespace: &Namespace, planned: &[Planned<'_>]) {
    let options = ImportOptions { keep_global_positions: true, ..ImportOptions::default() };
    let mut import = Import::new(namespace, options).unwrap();
    let mut versions = std::collections::HashMap::<&str, i64>::new();
    let messages: Vec<_> = planned
        .iter()
        .map(|(stream, number, milliseconds)| {
            let version = versions.entry(stream).or_insert(-1);
            *version += 1;
            ImportedMessage {
                id: uuid::Uuid::now_v7(),
                stream: StreamName::stored(*stream),
                message_type: "Happened".to_owned(),
                data: None,
                metadata: None,
                placement: Placement::Kept {
                    position: *version,
                    global_position: Some(*number),
                    time: after(*milliseconds),
                },
            }
        })
        .collect();
    for batch in messages.chunks(1_000) {
        import.batch(batch).await.unwrap();
    }
}

fn scopes() -> [Scope; 4] {
    [
        Scope::Namespace,
        Scope::Category(category("account")),
        Scope::Member(category("account"), ConsumerGroup::new(1, 2).expect("a member")),
        Scope::Stream(stream("account-1")),
    ]
}

fn is_in(scope: &Scope, name: &str) -> bool {
    match scope {
        Scope::Namespace => true,
        Scope::Category(category) => streamscope::message::category(name) == category.as_str(),
        Scope::Member(category, group) => streamscope::message::category(name) == category.as_str() && group.has(name),
        Scope::Stream(stream) => stream.as_str() == name,
    }
}

/// Counts the planned messages of a scope in each bucket of a timeline.
fn counted(timeline: &Timeline, scope: &Scope, planned: &[Planned<'_>]) -> Vec<u64> {
    let mut counts = vec![0; timeline.buckets.len()];
    for (name, _, milliseconds) in planned {
        if is_in(scope, name)
            && let Some(bucket) = timeline.bucket_at(after(*milliseconds))
        {
            counts[bucket] += 1;
        }
    }
    counts
}

fn counts(timeline: &Timeline) -> Vec<u64> {
    timeline.buckets.iter().map(|bucket| bucket.messages).collect()
}

async fn timeline(namespace: &Namespace, scope: &Scope, range: Option<Range<Timestamp>>, most: usize) -> Timeline {
    let timeline = namespace.timeline(scope, range, most).await.unwrap().expect("messages");
    assert!((1..=most).contains(&timeline.buckets.len()), "{timeline:?}");
    timeline
}

pub(super) async fn short_lists_are_counted_message_by_message_in_any_order(store: &TestStore) {
    let streams = ["account-1", "account-2", "account-3", "order-1"];
    // Times rise and fall by up to five minutes.
    let planned: Vec<Planned<'_>> =
        (0..400).map(|n: i64| (streams[(n % 4) as usize], 10 * n + 1, n * 7_919 % 300_000)).collect();
    import(&store.namespace, &planned).await;
    for scope in scopes() {
        let whole = timeline(&store.namespace, &scope, None, 70).await;
        assert_eq!(whole.width, SignedDuration::from_secs(5), "{scope:?}");
        let expected = counted(&whole, &scope, &planned);
        assert_eq!(counts(&whole), expected, "{scope:?}");
        assert!(whole.buckets.iter().all(|bucket| bucket.exact), "{scope:?}");
        // The first message of a bucket can be shown, and is in the bucket.
        for (index, bucket) in whole.buckets.iter().enumerate() {
            let Some(first) = bucket.first else { continue };
            let page = store.namespace.page(&scope, PageFrom::At(first), 1).await.unwrap();
            assert_eq!(whole.bucket_at(page.heads[0].time), Some(index), "{scope:?}");
        }
        let range = after(60_000)..after(120_000);
        let part = timeline(&store.namespace, &scope, Some(range), 70).await;
        assert_eq!(part.width, SignedDuration::from_secs(1), "{scope:?}");
        assert_eq!(counts(&part), counted(&part, &scope, &planned), "{scope:?}");
        assert!(part.start >= after(60_000) && part.begins(part.buckets.len()) <= after(120_000), "{scope:?}");
    }
}

/// Three times as many messages as are counted one by one. Every second minute has four times as many as the one before
/// it.
fn rising() -> Vec<Planned<'static>> {
    let (mut planned, mut milliseconds) = (Vec::new(), 0);
    for n in 0..6_000 {
        let name = ["account-1", "account-2", "order-1", "account-1"][n % 4];
        let number = i64::try_from(n).expect("few");
        planned.push((name, 2 * number + 5, milliseconds));
        milliseconds += if milliseconds / 60_000 % 2 == 0 { 400 } else { 100 };
    }
    planned
}

pub(super) async fn long_lists_are_counted_by_their_numbers(store: &TestStore) {
    let planned = rising();
    import(&store.namespace, &planned).await;
    for scope in scopes() {
        let whole = timeline(&store.namespace, &scope, None, 50).await;
        let expected = counted(&whole, &scope, &planned);
        let found = counts(&whole);
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            match scope {
                Scope::Stream(_) => assert!(found == expected && whole.buckets[index].exact, "{index}"),
                // Every second global position has no message, and a few of these gaps are found.
                Scope::Namespace => {
                    assert!(
                        *found <= 2 * expected && found + 6 >= 2 * expected && !whole.buckets[index].exact,
                        "{index}: {found}"
                    );
                }
                Scope::Category(_) | Scope::Member(..) => {
                    assert!(found.abs_diff(*expected) <= expected / 2 + 8, "{scope:?} {index}: {found}, {expected}");
                }
            }
        }
        // A part with few messages is counted one by one.
        let minute = timeline(&store.namespace, &scope, Some(after(60_000)..after(120_000)), 30).await;
        assert_eq!(minute.start, after(60_000), "{scope:?}");
        assert_eq!(counts(&minute), counted(&minute, &scope, &planned), "{scope:?}");
        assert!(minute.buckets.iter().all(|bucket| bucket.exact && bucket.first.is_some()), "{scope:?}");
    }
}

pub(super) async fn times_that_run_backwards_give_estimates(store: &TestStore) {
    let mut planned = rising();
    // The newer half was imported first.
    let half = planned.len() / 2;
    let times: Vec<i64> = planned.iter().map(|(.., time)| *time).collect();
    for (index, message) in planned.iter_mut().enumerate() {
        message.2 = times[(index + half) % times.len()];
    }
    import(&store.namespace, &planned).await;
    for scope in scopes() {
        let whole = timeline(&store.namespace, &scope, None, 10).await;
        assert!(!whole.buckets.iter().any(|bucket| bucket.exact && bucket.messages > 1), "{whole:?}");
        let expected = counted(&whole, &scope, &planned);
        let per_message = if scope == Scope::Namespace { 2 } else { 1 };
        for (found, expected) in counts(&whole).into_iter().zip(expected) {
            let expected = per_message * expected;
            assert!(found.abs_diff(expected) <= expected / 2 + 100, "{scope:?}: {found}, {expected}");
        }
    }
}

pub(super) async fn extreme_lists_have_a_timeline(store: &TestStore) {
    let namespace = &store.namespace;
    assert_eq!(namespace.timeline(&Scope::Namespace, None, 50).await.unwrap(), None, "an empty list");
    import(namespace, &[("one-1", 1, 123)]).await;
    let one = timeline(namespace, &Scope::Stream(stream("one-1")), None, 50).await;
    assert_eq!((one.start, counts(&one), one.buckets[0].first), (after(123), vec![1], Some(0)));
    // All messages in one second.
    let second: Vec<Planned<'_>> = (0..1_500).map(|n| ("second-1", 2 + n, 10_000 + n / 2)).collect();
    import(namespace, &second).await;
    let scope = Scope::Stream(stream("second-1"));
    let whole = timeline(namespace, &scope, None, 50).await;
    assert_eq!(whole.width, SignedDuration::from_millis(20));
    assert_eq!(counts(&whole), counted(&whole, &scope, &second));
    // Ten years and a million global positions between two groups of messages.
    let ten_years = 10 * 365 * 24 * 3_600_000_i64;
    let gap: Vec<Planned<'_>> = (0..3_000)
        .map(|n| if n < 1_500 { ("gap-1", 2_000 + n, 20_000 + n) } else { ("gap-1", 1_000_000 + n, ten_years + n) })
        .collect();
    import(namespace, &gap).await;
    let scope = Scope::Stream(stream("gap-1"));
    let whole = timeline(namespace, &scope, None, 50).await;
    assert_eq!(counts(&whole), counted(&whole, &scope, &gap));
    assert_eq!(
        (whole.buckets.first().map(|b| b.messages), whole.buckets.last().map(|b| b.messages)),
        (Some(1_500), Some(1_500))
    );
    assert!(whole.buckets.len() > 20 && counts(&whole).iter().filter(|count| **count > 0).count() == 2);
    let whole = timeline(namespace, &Scope::Namespace, None, 50).await;
    let total: u64 = counts(&whole).iter().sum();
    assert!((4_500..20_000).contains(&total), "the gap is not counted: {total}");
    let later = Some(after(2 * ten_years)..after(3 * ten_years));
    assert_eq!(namespace.timeline(&Scope::Namespace, later, 50).await.unwrap(), None, "nothing in the range");
}
