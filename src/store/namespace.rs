//! Namespaces: found, made, migrated, deleted.

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

/// What an EventoDB server puts in front of a namespace's name to get its schema.
const PREFIX: &str = "eventodb_";
/// Longest name that Postgres keeps whole, in bytes.
const LONGEST_SCHEMA: usize = 63;
/// Longest id: with the prefix it fills the 63 bytes of a Postgres identifier.
const LONGEST_ID: usize = 54;

/// A message store of a database, as the registry and the catalog describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceInfo {
    /// The registry's id; the schema's name where it is in no registry.
    pub id: String,
    /// The schema that holds it, resolved through `pg_namespace`.
    pub schema: String,
    /// Who made it.
    pub flavour: Flavour,
    /// The registry names it.
    pub registered: bool,
    /// From the registry.
    pub description: Option<String>,
    /// From the registry (seconds).
    pub created_at: Option<Timestamp>,
    /// Version of the store's SQL: ours (`1`, `2`, …), Message DB's (`1.3.0`), EventoDB's; none where it says none.
    pub version: Option<String>,
    /// Of our own making and older than this program's SQL: `ns migrate` upgrades it.
    pub outdated: bool,
    /// Row security policies decide which of its messages this role sees: some may be hidden.
    pub hides_rows: bool,
    /// Why it cannot be opened; none where it can.
    pub closed: Option<String>,
    /// What of it was not read, or is not read before it is named, and why.
    pub caution: Option<String>,
}

/// A namespace to be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewNamespace<'a> {
    /// Its id in the registry, 1 to 54 bytes.
    pub id: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// The schema to make; none for `eventodb_` and the id.
    pub schema: Option<&'a str>,
    /// Roles that get the rights that Message DB gives its role `message_store`.
    pub roles: &'a [String],
}

/// What [`Store::create_namespace`] made. The token is left out of debug output.
#[derive(Clone)]
pub struct CreatedNamespace {
    /// As it is now listed.
    pub info: NamespaceInfo,
    /// The token (EventoDB's form). Only its hash is kept: this is the one time it can be shown.
    pub token: String,
}

impl std::fmt::Debug for CreatedNamespace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedNamespace").field("info", &self.info).finish_non_exhaustive()
    }
}

/// What [`Store::migrate_namespace`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// Version before.
    pub from: i32,
    /// Version now.
    pub to: i32,
    /// The name that its schema had when its functions were made, if that was another one.
    pub renamed_from: Option<String>,
}

/// One message store. Operations are in `read.rs`, `write.rs`, `browse.rs`.
#[derive(Debug, Clone)]
pub struct Namespace {
    pub(super) sessions: Arc<Sessions>,
    pub(super) info: Arc<NamespaceInfo>,
    shape: Arc<Shape>,
}

impl Namespace {
    /// What it is.
    #[must_use]
    pub fn info(&self) -> &NamespaceInfo {
        &self.info
    }

    /// How many connections operations on it have at most: one where it is in an embedded store.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.sessions.size()
    }

    /// A connection for reading. Nothing that stands in for a function of the server is called from it, not even by the functions of Message
    /// DB, which look for theirs on the search path.
    pub(super) async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.on_own_path())
    }

    /// What the catalog said of its table when it was opened.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Whether `stream_name` sorts by its bytes.
    pub(super) fn bytewise(&self) -> bool {
        self.shape.bytewise
    }
}

impl Store {
    /// As [`Namespace::session`].
    async fn session(&self) -> Result<Session> {
        Ok(self.sessions.acquire().await?.on_own_path())
    }

    /// All namespaces: the registry's, and every other schema that holds a message store; by id. Nothing that belongs to a namespace
    /// is called.
    ///
    /// # Errors
    /// From connecting, or the server's.
    pub async fn namespaces(&self) -> Result<Vec<NamespaceInfo>> {
        Ok(self.list().await?.into_iter().map(|(info, _)| info).collect())
    }

    /// The same, and the namespaces of the registry whose schema does not exist.
    ///
    /// # Errors
    /// From connecting, or the server's.
    pub async fn survey(&self) -> Result<(Vec<NamespaceInfo>, Vec<Lost>)> {
        let session = self.session().await?;
        let Survey { candidates, lost } = registry::survey(&session, None).await?;
        Ok((candidates.into_iter().map(|candidate| candidate.info).collect(), lost))
    }

