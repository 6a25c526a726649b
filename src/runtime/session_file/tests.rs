//! The file with the session: what is found again, and what happens to files that are broken, newer, linked or shared.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Session, SessionFile};
use crate::app::saved::Saved;

const SHOP: &str = "ada@db/shop";

fn directory() -> TempDir {
    TempDir::new().expect("a directory")
}

fn open(directory: &TempDir, key: &str) -> Session {
    Session::in_directory(directory.path(), key, false)
}

/// Opens a session that must be usable.
fn opened(directory: &TempDir, key: &str) -> (SessionFile, Saved) {
    let session = open(directory, key);
    assert_eq!(session.problem, None);
    (session.file.expect("a file"), session.loaded)
}

/// Returns a session with a place and bookmarks for these streams.
fn saved(streams: &[&str]) -> Saved {
    let list = |stream: &&str| json!({"namespace": "shop", "stream": stream});
    let bookmarks: Vec<Value> = streams.iter().map(|stream| json!({"list": list(stream)})).collect();
    let place = streams.first().map(|stream| json!({"list": list(stream), "number": 3, "focus": "message"}));
    serde_json::from_value(json!({"place": place, "bookmarks": bookmarks})).expect("a session")
}

fn bookmarked(saved: &Saved) -> Vec<String> {
    saved.bookmarks.all().iter().map(|bookmark| bookmark.list.as_text().replace("shop › ", "")).collect()
}

fn save(file: &SessionFile, base: &Saved, ours: &Saved) -> Result<(), String> {
    file.save(base, ours, "2026-03-01T12:00:00Z".parse().expect("a time"))
}

fn contents(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("JSON")
}

#[test]
fn each_database_finds_its_session_again() {
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    assert_eq!(loaded, Saved::default());
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    let (other, loaded) = opened(&directory, "ada@db/bank");
    assert_eq!(loaded, Saved::default());
    save(&other, &loaded, &saved(&["b-1"])).expect("saved");
    assert_eq!(opened(&directory, SHOP).1, saved(&["a-1"]));
    assert_eq!(opened(&directory, "ada@db/bank").1, saved(&["b-1"]));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::MetadataExt as _;
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    for name in ["session.json", "session.lock"] {
        let mode = std::fs::metadata(directory.path().join(name)).expect("the file").mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn a_program_killed_while_it_saves_leaves_the_old_session() {
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    // The new file was written in part and not renamed. The system has released the lock.
    std::fs::write(directory.path().join("session.new"), "{\"version\": 1, \"datab").expect("written");
    let (file, loaded) = opened(&directory, SHOP);
    assert_eq!(loaded, saved(&["a-1"]));
    save(&file, &loaded, &saved(&["a-2"])).expect("saved");
    assert_eq!(opened(&directory, SHOP).1, saved(&["a-2"]));
}

#[test]
fn a_broken_file_is_moved_aside_and_reported_once() {
    let path = |directory: &TempDir, name: &str| directory.path().join(name);
    for broken in [
        "",
        "{",
        "[]",
        "{\"version\": 1}",
        "{\"databases\": {}}",
        "{\"version\":1,\"databases\":{\"ada@db/shop\":{\"place\":5}}}",
    ] {
        let directory = directory();
        std::fs::write(path(&directory, "session.json"), broken).expect("written");
        let session = open(&directory, SHOP);
        let problem = session.problem.expect("a problem");
        let aside = path(&directory, "session.broken.json");
        assert!(problem.contains(&aside.display().to_string()), "{problem}");
        assert_eq!(std::fs::read_to_string(aside).expect("the broken file"), broken);
        let file = session.file.expect("a file");
        assert_eq!(open(&directory, SHOP).problem, None, "{broken}");
        save(&file, &session.loaded, &saved(&["a-1"])).expect("saved");
        assert_eq!(opened(&directory, SHOP).1, saved(&["a-1"]));
    }
}

#[test]
fn a_file_of_a_newer_version_is_neither_read_nor_written() {
    let directory = directory();
    let path = directory.path().join("session.json");
    let newer = "{\"version\": 2, \"databases\": {\"ada@db/shop\": {\"place\": 5}}}";
    let (file, loaded) = opened(&directory, SHOP);
    std::fs::write(&path, newer).expect("written");
    let session = open(&directory, SHOP);
    assert!(session.file.is_none() && session.loaded == Saved::default());
    assert!(session.problem.is_some_and(|problem| problem.contains("newer")));
    // A program that was open before does not write it either.
    save(&file, &loaded, &saved(&["a-1"])).expect_err("newer");
    assert_eq!(std::fs::read_to_string(&path).expect("the file"), newer);
}

#[test]
fn members_that_this_version_does_not_know_stay() {
    let directory = directory();
    let path = directory.path().join("session.json");
    let text = json!({"version": 1, "added": 1, "databases": {SHOP: {"added": 2}, "other": {"added": 3}}});
    std::fs::write(&path, text.to_string()).expect("written");
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    let written = contents(&path);
    let added = [&written["added"], &written["databases"][SHOP]["added"], &written["databases"]["other"]["added"]];
    assert_eq!(added, [1, 2, 3]);
}

#[test]
fn fresh_ignores_the_session_and_keeps_what_the_user_does_not_change() {
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1", "a-2"])).expect("saved");
    let fresh = Session::in_directory(directory.path(), SHOP, true);
    assert_eq!((fresh.loaded.clone(), fresh.problem), (Saved::default(), None));
    let changed = Saved { place: None, ..saved(&["a-3"]) };
    save(&fresh.file.expect("a file"), &fresh.loaded, &changed).expect("saved");
    let (_, loaded) = opened(&directory, SHOP);
    assert_eq!(bookmarked(&loaded), ["a-3", "a-1", "a-2"]);
    assert_eq!(loaded.place, saved(&["a-1"]).place);
}

#[test]
fn programs_that_save_at_once_lose_nothing() {
    const EACH: usize = 10;
    let directory = directory();
    let names = |program: usize, count: usize| (0..count).map(|n| format!("s-{program}.{n}")).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        for program in 0..4 {
            let directory = &directory;
            scope.spawn(move || {
                // Two programs share a database.
                let (file, mut base) = opened(directory, if program < 2 { SHOP } else { "ada@db/bank" });
                let loaded = base.clone();
                for count in 1..=EACH {
                    let names = names(program, count);
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    let mut ours = saved(&names);
                    for bookmark in loaded.bookmarks.all() {
                        ours.bookmarks.toggle(bookmark.clone());
                    }
                    save(&file, &base, &ours).expect("saved");
                    base = ours;
                }
            });
        }
    });
    for (key, programs) in [(SHOP, [0, 1]), ("ada@db/bank", [2, 3])] {
        let mut found = bookmarked(&opened(&directory, key).1);
        found.sort_unstable();
        let mut wanted = programs.map(|program| names(program, EACH)).concat();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
    }
}

