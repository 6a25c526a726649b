//! Checks on what the namespace consists of: functions, indexes, columns, the sequence, and everything that changes
//! what a write or a read does.

use super::super::Flavour;
use super::super::fingerprints::{bare, recognise};
use super::super::refused_write::repair;
use super::super::shape::ColumnType;
use super::facts::Index;
use super::{CheckStatus, Observation, Patient, listed};
use crate::invocation::suggested;
use crate::numbers::grouped;
use crate::pasteable::{sql_identifier, sql_name, sql_string};

/// The share of the numbers of the sequence that is used, in percent.
const USED: (i128, i128) = (80, 95);

pub(super) fn functions(patient: &Patient<'_>) -> Observation {
    let info = patient.namespace.info();
    let restore = match patient.flavour() {
        Flavour::Streamscope => suggested(&["ns", "migrate"], Some(&info.id), &[]),
        Flavour::MessageDb => "Reinstall the functions of Message DB (its database/install-functions.sh)".to_owned(),
        Flavour::EventoDb => "Let the EventoDB server migrate the namespace again".to_owned(),
    };
    let found = recognise(&patient.table.functions, patient.flavour(), &info.schema);
    if !found.missing.is_empty() {
        return Observation::fail(format!("missing: {}", listed(&found.missing)), restore);
    }
    if let Some(former) = patient.former_name {
        let seen =
            format!("the schema was renamed from {former}, but its functions still use that name, so writes fail");
        return Observation::fail(seen, restore);
    }
    if info.outdated {
        return Observation::warn("installed by an older streamscope", restore);
    }
    if !found.changed.is_empty() {
        return Observation::warn(format!("not as installed: {}", listed(&found.changed)), restore);
    }
    if found.mixed {
        return Observation::warn("from different versions of Message DB", restore);
    }
    Observation::ok(match (patient.flavour(), found.versions) {
        (Flavour::MessageDb, Some((first, last))) if first == last => format!("as in Message DB {first}"),
        (Flavour::MessageDb, Some((first, last))) => format!("as in Message DB {first} to {last}"),
        (Flavour::MessageDb, None) => "as in Message DB".to_owned(),
        (Flavour::EventoDb, _) => "as in EventoDB".to_owned(),
        (Flavour::Streamscope, _) => "as installed by streamscope".to_owned(),
    })
}

pub(super) fn indexes(patient: &Patient<'_>) -> Observation {
    let table = patient.table_name();
    let indexes = &patient.table.indexes;
    let unusable: Vec<&str> = indexes.iter().filter(|index| !index.usable).map(|index| index.name.as_str()).collect();
    if let Some(first) = unusable.first() {
        let schema = sql_identifier(&patient.namespace.info().schema);
        return Observation::fail(
            format!("not usable: {}", listed(&unusable)),
            format!("reindex index {schema}.{}", sql_identifier(first)),
        );
    }
    let covers = |columns: &[&str]| {
        indexes.iter().any(|index| {
            index.unique
                && !index.partial
                && index.keys.iter().map(|key| bare(key)).eq(columns.iter().map(ToString::to_string))
        })
    };
    let category = match patient.flavour() {
        Flavour::MessageDb => "category(stream_name)",
        Flavour::EventoDb | Flavour::Streamscope => "split_part(stream_name, '-', 1)",
    };
    let leads = |index: &Index| {
        let keys: Vec<String> = index.keys.iter().map(|key| bare(key)).collect();
        let first = keys.first().is_some_and(|key| key.ends_with(&bare(category)));
        !index.partial && first && keys.get(1).is_some_and(|key| key == "global_position")
    };
    let mut missing = Vec::new();
    if !covers(&["global_position"]) {
        missing.push(("global_position", format!("create unique index concurrently on {table} (global_position)")));
    }
    if !covers(&["id"]) {
        missing.push(("unique id", format!("create unique index concurrently on {table} (id)")));
    }
    if !covers(&["stream_name", "position"]) && !covers(&["position", "stream_name"]) {
        let create = format!("create unique index concurrently on {table} (stream_name, position)");
        missing.push(("unique stream_name and position", create));
    }
    if !indexes.iter().any(leads) {
        let of = if patient.flavour() == Flavour::MessageDb {
            format!("{}(stream_name)", patient.namespace.function("category"))
        } else {
            category.to_owned()
        };
        let create = format!("create index concurrently on {table} (({of}), global_position)");
        missing.push(("category and global_position", create));
    }
    if missing.is_empty() {
        return Observation::ok(format!("{} indexes, all usable", indexes.len()));
    }
    let (what, how): (Vec<&str>, Vec<String>) = missing.into_iter().unzip();
    Observation::fail(format!("missing indexes: {}", what.join("; ")), how.join("; "))
}

