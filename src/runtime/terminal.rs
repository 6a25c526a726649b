//! Takes over the terminal and restores it, in the same way on exit, panic, signal and suspend. A thread writes the
//! frames, one at a time, so that a slow terminal delays neither keys nor the end of the program.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{TerminalOptions, Viewport};
use tokio::sync::{Notify, mpsc};

use super::classic_colors;
use crate::app::State;
use crate::view;

/// Set while the terminal is taken over. The panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Locked while bytes are written to the terminal.
static WRITING: Mutex<()> = Mutex::new(());

/// The time to wait for a terminal that accepts no bytes, before it is restored without them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Notified when a task panics. The loop then ends, because the screen would otherwise continue without the task.
pub(crate) static PANICKED: Notify = Notify::const_new();

/// Restores the terminal before a panic is reported, in whatever thread it happens.
fn hook_panics() {
    static HOOKED: Once = Once::new();
    HOOKED.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            restore();
            report(panic);
            PANICKED.notify_one();
        }));
    });
}

/// Restores the terminal if it was taken over. Errors are ignored, because the terminal may be gone.
pub(crate) fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A half-written frame would swallow these sequences, but a terminal that accepts nothing must not prevent the end.
    if let Some(_writing) = lock_for(PATIENCE) {
        let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    }
    let _ = disable_raw_mode();
}

fn lock_for(patience: Duration) -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + patience;
    loop {
        match WRITING.try_lock() {
            Ok(writing) => return Some(writing),
            Err(TryLockError::Poisoned(writing)) => return Some(writing.into_inner()),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Writes bytes in one piece, unless the terminal has been restored meanwhile.
pub(crate) fn write(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    if TAKEN.load(Ordering::SeqCst) {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
    }
    Ok(())
}

/// The buffer for a frame. None of its bytes reach the terminal before it is complete.
#[derive(Clone, Default)]
struct Frame(Arc<Mutex<Vec<u8>>>);

impl Frame {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Creates a drawing surface of the size in the state. If the terminal has a new size already, the state learns it
/// next.
fn canvas(frame: &Frame, area: Rect) -> io::Result<ratatui::Terminal<CrosstermBackend<Frame>>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    ratatui::Terminal::with_options(CrosstermBackend::new(frame.clone()), options)
}

/// The terminal while the screen uses it.
pub(crate) struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Frame>>,
    frame: Frame,
    frames: mpsc::Sender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<()>>,
    /// A frame is being written.
    busy: bool,
    mouse: bool,
    /// The terminal has more than sixteen colours.
    has_more_colors: bool,
}

impl Terminal {
    /// Takes over the terminal.
    pub(crate) fn enter(mouse: bool) -> io::Result<Self> {
        hook_panics();
        let frame = Frame::default();
        let (frames, mut arriving) = mpsc::channel::<Vec<u8>>(1);
        let (tell, written) = mpsc::channel(1);
        thread::Builder::new().name("output".to_owned()).spawn(move || {
            while let Some(bytes) = arriving.blocking_recv() {
                if tell.blocking_send(write(&bytes)).is_err() {
                    return;
                }
            }
        })?;
        take(mouse)?;
        match canvas(&frame, Rect::default()) {
            Ok(inner) => {
                let has_more_colors = classic_colors::has_more_colors();
                Ok(Self { inner, frame, frames, written, busy: false, mouse, has_more_colors })
            }
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Returns true while the last frame is being written. The next one must wait.
    #[must_use]
    pub(crate) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Waits until the last frame was written.
    pub(crate) async fn written(&mut self) -> io::Result<()> {
        let outcome = self.written.recv().await;
        self.busy = false;
        outcome.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// Draws the state and starts writing the frame.
    pub(crate) fn draw(&mut self, state: &State) -> io::Result<()> {
        if self.inner.get_frame().area() != state.browser.area {
            self.begin_anew(state.browser.area)?;
        }
        self.inner.draw(|frame| view::draw(frame, state))?;
        let bytes = self.frame.take();
        let bytes = if self.has_more_colors { bytes } else { classic_colors::classic(&bytes) };
        self.frames.try_send(bytes).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.busy = true;
        Ok(())
    }

    /// Makes the next frame a full one.
    pub(crate) fn redraw(&mut self) -> io::Result<()> {
        let area = self.inner.get_frame().area();
        self.begin_anew(area)
    }

    /// Lends the terminal to another program, and restores its settings afterwards.
    pub(crate) async fn aside<T>(&self, run: impl Future<Output = T>) -> T {
        restore();
        let settings = TerminalModes::now();
        let outcome = run.await;
        settings.set();
        outcome
    }

    /// Takes over the terminal again. The next frame is a full one.
    pub(crate) fn retake(&mut self) -> io::Result<()> {
        restore();
        take(self.mouse)?;
        self.redraw()
    }

    /// Clears the terminal and draws every cell in the next frame. Ratatui's own clearing asks the terminal for the
    /// cursor position and waits for the answer, which another reader may have taken.
    fn begin_anew(&mut self, area: Rect) -> io::Result<()> {
        self.inner = canvas(&self.frame, area)?;
        crossterm::queue!(self.frame, crossterm::terminal::Clear(crossterm::terminal::ClearType::All))
    }

    /// Restores the terminal, stops until the shell continues the program, and takes over the terminal again.
    pub(crate) fn suspend(&mut self, whom: Stopped) -> io::Result<()> {
        restore();
        stop(whom);
        self.retake()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

/// The settings of the restored terminal, to be set again after another program that may change them.
struct TerminalModes(#[cfg(unix)] Option<rustix::termios::Termios>);

impl TerminalModes {
    fn now() -> Self {
        Self(
            #[cfg(unix)]
            rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
        )
    }

    /// Sets them again. This fails only if the terminal is gone, which is noticed elsewhere.
    fn set(&self) {
        #[cfg(unix)]
        if let Some(settings) = &self.0 {
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), rustix::termios::OptionalActions::Now, settings);
        }
    }
}

/// The processes that stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// All processes in the foreground, as for Ctrl-Z. A parent that waits for this program would otherwise keep the
    /// shell waiting.
    Foreground,
    /// Only this program, which received a signal.
    Program,
}

/// Stops until continued.
#[cfg(unix)]
pub(crate) fn stop(whom: Stopped) {
    use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
    // If the system does not let a process stop itself, the program continues.
    let _ = match whom {
        Stopped::Foreground => kill_current_process_group(Signal::STOP),
        Stopped::Program => kill_process(getpid(), Signal::STOP),
    };
}

/// Does nothing, because processes cannot stop on this system.
#[cfg(not(unix))]
pub fn stop(_: Stopped) {}

/// Returns true if a parent in the same session, such as a shell, could continue the program.
#[cfg(unix)]
#[must_use]
pub(crate) fn can_be_continued() -> bool {
    use nix::unistd::{getppid, getsid};
    // A parent or session outside the container has the ID 0. `getsid(0)` would ask for the session of this program.
    let parent = getppid();
    parent.as_raw() > 0 && getsid(Some(parent)).is_ok_and(|session| getsid(None) == Ok(session))
}

/// Returns false, because processes cannot stop on this system.
#[cfg(not(unix))]
#[must_use]
pub fn can_be_continued() -> bool {
    false
}

fn take(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    io::stdout().flush()
}
