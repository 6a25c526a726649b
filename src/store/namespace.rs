//! Namespaces: lists, opens, creates, migrates and deletes them. Reading and writing messages is in `read.rs`, `write.rs`, `browse.rs`
//! and `tail.rs`.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use super::flavour::quote_ident;
use super::registry::{self, Candidate, Lost, Survey};
use super::row::column;
use super::schema;
use super::session::{Session, Sessions};
use super::shape::Shape;
use super::{Flavour, Result, Store, StoreError};

/// The prefix with which an EventoDB server turns a namespace's ID into a schema name.
const PREFIX: &str = "eventodb_";
/// The longest name that Postgres does not truncate, in bytes.
const LONGEST_SCHEMA: usize = 63;
/// The longest ID. With the prefix it fills the 63 bytes of a Postgres identifier.
const LONGEST_ID: usize = 54;

/// Describes a message store in a database, according to the registry and the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// The ID in the registry, or the schema's name if the namespace is not registered.
    pub id: String,
    /// The name of its schema, as in `pg_namespace`.
    pub schema: String,
    /// The program that created it.
    pub flavour: Flavour,
    /// Whether the registry lists it.
    pub registered: bool,
    /// The description in the registry.
    pub description: Option<String>,
    /// The time of creation in the registry, in whole seconds.
    pub created_at: Option<Timestamp>,
    /// The version of its SQL: streamscope's (`1`, `2`, …), Message DB's (`1.3.0`) or EventoDB's. `None` if it has no version.
    pub version: Option<String>,
    /// Whether `ns migrate` would upgrade it: streamscope created it, with older SQL or before its schema was renamed.
    pub outdated: bool,
    /// Whether row security policies may hide messages from this role.
    pub hides_rows: bool,
    /// Why it cannot be opened. `None` if it can.
    pub closed: Option<String>,
    /// A warning: what could not be read and why, or why the namespace is opened only if the user names it.
    pub caution: Option<String>,
}

/// A namespace to create with [`Store::create`].
#[derive(Debug, Clone, Copy, Default)]
pub struct NewNamespace<'a> {
    /// The ID for the registry, 1 to 54 bytes.
    pub id: &'a str,
    /// A description for the registry.
    pub description: Option<&'a str>,
    /// The name of the schema. `None` for `eventodb_` followed by the ID.
    pub schema: Option<&'a str>,
    /// Roles that receive the privileges that Message DB grants to its role `message_store`.
    pub roles: &'a [String],
}

/// The result of [`Store::create_namespace`]. Debug output omits the token.
#[derive(Clone)]
pub struct CreatedNamespace {
    /// The new namespace.
    pub info: NamespaceInfo,
    /// The access token, in EventoDB's format. The database stores only its hash, so it cannot be shown again.
    pub token: String,
}

impl std::fmt::Debug for CreatedNamespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedNamespace").field("info", &self.info).finish_non_exhaustive()
    }
}

/// The result of [`Store::migrate_namespace`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The version before.
    pub from: i32,
    /// The version now.
    pub to: i32,
    /// The former name of the schema, if it was renamed after its functions were created.
    pub renamed_from: Option<String>,
}

/// One message store, open for reading, writing and following. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Namespace {
    pub(super) sessions: Arc<Sessions>,
    pub(super) info: Arc<NamespaceInfo>,
    shape: Arc<Shape>,
}

impl Namespace {
    /// Returns the description of the namespace from when it was opened.
    #[must_use]
    pub fn info(&self) -> &NamespaceInfo {
        &self.info
    }

    /// Returns the maximum number of connections for its operations. It is 1 for an embedded store.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.size()
    }

    /// Acquires a connection for reading. Its search path finds only built-in functions, so nothing can shadow them, not even inside
    /// Message DB's functions, which look up their helpers on the search path.
    pub(super) async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.on_own_path())
    }

    /// Returns the shape of its table from when it was opened.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    pub(super) fn bytewise(&self) -> bool {
        self.shape.bytewise
    }
}

