//! Tests of the configuration as a whole: what is read, what is refused, and that the printed defaults and the schema
//! agree with both.

use serde_json::Value;

use super::defaults::defaults;
use super::schema::schema;
use super::*;
use crate::keymap::{Action, Chord, DialogAction, DialogKind};

fn problems(text: &str) -> Vec<String> {
    Config::parse(text).expect_err("mistakes").iter().map(ToString::to_string).collect()
}

fn config(text: &str) -> Config {
    Config::parse(text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn reads_keys_appearance_and_profiles() {
    let config = config(
        "ascii = true\nmouse = false\ntimes = \"local\"\ntheme = \"high-contrast\"\n\
         [colors]\njson-key = 130\n\
         [[keys]]\naction = \"quit\"\nkeys = [\"ctrl-q\"]\n\
         [[keys]]\ncontext = \"compose\"\naction = \"write\"\nkeys = [\"f2\", \"alt-w\"]\n\
         [[profile]]\ntarget = \"@db.example.com\"\nname = \"production\"\ncolor = \"red\"\nproduction = true\n\
         password_command = \"print-token\"\n",
    );
    assert!(config.ascii && !config.mouse && config.times == TimeFormat::Local);
    assert_eq!(config.theme, ThemeName::HighContrast);
    assert!(config.profile_of("app@db.example.com/shop").production);
    assert!(!config.profile_of("app@localhost/shop").production);
    assert_eq!(config.password_command_of("app@db.example.com/shop"), Some("print-token"));
    assert_eq!(config.password_command_of("app@localhost/shop"), None);
    let keys = config.keymap();
    assert_eq!(keys.key(Action::Quit), "Ctrl-Q");
    assert_eq!(keys.hint(DialogKind::Compose, DialogAction::Write).as_deref(), Some("F2 write"));
}

#[test]
fn the_mouse_is_on_by_default() {
    assert!(config("").mouse);
}

#[test]
fn a_profile_applies_to_its_target_and_to_the_database_of_its_url() {
    let config = config(
        "[[profile]]\nname = \"production\"\nurl = \"postgres://app@db.example.com:6432/shop\"\nproduction = true\n",
    );
    assert!(config.profile_of("app@db.example.com:6432/shop").production);
    assert!(!config.profile_of("app@db.example.com:6432/shop2").production);
    let offered: Vec<_> = config.databases().collect();
    assert_eq!(offered, [("production", "postgres://app@db.example.com:6432/shop")]);
    let expected = "line 2, column 1: the profile \"nothing\" has neither a target nor a url. Add one";
    assert_eq!(problems("ascii = true\n[[profile]]\nname = \"nothing\"\n"), [expected]);
}

#[test]
fn two_actions_on_one_key_are_reported_with_both_names() {
    let text = "[[keys]]\naction = \"quit\"\nkeys = [\"x\"]\n\
                [[keys]]\naction = \"refresh\"\nkeys = [\"f5\", \"x\"]\n\
                [[keys]]\ncontext = \"messages\"\naction = \"count\"\nkeys = [\"x\"]\n";
    let expected =
        "line 6, column 15: x runs both quit and refresh in the context anywhere. Give one of them another key";
    assert_eq!(problems(text), [expected]);
}

#[test]
fn unknown_contexts_actions_and_keys_name_the_nearest() {
    for (text, told) in [
        (
            "[[keys]]\ncontext = \"componse\"\naction = \"write\"\nkeys = [\"f2\"]",
            "line 2, column 11: unknown context \"componse\". Did you mean \"compose\"?",
        ),
        (
            "[[keys]]\ncontext = \"compose\"\naction = \"wirte\"\nkeys = [\"f2\"]",
            "line 3, column 10: unknown action \"wirte\". Did you mean \"write\"?",
        ),
        (
            "[[keys]]\naction = \"discard\"\nkeys = [\"f2\"]",
            "line 2, column 10: discard is not an action of the context anywhere. Set context to compose, conflict",
        ),
        (
            "[[keys]]\ncontext = \"compose\"\naction = \"fullscreen\"\nkeys = [\"f2\"]",
            "line 3, column 10: fullscreen is an action of panes, not of the context compose.",
        ),
        (
            "[[keys]]\naction = \"quit\"\nkeys = [\"entr\"]",
            "line 3, column 9: unknown key \"entr\". Did you mean \"Enter\"?",
        ),
    ] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].starts_with(told), "{found:?}");
    }
}

