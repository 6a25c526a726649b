//! The `ns` commands: lists, creates, describes, migrates and deletes namespaces.
//!
//! Deletion always asks first. The token of a new namespace is printed once and never stored.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use super::arguments::NsCommand;
use super::failure::{Failure, Result, Status};
use super::open::named;
use super::output::json::Object;
use super::output::table::{Column, Table, record};
use super::output::time::for_people;
use super::output::{Output, count, tell};
use crate::pasteable::shell_command;
use crate::safe_text::safe;
use crate::store::browse::Scope;
use crate::store::{Flavour, LostNamespace, Migration, NamespaceInfo, NewNamespace, Store};

/// Runs an `ns` command; `namespace` is the value of `--namespace`.
pub async fn run(store: &Store, command: &NsCommand, namespace: Option<&str>, output: &mut Output) -> Result<()> {
    match command {
        NsCommand::List => list(store, output).await,
        NsCommand::Create { id, description, schema, grant } => {
            let (description, schema) = (description.as_deref(), schema.as_deref());
            create(store, &NewNamespace { id, description, schema, roles: grant }, output).await
        }
        NsCommand::Delete { id, confirm } => delete(store, id, confirm.is_none(), output).await,
        NsCommand::Info { id } => info(store, id, output).await,
        NsCommand::Migrate { id } => migrate(store, id.as_deref().or(namespace), output).await,
    }
}

/// Refuses, before anything is opened, a deletion that is not confirmed and cannot be asked about.
pub fn check(command: &NsCommand) -> Result<()> {
    let NsCommand::Delete { id, confirm } = command else { return Ok(()) };
    match confirm {
        Some(confirm) if confirm == id => Ok(()),
        Some(confirm) => {
            Err(Failure::usage(format!("--confirm {confirm} does not match the namespace {id}; nothing was deleted")))
        }
        None if io::stdin().is_terminal() && io::stderr().is_terminal() => Ok(()),
        None => Err(Failure::usage(format!(
            "deleting namespace {id} needs confirmation, and there is no terminal to ask on"
        ))
        .remedy(format!("To confirm: {}", confirmed(id)))),
    }
}

/// Returns the command that deletes without asking. An ID that looks like an option follows `--`.
fn confirmed(id: &str) -> String {
    if id.starts_with('-') {
        shell_command(["streamscope", "ns", "delete", &format!("--confirm={id}"), "--", id])
    } else {
        shell_command(["streamscope", "ns", "delete", id, "--confirm", id])
    }
}

async fn list(store: &Store, output: &mut Output) -> Result<()> {
    let (namespaces, lost) = store.survey().await?;
    for LostNamespace { id, schema } in lost {
        tell(&format!(
            "Namespace {} is registered, but its schema {} is gone. To remove the entry: streamscope ns delete {}",
            safe(&id),
            safe(&schema),
            safe(&id)
        ));
    }
    if output.is_json() {
        for info in &namespaces {
            describe(Object::begin(output.buffer()), info).end();
            output.line_done()?;
        }
        return Ok(());
    }
    if namespaces.is_empty() {
        output.note("No namespaces yet. To create one: streamscope ns create ID");
    }
    let columns = [
        Column::text("NAMESPACE"),
        Column::text("FLAVOUR"),
        Column::text("VERSION"),
        Column::time("CREATED"),
        Column::text("SCHEMA"),
        Column::text("DESCRIPTION"),
        Column::text("NOTE"),
    ];
    let noted = namespaces.iter().any(|info| !note(info).is_empty());
    let columns = if noted { &columns[..] } else { &columns[..6] };
    let mut table = Table::new(columns);
    for info in &namespaces {
        let created = info.created_at.map(for_people).unwrap_or_default();
        let note = note(info);
        let cells = [
            &info.id,
            info.flavour.as_str(),
            &version(info),
            &created,
            &info.schema,
            info.description.as_deref().unwrap_or_default(),
            &note,
        ];
        table.row(output, &cells[..columns.len()])?;
    }
    Ok(table.finish(output)?)
}

fn describe<'a>(object: Object<'a>, info: &NamespaceInfo) -> Object<'a> {
    object
        .string("id", &info.id)
        .string("schema", &info.schema)
        .string("flavour", info.flavour.as_str())
        .string_or_null("version", info.version.as_deref())
        .raw("outdated", if info.outdated { "true" } else { "false" })
        .string_or_null("description", info.description.as_deref())
        .time_or_null("created", info.created_at)
        .raw("hides_rows", if info.hides_rows { "true" } else { "false" })
        .string_or_null("closed", info.closed.as_deref())
        .string_or_null("caution", info.caution.as_deref())
}

/// Returns why a namespace cannot be opened, or which part of it was not read.
fn note(info: &NamespaceInfo) -> String {
    let closed = info.closed.as_ref().map(|closed| format!("cannot be opened: {closed}"));
    closed.or_else(|| info.caution.clone()).unwrap_or_default()
}

