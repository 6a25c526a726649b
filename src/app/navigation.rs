//! Navigation: takes the screen to what the omnibox, a link or the command line names, and says if it does not exist.
//! The box itself is a dialog, and parsing is in `locator`.

use jiff::tz::TimeZone;

use super::State;
use super::browser::Browser;
use super::browser::history::PendingNavigation;
use super::browser::layout::Pane;
use super::browser::list_key::ListKey;
use super::event::Effect;
use super::listed_names::ListedNames;
use super::place::Place;
use super::request::{Lookup, Question, Slot};
use super::requests::Requests;
use crate::locator::{Destination, Locator, Target};
use crate::message::{Category, GlobalPosition, MessageHead, Name, StreamName};
use crate::store::browse::{PageFrom, Scope};
use crate::store::trace::Workflow;
use crate::store::{Filter, StoreError};

fn missing(target: &Target, namespace: &str) -> String {
    match target {
        Target::Name(Name::Category(category)) | Target::Member(category, _) => {
            format!("no category named {category} in namespace {namespace}")
        }
        Target::Name(Name::Stream(stream)) | Target::StreamPosition(stream, _) => {
            format!("no stream named {stream} in namespace {namespace}")
        }
        Target::Id(id) => format!("no message with ID {id} in namespace {namespace}"),
        Target::Namespace | Target::GlobalPosition(_) | Target::Time(_) => "no messages here".to_owned(),
    }
}

/// Returns a notice if the message found is before the target.
fn past_the_end(target: &Target, found: &MessageHead) -> Option<String> {
    match target {
        Target::StreamPosition(stream, position) if found.position < *position => {
            Some(format!("{stream} ends at position {}. There is no position {position}.", found.position))
        }
        Target::GlobalPosition(position) if found.global_position < *position => Some(format!(
            "No global position {position}. The last message is at global position {}.",
            found.global_position
        )),
        Target::Time(time) if found.time < *time => {
            let time = time.strftime("%Y-%m-%d %H:%M:%S UTC");
            Some(format!("No message at or after {time}. This is the last one."))
        }
        _ => None,
    }
}

