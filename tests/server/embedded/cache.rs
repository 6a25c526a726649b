//! PostgreSQL's own files in the user's cache: they are repaired before use, and unpacked by one program at a time.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program::{User, outcome};

/// A user with a cache that no other test shares.
struct Cached(User);

impl Cached {
    fn new() -> Self {
        Self(User::new())
    }

    fn root(&self) -> PathBuf {
        self.0.home().join("cache/pglite-oxide")
    }

    fn command(&self, store: &str) -> Command {
        let mut command = self.0.command();
        command.env("XDG_CACHE_HOME", self.0.home().join("cache")).args(["--embedded", store, "ns", "list"]);
        command
    }

    fn opens(&self) {
        let outcome = outcome(&mut self.command("store"));
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
}

/// Finds all files below a directory with a matching name.
fn find(directory: &Path, is_called: &impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(find(&path, is_called));
        } else if is_called(path.file_name().unwrap().to_str().unwrap()) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn cut(path: &Path, length: u64) {
    std::fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[test]
fn repairs_a_damaged_cache_before_using_it() {
    let user = Cached::new();
    user.opens();
    let one = |name: &str| find(&user.root(), &|found| found == name).remove(0);
    let module = find(&user.root(), &|name| name.starts_with("runtime-pglite-") && !name.contains("receipt")).remove(0);
    let damaged = [one("UTC"), one("postgres.bki"), one("plpgsql.so"), module.clone()];
    let whole: Vec<Vec<u8>> = damaged.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let mended = |how: &str| {
        user.opens();
        for (path, whole) in damaged.iter().zip(&whole) {
            assert!(std::fs::read(path).unwrap() == *whole, "{} is still {how}", path.display());
        }
    };
    for path in &damaged {
        cut(path, 10);
    }
    mended("truncated");
    for path in &damaged {
        // Keeps the length.
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0);
        std::fs::write(path, bytes).unwrap();
    }
    mended("damaged");
    for path in &damaged {
        std::fs::remove_file(path).unwrap();
    }
    mended("missing");
    // An unfinished module of a process that no longer runs, and one of this test.
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let beside = |pid: u32| module.with_extension(format!("bin.{pid}.1.tmp"));
    let (abandoned, kept) = (beside(child.id()), beside(std::process::id()));
    for path in [&abandoned, &kept] {
        std::fs::write(path, "unfinished").unwrap();
    }
    user.opens();
    assert!(!abandoned.exists() && kept.exists());
}

#[test]
fn programs_that_start_together_share_an_empty_cache() {
    let user = Cached::new();
    let children: Vec<_> = (0..3).map(|n| user.command(&format!("store-{n}")).spawn().unwrap()).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(find(&user.root(), &|name| name.contains("new") && name.contains("streamscope")), Vec::<PathBuf>::new());
}

#[test]
fn the_next_start_finishes_unpacking_that_was_killed() {
    let user = Cached::new();
    // The store already exists, so all counted steps belong to the cache.
    assert_eq!(user.0.run(&["--embedded", "store", "ns", "list"]).status, 0);
    // Files that are in place are not written again, so each run gets further.
    let mut kills = 0;
    for step in (5..).step_by(149) {
        let mut command = user.command("store");
        let output = command.env("STREAMSCOPE_TEST_KILL_AT", step.to_string()).output().unwrap();
        if std::os::unix::process::ExitStatusExt::signal(&output.status) != Some(9) {
            assert!(output.status.success(), "step {step}: {}", String::from_utf8_lossy(&output.stderr));
            break;
        }
        kills += 1;
    }
    assert!(kills > 4, "{kills}");
    user.opens();
    assert_eq!(find(&user.root(), &|name| name == "streamscope.new"), Vec::<PathBuf>::new());
}

#[test]
fn protects_a_writable_cache_and_refuses_one_of_another_user() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let user = Cached::new();
    std::fs::create_dir_all(user.root()).unwrap();
    std::fs::set_permissions(user.root(), std::fs::Permissions::from_mode(0o777)).unwrap();
    user.opens();
    assert_eq!(std::fs::metadata(user.root()).unwrap().permissions().mode() & 0o777, 0o700);
    // Only the superuser can change the owner of files.
    if rustix::process::geteuid().is_root() {
        chown(user.root(), Some(1234), None).unwrap();
        let outcome = outcome(&mut user.command("store"));
        assert!(outcome.status == 5 && outcome.stderr.contains("another user (UID 1234)"), "{outcome:?}");
    }
}
