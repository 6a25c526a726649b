//! Dialogs and prompts in front of the panes, and which one gets a key or a paste. No key reaches the panes while a
//! dialog is open. Esc closes a dialog without losing anything: it does not close one that waits for an answer, nor the
//! token of a new namespace.

pub mod compose;
pub mod copy;
pub mod filter;
pub mod help;
pub mod namespaces;
pub mod palette;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::SignedDuration;

use super::find::FindPrompt;
use super::goto::GoToPrompt;
use super::keymap::{Action, Context};
use super::{Effect, State};
use compose::Compose;
use copy::CopyMenu;
use filter::FilterPrompt;
use help::Help;
use namespaces::{CreateDialog, DeleteDialog, TokenDialog};
use palette::Palette;

/// A key this soon after a paste may be part of the paste.
const WITH_A_PASTE: SignedDuration = SignedDuration::from_millis(100);

/// The open dialog with its input.
#[derive(Debug)]
pub enum Dialog {
    /// `/`.
    Find(FindPrompt),
    /// `&`.
    Filter(FilterPrompt),
    /// `:`.
    GoTo(GoToPrompt),
    /// Ctrl-P.
    Palette(Palette),
    /// `?`.
    Help(Box<Help>),
    /// `!`, scrolled back by this number of lines.
    Log(usize),
    /// `y`.
    Copy(CopyMenu),
    /// `w`, `c`, `r`.
    Compose(Box<Compose>),
    /// `a` in the namespaces pane.
    CreateNamespace(Box<CreateDialog>),
    /// The token of a new namespace, which is shown only once.
    Token(TokenDialog),
    /// `D` in the namespaces pane.
    DeleteNamespace(DeleteDialog),
}

/// Whether a key is Ctrl and this letter, in either case.
pub(super) fn is_ctrl(key: KeyEvent, letter: char) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL)
        && matches!(key.code, KeyCode::Char(c) if c.eq_ignore_ascii_case(&letter))
}

/// The number of lines by which a key scrolls a text dialog; none for other keys.
fn scroll_of(key: KeyEvent, page: isize) -> Option<isize> {
    match key.code {
        KeyCode::Down | KeyCode::Char('j') => Some(1),
        KeyCode::Up | KeyCode::Char('k') => Some(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(page),
        KeyCode::PageUp => Some(-page),
        KeyCode::Home | KeyCode::Char('g') => Some(isize::MIN),
        KeyCode::End | KeyCode::Char('G') => Some(isize::MAX),
        _ => None,
    }
}

impl State {
    pub(super) fn dialog_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        // No dialog may swallow Ctrl-C, but it keeps the draft.
        if is_ctrl(key, 'c') {
            let mut effects = self.close_dialog();
            effects.push(Effect::Quit);
            return effects;
        }
        if is_ctrl(key, 'z') {
            return vec![Effect::Suspend];
        }
        let page = isize::try_from(self.browser.area.height.saturating_sub(4).max(1)).unwrap_or(1);
        let action = self.settings.keymap.action(Context::Anywhere, key);
        let closes = key.code == KeyCode::Enter || matches!(action, Some(Action::Log | Action::Quit));
        match &mut self.dialog {
            None => Vec::new(),
            Some(Dialog::Compose(_)) => self.compose_key(key),
            Some(Dialog::CreateNamespace(_)) => self.create_key(key),
            Some(Dialog::Token(_)) => self.token_key(key),
            Some(Dialog::DeleteNamespace(_)) => self.delete_key(key),
            Some(Dialog::Help(_)) => self.help_key(key, page),
            Some(_) if key.code == KeyCode::Esc => self.close_dialog(),
            Some(Dialog::Find(_)) => self.find_key(key),
            Some(Dialog::Filter(_)) => self.filter_key(key),
            Some(Dialog::GoTo(_)) => self.goto_key(key),
            Some(Dialog::Palette(_)) => self.palette_key(key),
            Some(Dialog::Copy(_)) => self.copy_key(key),
            Some(Dialog::Log(back)) => {
                let last = self.notices.log().len();
                match scroll_of(key, page) {
                    Some(by) => {
                        *back = back.saturating_add_signed(by.saturating_neg()).min(last);
                        Vec::new()
                    }
                    None if closes => self.close_dialog(),
                    None => Vec::new(),
                }
            }
        }
    }

    /// Closes the dialog. A draft is kept.
    pub(super) fn close_dialog(&mut self) -> Vec<Effect> {
        match self.dialog.take() {
            Some(Dialog::Compose(compose)) => self.put_aside(&compose),
            Some(Dialog::Find(prompt)) => self.abandon_find(&prompt),
            Some(Dialog::GoTo(_)) if self.requests.stop(crate::app::request::Slot::GoTo) => {
                vec![Effect::Stop(crate::app::request::Slot::GoTo)]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn paste(&mut self, text: &str) -> Vec<Effect> {
        self.pasted = Some(self.now);
        match &mut self.dialog {
            Some(Dialog::Find(prompt)) => {
                prompt.input.paste(text);
                self.find_typed()
            }
            Some(Dialog::Filter(prompt)) => {
                prompt.input.paste(text);
                self.filter_typed();
                Vec::new()
            }
            Some(Dialog::GoTo(prompt)) => {
                prompt.input.paste(text);
                self.goto_typed();
                Vec::new()
            }
            Some(Dialog::Palette(palette)) => {
                palette.paste(text);
                Vec::new()
            }
            Some(Dialog::Help(help)) => {
                help.paste(text);
                Vec::new()
            }
            Some(Dialog::Compose(_)) => self.compose_paste(text),
            Some(Dialog::CreateNamespace(dialog)) => {
                dialog.paste(text);
                Vec::new()
            }
            Some(Dialog::DeleteNamespace(dialog)) => {
                dialog.paste(text);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a key that would write may be the end of a paste. If so, shows which key to press again.
    pub(super) fn comes_with_a_paste(&mut self, key: &str) -> bool {
        let soon = self.pasted.is_some_and(|pasted| self.now.duration_since(pasted).abs() < WITH_A_PASTE);
        if soon {
            self.notices.problem(format!("{key} is ignored right after a paste. Press {key} again."), self.now);
        }
        soon
    }

    pub(super) fn open_log(&mut self) -> Vec<Effect> {
        self.dialog = Some(Dialog::Log(0));
        Vec::new()
    }
}
