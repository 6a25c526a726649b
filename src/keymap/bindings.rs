//! Which keys run which actions in which scope, for panes and for dialogs alike. A scope that binds an action of its
//! own hides the general keys of this action.

use super::chord::Chord;

/// Bindings in scopes, one of which is general: its keys work in all others too.
#[derive(Debug, Clone)]
pub(crate) struct Bindings<S, A> {
    general: S,
    bound: Vec<(S, Chord, A)>,
    /// Actions that have no keys in a scope, because the user removed them.
    without_keys: Vec<(S, A)>,
}

impl<S: Copy + PartialEq, A: Copy + PartialEq> Bindings<S, A> {
    /// Creates bindings from rows of keys separated by spaces. A row without keys leaves the action to the general
    /// scope.
    pub(super) fn new<'a>(general: S, rows: impl IntoIterator<Item = (S, A, &'a str)>) -> Self {
        let mut bindings = Self { general, bound: Vec::new(), without_keys: Vec::new() };
        for (scope, action, keys) in rows {
            for key in keys.split_whitespace() {
                let chord = key.parse().expect("the default map names only keys that exist");
                bindings.bound.push((scope, chord, action));
            }
        }
        bindings
    }

    /// Replaces an action's keys in a scope. A key that was bound to another action there is taken from it.
    pub(super) fn rebind(&mut self, scope: S, action: A, keys: &[Chord]) {
        self.without_keys.retain(|row| *row != (scope, action));
        if keys.is_empty() {
            self.without_keys.push((scope, action));
        }
        self.bound.retain(|(of, chord, bound)| *of != scope || (*bound != action && !keys.contains(chord)));
        self.bound.extend(keys.iter().map(|chord| (scope, *chord, action)));
    }

    fn is_own(&self, scope: S, action: A) -> bool {
        self.without_keys.contains(&(scope, action))
            || self.bound.iter().any(|(of, _, bound)| (*of, *bound) == (scope, action))
    }

    /// Returns the action of a key in a scope.
    pub(super) fn action(&self, scope: S, key: Chord) -> Option<A> {
        let in_scope = |wanted: S| {
            self.bound.iter().filter(move |(of, bound, _)| (*of, *bound) == (wanted, key)).map(|(.., action)| *action)
        };
        in_scope(scope).next().or_else(|| in_scope(self.general).find(|action| !self.is_own(scope, *action)))
    }

    /// Returns the keys of an action in a scope, without general keys that have another action there. The first one is
    /// shown if there is room for only one.
    pub(super) fn keys(&self, scope: S, action: A) -> Vec<Chord> {
        let from = if self.is_own(scope, action) { scope } else { self.general };
        let of_action = self.bound.iter().filter(|(of, _, bound)| (*of, *bound) == (from, action));
        of_action.map(|(_, chord, _)| *chord).filter(|chord| self.action(scope, *chord) == Some(action)).collect()
    }

    /// Returns every binding.
    pub(super) fn all(&self) -> &[(S, Chord, A)] {
        &self.bound
    }
}
