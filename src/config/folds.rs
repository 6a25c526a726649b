//! `[[folds]]`: jq programs that compute the states of the streams of a category.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

/// A program for a category.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CategoryFold {
    /// The category of the streams.
    #[schemars(example = &"account")]
    category: String,
    /// A file with a jq program that gets {state, message} and returns the next state.
    #[schemars(example = &"account.jq")]
    jq_file: PathBuf,
}

/// Returns the file for a category. The last fold with its name applies.
pub(super) fn file(folds: &[CategoryFold], category: &str, directory: &Path) -> Option<PathBuf> {
    let fold = folds.iter().rev().find(|fold| fold.category == category)?;
    Some(directory.join(&fold.jq_file))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[test]
    fn a_category_has_the_last_file_that_names_it() {
        let config = Config::parse(
            "[[folds]]\ncategory = \"a\"\njq_file = \"a.jq\"\n\
             [[folds]]\ncategory = \"b:c\"\njq_file = \"/etc/b.jq\"\n\
             [[folds]]\ncategory = \"a\"\njq_file = \"sub/a.jq\"\n",
        )
        .expect("a configuration");
        let file = |category| config.fold_in(category, Path::new("/home/x"));
        assert_eq!(file("a").as_deref(), Some(Path::new("/home/x/sub/a.jq")));
        assert_eq!(file("b:c").as_deref(), Some(Path::new("/etc/b.jq")));
        assert_eq!(file("b"), None);
        assert!(Config::parse("[[folds]]\ncategory = \"a\"").is_err());
    }
}
