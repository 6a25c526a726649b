//! The terminal taken over and given back: one list of what is switched on, undone by exit, panic, signal and suspend alike.

use std::io::{self, Stdout, Write as _};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::execute;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::CrosstermBackend;
use tokio::sync::Notify;

use crate::app::State;
use crate::view;

/// Whether there is something to give back. A panic hook has no other way to know.
static TAKEN: AtomicBool = AtomicBool::new(false);

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
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

/// The terminal while the screen has it.
pub struct Terminal {
    inner: ratatui::Terminal<CrosstermBackend<Stdout>>,
    mouse: bool,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// From the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        hook_panics();
        take(mouse)?;
        match ratatui::Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(inner) => Ok(Self { inner, mouse }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws the state.
    ///
    /// # Errors
    /// From the terminal.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        self.inner.draw(|frame| view::draw(frame, state)).map(|_| ())
    }

    /// Stops the program until the shell continues it, with the terminal given back meanwhile.
    ///
    /// # Errors
    /// From the terminal.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.aside(|| {
            #[cfg(unix)]
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
        })
    }

    /// Runs something that needs the terminal for itself.
    ///
    /// # Errors
    /// From the terminal.
    pub fn aside<T>(&mut self, run: impl FnOnce() -> T) -> io::Result<T> {
        restore();
        let outcome = run();
        take(self.mouse)?;
        self.inner.clear()?;
        Ok(outcome)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    io::stdout().flush()
}
