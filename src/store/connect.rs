//! Connection settings as `psql` understands them, TLS, and the attempts to connect.
//!
//! [`Settings`] connects to the server that `psql` would choose for the same URL, environment and files. Errors,
//! targets and debug output never contain a password.

mod attempt;
mod authentication;
mod connect_error;
mod connection;
mod connection_string;
mod environment;
pub(super) mod error_mapping;
mod hosts;
mod parameters;
mod password_command;
mod password_file;
mod route;
mod search;
mod service_file;
mod settings;
mod socket;
mod tls;
mod values;
mod wire;

pub(super) use connection::{Canceller, Connected};
#[cfg(feature = "cli")]
pub(crate) use connection_string::{is_url, without_passwords};
pub use environment::Environment;
pub use settings::Settings;
pub use values::DEFAULT_CONNECT_TIMEOUT;
