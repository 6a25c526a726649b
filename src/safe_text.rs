//! Makes text safe to show in a terminal. Text from a store, a server or a file can contain control characters, escape
//! sequences, bidirectional overrides and invisible characters. They become visible here.
//!
//! Everything drawn or printed for people is a [`SafeText`]. Copied text and JSON output stay raw and never pass
//! through here.

use std::fmt;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The maximum number of combining marks on one character. Too many would paint over the lines above and below.
const MARKS: usize = 8;
/// The base for a combining mark that has none.
const DOTTED_CIRCLE: char = '\u{25cc}';

/// One line of text that any terminal can show safely.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct SafeText {
    text: String,
    width: usize,
}

impl SafeText {
    /// Makes text safe: control characters become control pictures, other invisible characters become their code point
    /// (`<U+202E>`), and excessive combining marks are cut.
    #[must_use]
    pub(crate) fn line(text: &str) -> Self {
        // A fast path, because nearly all text is plain and lists are drawn up to eighty times a second.
        if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return Self { text: text.to_owned(), width: text.len() };
        }
        let mut safe = Self::default();
        for grapheme in text.graphemes(true) {
            safe.push(grapheme);
        }
        safe
    }

    fn push(&mut self, grapheme: &str) {
        let mut shown = String::new();
        let mut marks = 0;
        // The last character that was shown as itself, not counting variation selectors.
        let mut before: Option<char> = None;
        let mut varied = false;
        let mut characters = grapheme.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            let selects = matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
            let joined = before.is_some_and(|before| joins(before, c, next)) && !(selects && varied);
            let mark = before.is_some() && !is_hidden(c) && c.width() == Some(0);
            match c {
                '\0'..='\u{1f}' => shown.extend(char::from_u32(0x2400 + u32::from(c))),
                '\u{7f}' => shown.push('\u{2421}'),
                _ if joined || mark => {
                    marks += 1;
                    if marks <= MARKS {
                        shown.push(c);
                    } else if marks == MARKS + 1 {
                        shown.push('…');
                    }
                }
                _ if is_hidden(c) => shown.push_str(&by_number(c)),
                _ => shown.push(c),
            }
            varied = joined && selects;
            if !selects {
                before = (joined || !is_hidden(c)).then_some(c);
            }
        }
        let without_width = |text: &str| text.graphemes(true).any(|grapheme| grapheme.width() == 0);
        if without_width(&shown) {
            shown.insert(0, DOTTED_CIRCLE);
        }
        if without_width(&shown) {
            shown = grapheme.chars().map(by_number).collect();
        }
        self.width += shown.graphemes(true).map(unicode_width::UnicodeWidthStr::width).sum::<usize>();
        self.text.push_str(&shown);
    }

    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the width in terminal cells.
    #[must_use]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Cuts the text to at most `width` cells, with `…` at the end if anything was cut.
    #[must_use]
    pub(crate) fn cut(self, width: usize) -> Self {
        if self.width <= width {
            return self;
        }
        let Some(room) = width.checked_sub(1) else { return Self::default() };
        let mut cut = Self::default();
        for grapheme in self.text.graphemes(true) {
            let cells = grapheme.width();
            if cut.width + cells > room {
                break;
            }
            cut.text.push_str(grapheme);
            cut.width += cells;
        }
        cut.text.push('…');
        cut.width += 1;
        cut
    }

    /// Shortens the text to at most `width` cells, with `…` in the middle if anything was left out.
    #[must_use]
    pub(crate) fn cut_middle(self, width: usize) -> Self {
        if self.width <= width || width < 3 {
            return self.cut(width);
        }
        let graphemes: Vec<&str> = self.text.graphemes(true).collect();
        let ((head, head_width), (tail, tail_width)) = Self::ends(&graphemes, width);
        let text = format!("{}…{}", graphemes[..head].concat(), graphemes[tail..].concat());
        Self { text, width: head_width + 1 + tail_width }
    }

    /// Returns the cells that [`Self::cut_middle`] leaves out, if it leaves out any.
    #[must_use]
    pub(crate) fn left_out(&self, width: usize) -> Option<Range<usize>> {
        if self.width <= width || width < 3 {
            return None;
        }
        let graphemes: Vec<&str> = self.text.graphemes(true).collect();
        let ((_, head_width), (_, tail_width)) = Self::ends(&graphemes, width);
        Some(head_width..self.width - tail_width)
    }

    /// Returns where the beginning that stays ends, and where the end that stays begins, each with its width.
    fn ends(graphemes: &[&str], width: usize) -> ((usize, usize), (usize, usize)) {
        let tail_room = (width - 1) / 2;
        let (mut tail, mut tail_width) = (graphemes.len(), 0);
        while let Some(before) = tail.checked_sub(1)
            && tail_width + graphemes[before].width() <= tail_room
        {
            tail = before;
            tail_width += graphemes[before].width();
        }
        let (mut head, mut head_width) = (0, 0);
        while head_width + graphemes[head].width() < width - tail_width {
            head_width += graphemes[head].width();
            head += 1;
        }
        ((head, head_width), (tail, tail_width))
    }

    /// Drops the first `cells` cells. Spaces replace the rest of a wide character that was cut in half.
    #[must_use]
    pub(crate) fn skip(self, cells: usize) -> Self {
        if cells == 0 {
            return self;
        }
        let mut rest = Self { text: String::new(), width: self.width.saturating_sub(cells) };
        let mut at = 0;
        for grapheme in self.text.graphemes(true) {
            let from = at;
            at += grapheme.width();
            if from >= cells {
                rest.text.push_str(grapheme);
            } else {
                rest.text.extend(std::iter::repeat_n(' ', at.saturating_sub(cells)));
            }
        }
        rest
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Whether an invisible character has a visible effect after `before`: a joiner between emoji or in a script that uses
/// joiners, or a variation selector after a character with variants. Anywhere else it would only make two different
/// names look the same.
fn joins(before: char, c: char, next: Option<char>) -> bool {
    match c {
        '\u{200d}' => (is_emoji(before) && next.is_some_and(is_emoji)) || needs_joiners(before),
        '\u{200c}' => needs_joiners(before),
        '\u{fe0e}' | '\u{fe0f}' => {
            let keycap = matches!(before, '0'..='9' | '#' | '*') && next == Some('\u{20e3}');
            keycap || is_emoji(before) || matches!(before, '©' | '®' | '‼' | '⁉' | '™' | 'ℹ')
        }
        '\u{e0100}'..='\u{e01ef}' => matches!(before, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}'),
        _ => false,
    }
}

/// Whether a character is a pictograph, a symbol with an emoji form, or a skin tone.
fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{25a0}'..='\u{25ff}' | '\u{1f000}'..='\u{1faff}')
}

