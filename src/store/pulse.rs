//! What is happening in a namespace at this moment: how many messages each category gets, and which transactions block
//! readers and writers. It reads a bounded number of index entries and the catalog, and changes nothing.

mod holdups;
mod rates;

pub use holdups::{Blocker, Holdups, WaitingSession};
pub use rates::{CategoryRate, CategoryRates};
