//! `:`: the go-to box takes a category, a stream, `stream@position`, `namespace/`, a global position, a message ID or a
//! time, and shows where Enter leads before Enter is pressed. Parsing is in `locator`, and the journey itself belongs to the
//! panes.

use crossterm::event::{KeyCode, KeyEvent};

use super::outcome::{Command, DialogContext, Outcome};
use crate::app::input::Input;
use crate::app::listed_names::ListedNames;
use crate::locator::Destination;
use crate::message::Category;

/// The open box.
#[derive(Debug)]
pub(crate) struct GoToPrompt {
    pub input: Input,
    /// Where Enter leads, or what is wrong or expected.
    pub understood: Result<Destination, String>,
}

impl GoToPrompt {
    #[must_use]
    pub(crate) fn new() -> Self {
        let hint = "category · stream · stream@position · namespace/ · position · ID · time · =name";
        Self { input: Input::default(), understood: Err(hint.to_owned()) }
    }

    /// Creates a box with `CATEGORY#`, for a consumer group member to be typed after it.
    #[must_use]
    pub(crate) fn for_member(category: &Category) -> Self {
        let hint = "MEMBER:SIZE of the consumer group, such as 0:3";
        Self { input: Input::new(&format!("{category}#")), understood: Err(hint.to_owned()) }
    }

    pub(super) fn key(&mut self, key: KeyEvent, context: &DialogContext) -> Outcome {
        match key.code {
            KeyCode::Esc => return Outcome::Close,
            KeyCode::Enter => return self.go(context),
            _ if self.input.key(key) => self.resolve(context),
            _ => {}
        }
        Outcome::Stay
    }

    pub(super) fn paste(&mut self, text: &str, context: &DialogContext) -> Outcome {
        self.input.paste(text);
        self.resolve(context);
        Outcome::Stay
    }

    fn go(&mut self, context: &DialogContext) -> Outcome {
        let Ok(destination) = self.understood.clone() else { return Outcome::Stay };
        let Some(namespace) = destination.namespace.clone().or_else(|| context.browser.shown_namespace.clone()) else {
            self.understood = Err("no namespace is open; type NAMESPACE/ first".to_owned());
            return Outcome::Stay;
        };
        Outcome::Do(vec![Command::Navigate(namespace, destination)])
    }

    /// Resolves the input, relative to the namespace on screen.
    pub(crate) fn resolve(&mut self, context: &DialogContext) {
        let names = ListedNames::on_screen(context.browser);
        self.understood = Destination::read(self.input.text(), &names, context.now, &context.times.time_zone());
    }
}
