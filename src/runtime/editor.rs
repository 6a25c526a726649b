//! Runs `$VISUAL` or `$EDITOR` on a file in a temporary directory, which is deleted afterwards. The editor stops and ends
//! with the program and never sees a password in its environment.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::process::{Child, Command};

use super::signals::{Signal, Signals};
use super::terminal::{self, Stopped};
use crate::bounded;
use crate::child_environment::without_secrets;
use crate::own_files::{self, Purpose};
use crate::temporary::TemporaryDirectory;
use crate::utf8;

/// The time that the editor may take to end with the program.
const PATIENCE: Duration = Duration::from_secs(1);

/// The way in which editing ended.
#[derive(Debug)]
pub(crate) enum Left {
    /// The editor exited: the edited text, or the reason why there is none.
    Text(Result<String, String>),
    /// A signal with this number ends the program.
    Signal(i32),
}

/// Lets the user edit text.
pub(crate) async fn edit(text: &str, suffix: &str, signals: &mut Signals) -> Left {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    // The copies that editors leave beside a file are deleted with its directory.
    let directory = match TemporaryDirectory::new() {
        Ok(directory) => directory,
        Err(error) => return Left::Text(Err(format!("cannot create a temporary directory: {error}"))),
    };
    let path = directory.path().join(format!("text{suffix}"));
    let started = own_files::open(&path, Purpose::CreateNew)
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

/// Returns the command of the editor. As in git, the shell parses the variable. `exec` replaces the shell by the editor, which
/// then receives the signals, and `env` accepts variables that are set before the command.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    without_secrets(command.as_std_mut());
    command.arg("-c").arg(format!("exec env {editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// Returns the command of the editor. Without a POSIX shell, the words of the variable are the program and its arguments.
#[cfg(not(unix))]
fn command(editor: &str, path: &Path) -> Command {
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("vi"));
    without_secrets(command.as_std_mut());
    command.args(words).arg(path);
    command
}

/// Waits until the editor exits, or until a signal ends both. The inner error is the number of that signal.
async fn left(mut child: Child, signals: &mut Signals) -> std::io::Result<Result<ExitStatus, i32>> {
    loop {
        let signal = tokio::select! {
            status = child.wait() => return status.map(Ok),
            signal = signals.next() => signal,
        };
        match signal {
            // The editor has stopped. The shell takes over only once the program stops as well.
            Signal::Stop => terminal::stop(Stopped::Program),
            // These keys were typed in the editor and are meant for it.
            Signal::End(Signals::INTERRUPT | Signals::QUIT) | Signal::Continue | Signal::Resize => {}
            Signal::End(number) => {
                end(&mut child).await;
                return Ok(Err(number));
            }
        }
    }
}

/// Asks the editor to end, so that it can restore the terminal, and kills it if it does not.
async fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw) {
        // Fails if the editor has already ended.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

fn read(path: &Path) -> Result<String, String> {
    let bytes = own_files::open(path, Purpose::Read)
        .and_then(|file| bounded::read(file, bounded::MESSAGE))
        .map_err(|error| error.to_string())?;
    utf8::into_text(bytes).map_err(|error| format!("the edited text {error}"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_shell_parses_the_editor_variable() {
        let editor = "STYLE=plain printf '<%s>' -c \"set ft=json\"";
        let output = command(editor, Path::new("/a file")).output().await.expect("a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "<-c><set ft=json></a file>");
    }
}
