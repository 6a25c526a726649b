//! From a time to a place: there is no index on `time`, so the numbers are bisected, which finds a message of about this time, or
//! looked into all over, which leaves none out.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

use super::super::row::{self, ServerTime};
use super::super::session::Parameter;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::{PageFrom, Scope, SearchRange};
use crate::message::{GlobalPosition, MessageHead};

/// Places that are looked at to learn whether times rise.
const PLACES: i64 = 1_000;
/// A namespace of so many global positions is not looked into first.
const SMALL: i64 = 100_000;
/// A message has the time at which its transaction began, so it can be so much older than those before it.
const LATE: SignedDuration = SignedDuration::from_hours(1);

impl Namespace {
    /// The first message at or after a time, found by bisecting the primary key (time rises with it, nearly), or the
    /// stream's positions for a stream; none where all are older.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn first_at(&self, scope: &Scope, time: Timestamp) -> Result<Option<MessageHead>> {
        let found = self.first_by(scope, self.time_expression(), (&ServerTime(time), Type::TIMESTAMP)).await?;
        match (&found, scope) {
            // The category's first; the member's is it or a later one.
            (Some(head), Scope::Member(..)) => {
                let page = self.page(scope, PageFrom::At(head.global_position), 1).await?;
                Ok(page.heads.into_iter().next())
            }
            _ => Ok(found),
        }
    }

    /// The first message whose time or global position is not less than a value.
    async fn first_by(&self, scope: &Scope, measure: &str, value: Parameter<'_>) -> Result<Option<MessageHead>> {
        let from_first = self.window(scope, Direction::Rising, "'-9223372036854775808'::bigint", "$2");
        let back_from_last = self.window(scope, Direction::Falling, "9223372036854775807", "$2");
        let from_middle = self.window(scope, Direction::Rising, "middle.number", "$2");
        let from_place = self.window(scope, Direction::Rising, "place.number", "$2");
        let sql = self.query(
            include_str!("../../../sql/query/first_at.sql"),
            &[
                ("number", scope.number()),
                ("measure", measure),
                ("from_first", &from_first),
                ("back_from_last", &back_from_last),
                ("from_middle", &from_middle),
                ("from_place", &from_place),
            ],
        );
        let session = self.session().await?;
        let row = session.query_opt(&sql, &[value, (&scope.name(), Type::TEXT)]).await?;
        row.as_ref().map(row::head).transpose()
    }

    /// Where the messages of a filter's times can be. It reads no more than about a thousand messages, however many there are.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn search_range(&self, scope: &Scope, filter: &Filter) -> Result<SearchRange> {
        if filter.since.is_none() && filter.until.is_none() {
            return Ok(SearchRange::EVERYTHING);
        }
        let whole = match scope {
            Scope::Member(category, _) => Scope::Category(category.clone()),
            scope => scope.clone(),
        };
        let number = |head: &MessageHead| match whole {
            Scope::Stream(_) => head.position,
            _ => head.global_position,
        };
        let (after, up_to) = self.between(filter.since, filter.until).await?;
        let (mut lowest, mut highest) = (after.saturating_add(1), up_to);
        if let Scope::Stream(_) = whole {
            // The positions of a stream rise with its global positions.
            let first_from = async |position: Option<GlobalPosition>| match position {
                Some(position) => self.first_by(&whole, "global_position", (&position, Type::INT8)).await,
                None => Ok(None),
            };
            if after > GlobalPosition::MIN {
                lowest = first_from(after.checked_add(1)).await?.map_or(i64::MAX, |head| head.position);
            } else {
                lowest = i64::MIN;
            }
            highest = first_from(up_to.checked_add(1)).await?.map_or(i64::MAX, |head| head.position.saturating_sub(1));
        }
        // Where nothing is that late, a search from the start finds nothing before it turns around.
        let start = match filter.since {
            Some(since) => Some(self.first_at(&whole, since).await?.as_ref().map_or(i64::MAX, number)),
            None => None,
        };
        let end = match filter.until {
            Some(until) => self.first_at(&whole, until).await?.as_ref().map(|head| number(head).saturating_sub(1)),
            None => None,
        };
        Ok(SearchRange { lowest, highest, start, end })
    }

    /// Global positions between which all messages of some times lie: from one time on, and before another. They lie behind the
    /// first and up to the second one, and others can lie there too. It is everything where times do not rise with global
    /// positions, as after an import of older messages; a look at 1,000 places all over the namespace tells, and takes a message
    /// for at most an hour late.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn between(
        &self,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<(GlobalPosition, GlobalPosition)> {
        const EVERYTHING: (GlobalPosition, GlobalPosition) = (GlobalPosition::MIN, GlobalPosition::MAX);
        if since.is_none() && until.is_none() {
            return Ok(EVERYTHING);
        }
        let sql = self.query(include_str!("../../../sql/query/spread.sql"), &[]);
        let rows = self.session().await?.query(&sql, &[(&PLACES, Type::INT8), (&SMALL, Type::INT8)]).await?;
        let place = |row| Ok((row::column(row, 0)?, row::column::<ServerTime>(row, 1)?.0));
        let places: Vec<(GlobalPosition, Timestamp)> = rows.iter().map(place).collect::<Result<_>>()?;
        if !rise(&places) {
            return Ok(EVERYTHING);
        }
        // From the last place before which nothing can be that late, and to the first behind which nothing can be that early.
        let before = |since| places.iter().take_while(|(_, time)| time.duration_until(since) > LATE).last();
        let behind = |until| places.iter().rev().take_while(|(_, time)| time.duration_since(until) >= LATE).last();
        Ok((
            since.and_then(before).map_or(EVERYTHING.0, |(position, _)| *position),
            until.and_then(behind).map_or(EVERYTHING.1, |(position, _)| *position),
        ))
    }
}

/// Whether no time lies far below one before it.
fn rise(places: &[(GlobalPosition, Timestamp)]) -> bool {
    let mut latest = Timestamp::MIN;
    places.iter().all(|(_, time)| {
        latest = latest.max(*time);
        time.duration_until(latest) <= LATE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_where_none_is_more_than_a_little_late() {
        let hours = |hours: &[i64]| -> Vec<_> {
            let time = |hour: &i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(*hour);
            hours.iter().enumerate().map(|(at, hour)| (i64::try_from(at).expect("few"), time(hour))).collect()
        };
        assert!(rise(&hours(&[])) && rise(&hours(&[1, 1, 3, 2, 7])));
        assert!(!rise(&hours(&[1, 3, 2, 1, 7])), "it falls little by little");
        assert!(!rise(&hours(&[9, 1, 2])));
    }
}
