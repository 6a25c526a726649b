//! The data of a message in one line: JSON in colour without braces and quotes, scalars first.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::json::brief::{Item, brief};
use crate::json::document::Kind;
use crate::message::MessageHead;
use crate::safe_text::SafeText;
use crate::view::theme::Theme;

/// Returns the beginning of the data in exactly `width` cells.
pub(super) fn cell(head: &MessageHead, width: usize, theme: &Theme) -> Vec<Span<'static>> {
    let mut line = Writer { spans: Vec::new(), room: width };
    if let Some(flaw) = &head.flaw {
        line.write(&format!("{flaw} · "), theme.problem);
    }
    match (head.preview.is_empty(), head.size.is_zero()) {
        (true, true) => line.write("NULL", theme.json.literal),
        // Data that is too large for a preview must not look empty.
        (true, false) => line.write("…", Style::new()),
        (false, _) => write_items(&mut line, &head.preview, theme),
    }
    line.finish()
}

fn write_items(line: &mut Writer, text: &str, theme: &Theme) {
    for (index, Item { key, kind, value }) in brief(text).into_iter().enumerate() {
        if index > 0 {
            line.write_between("  ");
        }
        if let Some(key) = key {
            line.write_name(&key, theme.json.key);
        }
        let style = match kind {
            Kind::String => theme.json.string,
            Kind::Number => theme.json.number,
            Kind::Literal => theme.json.literal,
            Kind::Object | Kind::Array => Style::new(),
        };
        line.write(&value, style);
    }
}

/// A line that is written from left to right until it is full.
struct Writer {
    spans: Vec<Span<'static>>,
    room: usize,
}

impl Writer {
    /// Appends text. If it does not fit, it is cut, and the line is full.
    fn write(&mut self, text: &str, style: Style) {
        if self.room == 0 {
            return;
        }
        let whole = SafeText::line(text);
        let fits = whole.width() <= self.room;
        let shown = whole.cut(self.room);
        self.spans.push(Span::styled(shown.as_str().to_owned(), style));
        self.room -= shown.width();
        if !fits {
            self.spans.push(Span::raw(" ".repeat(std::mem::take(&mut self.room))));
        }
    }

    /// Appends the space between two items. Without room for the next item, an ellipsis stands for it.
    fn write_between(&mut self, space: &str) {
        match self.room {
            0 => {}
            room if room > space.len() => self.write(space, Style::new()),
            room => self.write(if room == 1 { "…" } else { " …" }, Style::new()),
        }
    }

    /// Appends a name and a space. Without room for a value after it, it ends with an ellipsis, so that it does not
    /// look like the name of nothing.
    fn write_name(&mut self, name: &str, style: Style) {
        if SafeText::line(name).width() + 1 < self.room {
            self.write(name, style);
            self.write(" ", Style::new());
        } else {
            self.write(&format!("{name}  "), style);
        }
    }

    /// Fills the rest with spaces.
    fn finish(mut self) -> Vec<Span<'static>> {
        self.spans.push(Span::raw(" ".repeat(self.room)));
        self.spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::ScreenSettings;
    use crate::app::tests::fake::Fake;
    use crate::app::tests::screen::Screen;
    use crate::message::Size;

    fn shown(preview: &str, width: usize) -> String {
        let theme = Theme::of(&ScreenSettings::default());
        let screen = Screen::new(Fake::shop(1));
        let head = screen.state.browser.messages.selection().expect("a message").clone();
        let head = MessageHead { preview: preview.to_owned(), size: Size::of(Some(preview)), ..head };
        cell(&head, width, &theme).iter().map(|span| span.content.as_ref()).collect()
    }

    #[test]
    fn the_cell_is_exactly_as_wide_as_its_column() {
        for (preview, width, expected) in [
            (r#"{"amount": 414, "currency": "EUR"}"#, 30, "amount 414  currency EUR      "),
            (r#"{"amount": 414, "currency": "EUR"}"#, 14, "amount 414  c…"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 13, "amount 414  …"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 12, "amount 414 …"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 11, "amount 414…"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 20, "amount 414  currenc…"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 21, "amount 414  currency…"),
            (r#"{"amount": 414, "currency": "EUR"}"#, 22, "amount 414  currency …"),
            (r#"{"name": "日本語"}"#, 9, "name 日… "),
            (r#"{"name": "日本語"}"#, 10, "name 日本…"),
            ("{\"e\": \"e\u{301}\u{301}x\"}", 4, "e e\u{301}\u{301}x"),
            ("{\"a\": \"x\\u001b[31m\"}", 8, "a x␛[31m"),
            ("", 6, "NULL  "),
            (r#"{"a": 1}"#, 0, ""),
        ] {
            let cell = shown(preview, width);
            assert_eq!(cell, expected, "{preview}");
            assert_eq!(SafeText::line(&cell).width(), width);
        }
    }
}
