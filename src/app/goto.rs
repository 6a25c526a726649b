//! `:`: one box that takes a stream name, `stream@position`, a global position, a message id or a time, says what it
//! understood, and goes there.

use crossterm::event::{KeyCode, KeyEvent};

use super::dialog::Dialog;
use super::input::Input;
use super::layout::Pane;
use super::messages::Place;
use super::request::{Lookup, Question, Slot};
use super::trail::Spot;
use super::{Effect, State};
use crate::locator::{self, Locator, Target};
use crate::message::{Category, MessageHead, Name, StreamName};
use crate::store::browse::{PageFrom, Scope};
use crate::store::{Filter, StoreError};

/// The prompt and what it understood.
#[derive(Debug)]
pub struct GoToPrompt {
    /// What is typed.
    pub input: Input,
    /// What it means, or what is wrong.
    pub understood: Result<Target, String>,
}

/// Where the go-to box or a link is taking the screen: what was found is shown in this scope.
#[derive(Debug, Clone, PartialEq)]
pub struct Journey {
    namespace: String,
    /// None: in the stream of what is found.
    scope: Option<Scope>,
    /// Where it leads.
    target: Target,
    /// From where, to come back to.
    from: Option<Spot>,
}

/// What is to be said where not quite that was found.
fn past_the_end(target: &Target, found: &MessageHead) -> Option<String> {
    match target {
        Target::StreamPosition(stream, position) if found.position < *position => {
            Some(format!("{stream} ends at position {}: {position} is past its end", found.position))
        }
        Target::GlobalPosition(position) if found.global_position < *position => Some(format!(
            "{position} is past the end: the last message is at global position {}",
            found.global_position
        )),
        Target::Time(time) if found.time < *time => {
            Some(format!("nothing at or after {target}: this is the last message"))
        }
        _ => None,
    }
}

impl State {
    pub(super) fn open_goto(&mut self) -> Vec<Effect> {
        let understood = Err("stream · stream@position · global position · message id · time · =name".to_owned());
        self.dialog = Some(Dialog::GoTo(GoToPrompt { input: Input::default(), understood }));
        Vec::new()
    }

    /// The go-to box with the category on screen filled in, for a member of a consumer group.
    pub(super) fn open_member(&mut self) -> Vec<Effect> {
        let category = match self.messages.place.as_ref().map(|place| &place.scope) {
            Some(Scope::Category(category) | Scope::Member(category, _)) => Some(category.clone()),
            Some(Scope::Stream(stream)) => Some(stream.category()),
            _ => self.categories.selection().map(|row| row.category.clone()),
        };
        let Some(category) = category else {
            self.notices.problem("no category to take a member's part of".to_owned(), self.now);
            return Vec::new();
        };
        let understood = Err("MEMBER:SIZE of the consumer group, for instance 0:3".to_owned());
        self.dialog = Some(Dialog::GoTo(GoToPrompt { input: Input::new(&format!("{category}#")), understood }));
        Vec::new()
    }

    pub(super) fn goto_typed(&mut self) {
        let (now, zone) = (self.now, self.times.time_zone());
        if let Some(Dialog::GoTo(prompt)) = &mut self.dialog {
            prompt.understood = locator::parse_target(prompt.input.text(), now, &zone);
        }
    }

