//! Which ways of authentication are accepted (`require_auth`), and what the server asks for. Decides before anything secret is
//! sent; sends nothing itself.

use super::invalid;
use crate::store::Result;

/// A request for authentication, as the protocol numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Ok,
    Cleartext,
    Md5,
    Gss,
    Sasl,
    SaslContinue,
    SaslFinal,
    Other,
}

impl Request {
    /// That of a message's body.
    pub(super) fn of(body: &[u8]) -> Self {
        match body.first_chunk().map(|code| u32::from_be_bytes(*code)) {
            Some(0) => Self::Ok,
            Some(3) => Self::Cleartext,
            Some(5) => Self::Md5,
            // GSSAPI, its continuation, SSPI.
            Some(7..=9) => Self::Gss,
            Some(10) => Self::Sasl,
            Some(11) => Self::SaslContinue,
            Some(12) => Self::SaslFinal,
            _ => Self::Other,
        }
    }
}

/// The methods that libpq knows by name, each with what the server asks for then.
const METHODS: [(&str, Option<Request>); 7] = [
    ("none", Some(Request::Ok)),
    ("password", Some(Request::Cleartext)),
    ("md5", Some(Request::Md5)),
    ("scram-sha-256", Some(Request::Sasl)),
    // Never offered from here, so only their exclusion has a meaning.
    ("gss", None),
    ("sspi", None),
    ("oauth", None),
];

/// The accepted methods; all where nothing is required.
#[derive(Debug, Clone, Default)]
pub(super) struct Methods(Option<Required>);

#[derive(Debug, Clone)]
struct Required {
    /// As it was given, for messages.
    text: String,
    accepted: Vec<Request>,
}

impl Methods {
    /// Reads `require_auth`: methods by name, or with `!` before each the methods that are not accepted.
    pub(super) fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self(None)) };
        let negated = text.starts_with('!');
        let mut named = Vec::new();
        for word in text.split(',') {
            let name = word.strip_prefix('!').unwrap_or(word);
            if word.starts_with('!') != negated {
                return Err(invalid(format!(
                    "require_auth names methods with and without \"!\": \"{word}\" does not fit the ones before it"
                )));
            }
            if !METHODS.iter().any(|(known, _)| *known == name) {
                let known: Vec<_> = METHODS.iter().map(|(known, _)| *known).collect();
                return Err(invalid(format!("invalid require_auth value: \"{word}\" (one of {})", known.join(", "))));
            }
            if named.contains(&name) {
                return Err(invalid(format!("require_auth method \"{word}\" is specified more than once")));
            }
            named.push(name);
        }
        let accepted = METHODS.iter().filter(|(name, _)| named.contains(name) != negated);
        let accepted: Vec<Request> = accepted.filter_map(|(_, request)| *request).collect();
        if accepted.is_empty() {
            return Err(invalid(format!(
                "require_auth={text} leaves no method that streamscope has: none, password, md5 and scram-sha-256"
            )));
        }
        Ok(Self(Some(Required { text: text.to_owned(), accepted })))
    }

    /// Whether the request may be answered. `proved` says that an accepted exchange came to its end.
    ///
    /// # Errors
    /// What the server asks for instead, in words.
    pub(super) fn check(&self, request: Request, proved: bool) -> Result<(), String> {
        let Some(required) = &self.0 else { return Ok(()) };
        let asked = match request {
            Request::SaslContinue | Request::SaslFinal => Request::Sasl,
            request => request,
        };
        if required.accepted.contains(&asked) || (asked == Request::Ok && proved) {
            return Ok(());
        }
        let reason = match asked {
            Request::Ok => "the server did not complete authentication",
            Request::Cleartext => "the server asks for a cleartext password",
            Request::Md5 => "the server asks for a hashed password",
            Request::Sasl => "the server asks for SASL authentication",
            Request::Gss => "the server asks for GSSAPI authentication",
            _ => "the server asks for an unknown authentication method",
        };
        Err(format!("authentication method requirement \"{}\" failed: {reason}", required.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(text: &str, request: Request, proved: bool) -> bool {
        Methods::parse(Some(text)).expect("good methods").check(request, proved).is_ok()
    }

    #[test]
    fn only_the_named_methods_are_answered() {
        assert!(accepts("scram-sha-256", Request::Sasl, false));
        assert!(accepts("scram-sha-256", Request::Ok, true));
        assert!(!accepts("scram-sha-256", Request::Ok, false));
        assert!(!accepts("scram-sha-256", Request::Cleartext, false));
        assert!(accepts("md5,none", Request::Ok, false));
        assert!(!accepts("md5,none", Request::Sasl, false));
    }

    #[test]
    fn with_an_exclamation_mark_all_but_the_named_are_answered() {
        assert!(accepts("!password", Request::Ok, false));
        assert!(accepts("!password,!md5", Request::Sasl, false));
        assert!(!accepts("!password,!md5", Request::Cleartext, false));
        assert!(!accepts("!none", Request::Ok, false));
        assert!(accepts("!none", Request::Ok, true));
    }

    #[test]
    fn unknown_and_mixed_and_repeated_methods_are_refused() {
        for text in ["kerberos", "md5,!password", "!md5,password", "md5,md5", "md5,", "gss"] {
            assert!(Methods::parse(Some(text)).is_err(), "{text}");
        }
    }
}
