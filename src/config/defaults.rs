//! The defaults as a commented configuration file, generated from the schema and the key map, so that no option can be
//! missing from it. Options without a default are commented out and show an example.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::colors::{Paint, Role};
use super::keys::{Scope, default_rows};
use super::schema::schema;
use super::themes;

/// The width of comments.
const WIDTH: usize = 100;

const HEAD: &str = "\
The configuration of streamscope with all its defaults. Save it at the path that `streamscope config --path` prints, \
and keep only the lines that you change. `streamscope config --check` finds mistakes.";

const KEYS: &str = "\
The keys of each action in its context. A row replaces the default keys, and an empty list removes them. The keys of \
\"anywhere\" work in every pane, and those of \"dialog\" in every dialog, unless the pane or dialog has a row of its \
own for the action. Keys are written like j, G, ctrl-p, alt-x, pgdn, f1 or space. Instead of this list, a file can \
have entries that begin with [[keys]].";

/// Returns the text of the file.
#[must_use]
pub(crate) fn defaults() -> String {
    let schema = schema();
    let sections = schema["properties"].as_object().cloned().unwrap_or_default();
    let mut text = String::new();
    comment(&mut text, HEAD);
    for (name, option) in &sections {
        if let Some(default) = option.get("default").filter(|default| !default.is_array() && !default.is_object()) {
            text.push('\n');
            comment(&mut text, &described(&schema, option));
            let _ = writeln!(text, "{name} = {default}");
        }
    }
    keys(&mut text);
    colors(&mut text, &described(&schema, &sections["colors"]));
    for (name, option) in &sections {
        let fields = resolved(&schema, option).get("properties").and_then(Value::as_object);
        if let Some(fields) = fields.filter(|_| option.get("default").is_some()) {
            text.push('\n');
            comment(&mut text, &described(&schema, option));
            let _ = writeln!(text, "[{name}]");
            for (name, field) in fields {
                let setting = format!("{name} = {}", field.get("default").unwrap_or(&Value::Null));
                let _ = writeln!(text, "{setting:<30} # {}", described(&schema, field));
            }
        }
    }
    for (name, option) in &sections {
        let item = option.get("items").map(|items| resolved(&schema, items));
        if let Some(fields) = item.and_then(|item| item.get("properties")).and_then(Value::as_object) {
            text.push('\n');
            comment(&mut text, &described(&schema, option));
            let _ = writeln!(text, "#[[{name}]]");
            example(&mut text, &schema, fields);
        }
    }
    text
}

fn comment(text: &mut String, comment: &str) {
    let mut line = String::from("#");
    for word in comment.split_whitespace() {
        if line.len() + word.len() >= WIDTH {
            let _ = writeln!(text, "{line}");
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

/// Follows the reference of a schema.
fn resolved<'a>(schema: &'a Value, option: &'a Value) -> &'a Value {
    let name = option.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
    name.map_or(option, |name| &schema["$defs"][name])
}

/// Returns the description of an option, with its possible values if they are few.
fn described(schema: &Value, option: &Value) -> String {
    let text = |of: &Value| of.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let of = resolved(schema, option);
    let values = of.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let values = values.filter_map(|value| {
        let meaning = text(value);
        let mut rest = meaning.trim_end_matches('.').chars();
        let first = rest.next()?.to_lowercase();
        Some(format!("{}: {first}{}", value.get("const")?, rest.as_str()))
    });
    let values = values.collect::<Vec<_>>().join("; ");
    let own = text(option);
    if values.is_empty() { own } else { format!("{own} {values}.") }
}

fn keys(text: &mut String) {
    text.push('\n');
    comment(text, KEYS);
    text.push_str("keys = [\n");
    for scope in Scope::all() {
        for row in default_rows(scope) {
            let keys = row.keys.split_whitespace().map(|key| format!("{key:?}")).collect::<Vec<_>>().join(", ");
            let sign = if row.is_inherited { "# " } else { "" };
            let entry =
                format!("  {sign}{{ context = \"{}\", action = \"{}\", keys = [{keys}] }},", scope.id(), row.action);
            let _ = writeln!(text, "{entry:<80} # {}", row.title);
        }
    }
    text.push_str("]\n");
}

fn colors(text: &mut String, about: &str) {
    text.push('\n');
    comment(text, about);
    text.push_str("[colors]\n");
    for role in Role::ALL {
        let setting = format!("#{} = {}", role.id(), Paint(themes::terminal(*role)));
        let _ = writeln!(text, "{setting:<30} # {}", role.meaning());
    }
}

/// Prints the fields of a section, each with its example or its default.
fn example(text: &mut String, schema: &Value, fields: &Map<String, Value>) {
    for (name, field) in fields {
        let value = field.get("examples").and_then(|examples| examples.get(0)).or_else(|| field.get("default"));
        let value = value.map_or_else(|| "\"\"".to_owned(), ToString::to_string);
        let setting = format!("#{name} = {value}");
        let _ = writeln!(text, "{setting:<40} # {}", described(schema, field));
    }
}
