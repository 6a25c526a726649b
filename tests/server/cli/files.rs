//! Tests of files from other programs and users: byte order marks, other encodings, and links and files that another
//! user created where this one writes.

use crate::support::program::{Outcome, User, outcome};

const MARK: &str = "\u{feff}";

/// The URL of a server that does not exist. Exit status 5 shows that the input was accepted.
const NOWHERE: [&str; 2] = ["--url", "postgres://127.0.0.1:1/nowhere"];

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn write(data: &str, input: &[u8]) -> Outcome {
    let user = User::new();
    user.run_with_input(&[&NOWHERE[..], &["write", "account-1", "Opened", "--data", data]].concat(), input)
}

#[test]
fn accepts_a_byte_order_mark_before_json() {
    write("-", format!("{MARK}{{\"a\": 1}}").as_bytes()).failed(5);
    write(&format!("{MARK}{{\"a\": 1}}"), b"").failed(5);
    let metadata = format!("{MARK}{{}}");
    User::new().run(&[&NOWHERE[..], &["write", "account-1", "Opened", "--metadata", &metadata]].concat()).failed(5);
    User::new().run(&[&NOWHERE[..], &["fold", "account-1", "--init", &metadata]].concat()).failed(5);
}

#[test]
fn reports_utf_16_and_how_to_convert_it() {
    for (text, name) in [("\u{feff}{\"a\": 1}", "UTF-16"), ("{\"a\": 1}", "UTF-16LE")] {
        let told = write("-", &utf16(text)).failed(2);
        let expected = format!("standard input is {name}, not UTF-8; convert it with: iconv -f {name} -t UTF-8");
        assert!(told.contains(&expected), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn refuses_files_without_an_end() {
    let endless = "/dev/zero";
    let user = User::new();
    let told = user.run(&[&NOWHERE[..], &["fold", "account-1", "--jq-file", endless]].concat()).failed(2);
    assert!(told.contains("cannot read /dev/zero: it is larger than 16 MiB"), "{told}");
    let told = user.run(&["config", "--check", endless]).failed(2);
    assert!(told.contains("/dev/zero: it is larger than 16 MiB"), "{told}");
    let told =
        outcome(user.command().args(["--url", "service=shop", "categories"]).env("PGSERVICEFILE", endless)).failed(2);
    assert!(told.contains("cannot be read: it is larger than 16 MiB"), "{told}");
    let input = std::fs::File::open(endless).expect("the device");
    let arguments = ["write", "account-1", "Opened", "--data", "-"];
    let told = outcome(user.command().args(NOWHERE).args(arguments).stdin(input)).failed(1);
    assert!(told.contains("cannot read standard input: it is larger than 256 MiB"), "{told}");
}

#[test]
fn accepts_a_byte_order_mark_in_a_service_file_and_reports_utf_16() {
    let user = User::new();
    let run = |bytes: &[u8]| {
        std::fs::write(user.home().join(".pg_service.conf"), bytes).expect("written");
        outcome(user.command().args(["--url", "service=shop", "categories"]))
    };
    let text = format!("{MARK}[shop]\nhost=127.0.0.1\nport=1\n");
    assert!(run(text.as_bytes()).failed(5).contains("127.0.0.1:1"));
    let told = run(&utf16(&text)).failed(2);
    assert!(told.contains(".pg_service.conf") && told.contains("is UTF-16, not UTF-8"), "{told}");
}

#[cfg(unix)]
#[test]
fn appends_the_log_through_the_users_own_link_and_to_devices() {
    let user = User::new();
    std::os::unix::fs::symlink("log", user.home().join("link")).expect("linked");
    for log in ["link", "/dev/null", "/dev/stderr"] {
        let outcome = user.run(&[&["--log", log][..], &NOWHERE, &["categories"]].concat());
        assert_eq!(outcome.status, 5, "{log}: {outcome:?}");
    }
    assert!(user.home().join("log").exists());
}

/// Skipped unless it runs as root, which alone can create files of other users.
#[cfg(unix)]
#[test]
fn refuses_a_log_created_by_another_user() {
    use std::os::unix::fs::{chown, lchown, symlink};
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let user = User::new();
    let at = |name: &str| user.home().join(name);
    std::fs::write(at("file"), "").expect("written");
    chown(at("file"), Some(1234), None).expect("given away");
    symlink("precious", at("link")).expect("linked");
    lchown(at("link"), Some(1234), None).expect("given away");
    for log in ["file", "link"] {
        let told = user.run(&[&["--log", log][..], &NOWHERE, &["categories"]].concat()).failed(2);
        assert!(told.contains("another user (UID 1234)"), "{told}");
    }
    assert!(!at("precious").exists());
}
