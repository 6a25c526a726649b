//! The colours of message types: the rules of the configuration, and failures, which are recognised by their names. A
//! colour only repeats what the name says.

use schemars::JsonSchema;
use serde::Deserialize;

use super::colors::Paint;

/// A rule of the configuration: `[[types]] match = "*Placed" color = "green"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TypeRule {
    /// A pattern for the whole type: * stands for any text, ? for one character.
    #[serde(rename = "match")]
    #[schemars(example = &"*Placed")]
    pattern: String,
    /// The colour of these types.
    #[schemars(example = &"green")]
    color: Paint,
}

/// How a type is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeLook {
    Neutral,
    /// The name says that something failed.
    Failure,
    /// A rule names this colour.
    Colored(Paint),
}

/// The rules; the first one that matches decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TypeRules(pub Vec<TypeRule>);

impl TypeRules {
    #[must_use]
    pub(crate) fn look(&self, message_type: &str) -> TypeLook {
        match self.0.iter().find(|rule| matches(&rule.pattern, message_type)) {
            Some(rule) => TypeLook::Colored(rule.color),
            None if is_failure(message_type) => TypeLook::Failure,
            None => TypeLook::Neutral,
        }
    }
}

/// The last words of types that report failures.
pub(crate) const FAILURES: [&str; 4] = ["Failed", "Declined", "Rejected", "Error"];

/// Returns true if the last word of a type reports a failure: `PaymentFailed`, `payment_failed`, `Failed`, but not
/// `Terror`.
fn is_failure(message_type: &str) -> bool {
    FAILURES.iter().any(|word| {
        let lower = word.to_lowercase();
        let begins_a_word = |before: &str| !before.ends_with(char::is_alphanumeric);
        message_type.ends_with(word)
            || message_type.strip_suffix(lower.as_str()).is_some_and(begins_a_word)
            || message_type.strip_suffix(word.to_uppercase().as_str()).is_some_and(begins_a_word)
    })
}

/// Returns true if a text matches a pattern as a whole.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // The last star, and the text from which it may cover one more character.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, covered)) = star else { return false };
                star = Some((place, covered + 1));
                at = place + 1;
                from = covered + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    #[test]
    fn the_names_of_failures_are_recognised() {
        for failure in
            ["PaymentFailed", "Failed", "payment_failed", "payment.declined", "OrderRejected", "ORDER_ERROR", "IOError"]
        {
            assert_eq!(TypeRules::default().look(failure), TypeLook::Failure, "{failure}");
        }
        for neutral in ["Opened", "Terror", "FailedOver", "Unfailed_", "", "errors"] {
            assert_eq!(TypeRules::default().look(neutral), TypeLook::Neutral, "{neutral}");
        }
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rule = |pattern: &str, color| TypeRule { pattern: pattern.to_owned(), color: Paint(color) };
        let rules = TypeRules(vec![
            rule("*Placed", Color::Green),
            rule("Hold*", Color::Blue),
            rule("PaymentFailed", Color::Cyan),
        ]);
        for (message_type, look) in [
            ("OrderPlaced", TypeLook::Colored(Paint(Color::Green))),
            ("HoldPlaced", TypeLook::Colored(Paint(Color::Green))),
            ("HoldReleased", TypeLook::Colored(Paint(Color::Blue))),
            ("PaymentFailed", TypeLook::Colored(Paint(Color::Cyan))),
            ("OtherFailed", TypeLook::Failure),
            ("PlacedX", TypeLook::Neutral),
        ] {
            assert_eq!(rules.look(message_type), look, "{message_type}");
        }
    }

    #[test]
    fn a_pattern_matches_a_whole_text() {
        for (pattern, text) in
            [("*", ""), ("a*b*c", "a--b-bc"), ("?é*", "xé"), ("**", "x"), ("abc", "abc"), ("*a", "aaa")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "x"), ("a*b", "abc"), ("?", ""), ("a?", "a"), ("abc", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }
}
