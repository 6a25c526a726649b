//! The links of the message on screen: its cause and its workflow as its metadata names them, and what the store found
//! around it. They are one line above the documents, whose parts lead to other messages.

use std::borrow::Cow;

use crate::json::document::Document;
use crate::message::GlobalPosition;
use crate::numbers::grouped;
use crate::safe_text::SafeText;
use crate::store::trace::{Cause, Links, Named, NearCause, Path, Reference, Relations, Tally, Workflow};
use crate::wrapping::BETWEEN;

/// The longest metadata that is searched for links, in bytes.
const LARGE: usize = 1 << 20;
/// The room for the cause below which the words before it are left out, and the least that it gets.
const NAME: (usize, usize) = (16, 8);

/// A part of the line, which leads to other messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Cause,
    Effects,
    Workflow,
}

/// The links of a message.
#[derive(Debug)]
pub(crate) struct LinkLine {
    pub cause: Option<Cause>,
    pub workflow: Option<Workflow>,
    /// The paths of metadata whose values name the cause or a workflow.
    named: Vec<(Path, Named)>,
    /// What the store found. `None` until it has answered.
    pub found: Option<Relations>,
    /// Whether the store could not answer.
    pub failed: bool,
    /// The newest global position that following has reported.
    newest: Option<GlobalPosition>,
    /// Messages arrived while the store was being asked.
    pub is_behind: bool,
}

impl LinkLine {
    /// Reads the links in metadata. `None` if it follows no convention.
    #[must_use]
    pub(crate) fn of(metadata: Option<&str>, links: &Links) -> Option<Self> {
        let metadata = metadata.filter(|text| text.len() <= LARGE && links.apply_to(text))?;
        let workflow = links.workflows(metadata).into_iter().next();
        let named = links.named(metadata);
        let cause = links.cause(metadata);
        Some(Self { cause, workflow, named, found: None, failed: false, newest: None, is_behind: false })
    }

    /// Notes how far following has come. Returns whether messages are new.
    pub(super) fn arrived(&mut self, newest: GlobalPosition, has_messages: bool) -> bool {
        let before = self.newest.replace(newest);
        has_messages || before.is_some_and(|before| before < newest)
    }

    /// Returns what the value of a row of the metadata names.
    pub(super) fn named_at(&self, document: &Document, row: usize) -> Option<&Named> {
        if self.named.is_empty() {
            return None;
        }
        let path: Path = document.path(row).parse().ok()?;
        self.named.iter().find(|(at, _)| *at == path).map(|(_, named)| named)
    }

    /// Returns the parts of the line with their texts, for a width in cells. If they do not fit in full, they are
    /// shortened, and then the last ones are left out. With `ascii`, arrows are ASCII too.
    #[must_use]
    pub(crate) fn parts(&self, width: usize, ascii: bool) -> Vec<(Relation, String)> {
        let mut parts = self.worded(width, ascii, false);
        if line_width(&parts) > width {
            parts = self.worded(width, ascii, true);
        }
        while parts.len() > 1 && line_width(&parts) > width {
            parts.pop();
        }
        if let [(_, only)] = &mut parts[..] {
            *only = SafeText::line(only).cut_middle(width).to_string();
        }
        parts
    }

    fn worded(&self, width: usize, ascii: bool, brief: bool) -> Vec<(Relation, String)> {
        let (back, forth, waits) = if ascii { ("<-", "->", "...") } else { ("←", "→", "…") };
        let found = self.found.as_ref();
        let number = |tally: Option<&Tally>| match tally {
            Some(tally) => Cow::Owned(tally_text(tally, brief)),
            None if self.failed => Cow::Borrowed(if brief { "?" } else { "unknown" }),
            None => Cow::Borrowed(waits),
        };
        let begin = if brief { "" } else { "effects " };
        let effects = format!("{begin}{forth} {}", number(found.map(|found| &found.effects)));
        let workflow = self.workflow.as_ref().map(|_| {
            let tally = found.and_then(|found| found.workflow.as_ref());
            (Relation::Workflow, format!("workflow {}", number(tally)))
        });
        let rest: Vec<(Relation, String)> = std::iter::once((Relation::Effects, effects)).chain(workflow).collect();
        let cause = self.cause.as_ref().map(|cause| {
            let (name, state) = self.cause_text(cause, brief);
            let taken = line_width(&rest) + BETWEEN.chars().count();
            let room = |begin: &str| width.saturating_sub(taken + begin.chars().count() + state.chars().count());
            // In a narrow pane, the arrow alone says it.
            let long = format!("caused by {back} ");
            let begin = if room(&long) >= name.chars().count().min(NAME.0) { long } else { format!("{back} ") };
            let room = room(&begin).max(NAME.1);
            (Relation::Cause, format!("{begin}{}{state}", SafeText::line(&name).cut_middle(room).as_str()))
        });
        cause.into_iter().chain(rest).collect()
    }

