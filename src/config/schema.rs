//! The JSON Schema of the configuration file, for editors and for the printed defaults. The types of the sections
//! describe themselves; what they cannot express is here: keys, actions by context, and colours.

use schemars::transform::Transform as _;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use super::Config;
use super::colors::{Colors, NAMES, Paint, Role};
use super::keys::{Binding, Scope};
use crate::keymap::Chord;

/// Returns the schema.
#[must_use]
pub(crate) fn schema() -> Value {
    let mut schema = schemars::schema_for!(Config);
    schema.insert("title".to_owned(), json!("The configuration of streamscope"));
    schemars::transform::RecursiveTransform(simplified).transform(&mut schema);
    schema.to_value()
}

/// Removes the default of optional settings, which TOML cannot write, and the sizes of numbers, which mean nothing to a
/// user.
fn simplified(schema: &mut Schema) {
    schema.remove("format");
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
}

/// Describes a type whose schema is written by hand.
macro_rules! described {
    ($type:ty, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

described!(Paint, paint());
described!(Colors, colors());
described!(Binding, binding());

fn paint() -> Schema {
    json_schema!({
        "description": "A name, a number of the 256-colour palette, or #rrggbb.",
        "anyOf": [
            {"enum": NAMES},
            {"type": "integer", "minimum": 0, "maximum": 255},
            {"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"},
        ],
    })
}

fn colors() -> Schema {
    let color = |role: &Role| {
        let mut schema = paint();
        schema.insert("description".to_owned(), json!(format!("{}.", role.meaning())));
        (role.id().to_owned(), schema.to_value())
    };
    let colors: serde_json::Map<String, Value> = Role::ALL.iter().map(color).collect();
    json_schema!({"type": "object", "properties": colors, "additionalProperties": false})
}

/// One alternative for all panes, which have the same actions, and one for each dialog.
fn binding() -> Schema {
    let alternative = |contexts: &[Scope], required: &[&str]| {
        let names: Vec<&str> = contexts.iter().map(|scope| scope.id()).collect();
        let first = contexts[0];
        json!({
            "type": "object",
            "properties": {
                "context": {"description": "Where the keys apply.", "enum": names},
                "action": {"description": "What the keys do.", "enum": first.actions()},
                "keys": {
                    "description": "All keys of the action. An empty list removes its keys.",
                    "type": "array",
                    "items": {"type": "string", "pattern": Chord::pattern(!first.has_text())},
                },
            },
            "required": required,
            "additionalProperties": false,
        })
    };
    let (panes, dialogs): (Vec<Scope>, Vec<Scope>) = Scope::all().partition(|scope| matches!(scope, Scope::Pane(_)));
    let dialogs = dialogs.iter().map(|scope| alternative(std::slice::from_ref(scope), &["context", "action", "keys"]));
    let all: Vec<Value> = [alternative(&panes, &["action", "keys"])].into_iter().chain(dialogs).collect();
    json_schema!({"anyOf": all})
}
