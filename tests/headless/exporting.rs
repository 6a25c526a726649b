//! `export`: what is stored comes out, whole and once, into a file that a killed run can carry on.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::place::{Place, in_each_place};
use super::{fill, lines, positions};

in_each_place!(
    it_gives_what_get_gives,
    several_names_are_one_export_in_order,
    it_comes_back_through_import_and_out_again_identical,
    a_killed_export_is_carried_on,
    what_cannot_be_exported_is_refused,
    a_reader_that_goes_away_ends_it_quietly,
);

#[cfg(target_os = "linux")]
in_each_place!(
    a_full_disk_behind_standard_output_is_told,
    on_a_full_disk_what_was_written_is_kept_and_carried_on_elsewhere,
);

fn it_gives_what_get_gives(place: &Place) {
    fill(place, 120);
    let category = place.run(&["get", "account", "--batch-size", "-1"]).done();
    assert_eq!(place.run(&["export", "account"]).done(), category);
    assert_eq!(place.run(&["export", "order-3"]).done(), place.run(&["get", "order-3", "--batch-size", "-1"]).done());
    let all = place.run(&["export"]).done();
    assert_eq!(all.lines().count(), 120);
    assert!(positions(&lines(&all)).is_sorted());
    let typed = place.run(&["export", "--type", "T2", "--where", "$.n < 60"]).done();
    assert_eq!(typed.lines().count(), 12);
    assert_eq!(place.run(&["export", "--since", "-1h", "--until", "2999-01-01"]).done(), all);
    assert_eq!(place.run(&["export", "--until", "-1h"]).done(), "");
    assert_eq!(place.run(&["export", "--since", "2999-01-01"]).done(), "");
}

fn several_names_are_one_export_in_order(place: &Place) {
    fill(place, 60);
    let some = place.run(&["export", "account", "account-2", "order-3"]).done();
    let streams = lines(&some);
    assert!(positions(&streams).windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
    assert_eq!(streams.len(), 36);
}

/// A file's lines, whatever it is packed with, as the program itself reads them.
fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap(),
        Some("zst") => zstd::stream::read::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap(),
        _ => std::io::BufReader::new(file).read_to_string(&mut text).unwrap(),
    };
    text
}

fn it_comes_back_through_import_and_out_again_identical(place: &Place) {
    let data = r#"{"n":12345678901234567890123,"m":1.10,"s":"ä漢🙂\u001b[31m\u0085","o":{"b":[1e3,-0.00]}}"#;
    for stream in ["account-1", "account-2+x", "account-1", "other-1"] {
        place.run(&["write", stream, "É", "--data", data, "--metadata", "{\"a\": null}"]).done();
    }
    fill(place, 40);
    for name in ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"] {
        let path = place.user.home().join(name);
        let file = path.to_str().unwrap();
        let told = place.run(&["export", "-o", file]);
        assert_eq!((told.status, told.stdout.as_str()), (0, ""), "{told:?}");
        assert_eq!(unpacked(&path), place.run(&["export"]).done());
        // How an import unpacks is its own test's matter.
        if name != "all.ndjson.zst" {
            continue;
        }
        let directory = format!("copy-{name}");
        let copy =
            |arguments: &[&str]| place.user.run(&[&["--embedded", &directory, "-n", "copy"], arguments].concat());
        place.user.run(&["--embedded", &directory, "ns", "create", "copy"]).done();
        copy(&["import", file, "--keep-global-positions"]).done();
        assert_eq!(copy(&["export"]).done(), unpacked(&path), "{name}");
    }
}

fn a_killed_export_is_carried_on(place: &Place) {
    fill(place, 6_000);
    let expected = place.run(&["export"]).done();
    for (round, name) in ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"].into_iter().enumerate() {
        let path = place.user.home().join(name);
        let file = path.to_str().unwrap();
        for kill in 0..4_u64 {
            let mut command = place.user.command();
            let arguments = place.arguments(&["export", "-o", file, "--resume"]);
            let mut child = command.args(arguments).stderr(Stdio::null()).spawn().unwrap();
            let longest = if place.database.is_some() { 150 } else { 1_500 };
            let moment = (round as u64 * 7_919 + kill * 104_729 + u64::from(std::process::id())) % longest;
            std::thread::sleep(Duration::from_millis(moment));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let told = place.run(&["export", "-o", file, "--resume"]);
        assert_eq!(told.status, 0, "{told:?}");
        assert!(unpacked(&path) == expected, "{name} differs");
        assert!(!part_of(&path).exists());
    }
}

fn part_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", path.display()))
}

fn what_cannot_be_exported_is_refused(place: &Place) {
    assert_eq!(place.run(&["export", "--resume"]).status, 2);
    assert_eq!(place.run(&["export", "--since", "soon"]).status, 2);
    fill(place, 1);
    let told = place.run(&["export", "-o", "no/such/directory/file"]).failed(1);
    assert!(told.contains("no/such/directory/file.part"), "{told}");
}

fn a_reader_that_goes_away_ends_it_quietly(place: &Place) {
    fill(place, 5_000);
    let mut command = place.user.command();
    let arguments = place.arguments(&["export"]);
    let mut child = command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 64];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[cfg(target_os = "linux")]
fn a_full_disk_behind_standard_output_is_told(place: &Place) {
    fill(place, 1_000);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.user.command().args(place.arguments(&["export"])).stdout(full).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("No space left on device"), "{told}");
}

/// A limit on the size of files stands in for the end of a disk: the write fails in the same way. It lies above the 16 MiB of the files
/// that an embedded server keeps its log in.
#[cfg(target_os = "linux")]
fn on_a_full_disk_what_was_written_is_kept_and_carried_on_elsewhere(place: &Place) {
    const LIMIT: &str = "20000";
    let body = "x".repeat(500_000);
    let line = |n: usize| format!("{{\"stream\":\"long-{n}\",\"type\":\"T\",\"data\":{{\"body\":\"{body}\"}}}}\n");
    let told = place.run_with_input(&["import", "-"], &(0..60).map(line).collect::<String>());
    assert_eq!(told.status, 0, "{told:?}");
    let expected = place.run(&["export"]).done();
    let arguments = place.arguments(&["export", "-o", "all.ndjson"]);
    let mut limited = place.user.command_of("bash");
    let script = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
    limited.args(["-c", script, LIMIT, env!("CARGO_BIN_EXE_streamscope")]).args(&arguments);
    let told = super::support::program::outcome(&mut limited);
    assert_eq!(told.status, 1, "{told:?}");
    assert!(told.stderr.contains("all.ndjson.part") && told.stderr.contains("--resume"), "{told:?}");
    let path = place.user.home().join("all.ndjson");
    assert!(!path.exists());
    // An embedded server meets the limit itself, in a file that it sorts in.
    let kept = part_of(&path).metadata().unwrap().len();
    assert!(kept > 10_000_000 || place.database.is_none(), "{kept} bytes");
    let told = place.user.run(&[arguments.as_slice(), &["--resume"]].concat());
    assert_eq!(told.status, 0, "{told:?}");
    assert!(unpacked(&path) == expected);
}