#[test]
fn characters_cannot_be_keys_beside_a_text_field() {
    let text = "[[keys]]\ncontext = \"filter\"\naction = \"accept\"\nkeys = [\"ctrl-y\", \"j\"]\n\
                [[keys]]\ncontext = \"copy\"\naction = \"id\"\nkeys = [\"j\"]\n";
    let expected = "line 4, column 19: j cannot be a key in the context filter, because it is typed into a text field there. \
                    Use ctrl-, alt- or a function key";
    assert_eq!(problems(text), [expected]);
}

#[test]
fn nobody_is_locked_into_a_dialog() {
    for (text, told) in [
        (
            "[[keys]]\ncontext = \"compose\"\naction = \"close\"\nkeys = []",
            "line 3, column 10: this leaves close in the context compose without a key.",
        ),
        (
            "[[keys]]\naction = \"quit\"\nkeys = []",
            "line 2, column 10: this leaves quit in the context anywhere without a key.",
        ),
        (
            "[[keys]]\ncontext = \"dialog\"\naction = \"down\"\nkeys = [\"esc\"]",
            "line 3, column 10: this leaves close in the context dialog without a key.",
        ),
        (
            // In the compose dialog, Ctrl-G discards the draft.
            "[[keys]]\ncontext = \"dialog\"\naction = \"close\"\nkeys = [\"ctrl-g\"]",
            "line 3, column 10: this leaves close in the context compose without a key.",
        ),
    ] {
        let found = problems(text);
        assert!(found.len() == 1 && found[0].starts_with(told), "{found:?}");
    }
}

#[test]
fn an_action_that_lost_its_keys_to_another_is_noted() {
    let notes = config("[[keys]]\naction = \"quit\"\nkeys = [\"f\", \"ctrl-c\"]").notes();
    assert_eq!(notes, ["fullscreen in the context anywhere no longer has a key"]);
    let notes =
        config("[[keys]]\naction = \"quit\"\nkeys = [\"f\"]\n[[keys]]\naction = \"fullscreen\"\nkeys = []").notes();
    assert!(notes.is_empty(), "{notes:?}");
}

