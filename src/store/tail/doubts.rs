//! Reasons to doubt the horizon. It relies on each transaction drawing global positions from the sequence, in order,
//! while it holds its lock. These checks look for tables that work differently. They only inspect the shape and never
//! query the server.

use std::fmt;

use super::super::shape::Shape;

/// A reason why a message can appear below a global position that was reported as final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A logical subscription writes to the table, so another server assigns the global positions.
    Subscribed,
    /// The sequence has a cache above 1, cycles or counts down, so a session can use a number that it reserved long
    /// ago.
    Unordered,
    /// `global_position` does not default to the next number of a sequence.
    Default,
    /// This partition or inheriting table has another default for `global_position`, which applies to rows inserted
    /// directly into it.
    Part(String),
    /// A trigger with this name can set `global_position`.
    Trigger(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribed => {
                f.write_str("a logical subscription writes to the table, so another server assigns global positions")
            }
            Self::Unordered => f.write_str(
                "the sequence of global_position has a cache above 1, cycles or counts down, so numbers are not in order",
            ),
            Self::Default => f.write_str("global_position does not default to the next number of a sequence"),
            Self::Part(name) => write!(
                f,
                "global_position of {name} does not default to the next number of the sequence that the table messages uses"
            ),
            Self::Trigger(name) => write!(f, "trigger {name} can set global_position"),
        }
    }
}

impl Doubt {
    /// Returns a short form for the status line.
    #[must_use]
    pub fn short(&self) -> &'static str {
        match self {
            Self::Subscribed => "subscription",
            Self::Unordered => "unordered sequence",
            Self::Default => "no sequence",
            Self::Part(_) => "partition numbers apart",
            Self::Trigger(_) => "trigger sets positions",
        }
    }
}

impl Shape {
    /// Whether the sequence can return numbers out of order.
    fn draws_unordered(&self) -> bool {
        let numbering = &self.numbering;
        numbering.cache.is_some_and(|cache| cache > 1)
            || numbering.cycles == Some(true)
            || numbering.increment.is_some_and(|increment| increment < 1)
    }

    /// Returns every reason why locks do not show which messages may still appear.
    pub(in crate::store) fn doubts(&self) -> Vec<Doubt> {
        let identity = self.columns.global_position.identity;
        let ours = self.numbering.sequence.is_some() && (self.numbering.is_nextval || identity);
        let triggers = self.triggers.iter().filter(|trigger| trigger.numbers);
        let mut doubts = Vec::new();
        doubts.extend(self.subscribed.then_some(Doubt::Subscribed));
        doubts.extend(self.draws_unordered().then_some(Doubt::Unordered));
        if ours {
            doubts.extend(self.part_numbered_apart().map(|part| Doubt::Part(part.name.clone())));
        } else {
            doubts.push(Doubt::Default);
        }
        doubts.extend(triggers.map(|trigger| Doubt::Trigger(trigger.name.clone())));
        doubts
    }
}