    /// Returns the name of the cause, and what is wrong with it.
    fn cause_text(&self, cause: &Cause, brief: bool) -> (String, String) {
        let named = cause.reference.to_string();
        match self.found.as_ref().and_then(|found| found.cause.as_ref()) {
            Some(NearCause::Present(head)) => (format!("{}@{}", head.stream, head.position), String::new()),
            Some(NearCause::Missing) => (named, " (missing)".to_owned()),
            Some(NearCause::NotWithin(_)) if brief => (named, " (not near)".to_owned()),
            Some(NearCause::NotWithin(positions)) => (named, format!(" (not within {})", grouped(*positions))),
            None => match &cause.reference {
                Reference::GlobalPosition(position) => (format!("global {position}"), String::new()),
                _ => (named, String::new()),
            },
        }
    }

    /// Returns the part at a cell of the line.
    #[must_use]
    pub(crate) fn part_at(&self, cell: usize, width: usize, ascii: bool) -> Option<Relation> {
        let mut begin = 0;
        for (relation, text) in self.parts(width, ascii) {
            let end = begin + SafeText::line(&text).width();
            if (begin..end).contains(&cell) {
                return Some(relation);
            }
            begin = end + BETWEEN.chars().count();
        }
        None
    }
}

/// Returns the width of the line.
fn line_width(parts: &[(Relation, String)]) -> usize {
    let texts: usize = parts.iter().map(|(_, text)| SafeText::line(text).width()).sum();
    texts + parts.len().saturating_sub(1) * BETWEEN.chars().count()
}

/// Returns a number, marked if it is only a bound.
fn tally_text(tally: &Tally, brief: bool) -> String {
    match (tally.messages, tally.at_least) {
        (0, true) if brief => "0+".to_owned(),
        (0, false) if brief => "0".to_owned(),
        (0, true) => format!("none within {}", grouped(tally.within)),
        (0, false) => "none yet".to_owned(),
        (messages, true) => format!("{}+", grouped(messages as u64)),
        (messages, false) => grouped(messages as u64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(messages: usize, at_least: bool) -> Tally {
        Tally { messages, only: None, at_least, within: 100_000 }
    }

    #[test]
    fn marks_bounds_and_never_claims_that_there_is_nothing_at_all() {
        let cases = [
            (3, true, "3+", "3+"),
            (1_200, false, "1,200", "1,200"),
            (0, true, "none within 100,000", "0+"),
            (0, false, "none yet", "0"),
        ];
        for (messages, at_least, long, brief) in cases {
            let tally = tally(messages, at_least);
            assert_eq!((tally_text(&tally, false).as_str(), tally_text(&tally, true).as_str()), (long, brief));
        }
    }

    #[test]
    fn a_long_cause_is_shortened_so_that_the_numbers_stay() {
        let metadata = r#"{"causationMessageStreamName": "a-very-long-category-0197a0d8-7f4e-7c3e-9c58-0f4d2b7a9d11", "causationMessagePosition": 5, "correlationStreamName": "w-1"}"#;
        let line = LinkLine::of(Some(metadata), &Links::default()).expect("a convention");
        let text = |width| line.parts(width, false).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(BETWEEN);
        assert!(text(200).contains("7a9d11@5") && text(200).ends_with("effects → … · workflow …"), "{}", text(200));
        assert!(text(60).chars().count() <= 60 && text(60).ends_with("workflow …"), "{}", text(60));
        let first = line.parts(60, false)[0].1.chars().count();
        assert_eq!(line.part_at(first - 1, 60, false), Some(Relation::Cause));
        assert_eq!(line.part_at(first + 1, 60, false), None);
        assert_eq!(line.part_at(first + 3, 60, false), Some(Relation::Effects));
    }

    #[test]
    fn in_a_narrow_pane_the_last_parts_are_left_out_and_no_word_is_cut() {
        let metadata = r#"{"causationMessageStreamName": "payment-9", "causationMessagePosition": 4, "correlationStreamName": "w-1"}"#;
        let mut line = LinkLine::of(Some(metadata), &Links::default()).expect("a convention");
        let (effects, workflow) = (tally(0, true), Some(tally(1_000, true)));
        line.found = Some(Relations { cause: Some(NearCause::Missing), effects, workflow });
        let text = |width| line.parts(width, false).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(BETWEEN);
        assert_eq!(text(84), "caused by ← payment-9@4 (missing) · effects → none within 100,000 · workflow 1,000+");
        assert_eq!(text(73), "← payment-9@4 (missing) · effects → none within 100,000 · workflow 1,000+");
        assert_eq!(text(60), "caused by ← payment-9@4 (missing) · → 0+ · workflow 1,000+");
        assert_eq!(text(45), "← paym…9@4 (missing) · → 0+ · workflow 1,000+");
        assert_eq!(text(30), "← paym…9@4 (missing) · → 0+");
        assert_eq!(text(12), "← paym…sing)");
        for width in 0..100 {
            assert!(SafeText::line(&text(width)).width() <= width, "{width}: {}", text(width));
        }
    }

    #[test]
    fn metadata_without_a_convention_has_no_line() {
        assert!(LinkLine::of(None, &Links::default()).is_none());
        assert!(LinkLine::of(Some(r#"{"note": "causationId"}"#), &Links::default()).is_none());
    }
}