/// Whether a character belongs to a script that uses joiners: Arabic, Syriac, Indic and South-East Asian scripts,
/// Mongolian.
fn needs_joiners(before: char) -> bool {
    matches!(before, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{109f}' | '\u{1780}'..='\u{18af}')
}

fn by_number(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// Shorthand for [`SafeText::line`].
#[must_use]
pub(crate) fn safe(text: &str) -> SafeText {
    SafeText::line(text)
}

/// Whether a character is invisible or changes how others are shown: C0 and C1 controls, DEL, the twelve bidirectional
/// controls, zero-width characters, line separators, fillers and tags.
#[must_use]
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invisible_characters_are_made_visible() {
        let cases = [
            ("a\u{1b}[31mb", "a␛[31mb"),
            ("line\nbreak\ttab\u{7f}", "line␊break␉tab␡"),
            ("\u{9b}31m", "<U+009B>31m"),
            ("ab\u{202e}dc", "ab<U+202E>dc"),
            ("a\u{200b}b\u{feff}", "a<U+200B>b<U+FEFF>"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
            ("ad\u{200d}min", "ad<U+200D>min"),
            ("x\u{fe0f}\u{fe0f}", "x<U+FE0F><U+FE0F>"),
            ("👩\u{200d}", "👩<U+200D>"),
            ("👩\u{200d}x", "👩<U+200D>x"),
            ("1\u{fe0f}", "1<U+FE0F>"),
            ("1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("❤\u{fe0f}\u{fe0f}", "❤\u{fe0f}<U+FE0F>"),
            ("👩\u{200d}❤\u{fe0f}\u{200d}👨", "👩\u{200d}❤\u{fe0f}\u{200d}👨"),
            ("\u{301}x", "◌\u{301}x"),
            ("日本", "日本"),
        ];
        for (raw, shown) in cases {
            assert_eq!(SafeText::line(raw).as_str(), shown);
        }
    }

    #[test]
    fn shows_all_twelve_bidirectional_controls() {
        let controls =
            "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        assert_eq!(controls.chars().count(), 12);
        let shown = SafeText::line(controls);
        assert!(shown.as_str().is_ascii() && shown.as_str().matches("<U+").count() == 12, "{shown}");
    }

    #[test]
    fn excessive_combining_marks_are_cut() {
        let flood = format!("e{}x", "\u{301}".repeat(1_000));
        assert!(SafeText::line(&flood).as_str().chars().count() < 20);
        let joined = format!("\u{627}{}", "\u{64b}\u{200d}".repeat(1_000));
        let shown = SafeText::line(&joined);
        assert!(shown.as_str().chars().count() < 20, "joiners count as marks");
        assert_eq!(SafeText::line(shown.as_str()).as_str(), shown.as_str());
    }

    #[test]
    fn cut_text_fits_and_ends_with_an_ellipsis() {
        assert_eq!(SafeText::line("abcdef").cut(4).as_str(), "abc…");
        assert_eq!(SafeText::line("日本語").cut(4).as_str(), "日…");
        assert_eq!(SafeText::line("abc").cut(3).as_str(), "abc");
        assert_eq!(SafeText::line("abc").cut(0).as_str(), "");
    }

    #[test]
    fn an_id_is_shortened_in_the_middle() {
        for (text, width, shown) in [
            ("f0a51234-0000-4000-8000-000000007aa6", 9, "f0a5…7aa6"),
            ("abcdefgh", 8, "abcdefgh"),
            ("abcdefgh", 7, "abc…fgh"),
            ("abcdefgh", 4, "ab…h"),
            ("abcdefgh", 2, "a…"),
            ("abcdefgh", 0, ""),
            ("日本語日本語", 7, "日本…語"),
            ("日本語日本語", 8, "日本…語"),
        ] {
            let cut = SafeText::line(text).cut_middle(width);
            assert_eq!((cut.as_str(), cut.width() <= width), (shown, true), "{text} in {width}");
        }
    }

    #[test]
    fn skip_counts_cells() {
        assert_eq!(SafeText::line("abcdef").skip(2).as_str(), "cdef");
        assert_eq!(SafeText::line("日本語").skip(3).as_str(), " 語");
        assert_eq!(SafeText::line("ab").skip(3), SafeText::default());
    }

    proptest::proptest! {
        #[test]
        fn any_text_becomes_safe_exactly_once(text in proptest::prelude::any::<String>(), width in 0..40_usize) {
            let shown = SafeText::line(&text);
            for grapheme in shown.as_str().graphemes(true) {
                proptest::prop_assert!(grapheme.width() > 0, "{grapheme:?} takes no cell");
                let characters: Vec<char> = grapheme.chars().collect();
                for (place, c) in characters.iter().enumerate() {
                    // Only joiners and variation selectors may remain, and only after a character they apply to.
                    let joiner = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{e0100}'..='\u{e01ef}');
                    let behind_plain = place > 0 && characters[place - 1].is_ascii_alphabetic();
                    proptest::prop_assert!(!is_hidden(*c) || (joiner && place > 0 && !behind_plain), "{c:?} in {text:?}");
                }
                proptest::prop_assert!(characters.iter().filter(|c| is_hidden(**c)).count() <= MARKS);
            }
            let again = SafeText::line(shown.as_str());
            proptest::prop_assert_eq!(again.as_str(), shown.as_str());
            let cut = shown.clone().cut(width);
            proptest::prop_assert!(cut.width() <= width);
            let cut = shown.cut_middle(width);
            proptest::prop_assert!(cut.width() <= width);
            proptest::prop_assert_eq!(SafeText::line(cut.as_str()).width(), cut.width());
        }
    }
}
