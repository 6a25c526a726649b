//! `$VISUAL` or `$EDITOR` over a file of its own, which is gone afterwards.

use std::io::Write as _;
use std::process::Command;

/// Lets a person edit text; gives the text as it was left.
///
/// # Errors
/// Why there is no text, in words.
pub fn edit(text: &str, suffix: &str) -> Result<String, String> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let name = format!("streamscope-{}{suffix}", uuid::Uuid::now_v7());
    let path = std::env::temp_dir().join(name);
    let outcome = write_private(&path, text)
        .and_then(|()| Command::new(program).args(words).arg(&path).status())
        .map_err(|error| format!("{editor}: {error}"))
        .and_then(|status| if status.success() { Ok(()) } else { Err(format!("{editor}: {status}")) })
        .and_then(|()| std::fs::read(&path).map_err(|error| error.to_string()))
        .and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
        });
    // What is left behind would be a message body in a temporary directory.
    let _ = std::fs::remove_file(&path);
    outcome
}

/// A file that only its owner can read.
fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}
