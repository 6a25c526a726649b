//! Encodes the arguments of `write_message`, each in the type that the function declares, so that the server neither
//! casts them nor plans a cast.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::message::NewMessage;
use crate::store::Shape;
use crate::store::session::Parameter;

/// The byte before the text in jsonb's binary format.
const JSONB_VERSION: u8 = 1;

/// The arguments, with the types in which they are sent.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    id: Id,
    stream: &'a str,
    message_type: &'a str,
    data: JsonText<'a>,
    metadata: Option<JsonText<'a>>,
    expected_version: Option<Number>,
    types: [Type; 4],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(message: &'a NewMessage, shape: &Shape) -> Self {
        // Names are declared as text or varchar. Sending varchar works for both.
        let kind = |index, accepts: fn(&Type) -> bool, otherwise| {
            shape.write_argument(index).filter(accepts).unwrap_or(otherwise)
        };
        Self {
            id: Id(message.id),
            stream: message.stream.as_str(),
            message_type: &message.message_type,
            data: JsonText(&message.data),
            metadata: message.metadata.as_deref().map(JsonText),
            expected_version: message.expected_version.as_argument().map(Number),
            types: [
                kind(0, Id::accepts, Type::VARCHAR),
                kind(3, JsonText::accepts, Type::JSONB),
                kind(4, JsonText::accepts, Type::JSONB),
                kind(5, Number::accepts, Type::INT8),
            ],
        }
    }

    pub(super) fn parameters(&self) -> [Parameter<'_>; 6] {
        let [id, data, metadata, expected_version] = &self.types;
        [
            (&self.id, id.clone()),
            (&self.stream, Type::VARCHAR),
            (&self.message_type, Type::VARCHAR),
            (&self.data, data.clone()),
            (&self.metadata, metadata.clone()),
            (&self.expected_version, expected_version.clone()),
        ]
    }
}

#[derive(Debug)]
struct Id(Uuid);

impl ToSql for Id {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if *kind == Type::UUID {
            out.put_slice(self.0.as_bytes());
        } else {
            out.put_slice(self.0.hyphenated().encode_lower(&mut [0; uuid::fmt::Hyphenated::LENGTH]).as_bytes());
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::UUID | Type::TEXT | Type::VARCHAR)
    }

    to_sql_checked!();
}

/// JSON text. The server parses it, so numbers keep all their digits.
#[derive(Debug)]
struct JsonText<'a>(&'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if *kind == Type::JSONB {
            out.put_u8(JSONB_VERSION);
        }
        out.put_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::JSONB | Type::JSON | Type::TEXT | Type::VARCHAR | Type::BYTEA)
    }

    to_sql_checked!();
}

#[derive(Debug)]
struct Number(i64);

impl ToSql for Number {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match *kind {
            Type::INT2 => out.put_i16(self.0.try_into()?),
            Type::INT4 => out.put_i32(self.0.try_into()?),
            _ => out.put_i64(self.0),
        }
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT2 | Type::INT4 | Type::INT8)
    }

    to_sql_checked!();
}
