//! SQL expressions for the keys of [`super::links`]: the keys under which a message can be named, and the key of the
//! cause that it names. Both are text, so that one comparison finds a link of any convention.

use super::links::{CAUSATION_IDS, LinkTarget, Links, PROTEAN_CAUSE, top_or_headers};
use super::path::Path;
use crate::store::Namespace;

/// The expressions for one namespace. Paths of the user are parameters.
pub(super) struct Keys {
    /// The key of the cause, or null.
    pub(super) cause: String,
    /// An array of the keys from metadata under which a message can be named.
    pub(super) identities: String,
    /// The parameters, which begin at the number given to [`Keys::new`].
    pub(super) paths: Vec<Vec<String>>,
}

impl Keys {
    /// Builds the expressions over a table `m`. Parameters begin at number `first`.
    pub(super) fn new(namespace: &Namespace, links: &Links, first: usize) -> Self {
        let metadata = namespace.body_as_jsonb("m.metadata");
        let mut paths: Vec<Vec<String>> = Vec::new();
        let mut parameter = |path: &Path| {
            paths.push(path.steps().to_vec());
            format!("({metadata} #>> ${})", first + paths.len() - 1)
        };
        let identities = links.identities();
        let identity = |number: usize, value: &str| format!("'m{number}:' || {value}");
        let listed: Vec<String> =
            identities.iter().enumerate().map(|(number, path)| identity(number, &parameter(path))).collect();
        let mut causes: Vec<String> = Vec::new();
        for rule in links.rules() {
            let Some(cause) = &rule.cause else { continue };
            let value = parameter(cause);
            let digits = format!("case when {value} ~ '^(0|-?[1-9][0-9]*)$' then {value} end");
            causes.push(match &rule.to {
                LinkTarget::Id => format!("'i' || lower(case when {value} ~* '{UUID}' then {value} end)"),
                LinkTarget::StreamPosition => {
                    format!("'p' || case when {value} ~ '@(0|-?[1-9][0-9]*)$' then {value} end")
                }
                LinkTarget::GlobalPosition => format!("'g' || {digits}"),
                LinkTarget::Metadata(path) => {
                    let number = identities.iter().position(|known| known == path).unwrap_or_default();
                    identity(number, &value)
                }
            });
        }
        let text = |key: &str| format!("nullif({metadata} ->> '{key}', '')");
        causes.push(format!(
            "'p' || {} || '@' || {}",
            text("causationMessageStreamName"),
            text("causationMessagePosition")
        ));
        causes.push(format!("'g' || {}", text("causationMessageGlobalPosition")));
        causes.push(identity(0, &member(&metadata, &Path::of(&PROTEAN_CAUSE))));
        let ids: Vec<String> = top_or_headers(CAUSATION_IDS).map(|path| member(&metadata, &path)).collect();
        causes.push(format!("'i' || lower(coalesce({}))", ids.join(", ")));
        Self {
            cause: format!("coalesce({})", causes.join(", ")),
            identities: format!("array[{}]", listed.join(", ")),
            paths,
        }
    }
}

const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// Returns the text at a built-in path, whose names contain nothing that SQL would interpret.
fn member(json: &str, path: &Path) -> String {
    match path.steps() {
        [only] => format!("({json} ->> '{only}')"),
        steps => format!("({json} #>> '{{{}}}')", steps.join(",")),
    }
}
