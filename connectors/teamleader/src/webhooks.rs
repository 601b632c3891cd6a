//! Webhooks: how Teamleader's messages read, and what they are about.

use connector_core::webhook::{Hint, WebhookSubject, Webhooks};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;

use crate::capabilities::WEBHOOK_TYPES;

pub(crate) const WEBHOOKS: Webhooks = Webhooks { parse, types: WEBHOOK_TYPES, subject };

/// What is posted. The documentation shows no message; this is what arrives.
#[derive(Deserialize)]
struct Message {
    r#type: String,
    subject: Reference,
    account: Option<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    r#type: String,
    id: String,
}

fn parse(message: &[u8]) -> Result<Vec<Hint>> {
    let message: Message = serde_json::from_slice(message).map_err(|error| {
        // The text of the error would repeat what was posted.
        let place = format!("line {}, column {}", error.line(), error.column());
        ConnectorError::new(
            ErrorCode::BadRequest,
            format!("the message is no webhook of Teamleader ({place})"),
        )
    })?;
    let account = message.account.map(|account| account.id);
    let entity = match message.subject.r#type.as_str() {
        // Elsewhere in the API the tasks of old projects go by this name.
        "todo" => "task",
        entity => entity,
    };
    Ok(vec![Hint::new(&message.r#type, entity, &message.subject.id, account.as_deref())?])
}

/// The name of a type begins with the entity.
fn subject(name: &'static str) -> WebhookSubject {
    match name.split('.').next().unwrap_or_default() {
        "account" => WebhookSubject::EndOfAccount,
        entity => WebhookSubject::Record(entity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "018d79a1-2b99-0f5e-9a3b-1c2d3e4f5a6b";

    #[test]
    fn a_message_says_which_record_to_look_at() {
        let message = format!(
            r#"{{"type":"invoice.booked","subject":{{"type":"invoice","id":"{ID}"}},"account":{{"type":"account","id":"a-1"}},"new":[1]}}"#
        );
        let hints = WEBHOOKS.read(message.as_bytes()).unwrap();
        assert_eq!(hints, [Hint::new("invoice.booked", "invoice", ID, Some("a-1")).unwrap()]);
        let without_account = format!(r#"{{"type":"task.created","subject":{{"type":"todo","id":"{ID}"}}}}"#);
        let hints = WEBHOOKS.read(without_account.as_bytes()).unwrap();
        assert_eq!(hints, [Hint::new("task.created", "task", ID, None).unwrap()]);
    }

    #[test]
    fn what_is_no_message_is_refused_and_not_repeated() {
        for wrong in [
            "",
            "s3cret",
            "[]",
            r#"{"type":"s3cret"}"#,
            r#"{"type":"a","subject":{"type":"invoice","id":7}}"#,
            r#"{"type":"a","subject":{"type":"invoice","id":"../s3cret"}}"#,
            r#"{"type":"a","subject":{"id":"1"}}"#,
        ] {
            let error = WEBHOOKS.read(wrong.as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::BadRequest, "{wrong}");
            assert!(!format!("{error:?}").contains("s3cret"), "{wrong}");
        }
    }

    #[test]
    fn a_type_is_about_its_entity_or_about_the_account() {
        assert_eq!(subject("contact.linkedToCompany"), WebhookSubject::Record("contact"));
        let ends: Vec<_> =
            WEBHOOK_TYPES.iter().filter(|name| subject(name) == WebhookSubject::EndOfAccount).collect();
        assert_eq!(ends, [&"account.deactivated", &"account.deleted"]);
    }
}
