//! Compares two JSON documents by path. Members are compared by key in any order, elements by index after the equal
//! elements at both ends of an array. Values keep their text: two numbers with the same value and different digits,
//! such as `1` and `1.0`, are reported as respelled. A key that an object repeats is compared with the same occurrence
//! of that key.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use super::document::{Document, Kind};
use super::members::string_value;

/// How a value differs, with its texts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    Added(&'a str),
    Removed(&'a str),
    Changed {
        before: &'a str,
        after: &'a str,
    },
    /// A number with the same value and different digits.
    Respelled {
        before: &'a str,
        after: &'a str,
    },
}

/// A step through both documents at once, with the rows of a value in the first and in the second one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Equal values.
    Same(usize, usize),
    Changed(usize, usize),
    Removed(usize),
    Added(usize),
    /// Two objects or two arrays that differ inside. Their members or elements follow.
    Open(usize, usize),
    /// The end of the latest open pair.
    Close(usize, usize),
}

/// The differences between two documents. Paths are built on demand, because those of deep documents are long.
#[derive(Debug)]
pub(crate) struct Difference {
    before: Document,
    after: Document,
    steps: Vec<Step>,
    /// The indices of the steps that are differences.
    differing: Vec<usize>,
}

impl Difference {
    /// Compares two documents. Takes time in proportion to their size, whatever their nesting.
    #[must_use]
    pub(crate) fn between(before: Document, after: Document) -> Self {
        let steps = Comparison::new(&before, &after).run();
        let differs = |step: &Step| matches!(step, Step::Changed(..) | Step::Removed(_) | Step::Added(_));
        let differing = (0..steps.len()).filter(|index| differs(&steps[*index])).collect();
        Self { before, after, steps, differing }
    }

    /// Returns both documents.
    #[must_use]
    pub(crate) fn documents(&self) -> (&Document, &Document) {
        (&self.before, &self.after)
    }

    /// Returns the steps through both documents, in the order of the first one.
    #[must_use]
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Returns the number of differences.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.differing.len()
    }

    /// Returns the path of a difference, such as `$.items[2].amount`, and the change there. A removed element has its
    /// index in the first document, every other one that in the second.
    #[must_use]
    pub(crate) fn get(&self, index: usize) -> Option<(String, Change<'_>)> {
        let step = self.steps[*self.differing.get(index)?];
        let path = match step {
            Step::Removed(row) => self.before.path(row),
            Step::Added(row)
            | Step::Changed(_, row)
            | Step::Same(_, row)
            | Step::Open(_, row)
            | Step::Close(_, row) => self.after.path(row),
        };
        Some((path, self.change(step)?))
    }

    /// Returns the change of a step, if it is a difference.
    #[must_use]
    pub(crate) fn change(&self, step: Step) -> Option<Change<'_>> {
        Some(match step {
            Step::Added(row) => Change::Added(self.after.value(row)),
            Step::Removed(row) => Change::Removed(self.before.value(row)),
            Step::Changed(before, after) => {
                let is_number =
                    |document: &Document, row| document.row(row).is_some_and(|row| row.kind == Kind::Number);
                let numbers = is_number(&self.before, before) && is_number(&self.after, after);
                let (before, after) = (self.before.value(before), self.after.value(after));
                if numbers && Number::new(before) == Number::new(after) {
                    Change::Respelled { before, after }
                } else {
                    Change::Changed { before, after }
                }
            }
            Step::Same(..) | Step::Open(..) | Step::Close(..) => return None,
        })
    }

    /// Returns all differences, in the order of the first document; added members follow the others of their object.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (String, Change<'_>)> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

/// A comparison under way. What is still to be done is on a stack of its own, so nesting is not limited. A
/// [`Step::Same`] there is a pair that is still to be compared.
struct Comparison<'a> {
    before: Side<'a>,
    after: Side<'a>,
    waiting: Vec<Step>,
    done: Vec<Step>,
}

impl<'a> Comparison<'a> {
    fn new(before: &'a Document, after: &'a Document) -> Self {
        let hashing = [RandomState::new(), RandomState::new()];
        let (before, after) = (Side::new(before, &hashing), Side::new(after, &hashing));
        Self { before, after, waiting: vec![Step::Same(0, 0)], done: Vec::new() }
    }

    fn run(mut self) -> Vec<Step> {
        while let Some(step) = self.waiting.pop() {
            match step {
                Step::Same(before, after) => self.compare(before, after),
                done => self.done.push(done),
            }
        }
        self.done
    }

