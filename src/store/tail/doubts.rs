//! What the catalog tells of a table whose numbers do not only come from its sequence, one after the other, within the transaction
//! that inserts: then no lock says what is still to come below a number. Pure.

use std::fmt;

use super::super::shape::Shape;

/// Why a message can come in below what was called complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// A logical subscription writes into the table: the numbers are drawn on another server.
    Subscribed,
    /// The sequence has a cache above 1, cycles or counts down: a session can use a number that it drew long ago.
    Unordered,
    /// The default of `global_position` is something else than the next number of a sequence.
    Default,
    /// This trigger can set `global_position`.
    Trigger(String),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subscribed => {
                f.write_str("the table is filled by a logical subscription, whose numbers come from another server")
            }
            Self::Unordered => f.write_str(
                "the sequence of global_position has a cache above 1, or cycles: numbers are not drawn in order",
            ),
            Self::Default => f.write_str("the default of global_position is not the next number of a sequence"),
            Self::Trigger(name) => write!(f, "the trigger {name} can set global_position"),
        }
    }
}

impl Doubt {
    /// In few words, for a line on screen.
    #[must_use]
    pub fn short(&self) -> &'static str {
        match self {
            Self::Subscribed => "subscription",
            Self::Unordered => "sequence not in order",
            Self::Default => "numbers not from a sequence",
            Self::Trigger(_) => "trigger sets numbers",
        }
    }
}

impl Shape {
    /// Whether numbers are drawn otherwise than one after the other.
    fn draws_unordered(&self) -> bool {
        let numbering = &self.numbering;
        numbering.cache.is_some_and(|cache| cache > 1)
            || numbering.cycles == Some(true)
            || numbering.increment.is_some_and(|increment| increment < 1)
    }

    /// Everything that keeps the locks from telling what is still to come.
    pub(in crate::store) fn doubts(&self) -> Vec<Doubt> {
        let identity = self.columns.global_position.identity;
        let ours = self.numbering.sequence.is_some() && (self.numbering.is_nextval || identity);
        let triggers = self.triggers.iter().filter(|trigger| trigger.numbers);
        let mut doubts = Vec::new();
        doubts.extend(self.subscribed.then_some(Doubt::Subscribed));
        doubts.extend(self.draws_unordered().then_some(Doubt::Unordered));
        doubts.extend((!ours).then_some(Doubt::Default));
        doubts.extend(triggers.map(|trigger| Doubt::Trigger(trigger.name.clone())));
        doubts
    }
}
