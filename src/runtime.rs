//! The event loop: terminal, store, timers and signals meet here. It carries effects out, sends what comes of them back as
//! events, and draws when something changed, at most sixty times a second.

pub mod clipboard;
pub mod config;
pub mod drafts;
pub mod editor;
pub mod questions;
pub mod signals;
pub mod slots;
pub mod terminal;

use std::io;
use std::time::Duration;

use color_eyre::eyre::{self, Context as _, Result};
use crossterm::event::{Event as Input, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::app::{Effect, Event, Setup, State};
use drafts::Drafts;
pub use questions::Opening;
use signals::{Signal, Signals};
use slots::Slots;
use terminal::Terminal;

/// Shortest time between two frames.
const FRAME: Duration = Duration::from_micros(16_600);
/// How often what is animated moves.
const TICK: Duration = Duration::from_millis(100);
/// Events that may wait for the screen; whoever brings more waits.
const QUEUE: usize = 64;
/// Events taken before a frame is drawn even if more wait.
const AT_ONCE: usize = 256;

/// How the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The person left.
    Quit,
    /// A signal ended it; its number.
    Signal(i32),
    /// The terminal is gone.
    TerminalGone,
}

/// Opens the screen over a store that is being opened, and stays until it is left.
///
/// # Errors
/// The terminal cannot be set up or drawn to.
pub async fn run(opening: Opening, setup: Setup, mouse: bool) -> Result<Ended> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    let mut terminal = Terminal::enter(mouse).context("cannot set the terminal up")?;
    let (events, mut arriving) = mpsc::channel(QUEUE);
    let drafts = Drafts::new(&setup.target);
    let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
    let (state, effects) = State::new(setup, Rect::new(0, 0, width, height), Timestamp::now());
    let mut screen = Screen { state, slots: Slots::new(opening, events.clone()), drafts, events, editing: None };
    if let Some(draft) = screen.drafts.load() {
        screen.state.update(Event::DraftFound(draft), Timestamp::now());
    }
    let mut ended = screen.carry_out(effects);
    let mut inputs = EventStream::new();
    let mut changed = true;
    let mut last_frame = Instant::now().checked_sub(FRAME).unwrap_or_else(Instant::now);
    loop {
        if changed && last_frame.elapsed() >= FRAME {
            if terminal.draw(&screen.state).is_err() {
                return Ok(Ended::TerminalGone);
            }
            last_frame = Instant::now();
            changed = false;
        }
        let animated = screen.state.animated();
        tokio::select! {
            biased;
            () = terminal::PANICKED.notified() => eyre::bail!("a part of the program panicked, so it ended"),
            signal = signals.next() => match signal {
                Signal::End(number) => return Ok(Ended::Signal(number)),
                Signal::Stop => ended = ended.or(Some(Step::Suspend)),
            },
            input = inputs.next() => match input {
                None | Some(Err(_)) => return Ok(Ended::TerminalGone),
                Some(Ok(input)) => if let Some(event) = event_of(input) {
                    ended = ended.or(screen.handle(event));
                    changed = true;
                },
            },
            event = arriving.recv() => if let Some(event) = event {
                ended = ended.or(screen.handle(event));
                changed = true;
            },
            () = tokio::time::sleep_until(last_frame + FRAME), if changed => {}
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
            Some(Step::Suspend) => {
                drop(inputs);
                terminal.suspend()?;
                inputs = EventStream::new();
                let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
                screen.handle(Event::Resize(width, height));
                changed = true;
            }
            Some(Step::Edit) => {
                if let Some((text, suffix)) = screen.editing.take() {
                    drop(inputs);
                    let edited = terminal.aside(|| editor::edit(&text, suffix))?;
                    inputs = EventStream::new();
                    ended = screen.handle(Event::Edited(edited));
                    changed = true;
                }
            }
        }
    }
}

/// What the loop itself must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Quit,
    Suspend,
    Edit,
}

/// The state and everybody who acts for it.
struct Screen {
    state: State,
    slots: Slots,
    drafts: Drafts,
    events: mpsc::Sender<Event>,
    editing: Option<(String, &'static str)>,
}

impl Screen {
    fn handle(&mut self, event: Event) -> Option<Step> {
        let effects = self.state.update(event, Timestamp::now());
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<Step> {
        let mut step = None;
        for effect in effects {
            match effect {
                Effect::Ask { slot, generation, question, after } => {
                    self.slots.ask(slot, generation, question, after);
                }
                Effect::Stop(slot) => self.slots.stop(slot),
                Effect::Follow { generation, namespace, scope, after } => {
                    self.slots.follow(generation, namespace, scope, after);
                }
                Effect::StopFollowing => self.slots.stop_following(),
                Effect::Copy { text, what } => {
                    let events = self.events.clone();
                    // The clipboard of a desktop can keep one waiting, which the screen must not.
                    tokio::task::spawn_blocking(move || {
                        let outcome = clipboard::copy(&text).map(|how| format!("{what} copied{how}"));
                        // Fails only where the screen is gone.
                        let _ = events.blocking_send(Event::Copied(outcome));
                    });
                }
                Effect::Edit { text, suffix } => {
                    self.editing = Some((text, suffix));
                    step = Some(Step::Edit);
                }
                Effect::SaveDraft(draft) => {
                    if let Err(error) = self.drafts.save(&draft) {
                        tracing::warn!(%error, "the draft could not be kept on disk");
                    }
                }
                Effect::DropDraft => self.drafts.discard(),
                Effect::Suspend => step = Some(Step::Suspend),
                Effect::Quit => step = Some(Step::Quit),
            }
        }
        step
    }
}

/// The terminal's event as the screen's; none for what means nothing to it.
fn event_of(input: Input) -> Option<Event> {
    match input {
        Input::Key(key) if key.kind != KeyEventKind::Release => Some(Event::Key(key)),
        Input::Paste(text) => Some(Event::Paste(text)),
        Input::Mouse(mouse) if mouse.kind != crossterm::event::MouseEventKind::Moved => Some(Event::Mouse(mouse)),
        Input::Resize(width, height) => Some(Event::Resize(width, height)),
        _ => None,
    }
}

/// Why the screen cannot be opened here, if so.
#[must_use]
pub fn refusal() -> Option<String> {
    use io::IsTerminal as _;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Some(
            "the screen opens on a terminal, and this is not a terminal: streamscope --help lists commands".to_owned(),
        );
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Some("TERM=dumb cannot show the screen: streamscope --help lists commands".to_owned());
    }
    None
}