#[test]
fn the_databases_used_last_stay() {
    let directory = directory();
    for number in 0..super::DATABASES + 2 {
        let (file, loaded) = opened(&directory, &format!("database {number}"));
        save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    }
    let written = contents(&directory.path().join("session.json"));
    let databases = written["databases"].as_object().expect("databases");
    assert_eq!(databases.len(), super::DATABASES);
    assert!(!databases.contains_key("database 1") && databases.contains_key("database 2"));
}

#[cfg(unix)]
#[test]
fn never_follows_symbolic_links() {
    use std::os::unix::fs::symlink;
    for name in ["session.json", "session.lock", "session.new"] {
        let directory = directory();
        let precious = directory.path().join("precious");
        std::fs::write(&precious, "precious").expect("written");
        symlink(&precious, directory.path().join(name)).expect("linked");
        let session = open(&directory, SHOP);
        match &session.file {
            Some(file) => {
                let error = save(file, &session.loaded, &saved(&["a-1"])).expect_err(name);
                assert!(error.contains("symbolic link"), "{name}: {error}");
            }
            None => assert!(session.problem.is_some_and(|problem| problem.contains("symbolic link")), "{name}"),
        }
        assert_eq!(std::fs::read_to_string(&precious).expect("the file"), "precious", "{name}");
    }
}

#[cfg(unix)]
#[test]
fn refuses_a_file_of_another_user() {
    use std::os::unix::fs::chown;
    let directory = directory();
    let path = directory.path().join("session.json");
    std::fs::write(&path, "{\"version\": 1, \"databases\": {}}").expect("written");
    if chown(&path, Some(12_345), None).is_err() {
        // Only the superuser can give files away.
        return;
    }
    let session = open(&directory, SHOP);
    assert!(session.file.is_none());
    assert!(session.problem.is_some_and(|problem| problem.contains("belongs to another user")));
}

#[test]
fn a_session_that_cannot_be_written_leaves_the_old_one_and_is_reported() {
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    // A directory in place of the new file cannot be written either.
    std::fs::create_dir(directory.path().join("session.new")).expect("made");
    let error = save(&file, &saved(&["a-1"]), &saved(&["a-2"])).expect_err("not written");
    assert!(error.starts_with("Cannot save the session: ") && error.contains("session.json"), "{error}");
    assert_eq!(opened(&directory, SHOP).1, saved(&["a-1"]));
}

#[test]
fn a_session_that_grew_too_large_is_not_written() {
    let directory = directory();
    let (file, loaded) = opened(&directory, SHOP);
    save(&file, &loaded, &saved(&["a-1"])).expect("saved");
    let long = "x".repeat(super::LARGEST_ENTRY);
    save(&file, &saved(&["a-1"]), &saved(&[&long])).expect_err("too large");
    assert_eq!(opened(&directory, SHOP).1, saved(&["a-1"]));
}
