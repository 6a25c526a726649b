//! Tests of `export`: every message comes out once, into a file that a killed run can resume.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

#[cfg(target_os = "linux")]
use super::{blocking_transaction, following::signal};
use super::{fill, lines, positions};
use crate::support::place::{Place, in_each_place};

in_each_place!(
    export_prints_the_same_messages_as_get,
    several_names_make_one_export_in_order_of_global_positions,
    an_export_that_is_imported_and_exported_again_is_identical,
    a_killed_export_resumes,
    resume_refuses_the_part_file_of_a_different_export,
    time_bounds_find_every_message_if_times_do_not_rise,
    refuses_invalid_arguments_and_unwritable_paths,
    ends_quietly_when_the_reader_goes_away,
);

#[cfg(unix)]
in_each_place!(writes_to_devices_in_place_and_keeps_mode_and_symlinks,);

#[cfg(target_os = "linux")]
in_each_place!(
    reports_its_progress_on_sigusr1,
    reports_a_full_disk_behind_standard_output,
    keeps_the_part_file_on_a_full_disk_and_resumes_it,
);

fn export_prints_the_same_messages_as_get(place: &Place) {
    fill(place, 120);
    let category = place.run(&["get", "account", "--batch-size", "-1"]).done();
    assert_eq!(place.run(&["export", "account"]).done(), category);
    assert_eq!(place.run(&["export", "order-3"]).done(), place.run(&["get", "order-3", "--batch-size", "-1"]).done());
    let all = place.run(&["export"]).done();
    assert_eq!(all.lines().count(), 120);
    assert!(positions(&lines(&all)).is_sorted());
    let typed = place.run(&["export", "--type", "T2", "--where", "$.n < 60"]);
    assert_eq!((typed.status, typed.stdout.lines().count()), (0, 12));
    assert_eq!(place.run(&["export", "--since", "-1h", "--until", "2999-01-01"]).done(), all);
    assert_eq!(place.run(&["export", "-o", "-"]).done(), all);
    assert!(!place.user.home().join("-").exists());
    assert_eq!(place.run(&["export", "--until", "-1h"]).done(), "");
    assert_eq!(place.run(&["export", "--since", "2999-01-01"]).done(), "");
}

fn several_names_make_one_export_in_order_of_global_positions(place: &Place) {
    fill(place, 60);
    let some = place.run(&["export", "account", "account-2", "order-3"]).done();
    let streams = lines(&some);
    assert!(positions(&streams).windows(2).all(|pair| pair[0] < pair[1]), "each message once, in order");
    assert_eq!(streams.len(), 36);
}

/// Returns the lines of a file, decompressed by its extension.
fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).unwrap();
    let mut text = String::new();
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap(),
        Some("zst") => zstd::stream::read::Decoder::new(file).unwrap().read_to_string(&mut text).unwrap(),
        _ => BufReader::new(file).read_to_string(&mut text).unwrap(),
    };
    text
}