    fn compare(&mut self, before: usize, after: usize) {
        if self.before.fingerprints[before] == self.after.fingerprints[after] {
            self.done.push(Step::Same(before, after));
            return;
        }
        let mut inside = match (self.before.kind(before), self.after.kind(after)) {
            (Some(Kind::Object), Some(Kind::Object)) => self.compare_members(before, after),
            (Some(Kind::Array), Some(Kind::Array)) => self.compare_elements(before, after),
            _ => {
                self.done.push(Step::Changed(before, after));
                return;
            }
        };
        self.done.push(Step::Open(before, after));
        self.waiting.push(Step::Close(before, after));
        inside.reverse();
        self.waiting.append(&mut inside);
    }

    fn compare_members(&self, before: usize, after: usize) -> Vec<Step> {
        let mut unmatched: HashMap<Cow<'a, str>, VecDeque<usize>> = HashMap::new();
        for row in self.after.document.children(after) {
            unmatched.entry(self.after.key(row)).or_default().push_back(row);
        }
        let mut steps = Vec::new();
        for row in self.before.document.children(before) {
            let found = unmatched.get_mut(&self.before.key(row)).and_then(VecDeque::pop_front);
            steps.push(found.map_or(Step::Removed(row), |found| Step::Same(row, found)));
        }
        let mut added: Vec<usize> = unmatched.into_values().flatten().collect();
        added.sort_unstable();
        steps.extend(added.into_iter().map(Step::Added));
        steps
    }

    fn compare_elements(&self, before: usize, after: usize) -> Vec<Step> {
        let before: Vec<usize> = self.before.document.children(before).collect();
        let after: Vec<usize> = self.after.document.children(after).collect();
        let same = |pair: &(&usize, &usize)| self.before.fingerprints[*pair.0] == self.after.fingerprints[*pair.1];
        let pairs = before.iter().zip(&after);
        let start = pairs.clone().take_while(same).count();
        let most = before.len().min(after.len()) - start;
        let end = before.iter().rev().zip(after.iter().rev()).take(most).take_while(same).count();
        let pair = |(before, after): (&usize, &usize)| Step::Same(*before, *after);
        let (last_before, last_after) = (before.len() - end, after.len() - end);
        let shorter = last_before.min(last_after);
        let first = pairs.take(shorter).map(pair);
        let removed = before[shorter..last_before].iter().map(|row| Step::Removed(*row));
        let added = after[shorter..last_after].iter().map(|row| Step::Added(*row));
        let last = before[last_before..].iter().zip(&after[last_after..]).map(pair);
        first.chain(removed).chain(added).chain(last).collect()
    }
}

/// Two hashes of a value. Their keys are random, so no document can be made to collide with another.
type Fingerprint = [u64; 2];

/// One document and the fingerprints of its rows. Equal values have the same fingerprint, whatever the order of their
/// members.
struct Side<'a> {
    document: &'a Document,
    fingerprints: Vec<Fingerprint>,
}

impl<'a> Side<'a> {
    fn new(document: &'a Document, hashing: &[RandomState; 2]) -> Self {
        let mut side = Self { document, fingerprints: vec![[0; 2]; document.rows()] };
        // Children follow their parents in the list of rows.
        for row in (0..document.rows()).rev() {
            side.fingerprints[row] = side.fingerprint(row, hashing);
        }
        side
    }

    fn fingerprint(&self, row: usize, hashing: &[RandomState; 2]) -> Fingerprint {
        let hash = |value: &dyn Fn(&RandomState) -> u64| hashing.each_ref().map(value);
        let text = self.document.value(row);
        match self.kind(row) {
            Some(Kind::Object) => {
                let member = |child| (hash(&|hashing| hashing.hash_one(self.key(child))), self.fingerprints[child]);
                let mut members: Vec<_> = self.document.children(row).map(member).collect();
                // A stable sort: the occurrences of a repeated key stay in order.
                members.sort_by_key(|(key, _)| *key);
                hash(&|hashing| hashing.hash_one(("object", &members)))
            }
            Some(Kind::Array) => {
                let elements: Vec<_> = self.document.children(row).map(|child| self.fingerprints[child]).collect();
                hash(&|hashing| hashing.hash_one(("array", &elements)))
            }
            Some(Kind::String) => hash(&|hashing| hashing.hash_one(("string", decoded(text)))),
            Some(Kind::Number | Kind::Literal) | None => hash(&|hashing| hashing.hash_one(("plain", text))),
        }
    }

    fn kind(&self, row: usize) -> Option<Kind> {
        self.document.row(row).map(|row| row.kind)
    }

