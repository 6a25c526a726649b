//! Merges the data of messages by RFC 7386, and remembers for every leaf which message set it last. Values keep their
//! text, so numbers keep their digits. Members are in the order of `jsonb`: by length, then by bytes.
//!
//! Objects are nodes of one vector, and every walk has a stack of its own, so nesting is not limited.

use std::collections::BTreeMap;

use crate::json::path::member_step;
use crate::json::scan::{Token, scan};
use crate::json::{JsonProblem, string_value};

/// The number of the message that set a leaf, in the order of the merge. `None` for the initial state.
pub(crate) type Setter = Option<u32>;

/// A value without members: a scalar, an array, or an empty object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf<'a> {
    /// The path, such as `$.owner."first name"`.
    pub path: String,
    /// The value as written.
    pub value: &'a str,
    pub setter: Setter,
}

/// A key in the order of `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    length: usize,
    text: String,
    /// The text is as written, with its quotes. It has a lone surrogate, so it cannot be decoded.
    raw: bool,
}

impl Key {
    /// Takes a key as written, with its quotes.
    fn of(written: &str) -> Self {
        let decoded = string_value(written);
        let raw = decoded.is_none();
        let text = decoded.unwrap_or_else(|| written.to_owned());
        Self { length: text.len(), text, raw }
    }

    fn json(&self) -> String {
        if self.raw { self.text.clone() } else { serde_json::Value::from(self.text.as_str()).to_string() }
    }

    fn step(&self) -> String {
        if self.raw { format!(".{}", self.text) } else { member_step(&self.text) }
    }
}

type Index = u32;

#[derive(Debug, Clone)]
enum Value {
    /// A scalar or an array, as written.
    Text(Box<str>),
    Object(BTreeMap<Key, Index>),
    /// Not in use.
    Free,
}

#[derive(Debug, Clone)]
struct Node {
    value: Value,
    setter: Setter,
}

/// The state so far. Cloning it makes a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    nodes: Vec<Node>,
    free: Vec<Index>,
}

/// The root.
const ROOT: Index = 0;

