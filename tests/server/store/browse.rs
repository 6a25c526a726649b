//! Browsing: categories, streams, pages, estimates, lookups by time, and searches.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use jiff::SignedDuration;
use streamscope::message::{
    BodyPath, Category, ConsumerGroup, Message, MessageHead, NewMessage, PathValue, Size, StreamName,
};
use streamscope::store::browse::{Count, NamePart, Page, PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::import::{Import, ImportOptions, ImportedMessage, Placement};
use streamscope::store::tail::{Delivery, TailFrom};
use streamscope::store::{Filter, Namespace, StoreError};

use super::messages::{category, new, of_category, of_member, stream, write, write_many};
use crate::support::for_each_route;
use crate::support::stores::{Kind, TestStore};
use crate::tail;

for_each_route! {
    lists_categories_with_estimates,
    pages_of_streams_have_no_gaps_or_repeats,
    lists_recently_active_streams_window_by_window,
    finds_streams_by_parts_of_their_names,
    paging_from_either_end_reaches_the_other,
    heads_have_a_preview_and_a_size_but_no_large_body,
    heads_have_the_exact_values_of_paths_in_every_list,
    finds_the_first_message_at_a_time,
    time_filters_narrow_the_search_if_times_rise,
    recent_types_are_ordered_by_frequency,
    searching_window_by_window_finds_every_match,
}

pub(super) async fn lists_categories_with_estimates(store: &TestStore) {
    let namespace = &store.namespace;
    assert!(namespace.categories().await.unwrap().is_empty());
    write_many(namespace, "account-1", 3).await;
    write(namespace, "account:command-1", "Open").await;
    write(namespace, "Zebra-1", "Happened").await;
    write(namespace, "bare", "Happened").await;
    let categories = namespace.categories().await.unwrap();
    let names: Vec<_> = categories.iter().map(|row| (row.category.as_str(), row.estimate)).collect();
    assert_eq!(names, [("Zebra", Some(1)), ("account", Some(3)), ("account:command", Some(1)), ("bare", Some(1))]);
    let listed: Vec<_> = categories.into_iter().map(|row| row.category).collect();
    assert_eq!(namespace.category_names().await.unwrap(), listed);
}

/// Names in and around a category, some of which a wrong range would include or miss.
const AROUND_ACCOUNT: &[&str] = &[
    "Account-1",
    "acc-1",
    "account",
    "account+1-1",
    "account-",
    "account-1",
    "account-10",
    "account-2",
    "account-é",
    "account.x-1",
    "account:command",
    "account:command-1",
    "accountant-1",
    "accounts",
    "aardvark-1",
    "zoo-account-1",
];

async fn all_streams(namespace: &Namespace, of: &StreamsOf, limit: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut after = None;
    loop {
        let page = namespace.streams(of, &StreamsFrom::after(after), limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some(last) = page.last() else { return names };
        after = Some(last.stream.clone());
        names.extend(page.into_iter().map(|row| row.stream.as_str().to_owned()));
        assert!(names.len() <= AROUND_ACCOUNT.len(), "{names:?} repeats");
    }
}

async fn all_streams_from_the_end(namespace: &Namespace, of: &StreamsOf, limit: usize) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut from = StreamsFrom::End;
    loop {
        let page = namespace.streams(of, &from, limit).await.unwrap();
        let Some(first) = page.first() else { return names };
        from = StreamsFrom::Before(first.stream.clone());
        names.splice(..0, page.into_iter().map(|row| row.stream.as_str().to_owned()));
        assert!(names.len() <= AROUND_ACCOUNT.len(), "{names:?} repeats");
    }
}

pub(super) async fn pages_of_streams_have_no_gaps_or_repeats(store: &TestStore) {
    streams_have_no_gaps_or_repeats(&store.namespace).await;
}

/// Selects the names that a listing should contain.
type IsMeant = &'static dyn Fn(&str) -> bool;

fn lists() -> [(StreamsOf, IsMeant); 6] {
    [
        (StreamsOf::Namespace, &|_| true),
        (StreamsOf::Category(category("account")), &|name| streamscope::message::category(name) == "account"),
        (StreamsOf::Category(category("nothing")), &|_| false),
        (StreamsOf::Prefix("account".to_owned()), &|name| name.starts_with("account")),
        (StreamsOf::Prefix("account-1".to_owned()), &|name| name.starts_with("account-1")),
        (StreamsOf::Prefix(String::new()), &|_| true),
    ]
}

/// Also used for databases with another collation.
pub(super) async fn streams_have_no_gaps_or_repeats(namespace: &Namespace) {
    for name in AROUND_ACCOUNT {
        write_many(namespace, name, 2).await;
    }
    for (of, is_meant) in lists() {
        let expected: BTreeSet<_> =
            AROUND_ACCOUNT.iter().copied().filter(|name| is_meant(name)).map(str::to_owned).collect();
        for limit in [1, 2, 100] {
            let names = all_streams(namespace, &of, limit).await;
            assert_eq!(names.len(), expected.len(), "{of:?} by {limit}: {names:?}");
            assert_eq!(all_streams_from_the_end(namespace, &of, limit).await, names, "{of:?} backwards by {limit}");
            for (index, name) in names.iter().enumerate() {
                let at = StreamsFrom::At(StreamName::stored(name));
                let page = namespace.streams(&of, &at, limit).await.unwrap();
                assert_eq!(page[0].stream.as_str(), names[index], "{of:?} at {name}");
            }
            assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), expected, "{of:?} by {limit}");
        }
    }
    let page = namespace.streams(&StreamsOf::Category(category("account")), &StreamsFrom::Start, 1).await.unwrap();
    let last = namespace.last_stream_message(&page[0].stream, None).await.unwrap().unwrap();
    assert_eq!(
        (page[0].version, page[0].last_global_position, page[0].last_time),
        (1, last.global_position, last.time)
    );
}

