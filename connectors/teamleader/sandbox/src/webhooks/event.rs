//! Which events a change of a row is, in the names of the service.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::catalog::Resource;

/// Something that happened to a row.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) kind: String,
    id: String,
}

impl Event {
    pub(crate) fn payload(&self, account: Uuid) -> Value {
        let subject = self.kind.split('.').next();
        json!({
            "type": self.kind,
            "subject": {"type": subject, "id": self.id},
            "account": {"type": "account", "id": account},
        })
    }
}

type Row = Map<String, Value>;

/// The events between two states of a row; a row that is not there is `None`.
pub(crate) fn events(resource: &Resource, before: Option<&Row>, after: Option<&Row>) -> Vec<Event> {
    let Some((entity, id)) = after.or(before).and_then(|row| subject(resource, row)) else {
        return Vec::new();
    };
    let mut found: Vec<&str> = match (before, after) {
        (None, _) => named(&entity, &["added", "created", "drafted", "booked"]),
        (Some(_), None) => named(&entity, &["deleted"]),
        (Some(_), Some(_)) => named(&entity, &["updated"]),
    };
    if let (Some(before), Some(after)) = (before, after) {
        found.extend(turns(&entity, before, after));
    }
    found.into_iter().map(|kind| Event { kind: kind.to_owned(), id: id.clone() }).collect()
}

/// What the service calls the row in its events; expenses are three kinds of documents in one list.
fn subject(resource: &Resource, row: &Row) -> Option<(String, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(source) = row.get("source").filter(|_| resource.name == "expenses") {
        return Some((text(&source["type"])?, text(&source["id"])?));
    }
    Some((resource.entity.to_owned(), row.get(resource.id_attribute()).and_then(text)?))
}

/// The first of these events that the service has for the entity.
fn named(entity: &str, verbs: &[&str]) -> Vec<&'static str> {
    let find = |verb: &&str| TYPES.into_iter().find(|kind| kind.split_once('.') == Some((entity, verb)));
    verbs.iter().find_map(find).into_iter().collect()
}

/// A field that takes a value which has an event of its own.
struct Turn {
    field: &'static str,
    value: Takes,
    kind: &'static str,
}

enum Takes {
    Text(&'static str),
    Flag(bool),
    Any,
    Something,
    Nothing,
}

const fn turn(kind: &'static str, field: &'static str, value: Takes) -> Turn {
    Turn { field, value, kind }
}

static TURNS: [Turn; 22] = [
    turn("call.completed", "status", Takes::Text("done")),
    turn("creditNote.sent", "sent", Takes::Flag(true)),
    turn("deal.won", "status", Takes::Text("won")),
    turn("deal.lost", "status", Takes::Text("lost")),
    turn("deal.moved", "current_phase", Takes::Any),
    turn("incomingCreditNote.approved", "review_status", Takes::Text("approved")),
    turn("incomingCreditNote.refused", "review_status", Takes::Text("refused")),
    turn("incomingInvoice.approved", "review_status", Takes::Text("approved")),
    turn("incomingInvoice.refused", "review_status", Takes::Text("refused")),
    turn("invoice.booked", "invoice_number", Takes::Something),
    turn("invoice.sent", "sent", Takes::Flag(true)),
    turn("invoice.paymentRegistered", "paid", Takes::Flag(true)),
    turn("invoice.paymentRemoved", "paid", Takes::Flag(false)),
    turn("nextgenProject.closed", "status", Takes::Text("closed")),
    turn("nextgenTask.completed", "status", Takes::Text("done")),
    turn("receipt.approved", "review_status", Takes::Text("approved")),
    turn("receipt.refused", "review_status", Takes::Text("refused")),
    turn("subscription.deactivated", "status", Takes::Text("deactivated")),
    turn("task.completed", "completed", Takes::Flag(true)),
    turn("ticket.closed", "closed_at", Takes::Something),
    turn("ticket.reopened", "closed_at", Takes::Nothing),
    turn("user.deactivated", "status", Takes::Text("deactivated")),
];

fn turns(entity: &str, before: &Row, after: &Row) -> impl Iterator<Item = &'static str> {
    let value = |row: &Row, field: &str| row.get(field).cloned().unwrap_or_default();
    let is_taken = move |turn: &&Turn| {
        let (old, new) = (value(before, turn.field), value(after, turn.field));
        let is_of_entity = turn.kind.split('.').next() == Some(entity);
        is_of_entity && old != new && turn.value.is(&new)
    };
    TURNS.iter().filter(is_taken).map(|turn| turn.kind)
}