fn version(info: &NamespaceInfo) -> String {
    let version = info.version.as_deref().unwrap_or_default();
    if info.outdated { format!("{version} (outdated; run ns migrate)") } else { version.to_owned() }
}

async fn create(store: &Store, new: &NewNamespace<'_>, output: &mut Output) -> Result<()> {
    let created = store.create(new).await?;
    if output.is_json() {
        Object::begin(output.buffer())
            .string("id", &created.info.id)
            .string("schema", &created.info.schema)
            .string_or_null("description", created.info.description.as_deref())
            .string("token", &created.token)
            .end();
        return Ok(());
    }
    record(output, &[("namespace", &created.info.id), ("schema", &created.info.schema), ("token", &created.token)])?;
    output.finish()?;
    output.note(
        "Save the token now. It is shown only once, because only its hash is stored. EventoDB servers ask for it.",
    );
    Ok(())
}

async fn delete(store: &Store, id: &str, ask: bool, output: &mut Output) -> Result<()> {
    match named(store, id).await {
        Ok(namespace) if ask && namespace.info().flavour != Flavour::MessageDb => {
            let messages = namespace.estimate(&Scope::Namespace).await?.map(|estimate| estimate.messages);
            confirm(id, &namespace.info().schema, messages).await?;
        }
        Ok(_) => {}
        // A registry entry without a schema has no data to lose, so nothing is asked.
        Err(failure) => {
            if !store.survey().await?.1.iter().any(|lost| lost.id == id) {
                return Err(failure);
            }
        }
    }
    let messages = store.delete_namespace(id).await?;
    if output.is_json() {
        Object::begin(output.buffer()).string("id", id).number("messages", messages).end();
    } else {
        output.line(&format!("Deleted namespace {} with {}", safe(id), count(messages, "message")))?;
    }
    Ok(())
}

async fn info(store: &Store, id: &str, output: &mut Output) -> Result<()> {
    let namespace = named(store, id).await?;
    let info = namespace.info();
    let messages = namespace.estimate(&Scope::Namespace).await?.map(|estimate| estimate.messages);
    let categories = namespace.categories().await?.len();
    if output.is_json() {
        let object = describe(Object::begin(output.buffer()), info);
        object.number("categories", categories).number_or_null("estimate", messages).end();
        return Ok(());
    }
    let (version, created) = (version(info), info.created_at.map(for_people).unwrap_or_default());
    let (categories, messages) = (categories.to_string(), super::output::estimate(messages));
    let mut fields = vec![
        ("namespace", info.id.as_str()),
        ("schema", &info.schema),
        ("flavour", info.flavour.as_str()),
        ("version", &version),
        ("description", info.description.as_deref().unwrap_or_default()),
        ("created", &created),
        ("categories", &categories),
        ("messages", &messages),
    ];
    if let Some(caution) = &info.caution {
        fields.push(("note", caution));
    }
    Ok(record(output, &fields)?)
}

async fn migrate(store: &Store, id: Option<&str>, output: &mut Output) -> Result<()> {
    let ids = match id {
        Some(id) => vec![named(store, id).await?.info().id.clone()],
        None => store.namespaces().await?.into_iter().filter(|info| info.outdated).map(|info| info.id).collect(),
    };
    if ids.is_empty() {
        output.note("All namespaces created by streamscope are up to date");
    }
    for id in ids {
        let Migration { from, to, renamed_from } = store.migrate_namespace(&id).await?;
        if output.is_json() {
            Object::begin(output.buffer())
                .string("id", &id)
                .string("from", &from.to_string())
                .string("to", &to.to_string())
                .string_or_null("renamed_from", renamed_from.as_deref())
                .end();
            output.line_done()?;
            continue;
        }
        let id = safe(&id);
        output.line(&match (renamed_from, from == to) {
            (Some(old), _) => format!("{id} repaired: its schema was renamed from {} (version {to})", safe(&old)),
            (None, true) => format!("{id} is up to date (version {to})"),
            (None, false) => format!("{id} upgraded from version {from} to {to}"),
        })?;
    }
    Ok(())
}

async fn confirm(id: &str, schema: &str, messages: Option<u64>) -> Result<()> {
    let count =
        messages.map_or_else(|| "all messages".to_owned(), |messages| format!("~{}", count(messages, "message")));
    tell(&format!("This permanently deletes namespace {id} (schema {schema}) with {count}."));
    let _ = write!(io::stderr(), "Type its ID to continue: ");
    let _ = io::stderr().flush();
    let mut typed = String::new();
    let typed = tokio::task::spawn_blocking(move || io::stdin().lock().read_line(&mut typed).map(|_| typed))
        .await
        .map_err(|error| Failure::new(Status::Failed, error.to_string()))??;
    if typed.trim_end_matches(['\r', '\n']) == id {
        return Ok(());
    }
    Err(Failure::usage("the ID does not match; nothing was deleted"))
}