impl Store {
    async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.on_own_path())
    }

    /// Lists all namespaces by ID: those in the registry, and every other schema that contains a message store. Calls no code that
    /// belongs to a namespace.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>> {
        Ok(self.list().await?.into_iter().map(|(info, _)| info).collect())
    }

    /// Lists all namespaces, and the registry's entries whose schema no longer exists.
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn survey(&self) -> Result<(Vec<NamespaceInfo>, Vec<Lost>)> {
        let session = self.session().await?;
        let Survey { candidates, lost } = registry::survey(&session, None).await?;
        Ok((candidates.into_iter().map(|candidate| candidate.info).collect(), lost))
    }

    /// Lists all namespaces. If there are only a few, each comes with an open [`Namespace`], unless opening it needs an explicit
    /// choice. Open the others with [`Store::namespace_unasked`].
    ///
    /// # Errors
    /// Fails if the server cannot be reached or returns an error.
    pub async fn list(&self) -> Result<Vec<(NamespaceInfo, Option<Namespace>)>> {
        let session = self.session().await?;
        let found = registry::look(&session, None).await?;
        let opened = |candidate: Candidate| (candidate.info.clone(), self.open_unasked(candidate).ok());
        Ok(found.into_iter().map(opened).collect())
    }

    /// Opens a namespace by its ID, or by its schema's name if no ID matches, in one round trip. By choosing the namespace explicitly,
    /// the caller accepts that reading it may call its owner's code: see `docs/guarantees.md`.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`] or [`StoreError::NamespaceClosed`], or any error from the server.
    pub async fn namespace(&self, id: &str) -> Result<Namespace> {
        self.open(self.look_for(id).await?)
    }

    /// Opens a namespace that the user has not chosen explicitly. It stays closed if reading it would call anything but built-in
    /// functions.
    ///
    /// # Errors
    /// As [`Store::namespace`].
    pub async fn namespace_unasked(&self, id: &str) -> Result<Namespace> {
        self.open_unasked(self.look_for(id).await?)
    }

    /// Opens the only namespace, with the rules of [`Store::namespace_unasked`], in one round trip. If there are none or several, the
    /// inner error is their list.
    ///
    /// # Errors
    /// [`StoreError::NamespaceClosed`], or any error from the server.
    pub async fn only_namespace(&self) -> Result<Result<Namespace, Vec<NamespaceInfo>>> {
        let session = self.session().await?;
        let mut found = registry::look(&session, None).await?;
        match found.pop() {
            Some(only) if found.is_empty() => self.open_unasked(only).map(Ok),
            last => Ok(Err(found.into_iter().chain(last).map(|candidate| candidate.info).collect())),
        }
    }

    async fn look_for(&self, id: &str) -> Result<Candidate> {
        let missing = || StoreError::NamespaceNotFound(id.to_owned());
        if id.is_empty() || id.contains('\0') {
            return Err(missing());
        }
        let session = self.session().await?;
        registry::look(&session, Some(id)).await?.into_iter().next().ok_or_else(missing)
    }

    fn open(&self, candidate: Candidate) -> Result<Namespace> {
        let Candidate { info, shape } = candidate;
        match (&info.closed, shape) {
            (None, Some(shape)) => {
                Ok(Namespace { sessions: Arc::clone(&self.sessions), info: Arc::new(info), shape: Arc::new(shape) })
            }
            (closed, _) => {
                let reason = closed.clone().unwrap_or_else(|| "its table messages cannot be read".to_owned());
                Err(StoreError::NamespaceClosed { id: info.id, reason })
            }
        }
    }

    fn open_unasked(&self, candidate: Candidate) -> Result<Namespace> {
        let Candidate { info, shape } = &candidate;
        match (&info.caution, shape) {
            (Some(caution), Some(shape)) if info.closed.is_none() && !shape.calls.is_empty() => {
                let reason = format!("{caution}. If you trust its owner, name it with -n");
                Err(StoreError::NamespaceClosed { id: info.id.clone(), reason })
            }
            _ => self.open(candidate),
        }
    }

    /// Creates a namespace: schema, table, functions and registry entry, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the ID is not 1 to 54 bytes long, [`StoreError::NamespaceExists`], or any error from the server.
    pub async fn create_namespace(&self, id: &str, description: Option<&str>) -> Result<CreatedNamespace> {
        self.create(&NewNamespace { id, description, ..NewNamespace::default() }).await
    }

    /// Creates a namespace with all options, such as the schema's name and roles that may use it.
    ///
    /// # Errors
    /// As [`Store::create_namespace`], and [`StoreError::Invalid`] if a role does not exist or Postgres does not accept the schema's
    /// name.
    pub async fn create(&self, new: &NewNamespace<'_>) -> Result<CreatedNamespace> {
        self.refuse_read_only()?;
        let NewNamespace { id, description, schema, roles } = *new;
        let derived = schema_of(id)?;
        let schema = schema.map_or(Ok(derived), |schema| chosen_schema(schema).map(str::to_owned))?;
        let description = description.unwrap_or_default();
        if description.contains('\0') {
            return Err(invalid("description", "it contains a NUL character, which Postgres cannot store"));
        }
        let token = new_token(id)?;
        let hash = hex(&Sha256::digest(token.as_bytes()));
        let created_at = Timestamp::now();
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::require_version(&transaction).await?;
        schema::lock(&transaction).await?;
        schema::make_registry(&transaction).await?;
        schema::require_plain_registry(&transaction).await?;
        let exists = |reason: String| StoreError::NamespaceExists { id: id.to_owned(), reason };
        let taken = "select id from eventodb_store.namespaces where id = $1 or schema_name = $2";
        let there = schema::exists(&transaction, &schema).await?;
        if let Some(row) = transaction.query_opt(taken, &[(&id, Type::TEXT), (&schema, Type::TEXT)]).await? {
            let by: String = column(&row, 0)?;
            return Err(exists(match (by == id, there) {
                (true, true) => "it already exists".to_owned(),
                (true, false) => "the registry still lists it, but its schema is gone; delete it first".to_owned(),
                (false, _) => format!("its schema {schema} belongs to namespace {by}"),
            }));
        }
        if there {
            return Err(exists(format!("the schema {schema} already exists")));
        }
        schema::apply(&transaction, &schema, 0).await?;
        for role in roles {
            schema::grant(&transaction, &schema, role).await?;
        }
        // An EventoDB server cannot read a description or metadata that is NULL.
        let insert =
            "insert into eventodb_store.namespaces (id, token_hash, schema_name, description, created_at, metadata)
             values ($1, $2, $3, $4, $5, '{}')";
        transaction
            .query(
                insert,
                &[
                    (&id, Type::TEXT),
                    (&hash, Type::TEXT),
                    (&schema, Type::TEXT),
                    (&description, Type::TEXT),
                    (&created_at.as_second(), Type::INT8),
                ],
            )
            .await?;
        transaction.commit().await?;
        let info = NamespaceInfo {
            id: id.to_owned(),
            schema,
            flavour: Flavour::Streamscope,
            registered: true,
            description: Some(description.to_owned()).filter(|text| !text.is_empty()),
            created_at: Timestamp::from_second(created_at.as_second()).ok(),
            version: Some(schema::LATEST.to_string()),
            outdated: false,
            hides_rows: false,
            closed: None,
            caution: None,
        };
        Ok(CreatedNamespace { info, token })
    }

    /// Drops a namespace's schema and its registry entry in one transaction, and returns the number of deleted messages. If the schema
    /// is already gone, only the registry entry is removed.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`], [`StoreError::Invalid`] if Message DB created it or the registry does not list it, or any
    /// error from the server.
    pub async fn delete_namespace(&self, id: &str) -> Result<u64> {
        self.refuse_read_only()?;
        let namespace = match self.namespace(id).await {
            Err(StoreError::NamespaceNotFound(_)) => return self.forget(id).await,
            found => found?,
        };
        if namespace.info.flavour == Flavour::MessageDb {
            return Err(invalid("namespace", "Message DB created it; drop its schema yourself"));
        }
        if namespace.info.flavour != Flavour::Streamscope && !namespace.info.registered {
            return Err(invalid(
                "namespace",
                "it is not registered, so another program may own its schema; drop the schema yourself",
            ));
        }
        let schema = quote_ident(&namespace.info.schema);
        let mut session = self.session().await?;
        // Counting all messages needs no index.
        session.plan_freely();
        let mut transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        if !schema::exists(&transaction, &namespace.info.schema).await? {
            // Another program deleted it while this one waited for the lock.
            return Err(StoreError::NamespaceNotFound(id.to_owned()));
        }
        // No writer gets between the count and the drop. Opening a namespace locks its version table before the messages, so the
        // same order here avoids deadlocks.
        let versions = "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind = 'r' and c.relname in ('_streamscope_version', '_schema_version')";
        let mut lock = "lock table ".to_owned();
        for row in transaction.query(versions, &[(&namespace.info.schema, Type::TEXT)]).await? {
            let name: String = column(&row, 0)?;
            let _ = write!(lock, "{schema}.{}, ", quote_ident(&name));
        }
        transaction.batch(&format!("{lock}{schema}.messages in access exclusive mode")).await?;
        // Counting reads the whole table. With the lock in hand it cannot wait for anybody.
        transaction.set_limit(None);
        let count = transaction.query_opt(&format!("select count(*) from {schema}.messages"), &[]).await?;
        let messages: i64 = count.map_or(Ok(0), |row| column(&row, 0))?;
        transaction.batch(&format!("drop schema {schema} cascade")).await?;
        if schema::has_registry(&transaction).await? {
            schema::require_plain_registry(&transaction).await?;
            let delete = "delete from eventodb_store.namespaces where schema_name = $1";
            transaction.query(delete, &[(&namespace.info.schema, Type::TEXT)]).await?;
        }
        transaction.commit().await?;
        Ok(u64::try_from(messages).unwrap_or(0))
    }

    /// Removes a registry entry whose schema is gone.
    async fn forget(&self, id: &str) -> Result<u64> {
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        let mut forgotten = None;
        if schema::has_registry(&transaction).await? {
            schema::require_plain_registry(&transaction).await?;
            let delete = "delete from eventodb_store.namespaces r where id = $1
                and not exists (select from pg_namespace n where n.nspname = r.schema_name) returning id";
            forgotten = transaction.query_opt(delete, &[(&id, Type::TEXT)]).await?;
        }
        transaction.commit().await?;
        forgotten.map(|_| 0).ok_or_else(|| StoreError::NamespaceNotFound(id.to_owned()))
    }

    /// Upgrades a namespace that streamscope created to this program's version. If its schema was renamed, its functions and the
    /// registry are updated to the new name.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`], [`StoreError::Invalid`] if another program or a newer streamscope created it, or any error
    /// from the server.
    pub async fn migrate_namespace(&self, id: &str) -> Result<Migration> {
        self.refuse_read_only()?;
        let namespace = self.namespace(id).await?;
        if namespace.info.flavour != Flavour::Streamscope {
            return Err(invalid("namespace", "streamscope did not create it, so it cannot migrate it"));
        }
        let schema = &namespace.info.schema;
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        let version = format!("select max(version) from {}._streamscope_version", quote_ident(schema));
        let version: Option<i32> =
            transaction.query_opt(&version, &[]).await?.map_or(Ok(None), |row| column(&row, 0))?;
        let version = version.ok_or_else(|| invalid("namespace", "its version table is empty"))?;
        if version > schema::LATEST {
            return Err(invalid("namespace", "a newer streamscope created it; update streamscope"));
        }
        let renamed_from = schema::old_name(&transaction, schema).await?;
        if version < schema::LATEST || renamed_from.is_some() {
            schema::apply(&transaction, schema, version).await?;
        }
        if let Some(old) = &renamed_from {
            schema::rename_in_registry(&transaction, old, schema).await?;
        }
        transaction.commit().await?;
        Ok(Migration { from: version, to: schema::LATEST, renamed_from })
    }

    fn refuse_read_only(&self) -> Result<()> {
        if self.sessions.is_read_only() {
            return Err(StoreError::ReadOnly("streamscope was started with --read-only".to_owned()));
        }
        Ok(())
    }
}

