//! The vocabulary of message stores as types: stream names, categories, positions, expected versions and messages.
//!
//! Names follow Message DB's rules (its functions `category`, `id`, `cardinal_id`, `is_category` and `hash_64`): everything before
//! the first `-` is the category, and everything after it is the ID. This module does no I/O.

pub(crate) mod size;

use std::fmt;

use jiff::Timestamp;
use md5::{Digest as _, Md5};
use thiserror::Error;
use uuid::Uuid;

pub use crate::json::path::{BodyPath, PathValue, PathValues};
pub use size::Size;

/// The number of a message in its stream: 0, 1, 2, … without gaps.
pub type Position = i64;
/// The number of a message in its namespace, drawn from a sequence. Numbers ascend and can have gaps.
pub type GlobalPosition = i64;

/// An invalid stream or category name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// The name is empty.
    #[error("the name is empty")]
    Empty,
    /// The name contains U+0000, which Postgres text cannot represent.
    #[error("the name contains a NUL character, which Postgres cannot store")]
    Nul,
    /// The name is a category but must be a stream (`Must be a stream name: …` in Message DB).
    #[error("must be a stream name (category-id), but {0} is a category")]
    NotAStream(String),
    /// The name is a stream but must be a category (`Must be a category: …` in Message DB).
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

/// Returns the part before the first `-` (Message DB function `category`).
///
/// ```
/// use streamscope::message::category;
///
/// assert_eq!(category("account:command-123"), "account:command");
/// assert_eq!(category("account"), "account");
/// ```
#[must_use]
pub fn category(stream_name: &str) -> &str {
    stream_name.split_once('-').map_or(stream_name, |(category, _)| category)
}

/// Returns the part after the first `-`, or `None` if there is no `-` (Message DB function `id`).
///
/// ```
/// use streamscope::message::id;
///
/// assert_eq!(id("account-123-4"), Some("123-4"));
/// assert_eq!(id("account"), None);
/// ```
#[must_use]
pub fn id(stream_name: &str) -> Option<&str> {
    stream_name.split_once('-').map(|(_, id)| id)
}

/// Returns the ID up to its first `+` (Message DB function `cardinal_id`). It determines the consumer group member.
///
/// ```
/// use streamscope::message::cardinal_id;
///
/// assert_eq!(cardinal_id("account-123+abc"), Some("123"));
/// ```
#[must_use]
pub fn cardinal_id(stream_name: &str) -> Option<&str> {
    id(stream_name).map(|id| id.split_once('+').map_or(id, |(cardinal, _)| cardinal))
}

/// Returns whether the name has no `-` (Message DB function `is_category`).
#[must_use]
pub fn is_category(stream_name: &str) -> bool {
    !stream_name.contains('-')
}

/// Returns the first 64 bits of the MD5 digest of `value` as a signed integer (Message DB function `hash_64`).
#[must_use]
pub fn hash_64(value: &str) -> i64 {
    let digest = Md5::digest(value.as_bytes());
    let mut head = [0; 8];
    head.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(head)
}

/// The name of a stream: `category-id`.
///
/// ```
/// use streamscope::message::StreamName;
///
/// let stream = StreamName::new("account-123")?;
/// assert_eq!(stream.category().as_str(), "account");
/// assert!(StreamName::new("account").is_err());
/// # Ok::<(), streamscope::message::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName(String);

impl StreamName {
    /// Checks a name given by a user.
    ///
    /// # Errors
    /// [`NameError`] if it is empty, contains U+0000 or is a category.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        storable(&name)?;
        if is_category(&name) {
            return Err(NameError::NotAStream(name));
        }
        Ok(Self(name))
    }

    /// Accepts a name from a store unchecked. `write_message` accepts any text, so a stored stream can have a name that
    /// [`StreamName::new`] rejects.
    #[must_use]
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the category of the stream.
    #[must_use]
    pub fn category(&self) -> Category {
        Category(category(&self.0).to_owned())
    }

    /// Returns the part after the first `-`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        id(&self.0)
    }

    /// Returns the ID up to its first `+`.
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

/// The name of a category, including category types: `account`, `account:command`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Category(String);

impl Category {
    /// Checks a name given by a user.
    ///
    /// # Errors
    /// [`NameError`] if it is empty, contains U+0000 or is a stream.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        storable(&name)?;
        if !is_category(&name) {
            return Err(NameError::NotACategory(name));
        }
        Ok(Self(name))
    }

    /// Accepts a name from a store unchecked. It can be empty: the category of the stream `-1` is.
    #[must_use]
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Returns the whole name.
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

/// A name given by a user: a stream if it contains `-`, otherwise a category.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A stream.
    Stream(StreamName),
    /// A category, which stands for all its streams.
    Category(Category),
}

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// [`NameError`] if it is empty or contains U+0000.
    pub fn new(name: &str) -> Result<Self, NameError> {
        if is_category(name) {
            Category::new(name).map(Self::Category)
        } else {
            StreamName::new(name).map(Self::Stream)
        }
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stream(name) => name.as_str(),
            Self::Category(name) => name.as_str(),
        }
    }
}

/// The version that a writer expects the stream to have. The version of a stream is the position of its last message.
///
/// ```
/// use streamscope::message::ExpectedVersion;
///
/// assert_eq!("any".parse(), Ok(ExpectedVersion::Any));
/// assert_eq!("none".parse(), Ok(ExpectedVersion::NoStream));
/// assert_eq!("4".parse(), Ok(ExpectedVersion::At(4)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ExpectedVersion {
    /// Do not check the version.
    #[default]
    Any,
    /// The stream must not exist (`-1` in SQL).
    NoStream,
    /// The stream's last message must have this position.
    At(Position),
}

