//! The text to look for in the names of streams, and the rule for its case, which the server and the screen share.

/// A text to look for in the names of streams. Case matters only if the text has an upper-case letter; otherwise the
/// ASCII letters of a name are compared in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePart(String);

impl NamePart {
    /// Looks for this text. An empty text is in every name.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns true if upper and lower case differ.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.0.chars().any(char::is_uppercase)
    }

    /// Returns the place of the text in a name, in bytes.
    #[must_use]
    pub fn find_in(&self, name: &str) -> Option<usize> {
        if self.is_exact() { name.find(&self.0) } else { name.to_ascii_lowercase().find(&self.0) }
    }

    /// Returns true if every name that contains this text also contains the other one.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        other.find_in(&self.0).is_some()
    }

    /// Returns SQL for a name in the case in which it is compared. The collation compares bytes, because others may
    /// refuse to search for a part of a text.
    pub(super) fn folded(&self, name: &str) -> String {
        if self.is_exact() {
            format!("{name} collate \"C\"")
        } else {
            let upper: String = ('A'..='Z').collect();
            format!("translate({name} collate \"C\", '{upper}', '{}')", upper.to_ascii_lowercase())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_upper_case_letter_makes_case_matter() {
        let is_in = |part: &str, name: &str| NamePart::new(part).find_in(name).is_some();
        assert!(is_in("7aa6", "account-9F3A7AA6") && is_in("", "account"));
        assert!(is_in("Acc", "my-Account") && !is_in("ACC", "my-Account") && !is_in("Acc", "account"));
        assert!(is_in("é-1", "caf\u{e9}-1") && !is_in("é-1", "CAF\u{c9}-1"), "only ASCII letters ignore case");
        assert!(!is_in("É-1", "café-1"));
    }

    #[test]
    fn a_longer_text_narrows_the_search() {
        let narrows = |new: &str, old: &str| NamePart::new(new).narrows(&NamePart::new(old));
        assert!(narrows("9f3a", "9f3") && narrows("x9f3", "9f3") && narrows("9F3a", "9f3"));
        assert!(!narrows("9f", "9f3") && !narrows("9f3a", "9F3") && narrows("9F3a", "9F3"));
    }
}
