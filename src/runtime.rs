//! The event loop: connects terminal, store, timers and signals. It carries out effects, reports their results as
//! events, and draws after changes, at most eighty times a second. It decides nothing about the content of the screen.

mod autosave;
mod classic_colors;
pub(crate) mod clipboard;
pub(crate) mod connecting;
mod draft_saver;
mod drafts;
pub(crate) mod editor;
pub(crate) mod exports;
pub(crate) mod input;
mod merge;
pub(crate) mod pace;
#[cfg(unix)]
mod pastes;
mod provenance;
pub(crate) mod questions;
pub(crate) mod session_file;
pub(crate) mod signals;
pub(crate) mod slots;
mod states;
pub(crate) mod terminal;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, Context as _, Result};
use crossterm::event::{Event as Input, KeyEventKind};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::app::{Effect, Event, State};
use crate::clock;
use crate::invocation::{self, Chosen};
use autosave::Autosave;
use connecting::{Closing, Connecting, Connector, Prepared};
use draft_saver::DraftSaver;
use drafts::Drafts;
use editor::Left;
use exports::Exports;
use input::Inputs;
use pace::Pace;
pub(crate) use questions::{Attempt, Opening};
use session_file::Session;
use signals::{Signal, Signals};
use slots::Slots;
use terminal::{Stopped, Terminal};

/// The most events that may be queued for the loop. Senders of more wait.
const QUEUE: usize = 64;
/// The longest time that a frame waits for a draft to be saved.
const HELD: Duration = Duration::from_millis(500);
/// The most events that are handled before the next frame.
const AT_ONCE: usize = 256;

/// The reason why the screen ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The user quit.
    Quit,
    /// A signal with this number ended it.
    Signal(i32),
    /// The terminal went away.
    TerminalGone,
}

/// Runs the screen until it ends. The store may still be opening.
pub(crate) async fn run(
    first: Prepared,
    session: Session,
    connector: Arc<dyn Connector>,
    mouse: bool,
) -> Result<Ended> {
    let mut events = Box::new(EventLoop::start(first, session, connector, mouse)?);
    let ended = Box::pin(events.run()).await;
    if let Some(problem) = Box::pin(events.end()).await {
        // The terminal is the user's again.
        eprintln!("streamscope: {problem}");
    }
    ended
}

/// Something that the loop was waiting for.
enum Happening {
    Panicked,
    TerminalGone,
    Signal(Signal),
    Input(Input, Timestamp),
    Event(Event),
    /// The last frame was written, or could not be.
    Written(io::Result<()>),
    /// The next frame may be drawn.
    FrameDue,
    Tick,
    /// An attempt to connect to another database ended.
    Connected(Result<Box<Prepared>, String>),
    /// What survives a restart may have changed some time ago.
    SaveDue,
    /// Drafts were written; the result, if it is a new one.
    DraftsWritten(Option<Result<(), String>>),
}

/// An effect that the loop itself must carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Quit,
    Suspend(Stopped),
    Edit,
}

/// The state, the sources of its events and the parts that carry out its effects.
struct EventLoop {
    state: State,
    slots: Slots,
    connecting: Connecting,
    /// Closes the current store.
    closing: Closing,
    drafts: DraftSaver,
    autosave: Autosave,
    exports: Exports,
    sender: mpsc::Sender<Event>,
    arriving: mpsc::Receiver<Event>,
    inputs: Inputs,
    signals: Signals,
    gone: Pin<Box<dyn Future<Output = ()> + Send>>,
    terminal: Terminal,
    pace: Pace,
    /// When to draw the changes since the last frame; none if nothing has changed.
    draw_at: Option<Instant>,
    step: Option<Step>,
    /// The text to open in the editor, and the end of its file's name.
    editing: Option<(String, &'static str)>,
    #[cfg(debug_assertions)]
    panic_in: Option<String>,
}

impl EventLoop {
    fn start(first: Prepared, session: Session, connector: Arc<dyn Connector>, mouse: bool) -> Result<Self> {
        let Prepared { opening, mut settings, warnings, closing, .. } = first;
        opening.start();
        // This lists the system's time zones, which takes a millisecond: the store opens meanwhile.
        settings.times = settings.times.in_zone(TimeZone::system());
        let signals = Signals::new().context("cannot handle signals")?;
        let terminal = Terminal::enter(mouse).context("cannot set up the terminal")?;
        let (sender, arriving) = mpsc::channel(QUEUE);
        let drafts = DraftSaver::new(Drafts::new(&settings.target));
        let (width, height) = crossterm::terminal::size().unwrap_or((80, 24));
        let (state, effects) = State::new(settings, Rect::new(0, 0, width, height), clock::now());
        let mut events = Self {
            state,
            slots: Slots::new(opening, sender.clone()),
            connecting: Connecting::new(connector),
            closing,
            drafts,
            autosave: Autosave::new(session.file, session.loaded, sender.clone()),
            exports: Exports::default(),
            sender,
            arriving,
            inputs: Inputs::new().context("cannot read from the terminal")?,
            signals,
            gone: Box::pin(input::gone()),
            terminal,
            pace: Pace::new(Instant::now()),
            draw_at: Some(Instant::now()),
            step: None,
            editing: None,
            #[cfg(debug_assertions)]
            panic_in: std::env::var("STREAMSCOPE_TEST_PANIC_IN").ok(),
        };
        events.begin(warnings.into_iter().chain(session.problem), effects);
        Ok(events)
    }