impl ExpectedVersion {
    /// Returns the argument for `write_message`: `None` for any version, -1 for no stream.
    #[must_use]
    pub fn as_argument(self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::NoStream => Some(-1),
            Self::At(position) => Some(position),
        }
    }

    /// Expects the current version of a stream, which is `None` if the stream does not exist.
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

    /// Parses `any`, `none`, `-1` (the same as `none`) or a version.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "any" => Ok(Self::Any),
            "none" | "-1" => Ok(Self::NoStream),
            _ => match text.parse::<i64>() {
                Ok(position) if position >= 0 => Ok(Self::At(position)),
                _ => Err(format!("\"{text}\" is not an expected version; use any, none or a version ≥ 0")),
            },
        }
    }
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The ID, unique in its namespace.
    pub id: Uuid,
    /// The stream that contains it.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The position in its stream.
    pub position: Position,
    /// The position in its namespace.
    pub global_position: GlobalPosition,
    /// The server's `data::text`, byte for byte. `None` if the column is NULL.
    pub data: Option<String>,
    /// The server's `metadata::text`, byte for byte. `None` if the column is NULL.
    pub metadata: Option<String>,
    /// When it was written: UTC with microseconds, by the server's clock.
    pub time: Timestamp,
    /// The first stored value that could not be read and was replaced. `None` if everything was read.
    pub flaw: Option<String>,
}

/// A stored message without its bodies, as a row in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// The ID, unique in its namespace.
    pub id: Uuid,
    /// The stream that contains it.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The position in its stream.
    pub position: Position,
    /// The position in its namespace.
    pub global_position: GlobalPosition,
    /// When it was written: UTC with microseconds, by the server's clock.
    pub time: Timestamp,
    /// The size of its data.
    pub size: Size,
    /// The first characters of `data::text`. Empty if the column is NULL.
    pub preview: String,
    /// The values of the paths that the namespace was asked for. See [`crate::store::Namespace::with_paths`].
    pub values: PathValues,
    /// The first stored value that could not be read and was replaced. `None` if everything was read.
    pub flaw: Option<String>,
}

/// A message to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The ID. Retry a write with the same ID, and the message is written once.
    pub id: Uuid,
    /// The stream to write to.
    pub stream: StreamName,
    /// The type, such as `Deposited`.
    pub message_type: String,
    /// The data as JSON text.
    pub data: String,
    /// The metadata as JSON text. `None` for NULL.
    pub metadata: Option<String>,
    /// The expected version of the stream, which the server checks under the category lock.
    pub expected_version: ExpectedVersion,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The ID of the message.
    pub id: Uuid,
    /// Its position in the stream.
    pub position: Position,
    /// Its position in the namespace.
    pub global_position: GlobalPosition,
    /// Whether an earlier write with this ID had already stored the same message.
    pub was_stored: bool,
    /// How the stored message differs from the one that was sent. `None` if it does not.
    pub differs: Option<Difference>,
}

/// How a stored message differs from the one that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// `data` or `metadata` is equal JSON with different text: `1.0` equals `1.00`, but `jsonb` keeps the digits of each.
    Spelling {
        /// `data` or `metadata`.
        field: &'static str,
        /// The first number that differs, as stored.
        stored: String,
        /// The same number, as sent.
        sent: String,
    },
    /// The value of this field is different.
    Value(&'static str),
}

impl Difference {
    /// The maximum number of characters of a number to show.
    const LONGEST: usize = 40;

    /// Finds the first number that differs between two texts of equal `jsonb` values. Nothing else can differ between them.
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
                    "the stored {field} differs from what was sent; a trigger or rule on the table may have changed it"
                )
            }
        }
    }
}

/// A member of a consumer group. It receives the streams whose cardinal ID hashes to it.
///
/// ```
/// use streamscope::message::ConsumerGroup;
///
/// let members = [0, 1, 2].map(|member| ConsumerGroup::new(member, 3).expect("a valid group"));
/// assert_eq!(members.iter().filter(|member| member.has("account-123")).count(), 1);
/// assert!(ConsumerGroup::new(3, 3).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConsumerGroup {
    member: i64,
    size: i64,
}

impl ConsumerGroup {
    /// Selects member `member` (counted from 0) of a group of `size` members.
    ///
    /// # Errors
    /// The messages of Message DB's `get_category_messages`.
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

    /// Returns the number of the member, counted from 0.
    #[must_use]
    pub fn member(self) -> i64 {
        self.member
    }

    /// Returns the number of members in the group.
    #[must_use]
    pub fn size(self) -> i64 {
        self.size
    }

    /// Returns whether this member receives the stream. A stream without an ID belongs to no member.
    #[must_use]
    pub fn has(self, stream_name: &str) -> bool {
        Self::member_of(stream_name, self.size) == Some(self.member)
    }

    /// Returns the member of a group of `size` members that receives a stream, or `None` if the stream has no ID or the size is below 1.
    #[must_use]
    pub fn member_of(stream_name: &str, size: i64) -> Option<i64> {
        let hash = i128::from(hash_64(cardinal_id(stream_name)?)).abs();
        i64::try_from(hash.checked_rem(i128::from(size.max(0)))?).ok()
    }
}
