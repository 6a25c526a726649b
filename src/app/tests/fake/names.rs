//! Lists the categories and streams.

use std::collections::HashMap;

use super::Fake;
use crate::message::{Category, Message, StreamName, category};
use crate::store::browse::{CategoryRow, NamePart, Scope, StreamMatches, StreamRow, StreamsOf};

impl Fake {
    pub(super) fn categories(&self) -> Vec<CategoryRow> {
        let mut names: Vec<&str> = self.messages.iter().map(|message| category(message.stream.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        let row = |name: &str| {
            let estimate = Some(self.messages_of(&Scope::Category(Category::stored(name))).len() as u64);
            CategoryRow { category: Category::stored(name), estimate }
        };
        names.into_iter().map(row).collect()
    }

    pub(super) fn streams_containing(
        &self,
        of: &StreamsOf,
        part: &NamePart,
        after: Option<&StreamName>,
        names: u32,
        limit: usize,
    ) -> StreamMatches {
        let rows = self.streams(of).into_iter().filter(|row| after.is_none_or(|after| row.stream > *after));
        let mut found = StreamMatches { streams: Vec::new(), searched: 0, next: None };
        let names = self.search_window.unwrap_or(names as usize);
        let mut rows = rows.peekable();
        while let Some(row) = rows.next() {
            found.searched += 1;
            let stream = row.stream.clone();
            found.streams.extend(part.find_in(stream.as_str()).map(|_| row));
            if found.searched as usize == names || found.streams.len() == limit {
                found.next = rows.peek().map(|_| stream);
                break;
            }
        }
        found
    }

    pub(super) fn streams(&self, of: &StreamsOf) -> Vec<StreamRow> {
        let is_meant = |name: &StreamName| match of {
            StreamsOf::Namespace => true,
            StreamsOf::Category(category) => name.category() == *category,
            StreamsOf::Prefix(prefix) => name.as_str().starts_with(prefix),
        };
        // Later messages replace earlier ones, so the map keeps the last message of each stream.
        let last: HashMap<_, _> = self.messages.iter().map(|message| (&message.stream, message)).collect();
        let mut last: Vec<(&StreamName, &Message)> = last.into_iter().filter(|(name, _)| is_meant(name)).collect();
        last.sort_by_key(|(name, _)| *name);
        let row = |(name, last): (&StreamName, &Message)| StreamRow {
            stream: name.clone(),
            version: last.position,
            last_global_position: last.global_position,
            last_time: last.time,
        };
        last.into_iter().map(row).collect()
    }
}
