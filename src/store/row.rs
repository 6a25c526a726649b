//! Decodes rows from Postgres's binary format into messages and message heads. JSON bodies stay the server's own text
//! and are never reformatted.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use bytes::{BufMut as _, BytesMut};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

use super::{Result, StoreError};
use crate::json;
use crate::json::path::BodyText;
use crate::message::{BodyPath, Message, MessageHead, NO_TIME, PathValues, Size, StreamName};

/// The number of characters in a preview.
pub(super) const PREVIEW: usize = 480;
/// The largest body that is read with a message head, in bytes.
pub(super) const READ_FOR_PATHS: u64 = 8_192;

/// Microseconds from 1970-01-01 to 2000-01-01, the epoch of Postgres timestamps.
const EPOCH_US: i64 = 946_684_800_000_000;

/// The earliest Postgres timestamp, 4714-11-24 BC, in microseconds from 2000-01-01.
const FIRST_US: i64 = -211_813_488_000_000_000;

/// The earliest time that a message can have.
pub const FIRST: Timestamp = Timestamp::constant((FIRST_US + EPOCH_US) / 1_000_000, 0);

/// A `timestamp without time zone`, taken as UTC. Infinities and times outside jiff's range become [`Timestamp::MIN`]
/// or [`Timestamp::MAX`], which no stored timestamp equals, and are sent back as infinities.
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
        // A time before the earliest Postgres timestamp is sent as -infinity, which compares the same way.
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

/// Text from the server with invalid UTF-8 replaced. Databases with the encoding `SQL_ASCII` may contain any bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lossy {
    /// The text, with U+FFFD in place of invalid UTF-8.
    pub(super) text: String,
    /// Whether anything was replaced.
    pub(super) damaged: bool,
}

impl<'a> FromSql<'a> for Lossy {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        let text = String::from_utf8_lossy(raw);
        Ok(Self { damaged: matches!(text, Cow::Owned(_)), text: text.into_owned() })
    }

    accepts!(TEXT, VARCHAR, BPCHAR, NAME, BYTEA);
}

/// Decodes one column. An unexpected type is an error, because the table is then not a message store's.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T> {
    row.try_get(index).map_err(|error| {
        let name = row.columns().get(index).map_or("?", tokio_postgres::Column::name);
        let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        StoreError::Server { code: "42804".to_owned(), message: format!("column {name}: {cause}") }
    })
}

/// Decodes a text column. NULL, which another program's table may allow, is the empty text.
pub(super) fn text(row: &Row, index: usize) -> Result<String> {
    Ok(column::<Option<Lossy>>(row, index)?.map(|text| text.text).unwrap_or_default())
}

/// Decodes a JSON document that a query of our own returned. `what` names it in the error.
pub(super) fn document<T: DeserializeOwned>(json: &str, what: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| StoreError::Server {
        code: "XX000".to_owned(),
        message: format!("cannot read {what}: {error}"),
    })
}

/// Decodes a time. NULL is before every other time.
pub(super) fn time(row: &Row, index: usize) -> Result<Timestamp> {
    Ok(column::<Option<ServerTime>>(row, index)?.map_or(Timestamp::MIN, |time| time.0))
}

/// A stored ID, or its text if that is not a UUID.
pub(super) struct StoredId(Result<Uuid, String>);

impl StoredId {
    /// Returns the ID, or a digest of its text in the form of one, so that other IDs can be told apart too.
    pub(super) fn digest(self) -> Uuid {
        self.0.unwrap_or_else(|text| {
            let digest = Sha256::digest(text.trim_end().as_bytes());
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&digest[..16]);
            Uuid::from_bytes(bytes)
        })
    }
}

impl<'a> FromSql<'a> for StoredId {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if *kind == Type::UUID {
            return Ok(Self(Ok(Uuid::from_slice(raw)?)));
        }
        let text = String::from_utf8_lossy(raw);
        Ok(Self(Uuid::parse_str(text.trim_end()).map_err(|_| text.into_owned())))
    }

    accepts!(UUID, TEXT, VARCHAR, BPCHAR);
}

/// Reads the columns of one message. A value that cannot be decoded is replaced, and the flaw describes it, so that one
/// bad message does not prevent others from being read.
struct Reader<'a> {
    row: &'a Row,
    flaw: Option<String>,
}