pub(super) async fn finds_streams_by_parts_of_their_names(store: &TestStore) {
    let namespace = &store.namespace;
    parts_find_streams(namespace).await;
    let prefixes = ["account-1", "zoo", "nothing", "A"].map(str::to_owned);
    let found = namespace.streams_with_prefixes(&prefixes, 2).await.unwrap();
    let names: Vec<_> = found.iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["account-1", "account-10", "zoo-account-1", "Account-1"]);
    assert_eq!(found[0].version, 0);
    assert_eq!(namespace.streams_with_prefixes(&[], 2).await.unwrap(), []);
}

/// Returns the streams that a search finds with steps of this size, and checks that no step exceeds it.
async fn containing(namespace: &Namespace, of: &StreamsOf, text: &str, names: u32, limit: usize) -> Vec<String> {
    let (mut found, mut after, mut searched) = (Vec::new(), None, 0);
    loop {
        let part = NamePart::new(text);
        let step = namespace.streams_containing(of, &part, after.as_ref(), names, limit).await.unwrap();
        assert!(step.searched <= u64::from(names) && step.streams.len() <= limit, "{step:?}");
        searched += step.searched;
        found.extend(step.streams.into_iter().map(|row| row.stream.to_string()));
        let Some(next) = step.next else { break };
        after = Some(next);
    }
    assert!(searched <= AROUND_ACCOUNT.len() as u64, "no name is examined twice");
    found
}

/// Checks that every stream whose name contains a text is found once, whatever the size of the steps.
pub(super) async fn parts_find_streams(namespace: &Namespace) {
    for name in AROUND_ACCOUNT {
        write(namespace, name, "Happened").await;
    }
    for (of, is_meant) in lists() {
        for text in ["", "-1", "ACC", "Acc", "acc", "é", "oUn", "account-1", "%"] {
            let folds = text == text.to_lowercase();
            let contains = |name: &str| if folds { name.to_lowercase().contains(text) } else { name.contains(text) };
            let mut expected: Vec<_> = AROUND_ACCOUNT
                .iter()
                .filter(|name| is_meant(name) && contains(name))
                .map(|name| (*name).to_owned())
                .collect();
            expected.sort();
            for (names, limit) in [(1, 5), (3, 1), (1_000, 2), (1_000, 1_000)] {
                let mut found = containing(namespace, &of, text, names, limit).await;
                found.sort();
                assert_eq!(found, expected, "{text:?} in {of:?} with steps of {names} names and {limit} matches");
            }
        }
    }
}

