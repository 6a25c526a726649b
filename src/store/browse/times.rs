//! From a time to a place: there is no index on `time`, so the numbers are bisected.

use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::super::row::{self, ServerTime};
use super::super::{Namespace, Result};
use super::scope::Direction;
use super::{PageFrom, Scope};
use crate::message::MessageHead;

impl Namespace {
    /// The first message at or after a time, found by bisecting the primary key (time rises with it, nearly), or the
    /// stream's positions for a stream; none where all are older.
    ///
    /// # Errors
    /// The server's.
    pub async fn first_at(&self, scope: &Scope, time: Timestamp) -> Result<Option<MessageHead>> {
        let from_first = self.window(scope, Direction::Rising, "'-9223372036854775808'::bigint", "$2");
        let back_from_last = self.window(scope, Direction::Falling, "9223372036854775807", "$2");
        let from_middle = self.window(scope, Direction::Rising, "middle.number", "$2");
        let from_place = self.window(scope, Direction::Rising, "place.number", "$2");
        let sql = self.query(
            include_str!("../../../sql/query/first_at.sql"),
            &[
                ("number", scope.number()),
                ("from_first", &from_first),
                ("back_from_last", &back_from_last),
                ("from_middle", &from_middle),
                ("from_place", &from_place),
            ],
        );
        let session = self.sessions.acquire().await?;
        let row = session.query_opt(&sql, &[(&ServerTime(time), Type::TIMESTAMP), (&scope.name(), Type::TEXT)]).await?;
        drop(session);
        let found = row.as_ref().map(row::head).transpose()?;
        match (&found, scope) {
            // The category's first; the member's is it or a later one.
            (Some(head), Scope::Member(..)) => {
                let page = self.page(scope, PageFrom::At(head.global_position), 1).await?;
                Ok(page.heads.into_iter().next())
            }
            _ => Ok(found),
        }
    }
}
