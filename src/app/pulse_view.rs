//! The answers for the parts of the pulse, as plain values.

use crate::store::consumers::Consumer;
use crate::store::doctor::Finding;
use crate::store::pulse::{CategoryRates, Holdups};

/// The answer for a part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pulse {
    Rates(CategoryRates),
    Consumers(Vec<Consumer>),
    Holdups(Holdups),
    Findings(Vec<Finding>),
}