    /// Reports problems and what the files of earlier runs contain, and carries out the first effects of a state.
    fn begin(&mut self, problems: impl Iterator<Item = String>, effects: Vec<Effect>) {
        invocation::choose(Chosen { database: self.state.settings.to_connect.clone(), namespace: None });
        let (found, problem) = self.drafts.load();
        if !found.is_empty() {
            self.update(Event::DraftsFound(found));
        }
        for problem in problems.chain(problem) {
            self.update(Event::Notice(problem));
        }
        self.carry_out(effects);
    }

    /// Replaces the whole state by that of another database, and leaves the old one in the background.
    async fn switch_to(&mut self, prepared: Prepared) {
        let Prepared { opening, mut settings, warnings, closing, session } = prepared;
        let unsaved = self.autosave.finish(self.state.saved()).await;
        let session = Session::open(&session, false);
        settings.saved.clone_from(&session.loaded);
        settings.locator = settings.locator.filter(|_| session.loaded.place.is_none());
        // Answers of the old database must not reach the new state.
        (self.sender, self.arriving) = mpsc::channel(QUEUE);
        self.slots = Slots::new(opening, self.sender.clone());
        self.connecting.leave(std::mem::replace(&mut self.closing, closing));
        let unsaved = unsaved.into_iter().chain(self.drafts.settle().await.and_then(Result::err));
        self.drafts = DraftSaver::new(Drafts::new(&settings.target));
        self.autosave = Autosave::new(session.file, session.loaded, self.sender.clone());
        settings.times = settings.times.in_zone(TimeZone::system());
        let (state, effects) = State::new(settings, self.state.browser.area, clock::now());
        self.state.switch_to(state);
        self.begin(warnings.into_iter().chain(unsaved).chain(session.problem), effects);
        self.draw_by(Instant::now());
    }

    /// Saves the session and closes the stores. Returns why the session could not be saved.
    async fn end(self) -> Option<String> {
        let Self { mut autosave, mut drafts, exports, slots, connecting, closing, state, inputs, terminal, .. } = self;
        drop(slots);
        drop(inputs);
        drop(terminal);
        exports.end().await;
        drafts.settle().await;
        let problem = autosave.finish(state.saved()).await;
        connecting.end(closing).await;
        problem
    }

    async fn run(&mut self) -> Result<Ended> {
        loop {
            if self.draw_if_due().is_err() {
                return Ok(Ended::TerminalGone);
            }
            let happening = self.next().await;
            match happening {
                Happening::Connected(Ok(prepared)) => self.switch_to(*prepared).await,
                happening => {
                    if let Some(ended) = self.handle(happening)? {
                        return Ok(ended);
                    }
                }
            }
            self.handle_queued();
            if let Some(ended) = self.take_step().await? {
                return Ok(ended);
            }
        }
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        if self.frame_due().is_some_and(|due| Instant::now() >= due) && !self.terminal.is_busy() {
            self.terminal.draw(&self.state)?;
            self.pace.drawn(Instant::now());
            self.draw_at = None;
            #[cfg(debug_assertions)]
            panic_for_a_test(self.panic_in.take().as_deref());
        }
        Ok(())
    }

