//! Fuzzy matching of names, for the palette and for completions.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher};

/// Returns the items whose name matches, best first.
pub(super) fn fuzzy<T>(text: &str, items: Vec<(&str, T)>) -> Vec<T> {
    struct Named<'a, T>(&'a str, T);
    impl<T> AsRef<str> for Named<'_, T> {
        fn as_ref(&self) -> &str {
            self.0
        }
    }
    let pattern = Pattern::parse(text, CaseMatching::Smart, Normalization::Smart);
    let named = items.into_iter().map(|(name, item)| Named(name, item));
    let matches = pattern.match_list(named, &mut Matcher::new(Config::DEFAULT));
    matches.into_iter().map(|(named, _)| named.1).collect()
}