pub(super) fn columns(patient: &Patient<'_>) -> Observation {
    let columns = &patient.shape.columns;
    let table = patient.table_name();
    if let Some(first) = patient.table.required.first() {
        return Observation::fail(
            format!("every write fails, because it sets no value for {}", listed(&patient.table.required)),
            format!("alter table {table} alter column {} drop not null", sql_identifier(first)),
        );
    }
    let expected: [(&str, _, &[ColumnType]); 8] = [
        ("global_position", &columns.global_position, &[ColumnType::BigInt]),
        ("position", &columns.position, &[ColumnType::BigInt]),
        ("time", &columns.time, &[ColumnType::Timestamp]),
        ("stream_name", &columns.stream_name, &[ColumnType::Text, ColumnType::Varchar]),
        ("type", &columns.message_type, &[ColumnType::Text, ColumnType::Varchar]),
        ("data", &columns.data, &[ColumnType::Jsonb]),
        ("metadata", &columns.metadata, &[ColumnType::Jsonb]),
        ("id", &columns.id, &[ColumnType::Uuid]),
    ];
    let unusual: Vec<String> = expected
        .iter()
        .filter(|(_, column, kinds)| !kinds.contains(&column.kind))
        .map(|(name, column, _)| format!("{name} is {}", column.type_name))
        .collect();
    let nullable: Vec<&str> = expected
        .iter()
        .filter(|(name, column, _)| !column.not_null && !["data", "metadata"].contains(name))
        .map(|(name, ..)| *name)
        .collect();
    if let Some(first) = nullable.first() {
        return Observation::warn(
            format!("accepting NULL: {}", listed(&nullable)),
            format!("alter table {table} alter column {} set not null", sql_identifier(first)),
        );
    }
    if unusual.is_empty() {
        return Observation::ok("all columns have the usual types");
    }
    Observation::warn(
        listed(&unusual),
        format!("Check that every client expects this, or change the type (alter table {table} alter column …)"),
    )
}

pub(super) fn sequence(patient: &Patient<'_>) -> Observation {
    let numbering = &patient.shape.numbering;
    let Some(sequence) = &patient.table.sequence else {
        return Observation::fail(
            "global_position has no sequence",
            "Set its default to the next number of a sequence",
        );
    };
    let name = &sequence.name;
    if numbering.cycles == Some(true) {
        return Observation::fail(
            format!("{name} starts again after its last number"),
            format!("alter sequence {} no cycle", sql_name(name)),
        );
    }
    if numbering.increment.is_some_and(|increment| increment < 1) {
        return Observation::fail(
            format!("{name} counts down"),
            format!("alter sequence {} increment 1", sql_name(name)),
        );
    }
    if let Some(cache) = numbering.cache.filter(|cache| *cache > 1) {
        let seen = format!("{name} has a cache of {cache}, so sessions use numbers out of order");
        return Observation::fail(seen, format!("alter sequence {} cache 1", sql_name(name)));
    }
    if !numbering.is_nextval && !patient.shape.columns.global_position.identity {
        return Observation::fail(
            "global_position does not default to the next number of its sequence",
            format!(
                "alter table {} alter column global_position set default nextval({})",
                patient.table_name(),
                sql_string(name)
            ),
        );
    }
    if let Some(part) = patient.shape.part_numbered_apart() {
        return Observation::fail(
            format!("global_position of {} does not default to the next number of {name}", part.name),
            format!(
                "alter table {} alter column global_position set default nextval({})",
                sql_name(&part.name),
                sql_string(name)
            ),
        );
    }
    let Some(last) = sequence.last else {
        return Observation::skipped(format!("this role may not read {name}"));
    };
    if let Some(highest) = patient.table.highest.filter(|highest| *highest > last) {
        let seen = format!("{name} is at {last}, below the highest global position {highest}, so writes will fail");
        return Observation::fail(seen, repair(name, highest));
    }
    let max = match patient.shape.columns.global_position.kind {
        ColumnType::SmallInt => i64::from(i16::MAX),
        ColumnType::Integer => i64::from(i32::MAX),
        _ => sequence.max,
    }
    .min(sequence.max);
    let used = i128::from(last.max(0)) * 100 / i128::from(max.max(1));
    if !numbering.owned {
        return Observation::warn(
            format!("{name} does not belong to the column, so dropping or copying the table leaves it behind"),
            format!("alter sequence {} owned by {}.global_position", sql_name(name), patient.table_name()),
        );
    }
    let seen = format!("at {}, {used}% used", grouped(last.max(0).unsigned_abs()));
    let more = if patient.shape.columns.global_position.kind == ColumnType::BigInt {
        format!("alter sequence {} no maxvalue", sql_name(name))
    } else {
        format!(
            "alter table {} alter column global_position type bigint; alter sequence {} as bigint",
            patient.table_name(),
            sql_name(name)
        )
    };
    Observation::by_limit(used, USED, seen, more)
}

pub(super) fn row_security(patient: &Patient<'_>) -> Observation {
    if patient.shape.row_security {
        return Observation::warn(
            "policies apply to this role and may hide messages",
            "Read with a role that has bypassrls or owns the table, or check pg_policies",
        );
    }
    Observation::ok(if patient.table.row_security { "on, but not for this role" } else { "off" })
}

