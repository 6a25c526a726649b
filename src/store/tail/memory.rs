//! Remembers which messages were seen, to detect a store that was emptied, restored or failed over and reuses global
//! positions. It keeps all recent messages and a few older ones. Never queries the store.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use crate::message::GlobalPosition;

/// The number of newest messages that are all remembered. A failover loses a few seconds of messages.
const RECENT: usize = 10_000;
/// The maximum number of older messages. Beyond it, every other one is dropped.
const OLD: usize = 64;
/// The minimum distance between older messages, in global positions.
const APART: i64 = 1_000;

/// The messages that were seen.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    recent: BTreeMap<GlobalPosition, Seen>,
    old: BTreeMap<GlobalPosition, Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    id: Uuid,
    /// Whether it was returned or counts as returned. Otherwise it was only the newest message at a poll.
    delivered: bool,
}

/// How a store's history continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum History {
    /// It is the same history. Some messages may have been deleted.
    GoesOn,
    /// Above this global position the store contains, or may contain, different messages than before.
    PartsAbove(GlobalPosition),
}

impl Memory {
    /// Remembers a message that was returned.
    pub(super) fn remember(&mut self, position: GlobalPosition, id: Uuid) {
        self.insert(position, Seen { id, delivered: true });
    }

    /// Remembers a message that exists but was not necessarily returned.
    pub(super) fn sight(&mut self, position: GlobalPosition, id: Uuid) {
        if !self.recent.contains_key(&position) {
            self.insert(position, Seen { id, delivered: false });
        }
    }

    fn insert(&mut self, position: GlobalPosition, seen: Seen) {
        // A nil ID stands for NULL.
        if seen.id.is_nil() {
            return;
        }
        self.recent.insert(position, seen);
        if self.recent.len() > RECENT
            && let Some((position, seen)) = self.recent.pop_first()
            && self.old.last_key_value().is_none_or(|(last, _)| position - last >= APART)
        {
            self.remember_old(position, seen.id);
        }
    }

    /// Remembers an older message.
    pub(super) fn remember_old(&mut self, position: GlobalPosition, id: Uuid) {
        self.old.insert(position, Seen { id, delivered: true });
        if self.old.len() > OLD {
            let mut keep = false;
            self.old.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
    }

    pub(super) fn newest(&self) -> Option<(GlobalPosition, Uuid)> {
        let of =
            |map: &BTreeMap<GlobalPosition, Seen>| map.last_key_value().map(|(position, seen)| (*position, seen.id));
        of(&self.recent).max(of(&self.old))
    }

    /// Returns all remembered global positions in ascending order.
    pub(super) fn positions(&self) -> Vec<GlobalPosition> {
        let mut all: Vec<GlobalPosition> = self.old.keys().chain(self.recent.keys()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the global positions above `position` that were returned to the follower.
    pub(super) fn delivered_above(&self, position: GlobalPosition) -> impl Iterator<Item = GlobalPosition> + '_ {
        let delivered = |(position, seen): (&GlobalPosition, &Seen)| seen.delivered.then_some(*position);
        self.recent.range(position.saturating_add(1)..).filter_map(delivered)
    }

    /// Whether any remembered global position now belongs to a different message.
    pub(super) fn replaces(&self, there: &HashMap<GlobalPosition, Vec<Uuid>>) -> bool {
        let other =
            |(position, seen): (&GlobalPosition, &Seen)| there.get(position).is_some_and(|ids| !ids.contains(&seen.id));
        self.old.iter().chain(&self.recent).any(other)
    }

    /// Compares the memory with the messages that exist now and forgets those that differ. Missing messages alone mean
    /// that they were deleted, unless `suspect` is set because something else indicates a different history.
    pub(super) fn compare(&mut self, there: &HashMap<GlobalPosition, Vec<Uuid>>, suspect: bool) -> History {
        let mut differs: Option<GlobalPosition> = None;
        let mut gone = 0;
        for (position, seen) in self.old.iter().chain(&self.recent) {
            match there.get(position) {
                Some(ids) if ids.contains(&seen.id) => {}
                Some(_) => differs = Some(differs.map_or(*position, |first| first.min(*position))),
                None => gone += 1,
            }
        }
        let same =
            |position: &GlobalPosition, seen: &mut Seen| there.get(position).is_some_and(|ids| ids.contains(&seen.id));
        self.old.retain(same);
        self.recent.retain(same);
        if differs.is_none() && !(suspect && gone > 0) {
            return History::GoesOn;
        }
        let before = differs.unwrap_or(GlobalPosition::MAX);
        let last =
            |map: &BTreeMap<GlobalPosition, Seen>| map.range(..before).next_back().map(|(position, _)| *position);
        History::PartsAbove(last(&self.old).max(last(&self.recent)).unwrap_or(GlobalPosition::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn seen(positions: impl IntoIterator<Item = i64>) -> Memory {
        let mut memory = Memory::default();
        for position in positions {
            memory.remember(position, id(position.unsigned_abs().into()));
        }
        memory
    }

    fn there(messages: &[(i64, u128)]) -> HashMap<i64, Vec<Uuid>> {
        let mut there: HashMap<i64, Vec<Uuid>> = HashMap::new();
        for (position, number) in messages {
            there.entry(*position).or_default().push(id(*number));
        }
        there
    }

    #[test]
    fn history_diverges_below_the_first_reused_position() {
        let mut memory = seen([1, 2, 5, 7]);
        assert_eq!(memory.compare(&there(&[(1, 1), (2, 2), (5, 50), (7, 70)]), false), History::PartsAbove(2));
        assert_eq!(memory.newest(), Some((2, id(2))));
        assert_eq!(seen([1, 2]).compare(&there(&[(1, 10), (2, 20)]), false), History::PartsAbove(i64::MIN));
    }

    #[test]
    fn deleted_messages_do_not_change_history_unless_there_is_other_evidence() {
        let mut memory = seen([1, 2, 5, 7]);
        assert_eq!(memory.compare(&there(&[(1, 1), (5, 5)]), false), History::GoesOn);
        assert_eq!(memory.newest(), Some((5, id(5))));
        assert_eq!(seen([1, 2, 5, 7]).compare(&there(&[(1, 1), (5, 5)]), true), History::PartsAbove(5));
        assert_eq!(seen([1, 2]).compare(&there(&[(1, 1), (2, 2)]), true), History::GoesOn);
    }

    #[test]
    fn another_message_at_the_same_position_replaces_nothing_while_the_first_one_is_there() {
        let there = there(&[(1, 1), (2, 20), (2, 2)]);
        assert!(!seen([1, 2]).replaces(&there));
        assert_eq!(seen([1, 2]).compare(&there, false), History::GoesOn);
    }

    #[test]
    fn memory_is_bounded_but_reaches_back_to_the_beginning() {
        let memory = seen(1..=500_000);
        let positions = memory.positions();
        assert!(positions.len() <= RECENT + OLD);
        assert_eq!(positions[0], 1);
        assert_eq!(memory.delivered_above(490_000).count(), 10_000);
    }
}