    /// The same; where there are only a few, each is ready to be used unless it must be named first. The others are opened by
    /// [`Store::namespace_unasked`].
    ///
    /// # Errors
    /// From connecting, or the server's.
    pub async fn list(&self) -> Result<Vec<(NamespaceInfo, Option<Namespace>)>> {
        let session = self.session().await?;
        let found = registry::look(&session, None).await?;
        let opened = |candidate: Candidate| (candidate.info.clone(), self.open_unasked(candidate).ok());
        Ok(found.into_iter().map(opened).collect())
    }

    /// One namespace by its id (or by its schema's name where no id matches). Only this one is looked at, in one round trip. Whoever
    /// names it accepts that what belongs to it is called: see `docs/guarantees.md`.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`], [`StoreError::NamespaceClosed`].
    pub async fn namespace(&self, id: &str) -> Result<Namespace> {
        self.open(self.look_for(id).await?)
    }

    /// The same for a namespace that nobody named: it is not opened if reading it calls anything but the server's own functions.
    ///
    /// # Errors
    /// As [`Store::namespace`].
    pub async fn namespace_unasked(&self, id: &str) -> Result<Namespace> {
        self.open_unasked(self.look_for(id).await?)
    }

    /// The only namespace, as [`Store::namespace_unasked`]; where there is none, or more than one, their list. One round trip.
    ///
    /// # Errors
    /// [`StoreError::NamespaceClosed`]; from connecting, or the server's.
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
                let reason = closed.clone().unwrap_or_else(|| "its table cannot be read".to_owned());
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

    /// A new namespace: schema, table, functions, registry row, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an id that is not 1 to 54 bytes, [`StoreError::NamespaceExists`].
    pub async fn create_namespace(&self, id: &str, description: Option<&str>) -> Result<CreatedNamespace> {
        self.create(&NewNamespace { id, description, ..NewNamespace::default() }).await
    }

    /// The same, for other roles to use, or in a schema of another name.
    ///
    /// # Errors
    /// As above, and [`StoreError::Invalid`] for a role that is not there or a schema's name that Postgres does not take.
    pub async fn create(&self, new: &NewNamespace<'_>) -> Result<CreatedNamespace> {
        self.refuse_read_only()?;
        let NewNamespace { id, description, schema, roles } = *new;
        let derived = schema_of(id)?;
        let schema = schema.map_or(Ok(derived), |schema| chosen_schema(schema).map(str::to_owned))?;
        let description = description.unwrap_or_default();
        if description.contains('\0') {
            return Err(invalid("description", "it holds a NUL character, which Postgres cannot store"));
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
                (true, true) => "it exists already".to_owned(),
                (true, false) => "the registry still names it, though its schema is gone: delete it first".to_owned(),
                (false, _) => format!("its schema {schema} is that of namespace {by}"),
            }));
        }
        if there {
            return Err(exists(format!("the schema {schema} exists already")));
        }
        schema::apply(&transaction, &schema, 0).await?;
        for role in roles {
            schema::grant(&transaction, &schema, role).await?;
        }
        // An EventoDB server reads description and metadata as text that is there.
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

    /// Drops a namespace's schema and registry row in one transaction; gives the number of messages that went. Of one whose
    /// schema somebody else dropped, the registry's row is left, and goes.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`]; [`StoreError::Invalid`] for a Message DB schema.
    pub async fn delete_namespace(&self, id: &str) -> Result<u64> {
        self.refuse_read_only()?;
        let namespace = match self.namespace(id).await {
            Err(StoreError::NamespaceNotFound(_)) => return self.forget(id).await,
            found => found?,
        };
        if namespace.info.flavour == Flavour::MessageDb {
            return Err(invalid("namespace", "it was made by Message DB, and its schema is not dropped from here"));
        }
        if namespace.info.flavour != Flavour::Streamscope && !namespace.info.registered {
            return Err(invalid(
                "namespace",
                "it is in no registry, so its schema may be somebody else's and is not dropped",
            ));
        }
        let schema = quote_ident(&namespace.info.schema);
        let mut session = self.session().await?;
        // It counts all messages.
        session.plan_freely();
        let mut transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        if !schema::exists(&transaction, &namespace.info.schema).await? {
            // Somebody else deleted it while this one waited.
            return Err(StoreError::NamespaceNotFound(id.to_owned()));
        }
        // Nobody writes between the count and the end. Whoever looks at a namespace locks the table of its version before its index and
        // before the messages, so that is the order here too.
        let versions = "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind = 'r' and c.relname in ('_streamscope_version', '_schema_version')";
        let mut lock = "lock table ".to_owned();
        for row in transaction.query(versions, &[(&namespace.info.schema, Type::TEXT)]).await? {
            let name: String = column(&row, 0)?;
            let _ = write!(lock, "{schema}.{}, ", quote_ident(&name));
        }
        transaction.batch(&format!("{lock}{schema}.messages in access exclusive mode")).await?;
        // It reads all of them, and nobody has a lock any more that it could wait for.
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

    /// Takes a row out of the registry whose schema is gone.
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

    /// Brings a namespace of our making to this program's version. If its schema was renamed, its functions, which named the old one, name
    /// the new one afterwards, and so does the registry.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`]; [`StoreError::Invalid`] for a foreign one, or one of a later program.
    pub async fn migrate_namespace(&self, id: &str) -> Result<Migration> {
        self.refuse_read_only()?;
        let namespace = self.namespace(id).await?;
        if namespace.info.flavour != Flavour::Streamscope {
            return Err(invalid("namespace", "only namespaces of streamscope's own making are migrated"));
        }
        let schema = &namespace.info.schema;
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        let version = format!("select max(version) from {}._streamscope_version", quote_ident(schema));
        let version: Option<i32> =
            transaction.query_opt(&version, &[]).await?.map_or(Ok(None), |row| column(&row, 0))?;
        let version = version.ok_or_else(|| invalid("namespace", "it does not say its version"))?;
        if version > schema::LATEST {
            return Err(invalid("namespace", "it was made by a later streamscope"));
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
            return Err(StoreError::ReadOnly("the program was started with --read-only".to_owned()));
        }
        Ok(())
    }
}

