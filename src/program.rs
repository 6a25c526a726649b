//! The program: reads the arguments, installs the hooks, and starts a command or the screen. It is the only module that
//! knows both the commands and the screen, and it contains nothing of either.

mod databases;
mod reports;
mod screen;
mod secrets;

use std::env;
use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use color_eyre::eyre::{Result, WrapErr as _};

use crate::cli;
use crate::cli::arguments::Arguments;
#[cfg(unix)]
use crate::cli::common::Common;
use crate::cli::database::PasswordCommands;
use crate::cli::error::CommandError;
use crate::config::Config;
use crate::fold::{protocol, worker};
#[cfg(unix)]
use crate::store::connect::without_passwords;
use secrets::Secrets;
#[cfg(unix)]
use secrets::with_url;

/// Runs the program.
///
/// # Errors
/// Returns an error if a hook or the asynchronous runtime cannot be set up. All other errors are reported on standard
/// error and become an exit status.
pub fn main() -> Result<ExitCode> {
    if env::args_os().nth(1).is_some_and(|first| first == protocol::COMMAND) {
        return Ok(worker::run());
    }
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix replaces the process"))]
    let mut arguments = match cli::parse(env::args_os()) {
        Ok(arguments) => arguments,
        Err(status) => return Ok(ExitCode::from(status)),
    };
    #[cfg(unix)]
    keep_password_from_process_list(&mut arguments.common);
    let secrets = Secrets::of(arguments.common.url.as_deref());
    reports::install(&secrets)?;
    if let Some(path) = arguments.common.log.as_deref().filter(|path| !path.as_os_str().is_empty())
        && let Err(error) = reports::log_to(path, &secrets)
    {
        return Ok(ExitCode::from(cli::report(&CommandError::usage(format!("{error:#}")))));
    }
    #[cfg(debug_assertions)]
    if let Ok(message) = env::var("STREAMSCOPE_TEST_PANIC") {
        // A test reads the output of this panic.
        panic!("{message}");
    }
    // Two threads, so that one can handle signals while output blocks the other.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .wrap_err("cannot start the asynchronous runtime")?;
    let status = runtime.block_on(run(arguments));
    runtime.shutdown_background();
    Ok(ExitCode::from(status))
}

/// The variable in which the URL with its password is passed on to the new run.
#[cfg(unix)]
const WHOLE_URL: &str = "STREAMSCOPE_WHOLE_URL";

/// Replaces this process with a new run without the password in its arguments, if the URL there contains one. All users
/// can read the arguments of a process, but only its owner can read its environment.
#[cfg(unix)]
fn keep_password_from_process_list(common: &mut Common) {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let Some(url) = common.url.as_deref() else { return };
    if let Some(whole) = env::var(WHOLE_URL).ok().filter(|whole| without_passwords(whole).as_deref() == Some(url)) {
        common.url = Some(whole);
        return;
    }
    let given: Vec<_> = env::args_os().collect();
    if let Some(shown) = without_passwords(url).filter(|shown| shown != url)
        && let (Some((name, arguments)), Ok(program)) =
            (with_url(&given, url, &shown).split_first(), env::current_exe())
    {
        // This returns only on failure. Then the password stays visible, and everything else works.
        let _ = Command::new(program).arg0(name).args(arguments).env(WHOLE_URL, url).exec();
    }
}

/// Runs a command, or the screen if there is none. Without a terminal, `--demo` prints an overview instead of opening
/// the screen.
async fn run(arguments: Arguments) -> u8 {
    if arguments.command.is_some() || (arguments.common.demo && !io::stdout().is_terminal()) {
        return cli::run(arguments, password_commands(false)).await;
    }
    Box::pin(screen::run(arguments)).await.unwrap_or_else(|error| cli::report(&error))
}

/// Returns how password commands are found and run.
fn password_commands(on_screen: bool) -> PasswordCommands {
    let configured = |target: &str| Ok(Config::load()?.password_command_of(target).map(str::to_owned));
    PasswordCommands { configured, on_screen }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::browser::list_key::ListKey;
    use crate::app::list_command::list_command;
    use crate::cli::commands::Command;
    use crate::message::Category;
    use crate::store::Filter;
    use crate::store::browse::Scope;

    proptest::proptest! {
        #[test]
        fn a_copied_command_has_the_filter_of_the_list(
            types in proptest::collection::vec("[ \"-~]{1,8}", 0..3),
            texts in proptest::collection::vec(proptest::option::of("[ \"-~]{1,8}"), 4),
        ) {
            let [data_path, metadata_path, text, stream_prefix] = <[_; 4]>::try_from(texts).expect("four texts");
            let since = "2026-03-01T12:00:00.000001Z".parse().ok();
            let filter = Filter { types, stream_prefix, since, text, data_path, metadata_path, ..Filter::default() };
            let list = ListKey { namespace: "shop".to_owned(), scope: Scope::Category(Category::stored("account")) };
            let words = shlex::split(&list_command(&[], &list, &filter)).expect("a command");
            let parsed = cli::parse(words.into_iter().map(Into::into)).expect("valid arguments");
            proptest::prop_assert_eq!(parsed.common.namespace.as_deref(), Some("shop"));
            let Some(Command::Tail(tail)) = parsed.command else { panic!("tail") };
            proptest::prop_assert_eq!(tail.name.as_deref(), Some("account"));
            proptest::prop_assert_eq!(tail.from, crate::cli::selection::Point::Time(since.expect("a time")));
            proptest::prop_assert_eq!(tail.until, Some(crate::cli::selection::Point::Now));
            let given = tail.matching;
            proptest::prop_assert_eq!(
                (given.types, given.path, given.where_metadata, given.contains, given.stream_prefix),
                (filter.types, filter.data_path, filter.metadata_path, filter.text, filter.stream_prefix)
            );
        }
    }
}
