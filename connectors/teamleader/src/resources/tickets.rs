//! Tickets, their messages and their statuses.

#![expect(dead_code, reason = "only the schemas of these types are used: records stay as they were sent")]

use connector_core::stream::Filter;
use connector_core::stream::FilterKind::{DateTime, Group, Id, Ids, OneOf, Relation as RelationTo};
use jiff::Timestamp;
use schemars::JsonSchema;
use uuid::Uuid;

use super::filters::{CUSTOMER_TYPES, IDS, parent};
use super::types::{CustomField, Relation};
use super::{PAGED, Resource, UNPAGED, filter, record};

pub(super) const TICKET_STATUSES: Resource = Resource {
    stream: "ticket_statuses",
    singular: "ticket_status",
    path: "ticketStatus",
    entity: Some("ticketStatus"),
    description: "Statuses that a ticket can have",
    record: record::<TicketStatus>,
    filters: &[IDS],
    info: false,
    ..UNPAGED
};

pub(super) const TICKETS: Resource = Resource {
    stream: "tickets",
    singular: "ticket",
    path: "tickets",
    entity: Some("ticket"),
    description: "Tickets of customers, closed ones too",
    record: record::<Ticket>,
    filters: &[
        IDS,
        filter("relates_to", RelationTo(CUSTOMER_TYPES)),
        filter("project_ids", Ids),
        // Statuses can be shut out but not asked for.
        filter("exclude", Group(EXCLUDED)),
        filter("assignee_ids", Ids),
    ],
    details: true,
    custom_field_contexts: &["ticket"],
    ..PAGED
};

const EXCLUDED: &[Filter] = &[filter("status_ids", Ids)];

pub(super) const TICKET_MESSAGES: Resource = Resource {
    stream: "ticket_messages",
    singular: "ticket_message",
    path: "tickets",
    action: "listMessages",
    entity: Some("ticketMessage"),
    description: "Messages of tickets, internal ones too",
    record: record::<TicketMessage>,
    key: &["message_id"],
    totals: true,
    // No window: a run asks only for the tickets that changed, and messages are imported with dates long past.
    parents: &[parent("tickets", "id", "ticket_id")],
    filters: &[
        filter("id", Id).required(),
        filter("type", OneOf(&["customer", "internal", "thirdParty"])),
        filter("created_before", DateTime),
        filter("created_after", DateTime),
    ],
    beside: &["id"],
    info: false,
    // One request for each ticket.
    synced_by_default: false,
    ..PAGED
};

/// A status of tickets.
#[derive(JsonSchema)]
pub(super) struct TicketStatus {
    id: Uuid,
    /// Such as `new`, `open`, `waiting_for_client`, `escalated_thirdparty`, `closed` or `custom`.
    status: Option<String>,
    /// What people called a status of their own.
    label: Option<String>,
}

/// A question or a problem of a customer.
#[derive(JsonSchema)]
pub(super) struct Ticket {
    id: Uuid,
    /// Counts the tickets of the account.
    reference: Option<i64>,
    subject: Option<String>,
    status: Option<Relation>,
    assignee: Option<Relation>,
    created_at: Option<Timestamp>,
    closed_at: Option<Timestamp>,
    /// A company or a contact.
    customer: Option<Relation>,
    participant: Option<Participant>,
    /// A project of either module.
    project: Option<Relation>,
    milestone: Option<Relation>,
    last_message_at: Option<Timestamp>,
    /// Markdown. Part of the single record.
    description: Option<String>,
    /// Part of the single record.
    custom_fields: Option<Vec<CustomField>>,
}

/// Who takes part beside the customer.
#[derive(JsonSchema)]
struct Participant {
    customer: Option<Relation>,
}

/// What somebody wrote about a ticket.
#[derive(JsonSchema)]
pub(super) struct TicketMessage {
    message_id: Uuid,
    /// HTML.
    body: Option<String>,
    /// `customer`, `internal` or `thirdParty`.
    r#type: Option<String>,
    created_at: Option<Timestamp>,
    /// A company, a contact or a user.
    sent_by: Option<Relation>,
    /// Files.
    attachments: Option<Vec<Relation>>,
}
