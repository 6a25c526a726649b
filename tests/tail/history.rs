//! Checks what a follower was given against what is stored.

use std::collections::HashSet;

/// Compares the global positions that were given, in order, with those that are stored, in order; the first difference in words.
pub fn check(given: &[i64], stored: &[i64]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for position in given {
        if !seen.insert(position) {
            return Err(format!("{position} was given twice"));
        }
    }
    if let Some(missing) = stored.iter().find(|position| !seen.contains(position)) {
        return Err(format!("{missing} was never given"));
    }
    let there: HashSet<&i64> = stored.iter().collect();
    if let Some(invented) = given.iter().find(|position| !there.contains(position)) {
        return Err(format!("{invented} was given and is not stored"));
    }
    match given.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("{} was given before {}", pair[0], pair[1])),
        None => Ok(()),
    }
}

#[test]
fn every_kind_of_mistake_is_found() {
    assert_eq!(check(&[1, 2, 4], &[1, 2, 4]), Ok(()));
    assert!(check(&[1, 4], &[1, 2, 4]).is_err_and(|error| error.contains("2 was never given")));
    assert!(check(&[1, 2, 2], &[1, 2]).is_err_and(|error| error.contains("twice")));
    assert!(check(&[1, 2, 3], &[1, 2]).is_err_and(|error| error.contains("not stored")));
    assert!(check(&[1, 4, 2], &[1, 2, 4]).is_err_and(|error| error.contains("before")));
}