impl State {
    /// Starts the navigation to a destination in a namespace.
    pub(super) fn travel(&mut self, namespace: String, destination: Destination) -> Vec<Effect> {
        let Destination { target, otherwise, .. } = destination;
        let here = self.browser.messages.key.as_ref().filter(|list| list.namespace == namespace);
        // Numbers and times are looked up in the current scope. A stream has no global positions of its own, so one
        // leaves it.
        let scope = here.map_or(Scope::Namespace, |list| list.scope.clone());
        let (what, scope) = match target.clone() {
            Target::Namespace => return self.open_namespace(&namespace),
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
        self.look_up(namespace, what, scope, target, otherwise)
    }

    /// Starts the navigation to the first message of a category from a global position on, or to its last one.
    pub(super) fn go_to_global(
        &mut self,
        namespace: String,
        category: Category,
        position: GlobalPosition,
    ) -> Vec<Effect> {
        let scope = Scope::Category(category);
        let what = Lookup::Global(scope.clone(), position);
        self.look_up(namespace, what, Some(scope), Target::GlobalPosition(position), None)
    }

    fn look_up(
        &mut self,
        namespace: String,
        what: Lookup,
        scope: Option<Scope>,
        target: Target,
        otherwise: Option<String>,
    ) -> Vec<Effect> {
        let from = self.browser.place();
        self.browser.navigation =
            Some(PendingNavigation { namespace: namespace.clone(), scope, target, otherwise, workflow: None, from });
        vec![self.requests.ask(Slot::GoTo, Question::Find { namespace, what })]
    }

    pub(super) fn found(&mut self, head: Option<Box<MessageHead>>) -> Vec<Effect> {
        let Some(navigation) = self.browser.navigation.take() else { return Vec::new() };
        let Some(head) = head else {
            if let Some(namespace) = &navigation.otherwise {
                return self.open_namespace(namespace);
            }
            if let Some((global_position, workflow)) = navigation.workflow {
                return self.list_workflow(navigation.namespace, global_position, workflow);
            }
            let missing = missing(&navigation.target, &navigation.namespace);
            match self.dialogs.omnibox() {
                Some(omnibox) => omnibox.fail(missing),
                None => self.notices.problem(missing, self.now),
            }
            return Vec::new();
        };
        let closed = self.close_omnibox();
        let scope = navigation.scope.unwrap_or_else(|| Scope::Stream(head.stream.clone()));
        let number = if matches!(scope, Scope::Stream(_)) { head.position } else { head.global_position };
        let at_end = match &scope {
            Scope::Category(_) => self.browser.messages.key.is_none(),
            // The lookup found a message of the category, which the member may not receive.
            Scope::Member(..) => true,
            _ => false,
        };
        let mut effects = closed;
        effects.extend(self.browser.arrive_in(&navigation.namespace, scope, &mut self.requests));
        self.browser.history.record(navigation.from, self.browser.messages.key.as_ref());
        if self.browser.messages.is_filtered()
            && matches!(navigation.target, Target::StreamPosition(..) | Target::Id(_))
        {
            // The filter may exclude the message.
            effects.extend(self.following.stop());
            self.browser.messages.set_filter(Filter::default(), String::new());
            self.notices.done("The filter was removed to show this message".to_owned(), self.now);
        }
        if let Some(said) = past_the_end(&navigation.target, &head) {
            self.notices.problem(said, self.now);
        }
        effects.extend(if at_end {
            self.browser.messages.read_from(PageFrom::End, &mut self.requests)
        } else {
            self.browser.messages.read_around(number, &mut self.requests)
        });
        self.browser.messages.offset = self.browser.layout().rows(Pane::Messages) / 2;
        effects
    }

    fn open_namespace(&mut self, namespace: &str) -> Vec<Effect> {
        let from = self.browser.place();
        let mut effects = self.close_omnibox();
        // This replaces a navigation that is still waiting.
        self.browser.navigation = None;
        effects.extend(self.requests.stop(Slot::GoTo));
        effects.extend(self.browser.arrive_in(namespace, Scope::Namespace, &mut self.requests));
        self.browser.history.record(from, self.browser.messages.key.as_ref());
        effects
    }

    pub(super) fn navigation_failed(&mut self, error: &StoreError) -> Vec<Effect> {
        self.browser.navigation = None;
        self.notices.problem(error.to_string(), self.now);
        Vec::new()
    }

    /// Opens the location from the command line.
    pub(super) fn open_locator(&mut self, locator: &Locator) -> Vec<Effect> {
        match self.settle(locator) {
            Ok((namespace, destination)) => {
                self.browser.namespaces.select_named(&namespace);
                let mut effects = self.browser.namespace_selected(&mut self.requests);
                effects.extend(self.travel(namespace, destination));
                if let Some(navigation) = &mut self.browser.navigation {
                    navigation.from = None;
                }
                effects
            }
            Err(problem) => {
                self.notices.problem(problem, self.now);
                self.browser.namespace_selected(&mut self.requests)
            }
        }
    }

    /// Resolves a locator once the namespaces are known.
    fn settle(&self, locator: &Locator) -> Result<(String, Destination), String> {
        let mut rows = self.browser.namespaces.all();
        let only = rows.next().filter(|_| rows.next().is_none()).map(|row| row.id.clone());
        let current = locator.namespace.clone().or(only);
        let destination = match &locator.text {
            Some(text) => {
                let names = ListedNames::relative_to(&self.browser, current.as_deref());
                Destination::read(text, &names, self.now, &TimeZone::UTC)?
            }
            None => Destination::here(Target::Namespace),
        };
        let Some(namespace) = destination.namespace.clone().or(current) else {
            let text = locator.text.as_deref().unwrap_or_default();
            return Err(format!(
                "Cannot open {text}: there are several namespaces. Choose one, as in NAMESPACE/{text}."
            ));
        };
        if self.browser.namespaces.named(&namespace).is_some() {
            Ok((namespace, destination))
        } else {
            Err(format!("no namespace named {namespace}"))
        }
    }

    /// Goes to a stream, or one of its positions, in the namespace of the message on screen. If it does not exist but
    /// names a workflow, lists the messages of that.
    pub(super) fn go_to_stream(
        &mut self,
        stream: &str,
        position: Option<i64>,
        workflow: Option<Workflow>,
    ) -> Vec<Effect> {
        let Some(namespace) = self.browser.shown_namespace.clone() else { return Vec::new() };
        let target = match position {
            Some(position) => Target::StreamPosition(StreamName::stored(stream), position),
            None => match Name::new(stream) {
                Ok(name) => Target::Name(name),
                Err(_) => return Vec::new(),
            },
        };
        let effects = self.travel(namespace, Destination::here(target));
        if let Some(navigation) = &mut self.browser.navigation {
            let number = self.browser.message.head().map(|head| head.global_position);
            navigation.workflow = number.zip(workflow);
        }
        effects
    }
}

impl Browser {
    /// Returns to the previous location; none if the current one was not opened by a link or the omnibox.
    pub(super) fn go_back(&mut self, requests: &mut Requests) -> Option<Vec<Effect>> {
        let Place { list, focus, number } = self.history.pop(self.messages.key.as_ref())?;
        let mut effects = self.arrive_in(&list.namespace, list.scope, requests);
        if let Some(number) = number.filter(|number| self.messages.selected_number() != Some(*number)) {
            effects.extend(self.messages.read_around(number, requests));
        }
        let is_list = matches!(focus, Pane::Namespaces | Pane::Categories | Pane::Streams);
        // A side pane that had the focus may not be the one whose selection is shown.
        self.focus = if is_list { self.active } else { focus };
        Some(effects)
    }

    /// Shows a scope and selects its namespace, category and stream in the side panes.
    pub(super) fn arrive_in(&mut self, namespace: &str, scope: Scope, requests: &mut Requests) -> Vec<Effect> {
        let mut effects = Vec::new();
        // Move the focus first: a focused list shows its selection as soon as its rows arrive.
        self.focus = Pane::Messages;
        self.namespaces.select_named(namespace);
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
        effects.extend(self.show(ListKey { namespace: namespace.to_owned(), scope }, requests));
        if self.shown_namespace.as_deref() != Some(namespace) {
            self.wanted_category = category;
            effects.extend(self.namespace_selected(requests));
        } else if let Some(category) = category {
            if self.categories.select_named(category.as_str()) {
                effects.extend(self.category_selected(requests));
            } else {
                // The category got its first message after the list was read.
                self.wanted_category = Some(category);
                effects.extend(self.read_categories(namespace.to_owned(), requests));
            }
        }
        if let Some(stream) = stream {
            effects.extend(self.select_stream(&stream, requests));
        }
        effects
    }
}
