//! Checks the server's messages before tokio-postgres sees them: their lengths, the amount sent before the session is
//! ready, and the authentication method. Drops notices and other messages that nobody reads, and shortens errors. The
//! limits are libpq's. Does no I/O.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use super::super::authentication::{Methods, Request};
use super::shorten::ShortenedError;

/// Tag and length.
const HEADER: usize = 5;
/// Longest authentication request, in bytes.
const LONGEST_REQUEST: usize = 2_000;
/// Longest message of a kind without user data, in bytes.
const LONGEST_SHORT: usize = 30_000;
/// Bytes allowed before the session is ready, in total.
const BEFORE_READY: usize = 1 << 20;
/// Kinds allowed first: authentication, errors, notices, the protocol's version.
const FIRST: &[u8] = b"RENv";
/// Kinds allowed after that, until the session is ready: also settings, the cancel key and readiness.
const STARTING: &[u8] = b"RENvSKZ";
/// Kinds that may be long in a ready session: columns, rows, copied data, errors, notices.
const LONG: &[u8] = b"TDdVEN";

/// The client's conditions, and flags that it reads afterwards.
#[derive(Debug, Clone, Default)]
pub(in crate::store::connect) struct AuthTerms {
    /// `require_auth`.
    pub(in crate::store::connect) methods: Methods,
    /// The server has already rejected the password, so the attempt ends if it is asked for again.
    pub(in crate::store::connect) no_password: bool,
    /// Set once the server asks for a password in any form.
    pub(in crate::store::connect) asked: Arc<AtomicBool>,
    /// Set once an exchange that authenticates the client has completed.
    pub(in crate::store::connect) proved: Arc<AtomicBool>,
    /// Set if the session is not encrypted.
    pub(in crate::store::connect) plain: Arc<AtomicBool>,
    /// Set once the server has accepted the authentication.
    pub(in crate::store::connect) authenticated: Arc<AtomicBool>,
}

/// Why this side ended the connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(in crate::store::connect) enum Rejection {
    /// The server asks for an authentication method that is not accepted.
    #[error("{0}")]
    Method(String),
    /// The server violates the protocol, or is not PostgreSQL.
    #[error("{0}")]
    Protocol(String),
}

fn foreign(reason: impl Into<String>) -> Rejection {
    Rejection::Protocol(reason.into())
}

/// How the arriving message is handled.
#[derive(Debug)]
enum BodyHandling {
    Passed,
    Dropped,
    /// Collected and checked before it is passed on.
    Checked(Vec<u8>),
    /// Shortened before it is passed on.
    Shortened(ShortenedError),
}

/// The state of the check between two reads.
#[derive(Debug)]
pub(super) struct MessageFilter {
    terms: AuthTerms,
    /// The server has sent an authentication request.
    begun: bool,
    ready: bool,
    /// Bytes received before the session is ready.
    received: usize,
    header: [u8; HEADER],
    header_length: usize,
    /// Bytes of the message that have not arrived yet.
    left: usize,
    body: BodyHandling,
}

impl MessageFilter {
    pub(super) fn new(terms: AuthTerms) -> Self {
        // An earlier attempt with these terms says nothing about this one.
        terms.proved.store(false, Ordering::SeqCst);
        Self {
            terms,
            begun: false,
            ready: false,
            received: 0,
            header: [0; HEADER],
            header_length: 0,
            left: 0,
            body: BodyHandling::Passed,
        }
    }

