//! The names of streams and categories, by Message DB's rules (its functions `category`, `id`, `cardinal_id`,
//! `is_category` and `hash_64`): everything before the first `-` is the category, and everything after it is the ID.

use std::fmt;

use md5::{Digest as _, Md5};
use thiserror::Error;

/// An invalid stream or category name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
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

    /// Returns the ID of one of its streams, or the whole name if it has none.
    #[cfg(feature = "cli")]
    pub(crate) fn left_out_of<'a>(&self, stream: &'a str) -> &'a str {
        let id = stream.strip_prefix(self.as_str()).and_then(|rest| rest.strip_prefix('-'));
        id.filter(|id| !id.is_empty()).unwrap_or(stream)
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