/// Removes the comment signs from the lines that are settings.
fn uncommented(text: &str) -> String {
    text.lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_printed_defaults_are_the_defaults() {
    let printed = config(&defaults());
    let default = config("");
    assert_eq!(format!("{:?}", printed.keymap().sorted()), format!("{:?}", default.keymap().sorted()));
    assert!(printed.notes().is_empty());
    let without_keys = |config: Config| format!("{:?}", Config { keys: Vec::new(), ..config });
    assert_eq!(without_keys(printed), without_keys(default));
}

#[test]
fn the_printed_defaults_show_every_option_and_every_action() {
    let text = uncommented(&defaults());
    let whole = config(&text);
    assert_eq!(whole.profile.len(), 1);
    let tree: toml::Table = toml::from_str(&text).expect("TOML");
    let known = schema()["properties"].as_object().expect("options").clone();
    assert_eq!(tree.keys().collect::<std::collections::BTreeSet<_>>(), known.keys().collect());
    for role in colors::Role::ALL {
        assert_eq!(whole.colors.of(*role), Some(themes::terminal(*role)), "{}", role.id());
    }
    for action in Action::ALL {
        assert!(text.contains(&format!("action = \"{}\"", action.id())), "{}", action.id());
    }
    for line in text.lines() {
        assert!(line.chars().count() <= 160, "{line}");
    }
}

/// Returns why a value does not match a schema, for the part of JSON Schema that the configuration uses.
fn refusal(root: &Value, schema: &Value, value: &Value) -> Option<String> {
    for (word, of) in schema.as_object().expect("a schema") {
        let refused = match (word.as_str(), value) {
            ("$ref", _) => {
                let name = of.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("a definition");
                refusal(root, &root["$defs"][name], value)
            }
            ("type", _) => {
                let kind = match value {
                    Value::Bool(_) => "boolean",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                    _ => "integer",
                };
                (of != kind).then(|| format!("{value} is not of type {of}"))
            }
            ("enum", _) => (!of.as_array().expect("values").contains(value)).then(|| format!("{value} is not in {of}")),
            ("const", _) => (of != value).then(|| format!("{value} is not {of}")),
            ("minimum", Value::Number(number)) => (number.as_i64() < of.as_i64()).then(|| format!("{value} < {of}")),
            ("maximum", Value::Number(number)) => (number.as_i64() > of.as_i64()).then(|| format!("{value} > {of}")),
            ("pattern", Value::String(text)) => {
                let pattern = regex::Regex::new(of.as_str().expect("a pattern")).expect("a valid pattern");
                (!pattern.is_match(text)).then(|| format!("{text} does not match {of}"))
            }
            ("anyOf" | "oneOf", _) => {
                let mut refusals = Vec::new();
                for schema in of.as_array().expect("schemas") {
                    refusals.extend(refusal(root, schema, value));
                }
                (refusals.len() == of.as_array().map_or(0, Vec::len)).then(|| refusals.join(" and "))
            }
            ("items", Value::Array(items)) => items.iter().find_map(|item| refusal(root, of, item)),
            ("properties", Value::Object(fields)) => {
                fields.iter().find_map(|(name, field)| of.get(name).and_then(|schema| refusal(root, schema, field)))
            }
            ("required", Value::Object(fields)) => {
                let names = of.as_array().expect("names").iter().filter_map(Value::as_str);
                names.into_iter().find(|name| !fields.contains_key(*name)).map(|name| format!("{name} is missing"))
            }
            ("additionalProperties", Value::Object(fields)) => {
                assert_eq!(of, false, "unknown settings are refused");
                fields
                    .keys()
                    .find(|name| schema["properties"].get(name).is_none())
                    .map(|name| format!("unknown {name}"))
            }
            (
                "additionalProperties"
                | "properties"
                | "required"
                | "items"
                | "pattern"
                | "minimum"
                | "maximum"
                | "$schema"
                | "$defs"
                | "title"
                | "description"
                | "default"
                | "format"
                | "examples",
                _,
            ) => None,
            (other, _) => panic!("the test does not know {other}"),
        };
        if refused.is_some() {
            return refused;
        }
    }
    None
}

fn refused(text: &str) -> Option<String> {
    let tree: Value = toml::from_str(text).expect("TOML");
    refusal(&schema(), &schema(), &tree)
}

#[test]
fn the_schema_accepts_what_the_program_accepts() {
    for text in [
        String::new(),
        defaults(),
        uncommented(&defaults()),
        "theme = \"light\"\ncolors = {text = 255, border = \"#00fF00\"}".to_owned(),
        "[[keys]]\naction = \"quit\"\nkeys = [\"CTRL-q\", \"alt-ctrl-F12\", \"s-tab\", \"Shift-Tab\", \"pgdn\", \"é\", \"-\"]".to_owned(),
        "[[keys]]\ncontext = \"copy\"\naction = \"id\"\nkeys = []".to_owned(),
    ] {
        config(&text);
        assert_eq!(refused(&text), None);
    }
}

#[test]
fn the_schema_refuses_what_the_program_refuses() {
    for text in [
        "colour = 1",
        "ascii = \"yes\"",
        "theme = \"blue\"",
        "colors = {text = 256}",
        "colors = {text = \"bleu\"}",
        "colors = {txt = \"blue\"}",
        "[[keys]]\naction = \"fly\"\nkeys = [\"x\"]",
        "[[keys]]\naction = \"quit\"",
        "[[keys]]\naction = \"quit\"\nkeys = [\"hyper-x\"]",
        "[[keys]]\naction = \"quit\"\nkeys = [\"f25\"]",
        "[[keys]]\ncontext = \"compose\"\naction = \"quit-now\"\nkeys = [\"f2\"]",
        "[[keys]]\ncontext = \"compose\"\naction = \"write\"\nkeys = [\"j\"]",
        "[[profile]]\ntarget = \"a\"",
        "[[consumers]]\nname = \"a\"",
        "[[folds]]\ncategory = \"a\"",
        "[[folds]]\njq_file = \"a.jq\"",
        "[[consumers]]\nsql = \" \"",
        "[[profile]]\ntarget = \"a\"\nname = \"b\"\ncolor = \"rad\"",
    ] {
        assert!(Config::parse(text).is_err() && refused(text).is_some(), "{text}");
    }
}

#[test]
fn every_default_key_matches_the_pattern_of_keys() {
    for (of_text, kinds) in [(true, "text"), (false, "no text")] {
        let pattern = regex::Regex::new(&Chord::pattern(of_text)).expect("a pattern");
        for (chord, is_text) in [("j", true), ("space", true), ("ctrl-j", false), ("Backspace", false)] {
            let accepted = pattern.is_match(chord);
            assert_eq!(accepted, of_text || !is_text, "{chord} with {kinds}");
        }
    }
}
