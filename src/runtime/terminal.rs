//! The terminal taken over and given back: one list of what is switched on, undone by exit, panic, signal and suspend alike.
//! A thread of its own writes the frames, one at a time: a slow terminal holds up neither the keys nor the end.

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

use crate::app::State;
use crate::view;

/// Whether there is something to give back. A panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Held while bytes go to the terminal.
static WRITING: Mutex<()> = Mutex::new(());

/// How long a terminal that takes no bytes is waited for before it is given back without them.
const PATIENCE: Duration = Duration::from_secs(1);

/// A task panicked: the loop ends, since the screen would go on without it.
pub static PANICKED: Notify = Notify::const_new();

/// Gives the terminal back before a panic is reported, wherever it happens.
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

/// Gives the terminal back as it was; does nothing where it was not taken. Errors are of no use here: the terminal may be
/// gone.
pub fn restore() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // A frame that is half written would swallow what follows; one that never ends must not hold up the end.
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

/// Writes bytes in one piece, unless the terminal was given back meanwhile.
///
/// # Errors
/// From the terminal.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    if TAKEN.load(Ordering::SeqCst) {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
    }
    Ok(())
}

/// Where a frame is put together. Nothing of it reaches the terminal before it is whole.
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

/// What is drawn on: as large as the state knows the terminal to be. The terminal itself may have another size already, which
/// the state is told of next.
fn canvas(frame: &Frame, area: Rect) -> io::Result<ratatui::Terminal<CrosstermBackend<Frame>>> {
    let options = TerminalOptions { viewport: Viewport::Fixed(area) };
    ratatui::Terminal::with_options(CrosstermBackend::new(frame.clone()), options)
}

/// The terminal while the screen has it.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Frame>>,
    frame: Frame,
    frames: mpsc::Sender<Vec<u8>>,
    written: mpsc::Receiver<io::Result<()>>,
    /// A frame is being written.
    busy: bool,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// From the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
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
            Ok(inner) => Ok(Self { inner, frame, frames, written, busy: false, mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Whether the last frame is still on its way; the next one waits.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Comes back when the frame that is on its way was written.
    ///
    /// # Errors
    /// From the terminal.
    pub async fn written(&mut self) -> io::Result<()> {
        let outcome = self.written.recv().await;
        self.busy = false;
        outcome.unwrap_or_else(|| Err(io::ErrorKind::BrokenPipe.into()))
    }

    /// Draws the state and sends the frame on its way.
    ///
    /// # Errors
    /// From the terminal.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        if self.inner.get_frame().area() != state.area {
            self.begin_anew(state.area)?;
        }
        self.inner.draw(|frame| view::draw(frame, state))?;
        self.frames.try_send(self.frame.take()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        self.busy = true;
        Ok(())
    }

    /// Gives the terminal to something else, and back as it was however that left it.
    pub async fn aside<T>(&self, run: impl Future<Output = T>) -> T {
        restore();
        let settings = Settings::now();
        let outcome = run.await;
        settings.set();
        outcome
    }

    /// Takes the terminal over again; the next frame is a whole one.
    ///
    /// # Errors
    /// From the terminal.
    pub fn retake(&mut self) -> io::Result<()> {
        restore();
        take(self.mouse)?;
        let area = self.inner.get_frame().area();
        self.begin_anew(area)
    }

    /// The next frame is a whole one, on an empty screen. Not ratatui's own way to clear: it asks the terminal where the cursor
    /// is, and waits for an answer that another reader may have taken.
    fn begin_anew(&mut self, area: Rect) -> io::Result<()> {
        self.inner = canvas(&self.frame, area)?;
        crossterm::queue!(self.frame, crossterm::terminal::Clear(crossterm::terminal::ClearType::All))
    }

    /// Stops the program, and who started it with it, until the shell continues them. The terminal is given back meanwhile.
    ///
    /// # Errors
    /// From the terminal.
    pub fn suspend(&mut self, whom: Stopped) -> io::Result<()> {
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

/// The settings of a terminal that was given back, to be set again after a program that may leave others behind.
struct Settings(#[cfg(unix)] Option<rustix::termios::Termios>);

impl Settings {
    /// As they are now.
    fn now() -> Self {
        Self(
            #[cfg(unix)]
            rustix::termios::tcgetattr(rustix::stdio::stdin()).ok(),
        )
    }

    /// Sets them again. Fails only where the terminal is gone, which is noticed elsewhere.
    fn set(&self) {
        #[cfg(unix)]
        if let Some(settings) = &self.0 {
            let _ = rustix::termios::tcsetattr(rustix::stdio::stdin(), rustix::termios::OptionalActions::Now, settings);
        }
    }
}

/// Who stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Everybody in the foreground, as the terminal itself does for Ctrl-Z: whoever waits for this program would not give
    /// the shell its turn.
    Foreground,
    /// This program, which was told to.
    Program,
}

/// Stops until continued.
#[cfg(unix)]
pub fn stop(whom: Stopped) {
    use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
    // Fails only where the system does not let a process stop itself, and then it goes on.
    let _ = match whom {
        Stopped::Foreground => kill_current_process_group(Signal::STOP),
        Stopped::Program => kill_process(getpid(), Signal::STOP),
    };
}

/// There is no stopping here.
#[cfg(not(unix))]
pub fn stop(_: Stopped) {}

/// Whether somebody in this session could continue the program: else stopping would end it for whoever sits there.
#[cfg(unix)]
#[must_use]
pub fn can_be_continued() -> bool {
    use nix::unistd::{getppid, getsid};
    // 0 is a session outside the container, and a parent out there (0 too) is not asked: it would mean this program.
    let parent = getppid();
    parent.as_raw() > 0 && getsid(Some(parent)).is_ok_and(|session| getsid(None) == Ok(session))
}

/// There is no stopping here.
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
