//! The details of a namespace that both `ns list` and `ns info` print. This module never asks the store.

use crate::cli::output::json::Object;
use crate::store::NamespaceInfo;

/// Adds the JSON keys of a namespace.
pub(super) fn describe<'a>(object: Object<'a>, info: &NamespaceInfo) -> Object<'a> {
    object
        .string("id", &info.id)
        .string("schema", &info.schema)
        .string("flavour", info.flavour.as_str())
        .string_or_null("version", info.version.as_deref())
        .raw("outdated", if info.outdated { "true" } else { "false" })
        .string_or_null("description", info.description.as_deref())
        .time_or_null("created", info.created_at)
        .raw("hidesRows", if info.hides_rows { "true" } else { "false" })
        .string_or_null("closed", info.closed.as_deref())
        .string_or_null("caution", info.caution.as_deref())
}

/// Returns the version for people, with a hint if it is outdated.
pub(super) fn version(info: &NamespaceInfo) -> String {
    let version = info.version.as_deref().unwrap_or_default();
    if info.outdated { format!("{version} (outdated; run ns migrate)") } else { version.to_owned() }
}
