//! `tickets`, `tickets.listMessages` and `ticketStatus`

use super::shared::{CUSTOMER, CUSTOMER_TYPES};
use super::{Attribute, Kind, Paging, Resource, Rows, Test, attribute, filter};
use crate::data::{Draw, text};

pub(crate) static TICKET_STATUS: Resource = Resource {
    name: "ticketStatus",
    entity: "ticketStatus",
    rows: Rows::Exactly(STATUSES.len()),
    paging: Paging::None,
    filters: &[filter("ids", Test::Ids)],
    attributes: STATUS,
    ..Resource::PLAIN
};

pub(crate) static TICKETS: Resource = Resource {
    name: "tickets",
    entity: "ticket",
    has_info: true,
    scope: Some("tickets"),
    filters: &[
        filter("ids", Test::Ids),
        filter("relates_to", Test::Reference("customer", CUSTOMER_TYPES)),
        filter("project_ids", Test::AnyId("project.id")),
        // A status can only be left out, not asked for.
        filter("exclude", Test::Without("status_ids", "status.id")),
        filter("assignee_ids", Test::AnyId("assignee.id")),
    ],
    attributes: TICKET,
    ..Resource::PLAIN
};

pub(crate) static TICKET_MESSAGES: Resource = Resource {
    name: "tickets.messages",
    entity: "ticketMessage",
    list: Some("tickets.listMessages"),
    scope: Some("tickets"),
    rows: Rows::Times(2),
    paging: Paging::PagesWithTotals,
    owner: Some("_parent"),
    filters: &[
        filter("id", Test::Id("_parent.id")).in_body().required(),
        filter("type", Test::OneOf("type", MESSAGE_TYPES)),
        filter("created_before", Test::TimeUntil("created_at")),
        filter("created_after", Test::TimeFrom("created_at")),
    ],
    attributes: MESSAGE,
    ..Resource::PLAIN
};

const STATUS: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("status", Kind::Chosen(STATUSES, |draw| STATUSES[draw.number as usize % STATUSES.len()])),
    // Only statuses that people made have one.
    attribute("label", Kind::Text(text::short_note)).null_when(|draw| (draw.number as usize) < STANDARD),
];

const TICKET: &[Attribute] = &[
    attribute("id", Kind::Id),
    attribute("reference", Kind::Integer(|draw| i64::from(draw.number) + 1)),
    attribute("subject", Kind::Text(text::short_note)),
    attribute("status", Kind::Written(&Kind::Relation(&["ticketStatus"]), status)),
    attribute("assignee", Kind::Relation(&["user"])).null(20),
    attribute("created_at", Kind::Created),
    attribute("closed_at", Kind::Time(|draw| draw.updated)).null_when(|draw| !is_closed(draw)),
    attribute("customer", Kind::Relation(CUSTOMER)),
    attribute("participant", Kind::Object(PARTICIPANT)).null(70),
    attribute("project", Kind::Relation(&["project"])).null(80),
    attribute("milestone", Kind::Relation(&["milestone"])).null(90),
    attribute("last_message_at", Kind::Time(|draw| draw.updated)).null(20),
    attribute("description", Kind::Text(text::email_body)).in_info(),
    attribute("custom_fields", Kind::CustomFields("ticket", 70)).in_info(),
];

const PARTICIPANT: &[Attribute] = &[attribute("customer", Kind::Relation(CUSTOMER))];

const MESSAGE: &[Attribute] = &[
    attribute("message_id", Kind::Id),
    attribute("body", Kind::Text(text::email_body)),
    attribute("type", Kind::Choice(MESSAGE_TYPES)),
    attribute("created_at", Kind::Created),
    attribute("sent_by", Kind::Relation(&["company", "contact", "contact", "user"])),
    attribute("attachments", Kind::List(0, 2, &Kind::Relation(&["file"]))),
    attribute("_parent", Kind::Parent(&["ticket"])).hidden(),
];

const MESSAGE_TYPES: &[&str] = &["customer", "internal", "thirdParty"];

const STATUSES: &[&str] =
    &["new", "open", "waiting_for_client", "escalated_thirdparty", "closed", "custom", "custom"];
const STANDARD: usize = 5;
const CLOSED: u32 = 4;

const TICKET_STATUS_OF: u64 = 72;

fn status_number(draw: &mut Draw<'_>) -> u32 {
    draw.settled(TICKET_STATUS_OF, &[0, 1, 1, 2, 3, CLOSED, CLOSED, CLOSED, 5, 6])
}

fn status(draw: &mut Draw<'_>) {
    let number = status_number(draw);
    draw.reference_to("ticketStatus", number);
}

fn is_closed(draw: &mut Draw<'_>) -> bool {
    status_number(draw) == CLOSED
}