    /// Checks the next piece of input and appends the accepted bytes to `out`.
    ///
    /// # Errors
    /// The reason to end the connection.
    pub(super) fn take(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), Rejection> {
        if !self.ready {
            self.received += input.len();
            if self.received > BEFORE_READY {
                return Err(foreign("the server sent more than 1 MiB before the session was ready"));
            }
            if self.received == input.len() && input.starts_with(b"HTTP/") {
                return Err(foreign("an HTTP server answered, not PostgreSQL"));
            }
        }
        while !input.is_empty() {
            if self.left == 0 {
                let wanted = (HEADER - self.header_length).min(input.len());
                self.header[self.header_length..][..wanted].copy_from_slice(&input[..wanted]);
                self.header_length += wanted;
                input = &input[wanted..];
                if self.header_length == HEADER {
                    self.header_length = 0;
                    self.begin(out)?;
                }
                continue;
            }
            let (now, rest) = input.split_at(self.left.min(input.len()));
            self.left -= now.len();
            input = rest;
            match &mut self.body {
                BodyHandling::Passed => out.extend_from_slice(now),
                BodyHandling::Dropped => {}
                BodyHandling::Checked(body) => body.extend_from_slice(now),
                BodyHandling::Shortened(error) => error.take(now),
            }
            if self.left == 0 {
                self.end(out)?;
            }
        }
        Ok(())
    }

