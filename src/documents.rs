//! Tests that the documents name only files, links, tests and identifiers that exist. This file contains nothing else,
//! and it does not judge what the documents say.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders whose files a document may name.
const FOLDERS: [&str; 7] = ["src/", "tests/", "sql/", "docs/", "benches/", "assets/", ".ci/"];
/// Identifiers that occur only in documents: settings of other programs, and names in examples.
const FOREIGN: [&str; 2] = ["OPENSSL_CONF", "eventodb_Shop"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files below a folder whose names end in one of these ways.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("the folder can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns every document with its name.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = files(&root().join("docs"), &[".md"]);
    paths.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)));
    paths.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

/// Returns the text of everything that defines names.
fn sources() -> String {
    let endings = [".rs", ".sql", ".toml", "tests/run"];
    let folders = ["src", "sql", "tests", "benches"].map(|folder| files(&root().join(folder), &endings));
    let paths = folders.into_iter().flatten().filter(|path| !path.ends_with(file!()));
    paths.chain([root().join("Cargo.toml")]).map(|path| read(&path)).collect()
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns true if the text contains a whole word. It is faster than splitting the text, which has some megabytes.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Returns the text without fenced code.
fn prose(document: &str) -> String {
    let mut in_fence = false;
    let lines = document.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        in_fence ^= fence;
        !fence && !in_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns the inline code of a text.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Returns true for names such as `write_message` and `StreamName`, and false for ordinary words.
fn is_identifier(word: &str) -> bool {
    let inner = word.trim_matches('_');
    let camel = inner.starts_with(|c: char| c.is_ascii_uppercase())
        && inner.chars().zip(inner.chars().skip(1)).any(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase());
    inner.contains('_') || camel
}

/// Returns the anchor that a heading gets.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn documents_name_only_files_that_exist() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for code in code(&prose(&text)) {
            let path = code.split_whitespace().next().unwrap_or_default();
            let is_path = FOLDERS.iter().any(|folder| path.starts_with(folder));
            // Recipes have a placeholder for the new file.
            if is_path && !path.contains("NAME") && !root().join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "no such file: {missing:#?}");
}

#[test]
fn documents_name_only_identifiers_that_exist() {
    let sources = sources();
    let mut missing = Vec::new();
    for (document, text) in documents() {
        for code in code(&prose(&text)) {
            for word in code.split(|c| !is_word(c)).filter(|word| is_identifier(word)) {
                if !FOREIGN.contains(&word) && !has_word(&sources, word) {
                    missing.push(format!("{}: {word}", document.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no such identifier: {missing:#?}");
}

#[test]
fn every_fault_and_every_guarantee_names_a_test_that_exists() {
    let sources = sources();
    let mut missing = Vec::new();
    for name in ["docs/faults.md", "docs/guarantees.md"] {
        let text = read(&root().join(name));
        let mut in_table = false;
        for line in text.lines() {
            if !line.starts_with('|') || line.ends_with("| Tests |") || line.ends_with("| Shown by |") {
                in_table = line.starts_with('|');
                continue;
            }
            let cell = line.trim_end_matches([' ', '|']).rsplit(" | ").next().unwrap_or_default();
            if !in_table || cell.starts_with("---") {
                continue;
            }
            let (files, tests): (Vec<_>, Vec<_>) = code(cell).into_iter().partition(|code| code.contains(['/', '.']));
            if files.is_empty() && tests.is_empty() {
                missing.push(format!("{name}: no test for {line}"));
            }
            let tests = tests.into_iter().filter(|test| !test.starts_with("--"));
            missing.extend(
                tests.filter(|test| !sources.contains(&format!("fn {test}("))).map(|test| format!("{name}: {test}")),
            );
        }
    }
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut missing = Vec::new();
    for (document, text) in documents() {
        let text = prose(&text);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
            let folder = document.parent().expect("a document is in a folder");
            let target = if path.is_empty() { document.clone() } else { folder.join(path) };
            let found = target.exists()
                && (fragment.is_empty()
                    || prose(&read(&target)).lines().any(|line| line.starts_with('#') && anchor(line) == fragment));
            if !found {
                missing.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "broken links: {missing:#?}");
}
