//! The last step before a cell: text made safe and cut to a width.

use crate::safe_text::SafeText;

/// One line of at most `width` cells, with `…` where something was cut.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    SafeText::line(text).cut(width).as_str().to_owned()
}

/// As [`cut`], filled with spaces to exactly `width` cells.
#[must_use]
pub fn fill(text: &str, width: usize) -> String {
    let shown = SafeText::line(text).cut(width);
    format!("{}{}", shown.as_str(), " ".repeat(width.saturating_sub(shown.width())))
}

/// As [`fill`], with the text at the right.
#[must_use]
pub fn right(text: &str, width: usize) -> String {
    let shown = SafeText::line(text).cut(width);
    format!("{}{}", " ".repeat(width.saturating_sub(shown.width())), shown.as_str())
}

/// A count in at most five characters: `999`, `12.3k`, `5.1M`.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn short_count(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{:.1}k", count as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1}M", count as f64 / 1e6),
        _ => format!("{:.1}G", count as f64 / 1e9),
    }
}

/// A count with its thousands apart: `1,234,567`.
#[must_use]
pub fn full_count(count: u64) -> String {
    let digits = count.to_string();
    let mut shown = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A size in at most five characters: `831B`, `4.2K`, `10.0M`.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes}B"),
        1_024..1_048_576 => format!("{:.1}K", bytes as f64 / 1_024.0),
        _ => format!("{:.1}M", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_fit_their_columns() {
        assert_eq!((short_count(999).as_str(), short_count(12_345).as_str()), ("999", "12.3k"));
        assert_eq!(full_count(1_234_567), "1,234,567");
        assert_eq!(size(10_485_760), "10.0M");
    }

    #[test]
    fn wide_characters_are_counted_as_two_cells() {
        assert_eq!(fill("日本", 6), "日本  ");
        assert_eq!(cut("日本語", 5), "日本…");
    }
}
