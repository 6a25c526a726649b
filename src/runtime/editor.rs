//! `$VISUAL` or `$EDITOR` over a file of its own, which is gone afterwards. Stops and ends with the program meanwhile.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::signals::{Signal, Signals};
use super::terminal::{self, Stopped};

/// How long the editor may take to end with the program.
const PATIENCE: Duration = Duration::from_secs(1);

/// How an editor was left.
#[derive(Debug)]
pub enum Left {
    /// With the text as it was left, or why there is none, in words.
    Text(Result<String, String>),
    /// By a signal that ends the program; its number.
    Signal(i32),
}

/// Lets a person edit text.
pub async fn edit(text: &str, suffix: &str, signals: &mut Signals) -> Left {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    let name = format!("streamscope-{}{suffix}", uuid::Uuid::now_v7());
    let path = std::env::temp_dir().join(name);
    let started = write_private(&path, text).and_then(|()| command(&editor, &path).spawn());
    let left = match started {
        Ok(child) => match left(child, signals).await {
            Ok(Ok(status)) if status.success() => Left::Text(read(&path)),
            Ok(Ok(status)) => Left::Text(Err(format!("{editor}: {status}"))),
            Ok(Err(signal)) => Left::Signal(signal),
            Err(error) => Left::Text(Err(format!("{editor}: {error}"))),
        },
        Err(error) => Left::Text(Err(format!("{editor}: {error}"))),
    };
    // What is left behind would be a message body in a temporary directory.
    let _ = std::fs::remove_file(&path);
    left
}

/// The editor as git runs it: what the variable holds is read by the shell, with quotes and variables of its own. The shell then becomes the
/// editor, which so gets its signals; `env` takes variables that are set in front of it.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec env {editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// Where there may be no such shell, the words of the variable are what is run.
#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("vi"));
    command.args(words).arg(path);
    command
}

/// Waits for the editor's end, or for the signal that ends both; an inner error is that signal's number.
async fn left(mut child: Child, signals: &mut Signals) -> std::io::Result<Result<ExitStatus, i32>> {
    loop {
        let signal = tokio::select! {
            status = child.wait() => return status.map(Ok),
            signal = signals.next() => signal,
        };
        match signal {
            // The editor stopped, so the shell gets its turn only if everybody does.
            Signal::Stop => terminal::stop(Stopped::Program),
            // Typed in the editor, and meant for it.
            Signal::End(Signals::INTERRUPT | Signals::QUIT) | Signal::Continue | Signal::Resize => {}
            Signal::End(number) => {
                end(&mut child).await;
                return Ok(Err(number));
            }
        }
    }
}

/// Asks the editor to end, which lets it tidy its terminal up; kills it where it does not.
async fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw) {
        // Fails where it has ended already.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| format!("not UTF-8 at byte {}", error.utf8_error().valid_up_to()))
}

/// A file that only its owner can read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_editor_is_a_command_of_the_shell() {
        let editor = "STYLE=plain printf '<%s>' -c \"set ft=json\"";
        let output = command(editor, Path::new("/a file")).output().await.expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "<-c><set ft=json></a file>");
    }
}
