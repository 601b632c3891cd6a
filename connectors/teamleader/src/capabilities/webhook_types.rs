//! The types of events that Teamleader tells about.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// A type of event: the entity and what happened to it.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct WebhookType(&'static str);

impl<'de> Deserialize<'de> for WebhookType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = WEBHOOK_TYPES.iter().find(|known| **known == name);
        known.map(|known| Self(known)).ok_or_else(|| D::Error::custom("is not a type of event"))
    }
}

impl JsonSchema for WebhookType {
    fn schema_name() -> Cow<'static, str> {
        "WebhookType".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"enum": WEBHOOK_TYPES})
    }
}

/// By name. There are none for quotations, orders, events, files, notes, tags and reference data, nor for the deletion
/// of a milestone.
pub(crate) const WEBHOOK_TYPES: &[&str] = &[
    "account.deactivated",
    "account.deleted",
    "call.added",
    "call.completed",
    "call.deleted",
    "call.updated",
    "company.added",
    "company.deleted",
    "company.updated",
    "contact.added",
    "contact.deleted",
    "contact.linkedToCompany",
    "contact.unlinkedFromCompany",
    "contact.updated",
    "contact.updatedLinkToCompany",
    "creditNote.booked",
    "creditNote.deleted",
    "creditNote.peppolSubmissionFailed",
    "creditNote.peppolSubmissionSucceeded",
    "creditNote.sent",
    "creditNote.updated",
    "deal.created",
    "deal.deleted",
    "deal.lost",
    "deal.moved",
    "deal.updated",
    "deal.won",
    "incomingCreditNote.added",
    "incomingCreditNote.approved",
    "incomingCreditNote.bookkeepingSubmissionFailed",
    "incomingCreditNote.bookkeepingSubmissionSucceeded",
    "incomingCreditNote.deleted",
    "incomingCreditNote.refused",
    "incomingCreditNote.updated",
    "incomingInvoice.added",
    "incomingInvoice.approved",
    "incomingInvoice.bookkeepingSubmissionFailed",
    "incomingInvoice.bookkeepingSubmissionSucceeded",
    "incomingInvoice.deleted",
    "incomingInvoice.refused",
    "incomingInvoice.updated",
    "invoice.booked",
    "invoice.deleted",
    "invoice.drafted",
    "invoice.paymentRegistered",
    "invoice.paymentRemoved",
    "invoice.peppolSubmissionFailed",
    "invoice.peppolSubmissionSucceeded",
    "invoice.sent",
    "invoice.updated",
    "meeting.completed",
    "meeting.created",
    "meeting.deleted",
    "meeting.updated",
    "milestone.created",
    "milestone.updated",
    "nextgenProject.closed",
    "nextgenProject.created",
    "nextgenProject.deleted",
    "nextgenProject.updated",
    "nextgenTask.completed",
    "nextgenTask.created",
    "nextgenTask.deleted",
    "nextgenTask.updated",
    "product.added",
    "product.deleted",
    "product.updated",
    "project.created",
    "project.deleted",
    "project.updated",
    "receipt.added",
    "receipt.approved",
    "receipt.bookkeepingSubmissionFailed",
    "receipt.bookkeepingSubmissionSucceeded",
    "receipt.deleted",
    "receipt.refused",
    "receipt.updated",
    "subscription.added",
    "subscription.deactivated",
    "subscription.deleted",
    "subscription.updated",
    "task.completed",
    "task.created",
    "task.deleted",
    "task.updated",
    "ticket.closed",
    "ticket.created",
    "ticket.deleted",
    "ticket.reopened",
    "ticket.updated",
    "ticketMessage.added",
    "timeTracking.added",
    "timeTracking.deleted",
    "timeTracking.updated",
    "user.deactivated",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_listed_once_each_by_name() {
        assert!(WEBHOOK_TYPES.is_sorted_by(|one, next| one < next));
        assert!(WEBHOOK_TYPES.iter().all(|name| name.split_once('.').is_some()));
    }
}
