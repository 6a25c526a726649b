//! A process group of its own for a command that runs beside the screen. The system stops the group if it reads the
//! terminal, whose keys belong to the screen, and the whole group ends if the command is abandoned.

use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// How often a running command is checked.
const LOOK: Duration = Duration::from_millis(100);

/// A process group. It is killed when this is dropped.
pub(super) struct Group(Option<Pid>);

pub(super) fn start_in_group(command: &mut Command) {
    command.process_group(0);
}

impl Group {
    /// Returns the group of a child that was started with [`start_in_group`]; `None` if the child has already ended.
    pub(super) fn of(child: &tokio::process::Child) -> Option<Self> {
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)?;
        Some(Self(Some(pid)))
    }

    /// Lets the group live, because the command has ended and what it left behind does so on purpose.
    pub(super) fn let_live(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // It fails only if no process is left.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Returns once the group is stopped. Without a group, it never returns.
pub(super) async fn stopped(group: Option<&Group>) {
    let Some(pid) = group.and_then(|group| group.0) else { return std::future::pending().await };
    // NOWAIT leaves the status to tokio.
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        tokio::time::sleep(LOOK).await;
        if let Ok(Some(_)) = waitid(WaitId::Pid(pid), options) {
            return;
        }
    }
}
