//! Connections to real servers, compared with `psql`: settings, TLS, passwords, sessions and poolers.

mod authority;
mod certificates;
mod cluster;
mod hostile;
mod matrix;
mod pooler;
mod psql;
mod refusing;
mod rejected;
mod round_trips;
mod sessions;