pub(super) async fn lists_recently_active_streams_window_by_window(store: &TestStore) {
    let namespace = &store.namespace;
    for name in ["account-1", "account-2", "other-1", "account-3", "account-1", "account-2", "account-1"] {
        write(namespace, name, "Happened").await;
    }
    let all = namespace.recent_streams(&category("account"), None, 100).await.unwrap();
    let names: Vec<_> = all.streams.iter().map(|row| row.stream.as_str()).collect();
    assert_eq!(names, ["account-1", "account-2", "account-3"]);
    assert_eq!(all.next, None);

    let mut before = None;
    let mut found = Vec::new();
    loop {
        let window = namespace.recent_streams(&category("account"), before, 2).await.unwrap();
        found.extend(window.streams.into_iter().map(|row| row.stream.as_str().to_owned()));
        before = window.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, ["account-1", "account-2", "account-3"]);
}

fn numbers(scope: &Scope, page: &Page) -> Vec<i64> {
    let number = |head: &streamscope::message::MessageHead| match scope {
        Scope::Stream(_) => head.position,
        _ => head.global_position,
    };
    page.heads.iter().map(number).collect()
}

pub(super) async fn paging_from_either_end_reaches_the_other(store: &TestStore) {
    let namespace = &store.namespace;
    for number in 0..12 {
        write(namespace, &format!("account-{}", number % 3), "Happened").await;
        write(namespace, "other-1", "Happened").await;
    }
    write(namespace, "account", "Happened").await;
    let member = ConsumerGroup::new(1, 2).unwrap();
    let of_member: Vec<_> =
        of_category(namespace, "account").await.into_iter().filter(|m| member.has(m.stream.as_str())).collect();
    let scopes = [
        (Scope::Namespace, 25),
        (Scope::Category(category("account")), 13),
        (Scope::Member(category("account"), member), of_member.len()),
        (Scope::Stream(stream("account-1")), 4),
        (Scope::Category(category("nothing")), 0),
        (Scope::Stream(stream("account-9")), 0),
    ];
    for (scope, length) in &scopes {
        let whole = namespace.page(scope, PageFrom::Start, 1_000).await.unwrap();
        assert!(whole.at_start && whole.at_end);
        let all = numbers(scope, &whole);
        assert_eq!(all.len(), *length, "{scope:?}");
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{scope:?}: {all:?}");
        assert_eq!(namespace.page(scope, PageFrom::End, 1_000).await.unwrap(), whole, "{scope:?}");

        let mut up = Vec::new();
        let mut page = namespace.page(scope, PageFrom::Start, 3).await.unwrap();
        while let Some(last) = numbers(scope, &page).last().copied() {
            up.extend(numbers(scope, &page));
            assert_eq!(page.at_end, up.len() == all.len(), "{scope:?}");
            page = namespace.page(scope, PageFrom::After(last), 3).await.unwrap();
        }
        assert_eq!(up, all, "{scope:?} upwards");

        let mut down = Vec::new();
        let mut page = namespace.page(scope, PageFrom::End, 3).await.unwrap();
        while let Some(first) = numbers(scope, &page).first().copied() {
            let mut rows = numbers(scope, &page);
            rows.append(&mut down);
            down = rows;
            assert_eq!(page.at_start, down.len() == all.len(), "{scope:?}");
            page = namespace.page(scope, PageFrom::Before(first), 3).await.unwrap();
        }
        assert_eq!(down, all, "{scope:?} downwards");

        if let Some(middle) = all.get(all.len() / 2) {
            let page = namespace.page(scope, PageFrom::At(*middle), 1).await.unwrap();
            assert_eq!(numbers(scope, &page), [*middle]);
            let around = namespace.page(scope, PageFrom::Around(*middle), 2).await.unwrap();
            let index = all.iter().position(|number| number == middle).unwrap();
            let (first, end) = (index.saturating_sub(1), index + 1);
            assert_eq!(numbers(scope, &around), all[first..end], "{scope:?} around {middle}");
            assert_eq!((around.at_start, around.at_end), (index <= 1, end == all.len()), "{scope:?} around {middle}");
        }
        let count = Count { messages: *length as u64, through: Some(all.last().copied().unwrap_or(-1)) };
        assert_eq!(namespace.count(scope).await.unwrap(), count, "{scope:?}");
        if !matches!(scope, Scope::Member(..)) {
            let through = count.through.filter(|_| matches!(scope, Scope::Stream(_)));
            assert_eq!(namespace.estimate(scope).await.unwrap(), Some(Count { through, ..count }), "{scope:?}");
        }
    }
}

