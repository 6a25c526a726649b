//! Compares the messages that a follower received with the stored ones.

use std::collections::HashSet;

/// Compares received with stored global positions, both in order. Describes the first difference.
pub(crate) fn check(given: &[i64], stored: &[i64]) -> Result<(), String> {
    let mut seen = HashSet::new();
    for position in given {
        if !seen.insert(position) {
            return Err(format!("{position} was returned twice"));
        }
    }
    if let Some(missing) = stored.iter().find(|position| !seen.contains(position)) {
        return Err(format!("{missing} was never returned"));
    }
    let there: HashSet<&i64> = stored.iter().collect();
    if let Some(invented) = given.iter().find(|position| !there.contains(position)) {
        return Err(format!("{invented} was returned but is not stored"));
    }
    match given.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("{} was returned before {}", pair[0], pair[1])),
        None => Ok(()),
    }
}

#[test]
fn every_kind_of_mistake_is_found() {
    assert_eq!(check(&[1, 2, 4], &[1, 2, 4]), Ok(()));
    assert!(check(&[1, 4], &[1, 2, 4]).is_err_and(|error| error.contains("2 was never returned")));
    assert!(check(&[1, 2, 2], &[1, 2]).is_err_and(|error| error.contains("twice")));
    assert!(check(&[1, 2, 3], &[1, 2]).is_err_and(|error| error.contains("not stored")));
    assert!(check(&[1, 4, 2], &[1, 2, 4]).is_err_and(|error| error.contains("before")));
}