impl Reader<'_> {
    fn flawed(&mut self, flaw: String) {
        self.flaw.get_or_insert(flaw);
    }

    fn identity(&mut self) -> Result<Identity> {
        Ok(Identity {
            id: self.id()?,
            stream: StreamName::stored(self.text(1, "stream")?),
            message_type: self.text(2, "type")?,
            position: self.number(3, "position")?,
            global_position: self.number(4, "global position")?,
            time: self.time()?,
        })
    }

    fn id(&mut self) -> Result<Uuid> {
        match column::<Option<StoredId>>(self.row, 0)? {
            Some(StoredId(Ok(id))) => return Ok(id),
            Some(StoredId(Err(text))) => self.flawed(format!("its ID {text} is not a UUID")),
            None => self.flawed("its ID is NULL".to_owned()),
        }
        Ok(Uuid::nil())
    }

    fn text(&mut self, index: usize, name: &str) -> Result<String> {
        let Some(Lossy { text, damaged }) = column(self.row, index)? else {
            self.flawed(format!("its {name} is NULL"));
            return Ok(String::new());
        };
        if damaged {
            self.flawed(format!("its {name} is not valid UTF-8"));
        }
        Ok(text)
    }

    fn number(&mut self, index: usize, name: &str) -> Result<i64> {
        let number: Option<i64> = column(self.row, index)?;
        if number.is_none() {
            self.flawed(format!("its {name} is NULL"));
        }
        Ok(number.unwrap_or_default())
    }

    fn time(&mut self) -> Result<Timestamp> {
        if column::<Option<ServerTime>>(self.row, 5)?.is_none() {
            self.flawed(NO_TIME.to_owned());
        }
        time(self.row, 5)
    }

    /// Returns a body that is always JSON. JSON columns guarantee it; other columns are checked, and text that is not
    /// JSON becomes a JSON string.
    fn body(&mut self, index: usize, name: &str) -> Result<Option<String>> {
        let Some(Lossy { text, damaged }) = column(self.row, index)? else { return Ok(None) };
        if damaged {
            self.flawed(format!("its {name} is not valid UTF-8"));
        }
        let kept_as_json = self.row.columns()[index].type_() == &Type::TEXT;
        if kept_as_json || json::check_stored(&text).is_ok() {
            return Ok(Some(text));
        }
        self.flawed(format!("its {name} is not JSON"));
        Ok(Some(serde_json::Value::from(text).to_string()))
    }
}

/// The columns that messages and heads have in common.
struct Identity {
    id: Uuid,
    stream: StreamName,
    message_type: String,
    position: i64,
    global_position: i64,
    time: Timestamp,
}

/// Decodes a row of [`super::Namespace::message_columns`].
pub(super) fn message(row: &Row) -> Result<Message> {
    let mut reader = Reader { row, flaw: None };
    let Identity { id, stream, message_type, position, global_position, time } = reader.identity()?;
    let (data, metadata) = (reader.body(6, "data")?, reader.body(7, "metadata")?);
    Ok(Message { id, stream, message_type, position, global_position, data, metadata, time, flaw: reader.flaw })
}

/// Decodes a row of [`super::Namespace::head_columns`]. The values of the paths are taken from the bodies, which are
/// then dropped.
pub(super) fn head(row: &Row, paths: &Arc<[BodyPath]>) -> Result<MessageHead> {
    let mut reader = Reader { row, flaw: None };
    let Identity { id, stream, message_type, position, global_position, time } = reader.identity()?;
    let size = stored_size(column(row, 6)?);
    let mut preview = match size {
        // Only a whole body can be checked.
        Size::Text(bytes) if bytes <= PREVIEW as u64 => reader.body(7, "data")?,
        _ => column::<Option<Lossy>>(row, 7)?.map(|data| data.text),
    }
    .unwrap_or_default();
    let mut values = PathValues::default();
    if !paths.is_empty() {
        let metadata = column::<Option<Lossy>>(row, 9)?.map(|metadata| metadata.text);
        let metadata = match (&metadata, column::<Option<i64>>(row, 8)?) {
            (Some(text), _) => BodyText::Whole(text),
            (None, None | Some(0)) => BodyText::Null,
            (None, Some(size)) => BodyText::NotRead(stored_size(size)),
        };
        let data = match size {
            size if size.is_zero() => BodyText::Null,
            Size::Text(..=READ_FOR_PATHS) => BodyText::Whole(&preview),
            size => BodyText::NotRead(size),
        };
        values = PathValues::read(paths, data, metadata);
        if let Some((end, _)) = preview.char_indices().nth(PREVIEW) {
            preview.truncate(end);
            preview.shrink_to_fit();
        }
    }
    Ok(MessageHead {
        id,
        stream,
        message_type,
        position,
        global_position,
        time,
        size,
        preview,
        values,
        flaw: reader.flaw,
    })
}

/// Decodes a size: the length of the text, or the stored size as a negative number.
fn stored_size(size: i64) -> Size {
    if size < 0 { Size::Stored(size.unsigned_abs()) } else { Size::Text(size.unsigned_abs()) }
}

/// Decodes a row of [`super::Namespace::traced_columns`]: a head and the metadata, which need not be JSON.
pub(super) fn traced(row: &Row) -> Result<(MessageHead, Option<String>)> {
    Ok((head(row, &Arc::default())?, column::<Option<Lossy>>(row, 10)?.map(|metadata| metadata.text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(since_2000: i64) -> Timestamp {
        ServerTime::from_sql(&Type::TIMESTAMP, &since_2000.to_be_bytes()).expect("eight bytes").0
    }

    #[test]
    fn timestamps_are_microseconds_since_the_year_2000() {
        assert_eq!(decoded(0).to_string(), "2000-01-01T00:00:00Z");
        assert_eq!(decoded(-1).to_string(), "1999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn infinite_times_become_the_earliest_and_the_latest_time() {
        assert_eq!(decoded(i64::MAX), Timestamp::MAX);
        assert_eq!(decoded(i64::MIN), Timestamp::MIN);
    }

    #[test]
    fn times_are_sent_back_unchanged() {
        for since_2000 in [0, 1, -1, 820_454_400_123_456, FIRST_US, i64::MIN, i64::MAX] {
            let mut out = BytesMut::new();
            ServerTime(decoded(since_2000)).to_sql(&Type::TIMESTAMP, &mut out).expect("a time has its eight bytes");
            assert_eq!(&out[..], since_2000.to_be_bytes());
        }
    }
}