    fn key(&self, row: usize) -> Cow<'a, str> {
        decoded(self.document.key(row))
    }
}

/// Decodes a string with its quotes.
fn decoded(raw: &str) -> Cow<'_, str> {
    match raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).filter(|text| !text.contains('\\')) {
        Some(text) => Cow::Borrowed(text),
        None => string_value(raw).map_or(Cow::Borrowed(raw), Cow::Owned),
    }
}

/// The value of a number: its significant digits, as an integer, times ten to the exponent. Zero has no digits.
#[derive(Debug, PartialEq, Eq)]
struct Number {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Number {
    fn new(text: &str) -> Option<Self> {
        let magnitude = text.trim_start_matches('-');
        let (mantissa, exponent) = magnitude.split_once(['e', 'E']).unwrap_or((magnitude, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let significant = all.trim_end_matches('0');
        let digits = significant.trim_start_matches('0').to_owned();
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let shift = i64::try_from(all.len() - significant.len()).ok()? - i64::try_from(fraction.len()).ok()?;
        let exponent = exponent.parse::<i64>().ok()?.checked_add(shift)?;
        Some(Self { negative: text.starts_with('-'), digits, exponent })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn difference(before: &str, after: &str) -> Difference {
        let document = |text: &str| Document::parse(text.to_owned()).expect("JSON");
        Difference::between(document(before), document(after))
    }

    /// One line per difference: `+ path after`, `- path before`, `~ path before after`, or `= path before after` if
    /// respelled.
    fn lines(before: &str, after: &str) -> Vec<String> {
        let line = |(path, change): (String, Change)| match change {
            Change::Added(after) => format!("+ {path} {after}"),
            Change::Removed(before) => format!("- {path} {before}"),
            Change::Changed { before, after } => format!("~ {path} {before} {after}"),
            Change::Respelled { before, after } => format!("= {path} {before} {after}"),
        };
        difference(before, after).iter().map(line).collect()
    }

    #[test]
    fn names_the_path_and_both_texts_of_each_difference() {
        let before =
            r#"{"id": 7, "items": [{"amount": 1}, {"amount": 2}, {"amount": 3}], "gone": null, "same": [1, {}]}"#;
        let after =
            r#"{"same": [1, {}], "items": [{"amount": 1}, {"amount": 2}, {"amount": "3"}], "id": 7, "a b": {"c": []}}"#;
        let expected = ["~ $.items[2].amount 3 \"3\"", "- $.gone null", "+ $.\"a b\" {\"c\": []}"];
        assert_eq!(lines(before, after), expected);
    }

    #[test]
    fn members_in_another_order_and_other_escapes_are_no_difference() {
        assert_eq!(lines(r#"{"a": "A\n", "b": [1]}"#, "{ \"b\":[1],\"\\u0061\":\"\\u0041\\u000a\" }"), [""; 0]);
    }

    #[test]
    fn numbers_are_compared_by_every_digit() {
        let (before, after) = ("9007199254740993", "9007199254740992");
        assert_eq!(lines(before, after), [format!("~ $ {before} {after}")]);
        assert_eq!(lines("0.1", "0.10000000000000000001"), ["~ $ 0.1 0.10000000000000000001"]);
        assert_eq!(lines("1", "-1"), ["~ $ 1 -1"]);
        assert_eq!(lines("1e3", "1e4"), ["~ $ 1e3 1e4"]);
        assert_eq!(lines("1", "\"1\""), ["~ $ 1 \"1\""]);
    }

    #[test]
    fn the_same_number_with_other_digits_is_respelled() {
        for (before, after) in [("1", "1.0"), ("1.50", "15e-1"), ("1000", "1E+3"), ("0", "-0.00"), ("0e5", "0")] {
            assert_eq!(lines(before, after), [format!("= $ {before} {after}")]);
        }
    }

    #[test]
    fn an_element_inserted_or_removed_anywhere_is_the_only_difference() {
        assert_eq!(lines("[1, 2, 3]", "[0, 1, 2, 3]"), ["+ $[0] 0"]);
        assert_eq!(lines("[1, 2, 3]", "[1, 3]"), ["- $[1] 2"]);
        assert_eq!(lines("[1]", "[1, 1]"), ["+ $[1] 1"]);
        assert_eq!(lines("[]", "[[]]"), ["+ $[0] []"]);
    }

    #[test]
    fn changed_elements_have_the_same_index_in_both() {
        assert_eq!(lines("[0, 1, 2, 9]", "[0, 5, 9]"), ["~ $[1] 1 5", "- $[2] 2"]);
    }

    #[test]
    fn a_repeated_key_is_compared_with_the_same_occurrence() {
        assert_eq!(lines(r#"{"a": 1, "a": 2}"#, r#"{"a": 1, "a": 3}"#), ["~ $.a 2 3"]);
        assert_eq!(lines(r#"{"a": 1, "a": 2}"#, r#"{"a": 1}"#), ["- $.a 2"]);
        assert_eq!(lines(r#"{"a": 1}"#, r#"{"a": 1, "b": 0, "a": 2}"#), ["+ $.b 0", "+ $.a 2"]);
        assert_eq!(lines(r#"{"a": 1, "a": 2}"#, r#"{"a": 2, "a": 1}"#).len(), 2);
    }

    #[test]
    fn another_kind_of_value_is_one_change() {
        assert_eq!(lines("{}", "[]"), ["~ $ {} []"]);
        assert_eq!(lines(r#"{"a": {"b": 1}}"#, r#"{"a": null}"#), ["~ $.a {\"b\": 1} null"]);
    }

    #[test]
    fn ten_thousand_levels_with_a_difference_in_each_are_compared() {
        let deep = |value: &str| format!("[{value},").repeat(9_999) + "[" + value + "]" + &"]".repeat(9_999);
        let difference = difference(&deep("1"), &deep("2"));
        assert_eq!(difference.len(), 10_000);
        let (path, change) = difference.get(9_999).expect("the deepest");
        assert_eq!((path.len(), change), (1 + 3 * 10_000, Change::Changed { before: "1", after: "2" }));
    }

    #[test]
    fn the_last_of_many_members_is_found() {
        let wide = |last: &str| {
            let mut text = "{".to_owned();
            for number in 0..20_000 {
                let _ = write!(text, "\"k{number}\": [{number}], ");
            }
            text + "\"last\": " + last + "}"
        };
        assert_eq!(lines(&wide("1"), &wide("2")), ["~ $.last 1 2"]);
    }

    proptest::proptest! {
        #[test]
        fn finds_no_difference_exactly_if_serde_json_finds_none(before in value(), after in value()) {
            let same = before == after;
            proptest::prop_assert_eq!(difference(&before.to_string(), &after.to_string()).len() == 0, same);
        }

        #[test]
        fn the_opposite_comparison_has_the_same_paths(before in value(), after in value()) {
            let turned = |line: &String| line.chars().next().map(|sign| match sign { '+' => '-', '-' => '+', same => same });
            let (before, after) = (before.to_string(), after.to_string());
            let mut there: Vec<_> = lines(&before, &after).iter().map(turned).collect();
            let mut back: Vec<_> = lines(&after, &before).iter().map(|line| line.chars().next()).collect();
            there.sort_unstable();
            back.sort_unstable();
            proptest::prop_assert_eq!(there, back);
        }

        #[test]
        fn applying_the_differences_gives_the_second_document(before in object(), after in object()) {
            let mut patched = before.clone();
            let difference = difference(&before.to_string(), &after.to_string());
            for (path, change) in difference.iter() {
                apply(&mut patched, &path, change);
            }
            proptest::prop_assert_eq!(patched, after);
        }
    }

    /// Applies a difference at a path of plain keys.
    fn apply(document: &mut serde_json::Value, path: &str, change: Change) {
        let mut keys: Vec<&str> = path.split('.').skip(1).collect();
        let Some(last) = keys.pop() else { panic!("two objects differ in their members") };
        let parent = keys.into_iter().fold(document, |value, key| &mut value[key]);
        let members = parent.as_object_mut().expect("an object");
        match change {
            Change::Removed(before) => {
                let removed = members.remove(last).expect("a member to remove");
                assert_eq!(removed.to_string(), before);
            }
            Change::Added(after) | Change::Changed { after, .. } | Change::Respelled { after, .. } => {
                members.insert(last.to_owned(), serde_json::from_str(after).expect("JSON"));
            }
        }
    }

    fn leaf() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            (0..3_i64).prop_map(Into::into),
            "[a\"\\\\]{0,2}".prop_map(Into::into)
        ]
    }

    /// Random values that are often equal.
    fn value() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        leaf().prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                proptest::collection::btree_map("[ab\"]", inner, 0..4)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    /// Random objects of objects.
    fn object() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        let object = |inner| {
            proptest::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Value>())
        };
        let nested = leaf().prop_recursive(4, 32, 4, move |inner| {
            proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(|members| members.into_iter().collect())
        });
        object(nested.boxed())
    }
}
