//! The conventions by which the metadata of a message names its cause and its workflow. Reads metadata as text and
//! never converts a number. Sends nothing to a server.

use uuid::Uuid;

use super::Traced;
use super::path::Path;
use crate::message::{GlobalPosition, Position, StreamName};

/// A way to name one message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A position in a stream.
    Position(StreamName, Position),
    /// A global position.
    GlobalPosition(GlobalPosition),
    /// The ID of the message.
    Id(Uuid),
    /// The value at a path in the metadata of the message, such as `$.headers.id` in Protean.
    Metadata(Path, String),
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Position(stream, position) => write!(f, "{stream}@{position}"),
            Self::GlobalPosition(position) => write!(f, "{position}"),
            Self::Id(id) => write!(f, "{id}"),
            Self::Metadata(_, value) => f.write_str(value),
        }
    }
}

/// The cause that a message names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The convention: `eventide`, `protean`, `message-id`, or the name of a [`LinkRule`].
    pub link: String,
    /// The message that it names.
    pub reference: Reference,
}

/// A value that all messages of a workflow share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Workflow {
    /// The convention: `eventide`, `protean`, `message-id`, `trace`, or the name of a [`LinkRule`].
    pub link: String,
    /// Where the value is in the metadata.
    pub path: Path,
    /// The value. For `traceparent` it is the trace ID inside it.
    pub value: String,
}

/// What a value in metadata names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// The cause of the message.
    Cause(Cause),
    /// The workflow of the message.
    Workflow(Workflow),
}

/// What the cause in a [`LinkRule`] names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// The ID of the cause.
    Id,
    /// `stream@position`.
    StreamPosition,
    /// The global position of the cause.
    GlobalPosition,
    /// The value at this path in the metadata of the cause.
    Metadata(Path),
}

impl std::str::FromStr for LinkTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "id" => Ok(Self::Id),
            "stream@position" => Ok(Self::StreamPosition),
            "global position" => Ok(Self::GlobalPosition),
            _ => text.parse().map(Self::Metadata).map_err(|_| {
                format!(
                    "\"{text}\" is not a target; use id, stream@position, global position or a path such as $.headers.id"
                )
            }),
        }
    }
}

/// A user-defined convention, which comes before the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRule {
    /// The name that results show.
    pub name: String,
    /// Where the metadata names the cause.
    pub cause: Option<Path>,
    /// What the value at `cause` names.
    pub to: LinkTarget,
    /// Where the metadata has the value that a workflow shares.
    pub workflow: Option<Path>,
}

/// The names that the convention of message IDs uses, at the top level of metadata or under `headers`.
pub(super) const CAUSATION_IDS: [&str; 3] = ["$causationId", "causationId", "causation_id"];
/// The keys by which Eventide names a cause.
const EVENTIDE_CAUSE: [&str; 3] =
    ["causationMessageStreamName", "causationMessagePosition", "causationMessageGlobalPosition"];
const CORRELATION_IDS: [&str; 3] = ["$correlationId", "correlationId", "correlation_id"];

/// Where Protean stores the identity of a message, which differs from its ID.
pub(super) const PROTEAN_IDENTITY: [&str; 2] = ["headers", "id"];
pub(super) const PROTEAN_CAUSE: [&str; 2] = ["domain", "causation_id"];

/// The conventions to recognise: the built-in ones and those of the user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    rules: Vec<LinkRule>,
}

impl Links {
    /// Recognises these conventions before the built-in ones.
    #[must_use]
    pub fn with_rules(rules: Vec<LinkRule>) -> Self {
        Self { rules }
    }

    pub(super) fn rules(&self) -> &[LinkRule] {
        &self.rules
    }

    /// Returns the paths whose value can identify a message, in the order that keys number them.
    pub(super) fn identities(&self) -> Vec<Path> {
        let mut paths = vec![Path::of(&PROTEAN_IDENTITY)];
        for rule in &self.rules {
            if let LinkTarget::Metadata(path) = &rule.to
                && !paths.contains(path)
            {
                paths.push(path.clone());
            }
        }
        paths
    }

    /// Returns the cause that metadata names. If it names several, the order is: the user's conventions, Eventide,
    /// Protean, message IDs.
    #[must_use]
    pub fn cause(&self, metadata: &str) -> Option<Cause> {
        let by_rule = self.rules.iter().find_map(|rule| {
            let value = rule.cause.as_ref()?.text_in(metadata)?;
            let reference = match &rule.to {
                LinkTarget::Id => Reference::Id(id(&value)?),
                LinkTarget::StreamPosition => {
                    let (stream, position) = value.rsplit_once('@')?;
                    Reference::Position(StreamName::stored(stream), number(position)?)
                }
                LinkTarget::GlobalPosition => Reference::GlobalPosition(number(&value)?),
                LinkTarget::Metadata(path) => Reference::Metadata(path.clone(), value),
            };
            Some(Cause { link: rule.name.clone(), reference })
        });
        let built_in = |link: &str, reference| Cause { link: link.to_owned(), reference };
        by_rule
            .or_else(|| eventide(metadata).map(|reference| built_in("eventide", reference)))
            .or_else(|| {
                let value = Path::of(&PROTEAN_CAUSE).text_in(metadata)?;
                Some(built_in("protean", Reference::Metadata(Path::of(&PROTEAN_IDENTITY), value)))
            })
            .or_else(|| {
                let value = top_or_headers(CAUSATION_IDS).find_map(|path| path.text_in(metadata))?;
                Some(built_in("message-id", Reference::Id(id(&value)?)))
            })
    }

