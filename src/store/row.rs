//! Rows of the server, decoded from binary into the field's types: whole messages, heads, streams. Never parses a message's
//! bodies: they stay the server's own text.

use std::borrow::Cow;
use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use super::{Result, StoreError};
use crate::message::{Message, MessageHead, Size, StreamName};

/// What [`message`] reads, as a select list over the table.
pub(super) const MESSAGE_COLUMNS: &str =
    "id, stream_name, type, position, global_position, time, data::text, metadata::text";

/// What [`head`] reads, as a select list over the table. A body over 8 KiB as stored has no preview, and its length is not
/// known: it would have to be fetched and unpacked whole for it. The size is the length of the text, or negative the bytes that
/// are stored.
pub(super) const HEAD_COLUMNS: &str = "id, stream_name, type, position, global_position, time, \
     case when pg_column_size(data) <= 8192 then octet_length(data::text) else coalesce(-pg_column_size(data), 0) end::bigint, \
     case when pg_column_size(data) <= 8192 then left(data::text, 240) else '' end";

/// Microseconds from 1970-01-01 to 2000-01-01, Postgres's epoch.
const EPOCH_US: i64 = 946_684_800_000_000;

/// The server's first time, 4714-11-24 BC, in microseconds from 2000-01-01.
const FIRST_US: i64 = -211_813_488_000_000_000;

/// The first time that a message can have.
pub const FIRST: Timestamp = Timestamp::constant((FIRST_US + EPOCH_US) / 1_000_000, 0);

/// `timestamp without time zone` as UTC. What lies outside of jiff's years, the infinities included, is [`Timestamp::MIN`] or
/// [`Timestamp::MAX`], which are no time of the server's, and goes back as an infinity.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerTime(pub(super) Timestamp);

impl<'a> FromSql<'a> for ServerTime {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let since_2000 = i64::from_be_bytes(raw.try_into()?);
        let limit = if since_2000 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let time = since_2000.checked_add(EPOCH_US).and_then(|us| Timestamp::from_microsecond(us).ok());
        Ok(Self(time.unwrap_or(limit)))
    }

    accepts!(TIMESTAMP);
}

impl ToSql for ServerTime {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        // What is before the server's first time is before everything, which is -infinity.
        let since_2000 = self.0.as_microsecond() - EPOCH_US;
        out.put_i64(match since_2000 {
            _ if self.0 == Timestamp::MAX => i64::MAX,
            ..FIRST_US => i64::MIN,
            _ => since_2000,
        });
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMP);
    to_sql_checked!();
}

/// Text as the server has it, whatever its bytes are: databases of the encoding `SQL_ASCII` check nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lossy {
    /// With U+FFFD in place of what is not UTF-8.
    pub(super) text: String,
    /// Whether there was anything like that.
    pub(super) damaged: bool,
}

impl<'a> FromSql<'a> for Lossy {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = String::from_utf8_lossy(raw);
        Ok(Self { damaged: matches!(text, Cow::Owned(_)), text: text.into_owned() })
    }

    accepts!(TEXT, VARCHAR, BPCHAR, NAME);
}

/// One column. A table whose column is of another type is no message store's.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(|error| {
        let name = row.columns().get(index).map_or("?", tokio_postgres::Column::name);
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        StoreError::Server { code: "42804".to_owned(), message: format!("column {name}: {cause}") }
    })
}

/// A row of [`MESSAGE_COLUMNS`].
pub(super) fn message(row: &Row) -> Result<Message> {
    Ok(Message {
        id: column(row, 0)?,
        stream: StreamName::stored(column::<String>(row, 1)?),
        message_type: column(row, 2)?,
        position: column(row, 3)?,
        global_position: column(row, 4)?,
        time: column::<ServerTime>(row, 5)?.0,
        data: column(row, 6)?,
        metadata: column(row, 7)?,
    })
}

/// A row of [`HEAD_COLUMNS`].
pub(super) fn head(row: &Row) -> Result<MessageHead> {
    Ok(MessageHead {
        id: column(row, 0)?,
        stream: StreamName::stored(column::<String>(row, 1)?),
        message_type: column(row, 2)?,
        position: column(row, 3)?,
        global_position: column(row, 4)?,
        time: column::<ServerTime>(row, 5)?.0,
        size: match column::<i64>(row, 6)? {
            stored @ ..0 => Size::Stored(stored.unsigned_abs()),
            text => Size::Text(text.unsigned_abs()),
        },
        preview: column(row, 7)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(since_2000: i64) -> Timestamp {
        ServerTime::from_sql(&Type::TIMESTAMP, &since_2000.to_be_bytes()).expect("eight bytes").0
    }

    #[test]
    fn times_count_from_the_year_2000_in_microseconds() {
        assert_eq!(decoded(0).to_string(), "2000-01-01T00:00:00Z");
        assert_eq!(decoded(-1).to_string(), "1999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn infinite_times_become_the_first_and_the_last_time() {
        assert_eq!(decoded(i64::MAX), Timestamp::MAX);
        assert_eq!(decoded(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn a_time_goes_to_the_server_as_it_came() {
        for since_2000 in [0, 1, -1, 820_454_400_123_456, FIRST_US, i64::MIN, i64::MAX] {
            let mut out = BytesMut::new();
            ServerTime(decoded(since_2000)).to_sql(&Type::TIMESTAMP, &mut out).expect("a time has its eight bytes");
            assert_eq!(&out[..], since_2000.to_be_bytes());
        }
    }
}
