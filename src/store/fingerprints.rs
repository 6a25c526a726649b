//! Recognises the functions of a namespace: those of Message DB 1.0 to 1.3 and of EventoDB by a hash of their body,
//! ours by their text. All of them run with the rights of their caller, and without settings of their own.

use md5::{Digest as _, Md5};

use serde::Deserialize;

use super::Flavour;
use super::flavour::quote_ident;
use super::schema::{self, Body};
use super::template::hex;

/// The hashes of the known functions, one per line.
const KNOWN: &str = include_str!("known_functions.txt");

/// A function of the schema.
#[derive(Debug, Deserialize)]
pub(super) struct Function {
    pub name: String,
    /// Empty if the body is standard SQL and was not asked for.
    pub body: String,
    /// Whether it runs with the rights of its owner.
    pub definer: bool,
    /// `v` for volatile, `s` for stable, `i` for immutable.
    pub volatility: char,
    /// The settings that it runs with, such as `search_path=message_store`.
    pub settings: Vec<String>,
}

/// A version such as 1.2.6.
type Version = [u32; 3];

/// A known function.
struct Known {
    name: &'static str,
    /// The first and the last version of Message DB that has it.
    versions: Option<(Version, Version)>,
    hash: &'static str,
}

/// What the functions of a namespace are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recognised {
    /// Functions whose body is not known, and those with other properties, which are in parentheses.
    pub changed: Vec<String>,
    /// Functions that every version has, but not this namespace.
    pub missing: Vec<&'static str>,
    /// The versions that have exactly these functions. None if they come from different versions, or have no version.
    pub versions: Option<(String, String)>,
    /// Whether functions come from different versions.
    pub mixed: bool,
}

fn version(text: &str) -> Option<Version> {
    let mut numbers = text.split('.').map(str::parse);
    Some([numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?])
}

fn known(flavour: Flavour) -> Vec<Known> {
    let of_flavour = |line: &'static str| {
        let mut words = line.split(' ');
        let kind = words.next()?;
        let (name, versions, hash) = (words.next()?, words.next()?, words.next()?);
        let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
        (kind == flavour.as_str()).then(|| Known { name, versions: version(first).zip(version(last)), hash })
    };
    KNOWN.lines().filter(|line| !line.starts_with('#')).filter_map(of_flavour).collect()
}

/// Hashes a body. The name of the schema and white space do not count.
fn hash(body: &str, schema: &str) -> String {
    let quoted = format!("{}.", quote_ident(schema));
    let body = body.replace(&quoted, "{schema}.").replace(&format!("{schema}."), "{schema}.");
    let words: Vec<&str> = body.split_whitespace().collect();
    hex(&Md5::digest(words.join(" ")))
}

/// Returns whether a body of `write_message` is one that a program of this kind installs.
pub(super) fn is_known_writer(body: &str, flavour: Flavour, schema: &str) -> bool {
    if flavour == Flavour::Streamscope {
        return schema::body("write_message", schema) == Some(Body::Text(body.to_owned()));
    }
    let hash = hash(body, schema);
    known(flavour).iter().any(|known| known.name == "write_message" && known.hash == hash)
}

/// Compares the functions of a schema with the known ones of its kind. Functions that no version has are ignored.
pub(super) fn recognise(functions: &[Function], flavour: Flavour, schema: &str) -> Recognised {
    if flavour == Flavour::Streamscope {
        return ours(functions, schema);
    }
    let known = known(flavour);
    let (mut changed, mut first, mut last) = (Vec::new(), [0; 3], [u32::MAX; 3]);
    for function in functions {
        let mut named = known.iter().filter(|known| known.name == function.name).peekable();
        if named.peek().is_none() {
            continue;
        }
        let hash = hash(&function.body, schema);
        match named.find(|known| known.hash == hash) {
            Some(Known { versions: Some((from, to)), .. }) => {
                first = first.max(*from);
                last = last.min(*to);
            }
            Some(_) => {}
            None => {
                changed.push(function.name.clone());
                continue;
            }
        }
        changed.extend(with_other_properties(function, flavour));
    }
    let mut missing: Vec<&str> = known.iter().map(|known| known.name).collect();
    missing.retain(|name| !functions.iter().any(|function| function.name == *name));
    missing.dedup();
    let text = |version: Version| version.map(|number| number.to_string()).join(".");
    let has_versions = flavour == Flavour::MessageDb && changed.is_empty();
    Recognised {
        changed,
        missing,
        versions: (has_versions && first <= last).then(|| (text(first), text(last))),
        mixed: has_versions && first > last,
    }
}

