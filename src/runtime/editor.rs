//! `$VISUAL` or `$EDITOR` over a file in a directory of its own, which is gone afterwards. Stops and ends with the program meanwhile,
//! and learns no password from the environment.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::signals::{Signal, Signals};
use super::terminal::{self, Stopped};
use crate::child_environment::without_secrets;
use crate::own_files::{self, For};
use crate::temporary::TemporaryDirectory;
use crate::utf8;

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
    // In a directory of its own, with which the copies go that editors make beside a file.
    let directory = match TemporaryDirectory::new() {
        Ok(directory) => directory,
        Err(error) => return Left::Text(Err(format!("cannot make a temporary directory: {error}"))),
    };
    let path = directory.path().join(format!("text{suffix}"));
    let started = own_files::open(&path, For::Creating)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| command(&editor, &path).spawn());
    match started {
        Ok(child) => match left(child, signals).await {
            Ok(Ok(status)) if status.success() => Left::Text(read(&path)),
            Ok(Ok(status)) => Left::Text(Err(format!("{editor}: {status}"))),
            Ok(Err(signal)) => Left::Signal(signal),
            Err(error) => Left::Text(Err(format!("{editor}: {error}"))),
        },
        Err(error) => Left::Text(Err(format!("{editor}: {error}"))),
    }
}

/// The editor as git runs it: what the variable holds is read by the shell, with quotes and variables of its own. The shell then becomes the
/// editor, which so gets its signals; `env` takes variables that are set in front of it.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    without_secrets(command.as_std_mut());
    command.arg("-c").arg(format!("exec env {editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// Where there may be no such shell, the words of the variable are what is run.
#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("vi"));
    without_secrets(command.as_std_mut());
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
    let mut bytes = Vec::new();
    own_files::open(path, For::Reading)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    utf8::into_text(bytes).map_err(|error| format!("the edited text {error}"))
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