pub(super) fn table_kind(patient: &Patient<'_>) -> Observation {
    let (shape, table) = (patient.shape, patient.table_name());
    if patient.table.persistence != 'p' {
        return Observation::fail(
            "the table is unlogged: a crash empties it, and no standby has it",
            format!("alter table {table} set logged"),
        );
    }
    let foreign: Vec<&str> =
        shape.parts.iter().filter(|part| part.is_foreign()).map(|part| part.name.as_str()).collect();
    if !foreign.is_empty() {
        let parts = listed(&foreign);
        return Observation::fail(
            format!("parts of the table are on another server: {parts}"),
            "Keep all messages in one database",
        );
    }
    if shape.subscribed {
        return Observation::warn(
            "a logical subscription writes to the table, so another server assigns global positions",
            "Do not write here, and follow the messages on the publishing server",
        );
    }
    if !shape.parts.is_empty() && !shape.is_partitioned() {
        let parts: Vec<&str> = shape.parts.iter().map(|part| part.name.as_str()).collect();
        return Observation::warn(
            format!("inheriting tables that its unique indexes do not cover: {}", listed(&parts)),
            "Move their rows into the table, and drop them",
        );
    }
    Observation::ok(if shape.is_partitioned() { "a partitioned table" } else { "an ordinary table" })
}

pub(super) fn triggers(patient: &Patient<'_>) -> Observation {
    let (shape, table) = (patient.shape, patient.table_name());
    if patient.table.time_default.is_none() && shape.columns.time.not_null {
        return Observation::fail(
            "the column time has no default, so write_message fails",
            format!("alter table {table} alter column time set default (now() at time zone 'utc')"),
        );
    }
    if let Some(rule) = shape.rules.first() {
        return Observation::fail(
            format!("rules redirect or drop messages: {}", listed(&shape.rules)),
            format!("drop rule {} on {table}", sql_identifier(rule)),
        );
    }
    let changing: Vec<&str> = shape
        .triggers
        .iter()
        .filter(|trigger| trigger.row && trigger.before)
        .map(|trigger| trigger.name.as_str())
        .collect();
    if let Some(first) = changing.first() {
        return Observation::warn(
            format!("triggers can change or drop messages before they are stored: {}", listed(&changing)),
            format!("Check their functions, or: alter table {table} disable trigger {}", sql_identifier(first)),
        );
    }
    let after: Vec<&str> = shape.triggers.iter().map(|trigger| trigger.name.as_str()).collect();
    Observation::ok(if after.is_empty() {
        "no triggers and no rules".to_owned()
    } else {
        format!("triggers that run after a message is stored: {}", listed(&after))
    })
}

pub(super) fn grants(patient: &Patient<'_>) -> Observation {
    let table = patient.table_name();
    let roles = &patient.table.roles;
    let worst = roles.iter().map(|role| {
        let name = sql_identifier(&role.name);
        if !role.reads {
            let seen = format!("{} may use the schema, but not read the table", role.name);
            return Observation::warn(seen, format!("grant select on {table} to {name}"));
        }
        if role.inserts && !role.draws {
            let sequence = patient
                .table
                .sequence
                .as_ref()
                .map_or_else(|| "its sequence".to_owned(), |sequence| sql_name(&sequence.name));
            let seen = format!("{} may insert, but not draw a global position, so its writes fail", role.name);
            return Observation::fail(seen, format!("grant usage on sequence {sequence} to {name}"));
        }
        if !role.cannot_execute.is_empty() {
            let seen = format!("{} may not execute {}", role.name, listed(&role.cannot_execute));
            let schema = sql_identifier(&patient.namespace.info().schema);
            return Observation::warn(seen, format!("grant execute on all functions in schema {schema} to {name}"));
        }
        Observation::ok("")
    });
    match worst.reduce(|worst, next| if next.status > worst.status { next } else { worst }) {
        Some(worst) if worst.status != CheckStatus::Ok => worst,
        _ => Observation::ok(match roles.len() {
            0 => "no other role uses the schema".to_owned(),
            1 => "1 other role uses the schema and has what it needs".to_owned(),
            more => format!("{more} other roles use the schema and have what they need"),
        }),
    }
}

pub(super) fn collation(patient: &Patient<'_>) -> Observation {
    let table = patient.table_name();
    if let Some((created, now)) = &patient.server.collation {
        return Observation::warn(
            format!("the database was created with version {created} of its collation, and the system has {now}"),
            format!("reindex table {table}; then alter database … refresh collation version"),
        );
    }
    if patient.table.collations.is_empty() {
        return Observation::ok("unchanged since the indexes were built");
    }
    let names = listed(&patient.table.collations);
    Observation::warn(
        format!("the system has a different version of {names}"),
        format!("reindex table {table}; then alter collation … refresh version"),
    )
}
