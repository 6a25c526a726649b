//! The facts that the checks judge, read from the catalog with one statement for the server and one for the table.
//! Nothing here judges them.

use serde::Deserialize;
use tokio_postgres::types::Type;

use super::super::fingerprints::Function;
use super::super::row::{Lossy, column, document};
use super::super::session::Session;
use super::super::shape::Shape;
use super::super::template::fill;
use super::super::{Flavour, Namespace, Result};

/// The first version of PostgreSQL that records the version of a database's collation.
const COLLATION_OF_DATABASE: u32 = 150_000;

/// Facts about the server and its sessions. Times are in seconds.
#[derive(Debug, Deserialize)]
pub(super) struct ServerFacts {
    pub version: String,
    pub version_number: u32,
    pub standby: bool,
    pub replay_delay: Option<f64>,
    pub max_connections: u32,
    pub connections: u32,
    pub autovacuum: String,
    pub database_age: i64,
    pub replicas: Vec<Replica>,
    pub slots: Vec<Slot>,
    pub transactions: Vec<OpenTransaction>,
    pub prepared: Vec<Prepared>,
    pub waiting: Vec<Waiting>,
    /// The collation of the database when it was created and now, if they differ.
    #[serde(skip)]
    pub collation: Option<(String, String)>,
}

/// A standby that streams from this server.
#[derive(Debug, Deserialize)]
pub(super) struct Replica {
    pub name: Option<String>,
    pub state: Option<String>,
    pub bytes: Option<i64>,
    pub seconds: Option<f64>,
}

/// A replication slot, and the WAL that it retains.
#[derive(Debug, Deserialize)]
pub(super) struct Slot {
    pub name: String,
    pub active: bool,
    pub bytes: Option<i64>,
    pub status: Option<String>,
}

/// An open transaction of another session.
#[derive(Debug, Deserialize)]
pub(super) struct OpenTransaction {
    pub pid: i32,
    pub seconds: f64,
    pub application: Option<String>,
    pub role: Option<String>,
    pub state: Option<String>,
    /// Whether it has written to the table.
    pub writes: bool,
}

/// A prepared transaction of this database.
#[derive(Debug, Deserialize)]
pub(super) struct Prepared {
    pub gid: String,
    pub seconds: f64,
    pub role: Option<String>,
}

/// A session that waits for a lock.
#[derive(Debug, Deserialize)]
pub(super) struct Waiting {
    pub pid: Option<i32>,
    pub application: Option<String>,
    pub seconds: Option<f64>,
    pub blocked_by: Vec<i32>,
    /// Whether it waits for a category's lock rather than for the table.
    pub category: bool,
}

/// Facts about the table `messages` and its schema.
#[derive(Debug, Deserialize)]
pub(super) struct TableFacts {
    pub persistence: char,
    pub age: i64,
    pub row_security: bool,
    pub autovacuum_off: bool,
    pub dead_rows: Option<i64>,
    pub live_rows: Option<i64>,
    /// Further columns that need a value and have no default, quoted for SQL.
    pub required: Vec<String>,
    pub indexes: Vec<Index>,
    pub time_default: Option<String>,
    pub sequence: Option<Sequence>,
    pub highest: Option<i64>,
    pub roles: Vec<Role>,
    pub functions: Vec<Function>,
    pub collations: Vec<String>,
}

/// An index of the table.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    pub name: String,
    pub usable: bool,
    pub unique: bool,
    pub partial: bool,
    /// Its columns and expressions, as the server prints them.
    pub keys: Vec<String>,
}

/// The sequence of global positions.
#[derive(Debug, Deserialize)]
pub(super) struct Sequence {
    /// The qualified name, quoted for SQL.
    pub name: String,
    /// The last number; none if this role may not see it.
    pub last: Option<i64>,
    pub max: i64,
}

/// A role that may use the schema.
#[derive(Debug, Deserialize)]
pub(super) struct Role {
    pub name: String,
    pub reads: bool,
    pub inserts: bool,
    /// Whether it may draw numbers from the sequence.
    pub draws: bool,
    pub cannot_execute: Vec<String>,
}

impl ServerFacts {
    pub(super) async fn read(shape: &Shape, session: &Session) -> Result<Self> {
        let tables: Vec<i64> = shape.parts.iter().map(|part| part.oid).chain([shape.table]).map(i64::from).collect();
        let sql = fill(
            include_str!("../../../sql/doctor/server.sql"),
            &[
                ("replay_delay", &fill(include_str!("../../../sql/query/replay_delay.sql"), &[])),
                ("waiting", &fill(include_str!("../../../sql/query/waiting_sessions.sql"), &[])),
            ],
        );
        let row = session.query_one(&sql, &[(&tables, Type::INT8_ARRAY)]).await?;
        let mut facts: Self = document(&column::<Lossy>(&row, 0)?.text, "the facts for doctor")?;
        if facts.version_number >= COLLATION_OF_DATABASE {
            let sql = include_str!("../../../sql/doctor/database_collation.sql");
            let row = session.query_one(sql, &[]).await?;
            let versions: (Option<String>, Option<String>) = (column(&row, 0)?, column(&row, 1)?);
            facts.collation = versions.0.zip(versions.1).filter(|(created, now)| created != now);
        }
        Ok(facts)
    }
}

impl TableFacts {
    pub(super) async fn read(namespace: &Namespace, shape: &Shape, session: &Session) -> Result<Self> {
        let sql = namespace.query(include_str!("../../../sql/doctor/table.sql"), &[]);
        let table = namespace.table();
        let sequence = shape.numbering.sequence;
        let row = session.query_one(&sql, &[(&table, Type::TEXT), (&sequence, Type::OID)]).await?;
        let mut facts: Self = document(&column::<Lossy>(&row, 0)?.text, "the facts for doctor")?;
        if namespace.info().flavour == Flavour::Streamscope {
            let sql = include_str!("../../../sql/doctor/sql_bodies.sql");
            for row in session.query(sql, &[(&table, Type::TEXT)]).await? {
                let (name, body): (Lossy, Lossy) = (column(&row, 0)?, column(&row, 1)?);
                let mut functions = facts.functions.iter_mut();
                if let Some(function) = functions.find(|each| each.name == name.text && each.body.is_empty()) {
                    function.body = body.text;
                }
            }
        }
        Ok(facts)
    }
}