impl Merged {
    /// Returns the empty state, which is JSON null.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self { nodes: vec![Node { value: Value::Text("null".into()), setter: None }], free: Vec::new() }
    }

    /// Begins with a state.
    ///
    /// # Errors
    /// The first problem if it is not JSON.
    pub(crate) fn with(state: &str) -> Result<Self, JsonProblem> {
        let mut merged = Self::new();
        merged.merge_by(state, None)?;
        Ok(merged)
    }

    /// Merges the data of a message. A message without data, or with null as its data, changes nothing: exports do not
    /// tell these apart.
    ///
    /// # Errors
    /// The first problem if the data is not JSON; the members before it are already merged.
    pub(crate) fn merge(&mut self, data: Option<&str>, setter: u32) -> Result<(), JsonProblem> {
        match data {
            Some(data) if data.trim() != "null" => self.merge_by(data, Some(setter)),
            _ => Ok(()),
        }
    }

    /// Takes a state as it is, with members that are null.
    ///
    /// # Errors
    /// The first problem if it is not JSON.
    pub(crate) fn of(state: &str) -> Result<Self, JsonProblem> {
        let mut merged = Self::new();
        let mut merge = Merge { keeps_nulls: true, ..Merge::new(&mut merged, state, None) };
        scan(state, |token| merge.token(token))?;
        Ok(merged)
    }

    fn merge_by(&mut self, patch: &str, setter: Setter) -> Result<(), JsonProblem> {
        let mut merge = Merge::new(self, patch, setter);
        scan(patch, |token| merge.token(token))
    }

    /// Names the message that set each leaf, given the state before: the one from before for a leaf with the same
    /// value, and otherwise `setter`.
    pub(crate) fn inherit(&mut self, before: &Self, setter: u32) {
        let mut pairs = vec![(ROOT, Some(ROOT))];
        while let Some((index, old)) = pairs.pop() {
            let old = old.map(|old| &before.nodes[old as usize]);
            let node = &mut self.nodes[index as usize];
            let same = match (&node.value, old.map(|old| &old.value)) {
                (Value::Text(text), Some(Value::Text(old))) => text == old,
                (Value::Object(members), Some(Value::Object(old))) => members.is_empty() && old.is_empty(),
                _ => false,
            };
            node.setter = if same { old.and_then(|old| old.setter) } else { Some(setter) };
            if let Value::Object(members) = &node.value {
                let old = match old.map(|old| &old.value) {
                    Some(Value::Object(old)) => Some(old),
                    _ => None,
                };
                pairs.extend(members.iter().map(|(key, member)| (*member, old.and_then(|old| old.get(key)).copied())));
            }
        }
    }

    /// Returns the approximate number of bytes of memory that the state takes.
    #[must_use]
    pub(crate) fn bytes(&self) -> usize {
        let value = |node: &Node| match &node.value {
            Value::Text(text) => text.len(),
            Value::Object(members) => members.keys().map(|key| key.text.len() + size_of::<(Key, Index)>()).sum(),
            Value::Free => 0,
        };
        self.nodes.iter().map(|node| size_of::<Node>() + value(node)).sum()
    }

    /// Returns the state as JSON text.
    #[must_use]
    pub(crate) fn text(&self) -> String {
        /// What is left to write.
        enum Step<'a> {
            Node(Index),
            Text(&'a str),
            Key(&'a Key),
        }
        let mut out = String::new();
        let mut steps = vec![Step::Node(ROOT)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Text(text) => out.push_str(text),
                Step::Key(key) => {
                    out.push_str(&key.json());
                    out.push_str(": ");
                }
                Step::Node(index) => match &self.nodes[index as usize].value {
                    Value::Text(text) => out.push_str(text),
                    Value::Object(members) => {
                        out.push('{');
                        steps.push(Step::Text("}"));
                        for (number, (key, member)) in members.iter().enumerate().rev() {
                            steps.push(Step::Node(*member));
                            steps.push(Step::Key(key));
                            if number > 0 {
                                steps.push(Step::Text(", "));
                            }
                        }
                    }
                    Value::Free => {}
                },
            }
        }
        out
    }

    /// Calls `found` for every leaf, in order.
    pub(crate) fn each_leaf(&self, mut found: impl FnMut(Leaf<'_>)) {
        // Each step has the length of the path before it, which all steps share.
        let mut path = "$".to_owned();
        let mut steps: Vec<(Index, usize, Option<&Key>)> = vec![(ROOT, 1, None)];
        while let Some((index, length, key)) = steps.pop() {
            path.truncate(length);
            if let Some(key) = key {
                path.push_str(&key.step());
            }
            let node = &self.nodes[index as usize];
            let mut leaf = |value| found(Leaf { path: path.clone(), value, setter: node.setter });
            match &node.value {
                Value::Text(text) => leaf(text),
                Value::Object(members) if members.is_empty() => leaf("{}"),
                Value::Object(members) => {
                    steps.extend(members.iter().rev().map(|(key, member)| (*member, path.len(), Some(key))));
                }
                Value::Free => {}
            }
        }
    }

    /// Replaces the value of a node and frees what was below it.
    fn set(&mut self, index: Index, value: Value, setter: Setter) {
        let old = std::mem::replace(&mut self.nodes[index as usize], Node { value, setter });
        self.free_below(old.value);
    }

    fn free_below(&mut self, value: Value) {
        let mut values = vec![value];
        while let Some(value) = values.pop() {
            let Value::Object(members) = value else { continue };
            for member in members.into_values() {
                let node = Node { value: Value::Free, setter: None };
                values.push(std::mem::replace(&mut self.nodes[member as usize], node).value);
                self.free.push(member);
            }
        }
    }

    /// Returns a member of an object, which is created if it is absent.
    fn member(&mut self, object: Index, key: Key, setter: Setter) -> Index {
        if let Value::Object(members) = &self.nodes[object as usize].value
            && let Some(member) = members.get(&key)
        {
            return *member;
        }
        let node = Node { value: Value::Text("null".into()), setter };
        let member = if let Some(free) = self.free.pop() {
            self.nodes[free as usize] = node;
            free
        } else {
            self.nodes.push(node);
            // A state of 4 billion values would not fit into memory.
            Index::try_from(self.nodes.len() - 1).unwrap_or(Index::MAX)
        };
        if let Value::Object(members) = &mut self.nodes[object as usize].value {
            members.insert(key, member);
        }
        member
    }

    fn remove(&mut self, object: Index, key: &Key) {
        if let Value::Object(members) = &mut self.nodes[object as usize].value
            && let Some(member) = members.remove(key)
        {
            let node = Node { value: Value::Free, setter: None };
            let old = std::mem::replace(&mut self.nodes[member as usize], node);
            self.free.push(member);
            self.free_below(old.value);
        }
    }
}

/// The merge of one message.
struct Merge<'a> {
    state: &'a mut Merged,
    patch: &'a str,
    setter: Setter,
    /// The objects of the state that correspond to the open objects of the patch.
    open: Vec<Index>,
    /// The key of the next value.
    key: Option<Key>,
    /// The offset of the outermost open array, and the number of open containers in it.
    array: Option<(usize, usize)>,
    /// Null is a value, and removes nothing.
    keeps_nulls: bool,
}

