//! Merges the changes of one program into an entry that another program may have changed meanwhile. Only members that
//! differ from what the program had loaded are written. Arrays are merged by element, so neither program loses what it
//! has added.

use serde_json::{Map, Value};

/// Writes the difference between `base` and `ours` into `theirs`.
pub(super) fn merge(base: &Value, ours: &Value, theirs: &mut Value) {
    if !theirs.is_object() {
        *theirs = Value::Object(Map::new());
    }
    let (Some(ours), Some(theirs)) = (ours.as_object(), theirs.as_object_mut()) else { return };
    for (name, value) in ours {
        let before = base.get(name);
        if before == Some(value) && theirs.contains_key(name) {
            continue;
        }
        let merged = match (value, theirs.get(name)) {
            (Value::Array(ours), Some(Value::Array(theirs))) => {
                let before = before.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                Value::Array(merged_array(before, ours, theirs))
            }
            _ => value.clone(),
        };
        theirs.insert(name.clone(), merged);
    }
}

/// Keeps the order of `ours`, without the elements that the other program has removed, followed by those that it has
/// added.
fn merged_array(base: &[Value], ours: &[Value], theirs: &[Value]) -> Vec<Value> {
    let kept = ours.iter().filter(|value| theirs.contains(value) || !base.contains(value));
    let added = theirs.iter().filter(|value| !ours.contains(value) && !base.contains(value));
    kept.chain(added).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_programs_keep_what_they_added_and_removed() {
        let base = json!({"bookmarks": ["a", "b", "c"], "place": 1, "times": null});
        let ours = json!({"bookmarks": ["new", "a", "c"], "place": 2, "times": null});
        let mut theirs = json!({"bookmarks": ["other", "b", "c"], "place": 3, "times": "local", "unknown": true});
        merge(&base, &ours, &mut theirs);
        let merged = json!({"bookmarks": ["new", "c", "other"], "place": 2, "times": "local", "unknown": true});
        assert_eq!(theirs, merged);
    }

    #[test]
    fn an_entry_that_is_missing_or_no_object_is_replaced() {
        let ours = json!({"bookmarks": ["a"], "times": null});
        for mut theirs in [json!(null), json!(5), json!({})] {
            merge(&ours, &ours, &mut theirs);
            assert_eq!(theirs, ours);
        }
    }
}
