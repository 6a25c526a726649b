//! `[[links]]`: conventions for links between messages, in addition to the built-in ones.

use schemars::JsonSchema;
use serde::Deserialize;

use super::parsed_some;
use crate::store::trace::{LinkRule, LinkTarget, Path};

/// Where metadata names the cause or the workflow of a message.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkConvention {
    /// The name that results show.
    #[schemars(example = &"ours")]
    name: String,
    /// Path of the cause in metadata.
    #[serde(default, deserialize_with = "parsed_some")]
    #[schemars(with = "String", example = &"$.headers.parent")]
    cause: Option<Path>,
    /// What it names: id, stream@position, global position, or a path in the metadata of the cause.
    #[serde(default, deserialize_with = "parsed_some")]
    #[schemars(with = "String", example = &"id")]
    to: Option<LinkTarget>,
    /// Path of a value that all messages of a workflow share.
    #[serde(default, deserialize_with = "parsed_some")]
    #[schemars(with = "String", example = &"$.headers.flow")]
    workflow: Option<Path>,
}

impl LinkConvention {
    /// Returns the rule, as the store applies it.
    pub(super) fn rule(&self) -> LinkRule {
        LinkRule {
            name: self.name.clone(),
            cause: self.cause.clone(),
            to: self.to.clone().unwrap_or(LinkTarget::Id),
            workflow: self.workflow.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn reads_conventions_for_links() {
        let text =
            "[[links]]\nname = \"ours\"\ncause = \"$.x.parent\"\nto = \"$.headers.id\"\nworkflow = \"$.x.flow\"\n";
        let rules = Config::parse(text).expect("a configuration").link_rules();
        assert_eq!(rules.len(), 1);
        assert_eq!((rules[0].name.as_str(), &rules[0].to), ("ours", &"$.headers.id".parse().expect("a target")));
        let problems = Config::parse("[[links]]\nname = \"a\"\ncause = \"parent\"").expect_err("a mistake");
        assert!(problems[0].to_string().starts_with("line 3, column 9: \"parent\" is not a path"), "{problems:?}");
    }
}