impl<'a> Merge<'a> {
    fn new(state: &'a mut Merged, patch: &'a str, setter: Setter) -> Self {
        Self { state, patch, setter, open: Vec::new(), key: None, array: None, keeps_nulls: false }
    }
    fn token(&mut self, token: Token) {
        if let Some((start, depth)) = &mut self.array {
            match token {
                Token::Open { .. } => *depth += 1,
                Token::Close { end } => {
                    *depth -= 1;
                    if *depth == 0 {
                        let range = *start..end;
                        self.array = None;
                        self.set(&self.patch[range]);
                    }
                }
                _ => {}
            }
            return;
        }
        match token {
            Token::Key(range) => self.key = Some(Key::of(&self.patch[range])),
            Token::Open { at, object: false } => self.array = Some((at, 1)),
            Token::Open { object: true, .. } => {
                let target = self.target();
                if !matches!(self.state.nodes[target as usize].value, Value::Object(_)) {
                    self.state.set(target, Value::Object(BTreeMap::new()), self.setter);
                }
                self.open.push(target);
            }
            Token::Close { .. } => {
                self.open.pop();
            }
            Token::Literal(range)
                if !self.keeps_nulls && &self.patch[range.clone()] == "null" && !self.open.is_empty() =>
            {
                if let (Some(object), Some(key)) = (self.open.last(), self.key.take()) {
                    self.state.remove(*object, &key);
                }
            }
            Token::String(range) | Token::Number(range) | Token::Literal(range) => self.set(&self.patch[range]),
        }
    }

    /// Returns the node that the next value goes to.
    fn target(&mut self) -> Index {
        match (self.open.last(), self.key.take()) {
            (Some(object), Some(key)) => self.state.member(*object, key, self.setter),
            _ => ROOT,
        }
    }

    fn set(&mut self, text: &str) {
        let target = self.target();
        self.state.set(target, Value::Text(text.into()), self.setter);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value as Json, json};

    use super::*;

    fn merged(patches: &[&str]) -> Merged {
        let mut state = Merged::new();
        for (number, patch) in (0..).zip(patches) {
            state.merge(Some(patch), number).expect("JSON");
        }
        state
    }

    fn leaves(state: &Merged) -> Vec<(String, String, Setter)> {
        let mut leaves = Vec::new();
        state.each_leaf(|leaf| leaves.push((leaf.path, leaf.value.to_owned(), leaf.setter)));
        leaves
    }

