//! Fuzzy matching of names, for the omnibox and for completions.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// A text to match names with. Case matters only if the text has an upper-case letter.
pub(super) struct Fuzzy {
    pattern: Pattern,
    matcher: Matcher,
    characters: Vec<char>,
}

impl Fuzzy {
    pub(super) fn new(text: &str) -> Self {
        let pattern = Pattern::new(text, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
        Self { pattern, matcher: Matcher::new(Config::DEFAULT), characters: Vec::new() }
    }

    /// Returns how well a name matches, and the indices of its matching characters. Every name matches an empty text.
    pub(super) fn rank(&mut self, name: &str) -> Option<(u32, Vec<usize>)> {
        let mut indices = Vec::new();
        let name = Utf32Str::new(name, &mut self.characters);
        let score = self.pattern.indices(name, &mut self.matcher, &mut indices)?;
        indices.sort_unstable();
        indices.dedup();
        Some((score, indices.into_iter().filter_map(|index| usize::try_from(index).ok()).collect()))
    }
}

/// Returns the items whose name matches, best first.
pub(super) fn fuzzy<T>(text: &str, items: Vec<(&str, T)>) -> Vec<T> {
    let mut fuzzy = Fuzzy::new(text);
    let mut matches: Vec<(u32, T)> =
        items.into_iter().filter_map(|(name, item)| Some((fuzzy.rank(name)?.0, item))).collect();
    matches.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    matches.into_iter().map(|(_, item)| item).collect()
}
