//! The size of a body of a message.

/// The size of a message's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The length of the JSON text in bytes, or 0 for NULL.
    Text(u64),
    /// The stored size in bytes, possibly compressed. Used for large bodies, whose length the server would have to
    /// decompress to find.
    Stored(u64),
}

impl Size {
    /// Measures a JSON text.
    #[must_use]
    pub fn of(data: Option<&str>) -> Self {
        Self::Text(data.map_or(0, str::len) as u64)
    }

    /// Returns whether the size is 0.
    #[must_use]
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Text(0) | Self::Stored(0))
    }
}