    #[test]
    fn names_the_message_that_set_each_leaf() {
        let state = merged(&[
            r#"{"owner": {"name": "Ada", "city": "x"}, "amount": 1.10, "tags": [1, {"a": null}]}"#,
            r#"{"owner": {"city": null}, "amount": 12345678901234567890123.000}"#,
            r#"{"a b": {}, "owner": {"name": "Eve"}}"#,
        ]);
        let leaf = |path: &str, value: &str, setter| (path.to_owned(), value.to_owned(), Some(setter));
        let expected = [
            leaf("$.\"a b\"", "{}", 2),
            leaf("$.tags", r#"[1, {"a": null}]"#, 0),
            leaf("$.owner.name", r#""Eve""#, 2),
            leaf("$.amount", "12345678901234567890123.000", 1),
        ];
        assert_eq!(leaves(&state), expected);
        assert_eq!(
            state.text(),
            r#"{"a b": {}, "tags": [1, {"a": null}], "owner": {"name": "Eve"}, "amount": 12345678901234567890123.000}"#
        );
    }

    #[test]
    fn keys_that_cannot_be_decoded_are_kept_as_written() {
        let state =
            merged(&[r#"{"\ud800": {"\u0000": 1}, "a": 1, "\udfff": 2}"#, r#"{"a": null, "\udfff": "\ud800"}"#]);
        assert_eq!(state.text(), r#"{"\ud800": {"\u0000": 1}, "\udfff": "\ud800"}"#);
        let leaf = |path: &str, value: &str, setter| (path.to_owned(), value.to_owned(), Some(setter));
        let expected = [leaf(r#"$."\ud800"."\u0000""#, "1", 0), leaf(r#"$."\udfff""#, r#""\ud800""#, 1)];
        assert_eq!(leaves(&state), expected);
    }

    #[test]
    fn a_state_that_replaces_another_names_the_message_of_each_changed_leaf() {
        let mut first = Merged::of(r#"{"a": 1, "b": {"c": null, "d": [1]}}"#).expect("JSON");
        first.inherit(&Merged::new(), 0);
        let mut second = Merged::of(r#"{"a": 1.0, "b": {"c": null, "d": [1], "e": {}}}"#).expect("JSON");
        second.inherit(&first, 1);
        let leaf = |path: &str, value: &str, setter| (path.to_owned(), value.to_owned(), Some(setter));
        let expected =
            [leaf("$.a", "1.0", 1), leaf("$.b.c", "null", 0), leaf("$.b.d", "[1]", 0), leaf("$.b.e", "{}", 1)];
        assert_eq!(leaves(&second), expected);
    }

    #[test]
    fn a_message_without_data_changes_nothing() {
        let mut state = merged(&[r#"{"a": 1}"#]);
        state.merge(None, 1).expect("nothing to read");
        state.merge(Some("null"), 2).expect("JSON");
        assert_eq!(state.text(), r#"{"a": 1}"#);
        assert_eq!(Merged::new().text(), "null");
        assert_eq!(leaves(&Merged::with(r#"{"a": 1}"#).expect("JSON"))[0].2, None);
    }

    #[test]
    fn a_value_that_is_not_an_object_replaces_the_state() {
        assert_eq!(merged(&[r#"{"a": {"b": 1}}"#, "[1, 2]"]).text(), "[1, 2]");
        assert_eq!(merged(&["7", r#"{"a": 1, "b": null}"#]).text(), r#"{"a": 1}"#);
    }

    #[test]
    fn nesting_is_not_limited() {
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        let mut state = merged(&[&deep, &deep]);
        assert_eq!(leaves(&state).len(), 1);
        assert_eq!(state.text().matches("\"a\": ").count(), 10_000);
        state.merge(Some("{\"a\": null}"), 2).expect("JSON");
        assert_eq!(state.text(), "{}");
    }

    /// RFC 7386 as its pseudo code.
    fn merge_patch(target: Json, patch: Json) -> Json {
        let Json::Object(patch) = patch else { return patch };
        let mut target = if let Json::Object(target) = target { target } else { Map::new() };
        for (key, value) in patch {
            if value.is_null() {
                target.remove(&key);
            } else {
                let old = target.remove(&key).unwrap_or(Json::Null);
                target.insert(key, merge_patch(old, value));
            }
        }
        Json::Object(target)
    }

    /// The message that set each leaf: the last one after which the leaf was merged into a state without it
    /// differently.
    fn blamed(patches: &[Json]) -> Vec<(String, u32)> {
        fn walk(path: &str, patch: &Json, number: u32, set: &mut Vec<(String, u32)>) {
            let Json::Object(members) = patch else {
                set.retain(|(known, _)| known != path && !known.starts_with(&format!("{path}/")));
                set.push((path.to_owned(), number));
                return;
            };
            let is_leaf = |at: &str| set.iter().any(|(path, _)| path == at);
            if is_leaf(path) || set.iter().all(|(known, _)| !known.starts_with(&format!("{path}/"))) {
                set.retain(|(known, _)| known != path);
                set.push((path.to_owned(), number));
            }
            for (key, value) in members {
                let below = format!("{path}/{key}");
                if value.is_null() {
                    set.retain(|(known, _)| *known != below && !known.starts_with(&format!("{below}/")));
                } else {
                    walk(&below, value, number, set);
                }
            }
        }
        let mut set = Vec::new();
        for (number, patch) in (0..).zip(patches) {
            if !patch.is_null() {
                walk("$", patch, number, &mut set);
            }
        }
        set
    }

    fn patch() -> impl Strategy<Value = Json> {
        let scalar = prop_oneof![
            Just(Json::Null),
            Just(json!(true)),
            any::<i64>().prop_map(|number| json!(number)),
            "[ab\"é]{0,2}".prop_map(Json::from),
            Just(json!([1, null, {"a": null}])),
        ];
        scalar.prop_recursive(3, 24, 4, |inner| {
            prop::collection::vec(("[abc]{1,2}", inner), 0..4).prop_map(|members| members.into_iter().collect())
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_pseudo_code_of_the_rfc(patches in prop::collection::vec(patch(), 0..6)) {
            let texts: Vec<String> = patches.iter().map(ToString::to_string).collect();
            let state = merged(&texts.iter().map(String::as_str).collect::<Vec<_>>());
            let expected = patches.iter().filter(|patch| !patch.is_null()).cloned().fold(Json::Null, merge_patch);
            let actual: Json = serde_json::from_str(&state.text()).expect("JSON");
            prop_assert_eq!(&actual, &expected);
            let free = state.free.len();
            prop_assert_eq!(state.nodes.iter().filter(|node| matches!(node.value, Value::Free)).count(), free);
            let blamed: BTreeMap<String, u32> = blamed(&patches).into_iter().collect();
            for (path, value, setter) in leaves(&state) {
                // An empty object can have become empty later than it was set.
                if value != "{}" && !patches.is_empty() {
                    let path = path.replace('.', "/").replace('"', "");
                    prop_assert_eq!(setter, blamed.get(&path).copied(), "{}", path);
                }
            }
        }
    }
}
