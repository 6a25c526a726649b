//! Finds messages by time without an index on `time`. Bisecting positions finds a message near a time. Sampling the
//! whole namespace finds a range that contains every message of a time span.

use jiff::{SignedDuration, Timestamp};
use tokio_postgres::types::Type;

use super::super::row::{self, ServerTime};
use super::super::session::Parameter;
use super::super::{Filter, Namespace, Result};
use super::scope::Direction;
use super::{PageFrom, Scope, SearchRange};
use crate::message::{GlobalPosition, MessageHead};

/// The number of samples for checking whether times rise.
const SAMPLES: i64 = 1_000;
/// A namespace with at most this many global positions is not sampled.
const SMALL_NAMESPACE: i64 = 100_000;
/// How much older than its predecessors a message can be at most, by assumption. Its time is the time at which its
/// transaction began.
const MAX_LATENESS: SignedDuration = SignedDuration::from_hours(1);

impl Namespace {
    /// Returns the first message at or after a time, or `None` if all are older. It bisects global positions, or the
    /// positions of a stream, and relies on time rising with them approximately.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn first_at(&self, scope: &Scope, time: Timestamp) -> Result<Option<MessageHead>> {
        let found = self.first_by(scope, self.time_expression(), (&ServerTime(time), Type::TIMESTAMP)).await?;
        match (&found, scope) {
            // This is the first message of the category. The member's first message is the same or a later one.
            (Some(head), Scope::Member(..)) => {
                let page = self.page(scope, PageFrom::At(head.global_position), 1).await?;
                Ok(page.heads.into_iter().next())
            }
            _ => Ok(found),
        }
    }

    /// Returns the first message whose time or global position is at least `value`.
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
        row.as_ref().map(|row| row::head(row, &self.paths)).transpose()
    }

    /// Returns the range that contains all messages within the filter's times. Reads at most about 1,000 messages,
    /// however large the namespace is.
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
        // If no message is that late, the part of the search below `start` finds nothing.
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

    /// Returns two global positions such that every message from `since` on and before `until` is after the first and
    /// at or before the second. Other messages can be there too. Samples 1,000 messages across the namespace, and
    /// assumes that no message is more than an hour late. Returns the whole namespace if times do not rise with global
    /// positions, for example after an import of older messages.
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
        let rows = self.session().await?.query(&sql, &[(&SAMPLES, Type::INT8), (&SMALL_NAMESPACE, Type::INT8)]).await?;
        let sample = |row| Ok((row::column(row, 0)?, row::column::<ServerTime>(row, 1)?.0));
        let samples: Vec<(GlobalPosition, Timestamp)> = rows.iter().map(sample).collect::<Result<_>>()?;
        if !times_rise(&samples) {
            return Ok(EVERYTHING);
        }
        // Messages up to the first sample are too old to match, and messages after the second one are too new.
        let before = |since| samples.iter().take_while(|(_, time)| time.duration_until(since) > MAX_LATENESS).last();
        let after =
            |until| samples.iter().rev().take_while(|(_, time)| time.duration_since(until) >= MAX_LATENESS).last();
        Ok((
            since.and_then(before).map_or(EVERYTHING.0, |(position, _)| *position),
            until.and_then(after).map_or(EVERYTHING.1, |(position, _)| *position),
        ))
    }
}

/// Whether no sample is much earlier than one before it.
fn times_rise(samples: &[(GlobalPosition, Timestamp)]) -> bool {
    let mut latest = Timestamp::MIN;
    samples.iter().all(|(_, time)| {
        latest = latest.max(*time);
        time.duration_until(latest) <= MAX_LATENESS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_rise_if_no_message_is_more_than_an_hour_late() {
        let hours = |hours: &[i64]| -> Vec<_> {
            let time = |hour: &i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(*hour);
            hours.iter().enumerate().map(|(at, hour)| (i64::try_from(at).expect("few"), time(hour))).collect()
        };
        assert!(times_rise(&hours(&[])) && times_rise(&hours(&[1, 1, 3, 2, 7])));
        assert!(!times_rise(&hours(&[1, 3, 2, 1, 7])), "it falls little by little");
        assert!(!times_rise(&hours(&[9, 1, 2])));
    }
}
