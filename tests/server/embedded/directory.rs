//! The directory of a store: first starts that are killed or fill the disk, stamps, links, and the remains of killed
//! demos.

use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::each_entry_of_the_template;
use crate::support::program::{User, outcome};
use crate::support::server::long;

const KILLED: i32 = 9;

/// Runs a command that kills itself at a step of the store's preparation. Returns whether it reached that step.
fn killed_at(user: &User, step: u64) -> bool {
    let mut command = user.command();
    command.args(["--embedded", "store", "ns", "list"]).env("STREAMSCOPE_TEST_KILL_AT", step.to_string());
    let output = command.output().unwrap();
    let killed = output.status.signal() == Some(KILLED);
    assert!(killed || output.status.success(), "step {step}: {}", String::from_utf8_lossy(&output.stderr));
    killed
}

/// Counts the steps of a first start: three per file, one per directory, and those for the stamp and the rename.
fn steps() -> u64 {
    let (mut files, mut directories) = (0, 0);
    each_entry_of_the_template(|_, bytes| if bytes.is_some() { files += 1 } else { directories += 1 });
    1 + 3 * files + directories + 6 + 2
}

fn opens(user: &User) {
    let outcome = user.run(&["--embedded", "store", "ns", "list"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
}

fn create_and_write(user: &User) {
    for arguments in [&["ns", "create", "test"][..], &["write", "account-1", "Opened"], &["get", "account-1"]] {
        let outcome = user.run(&[&["--embedded", "store"], arguments].concat());
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
}

#[test]
fn a_store_opens_after_its_first_start_was_killed_at_any_step() {
    // Fills the cache, so that all counted steps belong to the store.
    opens(&User::new());
    let steps = steps();
    let user = User::new();
    // Writing a file takes three steps. With `--long`, the program is killed at one of them for each file, in turn.
    for file in (0..(steps - 4) / 3).step_by(if long() { 1 } else { 133 }) {
        let step = 3 * file + file % 3;
        assert!(killed_at(&user, step), "step {step} of {steps}");
        assert!(!user.home().join("store/postgres").exists(), "an incomplete store exists after step {step}");
    }
    // The last steps surround the rename.
    for step in steps - 4..steps {
        assert!(killed_at(&user, step), "step {step} of {steps}");
        opens(&user);
        let left = std::fs::read_dir(user.home().join("store")).unwrap().count();
        assert_eq!(left, 2, "only the lock and the store remain after step {step}");
        std::fs::remove_dir_all(user.home().join("store")).unwrap();
    }
    assert!(!killed_at(&user, steps), "there are more than {steps} steps");
    create_and_write(&user);
}

#[test]
fn a_store_opens_after_its_first_start_was_killed_at_any_time() {
    const ROUNDS: u32 = 5;
    let begun = Instant::now();
    opens(&User::new());
    let whole = begun.elapsed();
    for round in 1..=ROUNDS {
        let user = User::new();
        let mut command = user.command();
        command.args(["--embedded", "store", "ns", "list"]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        std::thread::sleep(whole * round / ROUNDS);
        child.kill().unwrap();
        child.wait().unwrap();
        opens(&user);
    }
}

fn stamp(user: &User, change: impl Fn(&mut serde_json::Value)) {
    let path = user.home().join("store/postgres/streamscope.json");
    let mut stamp = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    change(&mut stamp);
    std::fs::write(&path, stamp.to_string()).unwrap();
}

#[test]
fn opens_and_restamps_a_compatible_store_of_another_template() {
    let user = User::new();
    create_and_write(&user);
    let path = user.home().join("store/postgres/streamscope.json");
    let current = std::fs::read(&path).unwrap();
    let change = |stamp: &mut serde_json::Value| {
        stamp["template_sha256"] = "00".into();
        stamp["streamscope"] = "0.0.9".into();
    };
    for broken in [false, true] {
        if broken {
            std::fs::write(&path, "{\"stream").unwrap();
        } else {
            stamp(&user, change);
        }
        let got = user.run(&["--embedded", "store", "get", "account-1"]);
        assert!(got.status == 0 && got.stdout.contains("Opened"), "{got:?}");
        assert_eq!(std::fs::read(&path).unwrap(), current);
    }
}

#[test]
fn refuses_an_incompatible_store_with_advice_that_keeps_its_messages() {
    let user = User::new();
    create_and_write(&user);
    let control = user.home().join("store/postgres/tmp/pglite/base/global/pg_control");
    let readable = std::fs::read(&control).unwrap();
    let kept = std::fs::read(user.home().join("store/postgres/streamscope.json")).unwrap();
    let mut newer = readable.clone();
    newer[12..16].copy_from_slice(&202_506_291_u32.to_le_bytes());
    let refused = || {
        let outcome = user.run(&["--embedded", "store", "get", "account-1"]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (5, ""), "{outcome:?}");
        outcome.stderr
    };
    std::fs::write(&control, &newer).unwrap();
    let told = refused();
    for part in
        ["contains PostgreSQL 17 and cannot read its files", "Nothing was changed", "export -o NAME.ndjson", "import"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(std::fs::read(&control).unwrap(), newer);
    std::fs::write(&control, &readable).unwrap();
    stamp(&user, |stamp| {
        stamp["catalog_version"] = "202506291".into();
        stamp["postgres_version"] = "18".into();
        stamp["streamscope"] = "0.9.0".into();
    });
    assert!(refused().contains("was created by streamscope 0.9.0 with PostgreSQL 18"));

    // Follows the advice. Here the old version is this one.
    std::fs::write(user.home().join("store/postgres/streamscope.json"), kept).unwrap();
    for arguments in [
        &["--embedded", "store", "-n", "test", "export", "-o", "test.ndjson"][..],
        &["--embedded", "new", "ns", "create", "test"],
        &["--embedded", "new", "-n", "test", "import", "--keep-global-positions", "test.ndjson"],
    ] {
        let outcome = user.run(arguments);
        assert_eq!(outcome.status, 0, "{outcome:?}");
    }
    let get = |store| user.run(&["--embedded", store, "get", "account-1"]).stdout;
    assert_eq!(get("new"), get("store"));
}

#[test]
fn leaves_a_directory_that_is_not_a_store_unchanged() {
    let user = User::new();
    std::fs::create_dir_all(user.home().join("store/postgres")).unwrap();
    std::fs::write(user.home().join("store/postgres/notes"), "mine").unwrap();
    let outcome = user.run(&["--embedded", "store", "ns", "list"]);
    assert!(outcome.status == 5 && outcome.stderr.contains("is not a store, or is damaged"), "{outcome:?}");
    assert_eq!(std::fs::read_to_string(user.home().join("store/postgres/notes")).unwrap(), "mine");
}

#[test]
fn reports_a_truncated_control_file() {
    let user = User::new();
    create_and_write(&user);
    let control = user.home().join("store/postgres/tmp/pglite/base/global/pg_control");
    std::fs::File::options().write(true).open(&control).unwrap().set_len(100).unwrap();
    let outcome = user.run(&["--embedded", "store", "ns", "list"]);
    assert!(outcome.status == 5 && outcome.stderr.contains("pg_control is truncated"), "{outcome:?}");
}

#[test]
fn refuses_links_inside_a_store_and_files_of_another_user() {
    let user = User::new();
    let at = |name: &str| user.home().join(name);
    std::fs::create_dir(at("store")).unwrap();
    std::fs::write(at("precious"), "precious").unwrap();
    let refused = |told: &str| {
        let outcome = user.run(&["--embedded", "store", "ns", "list"]);
        assert!(outcome.status == 5 && outcome.stderr.contains(told), "{told}: {outcome:?}");
    };
    symlink(at("precious"), at("store/lock")).unwrap();
    refused("store/lock: this is a symbolic link");
    assert_eq!(std::fs::read_to_string(at("precious")).unwrap(), "precious");
    std::fs::remove_file(at("store/lock")).unwrap();
    std::fs::create_dir(at("elsewhere")).unwrap();
    symlink(at("elsewhere"), at("store/postgres")).unwrap();
    refused("store/postgres: this is a symbolic link");
    assert_eq!(std::fs::read_dir(at("elsewhere")).unwrap().count(), 0);
    std::fs::remove_file(at("store/postgres")).unwrap();
    // The user's own link to the directory is followed.
    symlink("store", at("way")).unwrap();
    assert_eq!(user.run(&["--embedded", "way", "ns", "list"]).status, 0);
    // Only the superuser can change the owner of files.
    if rustix::process::geteuid().is_root() {
        for name in ["store/postgres", "store/lock", "store"] {
            chown(at(name), Some(1234), None).unwrap();
            refused("another user (UID 1234)");
            chown(at(name), Some(0), None).unwrap();
        }
    }
}

#[test]
fn the_next_start_removes_the_remains_of_a_killed_demo() {
    let user = User::new();
    let temporary = user.home().join("temporary");
    std::fs::create_dir(&temporary).unwrap();
    let demo = |arguments: &[&str]| {
        let mut command = user.command();
        command.arg("--demo").args(arguments).env("TMPDIR", &temporary).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let entries = || std::fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let count = || entries().len();
    let limit = Instant::now() + Duration::from_mins(1);
    let mut killed = demo(&["tail", "-n", "shop"]).spawn().unwrap();
    while count() < 2 {
        assert!(Instant::now() < limit, "no directory appears");
        std::thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    let left = count();
    assert!(left >= 2, "{left}");
    // The directories of a running demo are not removed.
    let mut living = demo(&["tail", "-n", "shop"]).spawn().unwrap();
    let of_living = |path: &Path| path.join("postgres/.pglite-oxide.lock").exists();
    while !entries().iter().any(|path| of_living(path)) {
        assert!(Instant::now() < limit, "no store appears");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(demo(&["ns", "list"]).status().unwrap().success());
    assert_eq!(count(), 2, "only the store and the sockets of the running demo remain: {:?}", entries());
    assert!(living.try_wait().unwrap().is_none());
    living.kill().unwrap();
    living.wait().unwrap();
    assert!(demo(&["ns", "list"]).status().unwrap().success());
    assert_eq!(count(), 0);
}

/// A script in a mount namespace in which `small` is a file system of the given size, or `None` if the system does not
/// allow that.
fn on_a_small_disk(user: &User, megabytes: u32, script: &str) -> Option<Command> {
    let mount = format!("mkdir -p small && mount -t tmpfs -o size={megabytes}m none small");
    let run = |script: &str| {
        let mut command = user.command_of("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-c", script, env!("CARGO_BIN_EXE_streamscope")]);
        command
    };
    let allowed = run(&mount).output().is_ok_and(|output| output.status.success());
    allowed.then(|| run(&format!("{mount} && {{ {script}; }}")))
}

#[cfg(target_os = "linux")]
#[test]
fn a_first_start_on_a_full_disk_reports_it_and_leaves_nothing_behind() {
    let user = User::new();
    let script = "\"$0\" --embedded small/store ns list; echo status $?; ls -A small/store";
    let Some(mut command) = on_a_small_disk(&user, 10, script) else { return };
    let told = outcome(&mut command);
    assert!(told.stderr.contains("the disk is full: cannot write"), "{told:?}");
    assert_eq!(told.stdout, "status 5\nlock\n", "{told:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn reports_a_disk_that_fills_up_and_keeps_acknowledged_writes() {
    let user = User::new();
    let line = |n| format!("{{\"stream\":\"a-{}\",\"type\":\"T\",\"data\":{{\"x\":\"{n:01280}\"}}}}\n", n % 50);
    let lines: String = (0..20_000).map(line).collect();
    std::fs::write(user.home().join("lines"), lines).unwrap();
    let script = "s='--embedded small/store'; \"$0\" $s ns create a >&2 && \"$0\" $s import lines 2> told; echo status $?; \
                  \"$0\" $s write b-1 T >&2; echo status $?; mount -o remount,size=300m small; \"$0\" $s get a --batch-size -1 | wc -l; \
                  \"$0\" $s write b-1 T >&2; echo status $?";
    let Some(mut command) = on_a_small_disk(&user, 58, script) else { return };
    let outcome = outcome(&mut command);
    let told = std::fs::read_to_string(user.home().join("told")).unwrap();
    assert!(told.contains("the disk is full: ") && told.contains("SQLSTATE 53100"), "{told}");
    assert!(outcome.stderr.contains("the disk is full: "), "{outcome:?}");
    let acknowledged = told.split("lines 1 to ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let acknowledged = acknowledged.replace(',', "");
    assert_eq!(outcome.stdout, format!("status 1\nstatus 1\n{acknowledged}\nstatus 0\n"), "{outcome:?} {told}");
}

#[test]
fn a_store_is_private_whatever_the_umask() {
    let user = User::new();
    let mut command = user.command_of("sh");
    command.args(["-c", "umask 0; exec \"$0\" --embedded store ns list", env!("CARGO_BIN_EXE_streamscope")]);
    assert_eq!(outcome(&mut command).status, 0);
    let mode = std::fs::metadata(user.home().join("store/postgres")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
