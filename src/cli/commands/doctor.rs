//! The command `doctor`: examines a namespace and prints what it finds, with the reason and the remedy. It never
//! repairs anything.

use std::sync::Arc;

use clap::Args;

use crate::cli::error::{CommandError, Result, Status};
use crate::cli::interrupt::Interrupt;
use crate::cli::output::Output;
use crate::cli::output::json::Object;
use crate::cli::output::paint::{Look, paint};
use crate::cli::progress::Progress;
use crate::cli::stderr;
use crate::config::Config;
use crate::message::GlobalPosition;
use crate::safe_text::SafeText;
use crate::store::Namespace;
use crate::store::browse::Scope;
use crate::store::doctor::{CHECKS, CheckStatus, DEEP_CHECKS, Finding, Scan};

const HELP: &str = "\
The result of a check is ok, warn, fail or skipped (the check could not run). Remedies are printed, never run. The \
limits for replication slots, wraparound and connections are in the configuration file ([doctor]).

JSON keys: check, status, seen, why, remedy

Exit status: 0 healthy, 8 a check failed, 9 only warnings

Examples:
  streamscope -n shop doctor
  streamscope -n shop doctor --only sequence --only transactions
  streamscope -n shop doctor --deep --format json";

/// Examine a namespace for faults
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub(crate) struct DoctorArguments {
    /// Also read every message, in bounded steps
    #[arg(long)]
    pub deep: bool,
    /// Run only the check with this ID, from the first column of the report; may be repeated
    #[arg(long, value_name = "ID")]
    pub only: Vec<String>,
    /// Start --deep at this global position
    #[arg(long, value_name = "POSITION", requires = "deep")]
    pub from: Option<GlobalPosition>,
}

/// Checks the arguments before anything is opened.
pub(super) fn check(arguments: &DoctorArguments) -> Result<()> {
    for id in &arguments.only {
        let deep = DEEP_CHECKS.contains(&id.as_str());
        if deep && !arguments.deep {
            return Err(CommandError::usage(format!("check {id} reads every message")).remedy("Add --deep"));
        }
        if !deep && !CHECKS.contains(&id.as_str()) {
            let known = CHECKS.iter().chain(&DEEP_CHECKS).copied().collect::<Vec<_>>().join(", ");
            return Err(
                CommandError::usage(format!("unknown check \"{id}\"")).remedy(format!("The checks are {known}"))
            );
        }
    }
    Ok(())
}

pub(super) async fn run(
    namespace: &Namespace,
    arguments: &DoctorArguments,
    interrupt: &mut Interrupt,
    output: &mut Output,
) -> Result<()> {
    let limits = Config::load().map_err(CommandError::usage)?.doctor_limits();
    let wanted = |id: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == id);
    let (mut worst, mut any_ran) = (CheckStatus::Ok, false);
    let examined = async { Ok(namespace.examine(&limits, wanted).await?) };
    for finding in interrupt.unless_signalled(examined).await? {
        worst = worst.max(finding.status);
        any_ran |= finding.status != CheckStatus::Skipped;
        print(&finding, output)?;
    }
    output.finish()?;
    if arguments.deep && DEEP_CHECKS.iter().any(|id| wanted(id)) {
        let (findings, ended) = scan(namespace, arguments, interrupt).await?;
        // Only the end of a scan shows that there are no faults.
        let says_something = |finding: &Finding| ended.is_ok() || finding.status > CheckStatus::Ok;
        for finding in findings.into_iter().filter(|finding| wanted(finding.check) && says_something(finding)) {
            worst = worst.max(finding.status);
            any_ran = true;
            print(&finding, output)?;
        }
        output.finish()?;
        ended?;
    }
    match worst {
        CheckStatus::Fail => Err(CommandError::new(Status::CheckFailed, "")),
        CheckStatus::Warn => Err(CommandError::new(Status::CheckWarned, "")),
        // A monitor must not take this for a healthy store.
        CheckStatus::Skipped if !any_ran => Err(CommandError::new(Status::Failed, "no check could run")),
        CheckStatus::Ok | CheckStatus::Skipped => Ok(()),
    }
}

/// Reads every message. Returns the findings, and how the scan ended. After a signal or an error, reports how to
/// continue.
async fn scan(
    namespace: &Namespace,
    arguments: &DoctorArguments,
    interrupt: &mut Interrupt,
) -> Result<(Vec<Finding>, Result<()>)> {
    let newest = interrupt.unless_signalled(async { Ok(namespace.newest(&Scope::Namespace).await?) }).await?;
    let progress = Arc::new(Progress::new(None));
    progress.set_size(newest.max(0).unsigned_abs());
    let _report = progress.answer(interrupt);
    let mut scan = Scan::from(arguments.from.unwrap_or(0));
    let mut through = None;
    let ended = loop {
        let step = async { Ok(namespace.scan_step(&mut scan).await?) };
        match interrupt.unless_signalled(step).await {
            Ok(step) => {
                through = Some(step.through);
                progress.set_messages(step.examined);
                progress.set_done(step.through.max(0).unsigned_abs());
                progress.draw();
                if step.complete {
                    break Ok(());
                }
            }
            Err(error) => break Err(error),
        }
    };
    progress.clear();
    if let (Err(_), Some(through)) = (&ended, through) {
        stderr::line(&format!(
            "streamscope: examined up to global position {through}; continue with --deep --from {}",
            through.saturating_add(1)
        ));
    }
    Ok((scan.findings(), ended))
}

fn print(finding: &Finding, output: &mut Output) -> Result<()> {
    let Finding { check, status, seen, why, remedy } = finding;
    if output.is_json() {
        Object::begin(output.buffer())
            .string("check", check)
            .string("status", status.as_str())
            .string("seen", seen)
            .string("why", why)
            .string_or_null("remedy", remedy.as_deref())
            .end();
        return Ok(output.line_done()?);
    }
    let look = match status {
        CheckStatus::Ok => Look::Plain,
        CheckStatus::Skipped => Look::Dim,
        CheckStatus::Warn | CheckStatus::Fail => Look::Failure,
    };
    let shown = format!("{:<7}", status.as_str());
    let shown = if output.colour { paint(look, &shown) } else { shown };
    output.line(&format!("{shown}  {check:<19}  {}", SafeText::line(seen)))?;
    if matches!(status, CheckStatus::Warn | CheckStatus::Fail) {
        output.line(&format!("{:30}{why}", ""))?;
        if let Some(remedy) = remedy {
            output.line(&format!("{:30}→ {}", "", SafeText::line(remedy)))?;
        }
    }
    Ok(())
}
