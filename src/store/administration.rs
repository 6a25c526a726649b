//! Creates, deletes and upgrades namespaces, each in one transaction that also keeps the registry up to date. Never
//! touches a schema that another program created, except to delete a registered one on request.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio_postgres::types::Type;

use super::error::Taken;
use super::flavour::quote_ident;
use super::registration::{self, Entry, Owner};
use super::row::{column, text};
use super::schema::{self, NAMESPACE_VERSION};
use super::session::Transaction;
use super::template::hex;
use super::{Flavour, Namespace, NamespaceInfo, Result, Store, StoreError, doctor};

/// The prefix with which an EventoDB server turns a namespace's ID into a schema name.
const PREFIX: &str = "eventodb_";
/// The longest name that Postgres does not truncate, in bytes.
const LONGEST_SCHEMA: usize = 63;
/// The longest ID. With the prefix it fills the 63 bytes of a Postgres identifier.
const LONGEST_ID: usize = 54;
/// The most objects that an error names.
const NAMED: usize = 5;

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
    /// Whether functions of the current version were missing or changed and were installed again.
    pub reinstalled: bool,
}

impl Store {
    /// Creates a namespace: schema, table, functions and registry entry, in one transaction.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the ID is not 1 to 54 bytes long, [`StoreError::NamespaceExists`], or any error from
    /// the server.
    pub async fn create_namespace(&self, id: &str, description: Option<&str>) -> Result<CreatedNamespace> {
        self.create(&NewNamespace { id, description, ..NewNamespace::default() }).await
    }

    /// Creates a namespace with all options, such as the schema's name and roles that may use it.
    ///
    /// # Errors
    /// As [`Store::create_namespace`], and [`StoreError::Invalid`] if a role does not exist or Postgres does not accept
    /// the schema's name.
    pub async fn create(&self, new: &NewNamespace<'_>) -> Result<CreatedNamespace> {
        self.sessions.refuse_if_read_only()?;
        let checked = Checked::new(new)?;
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::require_version(&transaction).await?;
        schema::lock(&transaction).await?;
        registration::create(&transaction).await?;
        checked.require_free(&transaction).await?;
        schema::install(&transaction, &checked.schema, 0).await?;
        for role in new.roles {
            schema::grant(&transaction, &checked.schema, role).await?;
        }
        checked.register(&transaction).await?;
        transaction.commit().await?;
        Ok(checked.created())
    }

    /// Drops a namespace's schema and its registry entry in one transaction, and returns the number of deleted
    /// messages. If the schema is already gone, only the registry entry is removed.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`], [`StoreError::Invalid`] if Message DB created it, if the registry does not
    /// list it, or if other tables are in the schema or depend on it, or any error from the server.
    pub async fn delete_namespace(&self, id: &str) -> Result<u64> {
        self.sessions.refuse_if_read_only()?;
        let namespace = match self.namespace(id).await {
            Err(StoreError::NamespaceNotFound(_)) => return self.forget(id).await,
            found => found?,
        };
        require_deletable(namespace.info())?;
        let schema = &namespace.info().schema;
        let mut session = self.session().await?;
        // Counting all messages needs no index.
        session.allow_any_plan();
        let mut transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        if !schema::exists(&transaction, schema).await? {
            // Another program deleted it while this one waited for the lock.
            return Err(StoreError::NamespaceNotFound(id.to_owned()));
        }
        lock_tables(&transaction, schema).await?;
        refuse_dependents(&transaction, schema).await?;
        let schema_name = quote_ident(schema);
        // Counting reads the whole table. While this transaction holds the lock, it waits for nobody.
        transaction.set_timeout(None);
        let count = transaction.query_opt(&format!("select count(*) from {schema_name}.messages"), &[]).await?;
        let messages: i64 = count.map_or(Ok(0), |row| column(&row, 0))?;
        transaction.batch(&format!("drop schema {schema_name} cascade")).await?;
        registration::remove(&transaction, schema).await?;
        transaction.commit().await?;
        Ok(u64::try_from(messages).unwrap_or(0))
    }

    /// Removes a registry entry whose schema is gone.
    async fn forget(&self, id: &str) -> Result<u64> {
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        let removed = registration::remove_lost(&transaction, id).await?;
        transaction.commit().await?;
        if removed { Ok(0) } else { Err(StoreError::NamespaceNotFound(id.to_owned())) }
    }

