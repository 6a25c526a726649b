//! Compares the notices that the functions print under Message DB's debug settings.

use std::process::Command;

use super::{Pair, TestStore};
use crate::support::server;

/// Returns the notices of a script in order, without the text of generated commands, which differ between the stores.
fn notices(store: &TestStore, script: &str) -> Vec<String> {
    let url = store.database.as_ref().expect("on a server").url();
    let output = Command::new(server::pg_bin().join("psql"))
        .args(["-qAtX", "-d", &url])
        .args(["-c", &format!("set search_path = \"{}\", public", store.schema), "-c", script])
        .output()
        .expect("psql");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    let notices = text.lines().filter_map(|line| line.strip_prefix("NOTICE:  "));
    notices
        .map(|line| if line.starts_with("Generated Command: ") { "Generated Command: …" } else { line }.to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn debug_settings_print_the_same_notices() {
    let pair = Pair::new().await;
    let id = "'11111111-1111-1111-1111-111111111111'";
    let calls = [
        format!("select write_message({id}, 'a-1', 'T', '{{\"a\": 1}}', '{{\"m\": null}}', -1)"),
        "select acquire_lock('a-1')".to_owned(),
        "select get_stream_messages('a-1')".to_owned(),
        "select get_stream_messages('a-1', null, null)".to_owned(),
        "select get_category_messages('a')".to_owned(),
        "select get_category_messages('a', null, null)".to_owned(),
        "select get_category_messages('a', 1, 5, 'other', 0, 3)".to_owned(),
        "select get_last_stream_message('a-1')".to_owned(),
        "select get_last_stream_message('a-1', 'T')".to_owned(),
        "select stream_version('a-1')".to_owned(),
    ];
    for setting in ["debug", "debug_write", "debug_get"] {
        for call in &calls {
            // Rolled back, because every setting writes the same message.
            let script = format!("begin; set message_store.{setting} = on; {call}; rollback");
            let (official, ours) = (notices(&pair.official.0, &script), notices(&pair.ours.0, &script));
            assert_eq!(ours, official, "{setting}: {call}");
            assert!(setting != "debug" || call.contains("version") || !ours.is_empty(), "{call} prints notices");
        }
    }
}
