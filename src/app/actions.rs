//! Keys, the mouse and actions: passes each to the open dialog, or to the part of the screen that owns what it changes.
//! An action means the same whether it comes from a key, the help or the palette.

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};

use super::State;
use super::browser::find::Find;
use super::browser::layout::Pane;
use super::browser::search::Edge;
use super::event::Effect;
use super::keymap::{Action, Context};
use super::request::{Question, Slot};
use crate::store::trace::Named;

impl State {
    fn context(&self) -> Context {
        match self.browser.focus {
            // All other panes are empty too.
            _ if self.has_no_namespace() => Context::Namespaces,
            Pane::Namespaces => Context::Namespaces,
            Pane::Categories => Context::Categories,
            Pane::Streams => Context::Streams,
            Pane::Messages => Context::Messages,
            Pane::Message => Context::Message,
        }
    }

    /// Returns true if the database has no namespace, as far as is known.
    #[must_use]
    pub(crate) fn has_no_namespace(&self) -> bool {
        let browser = &self.browser;
        browser.messages.key.is_none()
            && browser.namespaces.is_empty()
            && self.requests.since(Slot::Namespaces).is_none()
            && self.requests.failure(Slot::Namespaces).is_none()
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if self.dialogs.front().is_some() {
            return self.dialog_key(key);
        }
        match self.settings.keymap.action(self.context(), key) {
            Some(action) => self.act(action),
            None => Vec::new(),
        }
    }

    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.dialogs.front().is_some() {
            return self.dialog_mouse(mouse);
        }
        if !matches!(mouse.kind, MouseEventKind::Drag(_)) {
            self.mouse.release();
        }
        self.click_title(mouse);
        if let Some(effects) = self.click_relation(mouse) {
            return self.finish(effects, Duration::ZERO);
        }
        self.browser.find.offers_server = false;
        let effects = self
            .timeline_mouse(mouse)
            .unwrap_or_else(|| self.mouse.handle(mouse, &mut self.browser, &mut self.requests));
        self.finish(effects, Duration::ZERO)
    }

    /// Carries out an action, whether it comes from a key or the palette.
    pub(crate) fn act(&mut self, action: Action) -> Vec<Effect> {
        let effects = self
            .answer_offer(action)
            .or_else(|| self.move_selection(action))
            .or_else(|| self.change_pane(action))
            .or_else(|| self.change_list(action))
            .or_else(|| self.change_timeline(action))
            .or_else(|| self.change_message(action))
            .or_else(|| self.change_columns(action))
            .or_else(|| self.write(action))
            .unwrap_or_else(|| self.act_on_screen(action));
        self.finish(effects, Duration::ZERO)
    }

    fn move_selection(&mut self, action: Action) -> Option<Vec<Effect>> {
        let page = self.browser.page_rows();
        Some(match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(page),
            Action::PageUp => self.step(-page),
            Action::HalfDown => self.step(page / 2),
            Action::HalfUp => self.step(-(page / 2)),
            Action::First => self.go_to_edge(Edge::First),
            Action::Last => self.go_to_edge(Edge::Last),
            Action::PreviousMessage => self.step_message(-1),
            Action::NextMessage => self.step_message(1),
            Action::FindNext => self.find_again(true),
            Action::FindPrevious => self.find_again(false),
            _ => return None,
        })
    }

    /// Moves the selection of the focused pane.
    fn step(&mut self, rows: isize) -> Vec<Effect> {
        if self.browser.focus == Pane::Messages {
            return self.step_message(rows);
        }
        self.browser.step(rows, &mut self.requests)
    }

    /// Moves the selection of the messages. A step beyond the end looks for newer messages, unless they are followed.
    fn step_message(&mut self, rows: isize) -> Vec<Effect> {
        let messages = &mut self.browser.messages;
        if self.following.current.is_none() {
            messages.look_beyond(rows);
        }
        messages.step(rows, &mut self.requests).into_iter().collect()
    }

    /// Goes to an edge of the focused pane. While following, the newest message is reached by going live.
    fn go_to_edge(&mut self, edge: Edge) -> Vec<Effect> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        let is_newest = browser.focus == Pane::Messages && edge == browser.messages.newer_edge();
        if is_newest && self.following.current.is_some() {
            return self.following.go_live(browser, requests).into_iter().collect();
        }
        browser.go_to_edge(edge, requests)
    }

    fn change_pane(&mut self, action: Action) -> Option<Vec<Effect>> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        Some(match action {
            Action::Deeper if browser.focus == Pane::Message => self.open_link(),
            Action::Deeper => browser.deeper(requests),
            Action::Back => self.back(),
            Action::NextPane => browser.focus_on(browser.focus.next(), requests),
            Action::PreviousPane => browser.focus_on(browser.focus.previous(), requests),
            Action::PaneNamespaces => browser.focus_on(Pane::Namespaces, requests),
            Action::PaneCategories => browser.focus_on(Pane::Categories, requests),
            Action::PaneStreams => browser.focus_on(Pane::Streams, requests),
            Action::PaneMessages => browser.focus_on(Pane::Messages, requests),
            Action::PaneMessage => browser.focus_on(Pane::Message, requests),
            Action::Fullscreen => {
                browser.fullscreen = !browser.fullscreen;
                Vec::new()
            }
            _ => return browser.resize(action, requests),
        })
    }

    /// Goes one step back: first cancels or closes whatever is in progress, then moves one pane to the left.
    fn back(&mut self) -> Vec<Effect> {
        if let Some(effects) = self.browser.cancel(&mut self.requests) {
            return effects;
        }
        if self.browser.fullscreen {
            self.browser.fullscreen = false;
            return Vec::new();
        }
        if self.browser.find_in(self.browser.focus).is_some() {
            self.browser.find = Find::default();
            self.notices.dismiss();
            return Vec::new();
        }
        if let Some(effects) = self.browser.clear_list_filter(&mut self.requests) {
            return effects;
        }
        if self.browser.focus == Pane::Messages && self.browser.messages.is_filtered() {
            return self.clear_filter();
        }
        // Esc is used up by hiding an error, but never by hiding a report of success.
        let was_problem = self.notices.toast().is_some_and(|notice| notice.problem);
        self.notices.dismiss();
        if was_problem {
            return Vec::new();
        }
        if self.browser.focus == Pane::Messages
            && let Some(effects) = self.browser.go_back(&mut self.requests)
        {
            return effects;
        }
        self.browser.one_pane_back(&mut self.requests)
    }

    fn change_list(&mut self, action: Action) -> Option<Vec<Effect>> {
        let (browser, requests) = (&mut self.browser, &mut self.requests);
        Some(match action {
            Action::Order => browser.change_order(requests),
            Action::Count => self.count(),
            Action::Follow => self.toggle_following(),
            Action::Pause => self.toggle_pause(),
            Action::Refresh => {
                let server = requests.ask(Slot::Server, Question::Server);
                [Effect::Redraw, server].into_iter().chain(browser.reload(requests)).collect()
            }
            Action::Find => self.open_find_or_filter(),
            Action::Filter => self.open_filter(),
            Action::GoTo => self.open_omnibox(),
            Action::Bookmark => self.toggle_bookmark(),
            Action::Bookmarks => self.open_bookmarks(),
            Action::Member => self.open_member(),
            _ => return None,
        })
    }

    /// Returns true, and says so, if no list of messages is on screen.
    pub(super) fn lacks_list(&mut self) -> bool {
        let lacks = self.browser.messages.key.is_none();
        if lacks {
            self.notices.problem("No list of messages is on screen. Select a namespace first.".to_owned(), self.now);
        }
        lacks
    }

    fn count(&mut self) -> Vec<Effect> {
        if self.lacks_list() {
            return Vec::new();
        }
        self.browser.messages.count_exactly(&mut self.requests).into_iter().collect()
    }

    fn toggle_pause(&mut self) -> Vec<Effect> {
        if self.following.current.is_none() {
            let follow = self.settings.keymap.hint_for(Action::Follow, "follows the list");
            self.notices.problem(format!("Nothing is followed, so nothing can be paused. {follow}."), self.now);
            return Vec::new();
        }
        self.following.toggle_pause(&mut self.browser, &mut self.requests).into_iter().collect()
    }

    fn toggle_following(&mut self) -> Vec<Effect> {
        if let Some(stop) = self.following.stop() {
            self.notices.done("Stopped following".to_owned(), self.now);
            return vec![stop];
        }
        if self.lacks_list() {
            return Vec::new();
        }
        self.following.start(&mut self.browser).into_iter().collect()
    }

    fn change_message(&mut self, action: Action) -> Option<Vec<Effect>> {
        let message = &mut self.browser.message;
        match action {
            Action::Fold => message.toggle(),
            Action::FoldAll => message.fold_all(),
            Action::UnfoldAll => message.unfold_all(),
            Action::Collapse => self.browser.collapse(),
            Action::Expand => message.expand(),
            Action::RawText => message.next_form(),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Follows the link on the selected row of the message, or folds the row.
    fn open_link(&mut self) -> Vec<Effect> {
        let message = &mut self.browser.message;
        if let Some(relation) = message.selected_relation() {
            return self.open_relation(relation);
        }
        let line = message.selected();
        let workflow = match message.named_at(line) {
            Some(Named::Cause(_)) => return self.open_cause(),
            Some(Named::Workflow(workflow)) => Some(workflow.clone()),
            None => None,
        };
        match (message.link_at(line), workflow) {
            (Some(link), workflow) => self.go_to_stream(&link.name, link.position, workflow),
            (None, Some(workflow)) => self.open_workflow(workflow),
            (None, None) => {
                message.toggle();
                Vec::new()
            }
        }
    }

    fn write(&mut self, action: Action) -> Option<Vec<Effect>> {
        Some(match action {
            Action::Write => self.open_compose(),
            Action::CloneMessage => self.clone_message(),
            Action::FollowUp => self.follow_up(),
            Action::Edit => self.edit_shown(),
            Action::CreateNamespace => self.open_create_namespace(),
            Action::DeleteNamespace => self.open_delete_namespace(),
            _ => return None,
        })
    }

    fn act_on_screen(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Copy => self.open_copy(),
            Action::Connections => self.open_connections(),
            Action::Mark => self.toggle_mark(),
            Action::RemoveMarks => self.remove_marks(),
            Action::Compare => self.compare_marked(),
            Action::CloneMarked => self.clone_marked(),
            Action::Export => self.open_export(),
            Action::Times => {
                self.settings.times.switch();
                Vec::new()
            }
            Action::Trace => self.open_trace(),
            Action::State => self.open_state(),
            Action::Pulse => self.open_pulse(),
            Action::Log => self.open_log(),
            Action::Palette => self.open_palette(),
            Action::Help => self.open_help(),
            Action::Suspend => vec![Effect::Suspend],
            Action::Quit => self.quit(),
            // All other actions were carried out before.
            _ => Vec::new(),
        }
    }
}
