//! Webhooks: what a connector says about the messages that its app posts when something happens.

use crate::error::{ConnectorError, ErrorCode, Result};

/// Longest id or name in a message, in characters.
const LONGEST_NAME: usize = 128;

/// Deepest nesting of a message that is read. Apps need three.
const DEEPEST_NESTING: usize = 16;

/// Most hints that one message may give.
const MOST_HINTS: usize = 1000;

/// What a connector says about the webhooks of its app.
#[derive(Debug, Clone, Copy)]
pub struct Webhooks {
    /// Reads a message. Nobody has checked who sent it.
    pub parse: fn(&[u8]) -> Result<Vec<Hint>>,
    /// Types of messages that the app can be asked for, as it spells them: `company.updated`.
    pub types: &'static [&'static str],
    /// What messages of a type are about.
    pub subject: fn(&'static str) -> WebhookSubject,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookSubject {
    /// A record of the stream that has this [`entity`](crate::stream::StreamDeclaration::entity).
    Record(&'static str),
    /// The account itself, which comes to its end: a person must know.
    EndOfAccount,
}

/// Something may have happened to a record. Whoever knows the address can post messages, so nothing more is believed:
/// the record is read again, and what the app answers is what counts.
///
/// Names and ids in it have been checked for length and characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    event: String,
    entity: String,
    id: String,
    account: Option<String>,
}

impl Webhooks {
    /// Reads a message.
    ///
    /// # Errors
    /// `bad_request` for what the app does not send. The message is not repeated.
    pub fn read(&self, message: &[u8]) -> Result<Vec<Hint>> {
        if nesting(message) > DEEPEST_NESTING {
            return Err(ConnectorError::new(ErrorCode::BadRequest, "the message is nested too deeply"));
        }
        let hints = (self.parse)(message)?;
        if hints.len() > MOST_HINTS {
            return Err(ConnectorError::new(ErrorCode::BadRequest, "the message is about too many records"));
        }
        Ok(hints)
    }

    /// The type with this name, if it is declared.
    pub fn declared(&self, name: &str) -> Option<&'static str> {
        self.types.iter().find(|declared| **declared == name).copied()
    }
}

impl Hint {
    /// A hint from the parts of a message: the name of what happened, what it happened to, and in which account.
    ///
    /// # Errors
    /// `bad_request` for a part that no app has: letters, digits and `-_.:` are allowed, 128 at most.
    pub fn new(event: &str, entity: &str, id: &str, account: Option<&str>) -> Result<Self> {
        let checked = |name, text: &str| {
            let is_sound = (1..=LONGEST_NAME).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
            // The text is whatever somebody posted, and does not belong into logs.
            let refused = || format!("the {name} in the message is none");
            is_sound
                .then(|| text.to_owned())
                .ok_or_else(|| ConnectorError::new(ErrorCode::BadRequest, refused()))
        };
        Ok(Self {
            event: checked("event", event)?,
            entity: checked("entity", entity)?,
            id: checked("id", id)?,
            account: account.map(|account| checked("account", account)).transpose()?,
        })
    }

    /// Name of what happened, as in [`Webhooks::types`], or one that the connector does not know.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// What relations of the app call the record: `company`.
    pub fn entity(&self) -> &str {
        &self.entity
    }

    /// Id of the record.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The app's id of the account, if the message names one.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }
}

/// How deep brackets are nested, those in texts aside.
fn nesting(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut is_escaped) = (false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(_: &[u8]) -> Result<Vec<Hint>> {
        Ok(vec![Hint::new("thing.updated", "thing", "1", None)?])
    }

    #[test]
    fn a_hint_takes_only_what_an_app_could_have_sent() {
        let hint = Hint::new("thing.updated", "thing", "018d-ff_1", Some("a:b.c")).unwrap();
        assert_eq!((hint.event(), hint.entity(), hint.id()), ("thing.updated", "thing", "018d-ff_1"));
        assert_eq!(hint.account(), Some("a:b.c"));
        for wrong in ["", "a b", "a/b", "a\nb", "é", "\u{0}", "%2e", &"x".repeat(129)] {
            for error in [
                Hint::new(wrong, "thing", "1", None),
                Hint::new("thing.updated", wrong, "1", None),
                Hint::new("thing.updated", "thing", wrong, None),
                Hint::new("thing.updated", "thing", "1", Some(wrong)),
            ] {
                let error = error.unwrap_err();
                assert_eq!(error.code(), ErrorCode::BadRequest);
                assert!(wrong.len() < 2 || !error.message().contains(wrong), "{error}");
            }
        }
    }

    #[test]
    fn a_message_that_is_nested_too_deeply_does_not_reach_the_connector() {
        let webhooks = Webhooks { parse: one, types: &[], subject: |_| WebhookSubject::EndOfAccount };
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(webhooks.read(deep(16).as_bytes()).unwrap().len(), 1);
        assert!(webhooks.read(deep(17).as_bytes()).is_err());
        assert!(webhooks.read("{\"a\":[".repeat(9).as_bytes()).is_err());
        let in_text = format!(r#"{{"a":"\"{}"}}"#, "[".repeat(100));
        assert_eq!(webhooks.read(in_text.as_bytes()).unwrap().len(), 1);
    }
}