fn invalid(field: &'static str, reason: &str) -> StoreError {
    StoreError::Invalid { field, reason: reason.to_owned() }
}

/// Returns the schema for an ID, as EventoDB derives it: the prefix and the ID, in which every character other than ASCII letters,
/// digits and `_` becomes `_`.
fn schema_of(id: &str) -> Result<String> {
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(invalid(
            "namespace",
            &format!("an ID must have 1 to {LONGEST_ID} bytes, but this one has {}", id.len()),
        ));
    }
    if id.contains('\0') {
        return Err(invalid("namespace", "the ID contains a NUL character, which Postgres cannot store"));
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    Ok(format!("{PREFIX}{}", id.chars().map(plain).collect::<String>()))
}

/// Checks that Postgres accepts a schema name unchanged.
fn chosen_schema(name: &str) -> Result<&str> {
    let refused = |reason: &str| Err(invalid("schema", reason));
    match name {
        "" => refused("its name is empty"),
        _ if name.len() > LONGEST_SCHEMA => {
            refused(&format!("its name has {} bytes, but Postgres allows only {LONGEST_SCHEMA}", name.len()))
        }
        _ if name.contains('\0') => refused("its name contains a NUL character, which Postgres cannot store"),
        _ if name.starts_with("pg_") => refused("names that begin with pg_ are reserved for Postgres"),
        _ => Ok(name),
    }
}

/// Returns a token in EventoDB's format: `ns_`, the ID in base64url, `_`, and 32 random bytes in hex.
fn new_token(id: &str) -> Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| invalid("token", &format!("the system returned no random bytes: {error}")))?;
    Ok(format!("ns_{}_{}", URL_SAFE_NO_PAD.encode(id), hex(&random)))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_schema_names_have_only_letters_digits_and_underscores() {
        assert_eq!(schema_of("Shop-1.é").ok().as_deref(), Some("eventodb_Shop_1__"));
        assert!(schema_of("").is_err());
        assert!(schema_of(&"x".repeat(55)).is_err());
        assert_eq!(schema_of(&"x".repeat(54)).map(|schema| schema.len()).ok(), Some(63));
    }

    #[test]
    fn tokens_have_eventodbs_format() {
        let token = new_token("shop").expect("random bytes");
        let hex = token.strip_prefix("ns_c2hvcA_").expect("the id in base64url");
        assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
