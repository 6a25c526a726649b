//! Tests of importing batches through the library into each kind of store.

use futures_util::TryStreamExt as _;
use streamscope::message::{Message, StreamName};
use streamscope::store::Namespace;
use streamscope::store::browse::{PageFrom, Scope};
use streamscope::store::import::{ImportedMessage, Placement};
use uuid::Uuid;

use crate::support::for_each_store;
use crate::support::stores::TestStore;

for_each_store!(a_batch_is_stored_unchanged_and_skipped_the_second_time);

pub(super) fn kept(stream: &str, position: i64, data: &str) -> ImportedMessage {
    ImportedMessage {
        id: Uuid::now_v7(),
        stream: StreamName::stored(stream),
        message_type: "Opened".to_owned(),
        data: Some(data.to_owned()),
        metadata: None,
        placement: Placement::Kept {
            position,
            global_position: None,
            time: "2020-02-29T23:59:59.123456Z".parse().unwrap(),
        },
    }
}

pub(super) async fn all(namespace: &Namespace, category: &str) -> Vec<Message> {
    let category = streamscope::message::Category::new(category).unwrap();
    let options = streamscope::store::read::CategoryOptions::default();
    namespace.category_messages(&category, 0, -1, &options).await.unwrap().try_collect().await.unwrap()
}

/// Returns the highest global position.
pub(super) async fn newest(namespace: &Namespace) -> i64 {
    let page = namespace.page(&Scope::Namespace, PageFrom::End, 1).await.unwrap();
    page.heads.first().map_or(0, |head| head.global_position)
}

async fn a_batch_is_stored_unchanged_and_skipped_the_second_time(store: &TestStore) {
    let messages = [
        kept("account-1", 0, r#"{"m": 1.10, "n": 12345678901234567890123}"#),
        kept("account-2", 0, "[1]"),
        kept("account-1", 1, "{}"),
    ];
    let done = store.namespace.import(&messages).await.unwrap();
    assert_eq!((done.imported, done.present), (3, 0));
    let again = store.namespace.import(&messages).await.unwrap();
    assert_eq!((again.imported, again.present), (0, 3));
    let found = all(&store.namespace, "account").await;
    assert_eq!(found.len(), 3);
    for (found, message) in found.iter().zip(&messages) {
        assert_eq!(found.id, message.id);
        assert_eq!(found.data, message.data);
        let Placement::Kept { position, time, .. } = message.placement else { unreachable!() };
        assert_eq!((found.position, found.time), (position, time));
    }
}
