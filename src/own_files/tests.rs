use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};

use super::*;

const ALL: [Purpose; 5] =
    [Purpose::Read, Purpose::ReadWrite, Purpose::ReadWriteShared, Purpose::Append, Purpose::CreateNew];

fn reason<T>(outcome: io::Result<T>) -> String {
    outcome.err().expect("refused").to_string()
}

#[test]
fn creates_a_kept_file_for_its_owner_only_and_opens_it_again() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("kept");
    drop(open(&path, Purpose::ReadWrite).expect("made"));
    assert_eq!(std::fs::metadata(&path).expect("there").mode() & 0o777, 0o600);
    drop(open(&path, Purpose::Read).expect("there"));
    assert_eq!(open(&path, Purpose::CreateNew).expect_err("it exists").kind(), io::ErrorKind::AlreadyExists);
}

#[test]
fn never_opens_a_link_as_a_kept_file() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let (target, path) = (directory.path().join("target"), directory.path().join("kept"));
    std::fs::write(&target, "precious").expect("written");
    symlink(&target, &path).expect("linked");
    for purpose in ALL {
        open(&path, purpose).expect_err("a link");
    }
    assert!(reason(open(&path, Purpose::ReadWrite)).contains("symbolic link"));
    assert_eq!(std::fs::read_to_string(&target).expect("there"), "precious");
}

#[test]
fn refuses_a_pipe_without_waiting_for_its_other_end() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("kept");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).expect("a pipe");
    assert!(reason(open(&path, Purpose::Read)).contains("not a regular file"));
    assert!(reason(open(&path, Purpose::ReadWrite)).contains("not a regular file"));
}

#[test]
fn refuses_a_hard_link_in_a_shared_directory() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let (target, shared) = (directory.path().join("target"), directory.path().join("shared"));
    std::fs::write(&target, "precious").expect("written");
    std::fs::create_dir(&shared).expect("made");
    std::fs::hard_link(&target, shared.join("kept")).expect("linked");
    drop(open(&shared.join("kept"), Purpose::ReadWrite).expect("the directory is private"));
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o1777)).expect("shared");
    assert!(reason(open(&shared.join("kept"), Purpose::ReadWrite)).contains("hard link"));
}

#[test]
fn follows_the_users_own_links() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let root = directory.path();
    std::fs::create_dir(root.join("real")).expect("made");
    symlink("real", root.join("relative")).expect("linked");
    symlink(root.join("relative"), root.join("absolute")).expect("linked");
    drop(open(&root.join("absolute/../absolute/kept"), Purpose::ReadWrite).expect("made"));
    assert!(root.join("real/kept").exists());
    make_directory(&root.join("absolute/a/b")).expect("made");
    assert_eq!(std::fs::metadata(root.join("real/a")).expect("there").mode() & 0o777, 0o700);
    symlink("loop", root.join("loop")).expect("linked");
    assert!(reason(open(&root.join("loop/kept"), Purpose::ReadWrite)).contains("too many"));
    assert!(reason(resolve_links(&root.join("loop"))).contains("too many"));
    symlink("nothing", root.join("dangling")).expect("linked");
    assert_eq!(resolve_links(&root.join("dangling")).expect("followed"), root.join("nothing"));
}

#[test]
fn appends_to_devices_and_to_the_users_own_links() {
    let directory = tempfile::TempDir::new().expect("a directory");
    append_to_named(Path::new("/dev/null")).expect("a device");
    append_to_named(Path::new("/dev/stderr")).expect("a standard stream");
    symlink("log", directory.path().join("link")).expect("linked");
    append_to_named(&directory.path().join("link")).expect("the user's own link");
    assert!(directory.path().join("log").exists());
}

#[test]
fn does_not_trust_a_file_that_everyone_can_write() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let path = directory.path().join("config");
    std::fs::write(&path, "text").expect("written");
    assert_eq!(read_trusted(&path).expect("read"), b"text");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).expect("set");
    assert!(reason(read_trusted(&path)).contains("chmod o-w"));
}

/// Only the superuser can create files of other users, so other users skip this test.
#[test]
fn refuses_files_directories_and_links_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::TempDir::new().expect("a directory");
    let (foreign, file) = (directory.path().join("foreign"), directory.path().join("file"));
    std::fs::create_dir(&foreign).expect("made");
    chown(&foreign, Some(1234), None).expect("given away");
    std::fs::write(&file, "").expect("written");
    chown(&file, Some(1234), None).expect("given away");
    for purpose in [Purpose::Read, Purpose::ReadWrite, Purpose::Append] {
        assert!(reason(open(&file, purpose)).contains("another user (UID 1234)"));
    }
    assert!(reason(read_trusted(&file)).contains("another user"));
    assert!(reason(append_to_named(&file)).contains("another user"));
    assert!(reason(make_directory(&foreign)).contains("another user"));
    assert!(reason(check_own_directory(&foreign)).contains("another user"));
    for name in ["link", "way"] {
        symlink(directory.path(), directory.path().join(name)).expect("linked");
        lchown(directory.path().join(name), Some(1234), None).expect("given away");
    }
    assert!(reason(resolve_links(&directory.path().join("link"))).contains("symbolic link of another user"));
    assert!(
        reason(open(&directory.path().join("way/new"), Purpose::ReadWrite)).contains("symbolic link of another user")
    );
    assert!(reason(make_directory(&directory.path().join("way/new"))).contains("symbolic link of another user"));
    assert!(!directory.path().join("new").exists());
}

/// Only the superuser can create files of other users, so other users skip this test.
#[cfg(feature = "cli")]
#[test]
fn writes_no_output_to_a_file_or_pipe_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::TempDir::new().expect("a directory");
    let (file, pipe) = (directory.path().join("file"), directory.path().join("pipe"));
    output_target(&file).expect("it need not exist");
    std::fs::write(&file, "").expect("written");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).expect("a pipe");
    for path in [&file, &pipe] {
        output_target(path).expect("it belongs to the user");
        chown(path, Some(1234), None).expect("given away");
        assert!(reason(output_target(path)).contains("another user"));
        assert!(reason(append_to_named(path)).contains("another user"));
    }
}
