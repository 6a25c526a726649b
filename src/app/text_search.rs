//! The one rule by which all panes find text.

/// Whether a row contains the text. Case matters only if the text has an upper-case letter.
#[must_use]
pub(crate) fn contains(row: &str, text: &str) -> bool {
    if text.chars().any(char::is_uppercase) { row.contains(text) } else { row.to_lowercase().contains(text) }
}
