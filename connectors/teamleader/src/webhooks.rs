//! Webhooks: what Teamleader can be asked to tell, and how its messages read.

use connector_core::webhook::WebhookSubject::{EndOfAccount, Record};
use connector_core::webhook::{Hint, WebhookType, Webhooks};
use connector_core::{ConnectorError, ErrorCode, Result};
use serde::Deserialize;

pub(crate) const WEBHOOKS: Webhooks = Webhooks { parse, types: TYPES };

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

const fn about(name: &'static str, entity: &'static str) -> WebhookType {
    WebhookType { name, subject: Record(entity) }
}

const fn end(name: &'static str) -> WebhookType {
    WebhookType { name, subject: EndOfAccount }
}

/// Everything that can be registered for, by what it is about.
const TYPES: &[WebhookType] = &[
    end("account.deactivated"),
    end("account.deleted"),
    about("call.added", "call"),
    about("call.completed", "call"),
    about("call.deleted", "call"),
    about("call.updated", "call"),
    about("company.added", "company"),
    about("company.deleted", "company"),
    about("company.updated", "company"),
    about("contact.added", "contact"),
    about("contact.deleted", "contact"),
    about("contact.linkedToCompany", "contact"),
    about("contact.unlinkedFromCompany", "contact"),
    about("contact.updated", "contact"),
    about("contact.updatedLinkToCompany", "contact"),
    about("creditNote.booked", "creditNote"),
    about("creditNote.deleted", "creditNote"),
    about("creditNote.peppolSubmissionFailed", "creditNote"),
    about("creditNote.peppolSubmissionSucceeded", "creditNote"),
    about("creditNote.sent", "creditNote"),
    about("creditNote.updated", "creditNote"),
    about("deal.created", "deal"),
    about("deal.deleted", "deal"),
    about("deal.lost", "deal"),
    about("deal.moved", "deal"),
    about("deal.updated", "deal"),
    about("deal.won", "deal"),
    about("incomingCreditNote.added", "incomingCreditNote"),
    about("incomingCreditNote.approved", "incomingCreditNote"),
    about("incomingCreditNote.bookkeepingSubmissionFailed", "incomingCreditNote"),
    about("incomingCreditNote.bookkeepingSubmissionSucceeded", "incomingCreditNote"),
    about("incomingCreditNote.deleted", "incomingCreditNote"),
    about("incomingCreditNote.refused", "incomingCreditNote"),
    about("incomingCreditNote.updated", "incomingCreditNote"),
    about("incomingInvoice.added", "incomingInvoice"),
    about("incomingInvoice.approved", "incomingInvoice"),
    about("incomingInvoice.bookkeepingSubmissionFailed", "incomingInvoice"),
    about("incomingInvoice.bookkeepingSubmissionSucceeded", "incomingInvoice"),
    about("incomingInvoice.deleted", "incomingInvoice"),
    about("incomingInvoice.refused", "incomingInvoice"),
    about("incomingInvoice.updated", "incomingInvoice"),
    about("invoice.booked", "invoice"),
    about("invoice.deleted", "invoice"),
    about("invoice.drafted", "invoice"),
    about("invoice.paymentRegistered", "invoice"),
    about("invoice.paymentRemoved", "invoice"),
    about("invoice.peppolSubmissionFailed", "invoice"),
    about("invoice.peppolSubmissionSucceeded", "invoice"),
    about("invoice.sent", "invoice"),
    about("invoice.updated", "invoice"),
    about("meeting.completed", "meeting"),
    about("meeting.created", "meeting"),
    about("meeting.deleted", "meeting"),
    about("meeting.updated", "meeting"),
    about("milestone.created", "milestone"),
    about("milestone.updated", "milestone"),
    about("nextgenProject.closed", "nextgenProject"),
    about("nextgenProject.created", "nextgenProject"),
    about("nextgenProject.deleted", "nextgenProject"),
    about("nextgenProject.updated", "nextgenProject"),
    about("nextgenTask.completed", "nextgenTask"),
    about("nextgenTask.created", "nextgenTask"),
    about("nextgenTask.deleted", "nextgenTask"),
    about("nextgenTask.updated", "nextgenTask"),
    about("product.added", "product"),
    about("product.deleted", "product"),
    about("product.updated", "product"),
    about("project.created", "project"),
    about("project.deleted", "project"),
    about("project.updated", "project"),
    about("receipt.added", "receipt"),
    about("receipt.approved", "receipt"),
    about("receipt.bookkeepingSubmissionFailed", "receipt"),
    about("receipt.bookkeepingSubmissionSucceeded", "receipt"),
    about("receipt.deleted", "receipt"),
    about("receipt.refused", "receipt"),
    about("receipt.updated", "receipt"),
    about("subscription.added", "subscription"),
    about("subscription.deactivated", "subscription"),
    about("subscription.deleted", "subscription"),
    about("subscription.updated", "subscription"),
    about("task.completed", "task"),
    about("task.created", "task"),
    about("task.deleted", "task"),
    about("task.updated", "task"),
    about("ticket.closed", "ticket"),
    about("ticket.created", "ticket"),
    about("ticket.deleted", "ticket"),
    about("ticket.reopened", "ticket"),
    about("ticket.updated", "ticket"),
    about("ticketMessage.added", "ticketMessage"),
    about("timeTracking.added", "timeTracking"),
    about("timeTracking.deleted", "timeTracking"),
    about("timeTracking.updated", "timeTracking"),
    about("user.deactivated", "user"),
];

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
    fn the_name_of_a_type_begins_with_what_it_is_about() {
        for declared in TYPES {
            let named = declared.name.split_once('.').unwrap().0;
            match declared.subject {
                Record(entity) => assert_eq!(entity, named),
                _ => assert_eq!(named, "account"),
            }
        }
    }
}
