//! The words of the field as types: stream and category names, positions, expected versions, messages.
//!
//! No I/O and no terminal. What a name means is Message DB's rule (functions `category`, `id`, `cardinal_id`,
//! `is_category`, `hash_64`): everything before the first `-` is the category, everything after it the id.

use std::fmt;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use thiserror::Error;
use uuid::Uuid;

/// Number of a message in its stream: 0, 1, 2, … without gaps.
pub type Position = i64;
/// Number of a message in its namespace, from a sequence: rising, with gaps.
pub type GlobalPosition = i64;

/// A name that cannot be what it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("the name is empty")]
    Empty,
    /// Postgres text cannot hold U+0000.
    #[error("the name holds a NUL character, which Postgres cannot store")]
    Nul,
    /// A category where a stream is meant. Message DB: `Must be a stream name: …`.
    #[error("must be a stream name (category-id), but {0} is a category")]
    NotAStream(String),
    /// A stream where a category is meant. Message DB: `Must be a category: …`.
    #[error("must be a category (no '-'), but {0} is a stream")]
    NotACategory(String),
}

fn storable(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.contains('\0') {
        return Err(NameError::Nul);
    }
    Ok(())
}

/// Part before the first `-` (Message DB function `category`).
#[must_use]
pub fn category(stream_name: &str) -> &str {
    stream_name.split_once('-').map_or(stream_name, |(category, _)| category)
}

/// Part after the first `-`; none where there is no `-` (Message DB function `id`).
#[must_use]
pub fn id(stream_name: &str) -> Option<&str> {
    stream_name.split_once('-').map(|(_, id)| id)
}

/// The id up to its first `+` (Message DB function `cardinal_id`). It decides the consumer group member.
#[must_use]
pub fn cardinal_id(stream_name: &str) -> Option<&str> {
    id(stream_name).map(|id| id.split_once('+').map_or(id, |(cardinal, _)| cardinal))
}

/// Whether the name has no id (Message DB function `is_category`).
#[must_use]
pub fn is_category(stream_name: &str) -> bool {
    !stream_name.contains('-')
}

/// First 64 bits of the MD5 of `value`, as a signed integer (Message DB function `hash_64`).
#[must_use]
pub fn hash_64(value: &str) -> i64 {
    let digest = Md5::digest(value.as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(head)
}

/// Name of one stream: `category-id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(String);

impl StreamName {
    /// A stream name to write to or to read from.
    ///
    /// # Errors
    /// [`NameError`] where it is empty, holds U+0000 or is a category.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        storable(&name)?;
        if is_category(&name) {
            return Err(NameError::NotAStream(name));
        }
        Ok(Self(name))
    }

    /// The name of a stream as a store holds it. `write_message` takes any text, so a stored stream
    /// can have no id; it can be looked at, but [`StreamName::new`] would not let anyone make it.
    #[must_use]
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The category that the stream belongs to.
    #[must_use]
    pub fn category(&self) -> Category {
        Category(category(&self.0).to_owned())
    }

    /// Part after the first `-`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        id(&self.0)
    }

    /// The id up to its first `+`.
    #[must_use]
    pub fn cardinal_id(&self) -> Option<&str> {
        cardinal_id(&self.0)
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Name of a category, types included: `account`, `account:command`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Category(String);

impl Category {
    /// A category.
    ///
    /// # Errors
    /// [`NameError`] where it is empty, holds U+0000 or has an id.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        storable(&name)?;
        if !is_category(&name) {
            return Err(NameError::NotACategory(name));
        }
        Ok(Self(name))
    }

    /// A category as the store's streams give it; the one of `-1` is empty.
    #[must_use]
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a name given by a person means: with a `-` a stream, without a category.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// One stream.
    Stream(StreamName),
    /// All streams of a category.
    Category(Category),
}

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] where it is empty or holds U+0000.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if is_category(name) {
            Category::new(name).map(Self::Category)
        } else {
            StreamName::new(name).map(Self::Stream)
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stream(name) => name.as_str(),
            Self::Category(name) => name.as_str(),
        }
    }
}

/// The version that a writer believes the stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExpectedVersion {
    /// Not checked.
    #[default]
    Any,
    /// The stream must not exist (`-1` on the wire).
    NoStream,
    /// The position of the stream's last message.
    At(Position),
}

impl ExpectedVersion {
    /// As `write_message` takes it: none for any, -1 for no stream.
    #[must_use]
    pub fn as_argument(self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::NoStream => Some(-1),
            Self::At(position) => Some(position),
        }
    }

    /// From a stream's version as the store gives it: none where there is no stream.
    #[must_use]
    pub fn from_version(version: Option<Position>) -> Self {
        version.map_or(Self::NoStream, Self::At)
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::NoStream => f.write_str("none"),
            Self::At(position) => write!(f, "{position}"),
        }
    }
}

impl std::str::FromStr for ExpectedVersion {
    type Err = String;

    /// `any`, `none` (or `-1`), or a position from 0 on.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "none" | "-1" => Ok(Self::NoStream),
            _ => match text.parse::<i64>() {
                Ok(position) if position >= 0 => Ok(Self::At(position)),
                _ => Err(format!("'{text}' is not any, none or a version from 0 on")),
            },
        }
    }
}

