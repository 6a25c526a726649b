//! The last step before a cell: makes text safe, cuts it to a width and formats counts and sizes. It knows nothing of
//! styles.

use unicode_width::UnicodeWidthStr as _;

use crate::message::Size;
use crate::safe_text::SafeText;
use crate::wrapping::BETWEEN;

/// Returns one line of at most `width` cells, ending in `…` if it was cut.
#[must_use]
pub(crate) fn cut(text: &str, width: usize) -> String {
    SafeText::line(text).cut(width).as_str().to_owned()
}

/// Cuts like [`cut`], and pads with spaces to exactly `width` cells.
#[must_use]
pub(crate) fn fill(text: &str, width: usize) -> String {
    let shown = SafeText::line(text).cut(width);
    format!("{}{}", shown.as_str(), " ".repeat(width.saturating_sub(shown.width())))
}

/// Shortens text in the middle, so that its beginning and its end stay.
#[must_use]
pub(crate) fn cut_middle(text: &str, width: usize) -> String {
    SafeText::line(text).cut_middle(width).as_str().to_owned()
}

/// Shortens like [`cut_middle`], and pads like [`fill`].
#[must_use]
pub(crate) fn fill_middle(text: &str, width: usize) -> String {
    fill(&cut_middle(text, width), width)
}

/// Cuts and pads like [`fill`], with the text at the right.
#[must_use]
pub(crate) fn right(text: &str, width: usize) -> String {
    let shown = SafeText::line(text).cut(width);
    format!("{}{}", " ".repeat(width.saturating_sub(shown.width())), shown.as_str())
}

/// Returns as many whole parts of `a · b · c` as fit, from the left. A first part that does not fit is cut between
/// words.
#[must_use]
pub(crate) fn whole_parts(text: &str, width: usize) -> String {
    let mut kept = String::new();
    let mut used = 0;
    for part in text.split(BETWEEN) {
        let cells = SafeText::line(part).width();
        if kept.is_empty() {
            if cells > width {
                return words(part, width);
            }
        } else {
            if used + BETWEEN.width() + cells > width {
                break;
            }
            kept.push_str(BETWEEN);
            used += BETWEEN.width();
        }
        kept.push_str(part);
        used += cells;
    }
    kept
}

/// Returns as many whole words as fit, followed by `…` if some were left out. A first word that does not fit is cut.
#[must_use]
pub(crate) fn words(text: &str, width: usize) -> String {
    if SafeText::line(text).width() <= width {
        return cut(text, width);
    }
    let mut kept: Option<String> = None;
    for word in text.split(' ') {
        let longer = kept.as_ref().map_or_else(|| word.to_owned(), |kept| format!("{kept} {word}"));
        if SafeText::line(&longer).width() + 2 > width {
            break;
        }
        kept = Some(longer);
    }
    match kept.filter(|kept| !kept.trim().is_empty()) {
        Some(kept) => cut(&format!("{kept} …"), width),
        None => cut(text, width),
    }
}

/// Returns as many whole sentences as fit. A first sentence that does not fit is cut between words.
#[must_use]
pub(crate) fn sentences(text: &str, width: usize) -> String {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1).chain([text.len()]);
    let fitting = ends.filter(|end| SafeText::line(&text[..*end]).width() <= width).last();
    fitting.map_or_else(|| words(text, width), |end| cut(&text[..end], width))
}

/// Formats a count briefly: `999`, `12.3k`, `5.1M`.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn short_count(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}

/// Formats a size in units of 1,000: `831 B`, `4.2 kB`, `38 kB`, `10 MB`. If only the stored size is known, the text
/// says so.
#[must_use]
pub(crate) fn size(size: Size) -> String {
    match size {
        Size::Text(bytes) => in_units(bytes),
        Size::Stored(bytes) => format!("stored {}", in_units(bytes)),
    }
}

#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
fn in_units(bytes: u64) -> String {
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (mut number, mut units) = (bytes as f64 / 1e3, ["kB", "MB", "GB"].into_iter());
    let mut unit = units.next().unwrap_or_default();
    while number >= 999.5
        && let Some(next) = units.next()
    {
        (number, unit) = (number / 1e3, next);
    }
    if number < 9.95 { format!("{number:.1} {unit}") } else { format!("{number:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_fit_their_columns() {
        assert_eq!((short_count(999).as_str(), short_count(12_345).as_str()), ("999", "12.3k"));
        let sizes = [0, 999, 1_000, 4_249, 38_391, 422_118, 999_499, 999_500, 10_485_760, 2_000_000_000];
        let shown = ["0 B", "999 B", "1.0 kB", "4.2 kB", "38 kB", "422 kB", "999 kB", "1.0 MB", "10 MB", "2.0 GB"];
        assert_eq!(sizes.map(|bytes| size(Size::Text(bytes))), shown);
        assert_eq!(size(Size::Stored(38_391)), "stored 38 kB");
    }

    #[test]
    fn parts_and_words_are_kept_whole() {
        let hints = "Enter create · Tab next field · Esc close";
        assert_eq!(whole_parts(hints, 80), hints);
        assert_eq!(whole_parts(hints, 30), "Enter create · Tab next field");
        assert_eq!(whole_parts(hints, 10), "Enter …");
        assert_eq!(words("the server said no", 16), "the server …");
        assert_eq!(words("unbreakable", 5), "unbr…");
        assert_eq!((words(" a  b cd", 7), words(" unbreakable", 5)), (" a  b …".to_owned(), " unb…".to_owned()));
    }

    #[test]
    fn sentences_are_kept_whole() {
        let said = "Bookmarked shop › account-1. ' lists the bookmarks.";
        assert_eq!(sentences(said, 60), said);
        assert_eq!(sentences(said, 45), "Bookmarked shop › account-1.");
        assert_eq!(sentences(said, 20), "Bookmarked shop › …");
        assert_eq!((sentences("No end", 10), sentences("", 10)), ("No end".to_owned(), String::new()));
    }

    #[test]
    fn the_middle_is_left_out_if_the_text_is_too_long() {
        assert_eq!(cut_middle("$.items[2].sku", 20), "$.items[2].sku");
        assert_eq!(cut_middle("account-0190b6a3", 9), "acco…b6a3");
        assert_eq!(cut_middle("日本語日本語", 8), "日本…語");
        assert_eq!([0, 1, 2, 3].map(|width| cut_middle("abcdef", width)), ["", "…", "a…", "a…f"]);
    }

    #[test]
    fn wide_characters_take_two_cells() {
        assert_eq!(fill("日本", 6), "日本  ");
        assert_eq!(cut("日本語", 5), "日本…");
    }
}
