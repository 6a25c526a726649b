//! Runs the program in a pseudo-terminal. Tests type keys, and an emulator reads the screen. Every wait has a timeout,
//! and a failed wait prints the screen.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use super::program::{User, processor_ticks};

/// The timeout of every wait.
const LIMIT: Duration = Duration::from_secs(30);
/// The default number of columns and rows.
pub(crate) const SIZE: (u16, u16) = (160, 45);

/// How a program on a terminal ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Exit status, or 128 + n if signal n ended the program.
    pub status: u32,
    /// Whether the terminal has the settings that it had before the program started.
    pub settings_kept: bool,
    /// All bytes that were written to the terminal.
    pub bytes: Vec<u8>,
}

struct Seen {
    emulator: vt100::Parser,
    bytes: Vec<u8>,
    closed: bool,
    hung_up: bool,
    /// The terminal accepts no bytes.
    stuck: bool,
}

/// A running program and its terminal.
pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn std::io::Write + Send>>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    settings: String,
}

impl Screen {
    /// Starts the program in a user's environment.
    pub(crate) fn start(user: &User, arguments: &[&str]) -> Self {
        Self::start_with(user, arguments, &[], SIZE)
    }

    /// Starts the program with these variables and this size.
    pub(crate) fn start_with(user: &User, arguments: &[&str], variables: &[(&str, &str)], size: (u16, u16)) -> Self {
        let program = user.command().get_program().to_owned();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        Self::spawn(user, command, variables, size)
    }