    /// Returns the values that metadata shares with its workflow: those of the user's conventions first, then Eventide,
    /// Protean, correlation IDs and trace IDs.
    #[must_use]
    pub fn workflows(&self, metadata: &str) -> Vec<Workflow> {
        let by_rule = self.rules.iter().filter_map(|rule| Some((rule.name.as_str(), rule.workflow.clone()?)));
        let built_in =
            [("eventide", Path::of(&["correlationStreamName"])), ("protean", Path::of(&["domain", "correlation_id"]))];
        let ids = top_or_headers(CORRELATION_IDS).map(|path| ("message-id", path));
        let traces = top_or_headers(["traceparent", "traceId"]).map(|path| ("trace", path));
        let mut workflows: Vec<Workflow> = Vec::new();
        for (link, path) in by_rule.chain(built_in).chain(ids).chain(traces) {
            let Some(text) = path.text_in(metadata) else { continue };
            let value =
                if is_traceparent(&path) { text.split('-').nth(1).unwrap_or_default().to_owned() } else { text };
            if !value.is_empty() && workflows.iter().all(|workflow| workflow.path != path) {
                workflows.push(Workflow { link: link.to_owned(), path, value });
            }
        }
        workflows
    }

    /// Returns whether metadata has a value of any convention, even if only the identity by which effects can name the
    /// message.
    #[must_use]
    pub fn apply_to(&self, metadata: &str) -> bool {
        let is_named = || self.identities().iter().any(|path| path.text_in(metadata).is_some());
        self.cause(metadata).is_some() || !self.workflows(metadata).is_empty() || is_named()
    }

    /// Returns the paths of metadata whose values name the cause or the workflow, with what they name.
    #[must_use]
    pub fn named(&self, metadata: &str) -> Vec<(Path, Named)> {
        let workflows = self.workflows(metadata).into_iter();
        let mut named: Vec<(Path, Named)> =
            workflows.map(|workflow| (workflow.path.clone(), Named::Workflow(workflow))).collect();
        let Some(cause) = self.cause(metadata) else { return named };
        let rules = self.rules.iter().filter(|rule| rule.name == cause.link).filter_map(|rule| rule.cause.clone());
        let built_in: Vec<Path> = match cause.link.as_str() {
            "eventide" => EVENTIDE_CAUSE.into_iter().map(|key| Path::of(&[key])).collect(),
            "protean" => vec![Path::of(&PROTEAN_CAUSE)],
            "message-id" => top_or_headers(CAUSATION_IDS).collect(),
            _ => Vec::new(),
        };
        let paths = rules.chain(built_in).filter(|path| path.text_in(metadata).is_some());
        named.extend(paths.map(|path| (path, Named::Cause(cause.clone()))));
        named
    }

    /// Returns the keys under which other messages can name this one.
    pub(crate) fn names_of(&self, traced: &Traced) -> Vec<String> {
        let head = &traced.head;
        let mut keys = vec![
            self.name(&Reference::Position(head.stream.clone(), head.position)),
            self.name(&Reference::GlobalPosition(head.global_position)),
        ];
        if !head.id.is_nil() {
            keys.push(self.name(&Reference::Id(head.id)));
        }
        let metadata = traced.metadata.as_deref().unwrap_or_default();
        for path in self.identities() {
            keys.extend(path.text_in(metadata).map(|value| self.name(&Reference::Metadata(path, value))));
        }
        keys
    }

    /// Returns a reference as text, in the form that [`super::keys`] builds on the server.
    pub(crate) fn name(&self, reference: &Reference) -> String {
        match reference {
            Reference::Position(stream, position) => format!("p{stream}@{position}"),
            Reference::GlobalPosition(position) => format!("g{position}"),
            Reference::Id(id) => format!("i{id}"),
            Reference::Metadata(path, value) => {
                let number = self.identities().iter().position(|identity| identity == path).unwrap_or_default();
                format!("m{number}:{value}")
            }
        }
    }
}

/// Eventide names the stream and the position of the cause. The global position counts only without them, because a
/// copy of the store can have other global positions.
fn eventide(metadata: &str) -> Option<Reference> {
    let text = |key: &str| Path::of(&[key]).text_in(metadata).filter(|text| !text.is_empty());
    if let (Some(stream), Some(position)) = (text("causationMessageStreamName"), text("causationMessagePosition")) {
        return Some(Reference::Position(StreamName::stored(stream), number(&position)?));
    }
    text("causationMessageGlobalPosition").and_then(|text| number(&text)).map(Reference::GlobalPosition)
}

