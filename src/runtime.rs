//! The event loop: connects terminal, store, timers and signals. It carries out effects, reports their results as events, and
//! draws after changes, at most sixty times a second. It decides nothing about the content of the screen.

pub mod clipboard;
pub mod config;
pub mod drafts;
pub mod editor;
pub mod input;
pub mod pace;
#[cfg(unix)]
mod pastes;
pub mod questions;
pub mod signals;
pub mod slots;
pub mod terminal;

use std::io;
use std::pin::pin;
use std::time::Duration;

use color_eyre::eyre::{self, Context as _, Result};
use crossterm::event::{Event as Input, KeyEventKind};
use jiff::Timestamp;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::app::{Effect, Event, ScreenSettings, State};
use crate::clock;
use drafts::Drafts;
use editor::Left;
use input::Inputs;
use pace::Pace;
pub use questions::{Attempt, Opening};
use signals::{Signal, Signals};
use slots::Slots;
use terminal::{Stopped, Terminal};

/// The interval of animations.
const TICK: Duration = Duration::from_millis(100);
/// The most events that may be queued for the loop. Senders of more wait.
const QUEUE: usize = 64;
/// The most events that are handled before the next frame.
const AT_ONCE: usize = 256;

/// The reason why the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user quit.
    Quit,
    /// A signal with this number ended it.
    Signal(i32),
    /// The terminal went away.
    TerminalGone,
}

/// Runs the screen until it ends. The store may still be opening.
pub async fn run(opening: Opening, setup: ScreenSettings, mouse: bool) -> Result<Ended> {
    let mut signals = Signals::new().context("cannot handle signals")?;
    let mut terminal = Terminal::enter(mouse).context("cannot set up the terminal")?;
    let (events, mut arriving) = mpsc::channel(QUEUE);
    let drafts = Drafts::new(&setup.target);
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    let (state, effects) = State::new(setup, Rect::new(0, 0, width, height), clock::now());
    let mut screen = Screen { state, slots: Slots::new(opening, events.clone()), drafts, events, editing: None };
    let found = screen.drafts.load();
    if !found.is_empty() {
        screen.state.update(Event::DraftsFound(found), clock::now());
    }
    let mut ended = screen.carry_out(effects);
    let mut inputs = Inputs::new().context("cannot read from the terminal")?;
    let mut gone = pin!(input::gone());
    #[cfg(debug_assertions)]
    let mut panic_in = std::env::var("STREAMSCOPE_TEST_PANIC_IN").ok();
    let mut changed = true;
    let mut pace = Pace::new(Instant::now());
    loop {
        if changed && !terminal.is_busy() && Instant::now() >= pace.due() {
            if terminal.draw(&screen.state).is_err() {
                return Ok(Ended::TerminalGone);
            }
            pace.drawn(Instant::now());
            changed = false;
            #[cfg(debug_assertions)]
            panic_for_a_test(panic_in.take().as_deref());
        }
        let (animated, busy) = (screen.state.animated(), terminal.is_busy());
        tokio::select! {
            biased;
            () = terminal::PANICKED.notified() => eyre::bail!("a task panicked; please report this as a bug"),
            () = &mut gone => return Ok(Ended::TerminalGone),
            signal = signals.next() => match signal {
                Signal::End(number) => return Ok(Ended::Signal(number)),
                Signal::Stop => ended = ended.or(Some(Step::Suspend(Stopped::Program))),
                Signal::Continue => {
                    terminal.retake()?;
                    screen.measure();
                    changed = true;
                }
                Signal::Resize => {
                    screen.measure();
                    changed = true;
                }
            },
            input = inputs.next() => match input {
                None => return Ok(Ended::TerminalGone),
                // The size in the event may be older than the one that a signal has reported.
                Some((Input::Resize(..), _)) => {
                    screen.measure();
                    changed = true;
                }
                Some((input, at)) => if let Some(event) = event_of(input) {
                    ended = ended.or(screen.handle_at(event, at));
                    changed = true;
                },
            },
            event = arriving.recv() => if let Some(event) = event {
                ended = ended.or(screen.handle(event));
                changed = true;
            },
            written = terminal.written(), if busy => if written.is_err() {
                return Ok(Ended::TerminalGone);
            },
            () = tokio::time::sleep_until(pace.due()), if changed && !busy => {}
            () = tokio::time::sleep(TICK), if animated => {
                screen.handle(Event::Tick);
                changed = true;
            }
        }
        for _ in 0..AT_ONCE {
            let Ok(event) = arriving.try_recv() else { break };
            ended = ended.or(screen.handle(event));
            changed = true;
        }
        match ended.take() {
            None => {}
            Some(Step::Quit) => return Ok(Ended::Quit),
            Some(Step::Suspend(whom)) => {
                suspend(&mut terminal, &mut screen, whom)?;
                changed = true;
            }
            Some(Step::Edit) => {
                if let Some((text, suffix)) = screen.editing.take() {
                    inputs.stop().await;
                    let edited = match terminal.aside(editor::edit(&text, suffix, &mut signals)).await {
                        Left::Text(edited) => edited,
                        Left::Signal(number) => return Ok(Ended::Signal(number)),
                    };
                    terminal.retake()?;
                    inputs = Inputs::new()?;
                    screen.measure();
                    ended = screen.handle(Event::Edited(edited));
                    changed = true;
                }
            }
        }
    }
}