impl Takes {
    fn is(&self, value: &Value) -> bool {
        match self {
            Takes::Text(text) => value == text,
            Takes::Flag(flag) => value == flag,
            Takes::Any => true,
            Takes::Something => !value.is_null(),
            Takes::Nothing => value.is_null(),
        }
    }
}

/// Everything that can be registered for.
#[rustfmt::skip]
pub(crate) static TYPES: [&str; 95] = [
    "account.deactivated", "account.deleted",
    "call.added", "call.completed", "call.deleted", "call.updated",
    "company.added", "company.deleted", "company.updated",
    "contact.added", "contact.deleted", "contact.linkedToCompany", "contact.unlinkedFromCompany",
    "contact.updated", "contact.updatedLinkToCompany",
    "creditNote.booked", "creditNote.deleted", "creditNote.peppolSubmissionFailed",
    "creditNote.peppolSubmissionSucceeded", "creditNote.sent", "creditNote.updated",
    "deal.created", "deal.deleted", "deal.lost", "deal.moved", "deal.updated", "deal.won",
    "incomingCreditNote.added", "incomingCreditNote.approved", "incomingCreditNote.bookkeepingSubmissionFailed",
    "incomingCreditNote.bookkeepingSubmissionSucceeded", "incomingCreditNote.deleted",
    "incomingCreditNote.refused", "incomingCreditNote.updated",
    "incomingInvoice.added", "incomingInvoice.approved", "incomingInvoice.bookkeepingSubmissionFailed",
    "incomingInvoice.bookkeepingSubmissionSucceeded", "incomingInvoice.deleted",
    "incomingInvoice.refused", "incomingInvoice.updated",
    "invoice.booked", "invoice.deleted", "invoice.drafted", "invoice.paymentRegistered",
    "invoice.paymentRemoved", "invoice.peppolSubmissionFailed", "invoice.peppolSubmissionSucceeded",
    "invoice.sent", "invoice.updated",
    "meeting.completed", "meeting.created", "meeting.deleted", "meeting.updated",
    "milestone.created", "milestone.updated",
    "nextgenProject.closed", "nextgenProject.created", "nextgenProject.deleted", "nextgenProject.updated",
    "nextgenTask.completed", "nextgenTask.created", "nextgenTask.deleted", "nextgenTask.updated",
    "product.added", "product.deleted", "product.updated",
    "project.created", "project.deleted", "project.updated",
    "receipt.added", "receipt.approved", "receipt.bookkeepingSubmissionFailed",
    "receipt.bookkeepingSubmissionSucceeded", "receipt.deleted", "receipt.refused", "receipt.updated",
    "subscription.added", "subscription.deactivated", "subscription.deleted", "subscription.updated",
    "task.completed", "task.created", "task.deleted", "task.updated",
    "ticket.closed", "ticket.created", "ticket.deleted", "ticket.reopened", "ticket.updated",
    "ticketMessage.added",
    "timeTracking.added", "timeTracking.deleted", "timeTracking.updated",
    "user.deactivated",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_turn_is_a_type_that_can_be_registered() {
        for turn in &TURNS {
            assert!(TYPES.contains(&turn.kind), "{}", turn.kind);
        }
    }
}
