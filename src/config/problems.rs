//! Reads the configuration and collects every problem in it, each with its line and column and what to do about it. A
//! part with a problem is left out, so that one mistake does not hide the others.

use std::fmt;
use std::ops::Range;

use serde::Deserialize as _;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer, Error};

use super::Config;
use crate::nearest::suggestion;

/// A mistake in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1 on.
    pub line: usize,
    /// The character of the line, from 1 on.
    pub column: usize,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.what)
    }
}

/// A mistake at a place in the text.
pub(super) type Mistake = (Range<usize>, String);

/// Reads a configuration.
///
/// # Errors
/// Returns every problem, from top to bottom.
pub(super) fn read(text: &str) -> Result<Config, Vec<Problem>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    let mut mistakes: Vec<Mistake> = errors.iter().map(|error| (span_of(error), plainly(error.message()))).collect();
    if mistakes.is_empty() {
        match without_mistakes(tree, &mut mistakes) {
            Some(config) => {
                mistakes.extend(config.mistakes());
                if mistakes.is_empty() {
                    mistakes.extend(config.lost_ways_out());
                }
                if mistakes.is_empty() {
                    return Ok(config);
                }
            }
            None => debug_assert!(!mistakes.is_empty(), "a configuration is refused for a reason"),
        }
    }
    mistakes.sort_by_key(|(span, _)| span.start);
    mistakes.dedup();
    Err(mistakes.into_iter().map(|mistake| at(text, mistake)).collect())
}

/// Reads the tree, and leaves out each part that cannot be read.
fn without_mistakes(mut tree: Spanned<DeTable<'_>>, mistakes: &mut Vec<Mistake>) -> Option<Config> {
    let mut removed: Vec<Removed> = Vec::new();
    loop {
        let error = match Config::deserialize(Deserializer::from(tree.clone())) {
            Ok(config) => return Some(config),
            Err(error) => error,
        };
        let span = span_of(&error);
        let is_missing =
            |part: &Removed| part.from == span && error.message() == format!("missing field `{}`", part.key);
        if !removed.iter().any(is_missing) {
            mistakes.push((span.clone(), plainly(error.message())));
        }
        let root = tree.span();
        removed.push(take_from_table(tree.get_mut(), &root, &span)?);
    }
}

/// A part that was left out because of a mistake in it.
struct Removed {
    /// The place of the table or array that had it.
    from: Range<usize>,
    /// Its name in a table.
    key: String,
}

/// Removes the part at a place from a table.
fn take_from_table(table: &mut DeTable<'_>, place: &Range<usize>, span: &Range<usize>) -> Option<Removed> {
    let found =
        table.iter().find(|(key, value)| key.span() == *span || value.span() == *span).map(|(key, _)| key.clone());
    if let Some(key) = found {
        table.remove(&key);
        return Some(Removed { from: place.clone(), key: key.into_inner().into_owned() });
    }
    let mut entries = table.iter_mut();
    entries.find_map(|(_, value)| take_from_value(value, span))
}

fn take_from_value(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Removed> {
    let place = value.span();
    match value.get_mut() {
        DeValue::Table(table) => take_from_table(table, &place, span),
        DeValue::Array(array) => {
            if let Some(index) = array.iter().position(|element| element.span() == *span) {
                let others = std::mem::replace(array, DeArray::from_iter([]))
                    .into_iter()
                    .enumerate()
                    .filter(|(at, _)| *at != index);
                *array = others.map(|(_, element)| element).collect();
                return Some(Removed { from: place, key: String::new() });
            }
            array.iter_mut().find_map(|element| take_from_value(element, span))
        }
        _ => None,
    }
}

fn span_of(error: &Error) -> Range<usize> {
    error.span().unwrap_or_default()
}

fn at(text: &str, (span, what): Mistake) -> Problem {
    let before = &text[..text.floor_char_boundary(span.start)];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Problem { line, column, what }
}

/// Puts an error of the TOML reader, which uses its own terms, into plain words.
fn plainly(message: &str) -> String {
    let message = message.replace('\n', ", ");
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<String>>();
    for (start, kind) in [("unknown field `", "setting"), ("unknown variant `", "value")] {
        if message.starts_with(start) {
            let mut names = quoted(&message);
            let typed = names.remove(0);
            let meant = suggestion(&typed, names.iter().map(String::as_str));
            return format!("unknown {kind} \"{typed}\".{meant} Use {}", names.join(", "));
        }
    }
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("{} is missing here. Add it", name.replace('`', "\""));
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    {
        // The reader's terms for a list and a table.
        let plain = |name| match name {
            "a sequence" | "sequence" => "a list",
            "a map" | "map" => "a table",
            name => name,
        };
        let is_section = (expected, found) == ("a sequence", "map");
        let hint = if is_section { ". Write the name in two brackets, as in [[keys]]" } else { "" };
        return format!("expected {}, found {}{hint}", plain(expected), plain(found));
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        read(text).expect_err("mistakes").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn reports_every_mistake_from_top_to_bottom() {
        let text = "ascii = 1\ncolour = true\ntheme = \"drak\"\n\
                    [colors]\nbrder = \"red\"\ntext = \"gren\"\ntitle = 3\n\
                    [[keys]]\naction = \"fly\"\nkeys = [\"x\", \"hyper-x\", 3]\n\
                    [[keys]]\naction = \"quit\"\n\
                    [[profile]]\ntarget = \"b\"\nproduction = \"yes\"\n";
        let expected = [
            "line 1, column 9: expected a boolean, found integer `1`",
            "line 2, column 1: unknown setting \"colour\". Did you mean \"colors\"? Use ",
            "line 3, column 9: unknown value \"drak\". Did you mean \"dark\"? Use terminal, light, dark, high-contrast",
            "line 5, column 1: unknown part of the screen \"brder\". Did you mean \"border\"?",
            "line 6, column 8: unknown colour \"gren\". Did you mean \"green\"?",
            "line 9, column 10: unknown action \"fly\". streamscope config lists the actions",
            "line 10, column 14: unknown key \"hyper-x\"",
            "line 10, column 25: expected a string, found integer `3`",
            "line 11, column 1: \"keys\" is missing here. Add it",
            "line 13, column 1: \"name\" is missing here. Add it",
            "line 15, column 14: expected a boolean, found string \"yes\"",
        ];
        let found = problems(text);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found}\n{expected}");
        }
    }

    #[test]
    fn suggests_double_brackets_for_a_section_with_single_ones() {
        for text in ["[keys]\nquit = \"x\"\n", "[profile.prod]\nname = \"prod\"\n"] {
            let found = problems(text);
            assert!(found[0].contains("expected a list, found a table. Write the name in two brackets"), "{found:#?}");
        }
    }

    #[test]
    fn a_mistake_in_the_syntax_is_reported_with_its_place() {
        let found = problems("ascii = tru\nmouse = false\n[colors\n");
        assert!(found[0].starts_with("line 1, column 9: "), "{found:#?}");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_a_reason(
            lines in proptest::collection::vec(
                "(ascii|theme|colors|keys|\\[\\[keys\\]\\]|\\[colors\\]|action|context|title|\u{e9}) ?(= ?(1|\"quit\"|\"compose\"|\\[\"x\", 1\\]|\\{a = 1\\}|true))?",
                0..8,
            ),
        ) {
            let text = lines.join("\n");
            if let Err(problems) = read(&text) {
                proptest::prop_assert!(!problems.is_empty());
                for problem in problems {
                    proptest::prop_assert!(problem.line <= text.lines().count().max(1) + 1 && !problem.what.is_empty());
                }
            }
        }
    }
}