fn an_export_that_is_imported_and_exported_again_is_identical(place: &Place) {
    let data = r#"{"n":12345678901234567890123,"m":1.10,"s":"ä漢🙂\u001b[31m\u0085","o":{"b":[1e3,-0.00]}}"#;
    for stream in ["account-1", "account-2+x", "account-1", "other-1"] {
        place.run(&["write", stream, "É", "--data", data, "--metadata", "{\"a\": null}"]).done();
    }
    fill(place, 40);
    for name in ["all.ndjson", "all.ndjson.gz", "all.ndjson.zst"] {
        let path = place.user.home().join(name);
        let file = path.to_str().unwrap();
        let outcome = place.run(&["export", "-o", file]);
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
        assert_eq!(unpacked(&path), place.run(&["export"]).done());
        // Decompression has its own tests in tests/server/import.
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

fn a_killed_export_resumes(place: &Place) {
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
        let outcome = place.run(&["export", "-o", file, "--resume"]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(unpacked(&path) == expected, "{name} differs");
        assert!(!part_of(&path).exists());
    }
}

fn resume_refuses_the_part_file_of_a_different_export(place: &Place) {
    fill(place, 60);
    let path = place.user.home().join("all.ndjson");
    let part = part_of(&path);
    let all = place.run(&["export"]).done();
    let begun: String = all.split_inclusive('\n').take(20).collect();
    let last = format!("\"gpos\":{},", positions(&lines(&begun)).last().unwrap());
    let orders: String = begun.split_inclusive('\n').filter(|line| line.contains("order-")).collect();
    let resume = |arguments: &[&str]| place.run(&[&["export", "-o", "all.ndjson", "--resume"], arguments].concat());
    for (left, arguments, differs) in [
        // The twentieth message is in an order stream and has type T4.
        (&begun, &["account"][..], "these names and options do not select its last message"),
        (&begun, &["--type", "T0"], "these names and options do not select its last message"),
        (&begun, &["--since", "2999-01-01"], "these names and options do not select its last message"),
        (&orders, &[], "but it begins at"),
        (&begun.replace("\"id\":\"0", "\"id\":\"f"), &[], "is not in namespace"),
        (&begun.replace(&last, "\"gpos\":99999,"), &[], "is not in namespace"),
    ] {
        std::fs::write(&part, left).unwrap();
        let error = resume(arguments).failed(2);
        assert!(error.contains("all.ndjson.part belongs to a different export") && error.contains(differs), "{error}");
        assert_eq!(&std::fs::read_to_string(&part).unwrap(), left, "the part file does not change");
        assert!(!path.exists());
    }
    std::fs::write(&part, &begun).unwrap();
    assert_eq!(resume(&[]).status, 0);
    assert_eq!(unpacked(&path), all);
}

fn time_bounds_find_every_message_if_times_do_not_rise(place: &Place) {
    let import = |messages: &mut dyn Iterator<Item = (u32, u32)>| {
        let line = |(number, day): (u32, u32)| {
            let time = jiff::civil::date(2020, 1, 1) + jiff::Span::new().days(day);
            format!(
                "{{\"id\":\"0191b2c3-0000-7000-8000-{number:012x}\",\"stream\":\"old-{number}\",\"type\":\"T\",\"pos\":0,\
                 \"gpos\":{number},\"data\":{{}},\"meta\":null,\"time\":\"{time}T00:00:00Z\"}}\n"
            )
        };
        let lines: String = messages.map(line).collect();
        place.run_with_input(&["import", "--keep-global-positions"], &lines).done();
    };
    // One message a day, on so many global positions that export only samples them.
    import(&mut (1..=300).map(|day| (day * 1_000, day)));
    let count = |arguments: &[&str]| place.run(&[&["export"], arguments].concat()).done().lines().count();
    assert_eq!(count(&["--since", "2020-04-10"]), 201);
    assert_eq!(count(&["--since", "2020-04-10", "--until", "2020-04-20"]), 10);
    assert_eq!(count(&["--until", "2020-04-10"]), 99);
    // Newer messages come between two runs of old ones.
    fill(place, 20);
    import(&mut (1..=300).map(|day| (400_000 + day * 1_000, day)));
    assert_eq!(count(&["--since", "-1h"]), 20);
    assert_eq!(count(&["--until", "2020-04-10"]), 198);
}

#[cfg(unix)]
fn writes_to_devices_in_place_and_keeps_mode_and_symlinks(place: &Place) {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
    fill(place, 20);
    let all = place.run(&["export"]).done();
    let at = |name: &str| place.user.home().join(name);
    let pipe = at("pipe");
    assert!(place.user.command_of("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read_to_string(pipe).unwrap()
    });
    let outcome = place.run(&["export", "-o", "pipe"]);
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert_eq!(reader.join().unwrap(), all);
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(place.run(&["export", "-o", "pipe", "--resume"]).failed(2).contains("a device or a pipe"));

    std::fs::create_dir(at("directory")).unwrap();
    assert!(place.run(&["export", "-o", "directory"]).failed(2).contains("directory: this is a directory"));

    std::fs::write(at("directory/file"), "secret").unwrap();
    std::fs::set_permissions(at("directory/file"), std::fs::Permissions::from_mode(0o600)).unwrap();
    symlink("directory/file", at("link")).unwrap();
    symlink("directory/new", at("link-to-nothing")).unwrap();
    for (link, file) in [("link", "directory/file"), ("link-to-nothing", "directory/new")] {
        let outcome = place.run(&["export", "-o", link]);
        assert_eq!(outcome.status, 0, "{outcome:?}");
        assert!(std::fs::symlink_metadata(at(link)).unwrap().is_symlink());
        assert_eq!(unpacked(&at(file)), all);
    }
    assert_eq!(std::fs::metadata(at("directory/file")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[cfg(target_os = "linux")]
fn reports_its_progress_on_sigusr1(place: &Place) {
    let Some(database) = &place.database else { return };
    fill(place, 10);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        let holder = runtime.block_on(blocking_transaction(place, database));
        let mut command = place.user.command();
        let mut child =
            command.args(place.arguments(&["export"])).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        let waiting = stderr.next().unwrap();
        assert!(waiting.contains("blocked by PID"), "{waiting}");
        signal(&child, rustix::process::Signal::USR1);
        let asked = stderr.next().unwrap();
        assert!(asked.starts_with("streamscope: 0 messages, "), "{asked}");
        runtime.block_on(holder.batch_execute("rollback")).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout.split(|byte| *byte == b'\n').count(), 11, "ten lines, and nothing after the last");
    });
}

fn part_of(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.part", path.display()))
}

fn refuses_invalid_arguments_and_unwritable_paths(place: &Place) {
    assert_eq!(place.run(&["export", "--resume"]).status, 2);
    assert!(place.run(&["export", "--resume", "-o", "-"]).failed(2).contains("--resume needs a file"));
    assert_eq!(place.run(&["export", "--since", "soon"]).status, 2);
    fill(place, 1);
    let error = place.run(&["export", "-o", "no/such/directory/file"]).failed(1);
    assert!(error.contains("no/such/directory/file.part"), "{error}");
}

fn ends_quietly_when_the_reader_goes_away(place: &Place) {
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
fn reports_a_full_disk_behind_standard_output(place: &Place) {
    fill(place, 1_000);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = place.user.command().args(place.arguments(&["export"])).stdout(full).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
}

/// A limit on the file size stands in for a full disk: writes fail in the same way. It is above the 16 MiB of the log
/// files of an embedded server.
#[cfg(target_os = "linux")]
fn keeps_the_part_file_on_a_full_disk_and_resumes_it(place: &Place) {
    const LIMIT: &str = "20000";
    let body = "x".repeat(500_000);
    let line = |n: usize| format!("{{\"stream\":\"long-{n}\",\"type\":\"T\",\"data\":{{\"body\":\"{body}\"}}}}\n");
    let outcome = place.run_with_input(&["import", "-"], &(0..60).map(line).collect::<String>());
    assert_eq!(outcome.status, 0, "{outcome:?}");
    let expected = place.run(&["export"]).done();
    let arguments = place.arguments(&["export", "-o", "all.ndjson"]);
    let mut limited = place.user.command_of("bash");
    let script = "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"";
    limited.args(["-c", script, LIMIT, env!("CARGO_BIN_EXE_streamscope")]).args(&arguments);
    let outcome = crate::support::program::outcome(&mut limited);
    assert_eq!(outcome.status, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("all.ndjson.part") && outcome.stderr.contains("--resume"), "{outcome:?}");
    let path = place.user.home().join("all.ndjson");
    assert!(!path.exists());
    // An embedded server reaches the limit first, in a temporary file for sorting.
    let kept = part_of(&path).metadata().unwrap().len();
    assert!(kept > 10_000_000 || place.database.is_none(), "{kept} bytes");
    let outcome = place.user.run(&[arguments.as_slice(), &["--resume"]].concat());
    assert_eq!(outcome.status, 0, "{outcome:?}");
    assert!(unpacked(&path) == expected);
}
