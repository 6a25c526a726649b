//! Compares the answers of every reading operation over two connections to one namespace. It never writes.

use futures_util::TryStreamExt as _;
use streamscope::message::{Category, ConsumerGroup, Message};
use streamscope::store::browse::{PageFrom, Scope, StreamsFrom, StreamsOf};
use streamscope::store::read::CategoryOptions;
use streamscope::store::{Filter, Namespace};

async fn of_category(namespace: &Namespace, category: &Category, options: &CategoryOptions) -> Vec<Message> {
    namespace.category_messages(category, 0, -1, options).await.unwrap().try_collect().await.unwrap()
}

/// Compares the answers and returns the number of messages. Use it with a few hundred messages at most.
pub(crate) async fn same_answers(one: &Namespace, other: &Namespace) -> usize {
    assert_eq!(one.info(), other.info());
    let categories = async |namespace: &Namespace| {
        let rows = namespace.categories().await.unwrap();
        rows.into_iter().map(|row| row.category).collect::<Vec<_>>()
    };
    let names = categories(one).await;
    assert_eq!(names, categories(other).await);
    for category in names {
        let group = |member| Some(ConsumerGroup::new(member, 3).unwrap());
        for consumer_group in [None, group(0), group(1), group(2)] {
            let options = CategoryOptions { consumer_group, ..CategoryOptions::default() };
            let messages = of_category(one, &category, &options).await;
            assert_eq!(messages, of_category(other, &category, &options).await, "{category}");
        }
        let recent = one.recent_streams(&category, None, 100).await.unwrap();
        assert_eq!(recent, other.recent_streams(&category, None, 100).await.unwrap());
        assert_eq!(one.recent_types(&category).await.unwrap(), other.recent_types(&category).await.unwrap());
        same_scope(one, other, &Scope::Category(category)).await;
    }
    let streams = one.streams(&StreamsOf::Namespace, &StreamsFrom::Start, 1_000).await.unwrap();
    assert_eq!(streams, other.streams(&StreamsOf::Namespace, &StreamsFrom::Start, 1_000).await.unwrap());
    for stream in streams.into_iter().map(|row| row.stream) {
        let messages: Vec<Message> = one.stream_messages(&stream, 0, -1).await.unwrap().try_collect().await.unwrap();
        let same: Vec<Message> = other.stream_messages(&stream, 0, -1).await.unwrap().try_collect().await.unwrap();
        assert_eq!(messages, same);
        assert_eq!(one.stream_version(&stream).await.unwrap(), other.stream_version(&stream).await.unwrap());
        for message_type in [None, messages.first().map(|message| message.message_type.as_str())] {
            let last = one.last_stream_message(&stream, message_type).await.unwrap();
            assert_eq!(last, other.last_stream_message(&stream, message_type).await.unwrap());
        }
        for message in messages.iter().take(10) {
            assert_eq!(other.message(message.global_position).await.unwrap().as_ref(), Some(message));
            assert_eq!(other.message_by_id(message.id).await.unwrap().as_ref(), Some(message));
        }
        same_scope(one, other, &Scope::Stream(stream)).await;
    }
    same_scope(one, other, &Scope::Namespace).await
}

async fn same_scope(one: &Namespace, other: &Namespace, scope: &Scope) -> usize {
    let page = one.page(scope, PageFrom::Start, 1_000).await.unwrap();
    assert_eq!(page, other.page(scope, PageFrom::Start, 1_000).await.unwrap());
    assert_eq!(other.page(scope, PageFrom::End, 1_000).await.unwrap(), page);
    assert_eq!(one.count(scope).await.unwrap(), other.count(scope).await.unwrap());
    if let Some(middle) = page.heads.get(page.heads.len() / 2) {
        let at = one.first_at(scope, middle.time).await.unwrap();
        assert_eq!(at, other.first_at(scope, middle.time).await.unwrap());
        let filter = Filter { types: vec![middle.message_type.clone()], ..Filter::default() };
        let found = one.search(scope, &filter, PageFrom::Start, 1_000).await.unwrap();
        assert_eq!(found.heads, other.search(scope, &filter, PageFrom::Start, 1_000).await.unwrap().heads);
    }
    page.heads.len()
}
