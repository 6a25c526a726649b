//! Runs `$VISUAL` or `$EDITOR` on a file in a temporary directory, which is deleted afterwards. The editor stops and
//! ends with the program and never sees a password in its environment.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::signals::{Signal, Signals};
use super::terminal::{self, Stopped};
use crate::app::Edited;
use crate::bounded;
use crate::child_environment::without_secrets;
use crate::own_files::{self, Purpose};
use crate::temporary::TemporaryDirectory;
use crate::utf8;

/// The time that the editor may take to end with the program.
const PATIENCE: Duration = Duration::from_secs(1);

/// Nobody can read a text and close the editor in less time. An editor that exits earlier has probably opened a window.
const AT_ONCE: Duration = Duration::from_millis(300);

/// The way in which editing ended.
#[derive(Debug)]
pub(crate) enum Left {
    Exited(Edited),
    /// A signal with this number ends the program.
    Signal(i32, Edited),
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
        Err(error) => return failed(format!("cannot create a temporary directory: {error}")),
    };
    let path = directory.path().join(format!("text{suffix}"));
    let started = own_files::open(&path, Purpose::CreateNew)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| command(&editor, &path).spawn());
    let begin = Instant::now();
    match started {
        Ok(child) => match left(child, signals).await {
            Ok(Ok(status)) => Left::Exited(edited(&editor, status, begin.elapsed(), text, read(&path))),
            Ok(Err(signal)) => {
                let why = format!("signal {signal} ended streamscope");
                Left::Signal(signal, Edited::Failed(why, read(&path).ok().and_then(|read| saved(text, read))))
            }
            Err(error) => failed(format!("{editor}: {error}")),
        },
        Err(error) => failed(format!("{editor}: {error}")),
    }
}

fn failed(why: String) -> Left {
    Left::Exited(Edited::Failed(why, None))
}

/// Returns the outcome of an editor that ran for some time. `shown` is the text that it was given, and `read` the text
/// that it left.
fn edited(editor: &str, status: ExitStatus, took: Duration, shown: &str, read: Result<String, String>) -> Edited {
    match read {
        // Some editors exit with an error although the user has saved the text, and others crash.
        Ok(text) if !status.success() => Edited::Failed(format!("{editor}: {status}"), saved(shown, text)),
        Ok(text) if text == shown && took < AT_ONCE => Edited::AtOnce(editor.to_owned()),
        Ok(text) => Edited::Text(text),
        Err(_) if !status.success() => Edited::Failed(format!("{editor}: {status}"), None),
        Err(why) => Edited::Failed(why, None),
    }
}

/// Returns the text in the file if the user has saved a new one. An editor that ends early may have emptied the file.
fn saved(shown: &str, text: String) -> Option<String> {
    (text != shown && !text.trim().is_empty()).then_some(text)
}

/// Returns the command of the editor. As in git, the shell parses the variable. `exec` replaces the shell by the
/// editor, which then receives the signals, and `env` accepts variables that are set before the command.
#[cfg(unix)]
fn command(editor: &str, path: &Path) -> Command {
    let mut command = Command::new("sh");
    without_secrets(command.as_std_mut());
    command.arg("-c").arg(format!("exec env {editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// Returns the command of the editor. Without a POSIX shell, the words of the variable are the program and its
/// arguments.
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

    #[test]
    fn a_failed_editor_keeps_what_it_had_saved_and_one_that_exits_at_once_is_told_apart() {
        use std::os::unix::process::ExitStatusExt as _;
        let (well, wrong, killed) = (ExitStatus::from_raw(0), ExitStatus::from_raw(256), ExitStatus::from_raw(9));
        let end = |status, seconds, text: &str| {
            let took = Duration::from_secs(seconds);
            match edited("vi", status, took, "old", Ok(text.to_owned())) {
                Edited::Text(text) => text,
                Edited::AtOnce(editor) => format!("{editor} at once"),
                Edited::Failed(why, saved) => format!("{why}, {}", saved.as_deref().unwrap_or("nothing")),
            }
        };
        assert_eq!([end(well, 5, "old"), end(well, 0, "new"), end(well, 5, "")], ["old", "new", ""]);
        assert_eq!(end(well, 0, "old"), "vi at once");
        assert_eq!(
            [end(wrong, 5, "new"), end(wrong, 5, "old")],
            ["vi: exit status: 1, new", "vi: exit status: 1, nothing"]
        );
        assert_eq!(
            end(wrong, 5, "\n"),
            "vi: exit status: 1, nothing",
            "an editor that fails may have emptied the file"
        );
        assert!(end(killed, 5, "new").ends_with(", new"));
        let missing = edited("vi", well, Duration::ZERO, "old", Err("no such file".to_owned()));
        assert_eq!(missing, Edited::Failed("no such file".to_owned(), None));
    }
}
