//! The members of consumer groups.

use super::name::{cardinal_id, hash_64};

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

    /// Returns the member of a group of `size` members that receives a stream, or `None` if the stream has no ID or the
    /// size is below 1.
    #[must_use]
    pub fn member_of(stream_name: &str, size: i64) -> Option<i64> {
        let hash = i128::from(hash_64(cardinal_id(stream_name)?)).abs();
        i64::try_from(hash.checked_rem(i128::from(size.max(0)))?).ok()
    }
}