    /// Returns the time of the next frame; none if nothing has changed. What is typed into a draft is shown once it is
    /// saved, so a crash loses nothing that was on screen.
    fn frame_due(&self) -> Option<Instant> {
        let held = if self.drafts.is_writing() { HELD } else { Duration::ZERO };
        self.draw_at.map(|at| (at + held).max(self.pace.due()))
    }

    /// Asks for a frame at a time or earlier.
    fn draw_by(&mut self, at: Instant) {
        self.draw_at = Some(self.draw_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Waits for the next happening, the most urgent one first.
    async fn next(&mut self) -> Happening {
        let (tick, busy) = (self.state.tick_after(), self.terminal.is_busy());
        let (save_due, frame_due) = (self.autosave.due(), self.frame_due().filter(|_| !busy));
        tokio::select! {
            biased;
            () = terminal::PANICKED.notified() => Happening::Panicked,
            () = &mut self.gone => Happening::TerminalGone,
            signal = self.signals.next() => Happening::Signal(signal),
            input = self.inputs.next() => {
                input.map_or(Happening::TerminalGone, |(input, at)| Happening::Input(input, at))
            }
            Some(event) = self.arriving.recv() => Happening::Event(event),
            written = self.terminal.written(), if busy => Happening::Written(written),
            () = sleep_until(frame_due), if frame_due.is_some() => Happening::FrameDue,
            () = tokio::time::sleep(tick.unwrap_or_default()), if tick.is_some() => Happening::Tick,
            result = self.connecting.result(), if self.connecting.is_under_way() => Happening::Connected(result),
            () = sleep_until(save_due), if save_due.is_some() => Happening::SaveDue,
            result = self.drafts.written(), if self.drafts.is_writing() => Happening::DraftsWritten(result),
        }
    }

    fn handle(&mut self, happening: Happening) -> Result<Option<Ended>> {
        match happening {
            Happening::Panicked => eyre::bail!("a task panicked; please report this as a bug"),
            Happening::TerminalGone | Happening::Written(Err(_)) => return Ok(Some(Ended::TerminalGone)),
            Happening::Signal(Signal::End(number)) => return Ok(Some(Ended::Signal(number))),
            Happening::Signal(Signal::Stop) => self.request(Step::Suspend(Stopped::Program)),
            Happening::Signal(Signal::Continue) => {
                self.terminal.retake()?;
                self.measure();
            }
            // The size in the input may be older than the one that a signal has reported.
            Happening::Signal(Signal::Resize) | Happening::Input(Input::Resize(..), _) => self.measure(),
            Happening::Input(input, at) => {
                if let Some(event) = event_of(input) {
                    self.update_at(event, at);
                }
            }
            Happening::Event(event) => self.update(event),
            Happening::Tick => self.update(Event::Tick),
            Happening::SaveDue => self.autosave.save(self.state.saved()),
            Happening::DraftsWritten(Some(result)) => self.update(Event::DraftsSaved(result)),
            Happening::Connected(Err(reason)) => self.update(Event::ConnectingFailed(reason)),
            Happening::Connected(Ok(_))
            | Happening::Written(Ok(()))
            | Happening::DraftsWritten(None)
            | Happening::FrameDue => {}
        }
        Ok(None)
    }

    /// Handles events that are queued already, so that one frame shows them all.
    fn handle_queued(&mut self) {
        for _ in 0..AT_ONCE {
            let Ok(event) = self.arriving.try_recv() else { break };
            self.update(event);
        }
    }

    /// Waits until the drafts are saved. If that has just failed, the user sees why and must ask to quit once more.
    async fn may_quit(&mut self) -> bool {
        let Some(result) = self.drafts.settle().await else { return true };
        let is_saved = result.is_ok();
        self.update(Event::DraftsSaved(result));
        is_saved
    }

    /// Carries out the requested step, if there is one.
    async fn take_step(&mut self) -> Result<Option<Ended>> {
        match self.step.take() {
            None => Ok(None),
            Some(Step::Quit) => Ok(self.may_quit().await.then_some(Ended::Quit)),
            Some(Step::Suspend(whom)) => {
                self.suspend(whom)?;
                Ok(None)
            }
            Some(Step::Edit) => self.edit().await,
        }
    }

    /// Stops until the shell continues the program, or reports that no shell could.
    fn suspend(&mut self, whom: Stopped) -> io::Result<()> {
        if whom == Stopped::Program || terminal::can_be_continued() {
            self.terminal.suspend(whom)?;
            self.measure();
        } else {
            let why = "Cannot suspend: no shell could continue streamscope.";
            self.update(Event::Notice(why.to_owned()));
        }
        Ok(())
    }

    /// Lends the terminal to the editor.
    async fn edit(&mut self) -> Result<Option<Ended>> {
        let Some((text, suffix)) = self.editing.take() else { return Ok(None) };
        self.inputs.stop().await;
        let edited = match self.terminal.aside(editor::edit(&text, suffix, &mut self.signals)).await {
            Left::Exited(edited) => edited,
            Left::Signal(number, edited) => {
                self.update(Event::Edited(edited));
                return Ok(Some(Ended::Signal(number)));
            }
        };
        self.terminal.retake()?;
        self.inputs = Inputs::new()?;
        self.measure();
        self.update(Event::Edited(edited));
        Ok(None)
    }

    /// Reads the size of the terminal.
    fn measure(&mut self) {
        self.draw_by(Instant::now());
        if let Ok((width, height)) = crossterm::terminal::size() {
            self.update(Event::Resize(width, height));
        }
    }

    fn update(&mut self, event: Event) {
        self.update_at(event, clock::now());
    }

    /// Updates the state with an event that happened at a time, and carries out the effects.
    fn update_at(&mut self, event: Event, at: Timestamp) {
        if matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_)) {
            self.slots.hurry();
            self.autosave.soon();
        }
        let now = Instant::now();
        let at_once = match &event {
            Event::Followed { batch, .. } if batch.messages.is_empty() => false,
            Event::Followed { .. } => {
                self.pace.messages_arrived(now);
                true
            }
            Event::Answered { .. } | Event::Tick => false,
            _ => true,
        };
        self.draw_by(if at_once { now } else { self.pace.minor_change(now) });
        let effects = self.state.update(event, at);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask { slot, generation, question, after } => {
                    self.slots.ask(slot, generation, question, after);
                }
                Effect::Stop(slot) => self.slots.stop(slot),
                Effect::Follow { generation, namespace, scope, filter, paths } => {
                    self.slots.follow(generation, namespace, scope, filter, paths);
                }
                Effect::FollowPaths(paths) => self.slots.follow_paths(paths),
                Effect::StopFollowing => self.slots.stop_following(),
                Effect::Export { generation, job } => {
                    self.exports.start(self.slots.answerer(), self.sender.clone(), generation, job);
                }
                Effect::StopExport => self.exports.stop(),
                Effect::Copy { text, what } => self.copy(text, what),
                Effect::Edit { text, suffix } => {
                    self.editing = Some((text, suffix));
                    self.request(Step::Edit);
                }
                Effect::SaveDrafts(drafts) => self.drafts.save(drafts),
                Effect::Connect(to) => self.connecting.start(to),
                Effect::StopConnecting => self.connecting.stop(),
                // Writes only to memory.
                Effect::Redraw => drop(self.terminal.redraw()),
                Effect::Suspend => self.request(Step::Suspend(Stopped::Foreground)),
                Effect::Quit => self.request(Step::Quit),
            }
        }
    }

    /// Copies in a thread, because the clipboard of a desktop can be slow.
    fn copy(&self, text: String, what: &'static str) {
        let sender = self.sender.clone();
        tokio::task::spawn_blocking(move || {
            let outcome = clipboard::copy(&text).map(|how| clipboard::report(what, how, &text));
            // Fails only if the screen has ended.
            let _ = sender.blocking_send(Event::Copied(outcome));
        });
    }

    /// Remembers a step for the loop. Of several, the first one counts.
    fn request(&mut self, step: Step) {
        self.step.get_or_insert(step);
    }
}

/// Waits until a time; forever without one.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
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
pub(crate) fn refusal() -> Option<&'static str> {
    use io::IsTerminal as _;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Some("this is not a terminal");
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Some("a terminal with TERM=dumb cannot show it");
    }
    None
}
