//! Breaks text into lines of a width in cells. The height of a text decides where things are, so dialogs need it as
//! well as the drawing.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::safe_text::SafeText;

/// Separates the parts of a line of hints or facts.
pub(crate) const BETWEEN: &str = " · ";

/// Breaks text at spaces. A word that is wider than a line continues in the next one.
#[must_use]
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in SafeText::line(text).as_str().split(' ') {
        let cells = word.width();
        if used > 0 && used + 1 + cells > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        } else if used > 0 {
            line.push(' ');
            used += 1;
        }
        for grapheme in word.graphemes(true) {
            if used > 0 && used + grapheme.width() > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += grapheme.width();
        }
    }
    lines.push(line);
    lines
}

/// Breaks text of parts (`a · b · c`) between its parts if possible, and otherwise at spaces.
#[must_use]
pub(crate) fn wrap_parts(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split(BETWEEN) {
        let cells = SafeText::line(part).width();
        match lines.last_mut() {
            Some(line) if line.width() + BETWEEN.width() + cells <= width => {
                line.push_str(BETWEEN);
                line.push_str(SafeText::line(part).cut(width).as_str());
            }
            _ => lines.extend(wrap(part, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_parts_then_at_words_and_never_loses_a_character() {
        assert_eq!(wrap("the server said no", 10), ["the server", "said no"]);
        assert_eq!(wrap("see abcdefghij x", 4), ["see", "abcd", "efgh", "ij x"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap_parts("No streams · w write · F follow", 20), ["No streams · w write", "F follow"]);
        assert_eq!(wrap_parts("No messages yet · w write", 12), ["No messages", "yet", "w write"]);
    }
}