    /// Checks a complete header.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), Rejection> {
        let [tag, length @ ..] = self.header;
        let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| *length >= HEADER - 1);
        let known = match (self.begun, self.ready) {
            (_, true) => tag.is_ascii_graphic(),
            (true, false) => STARTING.contains(&tag),
            (false, false) => FIRST.contains(&tag),
        };
        let (Some(length), true) = (length, known) else {
            return Err(foreign("the server does not speak PostgreSQL's protocol"));
        };
        let limit = match tag {
            b'R' => LONGEST_REQUEST,
            b'E' | b'N' => usize::MAX,
            tag if self.ready && LONG.contains(&tag) => usize::MAX,
            _ => LONGEST_SHORT,
        };
        if length > limit || (!self.ready && length > BEFORE_READY) {
            return Err(foreign(format!(
                "the server announced {length} bytes for a message that is short in PostgreSQL (kind {})",
                char::from(tag).escape_default()
            )));
        }
        self.left = length + 1 - HEADER;
        self.body = match tag {
            b'N' => BodyHandling::Dropped,
            // Later settings and notifications are read by nobody, and their number has no limit.
            b'S' | b'A' if self.ready => BodyHandling::Dropped,
            b'R' => BodyHandling::Checked(Vec::new()),
            b'E' => BodyHandling::Shortened(ShortenedError::default()),
            _ => {
                out.extend_from_slice(&self.header);
                BodyHandling::Passed
            }
        };
        self.begun |= tag == b'R';
        self.ready |= tag == b'Z';
        if self.left == 0 { self.end(out) } else { Ok(()) }
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Rejection> {
        match std::mem::replace(&mut self.body, BodyHandling::Passed) {
            BodyHandling::Passed | BodyHandling::Dropped => {}
            BodyHandling::Checked(body) => {
                self.check_request(&body)?;
                out.extend_from_slice(&self.header);
                out.extend_from_slice(&body);
            }
            BodyHandling::Shortened(error) => error.finish(out),
        }
        Ok(())
    }

    /// Checks an authentication request before it is answered.
    fn check_request(&mut self, body: &[u8]) -> Result<(), Rejection> {
        let request = Request::of(body);
        self.terms.methods.check(request, self.terms.proved.load(Ordering::SeqCst)).map_err(Rejection::Method)?;
        match request {
            Request::Cleartext | Request::Md5 | Request::Sasl => {
                if self.terms.no_password {
                    return Err(Rejection::Method("the server asks again for a password that it rejected".to_owned()));
                }
                self.terms.asked.store(true, Ordering::SeqCst);
                self.terms.proved.store(request != Request::Sasl, Ordering::SeqCst);
            }
            Request::SaslFinal => self.terms.proved.store(true, Ordering::SeqCst),
            Request::Ok => self.terms.authenticated.store(true, Ordering::SeqCst),
            Request::SaslContinue | Request::Gss | Request::Other => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let length = i32::try_from(body.len() + 4).expect("a short body").to_be_bytes();
        [&[tag], &length[..], body].concat()
    }

    fn ready() -> Vec<u8> {
        [message(b'R', &[0; 4]), message(b'Z', b"I")].concat()
    }

    /// Returns the accepted bytes, which must not depend on how the input is split.
    fn passed(input: &[u8]) -> Result<Vec<u8>, Rejection> {
        let outcomes = [1, 2, 3, 5, 7, 64, usize::MAX].map(|length| {
            let (mut filter, mut out) = (MessageFilter::new(AuthTerms::default()), Vec::new());
            input.chunks(length.min(input.len())).try_for_each(|piece| filter.take(piece, &mut out)).map(|()| out)
        });
        let [first, ..] = &outcomes;
        assert!(outcomes.iter().all(|outcome| outcome.is_ok() == first.is_ok()), "{outcomes:?}");
        if first.is_ok() {
            assert!(outcomes.iter().all(|outcome| outcome == first), "{outcomes:?}");
        }
        first.clone()
    }

    #[test]
    fn passes_everything_but_notices() {
        let row = message(b'D', &vec![1; 100_000]);
        let input = [ready(), message(b'N', b"SNOTICE\0\0"), row.clone(), message(b'Z', b"I")].concat();
        assert_eq!(passed(&input), Ok([ready(), row, message(b'Z', b"I")].concat()));
    }

    #[test]
    fn passes_the_settings_of_a_new_session_only() {
        let setting = message(b'S', b"TimeZone\0UTC\0");
        let new = [message(b'R', &[0; 4]), setting.clone(), message(b'Z', b"I")].concat();
        let input = [new.clone(), setting, message(b'A', b"\0\0\0\0channel\0\0"), message(b'Z', b"I")].concat();
        assert_eq!(passed(&input), Ok([new, message(b'Z', b"I")].concat()));
    }

    #[test]
    fn refuses_long_messages_before_the_session_is_ready() {
        for tag in *b"RENSKD" {
            let announced = [&[tag][..], &i32::MAX.to_be_bytes()].concat();
            let error = passed(&announced).expect_err("two gigabytes").to_string();
            assert!(error.contains("2147483647 bytes") || error.contains("not speak PostgreSQL's protocol"), "{error}");
        }
        passed(&message(b'R', &[0; 3_000])).expect_err("the authentication request is too long");
    }

    #[test]
    fn in_a_ready_session_only_messages_with_data_may_be_long() {
        let long = vec![0; 40_000];
        for (tag, accepted) in [(b'D', true), (b'd', true), (b'T', true), (b'C', false), (b'S', false), (b'A', false)] {
            assert_eq!(passed(&[ready(), message(tag, &long)].concat()).is_ok(), accepted, "{}", char::from(tag));
        }
    }

    #[test]
    fn endless_notices_end_the_attempt() {
        let notices: Vec<u8> = std::iter::repeat_n(message(b'N', &[b'x'; 1_000]), 2_000).flatten().collect();
        let mut filter = MessageFilter::new(AuthTerms::default());
        let mut out = Vec::new();
        let outcome = notices.chunks(4_096).try_for_each(|piece| filter.take(piece, &mut out));
        assert!(outcome.is_err_and(|error| error.to_string().contains("before the session was ready")));
        assert!(out.is_empty());
    }

    #[test]
    fn recognises_other_protocols() {
        assert!(passed(b"HTTP/1.1 400 Bad Request\r\n\r\n").is_err());
        let error = MessageFilter::new(AuthTerms::default()).take(b"HTTP/1.1 400", &mut Vec::new());
        assert!(error.is_err_and(|error| error.to_string().contains("HTTP")));
        passed(b"SSH-2.0-OpenSSH_9.2\r\n").expect_err("another protocol");
    }

    #[test]
    fn does_not_send_a_rejected_password_again() {
        let terms = AuthTerms { no_password: true, ..AuthTerms::default() };
        let mut filter = MessageFilter::new(terms);
        filter.take(&message(b'R', &[0, 0, 0, 3]), &mut Vec::new()).expect_err("the password was rejected");
    }
}