/// Compares the functions of one of our namespaces with those that this program installs.
fn ours(functions: &[Function], schema: &str) -> Recognised {
    let (mut changed, mut missing) = (Vec::new(), Vec::new());
    for name in schema::functions() {
        let body = schema::body(name, schema);
        let same = |function: &Function| match &body {
            Some(Body::Text(text)) => function.body == *text,
            Some(Body::Expression(text)) => plain(&function.body, schema) == plain(text, schema),
            None => false,
        };
        match functions.iter().find(|function| function.name == name) {
            None => missing.push(name),
            Some(function) if !same(function) => changed.push(name.to_owned()),
            Some(function) => changed.extend(with_other_properties(function, Flavour::Streamscope)),
        }
    }
    Recognised { changed, missing, versions: None, mixed: false }
}

/// Names a function and its properties that differ from how it is installed. `None` if there are none.
fn with_other_properties(function: &Function, flavour: Flavour) -> Option<String> {
    let installed = match (function.name.as_str(), flavour) {
        ("category" | "is_category" | "id" | "cardinal_id" | "hash_64", _) => 'i',
        ("write_message" | "acquire_lock", _) | (_, Flavour::MessageDb | Flavour::Streamscope) => 'v',
        (_, Flavour::EventoDb) => 's',
    };
    let volatility = match function.volatility {
        same if same == installed => None,
        'i' => Some("immutable"),
        's' => Some("stable"),
        _ => Some("volatile"),
    };
    let definer = function.definer.then_some("security definer");
    let mut different: Vec<String> = [definer, volatility].into_iter().flatten().map(str::to_owned).collect();
    different.extend(function.settings.iter().map(|setting| format!("set {setting}")));
    (!different.is_empty()).then(|| format!("{} ({})", function.name, different.join(", ")))
}

/// Returns an expression without casts to text, quotes, parentheses and spaces, so that the server's spelling does not
/// matter.
pub(super) fn bare(expression: &str) -> String {
    let mut bare = expression.to_lowercase();
    bare.retain(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"'));
    ["::text", "::charactervarying", "::varchar"].into_iter().fold(bare, |bare, cast| bare.replace(cast, ""))
}

/// Returns a body like [`bare`], without the name of the schema and without what the server adds: the default branch of
/// a case expression, and names for results.
fn plain(body: &str, schema: &str) -> String {
    let plain =
        bare(body).replace(&format!("{}.", bare(schema)), "").replace("elsenullend", "end").replace("asmax", "");
    plain.strip_prefix("return").unwrap_or(&plain).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_neither_on_the_schema_nor_on_white_space() {
        let one = hash("begin\n  return \"my shop\".id(x);\nend", "my shop");
        assert_eq!(one, hash("begin return audit.id(x); end", "audit"));
        assert_ne!(one, hash("begin return audit.id(y); end", "audit"));
    }

    #[test]
    fn every_known_function_is_well_formed() {
        for flavour in [Flavour::MessageDb, Flavour::EventoDb] {
            let known = known(flavour);
            assert!(known.iter().any(|known| known.name == "write_message"));
            assert!(known.iter().all(|known| known.hash.len() == 32));
            assert_eq!(flavour == Flavour::MessageDb, known.iter().all(|known| known.versions.is_some()));
        }
    }
}