    /// Upgrades a namespace that streamscope created to this program's version. If its schema was renamed, its
    /// functions and the registry are updated to the new name. Functions that are missing or changed are installed
    /// again.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`], [`StoreError::Invalid`] if another program or a newer streamscope created it,
    /// or any error from the server.
    pub async fn migrate_namespace(&self, id: &str) -> Result<Migration> {
        self.sessions.refuse_if_read_only()?;
        self.migrate(self.namespace(id).await?, true).await
    }

    /// Upgrades or renames as [`Store::migrate_namespace`] does, for a namespace that the user has not chosen
    /// explicitly: refuses one that would run its owner's code.
    ///
    /// # Errors
    /// As [`Store::migrate_namespace`], and [`StoreError::NamespaceClosed`].
    pub async fn migrate_unasked(&self, id: &str) -> Result<Migration> {
        self.sessions.refuse_if_read_only()?;
        self.migrate(self.namespace_unasked(id).await?, false).await
    }

    async fn migrate(&self, namespace: Namespace, asked: bool) -> Result<Migration> {
        if namespace.info().flavour != Flavour::Streamscope {
            return Err(invalid("namespace", "streamscope did not create it, so it cannot migrate it"));
        }
        let NamespaceInfo { id, schema, .. } = namespace.info();
        let damaged = asked && doctor::has_other_functions(&namespace).await?;
        let mut session = self.session().await?;
        let transaction = session.begin().await?;
        schema::lock(&transaction).await?;
        if !asked && schema::runs_code_if_upgraded(&transaction, schema).await? {
            let reason = "upgrading it would run its owner's rules, triggers or functions with your privileges. If you trust its owner, \
                          pass its ID"
                .to_owned();
            return Err(StoreError::NamespaceClosed { id: id.clone(), reason });
        }
        let from = installed_version(&transaction, schema).await?;
        let renamed_from = schema::old_name(&transaction, schema).await?;
        let older = from < NAMESPACE_VERSION || renamed_from.is_some();
        if older || damaged {
            schema::install(&transaction, schema, from).await?;
        }
        if let Some(old) = &renamed_from {
            registration::rename(&transaction, old, schema).await?;
        }
        transaction.commit().await?;
        Ok(Migration { from, to: NAMESPACE_VERSION, renamed_from, reinstalled: damaged && !older })
    }
}

/// A namespace to create, whose names and texts Postgres can store.
struct Checked {
    id: String,
    schema: String,
    description: String,
    token: String,
    created_at: i64,
}

impl Checked {
    fn new(new: &NewNamespace<'_>) -> Result<Self> {
        let derived = schema_of(new.id)?;
        let schema = new.schema.map_or(Ok(derived), |schema| chosen_schema(schema).map(str::to_owned))?;
        let description = new.description.unwrap_or_default().to_owned();
        if description.contains('\0') {
            return Err(invalid("description", "it contains a NUL character, which Postgres cannot store"));
        }
        let (token, created_at) = (new_token(new.id)?, Timestamp::now().as_second());
        Ok(Self { id: new.id.to_owned(), schema, description, token, created_at })
    }

    /// Rejects an ID or a schema that is in use.
    async fn require_free(&self, transaction: &Transaction<'_>) -> Result<()> {
        if self.id != self.schema && schema::has_messages(transaction, &self.id).await? {
            let reason = format!("schema {} already contains messages, so the name would be ambiguous", self.id);
            return Err(StoreError::NamespaceExists { id: self.id.clone(), reason, taken: Taken::Id });
        }
        let owners = registration::owners(transaction, &self.id, &self.schema).await?;
        let named = owners.iter().find(|owner| owner.id == self.id);
        let (reason, taken) = match (named, owners.first()) {
            (Some(Owner { present: Some(schema), .. }), _) if *schema == self.schema => {
                ("it already exists".to_owned(), Taken::Id)
            }
            (Some(Owner { present: Some(schema), .. }), _) => {
                (format!("it already exists, in schema {schema}"), Taken::Id)
            }
            (Some(Owner { id, schema, present: None }), _) => {
                (format!("the registry still lists it, but its schema {schema} is gone"), Taken::LostEntry(id.clone()))
            }
            (None, Some(Owner { id, schema, present: Some(present) })) if present == schema => {
                (format!("its schema {schema} belongs to namespace {id}"), Taken::Schema)
            }
            (None, Some(Owner { id, schema, present: Some(present) })) => {
                let reason =
                    format!("the registry lists its schema {schema} for namespace {id}, now in schema {present}");
                (reason, Taken::RenamedSchema(present.clone()))
            }
            (None, Some(Owner { id, schema, present: None })) => {
                let reason =
                    format!("the registry lists its schema {schema} for namespace {id}, but that schema is gone");
                (reason, Taken::LostEntry(id.clone()))
            }
            (None, None) if schema::exists(transaction, &self.schema).await? => {
                (format!("the schema {} already exists", self.schema), Taken::Schema)
            }
            (None, None) => return Ok(()),
        };
        Err(StoreError::NamespaceExists { id: self.id.clone(), reason, taken })
    }