/// Returns each name at the top level and under `headers`.
pub(super) fn top_or_headers<const N: usize>(names: [&'static str; N]) -> impl Iterator<Item = Path> {
    names.into_iter().flat_map(|name| [Path::of(&[name]), Path::of(&["headers", name])])
}

pub(super) fn is_traceparent(path: &Path) -> bool {
    path.steps().last().is_some_and(|name| name == "traceparent")
}

/// Parses a number in the form that the server prints, because keys are compared as text.
fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number: &i64| number.to_string() == text)
}

/// Parses a UUID with hyphens, in either case.
fn id(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0197a0d8-7f4e-7c3e-9c58-0f4d2b7a9d11";

    fn cause(metadata: &str) -> Option<(String, String)> {
        Links::default().cause(metadata).map(|cause| (cause.link, cause.reference.to_string()))
    }

    #[test]
    fn recognises_the_cause_by_every_convention() {
        let cases = [
            (r#"{"causationMessageStreamName": "cart-1", "causationMessagePosition": 5}"#.to_owned(), "eventide", "cart-1@5"),
            (r#"{"causationMessageGlobalPosition": 9007199254740993}"#.to_owned(), "eventide", "9007199254740993"),
            (
                r#"{"causationMessageStreamName": "cart-1", "causationMessagePosition": 5, "causationMessageGlobalPosition": 7}"#
                    .to_owned(),
                "eventide",
                "cart-1@5",
            ),
            (
                r#"{"domain": {"causation_id": "app::order:command-abc-0"}, "headers": {"id": "x"}}"#.to_owned(),
                "protean",
                "app::order:command-abc-0",
            ),
            (format!(r#"{{"$causationId": "{}"}}"#, ID.to_uppercase()), "message-id", ID),
            (format!(r#"{{"headers": {{"causation_id": "{ID}"}}}}"#), "message-id", ID),
            (format!(r#"{{"causationId": null, "headers": {{"causationId": "{ID}"}}}}"#), "message-id", ID),
        ];
        for (metadata, link, reference) in cases {
            assert_eq!(cause(&metadata), Some((link.to_owned(), reference.to_owned())), "{metadata}");
        }
    }

    #[test]
    fn metadata_without_a_link_names_no_cause() {
        for metadata in [
            "{}",
            "[1]",
            "null",
            r#"{"causationMessageStreamName": "cart-1"}"#,
            r#"{"causationMessageStreamName": "cart-1", "causationMessagePosition": 5.0}"#,
            r#"{"causationMessageStreamName": null, "causationMessagePosition": null, "causationMessageGlobalPosition": null}"#,
            r#"{"causationId": "not a UUID"}"#,
            r#"{"data": {"causationId": "0197a0d8-7f4e-7c3e-9c58-0f4d2b7a9d11"}}"#,
        ] {
            assert_eq!(cause(metadata), None, "{metadata}");
        }
    }

    #[test]
    fn a_rule_comes_before_the_built_in_conventions() {
        let rule = |to: &str| LinkRule {
            name: "ours".to_owned(),
            cause: "$.x.by".parse().ok(),
            to: to.parse().expect(to),
            workflow: "$.x.flow".parse().ok(),
        };
        let metadata = r#"{"x": {"by": "cart-1@5", "flow": "f1"}, "causationMessageGlobalPosition": 3, "traceparent": "00-abc-def-01"}"#;
        let links = Links::with_rules(vec![rule("stream@position")]);
        assert_eq!(links.cause(metadata).map(|cause| cause.reference.to_string()).as_deref(), Some("cart-1@5"));
        let values: Vec<_> =
            links.workflows(metadata).into_iter().map(|workflow| (workflow.link, workflow.value)).collect();
        assert_eq!(values, [("ours".to_owned(), "f1".to_owned()), ("trace".to_owned(), "abc".to_owned())]);
        let fallen_back = Links::with_rules(vec![rule("global position")]).cause(metadata).expect("a cause");
        assert_eq!(fallen_back.link, "eventide");
        assert!("elsewhere".parse::<LinkTarget>().is_err());
    }

    #[test]
    fn recognises_the_workflow_by_every_convention() {
        let value = |metadata: &str| {
            Links::default()
                .workflows(metadata)
                .into_iter()
                .map(|workflow| workflow.value)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(value(r#"{"correlationStreamName": "order-7", "correlationId": "c"}"#), "order-7 c");
        assert_eq!(value(r#"{"domain": {"correlation_id": "w"}, "headers": {"traceId": "t"}}"#), "w t");
        assert_eq!(value(r#"{"$correlationId": 12345678901234567890}"#), "12345678901234567890");
        assert_eq!(value(r#"{"correlationStreamName": "", "traceparent": "malformed"}"#), "");
    }
}