    pub(super) fn goto_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let Some(Dialog::GoTo(prompt)) = &mut self.dialog else { return Vec::new() };
        if key.code != KeyCode::Enter {
            if prompt.input.key(key) {
                self.goto_typed();
            }
            return Vec::new();
        }
        let Ok(target) = prompt.understood.clone() else { return Vec::new() };
        let Some(namespace) = self.shown_namespace.clone() else { return Vec::new() };
        self.travel(namespace, target)
    }

    /// Sets out for a target in a namespace.
    pub(super) fn travel(&mut self, namespace: String, target: Target) -> Vec<Effect> {
        let here = self.messages.place.as_ref().filter(|place| place.namespace == namespace);
        // Numbers and times are looked up in what is shown; a stream shows positions, so a global position leaves it.
        let scope = here.map_or(Scope::Namespace, |place| place.scope.clone());
        let (what, scope) = match target.clone() {
            Target::Namespace => return self.arrive_at_name(&namespace, None),
            Target::Name(Name::Category(category)) => {
                (Lookup::Category(category.clone()), Some(Scope::Category(category)))
            }
            Target::Member(category, group) => {
                (Lookup::Category(category.clone()), Some(Scope::Member(category, group)))
            }
            Target::Name(Name::Stream(stream)) => (Lookup::At(stream, None), None),
            Target::StreamPosition(stream, position) => (Lookup::At(stream, Some(position)), None),
            Target::Id(id) => (Lookup::Id(id), None),
            Target::GlobalPosition(position) => {
                let scope = if matches!(scope, Scope::Stream(_)) { Scope::Namespace } else { scope };
                (Lookup::Global(scope.clone(), position), Some(scope))
            }
            Target::Time(time) => (Lookup::Time(scope.clone(), time), Some(scope)),
        };
        self.journey = Some(Journey { namespace: namespace.clone(), scope, target, from: self.spot() });
        vec![self.ask(Slot::GoTo, Question::Find { namespace, what })]
    }

    pub(super) fn found(&mut self, head: Option<Box<MessageHead>>) -> Vec<Effect> {
        let Some(journey) = self.journey.take() else { return Vec::new() };
        let Some(head) = head else {
            let missing = format!("nothing there: {}", journey.target);
            match &mut self.dialog {
                Some(Dialog::GoTo(prompt)) => prompt.understood = Err(missing),
                _ => self.notices.problem(missing, self.now),
            }
            return Vec::new();
        };
        if matches!(self.dialog, Some(Dialog::GoTo(_))) {
            self.dialog = None;
        }
        let scope = journey.scope.unwrap_or_else(|| Scope::Stream(head.stream.clone()));
        let number = if matches!(scope, Scope::Stream(_)) { head.position } else { head.global_position };
        let at_end = match &scope {
            Scope::Category(_) => self.messages.place.is_none(),
            // The message that was found is the category's, not the member's.
            Scope::Member(..) => true,
            _ => false,
        };
        let mut effects = self.arrive_in(&journey.namespace, scope);
        self.came_from(journey.from);
        if self.messages.is_filtered() && matches!(journey.target, Target::StreamPosition(..) | Target::Id(_)) {
            // It may be one that the filter leaves out.
            effects.extend(self.stop_follow());
            self.messages.set_filter(Filter::default(), String::new());
            self.notices.done("the filter was taken away to show this message".to_owned(), self.now);
        }
        if let Some(said) = past_the_end(&journey.target, &head) {
            self.notices.problem(said, self.now);
        }
        self.requests.stop(Slot::Messages);
        effects.extend(if at_end { self.read_from(PageFrom::End) } else { self.read_around(number) });
        self.messages.offset = self.layout().rows(Pane::Messages) / 2;
        effects
    }

    fn arrive_at_name(&mut self, namespace: &str, category: Option<Category>) -> Vec<Effect> {
        self.dialog = None;
        self.arrive_in(namespace, category.map_or(Scope::Namespace, Scope::Category))
    }

    /// Shows a scope, the left panes brought along: namespace, category and stream are selected there too.
    pub(super) fn arrive_in(&mut self, namespace: &str, scope: Scope) -> Vec<Effect> {
        let mut effects = Vec::new();
        let index = self.namespaces.rows().iter().position(|row| row.id == namespace);
        if let Some(index) = index {
            self.namespaces.select(index);
        }
        self.active = match &scope {
            Scope::Namespace => Pane::Namespaces,
            Scope::Category(_) | Scope::Member(..) => Pane::Categories,
            Scope::Stream(_) => Pane::Streams,
        };
        let category = match &scope {
            Scope::Namespace => None,
            Scope::Category(category) | Scope::Member(category, _) => Some(category.clone()),
            Scope::Stream(stream) => Some(stream.category()),
        };
        let stream = if let Scope::Stream(stream) = &scope { Some(stream.clone()) } else { None };
        effects.extend(self.show(Place { namespace: namespace.to_owned(), scope }));
        if self.shown_namespace.as_deref() != Some(namespace) {
            self.wanted_category = category;
            effects.extend(self.namespace_selected());
        } else if let Some(category) = category {
            let index = self.categories.rows().iter().position(|row| row.category == category);
            if let Some(index) = index {
                self.categories.select(index);
                effects.extend(self.category_selected());
            } else {
                // It is new: the list was read before it had a message.
                self.wanted_category = Some(category);
                effects.push(self.ask(Slot::Categories, Question::Categories { namespace: namespace.to_owned() }));
            }
        }
        effects.extend(stream.and_then(|stream| self.select_stream(&stream)));
        self.focus = Pane::Messages;
        effects
    }

    pub(super) fn goto_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        self.journey = None;
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }

    /// Opens what the program was started with.
    pub(super) fn open_locator(&mut self, locator: &Locator) -> Vec<Effect> {
        let only = (self.namespaces.len() == 1).then(|| self.namespaces.rows()[0].id.clone());
        let Some(namespace) = locator.namespace.clone().or(only) else {
            self.notices.problem("several namespaces: begin the locator with NAMESPACE/".to_owned(), self.now);
            return self.namespace_selected();
        };
        let known = self.namespaces.rows().iter().position(|row| row.id == namespace);
        let Some(index) = known else {
            self.notices.problem(format!("no namespace {namespace}"), self.now);
            return self.namespace_selected();
        };
        self.namespaces.select(index);
        let mut effects = self.namespace_selected();
        effects.extend(self.travel(namespace, locator.target.clone()));
        if let Some(journey) = &mut self.journey {
            journey.from = None;
        }
        effects
    }

    /// Goes to a stream, or to one of its positions, in the namespace on screen.
    pub(super) fn go_to_stream(&mut self, stream: &str, position: Option<i64>) -> Vec<Effect> {
        let Some(namespace) = self.shown_namespace.clone() else { return Vec::new() };
        let target = match position {
            Some(position) => Target::StreamPosition(StreamName::stored(stream), position),
            None => match Name::new(stream) {
                Ok(name) => Target::Name(name),
                Err(_) => return Vec::new(),
            },
        };
        self.travel(namespace, target)
    }
}