/// Stops until the shell continues the program, or reports that no shell could.
fn suspend(terminal: &mut Terminal, screen: &mut Screen, whom: Stopped) -> io::Result<()> {
    if whom == Stopped::Program || terminal::can_be_continued() {
        terminal.suspend(whom)?;
        screen.measure();
    } else {
        let why = "Cannot suspend: no shell could continue streamscope.";
        screen.handle(Event::Notice(why.to_owned()));
    }
    Ok(())
}

/// Panics on request, to test that the terminal is restored.
#[cfg(debug_assertions)]
fn panic_for_a_test(place: Option<&str>) {
    match place {
        Some("loop") => panic!("a test asked for it"),
        Some("task") => drop(tokio::spawn(async { panic!("a test asked for it") })),
        _ => {}
    }
}

/// An effect that the loop itself must carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Quit,
    Suspend(Stopped),
    Edit,
}

/// The state and the parts that carry out its effects.
struct Screen {
    state: State,
    slots: Slots,
    drafts: Drafts,
    events: mpsc::Sender<Event>,
    editing: Option<(String, &'static str)>,
}

impl Screen {
    fn handle(&mut self, event: Event) -> Option<Step> {
        self.handle_at(event, clock::now())
    }

    /// Handles an event that happened at an earlier time.
    fn handle_at(&mut self, event: Event, at: Timestamp) -> Option<Step> {
        if matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_)) {
            self.slots.hurry();
        }
        let effects = self.state.update(event, at);
        self.carry_out(effects)
    }

    /// Reads the size of the terminal.
    fn measure(&mut self) {
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.handle(Event::Resize(width, height));
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Step> {
        let mut step = None;
        for effect in effects {
            match effect {
                Effect::Ask { slot, generation, question, after } => {
                    self.slots.ask(slot, generation, question, after);
                }
                Effect::Stop(slot) => self.slots.stop(slot),
                Effect::Follow { generation, namespace, scope, filter } => {
                    self.slots.follow(generation, namespace, scope, filter);
                }
                Effect::StopFollowing => self.slots.stop_following(),
                Effect::Copy { text, what } => {
                    let events = self.events.clone();
                    // The clipboard of a desktop can be slow, and the screen must not wait for it.
                    tokio::task::spawn_blocking(move || {
                        let outcome = clipboard::copy(&text).map(|how| clipboard::report(what, how, &text));
                        // Fails only if the screen has ended.
                        let _ = events.blocking_send(Event::Copied(outcome));
                    });
                }
                Effect::Edit { text, suffix } => {
                    self.editing = Some((text, suffix));
                    step = Some(Step::Edit);
                }
                Effect::SaveDrafts(drafts) => {
                    if let Err(error) = self.drafts.save(&drafts) {
                        tracing::warn!(%error, "cannot save the drafts");
                    }
                }
                Effect::Suspend => step = Some(Step::Suspend(Stopped::Foreground)),
                Effect::Quit => step = Some(Step::Quit),
            }
        }
        step
    }
}

/// Converts an event of the terminal; none if the screen ignores it.
fn event_of(input: Input) -> Option<Event> {
    match input {
        Input::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        Input::Paste(text) => Some(Event::Paste(text)),
        Input::Mouse(mouse) if mouse.kind != crossterm::event::MouseEventKind::Moved => Some(Event::Mouse(mouse)),
        _ => None,
    }
}

/// Returns the reason why the screen cannot open here, if there is one.
#[must_use]
pub fn refusal() -> Option<String> {
    use io::IsTerminal as _;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Some(
            "cannot open the screen: this is not a terminal; streamscope --help lists the other commands".to_owned(),
        );
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Some("cannot open the screen with TERM=dumb; streamscope --help lists the other commands".to_owned());
    }
    None
}