    async fn register(&self, transaction: &Transaction<'_>) -> Result<()> {
        let token_hash = hex(&Sha256::digest(self.token.as_bytes()));
        let Self { id, schema, description, created_at, .. } = self;
        let entry = Entry { id, token_hash: &token_hash, schema, description, created_at: *created_at };
        registration::insert(transaction, &entry).await
    }

    fn created(self) -> CreatedNamespace {
        let info = NamespaceInfo {
            id: self.id,
            schema: self.schema,
            flavour: Flavour::Streamscope,
            registered: true,
            description: Some(self.description).filter(|text| !text.is_empty()),
            created_at: Timestamp::from_second(self.created_at).ok(),
            version: Some(NAMESPACE_VERSION.to_string()),
            outdated: false,
            hides_rows: false,
            closed: None,
            caution: None,
        };
        CreatedNamespace { info, token: self.token }
    }
}

fn require_deletable(info: &NamespaceInfo) -> Result<()> {
    match info.flavour {
        Flavour::MessageDb => Err(invalid("namespace", "Message DB created it; drop its schema yourself")),
        Flavour::EventoDb if !info.registered => Err(invalid(
            "namespace",
            "it is not registered, so another program may own its schema; drop the schema yourself",
        )),
        Flavour::EventoDb | Flavour::Streamscope => Ok(()),
    }
}

/// Refuses to drop a schema if that would delete more than the store.
async fn refuse_dependents(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    let dependents = include_str!("../../sql/registry/dependents.sql");
    let rows = transaction.query(dependents, &[(&schema, Type::TEXT)]).await?;
    let found: Vec<String> = rows.iter().map(|row| text(row, 0)).collect::<Result<_>>()?;
    if found.is_empty() {
        return Ok(());
    }
    let named = found.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = found.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Err(invalid("namespace", &format!("this would also delete {named}{more}; drop or move them first")))
}

/// Keeps writers out between counting and dropping. Opening a namespace locks its version table before the messages, so
/// the same order here avoids deadlocks.
async fn lock_tables(transaction: &Transaction<'_>, schema: &str) -> Result<()> {
    let versions = include_str!("../../sql/registry/version_tables.sql");
    let schema_name = quote_ident(schema);
    let mut lock = "lock table ".to_owned();
    for row in transaction.query(versions, &[(&schema, Type::TEXT)]).await? {
        let name: String = column(&row, 0)?;
        let _ = write!(lock, "{schema_name}.{}, ", quote_ident(&name));
    }
    transaction.batch(&format!("{lock}{schema_name}.messages in access exclusive mode")).await
}

/// Returns the version of a namespace's SQL, which must not be newer than this program's.
async fn installed_version(transaction: &Transaction<'_>, schema: &str) -> Result<i32> {
    let version = format!("select max(version) from {}._streamscope_version", quote_ident(schema));
    let version: Option<i32> = transaction.query_opt(&version, &[]).await?.map_or(Ok(None), |row| column(&row, 0))?;
    match version {
        None => Err(invalid("namespace", "its version table is empty")),
        Some(version) if version > NAMESPACE_VERSION => {
            Err(invalid("namespace", "a newer streamscope created it; update streamscope"))
        }
        Some(version) => Ok(version),
    }
}

fn invalid(field: &'static str, reason: &str) -> StoreError {
    StoreError::Invalid { field, reason: reason.to_owned() }
}

/// Returns the schema for an ID, as EventoDB derives it: the prefix and the ID, in which every character other than
/// ASCII letters, digits and `_` becomes `_`.
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