async fn heads_have_a_preview_and_a_size_but_no_large_body(store: &TestStore) {
    let namespace = &store.namespace;
    write(namespace, "account-1", "Small").await;
    let noise: Vec<_> = (0..4_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()).collect();
    let noise = noise.concat();
    let large = NewMessage { data: format!(r#"{{"noise": "{noise}"}}"#), ..new("account-1", "Large") };
    namespace.write(&large).await.unwrap();
    // The first takes less than 8 KiB when compressed, the second more.
    for (message_type, repeated) in [("Packed", 2_000), ("LargePacked", 300_000)] {
        let data = format!(r#"{{"äö": "{}"}}"#, "abcdefghij".repeat(repeated));
        namespace.write(&NewMessage { data, ..new("account-1", message_type) }).await.unwrap();
    }
    let page = namespace.page(&Scope::Stream(stream("account-1")), PageFrom::Start, 10).await.unwrap();
    let texts = namespace.stream_messages(&stream("account-1"), 0, 10).await.unwrap();
    let texts: Vec<Message> = texts.try_collect().await.unwrap();
    let exact = |index: usize| Size::of(texts[index].data.as_deref());
    assert_eq!((page.heads[0].preview.as_str(), page.heads[0].size), (r#"{"some": "data"}"#, Size::Text(16)));
    assert_eq!((page.heads[2].size, exact(2)), (exact(2), Size::Text(20_012)), "the length of the text");
    for index in [1, 3] {
        let (Size::Stored(stored), Size::Text(length)) = (page.heads[index].size, exact(index)) else {
            panic!("{:?}", page.heads[index].size)
        };
        assert_eq!(page.heads[index].preview, "");
        assert!(stored > 8_192 && stored <= length, "{stored} of {length}");
    }
}

async fn heads_have_the_exact_values_of_paths_in_every_list(store: &TestStore) {
    let [amount, sku, user] = ["$.amount", "items[1].sku", "meta:user"].map(|path| path.parse::<BodyPath>().unwrap());
    let namespace = store.namespace.clone().with_paths(Arc::from([amount.clone(), sku.clone(), user.clone()]));
    let options = tail::options(Scope::Category(category("account")), TailFrom::Start, Delivery::AtOnce);
    let items = r#""items": [{}, {"sku": "A-\u00e9"}]"#;
    let small = format!(r#"{{"amount": 12345678901234567890.10, {items}}}"#);
    let noise: Vec<_> = (0..4_000_u64).map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_string()).collect();
    // The text of the second is longer than 8 KiB, although it takes less in the table.
    let packed = format!(r#"{{"amount": 1, "note": "{}"}}"#, "abcdefghij".repeat(2_000));
    let large = format!(r#"{{"amount": 1, "note": "{}"}}"#, noise.concat());
    for (data, metadata) in [
        (small, Some(r#"{"user": null}"#.to_owned())),
        (packed, None),
        ("{}".to_owned(), Some(format!(r#"{{"user": "{}"}}"#, noise.concat()))),
        (large, Some(r#"{"user": "é"}"#.to_owned())),
    ] {
        namespace.write(&NewMessage { data, metadata, ..new("account-1", "Opened") }).await.unwrap();
    }
    let account = Scope::Stream(stream("account-1"));
    let heads = namespace.page(&account, PageFrom::Start, 10).await.unwrap().heads;
    let values = |path: &BodyPath| -> Vec<PathValue> {
        heads.iter().map(|head| head.values.get(path).cloned().expect("it was asked for")).collect()
    };
    let (number, string) =
        (PathValue::Number("12345678901234567890.10".to_owned()), PathValue::String("A-é".to_owned()));
    assert!(matches!(&heads[1].size, Size::Text(8_193..)));
    let not_read = |index: usize| PathValue::NotRead(heads[index].size);
    assert_eq!(values(&amount), [number, not_read(1), PathValue::Absent, not_read(3)]);
    assert_eq!(values(&sku), [string, not_read(1), PathValue::Absent, not_read(3)]);
    let users = values(&user);
    assert!(matches!(users[2], PathValue::NotRead(Size::Stored(8_193..))), "{:?}", users[2]);
    let expected = [PathValue::Literal("null".to_owned()), PathValue::Absent, PathValue::String("é".to_owned())];
    assert_eq!([&users[0], &users[1], &users[3]], [&expected[0], &expected[1], &expected[2]]);
    assert!(heads.iter().all(|head| head.preview.chars().count() <= 480), "bodies are dropped");

    // The same values come with every list.
    for scope in [account, Scope::Category(category("account")), Scope::Namespace] {
        assert_eq!(namespace.page(&scope, PageFrom::End, 10).await.unwrap().heads, heads, "{scope:?}");
        let found = namespace.search(&scope, &Filter::default(), PageFrom::Start, 100).await.unwrap();
        assert_eq!(found.heads, heads, "{scope:?}");
    }
    let batch = namespace.tail_heads(options.clone()).next().await.unwrap();
    let followed: Vec<MessageHead> = batch.messages.into_iter().map(|tailed| tailed.message).collect();
    assert_eq!(followed, heads);
    let mut tail = store.namespace.tail_heads(options);
    tail.set_paths(Arc::from([amount.clone()]));
    let batch = tail.next().await.unwrap();
    assert_eq!(batch.messages[0].message.values.get(&amount), heads[0].values.get(&amount));
    assert_eq!(batch.messages[0].message.values.get(&user), None);
}

pub(super) async fn finds_the_first_message_at_a_time(store: &TestStore) {
    let namespace = &store.namespace;
    for number in 0..20 {
        write(namespace, &format!("account-{}", number % 2), "Happened").await;
        write(namespace, "other-1", "Happened").await;
    }
    let member = ConsumerGroup::new(0, 2).unwrap();
    for scope in [
        Scope::Namespace,
        Scope::Category(category("account")),
        Scope::Member(category("account"), member),
        Scope::Stream(stream("account-1")),
    ] {
        let all = namespace.page(&scope, PageFrom::Start, 100).await.unwrap().heads;
        for head in &all {
            let expected = all.iter().find(|other| other.time >= head.time);
            let found = namespace.first_at(&scope, head.time).await.unwrap();
            assert_eq!(found.as_ref(), expected, "{scope:?} at {}", head.time);
        }
        let (Some(first), Some(last)) = (all.first(), all.last()) else { continue };
        let day = SignedDuration::from_hours(24);
        assert_eq!(namespace.first_at(&scope, first.time - day).await.unwrap().as_ref(), Some(first));
        assert_eq!(namespace.first_at(&scope, last.time + day).await.unwrap(), None);
    }
    let nothing = Scope::Category(category("nothing"));
    assert_eq!(namespace.first_at(&nothing, jiff::Timestamp::MIN).await.unwrap(), None);
}

/// Checks searches in a store with one message a day, at a global position of 1,000 times the number of the day.
async fn a_range_of_times_is_searched_from_both_ends(store: &TestStore, day: impl Fn(i64) -> jiff::Timestamp) {
    let namespace = &store.namespace;
    let filter = Filter { since: Some(day(100)), until: Some(day(200)), ..Filter::default() };
    let stream = Scope::Stream(stream("account-1"));
    for (scope, by) in [(Scope::Namespace, 1_000), (Scope::Category(category("account")), 1_000), (stream, 1)] {
        let number = |day: i64| if by == 1 { day - 1 } else { day * by };
        let range = namespace.search_range(&scope, &filter).await.unwrap();
        assert_eq!((range.first(), range.last()), (number(100), number(200) - 1), "{scope:?}");
        // The range may include a day on each side for late messages.
        assert!((number(98)..=number(99) + 1).contains(&range.lowest), "{range:?} of {scope:?}");
        assert!((number(200)..=number(201)).contains(&range.highest), "{range:?} of {scope:?}");
        for from in [PageFrom::Start, PageFrom::End] {
            let (mut next, mut found, mut searched) = (Some(from), BTreeSet::new(), 0);
            while let Some(from) = next {
                let step = namespace.search_within(&scope, &filter, &range, from, 7).await.unwrap();
                found.extend(step.heads.iter().map(|head| head.position));
                searched += step.searched;
                next = step.next;
            }
            assert_eq!(found, (99..199).collect(), "{from:?} of {scope:?}");
            assert!(searched <= 110, "{searched} messages were searched");
        }
        let (mut next, mut matches) = (Some(None), 0);
        while let Some(from) = next {
            let step = namespace.count_step(&scope, &filter, &range, from, 9).await.unwrap();
            matches += step.matches;
            next = step.next.map(Some);
        }
        assert_eq!(matches, 100, "{scope:?}");
    }
    let none = Filter { since: Some(day(1_000)), ..Filter::default() };
    let range = namespace.search_range(&Scope::Namespace, &none).await.unwrap();
    let step = namespace.search_within(&Scope::Namespace, &none, &range, PageFrom::Start, 100).await.unwrap();
    assert_eq!((step.searched, step.next), (0, None));
}

async fn time_filters_narrow_the_search_if_times_rise(store: &TestStore) {
    let options = ImportOptions { keep_global_positions: true, ..ImportOptions::default() };
    let mut import = Import::new(&store.namespace, options).unwrap();
    let day = |day: i64| jiff::Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day);
    let message = |number: i64, days: i64| {
        let placement =
            Placement::Kept { position: number - 1, global_position: Some(1_000 * number), time: day(days) };
        ImportedMessage {
            id: uuid::Uuid::now_v7(),
            stream: StreamName::stored("account-1"),
            message_type: "Happened".to_owned(),
            data: None,
            metadata: None,
            placement,
        }
    };
    let messages: Vec<_> = (1..=300).map(|number| message(number, number)).collect();
    import.batch(&messages).await.unwrap();
    let between = async |since, until| store.namespace.between(since, until).await.unwrap();
    assert_eq!(between(Some(day(100)), Some(day(200))).await, (99_000, 201_000));
    assert_eq!(between(Some(day(1)), None).await, (i64::MIN, i64::MAX));
    a_range_of_times_is_searched_from_both_ends(store, day).await;
    // With an older message after them, matches could be anywhere.
    import.batch(&[message(301, 5)]).await.unwrap();
    assert_eq!(between(Some(day(100)), Some(day(200))).await, (i64::MIN, i64::MAX));
}

pub(super) async fn recent_types_are_ordered_by_frequency(store: &TestStore) {
    let namespace = &store.namespace;
    for message_type in ["Opened", "Deposited", "Deposited", "Closed", "Deposited", "Closed"] {
        write(namespace, "account-1", message_type).await;
    }
    assert_eq!(namespace.recent_types(&category("account")).await.unwrap(), ["Deposited", "Closed", "Opened"]);
    assert!(namespace.recent_types(&category("nothing")).await.unwrap().is_empty());
}

/// Searches a category step by step from both ends, and returns the positions of the matches.
async fn found(namespace: &Namespace, filter: &Filter, window: u32) -> Vec<i64> {
    let scope = Scope::Category(Category::stored("account"));
    let mut both = Vec::new();
    for start in [PageFrom::Start, PageFrom::End] {
        let mut positions = Vec::new();
        let mut searched = 0;
        let mut from = Some(start);
        while let Some(next) = from {
            let step = namespace.search(&scope, filter, next, window).await.unwrap();
            assert!(step.searched <= u64::from(window));
            searched += step.searched;
            positions.extend(step.heads.iter().map(|head| head.position));
            from = step.next;
        }
        assert_eq!(searched, 10, "every message was searched once");
        positions.sort_unstable();
        both.push(positions);
    }
    assert_eq!(both[0], both[1]);
    both.remove(0)
}

async fn searching_window_by_window_finds_every_match(store: &TestStore) {
    let namespace = &store.namespace;
    for number in 0..10_i64 {
        let message = NewMessage {
            message_type: if number % 2 == 0 { "Even" } else { "Odd" }.to_owned(),
            data: format!(
                r#"{{"amount": {number}, "active": {}, "note": "100% \"n_{number}\" Ä\\b", "items": [{number}]}}"#,
                number == 3
            ),
            metadata: Some(format!(r#"{{"userName": "User{}"}}"#, number % 3)),
            ..new("account-1", "")
        };
        namespace.write(&message).await.unwrap();
        write(namespace, "other-1", "Even").await;
    }
    let data_path = |path: &str| Filter { data_path: Some(path.to_owned()), ..Filter::default() };
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    let all: Vec<i64> = (0..10).collect();
    for window in [1, 3, 10, 100] {
        assert_eq!(found(namespace, &Filter::default(), window).await, all);
        let types = Filter { types: vec!["Even".to_owned(), "Never".to_owned()], ..Filter::default() };
        assert_eq!(found(namespace, &types, window).await, [0, 2, 4, 6, 8]);
        assert_eq!(found(namespace, &data_path("$.amount > 6"), window).await, [7, 8, 9]);
        assert_eq!(found(namespace, &data_path("$ ? (@.amount > 6)"), window).await, [7, 8, 9]);
        assert_eq!(found(namespace, &data_path("$.items[*] ? (@ == 5)"), window).await, [5]);
    }
    assert_eq!(found(namespace, &data_path("$.amount.nothing > 6"), 4).await, Vec::<i64>::new());
    assert_eq!(found(namespace, &data_path("$.note > 6"), 4).await, Vec::<i64>::new());
    assert_eq!(found(namespace, &data_path("$.nothing"), 4).await, Vec::<i64>::new());
    assert_eq!(found(namespace, &data_path("$.active == true"), 4).await, [3]);
    assert_eq!(found(namespace, &data_path("$.note"), 4).await, all);
    // Times with and without a zone can be compared.
    for at in ["2026-03-01", "2026-03-01T12:00:00+02:00", "no time"] {
        let data = format!(r#"{{"at": "{at}"}}"#);
        namespace.write(&NewMessage { data, ..new("dated-1", "Even") }).await.unwrap();
    }
    let later = data_path(r#"$.at.datetime() > "2026-02-01".datetime()"#);
    let dated = namespace.search(&Scope::Stream(stream("dated-1")), &later, PageFrom::Start, 10).await.unwrap();
    assert_eq!(dated.heads.iter().map(|head| head.position).collect::<Vec<_>>(), [0, 1]);
    let metadata = Filter { metadata_path: Some("$.userName == \"User1\"".to_owned()), ..Filter::default() };
    assert_eq!(found(namespace, &metadata, 4).await, [1, 4, 7]);

    assert_eq!(found(namespace, &text("user2"), 4).await, [2, 5, 8]);
    assert_eq!(found(namespace, &text("n_4"), 4).await, [4], "_ is not a wildcard");
    assert_eq!(found(namespace, &text("100%"), 4).await, all, "% is not a wildcard");
    assert_eq!(found(namespace, &text("1%0"), 4).await, Vec::<i64>::new());
    assert_eq!(found(namespace, &text("\"n_4\""), 4).await, [4], "quotes are matched in the value");
    assert_eq!(found(namespace, &text("Ä\\b"), 4).await, all, "a backslash is matched in the value");

    let prefix = Filter { stream_prefix: Some("account-".to_owned()), ..Filter::default() };
    assert_eq!(found(namespace, &prefix, 4).await, all);
    let prefix = Filter { stream_prefix: Some("account_".to_owned()), ..Filter::default() };
    assert!(found(namespace, &prefix, 4).await.is_empty());

    let heads = namespace.page(&Scope::Stream(stream("account-1")), PageFrom::Start, 10).await.unwrap().heads;
    let between = Filter { since: Some(heads[2].time), until: Some(heads[5].time), ..Filter::default() };
    let expected: Vec<_> =
        heads.iter().filter(|h| h.time >= heads[2].time && h.time < heads[5].time).map(|h| h.position).collect();
    assert_eq!(found(namespace, &between, 4).await, expected);

    let wrong = Filter { metadata_path: Some("$ ??".to_owned()), data_path: Some("$".to_owned()), ..Filter::default() };
    let error = namespace.search(&Scope::Namespace, &wrong, PageFrom::End, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { field: "path on metadata", .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_step_stops_at_the_maximum_number_of_matches() {
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::new(kind).await;
        let insert = format!(
            "insert into \"{}\".messages (stream_name, position, type, data)
             select 'many-1', n, case when n % 2 = 0 then 'Even' else 'Odd' end, '{{}}' from generate_series(0, 1199) as n",
            store.schema
        );
        store.client().await.expect("a server").batch_execute(&insert).await.expect("inserted");
        let even = Filter { types: vec!["Even".to_owned()], ..Filter::default() };
        let scope = Scope::Stream(stream("many-1"));
        for (start, first, next) in [
            (PageFrom::Start, (0..1_000).step_by(2), PageFrom::After(999)),
            (PageFrom::End, (200..1_200).step_by(2), PageFrom::Before(199)),
        ] {
            let step = store.namespace.search(&scope, &even, start, 10_000).await.unwrap();
            let positions: Vec<i64> = step.heads.iter().map(|head| head.position).collect();
            assert_eq!(positions, first.collect::<Vec<_>>(), "{kind:?}");
            assert_eq!(
                (step.next, step.between.map(|(low, high)| high.abs_diff(low) + 1)),
                (Some(next), Some(step.searched))
            );
            let rest = store.namespace.search(&scope, &even, next, 10_000).await.unwrap();
            assert_eq!((rest.heads.len(), rest.searched, rest.next), (100, 1_200 - step.searched, None), "{kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copied_statements_run_without_a_search_path() {
    for kind in [Kind::OursOnPostgres, Kind::MessageDb, Kind::EventoDb] {
        let store = TestStore::new(kind).await;
        let name = r#"it's "a" \ category"#;
        for id in 1..=4 {
            write_many(&store.namespace, &format!("{name}-{id}"), 2).await;
        }
        write(&store.namespace, "other-1", "Happened").await;
        let client = store.client().await.expect("a store on the server");
        let group = ConsumerGroup::new(0, 2).expect("a member");
        for (scope, messages) in [
            (Scope::Namespace, 9),
            (Scope::Category(category(name)), 8),
            (Scope::Member(category(name), group), of_member(&store.namespace, name, 0, 2).await.len()),
            (Scope::Stream(stream(&format!("{name}-3"))), 2),
        ] {
            let statement = scope.statement(store.namespace.info());
            let rows = client.simple_query(&statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
            let rows = rows.iter().filter(|row| matches!(row, tokio_postgres::SimpleQueryMessage::Row(_)));
            assert_eq!(rows.count(), messages, "{kind:?}: {statement}");
        }
    }
}
