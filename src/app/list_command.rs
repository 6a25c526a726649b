//! The command that prints what a list shows, to be pasted into a shell: the same scope and the same filter.

use super::browser::list_key::ListKey;
use crate::pasteable::command_line;
use crate::store::Filter;
use crate::store::browse::Scope;

/// Returns the command for a list. Without a filter, streams and categories are printed by `get`; anything else is
/// printed by `tail`, which ends at the newest message. `connection` are the options that choose the database.
#[must_use]
pub(crate) fn list_command(connection: &[String], list: &ListKey, filter: &Filter) -> String {
    let (name, group) = match &list.scope {
        Scope::Namespace => (None, None),
        Scope::Category(category) => (Some(category.as_str()), None),
        Scope::Member(category, group) => (Some(category.as_str()), Some(group)),
        Scope::Stream(stream) => (Some(stream.as_str()), None),
    };
    let mut options: Vec<(&str, String)> = Vec::new();
    let is_read = name.is_some() && *filter == Filter::default();
    if !is_read {
        options.push(("--from", filter.since.map_or_else(|| "start".to_owned(), |since| since.to_string())));
        options.push(("--until", filter.until.map_or_else(|| "now".to_owned(), |until| until.to_string())));
    }
    options.extend(filter.types.iter().map(|name| ("--type", name.clone())));
    options.extend(filter.data_path.iter().map(|path| ("--where", path.clone())));
    options.extend(filter.metadata_path.iter().map(|path| ("--where-metadata", path.clone())));
    options.extend(filter.stream_prefix.iter().map(|prefix| ("--stream-prefix", prefix.clone())));
    options.extend(filter.text.iter().map(|text| ("--contains", text.clone())));
    if let Some(group) = group {
        options.push(("--consumer-group-member", group.member().to_string()));
        options.push(("--consumer-group-size", group.size().to_string()));
    }
    let words: Vec<&str> = options.iter().flat_map(|(option, value)| [*option, value.as_str()]).collect();
    command_line(connection, Some(&list.namespace), &[if is_read { "get" } else { "tail" }], name, &words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Category, ConsumerGroup, StreamName};

    fn command(scope: Scope, filter: &Filter) -> String {
        list_command(&[], &ListKey { namespace: "shop".to_owned(), scope }, filter)
    }

    #[test]
    fn a_list_without_a_filter_is_read_whole_or_as_its_page() {
        let none = Filter::default();
        let account = || Category::stored("account");
        assert_eq!(command(Scope::Category(account()), &none), "streamscope -n shop get account");
        assert_eq!(command(Scope::Namespace, &none), "streamscope -n shop tail --from start --until now");
        let member = Scope::Member(account(), ConsumerGroup::new(0, 3).expect("a group"));
        let expected = "streamscope -n shop get account --consumer-group-member 0 --consumer-group-size 3";
        assert_eq!(command(member, &none), expected);
    }

    #[test]
    fn every_part_of_the_filter_is_an_option() {
        let filter = Filter {
            types: vec!["Opened".to_owned(), "it's".to_owned()],
            stream_prefix: Some("account-1".to_owned()),
            since: "2026-03-01T12:00:00.000001Z".parse().ok(),
            until: "2026-03-02T00:00:00Z".parse().ok(),
            text: Some("two words".to_owned()),
            data_path: Some("$.amount > 5".to_owned()),
            metadata_path: Some("$.x".to_owned()),
        };
        assert_eq!(
            command(Scope::Stream(StreamName::stored("account-12")), &filter),
            "streamscope -n shop tail account-12 --from 2026-03-01T12:00:00.000001Z --until 2026-03-02T00:00:00Z --type Opened \
             --type \"it's\" --where '$.amount > 5' --where-metadata '$.x' --stream-prefix account-1 --contains 'two words'"
        );
    }
}
