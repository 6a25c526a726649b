//! Finds the known name that is most similar to a mistyped one, for errors that suggest it.

/// Returns the most similar of the known names, or none if all are too different to be meant.
#[must_use]
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (typed.chars().count() / 3).max(1);
    let distances = known.into_iter().map(|name| (distance(&typed.to_lowercase(), &name.to_lowercase()), name));
    distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// Returns `Did you mean "…"?` with a space before it, or an empty text if no name is similar.
#[must_use]
pub(crate) fn suggestion<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, known).map(|name| format!(" Did you mean \"{name}\"?")).unwrap_or_default()
}

/// Counts the characters to insert, delete, replace or swap with their neighbour to turn one text into the other.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(left[i - 1] != right[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_a_name_with_a_typing_mistake_and_nothing_for_a_different_word() {
        let known = ["fullscreen", "filter", "follow", "find"];
        for (typed, meant) in [("fulscreen", "fullscreen"), ("fliter", "filter"), ("FOLLOW", "follow"), ("fnd", "find")]
        {
            assert_eq!(nearest(typed, known), Some(meant), "{typed}");
        }
        assert_eq!(nearest("teleport", known), None);
        assert_eq!(suggestion("fnd", known), " Did you mean \"find\"?");
        assert_eq!(suggestion("", known), "");
    }
}