/// A stored message, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that holds it.
    pub stream: StreamName,
    /// Its type (`Deposited`).
    pub message_type: String,
    /// Number in its stream.
    pub position: Position,
    /// Number in its namespace.
    pub global_position: GlobalPosition,
    /// The server's `data::text`, byte for byte; none where the column is NULL.
    pub data: Option<String>,
    /// The server's `metadata::text`, byte for byte; none where the column is NULL.
    pub metadata: Option<String>,
    /// When it was written (UTC, microseconds, the server's clock).
    pub time: Timestamp,
    /// What of it could not be read as it is stored, in words: something stands in its place.
    pub flaw: Option<String>,
}

/// A stored message as a row of a list: everything but the bodies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// Unique in its namespace.
    pub id: Uuid,
    /// The stream that holds it.
    pub stream: StreamName,
    /// Its type.
    pub message_type: String,
    /// Number in its stream.
    pub position: Position,
    /// Number in its namespace.
    pub global_position: GlobalPosition,
    /// When it was written (UTC, microseconds, the server's clock).
    pub time: Timestamp,
    /// How large the data is.
    pub size: Size,
    /// The first characters of `data::text`; empty where the column is NULL.
    pub preview: String,
    /// What of it could not be read as it is stored, in words: something stands in its place.
    pub flaw: Option<String>,
}

/// How large a message's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Length of its JSON text, bytes; 0 for NULL.
    Text(u64),
    /// Bytes that it takes in the table, where it can be compressed: to know its length, all of it would have to be unpacked.
    Stored(u64),
}

impl Size {
    /// The length of a text.
    #[must_use]
    pub fn of(data: Option<&str>) -> Self {
        Self::Text(data.map_or(0, str::len) as u64)
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Text(0) | Self::Stored(0))
    }
}

/// A message to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Minted once; a retry of the same write carries the same id.
    pub id: Uuid,
    /// Where it goes.
    pub stream: StreamName,
    /// Its type.
    pub message_type: String,
    /// JSON text.
    pub data: String,
    /// JSON text, or NULL.
    pub metadata: Option<String>,
    /// Checked by the server under the category lock.
    pub expected_version: ExpectedVersion,
}

/// Where a written message came to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The message's id.
    pub id: Uuid,
    /// Number in its stream.
    pub position: Position,
    /// Number in its namespace.
    pub global_position: GlobalPosition,
    /// It was there before, the same in everything: an earlier write with this id.
    pub already: bool,
    /// How the stored message differs from the one that was sent, if it does.
    pub differs: Option<Difference>,
}

/// How a stored message differs from the one that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// `data` or `metadata` is the same JSON in another spelling: `1.0` and `1.00` are equal, and `jsonb` keeps the digits of each.
    Spelling {
        /// `data` or `metadata`.
        field: &'static str,
        /// The first number that differs, as it is stored.
        stored: String,
        /// The same number, as it was sent.
        sent: String,
    },
    /// A field has another value.
    Value(&'static str),
}

impl Difference {
    /// Characters of a number that are told.
    const LONGEST: usize = 40;

    /// The first numbers that differ in two texts that `jsonb` prints for the same value: all else is printed alike.
    pub(crate) fn spelling(field: &'static str, stored: &str, sent: &str) -> Option<Self> {
        if stored == sent {
            return None;
        }
        let of_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-');
        let same = stored.bytes().zip(sent.bytes()).take_while(|(stored, sent)| stored == sent).count();
        let start = same - stored.as_bytes()[..same].iter().rev().take_while(|byte| of_number(byte)).count();
        let number = |text: &str| -> String {
            let digits = text.bytes().skip(start).take_while(of_number);
            digits.take(Self::LONGEST).map(char::from).collect()
        };
        Some(Self::Spelling { field, stored: number(stored), sent: number(sent) })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spelling { field, stored, sent } => {
                write!(f, "the stored text differs: in {field}, {stored} is stored and {sent} was sent")
            }
            Self::Value(field) => {
                write!(
                    f,
                    "the stored {field} differs from what was sent, as a trigger or rule of the table can change it"
                )
            }
        }
    }
}

/// A member of a consumer group: gets the streams whose cardinal id hashes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConsumerGroup {
    member: i64,
    size: i64,
}

impl ConsumerGroup {
    /// Member `member` (from 0) of `size`.
    ///
    /// # Errors
    /// In the words of Message DB's `get_category_messages`.
    pub fn new(member: i64, size: i64) -> Result<Self, String> {
        let both = format!("(Consumer Group Member: {member}, Consumer Group Size: {size})");
        if size < 1 {
            return Err(format!("Consumer group size must not be less than 1 {both}"));
        }
        if member < 0 {
            return Err(format!("Consumer group member must not be less than 0 {both}"));
        }
        if member >= size {
            return Err(format!("Consumer group member must be less than the group size {both}"));
        }
        Ok(Self { member, size })
    }

    /// Which member, from 0.
    #[must_use]
    pub fn member(self) -> i64 {
        self.member
    }

    /// How many members.
    #[must_use]
    pub fn size(self) -> i64 {
        self.size
    }

    /// Whether this member gets the stream. A stream without an id belongs to no member.
    #[must_use]
    pub fn has(self, stream_name: &str) -> bool {
        cardinal_id(stream_name)
            .is_some_and(|id| i128::from(hash_64(id)).abs() % i128::from(self.size) == i128::from(self.member))
    }
}
