//! A bounded pool of connections for the operations of a store. Connections are opened on demand and reused while they
//! are intact.
//!
//! Dropping a session in the middle of a query cancels the query on the server and closes the connection. Statements
//! are unnamed (parse, bind and execute together), so that a pooler in transaction mode can run each one on a different
//! server connection. Results must have built-in types (text, numbers, uuid, jsonb, …), because tokio-postgres looks up
//! other types with named statements in the middle of the answer.

mod active;
mod error;
mod in_flight;
mod options;
mod password_gate;
mod planning;
mod pool;
mod rows;
mod server_info;
mod sessions;
mod transaction;
mod unanswered;

pub(super) use self::active::STATEMENT_TIMEOUT;
pub use self::active::Session;
pub(super) use self::error::QueryError;
pub use self::options::Options;
pub use self::rows::{Parameter, Rows};
pub use self::server_info::ServerInfo;
pub use self::sessions::Sessions;
pub(super) use self::transaction::{CopyIn, CopyStatement};
pub use self::transaction::{CopyOut, Transaction};
