//! Files from elsewhere: byte order marks and other encodings; links and files that another user put where this one writes.

use super::support::program::{Outcome, User, outcome};

const MARK: &str = "\u{feff}";

/// A server that nothing answers for: exit status 5 says that the input was taken.
const NOWHERE: [&str; 2] = ["--url", "postgres://127.0.0.1:1/nowhere"];

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn write(data: &str, input: &[u8]) -> Outcome {
    let user = User::new();
    user.run_with_input(&[&NOWHERE[..], &["write", "account-1", "Opened", "--data", data]].concat(), input)
}

#[test]
fn a_byte_order_mark_in_front_of_json_is_no_mistake() {
    write("-", format!("{MARK}{{\"a\": 1}}").as_bytes()).failed(5);
    write(&format!("{MARK}{{\"a\": 1}}"), b"").failed(5);
    let metadata = format!("{MARK}{{}}");
    User::new().run(&[&NOWHERE[..], &["write", "account-1", "Opened", "--metadata", &metadata]].concat()).failed(5);
}

#[test]
fn utf_16_is_named_with_the_way_to_convert_it() {
    for (text, name) in [("\u{feff}{\"a\": 1}", "UTF-16"), ("{\"a\": 1}", "UTF-16LE")] {
        let told = write("-", &utf16(text)).failed(2);
        let expected = format!("standard input is {name}, not UTF-8; convert it with: iconv -f {name} -t UTF-8");
        assert!(told.contains(&expected), "{told}");
    }
}

#[test]
fn a_service_file_may_have_a_byte_order_mark_and_utf_16_is_named() {
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
fn a_log_is_appended_to_through_a_link_of_the_user_and_to_a_device() {
    let user = User::new();
    std::os::unix::fs::symlink("log", user.home().join("link")).expect("linked");
    for log in ["link", "/dev/null", "/dev/stderr"] {
        let outcome = user.run(&[&["--log", log][..], &NOWHERE, &["categories"]].concat());
        assert_eq!(outcome.status, 5, "{log}: {outcome:?}");
    }
    assert!(user.home().join("log").exists());
}

/// Only the superuser can make files of others.
#[cfg(unix)]
#[test]
fn a_log_that_another_user_put_there_is_refused() {
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
        assert!(told.contains("another user (uid 1234)"), "{told}");
    }
    assert!(!at("precious").exists());
}
