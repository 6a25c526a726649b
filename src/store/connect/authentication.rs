//! Checks the server's authentication requests against `require_auth`, before anything secret is sent. Sends nothing
//! itself.

use super::parameters::invalid;
use crate::store::error::Result;

/// An authentication request of the protocol.
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
    /// Reads the request from the body of an `R` message.
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

/// libpq's names of methods, each with the request that it allows.
const METHODS: [(&str, Option<Request>); 7] = [
    ("none", Some(Request::Ok)),
    ("password", Some(Request::Cleartext)),
    ("md5", Some(Request::Md5)),
    ("scram-sha-256", Some(Request::Sasl)),
    // streamscope has none of these, so only excluding them makes sense.
    ("gss", None),
    ("sspi", None),
    ("oauth", None),
];

/// The accepted methods; all of them if `require_auth` is not set.
#[derive(Debug, Clone, Default)]
pub(super) struct Methods(Option<Required>);

#[derive(Debug, Clone)]
struct Required {
    /// The value of `require_auth`, for error messages.
    text: String,
    accepted: Vec<Request>,
}

impl Methods {
    /// Parses `require_auth`: the accepted methods, or the rejected ones with `!` before each.
    pub(super) fn parse(text: Option<&str>) -> Result<Self> {
        let Some(text) = text else { return Ok(Self(None)) };
        let negated = text.starts_with('!');
        let mut named = Vec::new();
        for word in text.split(',') {
            let name = word.strip_prefix('!').unwrap_or(word);
            if word.starts_with('!') != negated {
                return Err(invalid(format!(
                    "require_auth mixes methods with and without \"!\": remove or add it in \"{word}\""
                )));
            }
            if !METHODS.iter().any(|(known, _)| *known == name) {
                let known: Vec<_> = METHODS.iter().map(|(known, _)| *known).collect();
                return Err(invalid(format!("unknown require_auth method \"{word}\"; use {}", known.join(", "))));
            }
            if named.contains(&name) {
                return Err(invalid(format!("require_auth contains \"{word}\" more than once")));
            }
            named.push(name);
        }
        let accepted = METHODS.iter().filter(|(name, _)| named.contains(name) != negated);
        let accepted: Vec<Request> = accepted.filter_map(|(_, request)| *request).collect();
        if accepted.is_empty() {
            return Err(invalid(format!(
                "require_auth={text} allows no method that streamscope supports (none, password, md5, scram-sha-256)"
            )));
        }
        Ok(Self(Some(Required { text: text.to_owned(), accepted })))
    }

    /// Decides whether the request may be answered. `proved` means that an accepted exchange has completed.
    ///
    /// # Errors
    /// The refused request, in words.
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
    fn answers_only_the_named_methods() {
        assert!(accepts("scram-sha-256", Request::Sasl, false));
        assert!(accepts("scram-sha-256", Request::Ok, true));
        assert!(!accepts("scram-sha-256", Request::Ok, false));
        assert!(!accepts("scram-sha-256", Request::Cleartext, false));
        assert!(accepts("md5,none", Request::Ok, false));
        assert!(!accepts("md5,none", Request::Sasl, false));
    }

    #[test]
    fn an_exclamation_mark_excludes_a_method() {
        assert!(accepts("!password", Request::Ok, false));
        assert!(accepts("!password,!md5", Request::Sasl, false));
        assert!(!accepts("!password,!md5", Request::Cleartext, false));
        assert!(!accepts("!none", Request::Ok, false));
        assert!(accepts("!none", Request::Ok, true));
    }

    #[test]
    fn refuses_unknown_mixed_and_repeated_methods() {
        for text in ["kerberos", "md5,!password", "!md5,password", "md5,md5", "md5,", "gss"] {
            assert!(Methods::parse(Some(text)).is_err(), "{text}");
        }
    }
}