fn invalid(field: &'static str, reason: &str) -> StoreError {
    StoreError::Invalid { field, reason: reason.to_owned() }
}

/// The schema of an id: the prefix, and everything but ASCII letters, digits and `_` replaced by `_`.
fn schema_of(id: &str) -> Result<String> {
    if id.is_empty() || id.len() > LONGEST_ID {
        return Err(invalid("namespace", &format!("an id has 1 to {LONGEST_ID} bytes, this one has {}", id.len())));
    }
    if id.contains('\0') {
        return Err(invalid("namespace", "the id holds a NUL character, which Postgres cannot store"));
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
    Ok(format!("{PREFIX}{}", id.chars().map(plain).collect::<String>()))
}

/// A schema's name that a caller chose, which Postgres must take as it is.
fn chosen_schema(name: &str) -> Result<&str> {
    let refused = |reason: &str| Err(invalid("schema", reason));
    match name {
        "" => refused("its name is empty"),
        _ if name.len() > LONGEST_SCHEMA => {
            refused(&format!("its name has {} bytes, and Postgres keeps only {LONGEST_SCHEMA}", name.len()))
        }
        _ if name.contains('\0') => refused("its name holds a NUL character, which Postgres cannot store"),
        _ if name.starts_with("pg_") => refused("names that begin with pg_ are reserved for Postgres itself"),
        _ => Ok(name),
    }
}

/// `ns_`, the id in base64url, `_`, and 32 random bytes in hex.
fn new_token(id: &str) -> Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| invalid("token", &format!("the system gives no random bytes: {error}")))?;
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
    fn a_schema_has_only_letters_digits_and_underscores() {
        assert_eq!(schema_of("Shop-1.é").ok().as_deref(), Some("eventodb_Shop_1__"));
        assert!(schema_of("").is_err());
        assert!(schema_of(&"x".repeat(55)).is_err());
        assert_eq!(schema_of(&"x".repeat(54)).map(|schema| schema.len()).ok(), Some(63));
    }

    #[test]
    fn a_token_has_eventodbs_form() {
        let token = new_token("shop").expect("random bytes");
        let hex = token.strip_prefix("ns_c2hvcA_").expect("the id in base64url");
        assert!(hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
