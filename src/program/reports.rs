//! Panic and error reports on standard error, and the optional log file.
//!
//! Both pass through the redaction of `secrets`. The log never contains message bodies and never goes to the terminal.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::panic;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use color_eyre::config::{HookBuilder, Theme};
use color_eyre::eyre::{Result, WrapErr as _, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::secrets::Secrets;
use crate::own_files::append_to_named;
use crate::safe_text::safe;

/// Installs the hooks for panics and error reports. They use no colour if `NO_COLOR` is set or standard error is not a
/// terminal.
///
/// # Errors
/// Fails if a hook is already installed.
pub(super) fn install(secrets: &Secrets) -> Result<()> {
    let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let theme = if colour { Theme::dark() } else { Theme::new() };
    let (panic_hook, eyre_hook) = HookBuilder::default().theme(theme).display_env_section(false).into_hooks();
    eyre_hook.install()?;
    let secrets = secrets.clone();
    panic::set_hook(Box::new(move |info| {
        let report = secrets.redact(&panic_hook.panic_report(info).to_string());
        let mut stderr = io::stderr().lock();
        for line in report.lines() {
            // Making the text safe would remove the colours of the report.
            let _ = if colour { writeln!(stderr, "{line}") } else { writeln!(stderr, "{}", safe(line)) };
        }
    }));
    Ok(())
}

/// Starts the log, which is appended to `path`. `STREAMSCOPE_LOG_LEVEL` is error, warn, info (default), debug or trace.
///
/// # Errors
/// Fails if the file cannot be opened or the level is unknown.
pub(super) fn log_to(path: &Path, secrets: &Secrets) -> Result<()> {
    let level = env::var("STREAMSCOPE_LOG_LEVEL").unwrap_or_default();
    let level = if level.is_empty() { "info".to_owned() } else { level.to_ascii_lowercase() };
    if !["error", "warn", "info", "debug", "trace"].contains(&level.as_str()) {
        bail!("unknown STREAMSCOPE_LOG_LEVEL \"{level}\". Use error, warn, info, debug or trace");
    }
    // Only this crate's events, because those of other crates could contain parameters of queries.
    let filter = EnvFilter::try_new(format!("off,streamscope={level}"))?;
    let file = append_to_named(path).wrap_err_with(|| format!("cannot write the log {}", path.display()))?;
    let log = Log { file: Arc::new(Mutex::new(file)), secrets: secrets.clone() };
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(log).init();
    Ok(())
}

#[derive(Clone)]
struct Log {
    file: Arc<Mutex<File>>,
    secrets: Secrets,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Each call writes one whole event, so a password is never split.
impl Write for Log {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = self.secrets.redact(&String::from_utf8_lossy(event));
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