    /// Starts the program under a shell with job control. The shell prints `back at the shell` when the program stops
    /// or ends, and resumes it after a line is typed.
    pub(crate) fn start_under_shell(user: &User, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        let program = user.command().get_program().to_string_lossy().into_owned();
        command.args(["-mc", r#""$@"; echo "back at the shell"; read line; fg; echo "ended with $?""#, "sh", &program]);
        command.args(arguments);
        Self::spawn(user, command, variables, SIZE)
    }

    /// Starts another program in the same environment.
    pub(crate) fn start_other(user: &User, words: &[&str], variables: &[(&str, &str)], size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        Self::spawn(user, command, variables, size)
    }

    fn spawn(user: &User, mut command: CommandBuilder, variables: &[(&str, &str)], size: (u16, u16)) -> Self {
        let pair = native_pty_system().openpty(pty_size(size)).expect("a pseudo-terminal");
        command.env_clear();
        for (name, value) in user.command().get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("TERM", "xterm-256color");
        // Copying must go through the terminal, so that tests leave the clipboard alone.
        command.env("SSH_CONNECTION", "test");
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(user.home());
        let settings = settings_of(&*pair.master);
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let emulator = vt100::Parser::new(cells(size.1), cells(size.0), 0);
        let seen = Arc::new((
            Mutex::new(Seen { emulator, bytes: Vec::new(), closed: false, hung_up: false, stuck: false }),
            Condvar::new(),
        ));
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                // The end of a pseudo-terminal is an error on Linux.
                let length = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = lock(&shared.0);
                if seen.hung_up {
                    return;
                }
                seen.emulator.process(&buffer[..length]);
                seen.bytes.extend_from_slice(&buffer[..length]);
                seen.closed = length == 0;
                shared.1.notify_all();
                while seen.stuck {
                    seen = shared.1.wait(seen).unwrap_or_else(PoisonError::into_inner);
                }
                if length == 0 {
                    return;
                }
            }
        });
        Self { child, master: Some(pair.master), writer: Some(writer), seen, settings }
    }

    /// Types keys. `\x1b` is Esc and `\r` is Enter.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(keys.as_bytes()).expect("typed");
        writer.flush().expect("typed");
        self
    }

    /// Pastes text as a terminal does.
    pub(crate) fn paste(&mut self, text: &str) -> &mut Self {
        self.keys(&format!("\x1b[200~{text}\x1b[201~"))
    }

    /// Types keys repeatedly until a text is on the screen.
    pub(crate) fn keys_until(&mut self, keys: &str, text: &str) -> &mut Self {
        let until = Instant::now() + LIMIT;
        while !self.contents().contains(text) {
            assert!(Instant::now() < until, "not on screen: {text}\n{}", self.contents());
            self.keys(keys);
            thread::sleep(Duration::from_millis(150));
        }
        self
    }

    /// Waits until the screen meets a condition. `what` describes the condition.
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let until = Instant::now() + LIMIT;
        let mut seen = lock(&self.seen.0);
        while !is_so(seen.emulator.screen()) {
            let left = until.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "not on screen: {what}\n{}", seen.emulator.screen().contents());
            assert!(
                !seen.closed,
                "the program ended before this was on screen: {what}\n{}",
                seen.emulator.screen().contents()
            );
            seen = self.seen.1.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(seen);
        self
    }

    /// Waits until a text is on the screen.
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        self.wait(text, |screen| screen.contents().contains(text))
    }

    /// Waits until a text is no longer on the screen.
    pub(crate) fn hides(&mut self, text: &str) -> &mut Self {
        self.wait(&format!("no {text}"), |screen| !screen.contents().contains(text))
    }

    /// Waits until one line of the screen contains all of these texts.
    pub(crate) fn shows_line(&mut self, texts: &[&str]) -> &mut Self {
        self.wait(&format!("a line with {texts:?}"), |screen| {
            screen.contents().lines().any(|line| texts.iter().all(|text| line.contains(text)))
        })
    }

    /// Returns the current text of the screen.
    pub(crate) fn contents(&self) -> String {
        lock(&self.seen.0).emulator.screen().contents()
    }

    /// Returns what a function makes of the current screen.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&vt100::Screen) -> T) -> T {
        read(lock(&self.seen.0).emulator.screen())
    }

    /// Returns all bytes written to the terminal so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        lock(&self.seen.0).bytes.clone()
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) -> &mut Self {
        lock(&self.seen.0).emulator.screen_mut().set_size(cells(rows), cells(columns));
        let master = self.master.as_ref().expect("the terminal is open");
        master.resize(pty_size((columns, rows))).expect("resized");
        self
    }

    /// Makes the terminal stop accepting bytes, or accept them again.
    pub(crate) fn stuck(&mut self, stuck: bool) -> &mut Self {
        lock(&self.seen.0).stuck = stuck;
        self.seen.1.notify_all();
        self
    }

    /// Changes the whole screen with keys and sizes until the program blocks on writing to the stuck terminal.
    pub(crate) fn fill_the_terminal(&mut self, keys: &str, sizes: [(u16, u16); 2]) {
        let path = format!("/proc/{}/io", self.pid().as_raw_nonzero());
        let written = || {
            let io = std::fs::read_to_string(&path).expect("the program is running");
            let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: "));
            bytes.and_then(|bytes| bytes.parse::<u64>().ok()).expect("a number of bytes")
        };
        let until = Instant::now() + LIMIT;
        let mut same = 0;
        // The program never goes this long without drawing a frame here.
        while same < 30 {
            let before = written();
            for (columns, rows) in sizes {
                self.keys(keys).resize(columns, rows);
            }
            thread::sleep(Duration::from_millis(20));
            // Threads wake each other with eight bytes. A frame of another size has thousands.
            same = if written() - before < 500 { same + 1 } else { 0 };
            assert!(Instant::now() < until, "the terminal's buffer never fills up");
        }
    }

    /// Returns the resident memory of the program in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).expect("the program is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the status has this line");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program is running");
    }

    /// Waits until the process is in a state, as in `/proc/PID/stat`.
    pub(crate) fn wait_for_process_state(&self, state: char) {
        let path = format!("/proc/{}/stat", self.pid().as_raw_nonzero());
        let until = Instant::now() + LIMIT;
        loop {
            let stat = std::fs::read_to_string(&path).expect("the program is running");
            let now = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
            if now == Some(state) {
                return;
            }
            assert!(Instant::now() < until, "the process is in state {now:?}, not {state}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the CPU time of the program so far, in clock ticks.
    pub(crate) fn processor_ticks(&self) -> u64 {
        processor_ticks(self.pid().as_raw_nonzero().get().unsigned_abs())
    }

    /// Returns whether the terminal has the settings that it had before the program started.
    pub(crate) fn settings_kept(&self) -> bool {
        self.master.as_ref().is_some_and(|master| settings_of(&**master) == self.settings)
    }

    /// Closes the terminal and waits for the program to end. Returns its exit status. The program must be drawing,
    /// because only its next frame releases the reader.
    pub(crate) fn hang_up(mut self) -> u32 {
        lock(&self.seen.0).hung_up = true;
        drop((self.master.take(), self.writer.take()));
        self.exit_code()
    }

    /// Waits for the program to end while its terminal accepts no bytes. Returns its exit status.
    pub(crate) fn end_stuck(mut self) -> u32 {
        let status = self.exit_code();
        self.stuck(false);
        status
    }

    /// Waits for the program to end.
    pub(crate) fn end(mut self) -> Ended {
        let status = self.exit_code();
        let mut seen = lock(&self.seen.0);
        while !seen.closed {
            seen = self.seen.1.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
        let bytes = seen.bytes.clone();
        drop(seen);
        Ended { status, settings_kept: self.settings_kept(), bytes }
    }

    fn exit_code(&mut self) -> u32 {
        let until = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of this process") {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "the program does not end:\n{}", self.contents());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns the program's PID.
    pub(crate) fn pid(&self) -> Pid {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok());
        Pid::from_raw(pid.expect("a running program")).expect("not zero")
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The program has already ended if the test passed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn settings_of(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios().expect("the terminal has settings"))
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a cell")
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}
